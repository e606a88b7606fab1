"""Judge a run: one line per stage with a number, the bound it is judged by, and a mark."""

import math
from typing import NamedTuple

#: share of fields left out that is still worth a look only
_MOST_LEFT_OUT = 0.1

#: probability between the 16th and the 84th percentile of a PDF, which bound the 68 % interval
_INSIDE = 0.68

#: deviation of coverage that is allowed beyond its sampling error: good, worth a look
_COVERAGE = (0.03, 0.10)

#: Kolmogorov-Smirnov distance at which a sample of n deviates with 95 % probability, times root n
_KS_95 = 1.36

#: deviation of PIT values from uniform that is allowed beyond the sampling error
_PIT = (0.02, 0.05)

#: deviation of the standard deviation of Scorr from 1
_SCORR = (0.05, 0.10)

#: error of registration, pixels
_REGISTRATION = (0.10, 0.25)

#: measured over expected noise of an image
_NOISE = (0.10, 0.25)

#: share of false detections, from the negative image
_FALSE = (0.02, 0.05)

#: scatter of bright steady stars over its expectation
_SCATTER = (1.5, 3.0)


class Judgement(NamedTuple):
    """One line of the verdict.

    Attributes
    ----------
    mark : {"good", "look", "bad"}
    stage : str
        Stage and its part, such as ``Redshifts, knn``.
    text : str
        The quantity.
    value : str
        Its value, with its sampling error if it has one.
    bound : str
        The values that are good.
    link : str
        Anchor of the section on the page.
    """

    mark: str
    stage: str
    text: str
    value: str
    bound: str
    link: str


def mark_of(excess, good, look):
    """Return the mark of a deviation.

    Parameters
    ----------
    excess : float
        Deviation from the ideal value.
    good, look : float
        Largest deviations that are good, and worth a look.

    Returns
    -------
    {"good", "look", "bad"}
        ``bad`` if the deviation is not a number.
    """
    if excess <= good:
        return "good"
    return "look" if excess <= look else "bad"


def judge_fields(delivered, left_out):
    """Return the judgement on the fields that were left out.

    Parameters
    ----------
    delivered, left_out : int
        Numbers of fields.

    Returns
    -------
    Judgement
    """
    total = delivered + left_out
    share = left_out / total if total else 1.0
    return Judgement(
        mark_of(share, 0.0, _MOST_LEFT_OUT if delivered else -1.0),
        "Fields",
        "fields left out",
        f"{left_out} of {total}",
        "none",
        "run",
    )


def judge_redshifts(name, metrics, link):
    """Return the judgements on the PDFs of held-out objects.

    Parameters
    ----------
    name : str
        Name of the method, and of the table if there is one.
    metrics : dict
        Metrics of the objects: n, coverage_68, pit_ks.
    link : str
        Anchor of the section.

    Returns
    -------
    list of Judgement
        Empty without held-out objects of known redshift.
    """
    n = metrics.get("n") or 0
    coverage, distance = metrics.get("coverage_68"), metrics.get("pit_ks")
    if not n or coverage is None or distance is None:
        return []
    error = math.sqrt(_INSIDE * (1 - _INSIDE) / n)
    good, look = (2 * error + extra for extra in _COVERAGE)
    least = _KS_95 / math.sqrt(n)
    return [
        Judgement(
            mark_of(abs(coverage - _INSIDE), good, look),
            f"Redshifts, {name}",
            "true redshifts inside the 68 % interval",
            f"{coverage:.3f} ± {error:.3f}",
            f"{_INSIDE - good:.2f} to {_INSIDE + good:.2f}",
            link,
        ),
        Judgement(
            mark_of(distance, least + _PIT[0], least + _PIT[1]),
            f"Redshifts, {name}",
            "distance of PIT values from uniform (KS)",
            f"{distance:.3f}",
            f"at most {least + _PIT[0]:.3f} for {n} objects",
            link,
        ),
    ]


