"""Pairs of galaxy images, as they look at z_in and as they would look at z_out, to learn from.

Two recipes. "physical": angular sizes from distances, band fluxes of the shifted spectra, pixel
integration, each band's PSF, sky and photon noise, in nanomaggies. "simple": one image of a galaxy
times its spectrum's band fluxes at either redshift, all scaled by one factor that puts the
brightest input pixel at 10000. Galaxies are drawn all together; each one's noise has random
numbers of its own, whatever is made before it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError
from redpix.sdss import magnitudes
from redpix.simulation import redshifting, stamps
from redpix.simulation.rendering import Galaxy

#: brightest input pixel of the simple recipe
BRIGHTEST = 10000.0

# a spectrum's flux in a band over that in its brightest: less is rounding
_FAINTEST = 1e-6


class SimulatedCamera(NamedTuple):
    """What takes the pictures; arrays have a value a band."""

    bands: tuple
    size: int  # pixels along a side
    pixel_scale: float  # arcsec, at z_in
    pixel_scale_out: float  # arcsec, at z_out
    seeing: np.ndarray  # FWHM, arcsec
    noise: np.ndarray  # of a pixel of sky, nanomaggies
    electron: np.ndarray  # nanomaggies


def draw_galaxies(seed, number, ranges, spectra, profile):
    """Galaxies to show, and at which redshifts.

    Parameters
    ----------
    seed, number : int
    ranges : dict of str to (float, float)
        z_in, z_out, magnitude (AB at z_in, in the reference band), radius (half-light, arcsec at
        z_in, of disk and Sersic profile; a bulge has 0.3 to 0.6 of it), sersic, axis_ratio. z_in is
        drawn first, z_out above it.
    spectra : sequence of str
    profile : str
        "bulge_disk", or "sersic" for one component.

    Returns
    -------
    DataFrame
        z_in, z_out, magnitude, `injection_sources.SHAPE_COLUMNS`, bulge_sed, disk_sed (names).
    """
    rng = np.random.default_rng([seed, 8])

    def drawn(key):
        return rng.uniform(*ranges[key], number)

    z_in = drawn("z_in")
    low, high = ranges["z_out"]
    low = np.maximum(low, z_in)
    table = {
        "z_in": z_in,
        # uniform draws from [0, 1): turned round, z_out is above z_in and may reach its limit
        "z_out": high - (high - low) * rng.random(number),
        "magnitude": drawn("magnitude"),
    }
    single = profile == "sersic"
    radius = drawn("radius")
    table |= {
        "bulge_fraction": np.ones(number) if single else rng.uniform(0, 1, number),
        "bulge_radius": radius * (1.0 if single else rng.uniform(0.3, 0.6, number)),
        "disk_radius": radius,
        "sersic": drawn("sersic"),
        "axis_ratio": drawn("axis_ratio"),
        "position_angle": rng.uniform(0, 180, number),
    }
    # indices of Sersic profiles in steps of a half: GalSim tabulates each transform once
    table["sersic"] = np.clip(np.round(table["sersic"] * 2) / 2, *ranges["sersic"])
    names = np.array(spectra)
    bulge = rng.integers(len(names), size=number)
    disk = bulge if single else rng.integers(len(names), size=number)
    return pd.DataFrame(table | {"bulge_sed": names[bulge], "disk_sed": names[disk]})


def check_redshifts(z_in, z_out, name):
    """Refuse redshifts that are no pair: z_in must be above 0, z_out above z_in."""
    z_in, z_out = np.atleast_1d(z_in), np.atleast_1d(z_out)
    for what, bad, allowed in (
        ("z_in", ~(z_in > 0), "above 0"),
        ("z_out", ~(z_out > z_in), "above z_in"),
    ):
        if bad.any():
            row = int(np.argmax(bad))
            value = (z_in if what == "z_in" else z_out)[row]
            raise InputError(
                f"{name}: {what} {value:g} with z_in {z_in[row]:g}, galaxy {row + 1}; allowed: "
                f"{what} {allowed}"
            )


def with_fluxes(galaxies, fluxes, distance, camera, reference):
    """Galaxies with their sizes and fluxes at both redshifts.

    Parameters
    ----------
    galaxies : DataFrame
        As from `draw_galaxies`.
    fluxes : redpix.simulation.redshifting.BandFluxes
    distance : callable
        Luminosity distance, Mpc, of redshifts.
    camera : SimulatedCamera
    reference : str
        Band of the magnitude.

    Returns
    -------
    DataFrame
        And size_factor (in pixels), bulge_flux_in_<band>, disk_flux_in_<band>, and _out_,
        nanomaggies.

    Raises
    ------
    InputError
        If a spectrum has no light in the reference band.
    """
    z_in, z_out = galaxies["z_in"].to_numpy(), galaxies["z_out"].to_numpy()
    number = camera.bands.index(reference)
    total = magnitudes.pogson_flux(galaxies["magnitude"].to_numpy())
    share = galaxies["bulge_fraction"].to_numpy()
    dimming = redshifting.flux_factor(distance, z_in, z_out)[:, None]
    columns = {}
    for part, light in (("bulge", share * total), ("disk", (1 - share) * total)):
        which = np.array([fluxes.names.index(name) for name in galaxies[f"{part}_sed"]])
        before, after = fluxes.at(which, z_in), fluxes.at(which, z_out)
        dark = before[:, number] < _FAINTEST * before.max(axis=1)
        if dark.any():
            row = int(np.argmax(dark))
            raise InputError(
                f"training_images.reference_band: {reference!r}: {fluxes.names[which[row]]} has no "
                f"light there at redshift {z_in[row]:g}; allowed: a band in which all spectra have"
            )
        unit = (light / before[:, number])[:, None]
        for end, values in (("in", unit * before), ("out", unit * after * dimming)):
            columns |= {
                f"{part}_flux_{end}_{band}": values[:, k] for k, band in enumerate(camera.bands)
            }
    size = redshifting.size_factor(
        distance, z_in, z_out, camera.pixel_scale, camera.pixel_scale_out
    )
    return galaxies.assign(size_factor=size, **columns)


def with_simple_fluxes(galaxies, fluxes, distance):
    """Galaxies as the simple recipe shows them: bulges alone, of one size at both redshifts.

    Parameters as in `with_fluxes`.

    Returns
    -------
    DataFrame
        The columns of `with_fluxes`, but for the magnitude, which nothing follows; fluxes are in
        the unit of the spectra over Mpc^2: band shift, K-correction and dimming come with them.
    """
    which = np.array([fluxes.names.index(name) for name in galaxies["bulge_sed"]])
    columns = {"bulge_fraction": 1.0, "size_factor": 1.0}
    columns |= {f"disk_{what}": galaxies[f"bulge_{what}"] for what in ("radius", "sed")}
    for end in ("in", "out"):
        redshift = galaxies[f"z_{end}"].to_numpy()
        light = fluxes.at(which, redshift) / distance(redshift)[:, None] ** 2
        columns |= {f"bulge_flux_{end}_{band}": light[:, k] for k, band in enumerate(fluxes.bands)}
        columns |= {f"disk_flux_{end}_{band}": 0.0 for band in fluxes.bands}
    return galaxies.drop(columns="magnitude").assign(**columns)


def check_sizes(galaxies, camera, kinds, name):
    """Refuse galaxies that their stamp cannot hold, at either redshift; kinds of images as in
    `physical_piece`.
    """
    angular = galaxies["size_factor"] * camera.pixel_scale_out / camera.pixel_scale
    share = galaxies["bulge_fraction"]
    broadest = stamps.moffat_psfs([float(np.max(camera.seeing))])[0]
    scales = (camera.pixel_scale, camera.pixel_scale_out)
    for factor, scale, kind in zip((1.0, angular), scales, kinds, strict=True):
        shapes = Galaxy(
            (galaxies["bulge_radius"] * factor * (share > 0)).to_numpy(),
            (galaxies["disk_radius"] * factor * (share < 1)).to_numpy(),
            *(galaxies[key].to_numpy() for key in ("sersic", "axis_ratio", "position_angle")),
        )
        psf = None if kind == "psf_free" else broadest
        stamps.check_fits(shapes, camera.size, scale, psf, name)


def physical_piece(galaxies, camera, plans, kinds, seed, first):
    """Images of some galaxies at both redshifts.

    Parameters
    ----------
    galaxies : DataFrame
        As from `with_fluxes`.
    camera : SimulatedCamera
    plans : (stamps.Plan, stamps.Plan)
        At z_in and z_out.
    kinds : (str, str)
        What inputs and targets are: "noiseless" (with PSF), "psf_free", or "observed".
    seed : int
    first : int
        Number of the first of these galaxies among all.

    Returns
    -------
    (ndarray, ndarray)
        Inputs and targets, (n, size, size, c), float32.
    """
    shape = (len(galaxies), camera.size, camera.size, len(camera.bands))
    images = tuple(np.empty(shape, np.float32) for _ in range(2))
    light = {
        (end, part): galaxies[[f"{part}_flux_{end}_{band}" for band in camera.bands]].to_numpy()
        for end in ("in", "out")
        for part in ("bulge", "disk")
    }
    angular = galaxies["size_factor"] * camera.pixel_scale_out / camera.pixel_scale
    for row, (galaxy, factor) in enumerate(zip(galaxies.itertuples(), angular, strict=True)):
        for side, (end, size) in enumerate((("in", 1.0), ("out", factor))):
            shape = Galaxy(
                *(galaxy.bulge_radius * size, galaxy.disk_radius * size, galaxy.sersic),
                *(galaxy.axis_ratio, galaxy.position_angle),
            )
            fluxes = light[end, "bulge"][row], light[end, "disk"][row]
            if kinds[side] == "psf_free":
                bulge, disk = (
                    stamps.sharp_image(part, camera.size, plans[side].pixel_scale)[..., None]
                    for part in stamps.components(shape)
                )
                images[side][row] = bulge * fluxes[0] + disk * fluxes[1]
                continue
            picture = stamps.band_images(plans[side], shape, *fluxes)
            if kinds[side] == "observed":
                rng = np.random.default_rng([seed, 9, first + row, side])
                picture = observed(rng, picture, camera)
            images[side][row] = picture
    return images


def observed(rng, image, camera):
    """An image with photon noise of its light and Gaussian noise of the sky.

    Parameters
    ----------
    rng : numpy.random.Generator
    image : ndarray, shape (ny, nx, c)
        Nanomaggies.
    camera : SimulatedCamera
    """
    # the transform rings by 1e-6 of a peak about zero
    photons = rng.poisson(np.maximum(image / camera.electron, 0)) * camera.electron
    return photons + rng.standard_normal(image.shape, dtype=np.float32) * camera.noise


def simple_images(galaxies, camera):
    """One image of each galaxy, unit flux, as it is before PSF and noise: (n, size, size)."""
    shapes = (
        Galaxy(g.bulge_radius, g.disk_radius, g.sersic, g.axis_ratio, g.position_angle)
        for g in galaxies.itertuples()
    )
    return np.array(
        [
            stamps.sharp_image(stamps.components(shape)[0], camera.size, camera.pixel_scale)
            for shape in shapes
        ]
    )


def simple_piece(images, galaxies, bands):
    """Inputs and targets of the simple recipe, before the common scale.

    images x SED at z_in, and the same images x SED at z_out.

    Parameters
    ----------
    images : ndarray, shape (n, size, size)
    galaxies : DataFrame
        As from `with_simple_fluxes`.
    bands : sequence of str

    Returns
    -------
    (ndarray, ndarray)
        (n, size, size, c), float32.
    """
    pieces = []
    for end in ("in", "out"):
        light = galaxies[[f"bulge_flux_{end}_{band}" for band in bands]].to_numpy()
        pieces.append((images[..., None] * light[:, None, None, :]).astype(np.float32))
    return tuple(pieces)
