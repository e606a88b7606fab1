"""Put one exposure onto the pixels of another, and compare the stars that both show."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from astropy.wcs import NoConvergence
from job import log
from psfex import find_sources
from redpix.alignment import LEAST_STARS, excess_scatter, fit_map, fit_stars, left_out
from redpix.exceptions import InputError
from redpix.registration import homography
from redpix.resampling import resample


def side_by_side(calls, threads):
    """Results of calls in their order, of which so many run at a time."""
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def sources_of(exposure, name, folder, settings):
    """SExtractor's sources of an exposure; `name` is that of the files made in `folder`."""
    planes = exposure.image, exposure.variance, exposure.mask
    found = find_sources(name, *planes, folder, settings, exposure.path)
    if not len(found.table):
        raise InputError(
            f"{exposure.path}: no source, so no PSF; allowed: an image that shows stars"
        )
    return found


def align(science, reference, stars, found, registration="wcs"):
    """The reference on the science image's pixels, and the map.

    Parameters
    ----------
    science, reference : exposures.Exposure
    stars, found : psfex.Stars
        Sources of the science image, and of the reference.
    registration : str
        wcs: the two WCS, refined by stars; sources: by the sources alone.

    Returns
    -------
    redpix.resampling.Resampled
    redpix.alignment.Map or redpix.asterisms.Surface
    ndarray, shape (n, 2)
        `redpix.alignment.left_out` of the places of `stars`; zeros of too few.
    """
    places, found, shape = stars.places(), found.places(), science.image.shape
    try:
        if registration == "sources":
            # brings in much of SciPy, which no other pair needs
            from redpix.asterisms import fit_surface, match  # noqa: PLC0415

            matrix = match(places, found)

            def fit(some):
                return fit_surface(matrix, shape, some, found)
        else:
            matrix = homography(science.wcs, reference.wcs, shape)
            if not np.isfinite(matrix).all():
                raise InputError("the images do not overlap: they lie far apart by their WCS")

            def fit(some, terms=None):
                return fit_map(matrix, shape, some, found, terms=terms)

        place = fit(places)
        log.info(
            "%s on %s: %d stars, residual %.3f and %.3f px",
            *(reference.path, science.path, place.stars, *place.residual),
        )
        moved = resample(*(reference.image, reference.variance, reference.mask, place, shape))
        change = np.zeros(places.shape)
        if place.stars >= 2 * LEAST_STARS:
            # a map as flexible as the one of all stars
            again = fit if registration == "sources" else partial(fit, terms=place.terms)
            change = left_out(again, place, places)
        return moved, place, change
    except NoConvergence:
        words = "the images do not overlap: they lie far apart by their WCS"
    except InputError as error:
        words = str(error)
    raise InputError(f"{science.path}, {reference.path}: {words}")


def _fitted(science, moved, psfs, places):
    """What stars say of the two images, and which of them say it well."""
    columns, rows = (
        np.clip(np.rint(along).astype(int), 0, length - 1)
        for along, length in zip(places.T, moved.image.shape[::-1], strict=True)
    )
    inside = np.isfinite(moved.image[rows, columns])
    fit = fit_stars(
        *(science.image, moved.image, science.variance, moved.variance),
        *(*psfs, *places[inside].T),
    )
    fit = fit._replace(index=np.flatnonzero(inside)[fit.index])
    good = (fit.ratio > 0) & (fit.ratio_error < 0.03 * fit.ratio)
    # what is variable, or no star, is far from the rest
    if good.any():
        good[good] = abs(np.log(fit.ratio[good] / np.median(fit.ratio[good]))) < np.log(5)
    return fit, good


def compare_stars(science, moved, psfs, places, source):
    """Flux ratio and its scatter from stars in both images.

    Parameters
    ----------
    science : exposures.Exposure
    moved : redpix.resampling.Resampled
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
    number : int
        Of stars.
    """
    fit, good = _fitted(science, moved, psfs, places)
    if good.sum() < 3:
        raise InputError(f"{source}: {good.sum()} stars in both images; at least 3 are needed")
    ratio = float(np.median(fit.ratio[good]))
    scatter = float(excess_scatter(fit.ratio[good] / ratio, fit.ratio_error[good] / ratio))
    log.info("flux ratio %.5f, scatter %.5f of %d stars", ratio, scatter, good.sum())
    return ratio, scatter, int(good.sum())


def registration_error(science, moved, psfs, places, change):
    """rms error of registration along x and y, pixels, at sources that it was not fitted to.

    Parameters
    ----------
    science, moved, psfs
        As in `compare_stars`.
    places, change : ndarray, shape (n, 2)
        x, y of sources, and `redpix.alignment.left_out` of them.

    Returns
    -------
    ndarray, shape (2,)
    """
    fit, good = _fitted(science, moved, psfs, places)
    if not good.any():
        return np.zeros(2)
    offset, error = (fit.offset + change[fit.index])[good], fit.offset_error[good]
    shift = np.median(offset, axis=0)
    rms = np.hypot(excess_scatter(offset, error), shift)
    log.info("shift %.4f %.4f, rms %.4f %.4f px of %d sources", *shift, *rms, len(offset))
    return rms
