"""Real galaxies at another redshift: every pixel K-corrected by its own bands, with its error.

After FERENGI (Barden, Jahnke & Häußler 2008): a pixel's bands say which spectrum it has, and the
spectrum what its bands are at the new redshift; then the image shrinks with the angular diameter
distance, and its PSF is brought to that of the target in Fourier space. Galaxies do not evolve. A
pixel's spectrum is a mean over templates by their likelihood, so that faint pixels count too.
"""

from typing import NamedTuple

import galsim
import numpy as np
from scipy.optimize import brentq

from redpix.core.exceptions import InputError
from redpix.psf.moffat import moffat_stamp
from redpix.psf.psf_model import full_width
from redpix.simulation import redshifting, seds

# templates that a pixel may have: place in the sequence of `seds`, and dust
_TYPES = np.linspace(0, 3, 31)
_REDDENINGS = np.linspace(0, 0.5, 6)

# templates are right to this share of a flux: brighter pixels are not fitted more closely
_TEMPLATE_ERROR = 0.02

# and a pixel's spectrum is looked for about that of the whole galaxy, this far, share of a flux
_GRADIENT = 0.1

# pixels that are worked at a time, to bound memory
_BLOCK = 20_000

# subpixels in which the response to one pixel is followed
_FINE = 4

# a pixel of which less than this share comes from pixels with a value has none itself
_KNOWN_SHARE = 0.9


class Templates(NamedTuple):
    """Band fluxes of templates at two redshifts, per unit of light in rest-frame r."""

    before: np.ndarray  # (g, c)
    after: np.ndarray  # (g, c), dimming included


def templates(grid, distance, z_in, z_out):
    """Templates for a galaxy.

    Parameters
    ----------
    grid : redpix.simulation.seds.SedGrid
    distance : callable
        Luminosity distance of a redshift.
    z_in, z_out : float
    """
    kind, reddening = (part.ravel() for part in np.meshgrid(_TYPES, _REDDENINGS))
    before, after = (seds.fluxes(grid, kind, reddening, z) for z in (z_in, z_out))
    return Templates(before, after * redshifting.flux_factor(distance, z_in, z_out))


def k_corrected(flux, error, templates):
    """Pixels in the same bands at another redshift.

    Of each template the best amplitude is taken, and the templates are averaged by their
    likelihood times that of the whole galaxy's.

    Parameters
    ----------
    flux, error : ndarray, shape (n, c)
        Nanomaggies; an error of inf is no value.
    templates : Templates

    Returns
    -------
    flux, noise, spread : ndarray, shape (n, c)
        `spread` is the error from what is not known of the spectrum, with the sign of the flux:
        neighbours share it, while their noise is their own. Where no band has a value: 0, inf, 0.
    """
    trusted = np.hypot(error, _TEMPLATE_ERROR * flux)
    known = np.isfinite(error).all(axis=1)
    total = flux[known].sum(axis=0)
    width = np.sqrt(np.square(trusted[known]).sum(axis=0))
    prior, *_ = _fit(total[None], width, np.hypot(width, _GRADIENT * total)[None], templates.before)
    parts = [
        _shifted(
            *(array[start : start + _BLOCK] for array in (flux, error, trusted)), prior, templates
        )
        for start in range(0, len(flux), _BLOCK)
    ]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def _shifted(flux, error, trusted, prior, templates):
    """Flux after, its noise and its spread, of some pixels."""
    likelihood, amplitude, noise, variance = _fit(flux, error, trusted, templates.before)
    logarithm = likelihood + prior
    weight = np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    mean = (weight * amplitude) @ templates.after
    square = (weight * (amplitude**2 + variance)) @ templates.after**2
    own = (weight * noise) @ templates.after**2
    spread = np.sqrt(np.maximum(square - mean**2 - own, 0))
    dark = ~np.isfinite(error).any(axis=1, keepdims=True)
    return mean, np.where(dark, np.inf, np.sqrt(own)), np.copysign(spread, mean)


def _fit(flux, error, trusted, model):
    """Log likelihood of each pixel with each template, amplitude, its variance by noise alone and
    by noise and templates' errors, (n, g).

    `trusted` is how closely fluxes are fitted: their errors and the templates'.
    """
    weight = 1 / np.square(trusted)
    square = (model**2).T
    precision = weight @ square
    projection = (weight * flux) @ model.T
    own = np.square(weight * np.where(np.isfinite(error), error, 0.0)) @ square
    # no band has a value: nothing is learnt, and nothing shines
    with np.errstate(divide="ignore", invalid="ignore"):
        amplitude = np.where(precision > 0, projection / precision, 0.0)
        noise = np.where(precision > 0, own / precision**2, 0.0)
        variance = np.where(precision > 0, 1 / precision, 0.0)
    return 0.5 * projection * amplitude, amplitude, noise, variance


