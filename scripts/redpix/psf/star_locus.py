"""Tell stars from galaxies and cosmic rays: the stars of an image have one size."""

import numpy as np
from astropy.stats import mad_std

#: half-width of the window in which sources of one size are counted, natural logarithm of the size
_WINDOW = 0.12

#: number of sources of the size of stars, relative to the most frequent size; galaxies are larger
_SHARE = 0.4

#: minimum number of sources that form a locus
LEAST = 3

#: minimum half-light radius, pixels: the light of a smaller source lies in one pixel
_ONE_PIXEL = 0.6

#: least and largest half-width of the locus, natural logarithm of the size
_NARROW, _WIDE = 0.10, 0.25

#: maximum elongation of a star, relative to the median
_ELONGATED = 1.4


def star_locus(size, elongation, usable):
    """Select the sources whose size is that of the stars of an image.

    Stars form a narrow peak at the small end of the sizes, galaxies a broad distribution above it,
    and cosmic rays lie below the size of a pixel. The locus is the smallest frequent size.

    Parameters
    ----------
    size : ndarray, shape (n,)
        Half-light radii, pixels.
    elongation : ndarray, shape (n,)
        Ratios of the axes, at least 1.
    usable : ndarray of bool, shape (n,)
        Sources that are bright enough and not flagged.

    Returns
    -------
    ndarray of bool, shape (n,)
        All usable sources if they are too few to form a locus.
    """
    usable = usable & np.isfinite(size) & (size > _ONE_PIXEL)
    if np.count_nonzero(usable) < LEAST:
        return usable
    usable = usable & (elongation < _ELONGATED * np.median(elongation[usable]))
    logs = np.log(np.where(usable, size, 1.0))
    some = np.sort(logs[usable])
    counts = np.searchsorted(some, some + _WINDOW) - np.searchsorted(some, some - _WINDOW)
    if counts.max() < LEAST:
        return usable
    first = some[counts >= max(LEAST, _SHARE * counts.max())][0]
    near = (some >= first) & (some <= first + 2 * _WINDOW)
    peak = some[near][np.argmax(counts[near])]
    members = some[abs(some - peak) <= _WINDOW]
    middle = np.median(members)
    return usable & (abs(logs - middle) <= np.clip(3 * mad_std(members), _NARROW, _WIDE))
