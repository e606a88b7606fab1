"""Register two images by their sources alone: quads, an affine map, a spline surface.

Shift, rotation, scale and parity are unknown. Four stars (a quad) have the same code in both
lists (Lang et al. 2010, AJ 139, 1782). The code is the position of two of them in coordinates in
which the two farthest apart lie on (0, 0) and (1, 1). Pairs of quads with similar codes propose
affine maps. The map that matches most stars is refined, and a thin-plate spline follows its
residuals. Coordinates are 0-based.
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

#: number of the brightest stars that form quads
BRIGHTEST = 60

#: number of neighbours of a star that it forms quads with
NEIGHBOURS = 6

#: maximum distance of two codes
CODE_RADIUS = 0.03

#: maximum number of proposed maps, the most similar codes first
PROPOSALS = 3000

#: minimum number of stars that a map must match
LEAST_STARS = 6

#: maximum number of chance matches that are as good, over all proposals
CHANCE = 1e-3

#: values of the smoothness of the spline that are tried
SMOOTHNESS = (1e-4, 1e-2, 1.0, 1e2, 1e4)


class Surface(NamedTuple):
    """Transform from the new image to the reference: an affine map and a spline surface.

    Attributes
    ----------
    matrix : ndarray, shape (3, 3)
        Affine, new to reference.
    offsets : redpix.image.homography.Offsets
        Added to x and y.
    residual : (float, float)
        Robust scatter of the stars about the surface along x and y, pixels.
    stars : int
        Number of stars that the surface is fitted to.
    """

    matrix: np.ndarray
    offsets: Offsets
    residual: tuple
    stars: int

    def __call__(self, x, y):
        u, v, _ = np.tensordot(self.matrix, np.stack([x, y, np.ones_like(x)]), axes=1)
        dx, dy = self.offsets(x, y)
        return u + dx, v + dy


def quads(positions):
    """Return the codes of quads of stars, each star with its neighbours.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        x, y of stars.

    Returns
    -------
    codes : ndarray, shape (m, 4)
    members : ndarray, shape (m, 4)
        Rows of the four stars, first the two farthest apart.
    """
    near = cKDTree(positions).query(positions, min(NEIGHBOURS + 1, len(positions)))[1]
    chosen = np.array(
        sorted(
            {
                tuple(sorted((row[0], *three)))
                for row in near.tolist()
                for three in combinations(row[1:], 3)
            }
        )
    ).reshape(-1, 4)
    z = (positions[:, 0] + 1j * positions[:, 1])[chosen]
    pairs = list(combinations(range(4), 2))
    farthest = np.argmax([abs(z[:, a] - z[:, b]) for a, b in pairs], axis=0)
    order = np.array([[a, b, *sorted({0, 1, 2, 3} - {a, b})] for a, b in pairs])[farthest]
    chosen, z = np.take_along_axis(chosen, order, 1), np.take_along_axis(z, order, 1)
    distinct = abs(z[:, 1] - z[:, 0]) > 0
    chosen, z = chosen[distinct], z[distinct]
    # the order of the stars is fixed by x_C + x_D <= 1 and x_C <= x_D
    inner = (z[:, 2:] - z[:, :1]) / (z[:, 1] - z[:, 0])[:, None] * (1 + 1j)
    turned = inner.real.sum(1) > 1
    inner[turned] = 1 + 1j - inner[turned]
    chosen[turned, :2] = chosen[turned, 1::-1]
    swapped = inner[:, 0].real > inner[:, 1].real
    inner[swapped] = inner[swapped, ::-1]
    chosen[swapped, 2:] = chosen[swapped, :1:-1]
    return np.column_stack([inner.real, inner.imag])[:, [0, 2, 1, 3]], chosen


def match(new, reference, radius=3.0):
    """Return the affine map that matches the stars of two lists.

    Parameters
    ----------
    new, reference : ndarray, shape (n, 2) and (m, 2)
        x, y of stars, the brightest first.
    radius : float
        Maximum distance of matched stars, pixels.

    Returns
    -------
    ndarray, shape (3, 3)
        New to reference.

    Raises
    ------
    InputError
        If all maps match fewer stars than required.
    """
    bright = new[:BRIGHTEST], reference[:BRIGHTEST]
    if min(map(len, bright)) >= LEAST_STARS:
        best, count = _best_proposal(*bright, radius)
        if count >= LEAST_STARS and _chance(count, *bright, radius) < CHANCE:
            return _refined(best, new, reference, radius)
    raise InputError(
        f"{len(new)} and {len(reference)} sources: no map brings more of them together than "
        "chance would"
    )


def _best_proposal(new, reference, radius):
    """Return the affine map of a quad that matches most stars, and their number."""
    codes, members = quads(new)
    codes_reference, members_reference = quads(reference)
    # of a mirrored image, x and y of the codes are exchanged
    codes_mirrored, members_mirrored = quads(reference[:, ::-1])
    codes_reference = np.vstack([codes_reference, codes_mirrored])
    members_reference = np.vstack([members_reference, members_mirrored])
    distance, nearest = cKDTree(codes_reference).query(codes, 3, distance_upper_bound=CODE_RADIUS)
    order = np.argsort(distance, axis=None, kind="stable")
    order = order[np.isfinite(distance.ravel()[order])][:PROPOSALS]
    tree, best, count = cKDTree(reference), np.eye(3), 0
    for proposal in order:
        quad = new[members[proposal // 3]]
        matrix = _affine(quad, reference[members_reference[nearest.ravel()[proposal]]])
        n_matched = _matched(matrix, new, tree, radius)[0].sum()
        if n_matched > count:
            best, count = matrix, n_matched
        if count >= 0.6 * min(len(new), len(reference)):
            break
    return best, count


def _chance(count, new, reference, radius):
    """Return the expected chance matches; the four stars of a quad do not count."""
    area = np.prod(np.ptp(reference, axis=0))
    return chance(count - 4, len(new) * len(reference) * np.pi * radius**2 / area, PROPOSALS)


def chance(count, expected, tried):
    """Return the expected number of maps that match at least `count` stars by chance.

    Parameters
    ----------
    count : int
        Number of matched stars, without those that the map was made from.
    expected : float
        Mean number of stars that a random map matches.
    tried : int
        Number of maps.

    Returns
    -------
    float
    """
    return tried * (pdtrc(count - 1, expected) if count > 0 else 1.0)


def shift(new, reference, radius):
    """Return the shift that matches most of the brightest stars of two lists.

    Parameters
    ----------
    new, reference : ndarray, shape (n, 2) and (m, 2)
        x, y of stars, the brightest first.
    radius : float
        Maximum distance of matched stars, pixels.

    Returns
    -------
    ndarray, shape (3, 3)
        Affine, new to reference.
    """
    new, reference = new[:BRIGHTEST], reference[:BRIGHTEST]
    steps = (reference - new[:, None]).reshape(-1, 2)
    tree = cKDTree(steps)
    best = np.argmax(tree.query_ball_point(steps, radius, return_length=True))
    matrix = np.eye(3)
    matrix[:2, 2] = steps[tree.query_ball_point(steps[best], radius)].mean(axis=0)
    return matrix


def _affine(new, reference):
    """Return the affine map by least squares."""
    solution = np.linalg.lstsq(np.column_stack([new, np.ones(len(new))]), reference, rcond=None)[0]
    return np.vstack([solution.T, [0, 0, 1]])


def _matched(matrix, new, tree, radius):
    """Return which stars a map matches one to one, and the nearest star of the other list."""
    distance, nearest = tree.query(new @ matrix[:2, :2].T + matrix[:2, 2])
    matched = distance < radius
    first = np.zeros(len(new), bool)
    rows = np.flatnonzero(matched)
    rows = rows[np.lexsort((rows, distance[rows]))]
    first[rows[np.unique(nearest[rows], return_index=True)[1]]] = True
    return matched & first, nearest


def _refined(matrix, new, reference, radius):
    """Return the map fitted to all stars; the radius shrinks, because the first fit is local."""
    tree = cKDTree(reference)
    for step in (3, 3, 2, 2, 1):
        matched, nearest = _matched(matrix, new, tree, step * radius)
        matrix = _affine(new[matched], reference[nearest[matched]])
    return matrix


def fit_surface(matrix, shape, new, reference, radius=3.0):
    """Return a smooth surface through the residuals of an affine map.

    The smoothness is the one that predicts stars left out of the fit best.

    Parameters
    ----------
    matrix : ndarray, shape (3, 3)
        From `match`.
    shape : (int, int)
        Shape of the new image.
    new, reference : ndarray, shape (n, 2) and (m, 2)
        x, y of stars.
    radius : float
        As in `match`.

    Returns
    -------
    Surface
    """
    matched, nearest = _matched(matrix, new, cKDTree(reference), 3 * radius)
    positions = new[matched]
    offsets = reference[nearest[matched]] - positions @ matrix[:2, :2].T - matrix[:2, 2]
    for _ in range(3):
        smoothness = min(SMOOTHNESS, key=lambda s: _error_left_out(positions, offsets, s))
        rest = offsets - _smooth(positions, offsets, smoothness)(positions)
        good = np.all(abs(rest) < 5 * np.maximum(mad_std(rest, axis=0), 0.02), axis=1)
        if good.all() or good.sum() < LEAST_STARS:
            break
        positions, offsets = positions[good], offsets[good]
    surface = _smooth(positions, offsets, smoothness)
    smooth = Offsets.through(shape, lambda x, y: surface(np.column_stack([x, y])).T)
    return Surface(matrix, smooth, tuple(map(float, mad_std(rest, axis=0))), len(positions))


def _smooth(positions, offsets, smoothness):
    """Return a thin-plate spline through offsets; a large smoothness makes it affine."""
    middle = np.mean(positions, axis=0)
    scale = np.max(np.ptp(positions, axis=0))
    spline = RBFInterpolator((positions - middle) / scale, offsets, smoothing=smoothness, degree=1)
    return lambda where: spline((where - middle) / scale)


def _error_left_out(positions, offsets, smoothness, parts=5):
    """Return the median error at stars that the surface was not fitted to."""
    group = np.arange(len(positions)) % parts
    errors = [
        _smooth(positions[group != p], offsets[group != p], smoothness)(positions[group == p])
        - offsets[group == p]
        for p in range(parts)
        if (group == p).any()
    ]
    return np.median(np.hypot(*np.concatenate(errors).T))
