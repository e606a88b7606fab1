"""Hosts of transients: the nearest object on the sky."""

import numpy as np
from scipy.spatial import cKDTree

from redpix.image.sphere import unit_vectors


def nearest(ra, dec, object_ra, object_dec, radius):
    """Return the index of the object that is nearest to each position.

    Parameters
    ----------
    ra, dec : array_like, shape (n,)
        Positions, degrees; NaN if unknown.
    object_ra, object_dec : array_like, shape (m,)
        Positions of the objects, degrees.
    radius : float
        Maximum separation, arcsec.

    Returns
    -------
    ndarray of int, shape (n,)
        -1 if all objects are farther away.
    """
    if not len(object_ra) or not len(ra):
        return np.full(len(ra), -1)
    chord = 2 * np.sin(np.deg2rad(radius / 3600) / 2)
    places = unit_vectors(ra, dec)
    known = np.isfinite(places).all(axis=1)
    indices = np.full(len(places), -1)
    distance, index = cKDTree(unit_vectors(object_ra, object_dec)).query(places[known])
    indices[known] = np.where(distance <= chord, index, -1)
    return indices
