"""Warn of pairs that can be subtracted but whose difference means less than it seems."""

import re

import numpy as np

from redpix.core.job import log
from redpix.image.exposure_cards import camera_of

#: noise of the reference over that of the science image, in equal fluxes, above which it is said
NOISIER = 1.5

#: words of the name of a filter that do not say which one it is
_SYSTEMS = re.compile(
    r"sdss|sloan|ps1|pan-?starrs1?|ztf|des|decam|johnson|bessell?|cousins|landolt|astrodon|baader|"
    r"chroma|generation \d|filter|band|\bc\d{4}\b|\d+\.\d+|[^a-z]",
    re.IGNORECASE,
)


def check_filters(science, reference):
    """Warn if the two exposures were taken through different filters.

    Parameters
    ----------
    science, reference : redpix.image.exposure_file.Exposure
        Their headers are compared; an unknown filter agrees with every other.

    Returns
    -------
    bool
        Whether the filters agree.
    """
    names = [camera_of(exposure).filter for exposure in (science, reference)]
    if None in names or "".join(names[0].split()) == "".join(names[1].split()):
        return True
    short = [_SYSTEMS.sub("", name) for name in names]
    if short[0] == short[1] and len(short[0]) == 1:
        log.info(
            "%s: filter %s, %s: filter %s: taken for one", *_filters(science, reference, names)
        )
        return True
    log.warning(
        "%s: filter %s, %s: filter %s: sources of different colours leave differences",
        *_filters(science, reference, names),
    )
    return False


def _filters(science, reference, names):
    """Return the words of a message about two filters."""
    return science.path, names[0], reference.path, names[1]


def check_depth(new_variance, old_variance, ratio, names):
    """Warn if the reference is noisier than the science image.

    Parameters
    ----------
    new_variance, old_variance : ndarray
        Variances of the two images on the same pixels, each in its own unit squared.
    ratio : float
        Flux in the reference over that in the science image.
    names : str
        Name of the pair in messages.

    Returns
    -------
    float
        Noise of the reference over that of the science image, for equal fluxes.
    """
    new, old = (
        np.sqrt(np.median(variance[::3, ::3][variance[::3, ::3] > 0]))
        for variance in (new_variance, old_variance)
    )
    noisier = float(old / ratio / new)
    if noisier > NOISIER:
        log.warning(
            "%s: the reference is %.1f times as noisy as the science image: the difference is only "
            "as deep as the reference",
            names,
            noisier,
        )
    return noisier
