"""Sums within circles about the stars of an exposure, for light curves."""

import numpy as np
import sep

#: radii of the circles, median FWHM of the exposures of a field
RADII = (1.5, 2.0, 2.5)


def radii_of(fwhm):
    """Return the radii of the circles that all exposures of a field have in common.

    Parameters
    ----------
    fwhm : ndarray, shape (exposures,)
        Full widths at half maximum of the PSFs, pixels; NaN if unknown.

    Returns
    -------
    tuple of float
        Pixels; empty if no width is known.
    """
    finite = fwhm[np.isfinite(fwhm)]
    if not len(finite):
        return ()
    return tuple(round(factor * float(np.median(finite)), 2) for factor in RADII)


def circle_sums(scene, model, x, y, radii):
    """Return the light within circles and its errors; the model fills hidden pixels.

    Neighbours are not subtracted.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    model : ndarray, shape (ny, nx)
        Model of all stars, counts.
    x, y : ndarray, shape (n,)
        0-based positions of the stars, pixels.
    radii : sequence of float
        Pixels.

    Returns
    -------
    sums, errors : ndarray, shape (radii, n)
        Counts; NaN where the circle reaches beyond the image.
    """
    hidden = ~np.isfinite(scene.variance)
    image = np.ascontiguousarray(np.where(hidden, model, scene.image), dtype=float)
    usual = np.median(scene.variance[~hidden]) if not hidden.all() else 0.0
    variance = np.where(hidden, usual, scene.variance) + np.maximum(model, 0) / scene.gain
    ny, nx = image.shape
    made = np.full((2, len(radii), len(x)), np.nan)
    for number, radius in enumerate(radii):
        edge = radius - 0.5
        inside = (x > edge) & (x < nx - 1 - edge) & (y > edge) & (y < ny - 1 - edge)
        sums, errors, _ = sep.sum_circle(
            image, x[inside], y[inside], radius, var=variance, subpix=9
        )
        made[:, number, inside] = sums, errors
    return made[0], made[1]
