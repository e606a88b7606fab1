"""Learn the score of transients from a person's marks, beside the injected sources.

The weights of `redpix.subtraction.real_score` are the start. With the marks, they move to where the
posterior of a logistic model is highest. Its prior about the start is Gaussian.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.wcs_inversion import invertible_pixels
from redpix.subtraction.real_score import CONSTANT, WEIGHTS, Features, probability

#: standard deviation of the prior of each weight, and of the constant
_SPREAD, _SPREAD_CONSTANT = 0.5, 1.0

#: least distance within which a transient is the marked one, pixels; else half of the FWHM
_NEAR = 1.0

#: columns that a table of marks must have
_REQUIRED = ("pair", "mark")


class MarkedTransients(NamedTuple):
    """Marks of a person, one row per transient.

    Attributes
    ----------
    path : str
        File of the marks.
    pair, band : ndarray of str
        Names of the pair and of the band; an empty band stands for each.
    x, y : ndarray
        0-based pixels of the science image; NaN if only the sky is known.
    ra, dec : ndarray
        Degrees; NaN if unknown.
    real : ndarray of bool
        Whether the transient was marked real, else bogus.
    features : ndarray, shape (n, 8)
        What the score is made from, as the table of transients had it; NaN if the file lacks it.
    """

    path: str
    pair: np.ndarray
    band: np.ndarray
    x: np.ndarray
    y: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    real: np.ndarray
    features: np.ndarray


class LearnedScore(NamedTuple):
    """Scores of transients, and the marks that they were learned from.

    Attributes
    ----------
    score : ndarray
        Probability that each transient is real.
    used, real : int
        Number of marks that were used, and of those that say real.
    """

    score: np.ndarray
    used: int
    real: int


def read_marks(path):
    """Return the marks of a table, such as the page's export.

    Parameters
    ----------
    path : str or None
        Table with the columns pair and mark, and ra and dec, or x and y; band and features if it
        has them. Rows with an empty mark are notes, and left out.

    Returns
    -------
    MarkedTransients or None
        None without a table.

    Raises
    ------
    InputError
        If a column is missing, or a mark is neither real nor bogus.
    """
    if not path:
        return None
    from redpix.io.table_values import (
        shortened,
    )  # these imports take 0.1 s, and few runs have marks
    from redpix.io.tables import read_table

    table = read_table(path, required=_REQUIRED, allow_empty=True)
    if not any(all(map(table.find, names)) for names in (("ra", "dec"), ("x", "y"))):
        raise InputError(
            f"{table.name}: columns: {', '.join(table.names)}: the place of the marks is missing; "
            "allowed: ra and dec (degrees), or x and y (0-based pixels)"
        )
    words = _texts(table, "mark")
    for row, word in enumerate(words):
        if word.lower() not in ("real", "bogus", ""):
            raise InputError(
                f"{table.where(row)}: mark: {shortened(word)}: the mark is unknown; "
                "allowed: real, bogus or empty"
            )
    marked = np.array([bool(word) for word in words], bool)
    numbers = {name: _numbers(table, name)[marked] for name in ("x", "y", "ra", "dec")}
    texts = {name: np.array(_texts(table, name), str)[marked] for name in ("pair", "band")}
    real = np.array([word.lower() == "real" for word in words], bool)[marked]
    features = [_features(text) for text in _texts(table, "features")]
    features = np.reshape(features, (len(words), len(WEIGHTS)))[marked]
    return MarkedTransients(path=str(path), real=real, features=features, **numbers, **texts)


def _texts(table, name):
    """Return a column as texts; empty ones if the table lacks it."""
    found = table.find(name)
    if not found:
        return [""] * len(table)
    return [str(one).strip() if one is not None else "" for one in table.text(found)]


def _numbers(table, name):
    """Return a column as numbers; NaN if the table lacks it."""
    found = table.find(name)
    return table.numbers(found) if found else np.full(len(table), np.nan)


def _features(text):
    """Return the features of a cell; NaN if it does not hold all of them."""
    cells = text.split()
    try:
        return [float(cell) for cell in cells] if len(cells) == len(WEIGHTS) else _UNKNOWN
    except ValueError:
        return _UNKNOWN


#: features of a mark without them
_UNKNOWN = [np.nan] * len(WEIGHTS)


def features_text(features):
    """Return the features of transients as texts of the table.

    Parameters
    ----------
    features : ndarray, shape (n, 8)
        Features in the order of `redpix.subtraction.real_score.Features`.

    Returns
    -------
    list of str
        Numbers separated by blanks; empty where they are unknown.
    """
    return [
        " ".join(f"{value:.4g}" for value in row) if np.isfinite(row).all() else ""
        for row in features
    ]


def with_marks(transients, settings, wcs, fwhm):
    """Return transients whose score learned from the marks of a person, if there are marks.

    Parameters
    ----------
    transients : redpix.subtraction.transients.Transients
        Transients of the difference.
    settings : redpix.subtraction.pair.SubtractionSettings
        Settings of the subtraction.
    wcs : WCS or None
        WCS of the science image.
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    transients : redpix.subtraction.transients.Transients
    cards : list of (str, object, str)
        FITS cards that count the marks.
    """
    if settings.marks is None:
        return transients, []
    found = score_from_marks(transients, settings.marks, settings.name, settings.band, wcs, fwhm)
    cards = [
        ("MARKS", found.used, "marks of a person that the score learned from"),
        ("MARKREAL", found.real, "of these, real ones"),
    ]
    return transients._replace(score=found.score), cards


def score_from_marks(transients, marks, name, band, wcs, fwhm):
    """Return the scores of transients with what the marks teach.

    A mark of this pair and band counts with the features of the transient at its place. Other
    marks count with the features of the file.

    Parameters
    ----------
    transients : redpix.subtraction.transients.Transients
        Transients of the difference.
    marks : MarkedTransients
        Marks of all pairs.
    name, band : str
        Names of the pair and of the band.
    wcs : WCS or None
        WCS of the science image.
    fwhm : float
        FWHM of the wider PSF, pixels.

    Returns
    -------
    LearnedScore
    """
    features = marks.features.copy()
    here = (marks.pair == name) & np.isin(marks.band, ("", band))
    x, y = _places(marks, wcs)
    reach = max(_NEAR, 0.5 * fwhm)
    for mark in np.flatnonzero(here):
        away = np.hypot(transients.x - x[mark], transients.y - y[mark])
        if len(away) and np.nanmin(np.append(away, np.inf)) <= reach:
            features[mark] = transients.features[np.nanargmin(away)]
        else:
            place = f"{marks.ra[mark]:.6f}, {marks.dec[mark]:.6f}"
            if not np.isfinite(marks.ra[mark]):
                place = f"x {marks.x[mark]:.1f}, y {marks.y[mark]:.1f}"
            known = np.isfinite(features[mark]).all()
            what = "the features of the file count" if known else "the mark is left out"
            text = "%s: mark of %s, %s at %s: no transient within %.1f pixels; %s"
            log.warning(text, marks.path, name, band, place, reach, what)
    usable = np.isfinite(features).all(axis=1)
    strange = np.count_nonzero(~usable & ~here)
    if strange:
        log.info("%s: marks of other pairs and bands without features: %d", marks.path, strange)
    weights, constant = learned(features[usable], marks.real[usable])
    score = probability(Features(*transients.features.T), weights, constant)
    used, real = int(usable.sum()), int(marks.real[usable].sum())
    log.info("%s: marks used: %d, of them real: %d", marks.path, used, real)
    if len(marks.real) and not used:
        log.warning(
            "%s: 0 of %d marks serve %s, %s: the score is that without marks; allowed: marks of "
            "this pair, or the column features",
            marks.path,
            len(marks.real),
            name,
            band,
        )
    return LearnedScore(score, used, real)


def _places(marks, wcs):
    """Return the pixels of marks; those on the sky if the image has a WCS and they have a place."""
    x, y = marks.x.copy(), marks.y.copy()
    known = np.isfinite(marks.ra) & np.isfinite(marks.dec)
    if wcs is not None and known.any():
        x[known], y[known] = invertible_pixels(wcs, marks.ra[known], marks.dec[known])
    return x, y


def learned(features, real):
    """Return weights and constant of the score after some marks.

    Parameters
    ----------
    features : ndarray, shape (n, 8)
        Features of the marked transients.
    real : ndarray of bool, shape (n,)
        Whether they were marked real.

    Returns
    -------
    weights : ndarray, shape (8,)
        Not positive: a fault never makes a transient more likely.
    constant : float
    """
    start = np.append(WEIGHTS, CONSTANT)
    if not len(real):
        return start[:-1], start[-1]
    spread = np.append(np.full(len(WEIGHTS), _SPREAD), _SPREAD_CONSTANT)
    kind = np.where(real, 1.0, -1.0)
    # real and bogus marks have the same weight in sum, if there are both
    share = np.where(real, 0.5 / max(real.mean(), 1e-9), 0.5 / max(1 - real.mean(), 1e-9))
    share = share if 0 < real.mean() < 1 else np.ones(len(real))

    def loss(parameters):
        margin = kind * (parameters[-1] + features @ parameters[:-1])
        off = (parameters - start) / spread
        slope = -share * kind / (1 + np.exp(np.clip(margin, -500, 500)))
        gradient = np.append(slope @ features, slope.sum()) + off / spread
        return np.sum(share * np.logaddexp(0, -margin)) + 0.5 * np.sum(off**2), gradient

    bounds = [(None, 0.0)] * len(WEIGHTS) + [(None, None)]
    best = minimize(loss, start, jac=True, bounds=bounds).x
    return best[:-1], best[-1]
