"""Names of pairs that are safe as names of folders, and the pairs of a pattern of files."""

import glob
import os
import re
from collections import Counter
from pathlib import PurePath

from redpix.io.image_path import PACKET, image_file, is_packet, named_hdu, split_images


def pair_name(science, reference):
    """Return a name for a pair of files that is safe as the name of a folder.

    Parameters
    ----------
    science, reference : str
        Paths; the reference may be several, joined by commas.

    Returns
    -------
    str
        Letters, digits, ``_ . -``; a letter or digit first.
    """
    paths = [science, *split_images(reference)]
    more = f"_and_{len(paths) - 2}" if len(paths) > 2 else ""
    return f"{safe_stem(paths[0])}_minus_{safe_stem(paths[1])}{more}"


def safe_stem(path):
    """Return the name of a file without suffix, of letters, digits, ``_ . -`` only.

    Parameters
    ----------
    path : str
        Path of the file.

    Returns
    -------
    str
        At most 60 characters; ``x`` if none is left.
    """
    stem = re.sub(f"{re.escape(PACKET)}$", "", PurePath(path).name, flags=re.IGNORECASE)
    stem = stem.split(".fit")[0]
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", stem).strip("_.-")[:60] or "x"


def cut_outs_of(packet):
    """Return the images of a pair that an alert packet holds.

    Parameters
    ----------
    packet : str
        Path of an AVRO file.

    Returns
    -------
    science, reference : str
        Paths as `redpix.io.fits_files.read_image` takes them.
    """
    return f"{packet}[science]", f"{packet}[template]"


def expanded(row):
    """Return the pairs of a row: one per file if its science image is a pattern.

    Parameters
    ----------
    row : redpix.config.pairs_table.Pair
        Row of the table. ``*`` and ``?`` in the science image match files; the reference is left
        out. An alert packet that is both images of the row stands for its cut-outs.

    Returns
    -------
    list of redpix.config.pairs_table.Pair
        In the order of the paths. Their names are that of the row and the stem of the file.
    """
    file, hdu = image_file(row.science), named_hdu(row.science)
    if is_packet(file) and not hdu and row.reference == row.science:
        science, reference = cut_outs_of(file)
        return [row._replace(science=science, reference=reference)]
    if not set(file) & set("*?"):
        return [row]
    references = {os.path.normpath(image_file(path)) for path in row.references}
    # not Path.is_file, which raises PermissionError in a folder that may not be read
    files = sorted(path for path in glob.glob(file) if os.path.isfile(path))
    files = [path for path in files if os.path.normpath(path) not in references]
    names = [f"{row.pair}.{safe_stem(path)}" for path in files]
    count = Counter(names)
    names = [
        name if count[name] == 1 else f"{name}_{number}"
        for number, name in enumerate(names, start=1)
    ]
    return [
        row._replace(pair=name, science=path + hdu, series=row.pair)
        for name, path in zip(names, files, strict=True)
    ]
