"""Check a difference on blank sky, and say what is wrong."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.core.job import log
from redpix.image.medians import median_and_spread

#: standard deviation of Scorr on blank sky that is right
RIGHT = (0.95, 1.05)

#: variance of D on blank sky, relative to its median
_BLANK = 1.05

#: |Scorr| of a change, and the distance from it, pixels, within which sky is not blank
_CHANGED, _BESIDE = 5.0, 8

#: correlation of neighbouring pixels of D that is noticed
_CORRELATED = 0.04

#: correlation of the noise of both images that is noticed
_SHARED = 0.15

#: minimum number of pixels of blank sky
_LEAST_PIXELS = 1000


class BlankScores(NamedTuple):
    """Statistics of a difference on blank sky; NaN without enough of it.

    Attributes
    ----------
    score : float
        Robust standard deviation of Scorr.
    white : float
        Robust standard deviation of D over its noise.
    neighbours : float
        Correlation of D in neighbouring pixels of a row.
    """

    score: float = np.nan
    white: float = np.nan
    neighbours: float = np.nan


def blank_scores(planes, mask, rows=np.s_[:]):
    """Return the statistics of a difference on blank sky: without sources and changes.

    Parameters
    ----------
    planes : redpix.subtraction.mosaic.Mosaic
        The difference.
    mask : ndarray of int
        Bits of `redpix.image.masks`.
    rows : slice
        Rows that are used.

    Returns
    -------
    BlankScores
    """
    variance = np.asarray(planes.read("variance")[rows])
    clean = (mask[rows] == 0) & np.isfinite(variance)
    if np.count_nonzero(clean) < _LEAST_PIXELS:
        return BlankScores()
    blank = clean & (variance < _BLANK * np.median(variance[clean]))
    score = np.asarray(planes.read("Scorr")[rows])
    white = np.asarray(planes.read("D")[rows]) / np.sqrt(variance)
    changed = abs(np.nan_to_num(score)) > _CHANGED
    blank &= (abs(white) < 5) & ~ndimage.maximum_filter(changed, 2 * _BESIDE + 1)
    if np.count_nonzero(blank) < _LEAST_PIXELS:
        return BlankScores()
    pairs = blank[:, 1:] & blank[:, :-1]
    product = np.mean(white[:, 1:][pairs] * white[:, :-1][pairs])
    return BlankScores(
        float(median_and_spread(score[blank])[1]),
        float(median_and_spread(white[blank])[1]),
        float(product / np.mean(white[blank] ** 2)),
    )


def remarks_of(pair, blank):
    """Return the warnings about a difference, one sentence each.

    Parameters
    ----------
    pair : redpix.subtraction.pair.RegisteredPair
        The registered pair.
    blank : BlankScores
        Statistics on blank sky.

    Returns
    -------
    list of str
    """
    remarks = list(pair.comparison.remarks)
    least, most = RIGHT
    if pair.noise.shared > _SHARED:
        remarks.append(
            f"the noise of one image has a correlation of {pair.noise.shared:.2f} with that of the "
            "other: they are the same image or hold the same exposures; changes in shared "
            "exposures do not show, and scores and errors are wrong"
        )
    elif not least <= blank.score <= most and np.isfinite(blank.score):
        remarks.append(
            f"the standard deviation of Scorr on blank sky is {blank.score:.3f}; right is "
            f"{least} to {most}: scores and errors are wrong by this factor; {_reason(blank)}"
        )
    return remarks


def _reason(blank):
    """Return the likely reason for a wrong standard deviation of Scorr."""
    if abs(blank.neighbours) > _CORRELATED:
        return (
            f"neighbouring pixels of the difference have a correlation of {blank.neighbours:.2f}: "
            "the noise is correlated in another way than measured, or faint sources do not cancel"
        )
    if abs(blank.white - 1) > abs(blank.score - 1) / 2:
        return (
            "the variance is wrong by the square of this factor: gain, read noise or error map "
            "may be wrong; subtraction.noise measured scales it"
        )
    return (
        "the noise of single pixels is right: faint sources that do not cancel, an uneven "
        "background or a wrong PSF are likely"
    )


def more_cards(pair, blank):
    """Return the FITS cards of checks: noise, flux ratios and warnings; log the warnings.

    Parameters
    ----------
    pair : redpix.subtraction.pair.RegisteredPair
        The registered pair.
    blank : BlankScores
        Statistics on blank sky.

    Returns
    -------
    list of (str, object, str)
        Values that are not measured are left out.
    """
    by_psfs, by_apertures = pair.comparison.by_psfs, pair.comparison.by_apertures
    cards = [
        ("SCORRSKY", blank.score, "robust standard deviation of SCORR on blank sky"),
        ("DCORR", blank.neighbours, "correlation of D in neighbouring pixels"),
        ("CORRNEW", pair.noise.correlation[0], "of the noise of neighbours, science image"),
        ("CORRREF", pair.noise.correlation[1], "the same, resampled reference"),
        ("CORRBOTH", pair.noise.shared, "of the noise of one image with the other"),
        ("RATIOPSF", by_psfs.ratio, "flux ratio by PSFs"),
        ("RATPSFER", by_psfs.error, "its error"),
        ("RATIOAP", by_apertures.ratio, "flux ratio by apertures"),
        ("RATAPER", by_apertures.error, "its error"),
    ]
    remarks = remarks_of(pair, blank)
    for remark in remarks[len(pair.comparison.remarks) :]:
        log.warning("%s: %s", pair.names, remark)
    cards = [card for card in cards if np.isfinite(card[1])]
    return cards + [(f"WARN{number}", text, "") for number, text in enumerate(remarks, start=1)]
