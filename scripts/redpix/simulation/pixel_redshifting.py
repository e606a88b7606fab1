"""Make the image of an observed galaxy at another redshift: K-correct each pixel, with its error.

The method follows FERENGI (Barden, Jahnke & Häußler 2008). The bands of a pixel constrain its
spectrum, and the spectrum gives its bands at the new redshift. Then the image is shrunk by the
ratio of angular diameter distances, and the PSF is matched to that of the target in Fourier space.
Galaxies do not evolve. The spectrum of a pixel is the mean of the templates weighted by their
likelihood, so that faint pixels are K-corrected, too.
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_model import full_width
from redpix.simulation import redshifting, seds
from redpix.simulation.resampler import Resampler

# grid of the templates: types of `redpix.simulation.seds`, and E(B-V) in magnitudes
_TYPES = np.linspace(0, 3, 31)
_REDDENINGS = np.linspace(0, 0.5, 6)

# systematic error of the templates, fraction of the flux; it limits the weight of bright pixels
_TEMPLATE_ERROR = 0.02

# expected difference of a pixel's spectrum from that of the galaxy, fraction of the flux
_GRADIENT = 0.1

# number of pixels in memory at a time
_BLOCK = 20_000

# smallest fraction of a pixel that must come from valid pixels; else it is invalid
_VALID_FRACTION = 0.9


class Templates(NamedTuple):
    """Band fluxes of templates at two redshifts, per unit of light in rest-frame r.

    Attributes
    ----------
    before, after : ndarray, shape (g, c)
        Fluxes at z_in, and at z_out with the dimming.
    """

    before: np.ndarray
    after: np.ndarray


class KCorrected(NamedTuple):
    """Pixels at another redshift, with their errors.

    Attributes
    ----------
    flux : ndarray
        Nanomaggies.
    noise : ndarray
        1-sigma noise, independent between pixels; inf marks an invalid pixel.
    spread : ndarray
        Error from the uncertain spectrum, correlated between neighbouring pixels.
    """

    flux: np.ndarray
    noise: np.ndarray
    spread: np.ndarray


class TemplateFit(NamedTuple):
    """Fits of all templates to pixels; arrays have the shape (n, g).

    Attributes
    ----------
    likelihood : ndarray
        Natural logarithm.
    amplitude : ndarray
    noise : ndarray
        Variance of the amplitude from the noise of the pixels.
    variance : ndarray
        Variance of the amplitude from noise and errors of the templates.
    """

    likelihood: np.ndarray
    amplitude: np.ndarray
    noise: np.ndarray
    variance: np.ndarray


def templates(grid, distance, z_in, z_out):
    """Return the templates for a galaxy.

    Parameters
    ----------
    grid : redpix.simulation.seds.SedGrid
        Fluxes of the templates.
    distance : callable
        Luminosity distance of a redshift.
    z_in, z_out : float
        Redshifts of input and target.

    Returns
    -------
    Templates
    """
    kind, reddening = (axis.ravel() for axis in np.meshgrid(_TYPES, _REDDENINGS))
    before, after = (seds.fluxes(grid, kind, reddening, z) for z in (z_in, z_out))
    return Templates(before, after * redshifting.flux_factor(distance, z_in, z_out))


def k_corrected(flux, error, templates):
    """K-correct pixels: return their fluxes in the same bands at another redshift.

    Each template is fitted by its amplitude. The templates are averaged, weighted by their
    likelihood for the pixel times their likelihood for the galaxy.

    Parameters
    ----------
    flux, error : ndarray, shape (n, c)
        Nanomaggies; an error of inf marks an invalid value.
    templates : Templates
        Fluxes of the templates at both redshifts.

    Returns
    -------
    KCorrected
        Arrays of shape (n, c); `spread` has the sign of the flux. Pixels without a valid band have
        flux 0, noise inf, spread 0.
    """
    fit_error = np.hypot(error, _TEMPLATE_ERROR * flux)
    valid = np.isfinite(error).all(axis=1)
    total = flux[valid].sum(axis=0)
    width = np.sqrt(np.square(fit_error[valid]).sum(axis=0))
    total_error = np.hypot(width, _GRADIENT * total)
    prior = _fit(total[None], width, total_error[None], templates.before).likelihood
    blocks = []
    for start in range(0, len(flux), _BLOCK):
        rows = slice(start, start + _BLOCK)
        blocks.append(_shifted(flux[rows], error[rows], fit_error[rows], prior, templates))
    return KCorrected._make(np.concatenate(arrays) for arrays in zip(*blocks, strict=True))


def _shifted(flux, error, fit_error, prior, templates):
    """K-correct some pixels; return a `KCorrected`."""
    fit = _fit(flux, error, fit_error, templates.before)
    logarithm = fit.likelihood + prior
    weight = np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    mean = (weight * fit.amplitude) @ templates.after
    square = (weight * (fit.amplitude**2 + fit.variance)) @ templates.after**2
    noise = (weight * fit.noise) @ templates.after**2
    spread = np.sqrt(np.maximum(square - mean**2 - noise, 0))
    dark = ~np.isfinite(error).any(axis=1, keepdims=True)
    return KCorrected(mean, np.where(dark, np.inf, np.sqrt(noise)), np.copysign(spread, mean))


def _fit(flux, error, fit_error, model):
    """Fit all templates to all pixels.

    Parameters
    ----------
    flux, error : ndarray, shape (n, c)
        Nanomaggies; an error of inf marks an invalid value.
    fit_error : ndarray, shape (n, c)
        Errors of the pixels and of the templates together.
    model : ndarray, shape (g, c)
        Fluxes of the templates.

    Returns
    -------
    TemplateFit
    """
    weight = 1 / np.square(fit_error)
    square = (model**2).T
    precision = weight @ square
    projection = (weight * flux) @ model.T
    noise = np.square(weight * np.where(np.isfinite(error), error, 0.0)) @ square
    # pixels without a valid band have amplitude 0 and equal likelihoods
    with np.errstate(divide="ignore", invalid="ignore"):
        amplitude = np.where(precision > 0, projection / precision, 0.0)
        noise = np.where(precision > 0, noise / precision**2, 0.0)
        variance = np.where(precision > 0, 1 / precision, 0.0)
    return TemplateFit(0.5 * projection * amplitude, amplitude, noise, variance)


def redshifted(flux, error, templates, factor, fwhm_in, fwhm_out):
    """Make the image of a galaxy at another redshift, without added noise.

    Parameters
    ----------
    flux, error : ndarray, shape (ny, nx, c)
        Nanomaggies; an error of inf marks an invalid pixel.
    templates : Templates
        Fluxes of the templates at both redshifts.
    factor : float
        Ratio of sizes in pixels, target to input.
    fwhm_in, fwhm_out : ndarray, shape (c,)
        FWHM of the PSFs, pixels.

    Returns
    -------
    KCorrected
        Arrays of shape (ny, nx, c); noise and spread add in quadrature. Pixels have flux 0 and
        noise inf if less than 0.9 of them comes from valid pixels of the input.

    Raises
    ------
    InputError
        If the PSF of the target is too sharp.
    """
    ny, nx, bands = flux.shape
    pixels = k_corrected(flux.reshape(-1, bands), error.reshape(-1, bands), templates)
    shifted, noise, spread = (array.reshape(flux.shape) for array in pixels)
    valid = np.isfinite(noise[..., 0])
    results = KCorrected(np.empty(flux.shape), np.empty(flux.shape), np.empty(flux.shape))
    for band in range(bands):
        resampler = Resampler(factor, fwhm_in[band], fwhm_out[band], ny)
        # the sum does not change, so that a map of 1 becomes a map of 1 / factor^2
        lit = resampler.flux(valid.astype(float)) * factor**2 >= _VALID_FRACTION
        light = resampler.flux(shifted[..., band])
        variance = resampler.variance(np.where(valid, noise[..., band], 0.0) ** 2)
        common = np.abs(resampler.flux(spread[..., band]))
        for result, values, blank in zip(
            results, (light, np.sqrt(variance), common), (0.0, np.inf, 0.0), strict=True
        ):
            result[..., band] = np.where(lit, values, blank)
    return results


def sharp_fwhm(fwhm):
    """Return the FWHM of a Moffat profile before integration over pixels.

    Parameters
    ----------
    fwhm : float
        FWHM of the effective PSF, which includes the integration, pixels.

    Returns
    -------
    float
        Pixels.
    """
    return brentq(lambda value: full_width(moffat_stamp(value)) - fwhm, 0.3 * fwhm, fwhm)


def as_deep(rng, flux, noise, wanted):
    """Add noise to an image until its sky has a given noise.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    flux, noise : ndarray, shape (ny, nx, c)
        Nanomaggies; the noise without the error from the uncertain spectrum.
    wanted : ndarray, shape (c,)
        1-sigma noise of a pixel of blank sky, nanomaggies. Pixels with more noise do not change.

    Returns
    -------
    flux, noise : ndarray, shape (ny, nx, c)
    """
    added = np.sqrt(np.maximum(np.square(wanted) - np.square(noise), 0))
    return flux + added * rng.standard_normal(flux.shape), np.hypot(noise, added)
