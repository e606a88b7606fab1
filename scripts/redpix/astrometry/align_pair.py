"""Put one exposure onto the pixels of another, and compare the stars that both show."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from redpix.astrometry.star_comparison import excess_scatter, fit_stars
from redpix.astrometry.star_map import LEAST_STARS, Map, fit_map, left_out
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.homography import homography, stated_distortion
from redpix.image.resample import resample
from redpix.psf.psfex import find_sources

#: so many stars are compared in any case, if they are nearly as bright as one another
MANY = 10

#: largest error of a registration, pixels
WORST = 1.0


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
    stars, found : psfex.SourceTable
        Sources of the science image, and of the reference.
    registration : str
        wcs: the two WCS, refined by stars; sources: by the sources alone, which is also done,
        with a warning, where the WCS leave the stars apart.

    Returns
    -------
    redpix.image.resample.Resampled
    redpix.astrometry.star_map.Map or redpix.astrometry.quads.Surface
    ndarray, shape (n, 2)
        `redpix.astrometry.star_map.left_out` of the places of `stars`; zeros of too few.
    """
    lists, shape = (stars.places(), found.places()), science.image.shape
    names = f"{science.path}, {reference.path}"
    try:
        if registration == "sources":
            fit = _fit_of_sources(*lists, shape)
        else:
            fit = _fit_of_wcs(lists[1], science, reference)
        place = fit(lists[0])
        apart = place.stars < LEAST_STARS <= min(map(len, lists))
        if apart and registration == "wcs" and _within(place, lists[0], reference.image.shape):
            place, fit = _despite_wcs(place, fit, lists, shape, names)
        log.info(
            "%s on %s: %d stars, residual %.3f and %.3f px",
            *(reference.path, science.path, place.stars, *place.residual),
        )
        size = _pixel_size(place, shape)
        if not 0.9 < size < 1.1:
            log.warning(
                "%s: its pixels are %.2f times as large as those of %s; values are taken between "
                "them, so that the noise of a difference is right to a tenth",
                *(reference.path, size, science.path),
            )
        moved = resample(*(reference.image, reference.variance, reference.mask, place, shape))
    except InputError as error:
        raise InputError(f"{names}: {error}") from None
    change = np.zeros(lists[0].shape)
    if place.stars >= 2 * LEAST_STARS:
        # a map as flexible as the one of all stars
        again = partial(fit, terms=place.terms) if isinstance(place, Map) else fit
        change = left_out(again, place, lists[0])
    return moved, place, change


def _fit_of_wcs(found, science, reference):
    """A function that makes a map from some of the stars, beginning with what the WCS say."""
    shape = science.image.shape
    matrix = homography(science.wcs, reference.wcs, shape)
    if not np.isfinite(matrix).all():
        raise InputError("the images do not overlap: they lie far apart by their WCS")
    bend = stated_distortion(matrix, science.wcs, reference.wcs, shape)

    def fit(some, terms=None):
        return fit_map(matrix, shape, some, found, terms=terms, distortion=bend)

    return fit


def _fit_of_sources(places, found, shape):
    """A function that makes a map from some of the stars, and of nothing else."""
    # brings in much of SciPy, which no other pair needs
    from redpix.astrometry.quads import fit_surface, match  # noqa: PLC0415

    matrix = match(places, found)
    return lambda some: fit_surface(matrix, shape, some, found)


def _pixel_size(place, shape):
    """Side of the reference's pixels over that of the new image's, in its middle."""
    x, y = (length / 2 for length in shape[::-1])
    u, v = place(np.array([x, x + 1, x]), np.array([y, y, y + 1]))
    return abs((u[1] - u[0]) * (v[2] - v[0]) - (u[2] - u[0]) * (v[1] - v[0])) ** -0.5


def _within(place, places, shape):
    """Whether a map puts any of the stars into an image."""
    x, y = place(*places.T)
    return np.any((x > 0) & (x < shape[1] - 1) & (y > 0) & (y < shape[0] - 1))


