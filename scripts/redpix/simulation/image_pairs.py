"""Images of galaxies at both redshifts, by the physical and the simple recipe.

The random numbers of a galaxy's noise depend on its index alone, not on images made before it.
"""

import numpy as np

from redpix.simulation import stamps
from redpix.simulation.rendering import galaxy_shape


def physical_piece(galaxies, camera, plans, kinds, seed, first):
    """Make the images of some galaxies at both redshifts.

    Parameters
    ----------
    galaxies : DataFrame
        As from `redpix.simulation.training_images.with_fluxes`.
    camera : redpix.simulation.camera.SimulatedCamera
        Camera of the images.
    plans : (redpix.simulation.stamps.Plan, redpix.simulation.stamps.Plan)
        Plans of the stamps at z_in and at z_out.
    kinds : (str, str)
        Kinds of inputs and targets: "noiseless" (with PSF), "psf_free", or "observed".
    seed : int
        Seed of the random numbers.
    first : int
        Index of the first of these galaxies.

    Returns
    -------
    (ndarray, ndarray)
        Inputs and targets, (n, size, size, c), float32, nanomaggies.
    """
    shape = (len(galaxies), camera.size, camera.size, len(camera.bands))
    images = tuple(np.empty(shape, np.float32) for _ in range(2))
    light = {
        (end, component): galaxies[
            [f"{component}_flux_{end}_{band}" for band in camera.bands]
        ].to_numpy()
        for end in ("in", "out")
        for component in ("bulge", "disk")
    }
    angular = galaxies["size_factor"] * camera.pixel_scale_out / camera.pixel_scale
    for row, (galaxy, factor) in enumerate(zip(galaxies.itertuples(), angular, strict=True)):
        for side, (end, size) in enumerate((("in", 1.0), ("out", factor))):
            fluxes = light[end, "bulge"][row], light[end, "disk"][row]
            picture = noiseless(plans[side], galaxy_shape(galaxy, size), fluxes, kinds[side])
            if kinds[side] == "observed":
                rng = np.random.default_rng([seed, 9, first + row, side])
                picture = observed(rng, picture, camera)
            images[side][row] = picture
    return images


def noiseless(plan, shape, fluxes, kind):
    """Make the image of a galaxy without noise.

    Parameters
    ----------
    plan : redpix.simulation.stamps.Plan
        Plan of the stamps.
    shape : redpix.simulation.rendering.Galaxy
        Shape of the galaxy.
    fluxes : (ndarray, ndarray)
        Fluxes of bulge and disk, shape (c,), nanomaggies.
    kind : str
        "psf_free" for an image without PSF.

    Returns
    -------
    ndarray, shape (size, size, c)
    """
    bulge_fluxes, disk_fluxes = fluxes
    if kind == "psf_free":
        bulge, disk = (
            stamps.sharp_image(component, plan.size, plan.pixel_scale)[..., None]
            for component in stamps.components(shape)
        )
        return bulge * bulge_fluxes + disk * disk_fluxes
    return stamps.band_images(plan, shape, bulge_fluxes, disk_fluxes)


def observed(rng, image, camera):
    """Add photon noise of the source and Gaussian noise of the sky to an image.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    image : ndarray, shape (ny, nx, c)
        Nanomaggies.
    camera : redpix.simulation.camera.SimulatedCamera
        Camera of the images.

    Returns
    -------
    ndarray, shape (ny, nx, c)
        Nanomaggies.
    """
    # the Fourier transform leaves negative pixels, down to -1e-6 of the peak
    photons = rng.poisson(np.maximum(image / camera.electron, 0)) * camera.electron
    return photons + rng.standard_normal(image.shape, dtype=np.float32) * camera.noise


def simple_images(galaxies, camera):
    """Make one image per galaxy, of flux 1, without PSF and noise.

    Parameters
    ----------
    galaxies : DataFrame
        With the columns `redpix.simulation.rendering.SHAPE_COLUMNS`.
    camera : redpix.simulation.camera.SimulatedCamera
        Camera of the images.

    Returns
    -------
    ndarray, shape (n, size, size)
    """
    images = []
    for galaxy in galaxies.itertuples():
        bulge, _ = stamps.components(galaxy_shape(galaxy))
        images.append(stamps.sharp_image(bulge, camera.size, camera.pixel_scale))
    return np.array(images)


def simple_piece(images, galaxies, bands):
    """Multiply images by the band fluxes at z_in and at z_out, before the common scale.

    Parameters
    ----------
    images : ndarray, shape (n, size, size)
        Images of the galaxies.
    galaxies : DataFrame
        As from `redpix.simulation.training_images.with_simple_fluxes`.
    bands : sequence of str
        Names of the bands.

    Returns
    -------
    (ndarray, ndarray)
        Inputs and targets, (n, size, size, c), float32.
    """
    pieces = []
    for end in ("in", "out"):
        light = galaxies[[f"bulge_flux_{end}_{band}" for band in bands]].to_numpy()
        pieces.append((images[..., None] * light[:, None, None, :]).astype(np.float32))
    return tuple(pieces)
