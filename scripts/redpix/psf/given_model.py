"""Read the PSF that goes with an image: a PSFEx model with any sampling, or an image of the PSF."""

import numpy as np
from astropy.io import fits
from scipy import ndimage

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.stamps import resized
from redpix.io.fits_files import read_image
from redpix.io.whole_fits import open_whole
from redpix.psf.psf_model import STAMP, PsfModel, full_width

#: distance of the centroid from the central pixel that is corrected, pixels
LEAST_SHIFT = 0.01

#: distance of the centroid from the central pixel from which an image is not a PSF, pixels
MOST_SHIFT = 2.0

#: longest side of an image of a PSF, pixels
MOST_SIDE = 2048

#: radius about the peak within which the centroid is measured, pixels
_CORE = 6.0


def read_given_model(path):
    """Return the PSF of a file as a model on the pixels of its image.

    Parameters
    ----------
    path : str
        PSFEx model, or an image of the PSF with the pixels of its image.

    Returns
    -------
    redpix.psf.psf_model.PsfModel

    Raises
    ------
    InputError
        If the file is neither.
    """
    card = psfex_cards(path)
    if card is None:
        terms, degree, zero, scale, stars = _image(path)[None], 0, (0.0, 0.0), (1.0, 1.0), 0
    else:
        terms, sampling = _terms(card("PSF_MASK"), path), card.number("PSF_SAMP", 0.01, 100)
        terms = np.stack([_on_pixels(term, sampling) for term in terms])
        degree = int(card.number("POLDEG1", 0, 10)) if len(terms) > 1 else 0
        if len(terms) != (degree + 1) * (degree + 2) // 2:
            raise InputError(
                f"psf: {path}: {len(terms)} terms of a PSFEx model that depends on more than x and "
                "y; allowed: a model that depends on the position"
            )
        zero = tuple(card.number(f"POLZERO{axis}", -1e9, 1e9, default=0) for axis in (1, 2))
        scale = tuple(card.number(f"POLSCAL{axis}", 1e-9, 1e9, default=1) for axis in (1, 2))
        stars = int(card.number("ACCEPTED", 0, 1e9, default=0))
    if not np.isfinite(terms).all() or not terms[0].sum() > 0:
        raise InputError(f"psf: {path}: its pixels do not have a positive sum; allowed: a PSF")
    model = PsfModel(terms, degree, zero, scale, 0.0, stars, "given")
    return model._replace(fwhm=full_width(model.at(zero[0] - 1, zero[1] - 1)))


def psfex_cards(path):
    """Return a function that gives the values of a PSFEx model by name.

    Parameters
    ----------
    path : str
        FITS file.

    Returns
    -------
    PsfexCards or None
        ``card(name, default)``. The names are cards, or columns of a table with one row as in
        collections of models. None if the file is not a PSFEx model.
    """
    try:
        with open_whole(path, "a PSFEx model", name=False) as hdus:
            table = next((hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU)), None)
            # case as PSFEx writes it, and as collections of models do
            names = {} if table is None else {name.upper(): name for name in table.columns.names}
            if "PSF_MASK" not in names or not len(table.data):
                return None
            values = {key: table.data[name][0] for key, name in names.items()}
            values = dict(table.header) | values
    except InputError:
        return None

    return PsfexCards(path, values)


class PsfexCards:
    """Values of a PSFEx model by name.

    Parameters
    ----------
    path : str
        File of the model, for messages.
    values : mapping
        Cards of its table, and columns of its only row.
    """

    def __init__(self, path, values):
        self._path, self._values = path, values

    def __call__(self, name, default=None):
        """Return a value; raise InputError if it is missing and has no default."""
        if self._values.get(name, default) is None:
            raise InputError(f"psf: {self._path}: {name} is missing; allowed: a whole PSFEx model")
        return self._values.get(name, default)

    def number(self, name, least, most, default=None):
        """Return a finite number within limits.

        Parameters
        ----------
        name : str
            Name of the card.
        least, most : float
            Limits.
        default : float, optional
            Value of a missing card.

        Returns
        -------
        float

        Raises
        ------
        InputError
            If the value is missing or is not such a number.
        """
        value = self(name, default)
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = np.nan
        if not least <= number <= most:
            raise InputError(
                f"psf: {self._path}: {name} is {value!r}; allowed: {least:g} to {most:g}"
            )
        return number


