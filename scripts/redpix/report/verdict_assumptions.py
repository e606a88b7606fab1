"""List what was assumed about the user's files, for the top of the report."""

import json
from pathlib import Path

from astropy.io import fits

from redpix.io.header_values import history_texts
from redpix.photometry.planes_file import reason_left_out
from redpix.photoz.input_words import in_words
from redpix.report.camera_facts import gain_in_words

#: maximum number of inputs that the line of an assumption names
_NAMED = 3


def joined(assumed):
    """Return assumptions with one line per sentence, which names the first of its inputs.

    Parameters
    ----------
    assumed : list of (str, str)
        Input, such as ``image a``, and sentence.

    Returns
    -------
    list of (str, str)
    """
    inputs = {}
    for name, sentence in assumed:
        inputs.setdefault((name.partition(" ")[0], sentence), []).append(name)
    lines = []
    for (_, sentence), names in inputs.items():
        further = len(names) - _NAMED
        words = ", ".join(names[:_NAMED]) + (f" and {further} more" if further > 0 else "")
        lines.append((words, sentence))
    return lines


def read_metrics(path):
    """Return the content of a metrics.json.

    Parameters
    ----------
    path : str
        JSON file.

    Returns
    -------
    dict
    """
    return json.loads(Path(path).read_text(encoding="utf-8"))


def assumptions(products):
    """Return what was assumed about the user's files.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.

    Returns
    -------
    list of (str, str)
        Input and sentence.
    """
    found = {}
    for metrics in map(read_metrics, products.tables):
        for understood in metrics.get("input", []):
            sentence = in_words(understood["file"], understood).partition(": ")[2]
            found[f"table {metrics['table']}, {understood['file']}"] = sentence
    for path in products.calibrated:
        if not reason_left_out(path):
            found[f"image {Path(path).name.removesuffix('.calibrated.fits')}"] = of_image(path)
    for path in map(Path, products.frames):
        header = fits.getheader(path)
        if "ZPFROM" in header:
            facts = [f"zero point {header['ZPOINT']:g}, {header['ZPFROM']}"]
            facts += [str(text) for text in header["REMARK*"].values()]
            found[f"frame {path.stem}"] = "; ".join(facts)
    for path in products.differences:
        found |= of_pair(path)
    for path in map(Path, products.coadds):
        for card, text in fits.getheader(path, "SCI")["FROM*"].items():
            number = card.removeprefix("FROM")
            if number.isdecimal():
                found[f"coadd {path.parent.name} {path.stem}, image {number}"] = str(text)
    return list(found.items())


def of_image(path):
    """Return what was assumed about an image for photometry as a sentence.

    Parameters
    ----------
    path : str
        Calibrated image.

    Returns
    -------
    str
    """
    header = fits.getheader(path)
    facts = [gain_in_words(header), f"noise from {header['NOISFROM']}", *history_texts(header)]
    return "; ".join(facts)


def of_pair(path):
    """Return what was assumed about the images of a difference.

    Parameters
    ----------
    path : str or Path
        ``<pair>/<band>/difference.fits``.

    Returns
    -------
    dict of str to str
        Sentences by image or pair.
    """
    path, header = Path(path), fits.getheader(path, "D")
    pair, band, found = path.parents[1].name, path.parent.name, {}
    name = pair if band == "image" else f"{pair}, {band}"
    for card, source, image in (
        ("SCIFROM", "SCIENCE", "science image"),
        ("REFFROM", "REFERENC", "reference"),
    ):
        if card in header:
            found[f"{image} {header.get(source, '')} of {name}"] = str(header[card])
    warnings = [str(text) for text in header["WARN*"].values()]
    if warnings:
        found[f"pair {name}"] = "; ".join(warnings)
    return found
