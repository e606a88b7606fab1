"""The object that a transient belongs to: the nearest one on the sky."""

import numpy as np
from scipy.spatial import cKDTree


def nearest(ra, dec, object_ra, object_dec, radius):
    """Index of the object nearest to each place.

    Parameters
    ----------
    ra, dec, object_ra, object_dec : array_like
        Degrees.
    radius : float
        An object farther away is none, arcsec.

    Returns
    -------
    ndarray of int
        -1 where there is none.
    """
    if not len(object_ra) or not len(ra):
        return np.full(len(ra), -1)
    chord = 2 * np.sin(np.deg2rad(radius / 3600) / 2)
    distance, index = cKDTree(_vectors(object_ra, object_dec)).query(_vectors(ra, dec))
    return np.where(distance <= chord, index, -1)


def _vectors(ra, dec):
    ra, dec = np.deg2rad(np.asarray(ra, float)), np.deg2rad(np.asarray(dec, float))
    return np.column_stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