def _despite_wcs(place, fit, lists, shape, names):
    """The map, and what makes it, of images whose many stars the WCS leave apart."""
    try:
        other = _fit_of_sources(*lists, shape)
    except InputError:
        return place, fit  # few of the stars are the same
    better = other(lists[0])
    away = np.hypot(*np.subtract(better(*lists[0].T), place(*lists[0].T)))
    log.warning(
        "%s: by their WCS stars lie %.1f px apart; the images are matched by their sources",
        *(names, np.median(away)),
    )
    return better, other


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
    relative = np.where(fit.ratio > 0, fit.ratio_error / abs(fit.ratio), np.inf)
    # about as well as the ten best, where no ten are bright
    least = np.sort(relative)[:MANY][-1] if len(relative) else 0.0
    good = relative < min(max(0.03, 2 * least), 0.3)
    # what is variable, or no star, is far from the rest
    if good.any():
        good[good] = abs(np.log(fit.ratio[good] / np.median(fit.ratio[good]))) < np.log(5)
    return fit, good


def compare_stars(science, moved, psfs, places, source, given=None):
    """Flux ratio and its scatter from stars in both images.

    Parameters
    ----------
    science : exposures.Exposure
    moved : redpix.image.resample.Resampled
    psfs : (callable, callable)
        ``psf(x, y)`` of the two.
    places : ndarray, shape (n, 2)
        x, y of stars.
    source : str
        What messages call the images.
    given : float, optional
        The flux ratio; stars tell its scatter alone.

    Returns
    -------
    ratio, scatter : float
        Flux in `moved` over that in `science`; relative scatter beyond noise.
    number : int
        Of stars.

    Raises
    ------
    InputError
        If fewer than 3 stars are in both, and no flux ratio is given.
    """
    fit, good = _fitted(science, moved, psfs, places)
    if good.sum() < 3:
        if given:
            log.warning("%s: %d stars in both images: none tell a scatter", source, good.sum())
            return given, 0.0, int(good.sum())
        raise InputError(
            f"{source}: {good.sum()} stars in both images; at least 3 are needed, or their flux "
            "ratio, subtraction.flux_ratio; if they show the same stars, their WCS may be wrong: "
            "subtraction.registration sources does without"
        )
    ratio = given or float(np.median(fit.ratio[good]))
    scatter = float(excess_scatter(fit.ratio[good] / ratio, fit.ratio_error[good] / ratio))
    log.info("flux ratio %.5f, scatter %.5f of %d stars", ratio, scatter, good.sum())
    return ratio, scatter, int(good.sum())


def registration_error(science, moved, psfs, places, change, source):
    """rms error of registration along x and y, pixels, at sources that it was not fitted to.

    Parameters
    ----------
    science, moved, psfs
        As in `compare_stars`.
    places, change : ndarray, shape (n, 2)
        x, y of sources, and `redpix.astrometry.star_map.left_out` of them.
    source : str
        What messages call the images.

    Returns
    -------
    ndarray, shape (2,)

    Raises
    ------
    InputError
        If it is larger than `WORST`.
    """
    fit, good = _fitted(science, moved, psfs, places)
    if not good.any():
        return np.zeros(2)
    offset, error = (fit.offset + change[fit.index])[good], fit.offset_error[good]
    shift = np.median(offset, axis=0)
    rms = np.hypot(excess_scatter(offset, error), shift)
    log.info("shift %.4f %.4f, rms %.4f %.4f px of %d sources", *shift, *rms, len(offset))
    if rms.max() > WORST:
        raise InputError(
            f"{source}: {len(offset)} sources lie {rms.max():.1f} px apart after registration; "
            f"allowed: up to {WORST:g}; their WCS may be wrong: subtraction.registration sources "
            "does without"
        )
    return rms
