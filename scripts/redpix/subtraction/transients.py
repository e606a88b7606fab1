"""Find transients in the score of a difference; measure their flux, kind and flags."""

from typing import NamedTuple

import numpy as np

from redpix.core.job import log
from redpix.image.masks import bit_value
from redpix.subtraction.extended_light import light_along_lines
from redpix.subtraction.halos_and_edges import halos
from redpix.subtraction.real_score import WEIGHTS, features_of, probability
from redpix.subtraction.shape_fit import fit_shapes
from redpix.subtraction.star_places import on_stars, star_residual
from redpix.subtraction.transient_places import find_places, interpolated, tops
from redpix.subtraction.transient_shapes import motion_gain, windows

#: flags of a transient beside the bits of `redpix.image.masks` (1 to 128)
FLAGS = {
    "HALO": 256,  # in the halo, the spikes or the bleeding of a saturated star
    "SHAPE": 512,  # not shaped like the PSF of the difference, see `misfit_of`
    "PIXELS": 1024,  # one or two single pixels fit better than the PSF: cosmic ray, hot pixel
    "EXTENDED": 2048,  # on light of a larger scale than the PSF: scattered light, gradient, halo
    "STAND_IN": 4096,  # measured with a profile that stands in for a PSF
}

#: misfit above which a transient is flagged SHAPE; at most 1.25 for simulated point sources
WORST_MISFIT = 1.45

#: share of the power of a point source that its residuals may have, as PSF errors leave it
LEAST_RESIDUAL = 0.05

#: the same in units of that of bright stars
RESIDUALS = 4.0

#: largest flux of a star over that of its change, up to which residuals of the star are allowed
MOST_CONSTANT = 10.0

#: signal-to-noise ratio of the light on both sides of a transient that makes a line
LEAST_LINE = 2.5

#: deviation of the gain by a point source, in standard deviations, that makes single pixels
GAIN_DEVIATIONS = 3.0

#: light at large scale over that of the transient, above which it is flagged EXTENDED
MOST_EXTENDED = 0.33

#: the same for a transient that is not shaped like a point source: the coma of a comet has 0.1
MOST_BESIDE_MISFIT = 0.06

#: height of the opposite lobe over that of the peak, above which a transient is moving
LEAST_DIPOLE = 0.4

#: half a side of the square in which masked pixels are counted, pixels
MASK_REACH = 6

#: half a side of a transient's cut-outs, pixels
CUT_OUT = 18


