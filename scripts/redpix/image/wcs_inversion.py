"""Pixels of sky positions where a distortion cannot be inverted everywhere."""

import numpy as np
from astropy.wcs import NoConvergence


def invertible_pixels(wcs, first, second):
    """Return the pixels of positions on the axes of a WCS, NaN where a distortion has no inverse.

    A catalogue may reach far beyond an image, where the polynomials of its distortion diverge. One
    such position makes `astropy.wcs.WCS.all_world2pix` fail, or end too early for all of them.

    Parameters
    ----------
    wcs : astropy.wcs.WCS
        WCS with any distortions.
    first, second : array_like, shape (n,)
        Coordinates along the first and the second axis, degrees.

    Returns
    -------
    x, y : ndarray, shape (n,)
        0-based pixels.
    """
    first, second = np.asarray(first, float), np.asarray(second, float)
    try:
        return tuple(wcs.all_world2pix(first, second, 0))
    except NoConvergence:
        pass
    try:
        return tuple(wcs.all_world2pix(first, second, 0, adaptive=True))
    except NoConvergence as error:
        pixels = np.array(error.best_solution, float)
        for diverging in (error.divergent, error.slow_conv):
            if diverging is not None:
                pixels[diverging] = np.nan
        return tuple(pixels.T)