def judge_difference(pair, band, header):
    """Return the judgements on a difference image.

    Parameters
    ----------
    pair, band : str
        Names of the pair and of the band.
    header : Mapping
        Header of difference.fits: SCORRSKY, or else SCORRSTD of all clean pixels; REGRMSX, REGRMSY.

    Returns
    -------
    list of Judgement
    """
    stage, link = f"Changes, {pair} {band}".rstrip(), f"pair-{pair}"
    lines = []
    std, where = _number(header.get("SCORRSKY")), "on blank sky"
    if std is None:  # too little blank sky, or a difference of an earlier version
        std, where = _number(header.get("SCORRSTD")), "in pixels without a flag"
    if std is not None:
        lines.append(
            Judgement(
                mark_of(abs(std - 1), *_SCORR),
                stage,
                f"standard deviation of Scorr {where}",
                f"{std:.3f}",
                f"{1 - _SCORR[0]:.2f} to {1 + _SCORR[0]:.2f}",
                link,
            )
        )
    errors = [_number(header.get(f"REGRMS{axis}")) for axis in "XY"]
    if None not in errors:
        rms = math.hypot(*errors)
        lines.append(
            Judgement(
                mark_of(rms, *_REGISTRATION),
                stage,
                "error of registration",
                f"{rms:.3f} px",
                f"at most {_REGISTRATION[0]:.2f} px",
                link,
            )
        )
    return lines


def judge_image(name, header):
    """Return the judgements on the photometry of an image.

    Parameters
    ----------
    name : str
        Name of the image.
    header : Mapping
        Header of its residual: NOISESCL, NEGRATE.

    Returns
    -------
    list of Judgement
    """
    lines = []
    scale = _number(header.get("NOISESCL"))
    if scale is not None:
        lines.append(_noise_line(name, "measured over expected noise", scale))
    rate = _number(header.get("NEGRATE"))
    if rate is not None:
        lines.append(
            Judgement(
                mark_of(rate, *_FALSE),
                f"Stars, {name}",
                "false detections, from the negative image",
                f"{100 * rate:.1f} %",
                f"at most {100 * _FALSE[0]:.0f} %",
                f"image-{name}",
            )
        )
    return lines


def judge_given_noise(name, found, expected):
    """Return the judgement on the gain and read noise that the header of an image gives.

    Parameters
    ----------
    name : str
        Name of the image.
    found, expected : float
        Noise between the stars, and that of the sky by the given gain and read noise.

    Returns
    -------
    list of Judgement
        Empty if either is unknown.
    """
    if not (math.isfinite(found) and math.isfinite(expected) and expected > 0):
        return []
    text = "noise over that of the given gain, read noise and background"
    return [_noise_line(name, text, found / expected)]


def _noise_line(name, text, ratio):
    """Return the judgement on a ratio of noises of an image."""
    return Judgement(
        mark_of(abs(ratio - 1), *_NOISE),
        f"Stars, {name}",
        text,
        f"{ratio:.2f}",
        f"{1 - _NOISE[0]:.2f} to {1 + _NOISE[0]:.2f}",
        f"image-{name}",
    )


def judge_light_curves(scatter):
    """Return the judgement on the scatter of bright stars between exposures.

    Parameters
    ----------
    scatter : DataFrame
        scatter.csv: flux, scatter, expected and flags, one row per star.

    Returns
    -------
    list of Judgement
        Empty without stars of known scatter.
    """
    if not {"flags", "expected", "scatter"} <= set(scatter.columns):
        return []
    steady = scatter[(scatter["flags"] == 0) & (scatter["expected"] > 0)]
    steady = steady[steady["scatter"].notna()]
    if steady.empty:
        return []
    bright = steady.nlargest(max(5, len(steady) // 4), "flux")
    ratio = float((bright["scatter"] / bright["expected"]).median())
    return [
        Judgement(
            mark_of(ratio, *_SCATTER),
            "Light curves",
            f"scatter of the {len(bright)} brightest stars over its expectation",
            f"{ratio:.2f}",
            f"at most {_SCATTER[0]:.1f}",
            "photometry",
        )
    ]


def _number(value):
    """Return a number of a header; None if it is missing or not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
