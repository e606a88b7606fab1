"""Judge a PSF on stars that it was not made from."""

import numpy as np
from scipy import ndimage

from redpix.psf.psf_model import PsfModel
from redpix.psf.shifted_stamp import DEGREE, shifted_stamps
from redpix.psf.star_stamps import flattened

#: numbers of stars that are held out in four folds if fewer, and in one fold if not fewer
FEW, MANY = 16, 60

#: radius of the pixels that are compared, FWHM
_RADIUS = 2.0

#: relative error of a PSF that is not worth a more complex one
_MODEL_ERROR = 0.003

#: least improvement of the mean logarithm of chi-squared that counts
_LEAST_GAIN = 0.01


def folds_of(number):
    """Return the fold of each star that is held out in turn; -1 for stars that never are.

    Parameters
    ----------
    number : int
        Number of stars.

    Returns
    -------
    ndarray of int, shape (n,)
        Four folds of few stars. Half of many stars is enough to judge, in one fold.
    """
    if number < FEW:
        return np.arange(number) % 4
    if number < MANY:
        return np.arange(number) % 2
    return np.where(np.arange(number) % 2, 0, -1)


def fit_to_stars(psf, stamps, fwhm):
    """Fit a PSF to stars; flux and position of each star are free.

    Parameters
    ----------
    psf : redpix.psf.psf_model.PsfModel or redpix.psf.effective_psf.EffectivePsf
        PSF that is judged.
    stamps : redpix.psf.star_stamps.StarStamps
        Stars that the PSF was not made from.
    fwhm : float
        FWHM of the stars, pixels.

    Returns
    -------
    flux : ndarray, shape (n,)
        In the unit of the stamps.
    chi2 : ndarray, shape (n,)
        Reduced chi-squared.
    """
    radius = max(_RADIUS * fwhm, 2.5)
    # a star moves by at most one pixel, so the pixels that are compared lie within this square
    stamps = _inner(stamps, int(np.ceil(radius)) + 1)
    flux, coefficients = stamps.flux, _coefficients(psf, stamps)
    for turn in range(5):
        value, by_x, by_y = (flattened(one) for one in _shapes(psf, stamps, coefficients))
        dx, dy = stamps.offsets()
        near = flattened(dx * dx + dy * dy) < radius**2
        light = np.maximum(flux, 0)[:, None] * value
        variance = flattened(stamps.variance) + light / flattened(stamps.gain)
        root = near / np.sqrt(variance + (_MODEL_ERROR * light) ** 2)
        # derivatives by flux and position, and residuals, in units of the noise
        columns = np.empty((len(flux), 4, value.shape[1]))
        scale = flux[:, None] * root
        np.multiply(value, root, out=columns[:, 0])
        np.multiply(by_x, scale, out=columns[:, 1])
        np.multiply(by_y, scale, out=columns[:, 2])
        np.multiply(flattened(stamps.value) - flux[:, None] * value, root, out=columns[:, 3])
        if turn == 4:
            rest = columns[:, 3]
            chi2 = np.einsum("np,np->n", rest, rest)
            break
        products = columns[:, :3] @ columns.transpose(0, 2, 1)
        normal = products[:, :, :3].copy()
        # flux and position have different units: each is held relative to itself
        held = np.einsum("nii->ni", normal)
        held += 1e-9 * held + np.finfo(float).tiny
        step = np.linalg.solve(normal, products[:, :, 3:])[..., 0]
        flux = np.maximum(flux + step[:, 0], 0.1 * flux)
        stamps = _moved(stamps, step[:, 1], step[:, 2])
    return flux, chi2 / np.maximum(np.count_nonzero(root, axis=1) - 3, 1)


def _inner(stamps, half):
    """Return the inner pixels of stamps: a square of a half-width, if they are larger."""
    edge = stamps.half - half
    if edge <= 0:
        return stamps
    cut = slice(None), slice(edge, -edge), slice(edge, -edge)
    return stamps._replace(
        value=stamps.value[cut], variance=stamps.variance[cut], gain=stamps.gain[cut]
    )


def _moved(stamps, by_x, by_y):
    """Return stars after a step of at most half a pixel, within a pixel of their middle pixels."""
    x, y = (
        np.clip(old + np.clip(step, -0.5, 0.5), middle - 1, middle + 1)
        for old, step, middle in (
            (stamps.x, by_x, stamps.column),
            (stamps.y, by_y, stamps.row),
        )
    )
    return stamps._replace(x=x, y=y)


def is_better(other, than):
    """Return whether one PSF fits held-out stars better than another, beyond chance.

    Parameters
    ----------
    other, than : ndarray, shape (n,)
        Chi-squared of the same stars.

    Returns
    -------
    bool
        Whether the mean logarithm of their ratio exceeds its standard error. Of few stars the
        error itself is uncertain, and more is required.
    """
    gain = np.log(than / other)
    gain = gain[np.isfinite(gain)]
    if len(gain) < 3:
        return False
    error = gain.std(ddof=1) / np.sqrt(len(gain)) * (1 + 4 / len(gain))
    return bool(gain.mean() > max(error, _LEAST_GAIN))


def _shapes(psf, stamps, coefficients):
    """Return the stamps of a PSF on the pixels of stars, and their derivatives by x and y."""
    if coefficients is None:
        return stamps.of_psf(psf)
    offsets = stamps.x - stamps.column, stamps.y - stamps.row
    return shifted_stamps(coefficients, *offsets, stamps.half)


def _coefficients(psf, stamps):
    """Return the spline coefficients of a PSF at the stars; None if it is not made of stamps."""
    if not isinstance(psf, PsfModel):
        return None
    places = zip(stamps.x, stamps.y, strict=True) if psf.degree else [(0, 0)]
    return np.stack([ndimage.spline_filter(psf.at(x, y), DEGREE) for x, y in places])
