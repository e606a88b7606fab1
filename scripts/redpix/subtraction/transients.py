"""Places where two epochs differ: detection on the score, brightness, kind, flags."""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

from redpix.image.masks import bit_value
from redpix.image.parabola import vertex_offset

#: flags of a transient beside the bits of `redpix.image.masks` (1 to 128)
FLAGS = {
    "HALO": 256,  # in the halo, the spikes or the bleeding of a saturated star
    "SHAPE": 512,  # not shaped like the PSF of the difference, see `shape_misfit`
}

#: a misfit above this is flagged SHAPE; point sources have 1.25 at most in simulations
WORST_MISFIT = 1.45


#: half a side of a transient's cut-outs, pixels
CUT_OUT = 18

#: rows that are looked at at a time
STRIP = 1024

#: farther from its centre, P_D tells motion from a change no more
PSF_REACH = 12


class Transients(NamedTuple):
    """A row a transient; coordinates 0-based.

    Attributes
    ----------
    x, y : ndarray
    x_error, y_error : ndarray
        Of the place by noise alone, see `_tops`.
    scorr : ndarray
        At the peak; negative for what faded.
    flux, flux_error : ndarray
        alpha at its top between the pixels, and its error at the peak.
    kind : ndarray of str
        brighter, fainter, or moving: two lobes of opposite sign side by side.
    dipole : ndarray
        Height of the opposite lobe over that of the peak, 0 where there is none.
    motion : ndarray
        See `motion_gain`: above 0 for what moved rather than changed its brightness; NaN where
        it was not looked at.
    flags : ndarray of int
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
    flags: np.ndarray


def detect(scorr, alpha, alpha_error, mask, fwhm, threshold=5.0, difference=None):
    """Find transients of both signs.

    Parameters
    ----------
    scorr, alpha, alpha_error : ndarray
        NaN where not known.
    mask : ndarray of int
        Bits of `redpix.image.masks` of either epoch.
    fwhm : float
        Of the wider PSF, pixels: no two transients are nearer than that.
    threshold : float
        Least |Scorr|.
    difference : (ndarray, ndarray, ndarray), optional
        D, its variance and its PSF: with them small motions are told from changes, too.

    Returns
    -------
    Transients
        The most significant first.
    """
    with np.errstate(invalid="ignore"):
        y, x = np.nonzero(abs(scorr) > threshold)
    # of the few pixels above it, those that are the first of the highest in the square about them
    reach = int(np.ceil(fwhm))
    size = (2 * reach + 1) ** 2
    near = abs(windows(scorr, x, y, reach, 0.0)).reshape(len(x), size)
    peak = np.argmax(near, axis=1) == size // 2
    x, y = x[peak], y[peak]
    strength = abs(scorr[y, x])
    order = np.lexsort((x, y, -strength))
    x, y = x[order], y[order]
    height = scorr[y, x]
    opposite = _opposite(scorr, x, y, reach=int(np.ceil(1.5 * fwhm)))
    dipole = np.where(opposite > threshold / 2, opposite / abs(height), 0.0)
    motion = np.full(len(x), np.nan)
    if difference is not None:
        motion = motion_gain(*difference, x, y, reach=int(np.ceil(fwhm)))
    moving = (dipole > 0.4) | (motion > 0)
    keep = ~_weaker_lobes(x, y, height, moving, 2 * fwhm)
    kind = np.where(moving, "moving", np.where(height > 0, "brighter", "fainter"))
    flags = _flags(mask, x, y, reach=int(np.ceil(fwhm / 2)))
    places, errors, _ = _tops(scorr, x, y)
    *_, flux = _tops(alpha, x, y)
    columns = (
        *(*places, *errors, height, flux, alpha_error[y, x]),
        *(kind, dipole, motion, flags),
    )
    return Transients(*(column[keep] for column in columns))


def windows(image, x, y, reach, fill):
    """The square of pixels about each place; what is not known or outside the image is `fill`.

    Parameters
    ----------
    image : ndarray
    x, y : ndarray of int, shape (n,)
        0-based.
    reach : int
        Half a side.
    fill : float

    Returns
    -------
    ndarray, shape (n, 2 * reach + 1, 2 * reach + 1)
    """
    steps = np.arange(-reach, reach + 1)
    rows, columns = y[:, None, None] + steps[:, None], x[:, None, None] + steps
    inside = (rows >= 0) & (rows < image.shape[0]) & (columns >= 0) & (columns < image.shape[1])
    near = image[np.clip(rows, 0, image.shape[0] - 1), np.clip(columns, 0, image.shape[1] - 1)]
    return np.where(inside & np.isfinite(near), near, near.dtype.type(fill))


def shape_misfit(difference, variance, psf, x, y, reach=4, tolerance=0.15):
    """How badly the difference image about each place fits its PSF.

    A PSF that may lie between pixels is fitted linearly; what is left is compared with the noise
    and a part of the PSF itself.

    Parameters
    ----------
    difference, variance : ndarray
        D and its variance.
    psf : ndarray
        P_D, a stamp of odd sides.
    x, y : ndarray
        Places, 0-based.
    reach : int
        Half a side of the square that is looked at, pixels.
    tolerance : float
        Error of the PSF, relative.

    Returns
    -------
    ndarray
        Mean of squared residuals over their variance: 1 for a point source.
    """
    x, y = np.rint(x).astype(int), np.rint(y).astype(int)
    slope_y, slope_x = np.gradient(psf)
    middle = psf.shape[0] // 2
    part = (slice(middle - reach, middle + reach + 1),) * 2
    design = np.stack([plane[part].ravel() for plane in (psf, slope_x, slope_y)], axis=1)
    shape = len(x), (2 * reach + 1) ** 2
    data = windows(difference, x, y, reach, 0.0).reshape(shape)
    noise = windows(variance, x, y, reach, np.inf).reshape(shape)
    misfit = np.empty(len(x))
    for row in range(len(x)):
        weight = 1 / np.sqrt(noise[row])
        fit = np.linalg.lstsq(design * weight[:, None], data[row] * weight, rcond=None)[0]
        model = design @ fit
        allowed = noise[row] + (tolerance * model) ** 2
        misfit[row] = np.sum((data[row] - model) ** 2 / allowed) / np.isfinite(noise[row]).sum()
    return misfit


def motion_gain(difference, variance, psf, x, y, reach):
    """How much better motion describes a place of the difference image than a change does.

    The score of a change is S, a matched filter of D with P_D; that of a small motion is the
    gradient of S (Springer et al. 2024, AJ 167, 281, "translient"), a filter with the slopes of
    P_D. Squared over their variance they are, of noise, distributed as chi squared with 1 and 2
    degrees of freedom. The highest of each near the place are compared, less twice their degrees
    of freedom. Pixels are weighted by the inverse of their variance, which is not in that paper:
    noise that rises towards a star would make its flank look like a motion.

    Parameters
    ----------
    difference, variance, psf : ndarray
        D, its variance and P_D, a stamp of odd sides.
    x, y : ndarray of int
        Peaks of the score, 0-based.
    reach : int
        How far the highest values may lie from them, pixels.

    Returns
    -------
    ndarray
        Above 0 where motion is the better description.
    """
    slope_y, slope_x = np.gradient(psf)
    middle = psf.shape[0] // 2
    half = min(middle, PSF_REACH)
    part = (slice(middle - half, middle + half + 1),) * 2
    data = windows(difference, x, y, reach + half, 0.0)
    noise = windows(variance, x, y, reach + half, np.inf)
    weight, pull = (
        sliding_window_view(window, (2 * half + 1,) * 2, axis=(1, 2))
        for window in (1 / noise, data / noise)
    )
    change, along_x, along_y = (plane[part] for plane in (psf, slope_x, slope_y))

    def fitted(image, kernel):
        return np.einsum("nyxij,ij->nyx", image, kernel)

    # where next to nothing is known nothing is gained
    brighter = fitted(pull, change) ** 2 / np.maximum(fitted(weight, change**2), 1e-12)
    # gain of a least-squares fit of both slopes at once
    bx, by = fitted(pull, along_x), fitted(pull, along_y)
    xx, yy = fitted(weight, along_x**2), fitted(weight, along_y**2)
    xy = fitted(weight, along_x * along_y)
    moved = yy * bx**2 + xx * by**2 - 2 * xy * bx * by
    moved /= np.maximum(xx * yy - xy**2, 1e-6 * xx * yy + 1e-24)
    return np.max(moved, axis=(1, 2), initial=0) - np.max(brighter, axis=(1, 2), initial=0) - 2


def _opposite(scorr, x, y, reach):
    """Height of the highest score of the other sign near each peak."""
    near = windows(scorr, x, y, reach, 0.0)
    return np.max(near * -np.sign(scorr[y, x])[:, None, None], axis=(1, 2), initial=0.0)


def _weaker_lobes(x, y, height, moving, radius):
    """Rows that are the weaker lobe of a dipole that is listed before them."""
    weaker = np.zeros(len(x), bool)
    for row in np.flatnonzero(moving):
        before = moving[:row] & ~weaker[:row] & (height[:row] * height[row] < 0)
        weaker[row] = np.any(before & (np.hypot(x[:row] - x[row], y[:row] - y[row]) < radius))
    return weaker


def _tops(image, x, y):
    """Place, its error, and height of the top of the parabola through each peak and its neighbours.

    A score s has noise of 1 whose correlation between pixels falls as s itself does about a point
    source: its slope has the noise sqrt(c / s), where c is the curvature of s at the peak, and the
    place where the slope is 0 has 1 / sqrt(s c); of what is no score the error says nothing.
    """
    near = windows(image, x, y, 1, 0.0).astype(float)
    centre = near[:, 1, 1]
    places, errors, top = [], [], centre.copy()
    for low, high, start in ((near[:, 1, 0], near[:, 1, 2], x), (near[:, 0, 1], near[:, 2, 1], y)):
        step, curve = vertex_offset(low, centre, high)
        places.append(start + step)
        sharpness = np.maximum(-curve * centre, 0)
        unknown = np.full(len(x), np.nan)
        errors.append(np.divide(1, np.sqrt(sharpness), out=unknown, where=sharpness > 0))
        top += (high - low) / 2 * step + curve / 2 * step**2
    return places, errors, top


def _flags(mask, x, y, reach):
    near = windows(mask, x, y, reach, bit_value("NO_DATA")).astype(np.int64)
    return np.bitwise_or.reduce(near, axis=(1, 2))


def halos(mask, shape_factor=3.0, room=12.0):
    """Pixels in the halo, the spikes or the bleeding of saturated stars.

    Parameters
    ----------
    mask : ndarray of int
        With SATURATED bits.
    shape_factor : float
        Radius of a halo over that of the saturated pixels.
    room : float
        Pixels added to it.

    Returns
    -------
    ndarray of bool
    """
    saturated = (mask & bit_value("SATURATED")) != 0
    labels, count = ndimage.label(saturated, np.ones((3, 3)))
    halo = np.zeros(mask.shape, bool)
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        radius = int(shape_factor * np.sqrt(areas[number] / np.pi) + room)
        rows, columns = (slice(max(0, part.start - radius), part.stop + radius) for part in place)
        near = labels[rows, columns] == number
        halo[rows, columns] |= ndimage.distance_transform_edt(~near) <= radius
    return halo


def beside_the_sky(mask, reach):
    """EDGE bits of a mask: pixels so near to NO_DATA that kernels reach into it."""
    outside = (mask & bit_value("NO_DATA")) != 0
    near = np.zeros(mask.shape, bool)
    margin = int(np.ceil(reach))
    # in strips: distances take twenty times the memory of the mask
    for low in range(0, len(mask), STRIP):
        start, stop = max(0, low - margin), min(len(mask), low + STRIP + margin)
        first = int(start == 0)
        beyond = (first, int(stop == len(mask))), (1, 1)
        part = np.pad(outside[start:stop], beyond, constant_values=True)
        distance = ndimage.distance_transform_edt(~part)[first:, 1:-1]
        near[low : low + STRIP] = (distance <= reach)[low - start :][: len(near[low : low + STRIP])]
    return np.where(near & ~outside, bit_value("EDGE"), 0).astype(mask.dtype)


def matches(x, y, true_x, true_y, radius=3.0):
    """Which true places have a detection near, and which detections a true place.

    Parameters
    ----------
    x, y : array_like
        Detections, pixels.
    true_x, true_y : array_like
    radius : float
        Pixels.

    Returns
    -------
    hit : ndarray of bool
        A value for each true place.
    used : ndarray of bool
        A value for each detection.
    """
    found, true = np.column_stack([x, y]), np.column_stack([true_x, true_y])
    near = np.hypot(*(found[:, None] - true[None]).transpose(2, 0, 1)) < radius
    return near.any(axis=0), near.any(axis=1)
