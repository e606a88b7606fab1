"""Find pixels of registered images that the other images of a stack contradict.

Cosmic rays, trails and moving objects are in one image only. Each image is compared with the median
of the others at one PSF, so a difference in seeing does not make a star an outlier. A pixel is
rejected if it is brighter than predicted by more than noise, errors of the PSF and errors of
registration allow.
"""

import numpy as np
from astropy.stats import mad_std
from scipy import ndimage

from redpix.coaddition.combine_masks import USELESS
from redpix.coaddition.predict import compare
from redpix.image.masks import DTYPE, bit_value
from redpix.subtraction.epoch import usable_variance
from redpix.subtraction.tiles import side_for, tiles

#: minimum number of images of a stack whose outliers are rejected
LEAST_IMAGES = 3

#: significance of an outlier, of a pixel or filtered with the PSF
THRESHOLD = 5.0

#: significance down to which the wings of an outlier are followed, means of 3 x 3 pixels
WING = 2.0

#: minimum 1-sigma error of a PSF, relative to the brightest of the neighbouring pixels
PSF_ERROR = 0.02

#: significance of the pixels that measure the error of the PSF, and their minimum number
BRIGHT, LEAST_CORE = 20.0, 30

#: registration error that is always allowed for, pixels
LEAST_REGISTRATION = 0.03

#: significance per pixel from which the prediction shows a source
SOURCE = 5.0

#: minimum number of pixels of a source whose change of flux is measured
LEAST_PIXELS = 9

#: width of the border of an image in which sources are not compared, pixels
BORDER = 4

#: width of the frame about a tile, pixels
MARGIN = 64


def rejected_pixels(epochs, masks, psfs, registration, keep=lambda values: values):
    """Return the pixels of each image that the others contradict.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.epoch.Epoch
        Registered images with flux and variance.
    masks : sequence of ndarray of int, shape (ny, nx)
        Their masks, bits of `redpix.image.masks`.
    psfs : sequence of callable
        ``psf(x, y)`` of each image: the stamp at a position, 0-based.
    registration : sequence of (float, float)
        Registration error of each image along x and y, pixels.
    keep : callable
        How new planes are kept, from `redpix.image.mapped_image.keeper`.

    Returns
    -------
    list of ndarray of bool, shape (ny, nx)
        False everywhere for fewer than `LEAST_IMAGES` images.
    """
    rejected = [keep(np.zeros(epoch.image.shape, bool)) for epoch in epochs]
    if len(epochs) < LEAST_IMAGES:
        return rejected
    for tile in tiles(epochs[0].image.shape, side_for(len(epochs), MARGIN), MARGIN):
        found = _rejected_in_tile(epochs, masks, psfs, registration, tile)
        for plane, part in zip(rejected, found, strict=True):
            plane[tile.inner] = part[tile.kept]
    return rejected


def with_rejected(masks, rejected, keep=lambda values: values):
    """Return masks in which rejected pixels are COSMIC_RAY.

    Parameters
    ----------
    masks : sequence of ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    rejected : sequence of ndarray of bool, shape (ny, nx)
        From `rejected_pixels`.
    keep : callable
        How new planes are kept.

    Returns
    -------
    list of ndarray of int16, shape (ny, nx)
    """
    bit = DTYPE(bit_value("COSMIC_RAY"))
    return [
        keep(np.where(np.asarray(outliers), np.asarray(mask) | bit, np.asarray(mask)))
        for mask, outliers in zip(masks, rejected, strict=True)
    ]


