"""Places of stars that both images show: a star that brightens or fades is where it always is."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.subtraction.transient_places import interpolated
from redpix.subtraction.transient_shapes import windows

#: minimum signal-to-noise ratio of a star in each image whose place is used
LEAST_SN = 20.0

#: maximum number of steps of a fit
STEPS = 12

#: largest distance of a star from the start of its fit, in units of the FWHM
FARTHEST = 1.0

#: distance of two places in standard deviations above which they belong to two sources
APART = 3.0

#: maximum number of stars, and minimum signal-to-noise ratio, that residuals are measured of
MOST_STARS, LEAST_BRIGHT = 40, 50.0

#: error of a place by the shape of a PSF, which noise does not explain, pixels
SHARED = 0.02


class StarFitPlace(NamedTuple):
    """Point source fitted to an image.

    Attributes
    ----------
    place : ndarray, shape (2,)
        x and y, 0-based.
    error : float
        1-sigma error along an axis by noise, pixels.
    flux : float
        Counts of the image.
    signal_to_noise : float
        Of the flux.
    residual : float
        Sum of the squared residuals beyond noise, over that of the point source itself.
    """

    place: np.ndarray
    error: float
    flux: float
    signal_to_noise: float
    residual: float


def on_stars(transients, planes, pair):
    """Return transients with the places of the stars that they are a change of.

    The place of a star is better known from the two images than from their difference. It is taken
    if it agrees with the place of the change within the errors of both. The flux is the one there.

    Parameters
    ----------
    transients : redpix.subtraction.transients.Transients
        Transients of the difference.
    planes : redpix.subtraction.mosaic.Mosaic
        The difference.
    pair : redpix.subtraction.pair.RegisteredPair
        The pair that was subtracted.

    Returns
    -------
    transients : redpix.subtraction.transients.Transients
    star_flux : ndarray
        Flux of the brighter image of the star, in the unit of the science image; 0 without a star.
    """
    star_flux = np.zeros(len(transients.x))
    columns = (transients.x, transients.y, transients.x_error, transients.y_error, transients.flux)
    x, y, x_error, y_error, flux = (np.array(column, float) for column in columns)
    alpha, alpha_error, variance = (
        planes.read(name) for name in ("alpha", "alpha_error", "variance")
    )
    width = pair.fwhm
    for row in range(len(x)):
        pixel = round(y[row]), round(x[row])
        noise = np.array(planes.noise) * np.sqrt(max(variance[pixel], 1.0))
        place, error, light = star_place(pair, noise, x[row], y[row])
        if not np.isfinite(error):
            continue
        # errors of PSF and flux ratio leave a rest of the star, which shifts a faint change
        rest = np.sqrt(max(transients.flux_error[row] ** 2 - alpha_error[pixel] ** 2, 0.0))
        rest *= width / abs(flux[row])
        allowed = APART * np.hypot.reduce([np.hypot(x_error[row], y_error[row]), error, rest])
        if np.linalg.norm(place - (x[row], y[row])) < allowed + SHARED:
            x[row], y[row] = place
            x_error[row] = y_error[row] = error
            star_flux[row] = light
            flux[row] = interpolated(alpha, x[row : row + 1], y[row : row + 1])[0]
    moved = transients._replace(x=x, y=y, x_error=x_error, y_error=y_error, flux=flux)
    return moved, star_flux


def star_place(pair, noise, x, y):
    """Return the place of a star that both images of a pair show.

    Parameters
    ----------
    pair : redpix.subtraction.pair.RegisteredPair
        Images and PSFs on the same pixels.
    noise : ndarray, shape (2,)
        1-sigma noise of a pixel near the star in the new image and in the reference.
    x, y : float
        Start, 0-based.

    Returns
    -------
    place : ndarray, shape (2,)
        x and y, 0-based; the mean of both images, weighted by the inverse variance.
    error : float
        1-sigma error of the place along an axis. NaN if a star is missing in either image, or if
        the two images show it at different places.
    flux : float
        Of the image in which the star is brighter, in the unit of the new image.
    """
    missing = np.full(2, np.nan), np.nan, 0.0
    fits = []
    images = (pair.new, pair.psf_new), (pair.reference, pair.psf_reference)
    for (image, psf), sigma in zip(images, noise, strict=True):
        if not image[round(y), round(x)] > sigma:
            return missing
        fit = fit_point(image, psf.at(round(x), round(y)), sigma, x, y, psf.fwhm)
        if fit is None or fit.signal_to_noise < LEAST_SN:
            return missing
        fits.append(fit)
    first, second = fits
    registration = np.hypot.reduce(pair.comparison.registration_error)
    apart = np.hypot.reduce(first.place - second.place)
    if apart > APART * np.hypot.reduce([first.error, second.error, registration]) + SHARED:
        return missing
    weight = np.array([fit.error**-2.0 for fit in fits])
    place = np.average([fit.place for fit in fits], axis=0, weights=weight)
    # two images with their own PSF errors show how well a place is known
    flux = max(first.flux, second.flux / pair.comparison.ratio)
    return place, float(np.hypot(weight.sum() ** -0.5, apart / 2)), flux


def fit_point(image, psf, noise, x, y, fwhm):
    """Fit flux, place and background of a point source to the pixels within a FWHM.

    Parameters
    ----------
    image : ndarray
        Background subtracted; NaN in invalid pixels.
    psf : ndarray
        PSF at the place, a stamp of odd sides and unit sum.
    noise : float
        1-sigma noise of a pixel.
    x, y : float
        Start, 0-based.
    fwhm : float
        FWHM of the PSF, pixels.

    Returns
    -------
    StarFitPlace or None
        None if pixels are invalid, or if the fit moves away from its start.
    """
    data, offsets = _pixels_near(image, x, y, max(fwhm, 2.0))
    if not np.isfinite(data).all():
        return None
    coefficients = ndimage.spline_filter(np.asarray(psf, float), order=3)
    place = start = np.array([x, y], float)
    for _ in range(STEPS):
        shape, *slopes = _shape_and_slopes(coefficients, offsets - place[:, None])
        flat = np.ones_like(data)
        flux, level = np.linalg.lstsq(np.stack([shape, flat], 1), data, rcond=None)[0]
        if flux <= 0:
            return None
        design = np.stack([shape, flux * slopes[0], flux * slopes[1], flat], 1)
        step = np.linalg.lstsq(design, data - flux * shape - level, rcond=None)[0][1:3]
        place = place + np.clip(step, -0.5, 0.5)
        if np.linalg.norm(place - start) > FARTHEST * fwhm:
            return None
        if abs(step).max() < 1e-3:
            break
    error = np.sqrt(np.diag(np.linalg.pinv(design.T @ design))) * noise
    left = data - flux * shape - level
    residual = (left @ left - len(data) * noise**2) / (flux**2 * (shape @ shape))
    return StarFitPlace(
        place, float(np.mean(error[1:3])), float(flux), float(flux / error[0]), float(residual)
    )


def _pixels_near(image, x, y, radius):
    """Return the pixels of an image within a radius, and their x and y."""
    reach, column, row = int(np.ceil(radius)), round(x), round(y)
    square = windows(image, np.array([column]), np.array([row]), reach, np.nan)[0]
    offset_y, offset_x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    near = np.hypot(offset_x + column - x, offset_y + row - y) <= radius
    return square[near].astype(float), np.stack([offset_x[near] + column, offset_y[near] + row])


def _shape_and_slopes(coefficients, offsets, step=0.1):
    """Return a PSF at offsets from its centre, and its derivatives by the place in x and y."""
    shifts = np.array([(0, 0), (step, 0), (-step, 0), (0, step), (0, -step)])
    middle = np.array(coefficients.shape)[::-1, None] // 2
    shape, right, left, up, down = (
        ndimage.map_coordinates(
            coefficients, (offsets - shift[:, None] + middle)[::-1], order=3, prefilter=False
        )
        for shift in shifts
    )
    return shape, (right - left) / (2 * step), (up - down) / (2 * step)


def star_residual(pair, noise):
    """Return the share of the power of bright stars that their PSF does not describe.

    Parameters
    ----------
    pair : redpix.subtraction.pair.RegisteredPair
        Images, PSFs and stars.
    noise : (float, float)
        1-sigma noise of a pixel of blank sky in the new image and in the reference.

    Returns
    -------
    float
        Median of the stars, of the image in which it is larger; 0 without a bright star.
    """
    x, y = np.clip(np.rint(pair.stars).astype(int), 0, np.array(pair.new.shape)[::-1] - 1).T
    usable = (pair.mask[y, x] == 0) & np.isfinite(pair.new[y, x])
    places = pair.stars[usable]
    places = places[np.argsort(-pair.new[y[usable], x[usable]], kind="stable")][:MOST_STARS]
    shares = [0.0]
    images = (pair.new, pair.psf_new), (pair.reference, pair.psf_reference)
    for (image, psf), sigma in zip(images, noise, strict=True):
        fits = [fit_point(image, psf.at(x, y), sigma, x, y, psf.fwhm) for x, y in places]
        bright = [fit.residual for fit in fits if fit and fit.signal_to_noise > LEAST_BRIGHT]
        shares.append(max(float(np.median(bright)), 0.0) if bright else 0.0)
    return max(shares)
