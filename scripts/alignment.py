"""Put one exposure onto the pixels of another, and compare the stars that both show."""

import numpy as np
from astropy.wcs import NoConvergence
from job import log
from psfex import find_sources
from redpix.alignment import excess_scatter, fit_map, fit_stars, resample
from redpix.exceptions import InputError
from redpix.registration import homography


def sources_of(exposure, name, folder, settings):
    """SExtractor's sources of an exposure; `name` is that of the files made in `folder`."""
    planes = exposure.image, exposure.variance, exposure.mask
    return find_sources(name, *planes, folder, settings, exposure.path)


def align(science, reference, stars, folder, settings, name="raw"):
    """The reference on the science image's pixels, and the map.

    Parameters
    ----------
    science, reference : exposures.Exposure
    stars : psfex.Stars
        Sources of the science image.
    folder : Path
        For SExtractor's files, which begin with `name`.
    settings : dict
        As from `sextractor.copied_settings`.

    Returns
    -------
    redpix.alignment.Resampled, redpix.alignment.Map
    """
    found = sources_of(reference, name, folder, settings)
    try:
        matrix = homography(science.wcs, reference.wcs, science.image.shape)
    except NoConvergence:
        raise InputError(
            f"{science.path}, {reference.path}: the images do not overlap by their WCS"
        ) from None
    place = fit_map(matrix, science.image.shape, stars.places(), found.places())
    log.info(
        "%s on %s: %d stars, residual %.3f and %.3f px",
        *(reference.path, science.path, place.stars, *place.residual),
    )
    try:
        moved = resample(
            *(reference.image, reference.variance, reference.mask, place, science.image.shape)
        )
    except InputError as error:
        raise InputError(f"{science.path}, {reference.path}: {error}") from None
    return moved, place


def compare_stars(science, moved, psfs, places, source):
    """Flux ratio, its scatter and the rms of registration from stars in both images.

    Parameters
    ----------
    science : exposures.Exposure
    moved : redpix.alignment.Resampled
    psfs : (callable, callable)
        ``psf(x, y)`` of the two.
    places : ndarray, shape (n, 2)
        x, y of stars.
    source : str
        What messages call the images.

    Returns
    -------
    ratio, scatter : float
        Flux in `moved` over that in `science`; relative scatter beyond noise.
    rms : ndarray, shape (2,)
    number : int
        Of stars.
    """
    inside = np.isfinite(
        moved.image[np.rint(places[:, 1]).astype(int), np.rint(places[:, 0]).astype(int)]
    )
    fit = fit_stars(
        *(science.image, moved.image, science.variance, moved.variance),
        *(*psfs, *places[inside].T),
    )
    good = (fit.ratio > 0) & (fit.ratio_error < 0.03 * fit.ratio)
    # what is variable, or no star, is far from the rest
    if good.any():
        good[good] = abs(np.log(fit.ratio[good] / np.median(fit.ratio[good]))) < np.log(5)
    if good.sum() < 3:
        raise InputError(f"{source}: {good.sum()} stars in both images; at least 3 are needed")
    ratio = float(np.median(fit.ratio[good]))
    scatter = float(excess_scatter(fit.ratio[good] / ratio, fit.ratio_error[good] / ratio))
    shift = np.median(fit.offset[good], axis=0)
    rms = np.hypot(excess_scatter(fit.offset[good], fit.offset_error[good]), shift)
    log.info(
        "flux ratio %.5f, scatter %.5f; shift %.4f %.4f, rms %.4f %.4f px from %d stars",
        *(ratio, scatter, *shift, *rms, good.sum()),
    )
    return ratio, scatter, rms, int(good.sum())
