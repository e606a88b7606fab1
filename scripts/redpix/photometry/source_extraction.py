"""A first list of what an image shows, by `sep`, before its PSF is known."""

import numpy as np
import sep

from redpix.core.exceptions import InputError

#: sources reach so far above the sky, in sigma of a pixel
_BRIGHT = 10.0

#: and with so many pixels, which hot pixels and most cosmic rays have not
_AREA = 5

#: parts that a crowd is taken apart into, at most; thresholds for it, less if these make too many
_PARTS, _THRESHOLDS = 65_536, (32, 8, 2)

#: radius that is taken to hold all of a star's light, pixels
_REACH = 8.0


def first_sources(image, noise, mask):
    """Bright sources, from `sep.extract`.

    Parameters
    ----------
    image, noise : ndarray
        Sky subtracted; standard deviation of the sky.
    mask : ndarray, int
        Pixels that are not 0 are taken as dark.

    Returns
    -------
    ndarray
        sep's table; x, y are 0-based.

    Raises
    ------
    InputError
        If there are more than `sep` can hold.
    """
    hidden = (mask != 0) | ~np.isfinite(image)
    values = np.where(hidden, 0.0, image)
    sep.set_extract_pixstack(max(300_000, image.size // 2))
    # unfiltered: a filter would make many pixels of a hot one
    threshold = _BRIGHT * float(np.median(noise))
    sep.set_sub_object_limit(_PARTS)
    settings = {"mask": hidden, "minarea": _AREA, "filter_kernel": None}
    for number in _THRESHOLDS:
        try:
            return sep.extract(values, threshold, deblend_nthresh=number, **settings)
        except Exception as error:  # sep raises no kind of its own
            words = str(error)
    raise InputError(
        f"too crowded at {_BRIGHT:g} sigma of its sky ({words}); allowed: an image whose light "
        "falls apart into stars"
    )


def half_light_radii(image, sources):
    """Radius of half the light of each source, pixels; NaN where it has none."""
    values = np.where(np.isfinite(image), image, 0.0)
    reach = np.full(len(sources), _REACH)
    return sep.flux_radius(values, sources["x"], sources["y"], reach, 0.5)[0]


def typical_width(image, noise, mask):
    """Twice the half-light radius of an image's bright sources, pixels; 0 if it shows none."""
    sources = first_sources(image, noise, mask)
    sources = sources[sources["flag"] == 0]
    if not len(sources):
        return 0.0
    sources = sources[np.argsort(-sources["flux"], kind="stable")[:100]]
    return float(2 * np.median(half_light_radii(image, sources)))
