"""Find the stars of two exposures and put one exposure onto the pixels of the other."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from redpix.astrometry.star_map import LEAST_STARS, Map, fit_map, left_out
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.homography import homography, stated_distortion
from redpix.image.pixel_areas import AVERAGED, matrices, within_pixel
from redpix.image.resample import Resampled, noise_correlation, resample
from redpix.psf.psfex import find_sources
from redpix.psf.sextractor import copied_settings

#: pixel scale of the reference over that of the new image; outside, the noise is less well known
SCALE_RANGE = (0.9, 1.1)


class StarPrograms(NamedTuple):
    """Settings of SExtractor and PSFEx in a temporary folder.

    Attributes
    ----------
    folder : Path
        Folder for the files of the programs.
    sextractor : dict of str to Path
        Settings files of SExtractor.
    psfex : Path
        Settings file of PSFEx.
    """

    folder: Path
    sextractor: dict
    psfex: Path


class Alignment(NamedTuple):
    """Reference on the pixels of the new image.

    Attributes
    ----------
    image : redpix.image.resample.Resampled
        The reference after resampling.
    transform : callable
        ``transform(x, y)``: position in the reference of a pixel of the new image. A
        `redpix.astrometry.star_map.Map` or a `redpix.astrometry.quads.Surface`.
    left_out : ndarray, shape (n, 2)
        `redpix.astrometry.star_map.left_out` at the stars; zeros if they are few.
    """

    image: Resampled
    transform: Callable
    left_out: np.ndarray

    def noise_correlation(self, rows, columns):
        """Return the covariance of the noise that resampling leaves in a region.

        Parameters
        ----------
        rows, columns : slice
            Region of the new image.

        Returns
        -------
        ndarray
            From `redpix.image.resample.noise_correlation`.
        """
        x, y = (np.array([(part.start + part.stop - 1) / 2]) for part in (columns, rows))
        if len(within_pixel(matrices(self.transform, x, y)[0])) > 1:
            return np.ones((1, 1))  # means over pixels; what is left is measured on blank sky
        return noise_correlation(self.transform, rows, columns)


@contextmanager
def star_programs(config, parameters, filter, psfex):
    """Yield the settings of SExtractor and PSFEx in a temporary folder, and remove it.

    Parameters
    ----------
    config, parameters, filter : str
        Settings files of SExtractor.
    psfex : str
        Settings file of PSFEx.

    Yields
    ------
    StarPrograms
    """
    paths = {"config": config, "parameters": parameters, "filter": filter}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = copied_settings(paths, folder)
        yield StarPrograms(folder, settings, shutil.copy(psfex, folder / "psfex"))


def sources_of(exposure, name, programs):
    """Return the sources of an exposure that SExtractor detects.

    Parameters
    ----------
    exposure : redpix.image.exposure_file.Exposure
        Exposure whose sources are found.
    name : str
        Stem of the files that are written into the folder of the programs.
    programs : StarPrograms
        Settings of SExtractor and its folder.

    Returns
    -------
    redpix.psf.psfex.SourceTable
    """
    planes = exposure.image, exposure.variance, exposure.mask
    return find_sources(name, *planes, programs.folder, programs.sextractor, exposure.path)


def align(science, reference, science_stars, reference_stars, registration="wcs"):
    """Put the reference onto the pixels of the science image.

    Parameters
    ----------
    science, reference : redpix.image.exposure_file.Exposure
        Image whose pixels stay, and image that is resampled.
    science_stars, reference_stars : redpix.psf.psfex.SourceTable
        Sources of the two images.
    registration : {"wcs", "sources"}
        wcs: the two WCS, refined by stars. sources: the sources alone. If an image has no WCS, or
        if the WCS leave many stars apart, the sources alone are used as well, with a warning.

    Returns
    -------
    Alignment

    Raises
    ------
    InputError
        If the images do not overlap or do not show the same stars.
    """
    registration = _possible_registration(science, reference, registration)
    new, old = science_stars.places(), reference_stars.places()
    shape, names = science.image.shape, f"{science.path}, {reference.path}"
    try:
        transform, fit = _transform(science, reference, new, old, registration)
        _log_transform(transform, science, reference)
        moved = resample(reference.image, reference.variance, reference.mask, transform, shape)
    except InputError as error:
        raise InputError(f"{names}: {error}") from None
    change = np.zeros(new.shape)
    if transform.stars >= 2 * LEAST_STARS:
        # with as many terms as the fit to all stars
        again = partial(fit, terms=transform.terms) if isinstance(transform, Map) else fit
        change = left_out(again, transform, new)
    return Alignment(moved, transform, change)


def _possible_registration(science, reference, registration):
    """Return the start of a registration; images without a WCS are matched by their sources."""
    without = [exposure.path for exposure in (science, reference) if exposure.wcs is None]
    if registration == "wcs" and without:
        log.warning(
            "%s: no WCS that says where on the sky it lies, so the images are matched by their "
            "sources, as with subtraction.registration sources",
            without[0],
        )
        return "sources"
    return registration


def _transform(science, reference, new, old, registration):
    """Return the transform between two images and the function that fits it to stars."""
    shape, names = science.image.shape, f"{science.path}, {reference.path}"
    if registration == "sources":
        fit = _fit_of_sources(new, old, shape)
    else:
        fit = _fit_of_wcs(old, science, reference)
    transform = fit(new)
    apart = transform.stars < LEAST_STARS <= min(len(new), len(old))
    if apart and registration == "wcs" and _within(transform, new, reference.image.shape):
        transform, fit = _despite_wcs(transform, fit, new, old, shape, names)
    return transform, fit


def _log_transform(transform, science, reference):
    """Log the residuals of a transform; warn if the pixel scales of the images differ."""
    log.info(
        "%s on %s: %d stars, residual %.3f and %.3f px",
        reference.path,
        science.path,
        transform.stars,
        *transform.residual,
    )
    size = _pixel_size(transform, science.image.shape)
    least, most = SCALE_RANGE
    if not least < size < most:
        words = "interpolated, and the noise of a difference is accurate to 10 %"
        log.warning(
            "%s: its pixels are %.2f times as large as those of %s; it is %s",
            reference.path,
            size,
            science.path,
            "averaged over them" if size**-2 > AVERAGED else words,
        )


def _fit_of_wcs(old, science, reference):
    """Return a function that fits a transform to stars, starting from the two WCS."""
    shape = science.image.shape
    matrix = homography(science.wcs, reference.wcs, shape)
    if not np.isfinite(matrix).all():
        raise InputError("the images do not overlap: they lie far apart by their WCS")
    distortion = stated_distortion(matrix, science.wcs, reference.wcs, shape)

    def fit(some, terms=None):
        return fit_map(matrix, shape, some, old, terms=terms, distortion=distortion)

    return fit


def _fit_of_sources(new, old, shape):
    """Return a function that fits a transform to stars, without a WCS."""
    # imported here because it loads much of SciPy, which other pairs do not need
    from redpix.astrometry.quads import fit_surface, match  # noqa: PLC0415

    matrix = match(new, old)
    return lambda some: fit_surface(matrix, shape, some, old)


def _pixel_size(transform, shape):
    """Return the pixel scale of the reference over that of the new image, in its centre."""
    x, y = (length / 2 for length in shape[::-1])
    u, v = transform(np.array([x, x + 1, x]), np.array([y, y, y + 1]))
    return abs((u[1] - u[0]) * (v[2] - v[0]) - (u[2] - u[0]) * (v[1] - v[0])) ** -0.5


def _within(transform, positions, shape):
    """Return whether a transform puts any of the stars into an image."""
    x, y = transform(*positions.T)
    return np.any((x > 0) & (x < shape[1] - 1) & (y > 0) & (y < shape[0] - 1))


def _despite_wcs(transform, fit, new, old, shape, names):
    """Match by sources if the WCS does not; return the transform and its fitter."""
    try:
        other = _fit_of_sources(new, old, shape)
    except InputError as error:
        log.info("%s: few stars agree by the WCS, which is used all the same: %s", names, error)
        return transform, fit
    better = other(new)
    away = np.hypot(*np.subtract(better(*new.T), transform(*new.T)))
    log.warning(
        "%s: by their WCS stars lie %.1f px apart; the images are matched by their sources",
        names,
        np.median(away),
    )
    return better, other
