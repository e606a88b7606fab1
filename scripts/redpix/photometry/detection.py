"""Detect stars in an image with a matched filter.

The signal-to-noise ratio of a star of PSF p at a position is sum(w d p) / sqrt(sum(w p^2)). Here d
is the image and w is one over its variance. Among linear filters, this one has the highest
signal-to-noise ratio.
"""

import numpy as np
from scipy import fft
from scipy.spatial import cKDTree

from redpix.image.parabola import vertex_offset
from redpix.image.strips import strips
from redpix.photometry.scene import Placed

#: half-width of the filter, FWHM
_FILTER = 2.5

#: relative error of the model of a star; fainter sources are not detected on top of it
_MODEL_ERROR = 0.03

#: a pixel is hot if its neighbours have less than this fraction of the minimum for a star
_SHARP = 0.5

#: a star is detected only where valid pixels hold this fraction of the filter's power
_LEAST_SEEN = 0.05

#: maximum number of stars per area of a circle of the FWHM; where more are detected, most are
#: pieces of stars that the PSF does not describe. Least number that a fit holds in any case
_PER_BEAM, _LEAST = 0.3, 30


def separable(stars, psf):
    """Return the brightest stars, as many as stars of their width can be told apart.

    Parameters
    ----------
    stars : redpix.photometry.scene.Placed
        Detected stars.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.

    Returns
    -------
    redpix.photometry.scene.Placed
        The same object if they are few enough. This bounds the time of a fit.
    """
    beams = psf.shape[0] * psf.shape[1] / (np.pi / 4 * psf.fwhm**2)
    most = max(int(_PER_BEAM * beams), _LEAST)
    return stars if len(stars.x) <= most else stars.take(np.argsort(-stars.flux)[:most])


def matched_filter(image, weight, stamp):
    """Return the signal-to-noise ratio and the flux of a star at each pixel.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    weight : ndarray, shape (ny, nx)
        One over the variance; 0 in masked pixels.
    stamp : ndarray, shape (side, side)
        PSF centred on the middle pixel.

    Returns
    -------
    ratio, flux : ndarray, shape (ny, nx)
    """
    some = weight[::4, ::4]  # a sixteenth of the pixels is enough, unless all of it is masked
    positive = some[some > 0] if (some > 0).any() else weight[weight > 0]
    if not len(positive):
        return np.zeros((2, *image.shape), np.float32)
    # scaled to values near 1, for which float32 is precise enough
    scale = float(np.median(positive))
    half = stamp.shape[0] // 2
    shape = [fft.next_fast_len(side + 2 * half, real=True) for side in image.shape]
    # the turned kernel begins half its side before the pixel
    rows, columns = (slice(half, half + side) for side in image.shape)

    def correlated(plane, kernel):
        transform = fft.rfft2(plane, shape)
        transform *= fft.rfft2(kernel[::-1, ::-1].astype(np.float32), shape)
        return fft.irfft2(transform, shape, overwrite_x=True)[rows, columns]

    weight = (weight / scale).astype(np.float32)
    signal = correlated(np.where(weight > 0, image, 0).astype(np.float32) * weight, stamp)
    power = correlated(weight, stamp**2)
    seen = power > _LEAST_SEEN * np.sum(stamp**2)
    power = np.where(seen, power, 1.0)
    ratio = np.where(seen, signal / np.sqrt(power) * np.sqrt(scale), 0)
    return ratio, np.where(seen, signal / power, 0)


