"""List the bright sources of an image with `sep`, before its PSF is known."""

from itertools import product

import numpy as np
import sep
from scipy.spatial import cKDTree

from redpix.core.exceptions import InputError

#: detection threshold, sigma of a pixel
_BRIGHT = 10.0

#: minimum number of pixels above the threshold; hot pixels and most cosmic rays have fewer
_AREA = 5

#: the same for sources that are not split
_WIDE_BRIGHT, _WIDE_AREA = 3.0, 20

#: maximum number of sources into which a blend is split
_PARTS = 65_536

#: numbers of deblending thresholds; the next is tried if one splits a blend too often
_THRESHOLDS = (32, 8, 2)

#: number of pixels of sources that `sep` holds at a time, at least and at first; each takes 50
#: bytes
_LEAST_STACK, _STACK = 300_000, 4_000_000

#: radius that holds the total flux of a star, pixels
_REACH = 8.0

#: width at half of the peak, relative to twice the half-light radius, below which it counts
_CORE = 0.6

#: half-width of the square in which the width at half of the peak is measured, pixels
_HALF_CORE = 8

#: distance from which a source stands alone, pixels, and number of them that suffices
ALONE, LEAST_ALONE = 2 * _REACH, 10


def first_sources(image, noise, mask, *, whole=False):
    """Return the bright sources of an image, from `sep.extract`.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    noise : ndarray, shape (ny, nx)
        Standard deviation of the sky, counts.
    mask : ndarray of int, shape (ny, nx)
        Pixels that are not 0 are set to 0 counts.
    whole : bool
        Do not split sources; a defocused star has several peaks.

    Returns
    -------
    structured ndarray, shape (n,)
        Table of `sep`; x and y are 0-based.

    Raises
    ------
    InputError
        If there are more sources than `sep` can hold.
    """
    hidden = (mask != 0) | ~np.isfinite(image)
    values = np.where(hidden, 0.0, image)
    # unfiltered, because a filter would spread a hot pixel over several
    threshold = (_WIDE_BRIGHT if whole else _BRIGHT) * float(np.median(noise))
    sep.set_sub_object_limit(_PARTS)
    settings = {"mask": hidden, "minarea": _AREA, "filter_kernel": None}
    if whole:
        settings |= {"deblend_cont": 1.0, "minarea": _WIDE_AREA}
    stacks = {max(_LEAST_STACK, min(image.size // 2, most)) for most in (_STACK, image.size)}
    for number, stack in product(_THRESHOLDS, sorted(stacks)):
        sep.set_extract_pixstack(stack)
        try:
            return sep.extract(values, threshold, deblend_nthresh=number, **settings)
        except Exception as error:  # sep raises plain exceptions
            words = str(error)
    raise InputError(
        f"too crowded at {_BRIGHT:g} sigma of its sky ({words}); allowed: an image whose stars can "
        "be separated"
    )


def half_light_radii(image, sources, reach=_REACH):
    """Return the half-light radius of each source.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    sources : structured ndarray, shape (n,)
        Table of `first_sources`.
    reach : float or ndarray, shape (n,)
        Radius that holds the total flux of a star, pixels.

    Returns
    -------
    ndarray, shape (n,)
        Pixels; NaN if the flux is not above 0.
    """
    values = np.where(np.isfinite(image), image, 0.0)
    reach = np.broadcast_to(np.asarray(reach, float), len(sources)).copy()
    return sep.flux_radius(values, sources["x"], sources["y"], reach, 0.5)[0]


def typical_width(image, noise, mask):
    """Return twice the half-light radius of the bright stars of an image that stand alone.

    In a cluster, neighbours lie within the radius that should hold the flux of a star. Then the
    sharpest quarter of the sources counts. Where stars have a core on a pedestal, or all have
    neighbours, the width of the core counts.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    noise : ndarray, shape (ny, nx)
        Standard deviation of the sky, counts.
    mask : ndarray of int, shape (ny, nx)
        Pixels that are not 0 are set to 0 counts.

    Returns
    -------
    float
        Pixels; 0 if the image shows no bright source.

    Raises
    ------
    InputError
        If there are more sources than `sep` can hold.
    """
    found = first_sources(image, noise, mask)
    sources = found[found["flag"] == 0]
    if not len(sources):
        return 0.0
    alone = nearest_distance(found, sources) > ALONE
    if alone.sum() >= LEAST_ALONE:
        sources = sources[alone]
    sources = sources[np.argsort(-sources["flux"], kind="stable")[:100]]
    radii = half_light_radii(image, sources)
    radii = radii[np.isfinite(radii)]
    if not len(radii):
        return 0.0
    width = float(2 * np.percentile(radii, 50 if alone.sum() >= LEAST_ALONE else 25))
    core = core_width(image, sources)
    return core if core < _CORE * width else width


def core_width(image, sources):
    """Return the median width of sources at half of their peaks.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    sources : structured ndarray, shape (n,)
        Table of `first_sources`; n is at least 1.

    Returns
    -------
    float
        Diameter of a circle of the area above half of the peak, pixels.
    """
    axis = np.arange(-_HALF_CORE, _HALF_CORE + 1)
    y = np.clip(sources["ypeak"][:, None] + axis, 0, image.shape[0] - 1)
    x = np.clip(sources["xpeak"][:, None] + axis, 0, image.shape[1] - 1)
    stamp = image[y[:, :, None], x[:, None, :]]
    above = np.sum(stamp > 0.5 * sources["peak"][:, None, None], axis=(1, 2))
    return float(np.median(2 * np.sqrt(above / np.pi)))


def nearest_distance(sources, chosen):
    """Return the distance of each chosen source to its nearest neighbour, pixels.

    Parameters
    ----------
    sources, chosen : structured ndarray
        Tables of `first_sources`; `chosen` are some of `sources`.

    Returns
    -------
    ndarray
        Infinite for an only source.
    """
    tree = cKDTree(np.column_stack([sources["x"], sources["y"]]))
    return tree.query(np.column_stack([chosen["x"], chosen["y"]]), k=2)[0][:, 1]
