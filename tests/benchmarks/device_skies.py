"""Simulated images, vectors and galaxies for the check of the array backends; NumPy alone."""

import numpy as np

#: FWHM and side of PSFs, pixels
FWHM_NEW, FWHM_REFERENCE, STAMP = 3.6, 3.2, 41


def moffat(fwhm, side=STAMP, beta=3.0):
    """Return a round Moffat PSF of unit sum, its centre in the middle of the stamp."""
    axis = np.arange(side) - side // 2
    radius2 = axis[:, None] ** 2 + axis[None, :] ** 2
    profile = (1 + radius2 * 4 * (2 ** (1 / beta) - 1) / fwhm**2) ** -beta
    return profile / profile.sum()


def stars(rng, side, number):
    """Draw stars on whole pixels: x, y (0-based) and flux."""
    half = STAMP // 2
    x, y = rng.integers(half, side - half, (2, number))
    return x, y, 10 ** rng.uniform(2.0, 4.5, number)


def expose(rng, side, catalogue, psf, noise, flux=1.0):
    """Return an image of stars with the noise of its sky and its sources, and its variance.

    Parameters
    ----------
    rng : numpy.random.Generator
    side : int
        Pixels.
    catalogue : (ndarray, ndarray, ndarray)
        As from `stars`.
    psf : ndarray
    noise : float
        1-sigma noise of a pixel of blank sky, counts.
    flux : float
        Flux zero point: counts of a source of unit flux.

    Returns
    -------
    image, variance : ndarray of float32, shape (side, side)
    """
    half = STAMP // 2
    light = np.zeros((side, side), np.float32)
    for x, y, brightness in zip(*catalogue, strict=True):
        place = np.s_[y - half : y + half + 1, x - half : x + half + 1]
        light[place] += (flux * brightness * psf).astype(np.float32)
    variance = noise**2 + light / 2
    return light + rng.standard_normal(light.shape, np.float32) * np.sqrt(variance), variance


def pair(side, number):
    """Return a new and a reference image of one sky, of unequal PSF, noise and flux.

    A hundredth of the stars, and at least one, are in the new image alone.

    Returns
    -------
    list of (image, variance, psf, flux), the new one first
    """
    rng = np.random.default_rng(1)
    both = stars(rng, side, number)
    steady = tuple(column[max(1, number // 100) :] for column in both)
    psfs = moffat(FWHM_NEW), moffat(FWHM_REFERENCE)
    return [
        (*expose(rng, side, both, psfs[0], 5.0), psfs[0], 1.0),
        (*expose(rng, side, steady, psfs[1], 6.0, 1.6), psfs[1], 1.6),
    ]


def exposures(side, images, number):
    """Return images of one sky, each with its own PSF and noise, and a gap in the second.

    Returns
    -------
    list of (image, variance, psf, flux)
    """
    rng = np.random.default_rng(2)
    sky, made = stars(rng, side, number), []
    for count in range(images):
        psf = moffat(3.0 + 0.2 * count)
        made.append((*expose(rng, side, sky, psf, 5.0 + 0.3 * count), psf, 1.0))
    made[1][0][: side // 8, : side // 4] = np.nan
    return made


def vectors(number, queries, attributes):
    """Return vectors and queries of one population, far from zero, as magnitudes are."""
    rng = np.random.default_rng(3)
    mixing = rng.standard_normal((attributes, attributes))
    drawn = 20 + rng.standard_normal((number + queries, attributes)) @ mixing
    return drawn[:number], drawn[number:]


def galaxies(number, side, bands):
    """Return training images of round galaxies, and what they look like at a larger redshift.

    Returns
    -------
    images, targets : ndarray of float32, shape (number, side, side, bands)
    z_in, z_out : ndarray, shape (number,)
    """
    rng = np.random.default_rng(4)
    z_in, z_out = rng.uniform(0.1, 0.3, number), rng.uniform(0.3, 0.8, number)
    width = rng.uniform(side / 16, side / 10, number)[:, None, None]
    axis = np.arange(side) - side / 2
    radius2 = axis[:, None] ** 2 + axis**2
    colours = rng.uniform(0.5, 1.5, (number, 1, 1, bands))

    def blobs(width):
        return np.exp(-radius2 / (2 * width**2))[..., None] * colours

    dimming = (1 + z_in - z_out)[:, None, None, None]
    images = blobs(width) + 0.01 * rng.standard_normal((number, side, side, bands))
    targets = blobs(1.1 * width) * dimming
    return images.astype(np.float32), targets.astype(np.float32), z_in, z_out


def predicted(weights, channels, bands):
    """Return what the training network predicts, by NumPy in double precision.

    Parameters
    ----------
    weights : dict of str to ndarray
        Of `redpix.simulation.network.Trained`: three convolutions, with rectifiers between them.
    channels : ndarray, shape (n, bands + 2, y, x)
    bands : int

    Returns
    -------
    ndarray, shape (n, y, x, bands)
        In units of the brightest pixel of each input.
    """
    made = []
    for galaxy in np.asarray(channels, np.float64):
        values = galaxy
        for layer in ("0", "2", "4"):
            padded = np.pad(values, ((0, 0), (2, 2), (2, 2)))
            windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(1, 2))
            kernel = weights[f"{layer}.weight"].astype(np.float64)
            values = np.tensordot(kernel, windows, axes=([1, 2, 3], [0, 3, 4]))
            values += weights[f"{layer}.bias"][:, None, None]
            if layer != "4":
                values = np.maximum(values, 0)
        made.append(np.moveaxis(galaxy[:bands] + values, 0, -1))
    return np.array(made)