def filter_stamp(psf):
    """Return the PSF in the middle of the image, centred on a pixel, for the matched filter.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.

    Returns
    -------
    ndarray, shape (side, side)
    """
    half = min(int(np.ceil(_FILTER * psf.fwhm)), psf.reach)
    middle = np.array([float(psf.shape[1] // 2)]), np.array([float(psf.shape[0] // 2)])
    return psf.stamps(*middle, half, derivatives=False)[0]


def detect(scene, psf, threshold, model=None, *, with_ratio=False):
    """Detect stars in an image, or in its residual after subtraction of known stars.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    threshold : float
        Minimum signal-to-noise ratio.
    model : ndarray, shape (ny, nx), optional
        Model of known stars, counts. Its error is added to the noise.
    with_ratio : bool
        Return the signal-to-noise ratios as well.

    Returns
    -------
    stars : redpix.photometry.scene.Placed
    ratio : ndarray, shape (n,)
        Only with `with_ratio`.
    """
    stamp = filter_stamp(psf)
    half = stamp.shape[0] // 2
    ratio, fluxes = np.zeros(scene.image.shape, np.float32), []
    for rows, wide, inner in strips(len(ratio), half):
        image, variance, gain = (plane[wide] for plane in scene)
        if model is not None:
            image = image - model[wide]
            light = np.maximum(model[wide], 0)
            variance = variance + light / gain + (_MODEL_ERROR * light) ** 2
        made = matched_filter(image, 1 / variance, stamp)
        ratio[rows] = made[0][inner]
        # a whole plane of fluxes would fill the memory beside a large image
        fluxes.append(made[1][inner][ratio[rows] > threshold])
    y, x = np.nonzero(ratio > threshold)
    highest = _are_peaks(ratio, y, x)
    y, x, flux = y[highest], x[highest], np.concatenate(fluxes)[highest].astype(float)
    shift_x, shift_y = (_peak_offset(ratio, y, x, axis) for axis in (1, 0))
    stars = Placed(x + shift_x, y + shift_y, flux)
    return (stars, ratio[y, x]) if with_ratio else stars


def _are_peaks(ratio, y, x):
    """Return whether no neighbour of a pixel exceeds it."""
    value = ratio[y, x]
    highest = np.ones(len(y), bool)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            row = np.clip(y + down, 0, ratio.shape[0] - 1)
            column = np.clip(x + right, 0, ratio.shape[1] - 1)
            highest &= ratio[row, column] <= value
    return highest


def _peak_offset(ratio, y, x, axis):
    """Return the offset of the parabola's vertex from each peak along an axis; -0.5 to 0.5."""
    before, after = (
        ratio[
            np.clip(y + step * (axis == 0), 0, ratio.shape[0] - 1),
            np.clip(x + step * (axis == 1), 0, ratio.shape[1] - 1),
        ].astype(float)
        for step in (-1, 1)
    )
    return vertex_offset(before, ratio[y, x].astype(float), after)[0]


def sharp_pixels(scene, psf):
    """Find pixels that are sharper than a star: hot pixels and cosmic rays.

    The four neighbours of the brightest pixel of a star have at least a certain fraction of its
    value. The fraction is smallest if the star is centred on the pixel. A pixel is sharp if its
    neighbours have less than half of this fraction, at five sigma.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    middle = np.array([float(psf.shape[1] // 2)]), np.array([float(psf.shape[0] // 2)])
    stamp = psf.stamps(*middle, 1, derivatives=False)[0]
    share = 0.25 * (stamp[0, 1] + stamp[2, 1] + stamp[1, 0] + stamp[1, 2]) / stamp[1, 1]
    least = _SHARP * share
    image, sharp = scene.image, np.zeros(scene.image.shape, bool)
    # pixels on the border are left out, because they lack neighbours
    inner = image[1:-1, 1:-1]
    y, x = np.nonzero(inner > 5 * np.sqrt(scene.variance[1:-1, 1:-1]))
    y, x = y + 1, x + 1
    neighbours = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
    beside = np.array([image[yx] for yx in neighbours])
    # pixels beside a hidden pixel are left out, too
    complete = np.all([np.isfinite(scene.variance[yx]) for yx in neighbours], axis=0)
    value, variance = image[y, x], scene.variance[y, x]
    noise2 = variance * (0.25 + least**2) + value / scene.gain[y, x] * least**2
    lack = least * value - beside.mean(axis=0)
    sharp[y, x] = complete & (lack > 5 * np.sqrt(noise2)) & (value > beside.max(axis=0))
    return sharp


def apart(stars, others, distance):
    """Find the stars that are farther than a distance from all other stars.

    Parameters
    ----------
    stars, others : redpix.photometry.scene.Placed
        Stars to test, and the other stars.
    distance : float
        Pixels.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    if not len(others.x) or not len(stars.x):
        return np.ones(len(stars.x), bool)
    tree = cKDTree(np.column_stack([others.x, others.y]))
    near, _ = tree.query(np.column_stack([stars.x, stars.y]))
    return near > distance


def merged(stars, distance):
    """Find the stars with a brighter star within a distance: one star, fitted twice.

    Parameters
    ----------
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
    distance : float
        Pixels.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    gone = np.zeros(len(stars.x), bool)
    if len(stars.x) < 2:
        return gone
    pairs = cKDTree(np.column_stack([stars.x, stars.y])).query_pairs(
        distance, output_type="ndarray"
    )
    fainter = np.where(stars.flux[pairs[:, 0]] < stars.flux[pairs[:, 1]], pairs[:, 0], pairs[:, 1])
    gone[fainter] = True
    return gone
