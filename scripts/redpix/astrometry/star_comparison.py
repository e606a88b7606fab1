"""Compare the fluxes and positions of the stars of two images on the same pixels."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from astropy.stats import mad_std

from redpix.astrometry.aperture_ratio import UNKNOWN, FluxRatio, aperture_ratio, mean_ratio
from redpix.astrometry.flux_ratio import joined_ratio
from redpix.astrometry.flux_scatter import flux_scatter
from redpix.astrometry.star_fit import fit_stars
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.psf.psf_model import full_width

#: minimum number of stars to compare if their S/N is similar
MANY = 10

#: largest noise of a star, relative to its light, with which the error of the PSFs is measured
_LEAST_MISFIT = 0.01

#: largest registration error that is accepted, pixels
WORST = 1.0


class ComparedImages(NamedTuple):
    """Two images on the same pixels, with their variances and PSFs.

    Attributes
    ----------
    new, reference : ndarray
        Images without their backgrounds; NaN where they have no value.
    new_variance, reference_variance : ndarray
    psf_new, psf_reference : callable
        ``psf(x, y)``: the stamp at a position.
    wing_error : float
        Error of the ratio of fluxes by the PSFs that the errors of their wings leave, relative.
    """

    new: np.ndarray
    reference: np.ndarray
    new_variance: np.ndarray
    reference_variance: np.ndarray
    psf_new: Callable
    psf_reference: Callable
    wing_error: float = 0.0


class ImageComparison(NamedTuple):
    """Comparison of two images by their stars.

    Attributes
    ----------
    ratio : float
        Flux in the reference over that in the new image.
    scatter : float
        Relative scatter of the ratio beyond noise.
    n_stars : int
        Number of stars whose fluxes were compared.
    registration_error : ndarray, shape (2,)
        rms error along x and y, pixels.
    by_psfs, by_apertures : redpix.astrometry.aperture_ratio.FluxRatio
        The flux ratio by PSF stars, and by apertures about all sources.
    remarks : tuple of str
        Warnings about the flux ratio, one sentence each.
    misfit : float
        Error of the PSFs of both images, relative to the light of a bright star.
    """

    ratio: float
    scatter: float
    n_stars: int
    registration_error: np.ndarray
    by_psfs: FluxRatio = UNKNOWN
    by_apertures: FluxRatio = UNKNOWN
    remarks: tuple = ()
    misfit: float = 0.0


def compare_images(
    images, positions, sources, left_out, names, flux_ratio=None, by_zero_points=None
):
    """Return flux ratio and registration error of two images.

    Parameters
    ----------
    images : ComparedImages
        The two images.
    positions : ndarray, shape (n, 2)
        x, y of the stars of the PSF, 0-based.
    sources, left_out : ndarray, shape (m, 2)
        x, y of the sources that the registration is fitted to, and
        `redpix.astrometry.star_map.left_out` of them.
    names : str
        Name of the images in messages.
    flux_ratio : float, optional
        Known flux ratio.
    by_zero_points : float, optional
        Flux ratio that is taken if there are too few stars.

    Returns
    -------
    ImageComparison

    Raises
    ------
    InputError
        If the flux ratio is neither known nor measurable, or as `registration_error`.
    """
    error = registration_error(images, sources, left_out, names)
    fluxes = compare_fluxes(images, positions, sources, names, flux_ratio, by_zero_points)
    return fluxes._replace(registration_error=error)


def compare_fluxes(images, positions, sources, names, given=None, by_zero_points=None):
    """Return the flux ratio of two images by PSF stars and by apertures.

    Parameters
    ----------
    images : ComparedImages
        The two images.
    positions, sources : ndarray, shape (n, 2)
        x, y of stars and of all bright sources, 0-based.
    names : str
        Name of the images in messages.
    given : float, optional
        Known flux ratio. The stars then only measure its scatter.
    by_zero_points : float, optional
        Flux ratio that is taken if fewer than 3 stars are in both images.

    Returns
    -------
    ImageComparison
        Without the error of registration.

    Raises
    ------
    InputError
        If fewer than 3 sources are in both images, and the flux ratio and a zero point are
        unknown.
    """
    fit, good = _selected(images, positions)
    ratio, error = fit.ratio[good], fit.ratio_error[good]
    by_psfs = mean_ratio(ratio, error)
    middle = [(length - 1) / 2 for length in images.new.shape[::-1]]
    fwhm = max(full_width(psf(*middle)) for psf in (images.psf_new, images.psf_reference))
    variances = images.new_variance, images.reference_variance
    by_apertures = aperture_ratio(images.new, images.reference, variances, sources, fwhm)
    joined, apart, remarks = joined_ratio(
        by_psfs, by_apertures, given, by_zero_points, names, images.wing_error
    )
    scatter = 0.0
    if len(ratio) >= 3:
        scatter = float(np.hypot(flux_scatter(ratio / by_psfs.ratio, error / by_psfs.ratio), apart))
    _log_ratio(joined, scatter, by_psfs, by_apertures)
    misfit = misfit_of_stars(fit)
    log.info("misfit of the PSFs at bright stars %.5f", misfit)
    for remark in remarks:
        log.warning("%s: %s", names, remark)
    return ImageComparison(
        ratio=joined,
        scatter=scatter,
        n_stars=by_psfs.number,
        registration_error=np.zeros(2),
        by_psfs=by_psfs,
        by_apertures=by_apertures,
        remarks=tuple(remarks),
        misfit=misfit,
    )


def _log_ratio(joined, scatter, by_psfs, by_apertures):
    """Log a flux ratio and where it comes from."""
    log.info(
        "flux ratio %.5f, scatter %.5f; by %d stars %.5f +- %.5f, by %d apertures %.5f +- %.5f",
        joined,
        scatter,
        by_psfs.number,
        by_psfs.ratio,
        by_psfs.error,
        by_apertures.number,
        by_apertures.ratio,
        by_apertures.error,
    )


def misfit_of_stars(fit):
    """Return the error of two PSFs from the brightest stars, relative to their light.

    Parameters
    ----------
    fit : redpix.astrometry.star_fit.StarFit
        Fits of stars.

    Returns
    -------
    float
        Root of the median of the misfit; 0 if noise explains it, or with fewer than 3 bright stars.
    """
    bright = np.argsort(fit.misfit_noise)[:MANY]
    bright = bright[fit.misfit_noise[bright] < _LEAST_MISFIT**2]
    if len(bright) < 3:
        return 0.0
    return float(np.sqrt(max(np.median(fit.misfit[bright]), 0)))


def registration_error(images, positions, left_out, source):
    """Return the rms error of registration at sources that were left out of the fit.

    Parameters
    ----------
    images : ComparedImages
        The two images.
    positions : ndarray, shape (n, 2)
        x, y of sources, 0-based.
    left_out : ndarray, shape (n, 2)
        From `redpix.astrometry.star_map.left_out`.
    source : str
        Name of the images in messages.

    Returns
    -------
    ndarray, shape (2,)
        Along x and y, pixels.

    Raises
    ------
    InputError
        If the error is larger than `WORST`.
    """
    fit, good = _selected(images, positions)
    if not good.any():
        return np.zeros(2)
    offset, error = (fit.offset + left_out[fit.index])[good], fit.offset_error[good]
    shift = np.median(offset, axis=0)
    rms = np.hypot(excess_scatter(offset, error), shift)
    log.info("shift %.4f %.4f, rms %.4f %.4f px of %d sources", *shift, *rms, len(offset))
    if rms.max() > WORST:
        raise InputError(
            f"{source}: {len(offset)} sources lie {rms.max():.1f} px apart after registration; "
            f"allowed: up to {WORST:g}; a WCS may be wrong: subtraction.registration sources "
            "does not use it"
        )
    return rms


def excess_scatter(values, errors):
    """Return the robust scatter that errors do not explain.

    Parameters
    ----------
    values, errors : ndarray, shape (n,) or (n, m)
        Values and their 1-sigma errors.

    Returns
    -------
    float or ndarray, shape (m,)
        0 if the errors explain all of the scatter.
    """
    spread = mad_std(values, axis=0)
    return np.sqrt(np.maximum(spread**2 - np.median(errors, axis=0) ** 2, 0))


def _selected(images, positions):
    """Fit the stars of two images; return the fit and which of its rows are reliable."""
    columns, rows = (
        np.clip(np.rint(along).astype(int), 0, length - 1)
        for along, length in zip(positions.T, images.reference.shape[::-1], strict=True)
    )
    inside = np.isfinite(images.reference[rows, columns])
    x, y = positions[inside].T
    planes = {key: value for key, value in images._asdict().items() if key != "wing_error"}
    fit = fit_stars(**planes, x=x, y=y)
    fit = fit._replace(index=np.flatnonzero(inside)[fit.index])
    relative = np.where(fit.ratio > 0, fit.ratio_error / abs(fit.ratio), np.inf)
    # if fewer than ten stars are bright, those nearly as good as the ten best count
    least = np.sort(relative)[:MANY][-1] if len(relative) else 0.0
    good = relative < min(max(0.03, 2 * least), 0.3)
    # outliers are variable stars, or are not stars
    if good.any():
        good[good] = abs(np.log(fit.ratio[good] / np.median(fit.ratio[good]))) < np.log(5)
    return fit, good
