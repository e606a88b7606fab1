"""Register two images by their sources alone: quads, an affine map, a spline surface.

Nothing is known of shift, rotation, scale or parity. Four stars that both lists hold have the same
code in both: where two of them lie when the other two, the farthest apart, are put on (0, 0) and
(1, 1) (as in Lang et al. 2010, AJ 139, 1782). Pairs of quads with like codes propose maps; the one
that brings most stars together is refined, and what it leaves is smoothed by a thin-plate spline.
Coordinates are 0-based.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std
from scipy.interpolate import RBFInterpolator
from scipy.spatial import cKDTree
from scipy.special import pdtrc

from redpix.core.exceptions import InputError
from redpix.image.homography import Offsets

#: brightest stars of a list that quads are made of, and neighbours of each that they are made with
BRIGHTEST, NEIGHBOURS = 60, 6

#: codes differ no more than this; proposals that are tried, the likest first
CODE_RADIUS, PROPOSALS = 0.03, 3000

#: fewest stars that a map must bring together, and how likely chance may be to do the same
LEAST_STARS, CHANCE = 6, 1e-3

#: of a surface
SMOOTHNESS = (1e-4, 1e-2, 1.0, 1e2, 1e4)


class Surface(NamedTuple):
    """Where pixels of the new image lie in the reference: an affine map and a spline surface.

    Attributes
    ----------
    matrix : ndarray, shape (3, 3)
        Affine, new to reference.
    offsets : redpix.image.homography.Offsets
        Added to x and y.
    residual : (float, float)
        Robust scatter of the stars about the map along x and y, pixels.
    stars : int
        That the map was fitted to.
    """

    matrix: np.ndarray
    offsets: Offsets
    residual: tuple
    stars: int

    def __call__(self, x, y):
        u, v, _ = np.tensordot(self.matrix, np.stack([x, y, np.ones_like(x)]), axes=1)
        dx, dy = self.offsets(x, y)
        return u + dx, v + dy


def quads(places):
    """Codes of quads of stars, each star with its neighbours.

    Parameters
    ----------
    places : ndarray, shape (n, 2)

    Returns
    -------
    codes : ndarray, shape (m, 4)
    members : ndarray, shape (m, 4)
        Rows of the stars, in the order that belongs to the code: first the two farthest apart.
    """
    near = cKDTree(places).query(places, min(NEIGHBOURS + 1, len(places)))[1]
    chosen = np.array(
        sorted(
            {
                tuple(sorted((row[0], *three)))
                for row in near.tolist()
                for three in combinations(row[1:], 3)
            }
        )
    ).reshape(-1, 4)
    z = (places[:, 0] + 1j * places[:, 1])[chosen]
    pairs = list(combinations(range(4), 2))
    farthest = np.argmax([abs(z[:, a] - z[:, b]) for a, b in pairs], axis=0)
    order = np.array([[a, b, *sorted({0, 1, 2, 3} - {a, b})] for a, b in pairs])[farthest]
    chosen, z = np.take_along_axis(chosen, order, 1), np.take_along_axis(z, order, 1)
    known = abs(z[:, 1] - z[:, 0]) > 0
    chosen, z = chosen[known], z[known]
    # of the ways to name the same quad the one is taken in which x_C + x_D <= 1 and x_C <= x_D
    inner = (z[:, 2:] - z[:, :1]) / (z[:, 1] - z[:, 0])[:, None] * (1 + 1j)
    turned = inner.real.sum(1) > 1
    inner[turned] = 1 + 1j - inner[turned]
    chosen[turned, :2] = chosen[turned, 1::-1]
    swapped = inner[:, 0].real > inner[:, 1].real
    inner[swapped] = inner[swapped, ::-1]
    chosen[swapped, 2:] = chosen[swapped, :1:-1]
    return np.column_stack([inner.real, inner.imag])[:, [0, 2, 1, 3]], chosen


def match(new, reference, radius=3.0):
    """Affine map that brings the stars of two lists together.

    Parameters
    ----------
    new, reference : ndarray, shape (n, 2) and (m, 2)
        x, y of stars, the brightest first.
    radius : float
        Stars that the map brings so near are the same, pixels.

    Returns
    -------
    ndarray, shape (3, 3)
        New to reference.

    Raises
    ------
    InputError
        If no map brings enough stars together.
    """
    short = [places[:BRIGHTEST] for places in (new, reference)]
    if min(map(len, short)) >= LEAST_STARS:
        best, count = _best_proposal(*short, radius)
        if count >= LEAST_STARS and _chance(count, *short, radius) < CHANCE:
            return _refined(best, new, reference, radius)
    raise InputError(
        f"{len(new)} and {len(reference)} sources: no map brings more of them together than "
        "chance would"
    )


def _best_proposal(new, reference, radius):
    """The affine map of four stars that brings most stars together, and how many."""
    (codes, members), (other, their) = quads(new), quads(reference)
    # seen in a mirror, x and y of a code change places
    mirrored = quads(reference[:, ::-1])
    other, their = np.vstack([other, mirrored[0]]), np.vstack([their, mirrored[1]])
    distance, nearest = cKDTree(other).query(codes, 3, distance_upper_bound=CODE_RADIUS)
    order = np.argsort(distance, axis=None, kind="stable")
    order = order[np.isfinite(distance.ravel()[order])][:PROPOSALS]
    tree, best, count = cKDTree(reference), np.eye(3), 0
    for place in order:
        quad = members[place // 3], their[nearest.ravel()[place]]
        matrix = _affine(new[quad[0]], reference[quad[1]])
        found = _together(matrix, new, tree, radius)[0].sum()
        if found > count:
            best, count = matrix, found
        if count >= 0.6 * min(len(new), len(reference)):
            break
    return best, count


def _chance(count, new, reference, radius):
    """As of `chance`, of the proposals; the four of a quad always come together."""
    area = np.prod(np.ptp(reference, axis=0))
    return chance(count - 4, len(new) * len(reference) * np.pi * radius**2 / area, PROPOSALS)


def chance(count, expected, tried):
    """How many of the maps that were tried would bring so many stars together by chance.

    Parameters
    ----------
    count : int
        Stars beside those that a map was made from.
    expected : float
        Stars that fall near one of the other list by chance.
    tried : int
    """
    return tried * (pdtrc(count - 1, expected) if count > 0 else 1.0)


def shift(new, reference, radius):
    """Shift that brings most of the brightest stars of two lists together, as an affine map."""
    new, reference = new[:BRIGHTEST], reference[:BRIGHTEST]
    steps = (reference - new[:, None]).reshape(-1, 2)
    tree = cKDTree(steps)
    best = np.argmax(tree.query_ball_point(steps, radius, return_length=True))
    matrix = np.eye(3)
    matrix[:2, 2] = steps[tree.query_ball_point(steps[best], radius)].mean(axis=0)
    return matrix


def _affine(new, reference):
    """Affine map of least squares."""
    solution = np.linalg.lstsq(np.column_stack([new, np.ones(len(new))]), reference, rcond=None)[0]
    return np.vstack([solution.T, [0, 0, 1]])


def _together(matrix, new, tree, radius):
    """Which stars a map brings to one of the other list, no two to the same, and to which."""
    distance, nearest = tree.query(new @ matrix[:2, :2].T + matrix[:2, 2])
    matched = distance < radius
    first = np.zeros(len(new), bool)
    rows = np.flatnonzero(matched)
    rows = rows[np.lexsort((rows, distance[rows]))]
    first[rows[np.unique(nearest[rows], return_index=True)[1]]] = True
    return matched & first, nearest


def _refined(matrix, new, reference, radius):
    """The map fitted to all stars; far from the quad, distortion may hide some at first."""
    tree = cKDTree(reference)
    for step in (3, 3, 2, 2, 1):
        matched, nearest = _together(matrix, new, tree, step * radius)
        matrix = _affine(new[matched], reference[nearest[matched]])
    return matrix


def fit_surface(matrix, shape, new, reference, radius=3.0):
    """Follow what an affine map leaves with a smooth surface.

    Its smoothness is that which predicts stars best that are left out of the fit.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        From `match`.
    shape : (int, int)
        Of the new image.
    new, reference : ndarray, shape (n, 2) and (m, 2)
        x, y of stars.
    radius : float
        As in `match`.

    Returns
    -------
    Surface
    """
    matched, nearest = _together(matrix, new, cKDTree(reference), 3 * radius)
    places, seen = new[matched], reference[nearest[matched]]
    offsets = seen - places @ matrix[:2, :2].T - matrix[:2, 2]
    for _ in range(3):
        smoothness = min(SMOOTHNESS, key=lambda s: _error_left_out(places, offsets, s))
        rest = offsets - _smooth(places, offsets, smoothness)(places)
        good = np.all(abs(rest) < 5 * np.maximum(mad_std(rest, axis=0), 0.02), axis=1)
        if good.all() or good.sum() < LEAST_STARS:
            break
        places, offsets = places[good], offsets[good]
    surface = _smooth(places, offsets, smoothness)
    smooth = Offsets.through(shape, lambda x, y: surface(np.column_stack([x, y])).T)
    return Surface(matrix, smooth, tuple(map(float, mad_std(rest, axis=0))), len(places))


def _smooth(places, offsets, smoothness):
    """Thin-plate spline through offsets; the larger the smoothness, the nearer to affine."""
    middle = np.mean(places, axis=0)
    scale = np.max(np.ptp(places, axis=0))
    spline = RBFInterpolator((places - middle) / scale, offsets, smoothing=smoothness, degree=1)
    return lambda where: spline((where - middle) / scale)


def _error_left_out(places, offsets, smoothness, parts=5):
    """Median error at stars that the surface was not fitted to."""
    part = np.arange(len(places)) % parts
    errors = [
        _smooth(places[part != p], offsets[part != p], smoothness)(places[part == p])
        - offsets[part == p]
        for p in range(parts)
        if (part == p).any()
    ]
    return np.median(np.hypot(*np.concatenate(errors).T))
