"""Hosts of transients: the nearest object on the sky."""

import numpy as np
from scipy.spatial import cKDTree


def nearest(ra, dec, object_ra, object_dec, radius):
    """Return the index of the object that is nearest to each position.

    Parameters
    ----------
    ra, dec : array_like, shape (n,)
        Positions, degrees; NaN if unknown.
    object_ra, object_dec : array_like, shape (m,)
        Positions of the objects, degrees; NaN if unknown.
    radius : float
        Maximum separation, arcsec.

    Returns
    -------
    ndarray of int, shape (n,)
        -1 if all objects are farther away.
    """
    places, objects = unit_vectors(ra, dec), unit_vectors(object_ra, object_dec)
    known, usable = (np.isfinite(vectors).all(axis=1) for vectors in (places, objects))
    indices = np.full(len(places), -1)
    if known.any() and usable.any():
        distance, index = cKDTree(objects[usable]).query(places[known])
        indices[known] = np.where(distance <= chord(radius), np.flatnonzero(usable)[index], -1)
    return indices


def chord(arcsec):
    """Return the chord of an angle on the unit sphere.

    Parameters
    ----------
    arcsec : float
        Angle.

    Returns
    -------
    float
    """
    return 2 * np.sin(np.deg2rad(arcsec / 3600) / 2)


def unit_vectors(ra, dec):
    """Return the unit vectors of positions.

    Parameters
    ----------
    ra, dec : array_like, shape (n,)
        Degrees.

    Returns
    -------
    ndarray, shape (n, 3)
    """
    ra, dec = np.deg2rad(np.asarray(ra, float)), np.deg2rad(np.asarray(dec, float))
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
