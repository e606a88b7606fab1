"""Find transients in the score of a difference; measure their flux, kind and flags."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.image.masks import bit_value
from redpix.image.parabola import vertex_offset
from redpix.subtraction.transient_shapes import motion_gain, shape_misfit, windows

#: flags of a transient beside the bits of `redpix.image.masks` (1 to 128)
FLAGS = {
    "HALO": 256,  # in the halo, the spikes or the bleeding of a saturated star
    "SHAPE": 512,  # not shaped like the PSF of the difference, see `shape_misfit`
}

#: misfit above which a transient is flagged SHAPE; at most 1.25 for simulated point sources
WORST_MISFIT = 1.45

#: height of the opposite lobe over that of the peak, above which a transient is moving
LEAST_DIPOLE = 0.4

#: half a side of a transient's cut-outs, pixels
CUT_OUT = 18

#: rows of a mask in which distances are computed together; bounds the memory
STRIP = 1024


class Transients(NamedTuple):
    """Transients of a difference, one row per transient; coordinates 0-based.

    Attributes
    ----------
    x, y : ndarray
        Position, pixels.
    x_error, y_error : ndarray
        1-sigma errors of the position from pixel noise, see `_tops`.
    scorr : ndarray
        Score at the peak; negative if the source faded.
    flux, flux_error : ndarray
        alpha at its maximum between the pixels, and its error at the peak.
    kind : ndarray of str
        brighter, fainter, or moving: two lobes of opposite sign side by side.
    dipole : ndarray
        Height of the opposite lobe over that of the peak; 0 without an opposite lobe.
    motion : ndarray
        From `motion_gain`: above 0 for a motion, below for a change of brightness; NaN if it was
        not computed.
    misfit : ndarray
        From `shape_misfit`: chi-squared per pixel of the shape; NaN if it was not computed.
    flags : ndarray of int
        Bits of `redpix.image.masks` near the peak and of `FLAGS`.
    """

    x: np.ndarray
    y: np.ndarray
    x_error: np.ndarray
    y_error: np.ndarray
    scorr: np.ndarray
    flux: np.ndarray
    flux_error: np.ndarray
    kind: np.ndarray
    dipole: np.ndarray
    motion: np.ndarray
    misfit: np.ndarray
    flags: np.ndarray


def find_transients(planes, mask, fwhm, threshold):
    """Detect the transients of a difference and flag doubtful ones.

    Parameters
    ----------
    planes : redpix.subtraction.tiles.Mosaic
        The difference.
    mask : ndarray of int
        Bits of `redpix.image.masks` of either image.
    fwhm : float
        FWHM of the wider PSF, pixels.
    threshold : float
        Detection threshold of |Scorr|.

    Returns
    -------
    Transients
        The most significant first.
    """
    difference = (planes.read("D"), planes.read("variance"), planes.P_D)
    transients = detect(
        planes.read("Scorr"),
        planes.read("alpha"),
        planes.read("alpha_error"),
        mask,
        fwhm,
        threshold,
        difference,
    )
    x, y = transients.x, transients.y
    flags = transients.flags.copy()
    inside = halos(mask)[np.rint(y).astype(int), np.rint(x).astype(int)]
    flags[inside] |= FLAGS["HALO"]
    misfit = shape_misfit(*difference, x, y)
    flags[misfit > WORST_MISFIT] |= FLAGS["SHAPE"]
    return transients._replace(misfit=misfit, flags=flags)


def detect(scorr, alpha, alpha_error, mask, fwhm, threshold=5.0, difference=None):
    """Detect transients of both signs.

    Parameters
    ----------
    scorr, alpha, alpha_error : ndarray
        Score, flux of a point source and its error; NaN in invalid pixels.
    mask : ndarray of int
        Bits of `redpix.image.masks` of either image.
    fwhm : float
        FWHM of the wider PSF and minimum distance of two transients, pixels.
    threshold : float
        Detection threshold of |Scorr|.
    difference : (ndarray, ndarray, ndarray), optional
        D, its variance and its PSF; needed to separate small motions from changes.

    Returns
    -------
    Transients
        The most significant first.
    """
    reach = int(np.ceil(fwhm))
    x, y = _peaks(scorr, threshold, reach)
    height = scorr[y, x]
    opposite = _opposite(scorr, x, y, reach=int(np.ceil(1.5 * fwhm)))
    dipole = np.where(opposite > threshold / 2, opposite / abs(height), 0.0)
    unknown = np.full(len(x), np.nan)
    motion = unknown if difference is None else motion_gain(*difference, x, y, reach=reach)
    moving = (dipole > LEAST_DIPOLE) | (motion > 0)
    position, errors, _ = _tops(scorr, x, y)
    _, _, flux = _tops(alpha, x, y)
    candidates = Transients(
        x=position[0],
        y=position[1],
        x_error=errors[0],
        y_error=errors[1],
        scorr=height,
        flux=flux,
        flux_error=alpha_error[y, x],
        kind=np.where(moving, "moving", np.where(height > 0, "brighter", "fainter")),
        dipole=dipole,
        motion=motion,
        misfit=unknown,
        flags=_flags(mask, x, y, reach=int(np.ceil(fwhm / 2))),
    )
    keep = ~_weaker_lobes(x, y, height, moving, 2 * fwhm)
    return Transients._make(column[keep] for column in candidates)


def _peaks(scorr, threshold, reach):
    """Return x, y of the pixels that are the maximum of the square about them, highest first."""
    with np.errstate(invalid="ignore"):
        y, x = np.nonzero(abs(scorr) > threshold)
    # of equal maxima in a square the first is the peak
    size = (2 * reach + 1) ** 2
    near = abs(windows(scorr, x, y, reach, 0.0)).reshape(len(x), size)
    peak = np.argmax(near, axis=1) == size // 2
    x, y = x[peak], y[peak]
    strength = abs(scorr[y, x])
    order = np.lexsort((x, y, -strength))
    return x[order], y[order]


def _opposite(scorr, x, y, reach):
    """Return the height of the highest score of the other sign near each peak."""
    near = windows(scorr, x, y, reach, 0.0)
    return np.max(near * -np.sign(scorr[y, x])[:, None, None], axis=(1, 2), initial=0.0)


def _weaker_lobes(x, y, height, moving, radius):
    """Return which rows are the weaker lobe of a dipole that is listed before them."""
    weaker = np.zeros(len(x), bool)
    for row in np.flatnonzero(moving):
        before = moving[:row] & ~weaker[:row] & (height[:row] * height[row] < 0)
        weaker[row] = np.any(before & (np.hypot(x[:row] - x[row], y[:row] - y[row]) < radius))
    return weaker


def _tops(image, x, y):
    """Return position, its error and height of the parabola through each peak.

    The noise of a score s is 1, and its correlation between pixels falls as s itself does about a
    point source. Its slope has the noise sqrt(c / s), where c is the curvature of s at the peak.
    The position where the slope is 0 has the error 1 / sqrt(s c). The error holds for a score only.
    """
    near = windows(image, x, y, 1, 0.0).astype(float)
    centre = near[:, 1, 1]
    positions, errors, top = [], [], centre.copy()
    for low, high, start in ((near[:, 1, 0], near[:, 1, 2], x), (near[:, 0, 1], near[:, 2, 1], y)):
        step, curve = vertex_offset(low, centre, high)
        positions.append(start + step)
        sharpness = np.maximum(-curve * centre, 0)
        unknown = np.full(len(x), np.nan)
        errors.append(np.divide(1, np.sqrt(sharpness), out=unknown, where=sharpness > 0))
        top += (high - low) / 2 * step + curve / 2 * step**2
    return positions, errors, top


def _flags(mask, x, y, reach):
    """Return the combined mask bits of the pixels near each peak."""
    near = windows(mask, x, y, reach, bit_value("NO_DATA")).astype(np.int64)
    return np.bitwise_or.reduce(near, axis=(1, 2))


def halos(mask, shape_factor=3.0, room=12.0):
    """Return the pixels in the halo, the spikes or the bleeding of saturated stars.

    Parameters
    ----------
    mask : ndarray of int
        With SATURATED bits.
    shape_factor : float
        Radius of a halo over that of the saturated pixels.
    room : float
        Width added to the radius, pixels.

    Returns
    -------
    ndarray of bool
    """
    saturated = (mask & bit_value("SATURATED")) != 0
    labels, count = ndimage.label(saturated, np.ones((3, 3)))
    halo = np.zeros(mask.shape, bool)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    for number, region in enumerate(ndimage.find_objects(labels), start=1):
        radius = int(shape_factor * np.sqrt(areas[number] / np.pi) + room)
        rows, columns = (slice(max(0, axis.start - radius), axis.stop + radius) for axis in region)
        near = labels[rows, columns] == number
        halo[rows, columns] |= ndimage.distance_transform_edt(~near) <= radius
    return halo


def beside_the_sky(mask, reach):
    """Return EDGE bits for the pixels whose kernels reach into NO_DATA.

    Parameters
    ----------
    mask : ndarray of int
        Bits of `redpix.image.masks`.
    reach : float
        Reach of the kernels, pixels.

    Returns
    -------
    ndarray
        Of the type of the mask; 0 outside the image and far from its edges.
    """
    outside = (mask & bit_value("NO_DATA")) != 0
    near = np.zeros(mask.shape, bool)
    margin = int(np.ceil(reach))
    # in strips, because distances take twenty times the memory of the mask
    for low in range(0, len(mask), STRIP):
        start, stop = max(0, low - margin), min(len(mask), low + STRIP + margin)
        first = int(start == 0)
        beyond = (first, int(stop == len(mask))), (1, 1)
        strip = np.pad(outside[start:stop], beyond, constant_values=True)
        distance = ndimage.distance_transform_edt(~strip)[first:, 1:-1]
        near[low : low + STRIP] = (distance <= reach)[low - start :][: len(near[low : low + STRIP])]
    return np.where(near & ~outside, bit_value("EDGE"), 0).astype(mask.dtype)


def matches(x, y, true_x, true_y, radius=3.0):
    """Match detections and true positions.

    Parameters
    ----------
    x, y : array_like
        Detections, pixels.
    true_x, true_y : array_like
        True positions, pixels.
    radius : float
        Maximum distance, pixels.

    Returns
    -------
    hit : ndarray of bool
        Whether a detection is near, one value per true position.
    used : ndarray of bool
        Whether a true position is near, one value per detection.
    """
    detected, true = np.column_stack([x, y]), np.column_stack([true_x, true_y])
    offset = detected[:, None] - true[None]
    near = np.hypot(offset[..., 0], offset[..., 1]) < radius
    return near.any(axis=0), near.any(axis=1)
