"""Merge the detections about saturated pixels into one star per group of pixels."""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from redpix.image.masks import bit_value
from redpix.photometry.scene import Placed

#: distance from saturated pixels within which detections are one star, FWHM
REACH = 2.5

#: distance from saturated pixels within which faint detections are not believed, FWHM
WINGS = 4.0

#: flux of these detections, relative to the saturated star
FAINT = 0.01

#: minimum number of pixels of a saturated star; a hot pixel has fewer
_LEAST = 2


def saturated_stars(mask):
    """Return the positions of saturated stars: the thickest places of groups of saturated pixels.

    Bleeding and blooming columns are thinner than the star that they belong to.

    Parameters
    ----------
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.

    Returns
    -------
    x, y : ndarray, shape (n,)
        0-based positions, pixels.
    labels : ndarray of int, shape (ny, nx)
        Number of the star of each saturated pixel from 1; 0 elsewhere.
    """
    saturated = np.pad((mask & bit_value("SATURATED")) != 0, 1)
    labels, number = ndimage.label(saturated, np.ones((3, 3)))
    depth = ndimage.distance_transform_edt(saturated)
    index = np.arange(1, number + 1)
    deepest = np.zeros(number + 1)
    deepest[1:] = ndimage.maximum(depth, labels, index) if number else []
    sizes = np.bincount(labels.ravel(), minlength=number + 1)
    large = np.flatnonzero(sizes[1:] >= _LEAST) + 1
    # the top is broad, because depths are in steps
    top = np.where(saturated & (depth >= 0.7 * deepest[labels]), labels, 0)
    places = np.reshape(ndimage.center_of_mass(top > 0, top, large), (-1, 2)) - 1
    renumbered = np.zeros(number + 1, int)
    renumbered[large] = np.arange(1, len(large) + 1)
    return places[:, 1], places[:, 0], renumbered[labels[1:-1, 1:-1]]


def merged_detections(stars, mask, fwhm):
    """Return detections in which each saturated star is one.

    Parameters
    ----------
    stars : redpix.photometry.scene.Placed
        Detections of the image.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    fwhm : float
        FWHM of the stars, pixels.

    Returns
    -------
    redpix.photometry.scene.Placed
        Detections within `REACH` of saturated pixels are replaced by one star per group of pixels.
        Groups without a detection are left out.
    """
    x, y, labels = saturated_stars(mask)
    if not len(x) or not len(stars.x):
        return stars
    distance, owner = _nearest_group(labels, stars)
    near = distance <= REACH * fwhm
    flux = np.zeros(len(x) + 1)
    np.maximum.at(flux, owner[near], stars.flux[near])
    seen = flux[1:] > 0
    return stars.take(~near).join(Placed(x[seen], y[seen], flux[1:][seen]))


def in_wings(new, stars, mask, fwhm):
    """Find the faint detections in the light of saturated stars, which are errors of its model.

    Parameters
    ----------
    new : redpix.photometry.scene.Placed
        Detections in the image without its known stars.
    stars : redpix.photometry.scene.Placed
        Known stars.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    fwhm : float
        FWHM of the stars, pixels.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    x, y, labels = saturated_stars(mask)
    if not len(x) or not len(new.x) or not len(stars.x):
        return np.zeros(len(new.x), bool)
    star = cKDTree(np.column_stack([stars.x, stars.y])).query(np.column_stack([x, y]))[1]
    distance, owner = _nearest_group(labels, new)
    return (distance <= WINGS * fwhm) & (new.flux < FAINT * stars.flux[star][owner - 1])


def _nearest_group(labels, stars):
    """Return the distance of each star to the nearest labelled pixel, and its label."""
    rows, columns = np.nonzero(labels)
    tree = cKDTree(np.column_stack([columns, rows]))
    distance, nearest = tree.query(np.column_stack([stars.x, stars.y]))
    return distance, labels[rows[nearest], columns[nearest]]
