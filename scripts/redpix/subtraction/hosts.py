"""Hosts of transients: the nearest object on the sky."""

import numpy as np
from scipy.spatial import cKDTree

from redpix.image.sphere import chord, unit_vectors


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
