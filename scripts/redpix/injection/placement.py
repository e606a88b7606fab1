"""Choose positions of injected sources: on blank sky, anywhere, or on injected galaxies."""

import numpy as np
from scipy import ndimage

from redpix.core.exceptions import InputError
from redpix.demo.positions import extent

# number of random positions tried per source
_TRIES = 2000

# smallest radius of clear sky around a source, pixels
_LEAST_ROOM = 3.0


def needed_radius(sources, band, fwhm):
    """Return the radius of clear sky that each source needs, in arcsec.

    A source needs the radius at which it falls below the noise of a pixel, at least 1.5 FWHM.

    Parameters
    ----------
    sources : DataFrame
        ``flux_<band>``, and for galaxies `redpix.simulation.rendering.SHAPE_COLUMNS`.
    band : str
        Name of the band.
    fwhm : float
        FWHM of the PSF, arcsec.

    Returns
    -------
    ndarray, shape (n,)
    """
    flux = sources[f"flux_{band}"]
    light = sources.assign(flux_r=flux, bulge_flux_r=flux * sources["bulge_fraction"])
    return np.maximum(extent(light), 1.5 * fwhm)


def occupied(image, error, bad, threshold=5.0):
    """Return the pixels that are bad or on a detected source.

    Parameters
    ----------
    image, error : ndarray, shape (ny, nx)
        Image and its 1-sigma error.
    bad : ndarray of bool, shape (ny, nx)
        Masked pixels.
    threshold : float, optional
        Detection threshold on the smoothed image, in units of its noise.

    Returns
    -------
    ndarray of bool, shape (ny, nx)
    """
    sigma = 1.5
    ratio = np.where(np.isfinite(image) & (error > 0), image / error, 0.0)
    smooth = ndimage.gaussian_filter(ratio, sigma)
    # a Gaussian filter reduces white noise by the factor 1 / (2 sqrt(pi) sigma)
    shining = smooth > threshold / (2 * np.sqrt(np.pi) * sigma)
    return ndimage.binary_dilation(shining | bad, iterations=3)


def place_blank(rng, radii, occupied_pixels, name):
    """Place sources on blank sky, the largest source first.

    A source takes the first of its random positions with sufficient clear sky, or else the
    position with the most clear sky.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    radii : ndarray, shape (n,)
        Radius of clear sky that each source needs, pixels.
    occupied_pixels : ndarray of bool, shape (ny, nx)
        Pixels that are bad or on a source.
    name : str
        Field named in error messages.

    Returns
    -------
    positions : ndarray, shape (n, 2)
        x, y, pixels, 0-based.
    clear : ndarray, shape (n,)
        Distance to the nearest occupied pixel, edge, or clear sky of another source, pixels.

    Raises
    ------
    InputError
        If a source has less than 3 pixels of clear sky.
    """
    padded = np.pad(occupied_pixels, 1, constant_values=True)
    room = ndimage.distance_transform_edt(~padded)[1:-1, 1:-1]
    ny, nx = room.shape
    positions, clear = np.empty((len(radii), 2)), np.zeros(len(radii))
    order = np.argsort(-radii, kind="stable")
    for rank, i in enumerate(order):
        tried = rng.uniform(-0.5, (nx - 0.5, ny - 0.5), (_TRIES, 2))
        column, row = np.rint(tried.T).astype(int).clip(0, [[nx - 1], [ny - 1]])
        space = room[row, column]
        others = order[:rank]
        x_gap, y_gap = (tried[:, None] - positions[others]).transpose(2, 0, 1)
        gap = np.hypot(x_gap, y_gap) - radii[others]
        space = np.minimum(space, gap.min(axis=1, initial=np.inf))
        enough = np.flatnonzero(space >= radii[i])
        best = enough[0] if len(enough) else np.argmax(space)
        positions[i], clear[i] = tried[best], space[best]
        if clear[i] < _LEAST_ROOM:
            raise InputError(
                f"injection: field {name}: no blank sky is left for source {rank + 1} of "
                f"{len(radii)}; lower injection.galaxies_per_field or points_per_field, or set "
                "injection.place to anywhere"
            )
    return positions, clear


def place_anywhere(rng, number, shape, margin=20.0):
    """Draw positions uniformly over a frame.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    number : int
        Number of positions.
    shape : (int, int)
        (ny, nx).
    margin : float, optional
        Smallest distance to the edges, pixels; at most a quarter of a side.

    Returns
    -------
    ndarray, shape (number, 2)
        x, y, pixels, 0-based.
    """
    places = []
    for side in shape[::-1]:
        space = min(margin, (side - 1) / 4)  # of a cut-out, the middle half
        places.append(rng.uniform(space, side - 1 - space, number))
    return np.column_stack(places)


def place_on_galaxies(rng, positions, galaxies, number, scale):
    """Draw positions of transients on galaxies, uniform in radius up to the half-light radius.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    positions : ndarray, shape (n, 2)
        x, y of the galaxies, pixels.
    galaxies : DataFrame
        Galaxies with bulge_radius and disk_radius, arcsec.
    number : int
        Number of transients.
    scale : float
        arcsec per pixel.

    Returns
    -------
    positions : ndarray, shape (number, 2)
        x, y, pixels.
    host : ndarray of int, shape (number,)
        Index of the galaxy.
    """
    host = rng.integers(len(positions), size=number)
    radius = np.fmax(galaxies["bulge_radius"], galaxies["disk_radius"]).to_numpy()[host] / scale
    step, angle = radius * rng.uniform(0, 1, number), rng.uniform(0, 2 * np.pi, number)
    return positions[host] + step[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), host
