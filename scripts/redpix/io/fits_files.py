"""Read an image from any FITS file.

A path may name an HDU: ``night.fits[2]`` by number (0 is the primary), ``night.fits[SCI]`` by
name, ``night.fits[SCI,2]`` by name and EXTVER. ``night.fits[R]``, ``[G]`` or ``[B]`` names one
colour of a mosaic camera (BAYERPAT) or of a cube of three planes, and ``cutout.fits[g]`` a plane of
a cube whose header names its bands. Without an HDU, the first two-dimensional image is read. The
functions return their assumptions as remarks; callers log them.
"""

import contextlib
import io
import warnings
from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.io.alert_packet import open_cut_out
from redpix.io.asinh_scaling import unscaled
from redpix.io.band_planes import band_plane, bands_of_cube
from redpix.io.colour_planes import colour_of, is_cube, one_colour
from redpix.io.compression import unpacked
from redpix.io.fits_structure import BLOCK, flat_shape, walk
from redpix.io.image_path import is_packet, split_path
from redpix.io.merged_header import merged_header
from redpix.io.plane_names import AUXILIARY

#: most axes whose lengths are listed in a message
_MOST_AXES = 6


class FitsPlane(NamedTuple):
    """An HDU that goes with an image.

    Attributes
    ----------
    pixels : ndarray, shape (ny, nx)
    header : astropy.io.fits.Header
    """

    pixels: np.ndarray
    header: fits.Header


class FitsImage(NamedTuple):
    """One image of a FITS file.

    Attributes
    ----------
    path : str
        Path of the file with the HDU that the user named.
    hdu : str
        Label of the HDU, ``HDU 1 (SCI)``.
    pixels : ndarray, shape (ny, nx)
        Physical values: BSCALE and BZERO are applied, BLANK is NaN. Otherwise the number type and
        byte order are those of the file. None if only the header was read.
    shape : tuple of int
        Shape of the pixels, degenerate axes dropped.
    header : astropy.io.fits.Header
        Cards of the HDU, followed by those of the primary header. Every value is readable.
    planes : dict of str to FitsPlane
        The requested HDUs that have the shape of the image.
    names : tuple of str
        EXTNAME of all HDUs of the file, in capitals.
    remarks : tuple of str
        Assumptions and ignored content, one sentence each, without the name of the file.
    damage : str
        Why the pixels cannot be read, or an empty text. Only a header is returned with damage.
    """

    path: str
    hdu: str
    pixels: np.ndarray | None
    shape: tuple
    header: fits.Header
    planes: dict
    names: tuple
    remarks: tuple
    damage: str = ""