def _rejected_in_tile(epochs, masks, psfs, registration, tile):
    """Return the rejected pixels of each image in the region of a tile."""
    rows, columns = tile.inner
    x, y = (columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2
    stamps = [psf(x, y) for psf in psfs]
    stamps = [stamp / stamp.sum() for stamp in stamps]
    images = [epoch.image[tile.outer] / epoch.flux for epoch in epochs]
    variances = [_variance(epoch, tile.outer) for epoch in epochs]
    useless = [
        ((mask[tile.outer] & USELESS) != 0) | ~np.isfinite(image)
        for mask, image in zip(masks, images, strict=True)
    ]
    # resampling and matching carry the values of useless pixels to their neighbours
    known = [~ndimage.binary_dilation(u, iterations=2) for u in useless]
    inside = bit_value("SATURATED", "COSMIC_RAY", "BAD")
    judged = [
        ~u & ~ndimage.binary_dilation((mask[tile.outer] & inside) != 0, iterations=2)
        for u, mask in zip(useless, masks, strict=True)
    ]
    found = [np.zeros(image.shape, bool) for image in images]
    for _ in range(2):
        # the first pass frees the predictions of the second of outliers
        good = [k & ~f for k, f in zip(known, found, strict=True)]
        filled = _filled(images, good, useless)
        enough = np.sum(good, axis=0) >= LEAST_IMAGES
        clean = [np.where(enough, g, k) for g, k in zip(good, known, strict=True)]
        found = [
            _outliers(number, own, filled, variances, judged[number], clean, stamps, registration)
            for number, own in enumerate(_filled(images, judged, useless))
        ]
    return found


def _variance(epoch, region):
    """Return the usable variance of a region in units of flux."""
    variance = epoch.variance[region]
    good = variance[np.isfinite(variance) & (variance > 0)]
    noise = np.sqrt(np.median(good)) if len(good) else 1.0
    return usable_variance(variance, noise) / epoch.flux**2


def _filled(images, good, useless):
    """Return images whose pixels that are not good have the mean of the good ones of the others."""
    count = np.sum(good, axis=0)
    total = sum(np.where(g, image, 0) for g, image in zip(good, images, strict=True))
    mean = total / np.maximum(count, 1)
    return [
        np.where(g, image, np.where(count > 0, mean, np.where(np.isfinite(image), image, 0)))
        for g, image in zip(good, images, strict=True)
    ]


def _outliers(number, own, filled, variances, known, clean, psfs, registration):
    """Return the pixels of one image that are brighter than the others predict."""
    images = [*filled[:number], own, *filled[number + 1 :]]
    made = compare(number, images, variances, clean, psfs)
    known = np.isfinite(made.predicted) & known
    if not known.any():
        return known
    predicted = np.where(known, made.predicted, 0)
    residual = np.where(known, made.image - made.predicted, 0)
    noise2 = made.variance + made.predicted_variance
    noise2 = noise2 * max(1.0, mad_std(residual[known] / np.sqrt(noise2[known]))) ** 2
    residual = residual - _change(residual, predicted, made.predicted_variance)
    height = ndimage.maximum_filter(predicted, 5).clip(min=0)
    allowed = noise2 + np.square(_psf_error(residual, predicted, height, noise2) * height)
    allowed += _moved(predicted, registration[number], registration)
    # matching spreads an outlier: its pixels are those that exceed blank sky, or are in sources
    excess = np.where(known, own - made.predicted, 0)
    near = abs(_mean_score(excess, variances[number] + made.predicted_variance)) > WING
    near |= predicted > SOURCE * np.sqrt(made.predicted_variance)
    return _significant(residual, allowed, made.psf, near) & known


def _psf_error(residual, predicted, height, noise2):
    """Return the error of the PSF relative to the brightest of the neighbouring pixels."""
    # the cores of bright stars show it, robust against outliers
    core = (predicted > BRIGHT * np.sqrt(noise2)) & (predicted > 0.5 * height)
    error = PSF_ERROR
    if np.count_nonzero(core) >= LEAST_CORE:
        scatter = mad_std(residual[core] / height[core])
        excess = scatter**2 - np.median(noise2[core] / height[core] ** 2)
        error = max(error, np.sqrt(max(excess, 0.0)))
    shares = np.full(predicted.shape, error)
    # light from beyond the border is missing in a matched image
    border = np.ones(predicted.shape, bool)
    border[BORDER:-BORDER, BORDER:-BORDER] = False
    shares[border] = max(error, 0.5)
    return shares


def _moved(predicted, own, all_errors):
    """Return the variance that errors of registration cause."""
    error_x, error_y = np.hypot(own, np.median(all_errors, axis=0))
    slope_y, slope_x = np.gradient(predicted)
    moved = np.square(slope_x * max(error_x, LEAST_REGISTRATION))
    moved += np.square(slope_y * max(error_y, LEAST_REGISTRATION))
    # the error of interpolation reaches the neighbours
    return ndimage.maximum_filter(moved, 3)


def _change(residual, predicted, variance):
    """Return the part of the residual that is a change of flux of the predicted sources.

    The change of a source is the median ratio of residual and prediction over its pixels. A
    variable star so stays, and an outlier on a star, of fewer pixels, does not.
    """
    source = predicted > SOURCE * np.sqrt(variance)
    if not source.any():
        return np.zeros_like(residual)
    peaks = source & (predicted == ndimage.maximum_filter(predicted, 5))
    names, count = ndimage.label(peaks, np.ones((3, 3)))
    nearest = ndimage.distance_transform_edt(
        names == 0, return_distances=False, return_indices=True
    )
    names = np.where(source, names[tuple(nearest)], 0)
    ratio = residual / np.where(source, predicted, 1)
    numbers = np.arange(1, count + 1)
    change = np.nan_to_num(ndimage.median(ratio, names, numbers))
    change[np.bincount(names.ravel(), minlength=count + 1)[1:] < LEAST_PIXELS] = 0
    return np.concatenate([[0.0], change])[names] * np.where(predicted > 0, predicted, 0)


def _significant(residual, variance, psf, near):
    """Return outliers with their wings, within the pixels that are near."""
    score = residual / np.sqrt(variance)
    middle = psf[tuple(slice(max(0, n // 2 - 4), n // 2 + 5) for n in psf.shape)]
    filtered = ndimage.convolve(residual, middle[::-1, ::-1], mode="nearest")
    filtered /= np.sqrt(ndimage.convolve(variance, np.square(middle)[::-1, ::-1], mode="nearest"))
    mean = _mean_score(residual, variance)
    # a source that moves is faint in each pixel; the noise of the filtered image is correlated
    faint = (filtered > THRESHOLD * max(1.0, mad_std(filtered))) & (mean > WING)
    sure = (score > THRESHOLD) | faint
    # resampling surrounds an outlier with lobes of both signs
    wings = (abs(mean) > WING) | (abs(score) > WING)
    sure &= near
    outliers = ndimage.binary_propagation(sure, np.ones((3, 3)), mask=(wings & near) | sure)
    return ndimage.binary_dilation(outliers, np.ones((3, 3)))


def _mean_score(residual, variance):
    """Return the significance of the mean of 3 x 3 pixels."""
    mean = ndimage.uniform_filter(residual, 3)
    return mean / np.sqrt(ndimage.uniform_filter(variance, 3) / 9)
