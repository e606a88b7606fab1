"""Draw the sources of the demo sky in a field, without noise."""

import numpy as np

from redpix.demo import camera, fields
from redpix.simulation import extents, rendering

# brightness at which the stamp of a source ends, in units of a pixel's noise
_INVISIBLE = 0.1


def render(table, field, band, watch=iter):
    """Draw the light of the sources of a field in a band.

    Parameters
    ----------
    table : pandas.DataFrame
        As from `redpix.demo.truth.draw_truth`; sources of epoch 2 shine in fields of epoch 2 only.
    field : redpix.demo.fields.DemoField
        Field of the demo.
    band : str
        Name of the band.
    watch : callable, optional
        Function that wraps the iteration over the sources, to show progress.

    Returns
    -------
    ndarray, shape (ny, nx), float64
        Nanomaggies per pixel.
    """
    image = np.zeros(fields.SHAPE)
    wcs = camera.band_wcs(field, band)
    # north rotates by less than 0.2 degrees within a field: one matrix is sufficient
    sky_jacobian = rendering.jacobian(wcs.wcs.cd)
    scale = np.sqrt(np.prod(fields.PIXEL_SCALE))
    psf = camera.band_psf(field, band)
    blur = rendering.psf_profile(psf)
    faintest = _INVISIBLE * camera.sky_noise(field, band) / scale**2

    shining = table[table["epoch"].isin([0, field.epoch])]
    x, y = wcs.all_world2pix(shining["ra"], shining["dec"], 0)
    for place_x, place_y, source in watch(list(zip(x, y, shining.itertuples(), strict=True))):
        flux = getattr(source, f"flux_{band}")
        if source.kind == "galaxy":
            galaxy = rendering.galaxy_shape(source)
            bulge = getattr(source, f"bulge_flux_{band}")
            profile = rendering.galaxy_profile(galaxy, bulge, flux - bulge)
            profile = rendering.convolved(profile, blur)
            radius = extents.stamp_radius(galaxy, psf, flux, faintest)
        else:
            profile = blur * flux
            radius = extents.psf_radius(psf, flux, faintest)
        rendering.add(image, profile, sky_jacobian, place_x, place_y, radius / scale)
    return image