class Transients(NamedTuple):
    """Transients of a difference, one row per transient; coordinates 0-based.

    Attributes
    ----------
    x, y : ndarray
        Position, pixels.
    x_error, y_error : ndarray
        1-sigma errors of the position from pixel noise, see `transient_places.tops`.
    scorr : ndarray
        Score at the place; negative if the source faded.
    flux, flux_error : ndarray
        alpha at the place, and its error by noise, registration and calibration.
    kind : ndarray of str
        brighter, fainter, or moving: two lobes of opposite sign side by side.
    dipole : ndarray
        Height of the opposite lobe over that of the peak; 0 without an opposite lobe.
    motion : ndarray
        From `motion_gain`: above 0 for a motion, below for a change of brightness; NaN if it was
        not computed.
    misfit : ndarray
        From `misfit_of`: chi-squared of the shape over what is allowed; NaN if not computed.
    flags : ndarray of int
        Bits of `redpix.image.masks` near the peak and of `FLAGS`.
    score : ndarray
        Probability that the transient is real, from `redpix.subtraction.real_score`; NaN if not
        computed.
    features : ndarray, shape (n, 8)
        What the score is made from, `redpix.subtraction.real_score.Features`; NaN if not computed.
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
    score: np.ndarray
    features: np.ndarray


def find_transients(planes, mask, fwhm, threshold, pair=None):
    """Detect the transients of a difference and flag doubtful ones.

    Parameters
    ----------
    planes : redpix.subtraction.mosaic.Mosaic
        The difference.
    mask : ndarray of int
        Bits of `redpix.image.masks` of either image.
    fwhm : float
        FWHM of the wider PSF, pixels.
    threshold : float
        Detection threshold of |Scorr|.
    pair : redpix.subtraction.pair.RegisteredPair, optional
        The pair that was subtracted; needed for the places of stars that both images show.

    Returns
    -------
    Transients
        The most significant first.
    """
    transients = detect(
        planes.read("Scorr"),
        planes.read("alpha"),
        planes.read("alpha_error"),
        mask,
        fwhm,
        threshold,
        (planes.read("D"), planes.read("variance"), planes.P_D),
    )
    star_flux, residual = np.zeros(len(transients.x)), 0.0
    if pair is not None and len(transients.x):
        transients, star_flux = on_stars(transients, planes, pair)
        residual = star_residual(pair, planes.noise)
        log.info("residuals of bright stars: %.4f of their power", residual)
    x, y = transients.x, transients.y
    shapes = fit_shapes(planes, x, y, transients.flux, fwhm)
    misfit = misfit_of(shapes, residual, star_flux / np.maximum(abs(transients.flux), 1e-30))
    flags = transients.flags.copy()
    pixels = np.rint(y).astype(int), np.rint(x).astype(int)
    flags[halos(mask)[pixels]] |= FLAGS["HALO"]
    flags[misfit > WORST_MISFIT] |= FLAGS["SHAPE"]
    flags[are_pixels(shapes)] |= FLAGS["PIXELS"]
    ends = light_along_lines(planes.read("alpha"), planes.read("alpha_error"), x, y, fwhm)
    along = np.sign(transients.flux) * ends
    lines = (along > LEAST_LINE) & (along > MOST_EXTENDED * abs(shapes.signal_to_noise))
    coma = (misfit > WORST_MISFIT) & (shapes.extended > MOST_BESIDE_MISFIT)
    flags[(shapes.extended > MOST_EXTENDED) | lines | coma] |= FLAGS["EXTENDED"]
    transients = transients._replace(misfit=misfit, flags=flags)
    masked = np.mean(windows(mask, pixels[1], pixels[0], MASK_REACH, 1) != 0, axis=(1, 2))
    features = features_of(transients, shapes, along, masked, fwhm)
    return transients._replace(score=probability(features), features=np.column_stack(features))


def misfit_of(shapes, residual, constant):
    """Return the chi-squared of each point source over what noise and PSF errors allow.

    A PSF that is wrong leaves a share of a source's power. So what is allowed grows with the square
    of the signal-to-noise ratio. A star that changed leaves residuals of its constant light, too.

    Parameters
    ----------
    shapes : redpix.subtraction.shape_fit.ShapeFit
        Fits of the transients.
    residual : float
        Share of the power of bright stars that their PSF does not describe.
    constant : ndarray
        Flux of the star over that of its change; 0 without a star.

    Returns
    -------
    ndarray
        1 for a point source of little signal.
    """
    constant = np.minimum(constant, MOST_CONSTANT)
    share = LEAST_RESIDUAL + RESIDUALS * residual * (1 + constant**2)
    return shapes.chi_squared / (shapes.pixels + share * shapes.signal_to_noise**2)


def are_pixels(shapes):
    """Return which transients are single pixels of an image: cosmic rays and hot pixels.

    The gain by a point source over one or two single pixels has the mean G and the noise 2 sqrt(G).

    Parameters
    ----------
    shapes : redpix.subtraction.shape_fit.ShapeFit
        Fits of the transients.

    Returns
    -------
    ndarray of bool
    """
    expected = np.maximum(shapes.expected_gain, 0)
    least = expected - GAIN_DEVIATIONS * 2 * np.sqrt(expected)
    return shapes.gain < np.clip(least, 0, expected / 2)


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
    x, y = find_places(scorr, alpha, alpha_error, threshold, reach)
    height = scorr[y, x]
    opposite = _opposite(scorr, x, y, reach=int(np.ceil(1.5 * fwhm)))
    dipole = np.where(opposite > threshold / 2, opposite / abs(height), 0.0)
    unknown = np.full(len(x), np.nan)
    motion = unknown if difference is None else motion_gain(*difference, x, y, reach=reach)
    moving = (dipole > LEAST_DIPOLE) | (motion > 0)
    noise = np.asarray(alpha_error[y, x], float)
    position, errors = tops(windows(alpha, x, y, 1, 0.0) / noise[:, None, None], x, y)
    candidates = Transients(
        x=position[0],
        y=position[1],
        x_error=errors[0],
        y_error=errors[1],
        scorr=height,
        flux=interpolated(alpha, *position),
        # the score is damped by the errors of registration and calibration, and so they are in it
        flux_error=np.maximum(abs(alpha[y, x] / height), noise),
        kind=np.where(moving, "moving", np.where(height > 0, "brighter", "fainter")),
        dipole=dipole,
        motion=motion,
        misfit=unknown,
        flags=_flags(mask, x, y, reach=int(np.ceil(fwhm / 2))),
        score=unknown,
        features=np.full((len(x), len(WEIGHTS)), np.nan),
    )
    keep = ~_weaker_lobes(x, y, height, moving, 2 * fwhm)
    return Transients._make(column[keep] for column in candidates)


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


def _flags(mask, x, y, reach):
    """Return the combined mask bits of the pixels near each peak."""
    near = windows(mask, x, y, reach, bit_value("NO_DATA")).astype(np.int64)
    return np.bitwise_or.reduce(near, axis=(1, 2))


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
