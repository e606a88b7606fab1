"""Merge the detections about saturated pixels into one star per group of pixels."""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from redpix.image.masks import bit_value
from redpix.image.strips import strips
from redpix.photometry.scene import Placed

#: distance from saturated pixels within which detections are one star, FWHM
REACH = 1.5

#: distance from saturated pixels within which faint detections are not believed, FWHM
WINGS = 4.0

#: flux of these detections, relative to the saturated star
FAINT = 0.01

#: number of stars there, relative to that in an equal area of the image, from which some are errors
#: of the model of the saturated stars, and from which five of six are and all are left out
SOME, MOST = 1.5, 6.0

#: standard deviations by which the number must exceed these
_SIGMAS = 3.0

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
    saturated = (mask & bit_value("SATURATED")) != 0
    labels = np.zeros(mask.shape, np.int32)
    ndimage.label(saturated, np.ones((3, 3)), output=labels)
    places = []
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        group = np.pad(labels[box] == number, 1)
        if group.sum() < _LEAST:
            labels[box][group[1:-1, 1:-1]] = 0
            continue
        depth = ndimage.distance_transform_edt(group)
        # the top is broad, because depths are in steps
        y, x = np.nonzero(depth >= 0.7 * depth.max())
        places.append((x.mean() - 1 + box[1].start, y.mean() - 1 + box[0].start))
        labels[box][group[1:-1, 1:-1]] = len(places)
    x, y = np.reshape(places, (-1, 2)).T
    return x, y, labels


def one_per_group(stars, mask, fwhm):
    """Return stars in which each saturated star is one.

    Parameters
    ----------
    stars : redpix.photometry.scene.Placed
        Fitted stars.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    fwhm : float
        FWHM of the stars, pixels.

    Returns
    -------
    redpix.photometry.scene.Placed
        Several stars within `REACH` of one group of saturated pixels are replaced by one.
    """
    x, y, labels = saturated_stars(mask)
    if not len(x) or not len(stars.x):
        return stars
    distance, owner = _nearest_group(labels, stars)
    near = distance <= REACH * fwhm
    number = np.bincount(owner[near], minlength=len(x) + 1)
    flux = np.bincount(owner[near], stars.flux[near], minlength=len(x) + 1)
    several = number[1:] > 1
    merged = Placed(x[several], y[several], flux[1:][several])
    return stars.take(~near | (number == 1)[owner]).join(merged)


def errors_of_wings(stars, mask, fwhm, excess):
    """Find the faint stars in the light of saturated stars if most are errors of its model.

    The PSF of an image is not made from saturated stars, and its wings are not known as well as
    their photon noise demands. Where its errors are detected, stars crowd about saturated stars.

    Parameters
    ----------
    stars : redpix.photometry.scene.Placed
        Fitted stars, one per saturated star.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    fwhm : float
        FWHM of the stars, pixels.
    excess : float
        Number of stars there, relative to that in an equal area, from which any are returned.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    x, _, labels = saturated_stars(mask)
    if not len(x) or not len(stars.x):
        return np.zeros(len(stars.x), bool)
    distance, owner = _nearest_group(labels, stars)
    near, inside = distance <= REACH * fwhm, distance <= WINGS * fwhm
    flux = np.bincount(owner[near], stars.flux[near], minlength=len(x) + 1)
    wings = inside & ~near
    area, rest = _areas(labels, REACH * fwhm, WINGS * fwhm)
    expected = np.count_nonzero(~inside) * area / max(rest, 1)
    crowd = wings.sum() > excess * expected + _SIGMAS * np.sqrt(expected + 1)
    return wings & (stars.flux < FAINT * flux[owner]) & crowd


def _nearest_group(labels, stars):
    """Return the distance of each star to the nearest labelled pixel, and its label."""
    rows, columns = np.nonzero(labels)
    tree = cKDTree(np.column_stack([columns, rows]))
    distance, nearest = tree.query(np.column_stack([stars.x, stars.y]))
    return distance, labels[rows[nearest], columns[nearest]]


def _areas(labels, near, far):
    """Return the numbers of pixels between two distances from labelled ones, and beyond both."""
    between = beyond = 0
    for _, wide, inner in strips(len(labels), int(np.ceil(far)) + 1):
        part = labels[wide]
        if not part.any():
            beyond += part[inner].size
            continue
        pixels = ndimage.distance_transform_edt(part == 0)[inner]
        outside = np.count_nonzero(pixels > far)
        between += np.count_nonzero(pixels > near) - outside
        beyond += outside
    return between, beyond
