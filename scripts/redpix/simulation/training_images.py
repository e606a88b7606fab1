"""Galaxies of training images: parameters, redshifts and band fluxes at both redshifts.

There are two recipes. "physical": angular sizes follow from distances, and band fluxes from the
shifted spectra; images have each band's PSF, sky noise and photon noise, in nanomaggies. "simple":
one image of a galaxy is multiplied by the band fluxes at each redshift. All pixels of the simple
recipe are scaled by one factor, which sets the brightest input pixel to 10000.
"""

import numpy as np
import pandas as pd

from redpix.core.exceptions import InputError
from redpix.sdss import magnitudes
from redpix.simulation import redshifting, stamps
from redpix.simulation.rendering import Galaxy

#: brightest input pixel of the simple recipe, arbitrary flux
BRIGHTEST = 10000.0

# smallest flux of a spectrum in the reference band, relative to its brightest band; a smaller one
# is a rounding error
_FAINTEST = 1e-6


def draw_galaxies(seed, number, ranges, spectra, profile):
    """Draw galaxies and their redshifts.

    Parameters
    ----------
    seed, number : int
        Seed of the random numbers, and number of galaxies.
    ranges : dict of str to (float, float)
        z_in; z_out, drawn above z_in; magnitude (AB at z_in, in the reference band); radius
        (half-light radius of disk and Sersic profile, arcsec at z_in); sersic; axis_ratio.
    spectra : sequence of str
        Names.
    profile : str
        "bulge_disk", or "sersic" for one component. A bulge has 0.3 to 0.6 of the disk's radius.

    Returns
    -------
    DataFrame
        z_in, z_out, magnitude, `redpix.simulation.rendering.SHAPE_COLUMNS`, bulge_sed, disk_sed
        (names).
    """
    rng = np.random.default_rng([seed, 8])

    def drawn(key):
        return rng.uniform(*ranges[key], number)

    z_in = drawn("z_in")
    low, high = ranges["z_out"]
    low = np.maximum(low, z_in)
    table = {
        "z_in": z_in,
        # the draw is in [0, 1), so that z_out lies above z_in and may equal its upper limit
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
    # Sersic indices in steps of 0.5: GalSim tabulates one transform per index
    table["sersic"] = np.clip(np.round(table["sersic"] * 2) / 2, *ranges["sersic"])
    names = np.array(spectra)
    bulge = rng.integers(len(names), size=number)
    disk = bulge if single else rng.integers(len(names), size=number)
    return pd.DataFrame(table | {"bulge_sed": names[bulge], "disk_sed": names[disk]})


def check_redshifts(z_in, z_out, name):
    """Refuse redshifts unless 0 < z_in < z_out.

    Parameters
    ----------
    z_in, z_out : float or ndarray, shape (n,)
        Redshifts of input and target.
    name : str
        File or key named in error messages.

    Raises
    ------
    InputError
    """
    z_in, z_out = np.atleast_1d(z_in), np.atleast_1d(z_out)
    checks = (("z_in", z_in, z_in > 0, "above 0"), ("z_out", z_out, z_out > z_in, "above z_in"))
    for key, values, good, allowed in checks:
        if not good.all():
            row = int(np.argmin(good))
            raise InputError(
                f"{name}: {key} {values[row]:g} with z_in {z_in[row]:g}, galaxy {row + 1}; "
                f"allowed: {key} {allowed}"
            )


def with_fluxes(galaxies, fluxes, distance, camera, reference):
    """Add sizes and fluxes at both redshifts to galaxies.

    Parameters
    ----------
    galaxies : DataFrame
        As from `draw_galaxies`.
    fluxes : redpix.simulation.redshifting.BandFluxes
        Band fluxes of the spectra.
    distance : callable
        Luminosity distance of redshifts, Mpc.
    camera : redpix.simulation.camera.SimulatedCamera
        Camera of the images.
    reference : str
        Band of the magnitude.

    Returns
    -------
    DataFrame
        With size_factor (ratio of sizes in pixels), and bulge_flux_in_<band>,
        disk_flux_in_<band>, bulge_flux_out_<band>, disk_flux_out_<band> in nanomaggies.

    Raises
    ------
    InputError
        If a spectrum has no light in the reference band.
    """
    z_in, z_out = galaxies["z_in"].to_numpy(), galaxies["z_out"].to_numpy()
    total = magnitudes.pogson_flux(galaxies["magnitude"].to_numpy())
    share = galaxies["bulge_fraction"].to_numpy()
    dimming = redshifting.flux_factor(distance, z_in, z_out)[:, None]
    columns = {}
    for component, light in (("bulge", share * total), ("disk", (1 - share) * total)):
        spectrum = _spectrum_indices(fluxes, galaxies[f"{component}_sed"])
        before, after = fluxes.at(spectrum, z_in), fluxes.at(spectrum, z_out)
        reference_flux = before[:, camera.bands.index(reference)]
        _check_light(reference_flux, before, fluxes, spectrum, z_in, reference)
        unit = (light / reference_flux)[:, None]
        for end, values in (("in", unit * before), ("out", unit * after * dimming)):
            columns |= _flux_columns(component, end, camera.bands, values)
    size = redshifting.size_factor(
        distance, z_in, z_out, camera.pixel_scale, camera.pixel_scale_out
    )
    return galaxies.assign(size_factor=size, **columns)


def _spectrum_indices(fluxes, names):
    """Return the indices of spectra by name."""
    return np.array([fluxes.names.index(name) for name in names])


def _flux_columns(component, end, bands, values):
    """Return the fluxes of a component at one end as columns by name."""
    return {f"{component}_flux_{end}_{band}": values[:, k] for k, band in enumerate(bands)}


def _check_light(reference_flux, before, fluxes, spectrum, z_in, reference):
    """Refuse spectra without light in the reference band."""
    dark = reference_flux < _FAINTEST * before.max(axis=1)
    if dark.any():
        row = int(np.argmax(dark))
        raise InputError(
            f"training_images.reference_band: {reference!r}: {fluxes.names[spectrum[row]]} has no "
            f"light there at redshift {z_in[row]:g}; allowed: a band in which all spectra have "
            "light"
        )


def with_simple_fluxes(galaxies, fluxes, distance):
    """Add fluxes at both redshifts for the simple recipe: a bulge of constant size per galaxy.

    Parameters
    ----------
    galaxies : DataFrame
        As from `draw_galaxies`.
    fluxes : redpix.simulation.redshifting.BandFluxes
        Band fluxes of the spectra.
    distance : callable
        Luminosity distance of redshifts, Mpc.

    Returns
    -------
    DataFrame
        The columns of `with_fluxes`, without the magnitude, which is unused. Fluxes are in the
        unit of the spectra per Mpc^2; they include band shift, K-correction and dimming.
    """
    spectrum = _spectrum_indices(fluxes, galaxies["bulge_sed"])
    columns = {"bulge_fraction": 1.0, "size_factor": 1.0}
    columns |= {f"disk_{key}": galaxies[f"bulge_{key}"] for key in ("radius", "sed")}
    for end in ("in", "out"):
        redshift = galaxies[f"z_{end}"].to_numpy()
        light = fluxes.at(spectrum, redshift) / distance(redshift)[:, None] ** 2
        columns |= _flux_columns("bulge", end, fluxes.bands, light)
        columns |= {f"disk_flux_{end}_{band}": 0.0 for band in fluxes.bands}
    return galaxies.drop(columns="magnitude").assign(**columns)


def check_sizes(galaxies, camera, kinds, name):
    """Refuse galaxies that do not fit into their stamp at one of the redshifts.

    Parameters
    ----------
    galaxies : DataFrame
        As from `with_fluxes` or `with_simple_fluxes`.
    camera : redpix.simulation.camera.SimulatedCamera
        Camera of the images.
    kinds : (str, str)
        Kinds of inputs and targets, as in `redpix.simulation.image_pairs.physical_piece`.
    name : str
        File or key named in error messages.

    Raises
    ------
    InputError
    """
    angular = galaxies["size_factor"] * camera.pixel_scale_out / camera.pixel_scale
    share = galaxies["bulge_fraction"]
    broadest = stamps.moffat_psfs([float(np.max(camera.seeing))])[0]
    scales = (camera.pixel_scale, camera.pixel_scale_out)
    for factor, scale, kind in zip((1.0, angular), scales, kinds, strict=True):
        shapes = Galaxy(
            bulge_radius=(galaxies["bulge_radius"] * factor * (share > 0)).to_numpy(),
            disk_radius=(galaxies["disk_radius"] * factor * (share < 1)).to_numpy(),
            sersic=galaxies["sersic"].to_numpy(),
            axis_ratio=galaxies["axis_ratio"].to_numpy(),
            position_angle=galaxies["position_angle"].to_numpy(),
        )
        psf = None if kind == "psf_free" else broadest
        stamps.check_fits(shapes, camera.size, scale, psf, name)
