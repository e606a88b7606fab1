"""Judge a PSF on stars that it was not made from."""

import numpy as np
from scipy import ndimage

from redpix.psf.psf_model import PsfModel
from redpix.psf.star_stamps import flattened

#: numbers of stars that are held out in four folds if fewer, and in one fold if not fewer
FEW, MANY = 16, 60

#: radius of the pixels that are compared, FWHM
_RADIUS = 2.0

#: relative error of a PSF that is not worth a more complex one
_MODEL_ERROR = 0.003

#: step of numerical derivatives, pixels
_STEP = 0.05

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
    flux = stamps.flux
    for turn in range(5):
        value, by_x, by_y = _shapes(psf, stamps)
        dx, dy = stamps.offsets()
        near = np.hypot(dx, dy) < max(_RADIUS * fwhm, 2.5)
        light = np.maximum(flux, 0)[:, None, None] * value
        weight = near / (stamps.variance + light / stamps.gain + (_MODEL_ERROR * light) ** 2)
        slopes = (flux[:, None, None] * slope for slope in (by_x, by_y))
        design = flattened(np.stack([value, *slopes], 1))
        w, rest = flattened(weight), flattened(stamps.value - flux[:, None, None] * value)
        chi2 = np.sum(w * rest**2, axis=1) / np.maximum(np.sum(w > 0, axis=1) - 3, 1)
        normal = (design * w[:, None]) @ design.transpose(0, 2, 1)
        normal += 1e-9 * np.einsum("nii->ni", normal).max(axis=1)[:, None, None] * np.eye(3)
        step = np.linalg.solve(normal, np.einsum("nap,np->na", design, w * rest)[..., None])[..., 0]
        if turn < 4:
            flux = np.maximum(flux + step[:, 0], 0.1 * flux)
            stamps = _moved(stamps, step[:, 1], step[:, 2])
    return flux, chi2


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


def _shapes(psf, stamps):
    """Return the stamps of a PSF on the pixels of stars, and their derivatives by x and y."""
    if not isinstance(psf, PsfModel):
        return stamps.of_psf(psf)
    parts = [_shifted(psf, *star) for star in zip(*stamps[:2], *stamps[3:5], strict=True)]
    axis = np.arange(-stamps.half, stamps.half + 1)
    shapes = []
    for spline, middle, x, y in parts:
        moved = []
        for step_x, step_y in ((0, 0), (_STEP, 0), (-_STEP, 0), (0, _STEP), (0, -_STEP)):
            rows, columns = np.meshgrid(
                axis - y - step_y + middle, axis - x - step_x + middle, indexing="ij"
            )
            moved.append(ndimage.map_coordinates(spline, [rows, columns], order=5, prefilter=False))
        value, right, left, up, down = moved
        shapes.append((value, (right - left) / (2 * _STEP), (up - down) / (2 * _STEP)))
    return [np.stack(kind) for kind in zip(*shapes, strict=True)]


def _shifted(psf, x, y, column, row):
    """Return the spline of a stamp, its middle, and the offset of the star from its pixel."""
    stamp = psf.at(x, y)
    return ndimage.spline_filter(stamp, 5), stamp.shape[0] // 2, x - column, y - row
