"""Judge losses and redshifts of a run: lines with a number, its bound and a mark."""

import math
from typing import NamedTuple

#: share of fields left out that is still worth a look only
_MOST_LEFT_OUT = 0.1

#: share of catalogue objects of delivered fields that are not found in the images
_LOST = (0.1, 0.3)

#: probability between the 16th and the 84th percentile of a PDF, which bound the 68 % interval
_INSIDE = 0.68

#: deviation of coverage that is allowed beyond its sampling error: good, worth a look
_COVERAGE = (0.03, 0.10)

#: Kolmogorov-Smirnov distance at which a sample of n deviates with 95 % probability, times root n
_KS_95 = 1.36

#: deviation of PIT values from uniform that is allowed beyond the sampling error
_PIT = (0.02, 0.05)


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


def judge_left_out(kept, left_out, stage, text, link):
    """Return the judgement on what was left out: fields, images, pairs or coadds.

    Parameters
    ----------
    kept, left_out : int
        Numbers of those that were kept and left out.
    stage, text, link : str
        Of the `Judgement`.

    Returns
    -------
    Judgement
    """
    total = kept + left_out
    share = left_out / total if total else 1.0
    return Judgement(
        mark_of(share, 0.0, _MOST_LEFT_OUT if kept else -1.0),
        stage,
        text,
        f"{left_out} of {total}",
        "none",
        link,
    )


def judge_objects(found, lost):
    """Return the judgement on catalogue objects that were not found in the images.

    Parameters
    ----------
    found, lost : int
        Numbers of objects of delivered fields with and without pixels.

    Returns
    -------
    list of Judgement
        Empty without objects.
    """
    if not found + lost:
        return []
    share = lost / (found + lost)
    return [
        Judgement(
            mark_of(share, *_LOST),
            "Objects",
            "catalogue objects without a pixel in the images",
            f"{100 * share:.1f} %",
            f"at most {100 * _LOST[0]:.0f} %",
            "dropped-objects",
        )
    ]


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


def header_number(value):
    """Return a number of a header.

    Parameters
    ----------
    value : object
        Value of a card.

    Returns
    -------
    float or None
        None if it is missing or not a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
