"""Judge training images: their stamps, fluxes and half-light radii, and the network."""

import math

import numpy as np

from redpix.report.verdict import Judgement, mark_of

#: deviation of the median flux of stamps from theory that is allowed beyond its sampling error
_FLUX = (0.01, 0.03)

#: the same for half-light radii
_RADIUS = (0.03, 0.10)

#: error of the images of the network over that of plain resampling
_NETWORK = (1.0, 1.1)

#: standard error of a median over the standard deviation of a mean, of Gaussian values
_OF_MEDIAN = math.sqrt(math.pi / 2)

#: standard deviation over median absolute deviation, of Gaussian values
_OF_MAD = 1.4826


def median_ratio(measured, expected):
    """Return the median of measured over expected values, and its sampling error.

    Parameters
    ----------
    measured, expected : array_like, shape (n,)
        Values of the same unit.

    Returns
    -------
    (float, float) or None
        None without a finite ratio.
    """
    measured, expected = np.asarray(measured, float), np.asarray(expected, float)
    usable = (expected > 0) & np.isfinite(measured)
    if not usable.any():
        return None
    ratios = measured[usable] / expected[usable]
    median = np.median(ratios)
    spread = _OF_MAD * np.median(np.abs(ratios - median))
    return float(median), float(_OF_MEDIAN * spread / math.sqrt(len(ratios)))


def judge_training(checks):
    """Return the judgements on training images.

    Parameters
    ----------
    checks : dict or None
        From `redpix.report.training_section.check_stamps`; None without training images.

    Returns
    -------
    list of Judgement
    """
    if not checks:
        return []
    dark, number = checks["dark"], checks["number"]
    lines = [
        Judgement(
            mark_of(dark / number if number else math.inf, 0.0, 0.02),
            "Training images",
            "stamps without light or with a value that is not finite",
            f"{dark} of {number}",
            "none",
            "training",
        )
    ]
    for kind, bounds, of in (
        ("flux", _FLUX, "spectrum and distance"),
        ("half-light radius", _RADIUS, "the profile with PSF and pixels"),
    ):
        for name, ratio in checks.get(kind, {}).items():
            text = f"{kind} in the {name} over that of {of}, median"
            lines.append(_ratio_line(text, ratio, bounds))
    if checks.get("network"):
        lines.append(_network_line(*checks["network"]))
    return lines


def _ratio_line(text, ratio, bounds):
    """Return the judgement on a median ratio and its sampling error."""
    value, error = ratio or (math.nan, 0.0)
    good, look = (2 * error + extra for extra in bounds)
    return Judgement(
        mark_of(abs(value - 1), good, look),
        "Training images",
        text,
        f"{value:.3f} ± {error:.3f}" if ratio else "not measured",
        f"{1 - good:.3f} to {1 + good:.3f}",
        "training",
    )


def _network_line(network, plain):
    """Return the judgement on the errors of images from the network and by plain resampling."""
    ratio = network / plain if plain > 0 else math.nan
    return Judgement(
        mark_of(ratio, *_NETWORK),
        "Training images, network",
        "error of its held-out images over that of plain resampling",
        f"{ratio:.2f}" if math.isfinite(ratio) else "not measured",
        f"at most {_NETWORK[0]:.1f}",
        "network",
    )
