"""Where injected sources go: on blank sky, anywhere, or on other injected ones."""

import numpy as np
from scipy import ndimage

from redpix.core.exceptions import InputError
from redpix.demo.truth import extent

# places that are tried for a source
_TRIES = 2000

# pixels: less clear sky than this is none
_LEAST_ROOM = 3.0


def needed_radius(sources, band, fwhm):
    """Clear sky to look for about each source, arcsec: where it sinks into the noise, or 1.5 FWHM.

    Parameters
    ----------
    sources : DataFrame
        ``flux_<band>`` and, of galaxies, the columns of `injection_sources.SHAPE_COLUMNS`.
    band : str
    fwhm : float
        arcsec.
    """
    flux = sources[f"flux_{band}"]
    light = sources.assign(flux_r=flux, bulge_flux_r=flux * sources["bulge_fraction"])
    return np.maximum(extent(light), 1.5 * fwhm)


def occupied(image, error, bad, threshold=5.0):
    """Pixels on which something shines, or that are bad.

    Parameters
    ----------
    image, error : ndarray, shape (ny, nx)
    bad : ndarray of bool
        Masked pixels.
    threshold : float
        Of the smoothed image, in units of its own noise.
    """
    sigma = 1.5
    ratio = np.where(np.isfinite(image) & (error > 0), image / error, 0.0)
    smooth = ndimage.gaussian_filter(ratio, sigma)
    # white noise smoothed by a Gaussian keeps 1 / (2 sqrt(pi) sigma) of its spread
    shining = smooth > threshold / (2 * np.sqrt(np.pi) * sigma)
    return ndimage.binary_dilation(shining | bad, iterations=3)


def place_blank(rng, radii, occupied_pixels, name):
    """Places on blank sky, the largest source first.

    Of places tried at random a source takes the first with the clear sky that it needs; where
    there is none, the one with most.

    Parameters
    ----------
    rng : numpy.random.Generator
    radii : ndarray
        Clear sky that each source needs, pixels.
    occupied_pixels : ndarray of bool, shape (ny, nx)
    name : str
        Of the field, for messages.

    Returns
    -------
    places : ndarray, shape (n, 2)
        x, y, 0-based.
    clear : ndarray
        From each to the nearest occupied pixel, edge, or clear sky of another source, pixels.

    Raises
    ------
    InputError
        If one finds no room at all.
    """
    padded = np.pad(occupied_pixels, 1, constant_values=True)
    room = ndimage.distance_transform_edt(~padded)[1:-1, 1:-1]
    ny, nx = room.shape
    places, clear = np.empty((len(radii), 2)), np.zeros(len(radii))
    order = np.argsort(-radii, kind="stable")
    for rank, i in enumerate(order):
        tried = rng.uniform(-0.5, (nx - 0.5, ny - 0.5), (_TRIES, 2))
        column, row = np.rint(tried.T).astype(int).clip(0, [[nx - 1], [ny - 1]])
        space = room[row, column]
        others = order[:rank]
        gap = np.hypot(*(tried[:, None] - places[others]).transpose(2, 0, 1)) - radii[others]
        space = np.minimum(space, gap.min(axis=1, initial=np.inf))
        enough = np.flatnonzero(space >= radii[i])
        best = enough[0] if len(enough) else np.argmax(space)
        places[i], clear[i] = tried[best], space[best]
        if clear[i] < _LEAST_ROOM:
            raise InputError(
                f"injection: field {name}: no blank sky is left for source {rank + 1} of "
                f"{len(radii)}; lower injection.galaxies_per_field or points_per_field, or set "
                "injection.place to anywhere"
            )
    return places, clear


def place_anywhere(rng, number, shape, margin=20.0):
    """Places drawn evenly over a frame, pixels (x, y), 0-based, this far from its edges."""
    ny, nx = shape
    return np.column_stack(
        [rng.uniform(margin, nx - 1 - margin, number), rng.uniform(margin, ny - 1 - margin, number)]
    )


def place_on_galaxies(rng, places, galaxies, number, scale):
    """Places of transients on galaxies: within the half-light radius, some in the core.

    Parameters
    ----------
    rng : numpy.random.Generator
    places : ndarray, shape (n, 2)
        Of the galaxies, pixels.
    galaxies : DataFrame
        With their shapes.
    number : int
    scale : float
        Arcsec a pixel.

    Returns
    -------
    ndarray, shape (number, 2)
    host : ndarray of int
        Row of the galaxy.
    """
    host = rng.integers(len(places), size=number)
    radius = np.fmax(galaxies["bulge_radius"], galaxies["disk_radius"]).to_numpy()[host] / scale
    step, angle = radius * rng.uniform(0, 1, number), rng.uniform(0, 2 * np.pi, number)
    return places[host] + step[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), host