def _terms(mask, path):
    """Return the terms of a PSFEx model, shape (n, ny, nx)."""
    shape = np.shape(mask)
    numbers = np.asarray(mask).dtype.kind in "fiu"
    if not numbers or len(shape) not in (2, 3) or min(shape[-2:]) < 3 or 0 in shape:
        raise InputError(
            f"psf: {path}: PSF_MASK has the shape {shape}; allowed: terms of at least 3 x 3 numbers"
        )
    terms = np.asarray(mask, float)
    return terms if terms.ndim == 3 else terms[None]


def _on_pixels(term, sampling):
    """Return a term of a PSFEx model, which has steps of `sampling` pixels, at steps of 1 pixel."""
    reach = min(STAMP // 2, int(min(term.shape) // 2 * sampling))
    offsets = np.arange(-reach, reach + 1) / sampling
    rows, columns = (offsets + side // 2 for side in term.shape)
    places = np.meshgrid(rows, columns, indexing="ij")
    return resized(ndimage.map_coordinates(term, places, order=5), STAMP)


def read_stamp(path):
    """Read an image of a PSF as it is in its file.

    Parameters
    ----------
    path : str
        FITS image with the pixels of the image that the PSF is of.

    Returns
    -------
    stamp : ndarray, shape (ny, nx)
    centre : ndarray, shape (2,)
        Row and column of the centroid, 0-based.
    shift : float
        Distance of the centroid from the middle of the stamp, pixels.

    Raises
    ------
    InputError
        If the image is not a PSF.
    """
    try:
        pixels = read_image(path).pixels
    except InputError as error:
        raise InputError(f"psf: {error}; allowed: a PSFEx model or an image") from None
    if max(pixels.shape) > MOST_SIDE:
        raise InputError(
            f"psf: {path}: {pixels.shape[1]} x {pixels.shape[0]} pixels; allowed: the image of a "
            f"star, of at most {MOST_SIDE} pixels per side"
        )
    stamp = pixels.astype(float)
    if not np.isfinite(stamp).all() or min(stamp.shape) < 5 or not stamp.sum() > 0:
        raise InputError(
            f"psf: {path}: {stamp.shape[1]} x {stamp.shape[0]} pixels, sum {stamp.sum():.3g}; "
            "allowed: at least 5 x 5 finite pixels with a sum above 0"
        )
    centre = centroid(stamp)
    # the middle of an even side lies between two pixels
    shift = float(np.hypot(*np.subtract(centre, [(side - 1) / 2 for side in stamp.shape])))
    if not shift <= MOST_SHIFT:
        raise InputError(
            f"psf: {path}: its centroid is {shift:.2f} pixels from its centre; allowed: at most "
            f"{MOST_SHIFT:g}"
        )
    return stamp, centre, shift


def _image(path):
    """Return an image of a PSF, centred on its centroid."""
    stamp, centre, _ = read_stamp(path)
    shift = np.hypot(*np.subtract(centre, [side // 2 for side in stamp.shape]))
    if shift > LEAST_SHIFT:
        log.info("%s: the PSF is moved by %.2f px to the central pixel", path, shift)
    reach = min(STAMP, min(stamp.shape)) // 2
    offsets = np.arange(-reach, reach + 1)
    places = np.meshgrid(offsets + centre[0], offsets + centre[1], indexing="ij")
    if shift > LEAST_SHIFT:
        return resized(ndimage.map_coordinates(stamp, places, order=5), STAMP)
    return resized(resized(stamp, 2 * reach + 1), STAMP)


def centroid(stamp):
    """Return the row and column of the centroid of a PSF.

    Parameters
    ----------
    stamp : ndarray, shape (ny, nx)
        PSF.

    Returns
    -------
    ndarray, shape (2,)
        0-based, pixels. The light is weighted by a Gaussian about the centroid itself.
    """
    rows, columns = np.indices(stamp.shape)
    centre = np.array(np.unravel_index(np.argmax(stamp), stamp.shape), float)
    for _ in range(20):
        dy, dx = rows - centre[0], columns - centre[1]
        weight = stamp * np.exp(-(dx**2 + dy**2) / 2 / (_CORE / 2) ** 2)
        # twice the weighted offset: the weight halves that of a Gaussian of its own width
        step = 2 * np.array([np.sum(weight * dy), np.sum(weight * dx)]) / np.sum(weight)
        centre = centre + step
        if np.hypot(*step) < 1e-4:
            break
    return centre