class Resampler:
    """Shrinks stamps and brings their PSF to another one.

    Parameters
    ----------
    factor : float
        Size after over size before, in pixels.
    fwhm_in, fwhm_out : float
        Of Moffat PSFs before and after, pixels.
    size : int
        Side of stamps, pixels.

    Raises
    ------
    InputError
        If the PSF after would be sharper than that before, shrunk.
    """

    def __init__(self, factor, fwhm_in, fwhm_out, size):
        if factor * fwhm_in > fwhm_out:
            raise InputError(
                f"a PSF of {fwhm_in:.2f} pixels becomes one of {factor * fwhm_in:.2f} at the new "
                f"redshift, sharper than {fwhm_out:.2f} is not possible; raise "
                "training_images.seeing"
            )
        self.factor, self.size = factor, size
        pixel = galsim.Pixel(1.0)
        before = galsim.Convolve(galsim.Moffat(beta=3.0, fwhm=fwhm_in), pixel).dilate(factor)
        after = galsim.Convolve(galsim.Moffat(beta=3.0, fwhm=fwhm_out), pixel)
        self.kernel = galsim.Convolve(galsim.Deconvolve(before), after)
        self.squared = self._squared_response()

    def flux(self, stamp):
        """A stamp shrunk, its sum kept, through the new PSF."""
        image = galsim.InterpolatedImage(galsim.ImageD(np.ascontiguousarray(stamp)), scale=1.0)
        return self._drawn(galsim.Convolve(image.dilate(self.factor), self.kernel))

    def variance(self, stamp):
        """Variance of the pixels of `flux` for independent pixels of this variance before."""
        image = galsim.InterpolatedImage(
            galsim.ImageD(np.ascontiguousarray(stamp)), scale=1.0, x_interpolant="linear"
        )
        spread = galsim.Convolve(image.dilate(self.factor), self.squared)
        return np.maximum(self._drawn(spread), 0)

    def _drawn(self, profile):
        picture = galsim.ImageD(self.size, self.size)
        profile.drawImage(picture, scale=1.0, method="no_pixel")
        return picture.array

    def _squared_response(self):
        """Square of what one pixel of unit flux becomes, as a profile."""
        one = np.zeros((33, 33))
        one[16, 16] = 1.0
        image = galsim.InterpolatedImage(galsim.ImageD(one), scale=1.0).dilate(self.factor)
        side = 2 * (12 * _FINE) + 1
        fine = galsim.ImageD(side, side)
        response = galsim.Convolve(image, self.kernel)
        response.drawImage(fine, scale=1 / _FINE, method="sb")
        square = galsim.ImageD(fine.array**2)
        return galsim.InterpolatedImage(square, scale=1 / _FINE, normalization="sb")


def redshifted(flux, error, templates, factor, fwhm_in, fwhm_out):
    """A galaxy at another redshift, free of added noise.

    Parameters
    ----------
    flux, error : ndarray, shape (ny, nx, c)
        Nanomaggies; an error of inf is no value.
    templates : Templates
    factor : float
        Size after over size before, in pixels.
    fwhm_in, fwhm_out : ndarray, shape (c,)
        Pixels.

    Returns
    -------
    flux, noise, spread : ndarray, shape (ny, nx, c)
        Noise and what is not known of the spectrum, errors that add in quadrature. Flux 0 and
        noise inf where less than 0.9 of a pixel comes from pixels with a value: about those
        without one, and beyond the edges of the image before.
    """
    ny, nx, bands = flux.shape
    parts = k_corrected(flux.reshape(-1, bands), error.reshape(-1, bands), templates)
    shifted, noise, spread = (part.reshape(flux.shape) for part in parts)
    known = np.isfinite(noise[..., 0])
    results = tuple(np.empty(flux.shape) for _ in range(3))
    for band in range(bands):
        resampler = Resampler(factor, fwhm_in[band], fwhm_out[band], ny)
        # a map of 1 everywhere becomes one of 1 / factor^2, as sums are kept
        lit = resampler.flux(known.astype(float)) * factor**2 >= _KNOWN_SHARE
        light = resampler.flux(shifted[..., band])
        variance = resampler.variance(np.where(known, noise[..., band], 0.0) ** 2)
        common = np.abs(resampler.flux(spread[..., band]))
        for result, values, blank in zip(
            results, (light, np.sqrt(variance), common), (0.0, np.inf, 0.0), strict=True
        ):
            result[..., band] = np.where(lit, values, blank)
    return results


def sharp_fwhm(fwhm):
    """FWHM of the Moffat profile whose stamp, pixels included, has this one (both in pixels)."""
    return brentq(lambda value: full_width(moffat_stamp(value)) - fwhm, 0.3 * fwhm, fwhm)


def as_deep(rng, flux, noise, wanted):
    """An image with noise added until its sky is as noisy as is wanted.

    Parameters
    ----------
    rng : numpy.random.Generator
    flux, noise : ndarray, shape (ny, nx, c)
        What is not known of the spectrum is no part of the noise.
    wanted : ndarray, shape (c,)
        Noise of a pixel of blank sky, nanomaggies; where an image has more already, none is added.

    Returns
    -------
    flux, noise : ndarray, shape (ny, nx, c)
    """
    added = np.sqrt(np.maximum(np.square(wanted) - np.square(noise), 0))
    return flux + added * rng.standard_normal(flux.shape), np.hypot(noise, added)
