"""Positions on the unit sphere: unit vectors, and angles between them."""

import numpy as np


def unit_vectors(ra, dec):
    """Return the unit vectors of positions: neither RA 0 nor a pole is an edge.

    Parameters
    ----------
    ra, dec : array_like, shape (n,)
        Degrees.

    Returns
    -------
    ndarray, shape (n, 3)
        NaN where a position is NaN.
    """
    ra, dec = np.deg2rad(np.asarray(ra, float)), np.deg2rad(np.asarray(dec, float))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def separation(one, other):
    """Return the angles between unit vectors, accurate for small and for large angles.

    Parameters
    ----------
    one, other : ndarray, shape (n, 3) or (3,)
        Results of `unit_vectors`.

    Returns
    -------
    ndarray, shape (n,)
        Degrees.
    """
    across = np.linalg.norm(np.cross(one, other), axis=-1)
    return np.rad2deg(np.arctan2(across, np.sum(one * other, axis=-1)))


def chord(arcsec):
    """Return the chord of an angle on the unit sphere.

    Parameters
    ----------
    arcsec : float
        Angle, arcsec.

    Returns
    -------
    float
    """
    return 2 * np.sin(np.deg2rad(arcsec / 3600) / 2)
