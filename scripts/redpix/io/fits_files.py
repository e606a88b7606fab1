"""Read an image from any FITS file: the one place where images of users are opened.

A path may name an HDU: ``night.fits[2]`` by number (0 is the primary), ``night.fits[SCI]`` by
name, ``night.fits[SCI,2]`` by name and EXTVER. Without one, the first image of two dimensions is
taken. The functions return what was assumed as remarks; callers log them.
"""

import contextlib
import io
import warnings
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.io.fits_structure import BLOCK, flat_shape, unpacked, walk
from redpix.io.image_path import split_path
from redpix.io.merged_header import merged_header

#: names of HDUs that go with an image and are not images of the sky
AUXILIARY = (
    *("MASK", "DQ", "ERR", "ERROR", "VAR", "VARIANCE", "IVAR", "WEIGHT", "WHT", "CON", "CTX"),
    *("APERTURE", "BACKGROUND", "SEGMENTATION", "PSF", "EXPMAP"),
)


class FitsPlane(NamedTuple):
    """Pixels of an HDU that goes with an image, and its header."""

    pixels: np.ndarray
    header: fits.Header


class FitsImage(NamedTuple):
    """One image of a FITS file.

    Attributes
    ----------
    path : str
        As it was given, the chosen HDU included.
    hdu : str
        Label of the HDU, ``HDU 1 (SCI)``.
    pixels : ndarray, shape (ny, nx)
        Physical values: BSCALE and BZERO are applied, BLANK is NaN. The number type and byte
        order are those of the file otherwise; None if only the header was asked for.
    shape : tuple of int
        Shape of the pixels, degenerate axes dropped.
    header : astropy.io.fits.Header
        Cards of the HDU, below them those of the primary header; every value can be read.
    planes : dict of str to FitsPlane
        The HDUs that were asked for beside the image and have its shape.
    names : tuple of str
        EXTNAME of all HDUs of the file, in capitals.
    remarks : tuple of str
        What was assumed or left out, one sentence each, without the file's name.
    """

    path: str
    hdu: str
    pixels: np.ndarray | None
    shape: tuple
    header: fits.Header
    planes: dict
    names: tuple
    remarks: tuple


def read_image(path, planes=()):
    """Read an image with its header.

    Parameters
    ----------
    path : str or path-like
        A FITS file, also compressed (gzip, bzip2, xz, or tiles as ``.fz``), of which an HDU may be
        named: ``path[2]``, ``path[SCI]``, ``path[SCI,2]``.
    planes : sequence of str, optional
        Names of HDUs to read as well where they have the shape of the image.

    Returns
    -------
    FitsImage

    Raises
    ------
    InputError
        One line that begins with the path.
    """
    return _read(path, tuple(planes), with_pixels=True)


def read_header(path):
    """Read the merged header of an image without its pixels.

    Parameters
    ----------
    path : str or path-like
        As for `read_image`.

    Returns
    -------
    FitsImage
        Without pixels and planes.

    Raises
    ------
    InputError
        One line that begins with the path.
    """
    return _read(path, (), with_pixels=False)


def _read(path, wanted, with_pixels):
    file, choice = split_path(path)
    try:
        with warnings.catch_warnings():
            # astropy warns of cards that break the standard, which are remarks here
            warnings.simplefilter("ignore")
            return _read_parts(str(path), file, choice, wanted, with_pixels)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except MemoryError:
        raise InputError(f"{path}: its image does not fit into memory") from None
    except Exception as error:  # astropy raises many kinds on a damaged file
        words = " ".join(str(error).split())
        raise InputError(
            f"{path}: does not open as FITS ({type(error).__name__}: {words})"
        ) from None


def _read_parts(path, file, choice, wanted, with_pixels):
    stream, compressed = unpacked(file)
    with contextlib.closing(stream):
        parts, trailing = walk(stream, file, compressed)
        part, remarks = _choose(parts, choice)
        if trailing:
            remarks.append(f"bytes after {parts[-1].label} are not FITS and are left out")
        if part is not parts[-1] and parts[-1].missing:
            remarks.append(f"{parts[-1].label} is truncated")
        source = stream if compressed else file
        header = merged_header(part, parts[0], remarks)
        pixels = _pixels(source, part) if with_pixels else None
        planes = {
            plane.name: FitsPlane(_pixels(source, plane), merged_header(plane, parts[0], []))
            for plane in _planes_of(part, parts, wanted)
        }
    shape, names = flat_shape(part.shape), tuple(one.name for one in parts)
    return FitsImage(path, part.label, pixels, shape, header, planes, names, tuple(remarks))


def _choose(parts, choice):
    """Return the HDU that holds the image, and remarks on the choice."""
    if choice is not None:
        return _chosen(parts, choice), []
    flat = [part for part in parts if part.is_image and len(flat_shape(part.shape)) == 2]
    if not flat:
        raise InputError(f"no HDU holds an image of two dimensions; it has {_listed(parts)}")
    sky = [part for part in flat if part.name not in AUXILIARY]
    taken, others = (sky or flat)[0], (sky or flat)[1:]
    remarks = []
    if others:
        remarks.append(
            f"{taken.label} is read; other images: {_listed(others)}; a path like file.fits["
            f"{others[0].number}] chooses"
        )
    elif not sky:
        remarks.append(
            f"{taken.label} is read, by its name not an image of the sky; it has {_listed(parts)}"
        )
    return taken, remarks


def _chosen(parts, choice):
    if isinstance(choice, int):
        found = parts[choice : choice + 1]
    else:
        name, version = choice
        found = [p for p in parts if p.name == name and version in (None, p.version)]
    if not found:
        raise InputError(f"this HDU does not exist; it has {_listed(parts)}")
    (part, *_) = found
    if not part.is_image or len(flat_shape(part.shape)) != 2:
        raise InputError(f"{_listed([part])}; allowed: an image of two dimensions")
    return part


def _listed(parts):
    """Return the labels and shapes of HDUs, some of many."""
    words = []
    for part in parts[:8]:
        kind = " x ".join(map(str, part.shape[::-1])) if part.is_image else "table"
        words.append(f"{part.label} {kind or 'without data'}")
    return ", ".join(words) + (f" and {len(parts) - 8} more" if len(parts) > 8 else "")


def _planes_of(part, parts, wanted):
    """Return the HDUs of wanted names and the image's shape; of several, of the same EXTVER."""
    found = []
    for name in wanted:
        fitting = [
            one
            for one in parts
            if one.name == name and one.is_image and one is not part and one.shape == part.shape
        ]
        same = [one for one in fitting if one.version == part.version]
        found += (same or fitting)[:1]
    return found


def _pixels(source, part):
    """Return the physical values of an HDU's pixels, degenerate axes dropped."""
    if part.missing:
        raise InputError(
            f"{part.label} is truncated: {part.missing} of {part.size} bytes are missing"
        )
    file, number = source, part.number
    if not isinstance(source, str):
        # of a compressed file only the bytes of this HDU are handed on
        source.seek(part.start)
        raw = source.read(part.data - part.start + part.size)
        stub = fits.PrimaryHDU().header.tostring().encode() if number else b""
        file, number = io.BytesIO(stub + raw + bytes(-len(raw) % BLOCK)), min(number, 1)
    # unsigned integers cannot hold the NaN of BLANK
    with fits.open(file, memmap=False, uint="BLANK" not in part.header) as hdus:
        pixels = hdus[number].data
    return pixels.reshape(flat_shape(part.shape))
