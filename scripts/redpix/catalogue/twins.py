"""Rows of a catalogue that represent one object: by their id or by their position."""

import math

import numpy as np
from scipy.spatial import cKDTree

from redpix.image.sphere import unit_vectors


def same_id(ids, preferred):
    """Return for each row the most preferred row with its id.

    Parameters
    ----------
    ids : ndarray of int, shape (n,)
        Identifiers.
    preferred : ndarray of int
        0-based rows to compare, most preferred first.

    Returns
    -------
    ndarray of int, shape (n,)
        -1 for the most preferred row of an id and for rows that are not compared.
    """
    twin = np.full(len(ids), -1)
    first = {}
    for row in preferred:
        kept = first.setdefault(ids[row], row)
        twin[row] = kept if kept != row else -1
    return twin


def close_twins(ra, dec, radius, preferred, group=None):
    """Return for each row the more preferred row that represents the same object.

    Rows are taken in order of preference. A row that is not yet the twin of another row is kept,
    and all later rows within the radius become its twins.

    Parameters
    ----------
    ra, dec : ndarray, shape (n,)
        Degrees.
    radius : float
        Largest separation of twins, arcsec; 0: no row has a twin.
    preferred : ndarray of int
        0-based rows to compare, most preferred first.
    group : ndarray, shape (n,), optional
        Rows of one group are never twins.

    Returns
    -------
    ndarray of int, shape (n,)
        The kept row whose twin a row is; -1 for kept rows and for rows that are not compared.
    """
    twin = np.full(len(ra), -1)
    if radius == 0 or not len(preferred):
        return twin
    points = unit_vectors(ra[preferred], dec[preferred])
    chord = 2 * math.sin(math.radians(radius / 3600) / 2)
    tree = cKDTree(points)
    crowded = tree.query_ball_point(points, chord, return_length=True) > 1
    for place in np.flatnonzero(crowded):
        row = preferred[place]
        if twin[row] >= 0:
            continue
        near = preferred[tree.query_ball_point(points[place], chord)]
        near = near[(near != row) & (twin[near] < 0)]
        twin[near if group is None else near[group[near] != group[row]]] = row
    return twin


def covered_twins(ra, dec, radius, preferred, group):
    """Return for each row the more preferred row of another group that covers its position.

    Parameters
    ----------
    ra, dec : ndarray, shape (n,)
        Degrees.
    radius : ndarray, shape (n,)
        Radius of the sky that each row covers, arcsec.
    preferred : ndarray of int
        0-based rows to compare, most preferred first.
    group : ndarray, shape (n,)
        Rows of one group do not cover each other.

    Returns
    -------
    ndarray of int, shape (n,)
        -1 for rows that are kept or not compared.
    """
    twin = np.full(len(ra), -1)
    if not len(preferred):
        return twin
    points = unit_vectors(ra[preferred], dec[preferred])
    chords = 2 * np.sin(np.radians(radius[preferred] / 3600) / 2)
    tree = cKDTree(points)
    for place, near in enumerate(tree.query_ball_point(points, chords)):
        row = preferred[place]
        if twin[row] >= 0 or len(near) < 2:
            continue
        others = preferred[np.array(near)[np.array(near) > place]]
        others = others[(twin[others] < 0) & (group[others] != group[row])]
        twin[others] = row
    return twin