def read_image(path, planes=()):
    """Read an image with its header.

    Parameters
    ----------
    path : str or path-like
        A FITS file, which may be compressed (gzip, bzip2, xz, or tiles as ``.fz``). It may name an
        HDU: ``path[2]``, ``path[SCI]``, ``path[SCI,2]``; or a colour: ``path[R]``.
    planes : sequence of str or tuple of str, optional
        Names of further HDUs to read. Of a tuple, the first that exists is read. HDUs of another
        shape are ignored.

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
        A FITS file, as for `read_image`.

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
    """Return the image of a path; any failure is an InputError that begins with the path."""
    file, choice = split_path(path)
    try:
        with warnings.catch_warnings():
            # astropy warns of cards that break the standard; these become remarks
            warnings.simplefilter("ignore")
            return _read_parts(str(path), file, choice, wanted, with_pixels)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise InputError(f"{path}: the file does not exist") from None
    except MemoryError:
        raise InputError(f"{path}: its image does not fit into memory") from None
    except Exception as error:  # astropy raises many kinds on a damaged file
        words = " ".join(str(error).split())
        raise InputError(
            f"{path}: does not open as FITS ({type(error).__name__}: {words})"
        ) from None


def _read_parts(path, file, choice, wanted, with_pixels):
    """Return the chosen image of a file."""
    assumed = []
    if is_packet(file):
        stream, assumed = open_cut_out(file, choice)
        compressed, choice = True, None
    else:
        stream, compressed = unpacked(file)
    with contextlib.closing(stream):
        hdus, trailing = walk(stream, file, compressed)
        band = band_plane(choice, hdus)
        colour = None if band else colour_of(choice, hdus)
        hdu, remarks = (band.hdu, []) if band else _choose(hdus, None if colour else choice, colour)
        remarks += assumed
        if trailing:
            remarks.append(f"bytes after {hdus[-1].label} are not FITS and are left out")
        if hdu is not hdus[-1] and hdus[-1].missing:
            remarks.append(f"{hdus[-1].label} is truncated")
        source = stream if compressed else file
        header = merged_header(hdu, hdus[0], remarks)
        pixels = unscaled(_pixels(source, hdu) if with_pixels else None, header, remarks)
        planes = {
            plane.name: _plane(source, plane, hdus[0]) for plane in _planes_of(hdu, hdus, wanted)
        }
    shape, names = flat_shape(hdu.shape), tuple(one.name for one in hdus)
    if band:
        pixels, shape, remark = band.taken(pixels, shape, header)
        planes, remarks = {}, [*remarks, remark]
    if colour:
        pixels, shape, words = one_colour(pixels, shape, header, colour)
        planes, remarks = {}, remarks + words
    return FitsImage(
        path,
        hdu.label,
        pixels,
        shape,
        header,
        planes,
        names,
        tuple(remarks),
        damage=_damage(hdu),
    )


def _plane(source, hdu, primary):
    """Return an HDU that goes with an image."""
    header = merged_header(hdu, primary, [])
    return FitsPlane(unscaled(_pixels(source, hdu), header, []), header)


def _damage(hdu):
    """Return why the pixels of an HDU cannot be read, or an empty text."""
    if not hdu.missing:
        return ""
    return f"{hdu.label} is truncated: {hdu.missing} of {hdu.size} bytes are missing"


def _choose(hdus, choice, colour=None):
    """Return the HDU that holds the image, and remarks on the choice."""
    if choice is not None:
        return _chosen(hdus, choice), []
    flat = [hdu for hdu in hdus if hdu.is_image and len(flat_shape(hdu.shape)) == 2]
    cubes = [hdu for hdu in hdus if is_cube(hdu)]
    if not flat and cubes and colour:
        return cubes[0], []
    if not flat:
        way = "; a path like file.fits[R], [G] or [B] chooses a plane of the cube" if cubes else ""
        named = next((bands for bands in map(bands_of_cube, hdus) if bands), [])
        if named:
            way = f"; a path like file.fits[{named[0]}] chooses a plane: {', '.join(named)}"
        raise InputError(f"no HDU holds an image of two dimensions; it has {_listed(hdus)}{way}")
    sky = [hdu for hdu in flat if hdu.name not in AUXILIARY]
    taken, others = (sky or flat)[0], (sky or flat)[1:]
    remarks = []
    if others:
        remarks.append(
            f"{taken.label} is read; other images: {_listed(others)}; a path like file.fits["
            f"{others[0].number}] chooses"
        )
    elif not sky:
        remarks.append(
            f"{taken.label} is read, by its name not an image of the sky; it has {_listed(hdus)}"
        )
    return taken, remarks


def _chosen(hdus, choice):
    """Return the HDU that a path names."""
    if isinstance(choice, int):
        matching = hdus[choice : choice + 1]
    else:
        name, version = choice
        matching = [p for p in hdus if p.name == name and version in (None, p.version)]
    if not matching:
        raise InputError(f"this HDU does not exist; it has {_listed(hdus)}")
    hdu = matching[0]
    if not hdu.is_image or len(flat_shape(hdu.shape)) != 2:
        raise InputError(f"{_listed([hdu])}; allowed: an image of two dimensions")
    return hdu


def _listed(hdus):
    """Return the labels and shapes of HDUs, at most eight."""
    words = []
    for hdu in hdus[:8]:
        axes = hdu.shape[::-1]
        kind = " x ".join(map(str, axes)) if len(axes) <= _MOST_AXES else f"{len(axes)} axes"
        kind = kind if hdu.is_image else "table"
        words.append(f"{hdu.label} {kind or 'without data'}")
    return ", ".join(words) + (f" and {len(hdus) - 8} more" if len(hdus) > 8 else "")


def _planes_of(hdu, hdus, wanted):
    """Return the HDUs of wanted names and of the image's shape, preferably of the same EXTVER."""
    chosen = []
    for names in wanted:
        for name in (names,) if isinstance(names, str) else names:
            fitting = [
                one
                for one in hdus
                if one.name == name and one.is_image and one is not hdu and one.shape == hdu.shape
            ]
            same = [one for one in fitting if one.version == hdu.version]
            if fitting:
                chosen += (same or fitting)[:1]
                break
    return chosen


def _pixels(source, hdu):
    """Return the physical values of an HDU's pixels, degenerate axes dropped."""
    if hdu.missing:
        raise InputError(_damage(hdu))
    file, number = source, hdu.number
    if not isinstance(source, str):
        # of a compressed file, astropy gets only the bytes of this HDU
        source.seek(hdu.start)
        raw = source.read(hdu.data - hdu.start + hdu.size)
        stub = fits.PrimaryHDU().header.tostring().encode() if number else b""
        file, number = io.BytesIO(stub + raw + bytes(-len(raw) % BLOCK)), min(number, 1)
    # unsigned integers cannot hold the NaN of BLANK
    with fits.open(file, memmap=False, uint="BLANK" not in hdu.header) as hdus:
        pixels = hdus[number].data
    return pixels.reshape(flat_shape(hdu.shape))
