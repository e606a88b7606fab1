"""Make the image of an observed galaxy at another redshift, by the settings of a run."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.simulation import pixel_redshifting, redshifting, seds

#: largest z_out: the spectra begin at 1000 Angstrom, where the u band ends at this redshift
HIGHEST = 1.9


class Stamp(NamedTuple):
    """Image of a galaxy.

    Attributes
    ----------
    flux, error : ndarray, shape (size, size, c)
        Nanomaggies; an error of inf marks an invalid pixel.
    """

    flux: np.ndarray
    error: np.ndarray


class RedshiftedPair(NamedTuple):
    """Images of a galaxy at two redshifts, shape (size, size, c), nanomaggies."""

    input: np.ndarray
    input_error: np.ndarray
    target: np.ndarray
    target_error: np.ndarray


def template_grid(bands, z_out, curves=None):
    """Return the grid of the templates' fluxes up to the largest redshift of the targets.

    Parameters
    ----------
    bands : sequence of str
        Names of the bands.
    z_out : (float, float)
        Range of the redshifts of the targets.
    curves : sequence of speclite.filters.FilterResponse, optional
        Filters of the bands; by default those of SDSS.

    Returns
    -------
    redpix.simulation.seds.SedGrid
    """
    # with an invalid range, which `Redshifter` refuses, a coarse grid is quick
    step = 0.02 if z_out[1] <= HIGHEST else 1.0
    return seds.build_grid(tuple(bands), min(z_out[1], HIGHEST) + 0.02, step, curves)


class Redshifter:
    """Draw a redshift for a galaxy and make its image at that redshift.

    Parameters
    ----------
    options : dict
        z_out, pixel_scale_out, seeing and targets of the section ``training_images``.
    bands : sequence of str
        Names of the bands.
    seed : int
        Seed of the random numbers.
    distance : callable
        Luminosity distance of a redshift, Mpc.
    grid : redpix.simulation.seds.SedGrid
        Fluxes of the templates.
    """

    def __init__(self, options, bands, seed, distance, grid):
        self.options, self.bands, self.seed = options, bands, seed
        self.distance, self.grid = distance, grid

    def pair(self, stamp, row, scale, fwhm_in):
        """Return input, target and truth of a galaxy.

        Parameters
        ----------
        stamp : Stamp
            Image of the galaxy.
        row : namedtuple
            Galaxy of the catalogue: id, ra, dec, name (of the field), redshift.
        scale : float
            arcsec per pixel of the stamp.
        fwhm_in : ndarray, shape (c,)
            FWHM of the PSFs of the stamp, pixels.

        Returns
        -------
        pair : RedshiftedPair
        truth : dict

        Raises
        ------
        InputError
            If the redshift or the seeing of the target is impossible.
        """
        rng = np.random.default_rng([self.seed, 10, row.id])
        z_out = self._draw_redshift(rng, row.redshift)
        scale_out = self.options["pixel_scale_out"] or scale
        factor = float(
            redshifting.size_factor(self.distance, row.redshift, z_out, scale, scale_out)
        )
        fwhm_out = self._target_fwhm(fwhm_in, scale, scale_out)
        templates = pixel_redshifting.templates(self.grid, self.distance, row.redshift, z_out)
        try:
            flux, noise, spread = pixel_redshifting.redshifted(
                stamp.flux, stamp.error, templates, factor, fwhm_in, fwhm_out
            )
        except InputError as fault:
            raise InputError(f"galaxy {row.id}: {fault}") from None
        if self.options["targets"] == "observed":
            sky = sky_noise(stamp) * (scale_out / scale)
            flux, noise = pixel_redshifting.as_deep(rng, flux, noise, sky)
        truth = {"id": row.id, "ra": row.ra, "dec": row.dec, "field": row.name}
        truth |= {"z_in": row.redshift, "z_out": z_out, "size_factor": factor}
        truth |= self._seeing("in", fwhm_in, scale) | self._seeing("out", fwhm_out, scale_out)
        return RedshiftedPair(stamp.flux, stamp.error, flux, np.hypot(noise, spread)), truth

    def _draw_redshift(self, rng, z_in):
        """Draw a redshift above z_in from the range of z_out."""
        low, high = self.options["z_out"]
        if not z_in < high <= HIGHEST:
            raise InputError(
                f"training_images.z_out: {high:g} with z_in {z_in:g}; allowed: above z_in, up to "
                f"{HIGHEST:g}"
            )
        low = max(low, z_in)
        return high - (high - low) * rng.random()

    def _target_fwhm(self, fwhm_in, scale, scale_out):
        """Return the FWHM of the target's PSFs in its pixels."""
        seeing = self.options["seeing"]
        if seeing is None:
            return fwhm_in * scale / scale_out
        if len(seeing) != len(self.bands):
            raise InputError(
                f"training_images.seeing: {len(seeing)} values for {len(self.bands)} bands; "
                "allowed: one per band"
            )
        return np.array(seeing) / scale_out

    def _seeing(self, end, fwhm, scale):
        """Return pixel scale and seeing (arcsec) of one end, in the columns of the truth."""
        names = [f"seeing_{end}_{band}" for band in self.bands]
        return {f"pixel_scale_{end}": scale} | dict(zip(names, fwhm * scale, strict=True))


def sky_noise(stamp):
    """Return the 1-sigma noise of the sky per band.

    Parameters
    ----------
    stamp : Stamp
        Image of the galaxy.

    Returns
    -------
    ndarray, shape (c,)
        Nanomaggies: the 10th percentile of the errors, as sources add photon noise.
    """
    valid = np.isfinite(stamp.error).all(axis=-1)
    return np.percentile(stamp.error[valid], 10, axis=0)
