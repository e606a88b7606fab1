"""Register two exposures, match their backgrounds, subtract, flag the edges, detect.

Each step takes the state that the step before it returns.
"""

from functools import partial

import numpy as np

from redpix.astrometry.align_pair import align, sources_of, star_programs
from redpix.astrometry.star_comparison import ComparedImages, compare_images
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.core.parallel import side_by_side
from redpix.image.background import matched_background
from redpix.image.masks import bit_value
from redpix.subtraction.difference_files import header_of
from redpix.subtraction.epoch import Epoch
from redpix.subtraction.halos_and_edges import beside_the_sky
from redpix.subtraction.marked_score import with_marks
from redpix.subtraction.pair import PairDifference, RegisteredPair
from redpix.subtraction.pair_checks import check_depth
from redpix.subtraction.pair_noise import correlations, measure_noise
from redpix.subtraction.pair_psfs import engines, psfs_of_pair
from redpix.subtraction.small_images import (
    with_stand_ins,
    zero_point_ratio,
)
from redpix.subtraction.tiles import empty_planes, subtract_tiles
from redpix.subtraction.transients import FLAGS, find_transients
from redpix.subtraction.undersampled import corrected_fluxes

#: type of the images while they are subtracted, by the value of subtraction.precision
PRECISION = {"float32": np.float32, "float64": np.float64}

#: side of the smallest squares that the background of a difference follows: in units of the FWHM,
#: and its minimum in pixels
FINEST, LEAST_FINEST = 4.0, 16.0


def subtract_pair(science, reference, settings, workspace):
    """Register, compare, subtract, detect.

    Parameters
    ----------
    science, reference : redpix.image.exposure_file.Exposure
        They give their arrays away, see `register_pair`.
    settings : redpix.subtraction.pair.SubtractionSettings
        Settings of the subtraction.
    workspace : redpix.subtraction.pair.Workspace
        Programs, folder and processors.

    Returns
    -------
    PairDifference

    Raises
    ------
    InputError
        If the pair cannot be registered, compared or subtracted.
    """
    pair = register_pair(science, reference, settings, workspace)
    check_depth(pair.new_variance, pair.reference_variance, pair.comparison.ratio, pair.names)
    pair = match_backgrounds(pair, settings)
    pair = measure_noise(pair, settings)
    planes = difference_planes(pair, settings, workspace)
    pair = pair._replace(new_variance=None, reference_variance=None)  # frees them
    mask = flag_edges(pair.mask, planes, reach=2 * pair.fwhm)
    transients = find_transients(planes, mask, pair.fwhm, settings.threshold, pair)
    if pair.stand_in:
        transients = transients._replace(flags=transients.flags | FLAGS["STAND_IN"])
    transients = corrected_fluxes(transients, planes, pair)
    transients, cards = with_marks(transients, settings, science.wcs, pair.fwhm)
    header = [*header_of(pair, planes, mask), *cards]
    return PairDifference(planes, mask, transients, header, pair.new, shown_reference(pair, planes))


def register_pair(science, reference, settings, workspace):
    """Put the reference onto the pixels of the science image and compare their stars.

    The arrays of both exposures move into the pair, and the exposures keep their headers only. The
    arrays of the reference are freed as soon as it is resampled.

    Parameters
    ----------
    science, reference : redpix.image.exposure_file.Exposure
        They lose their arrays.
    settings : redpix.subtraction.pair.SubtractionSettings
        Settings of the subtraction.
    workspace : redpix.subtraction.pair.Workspace
        Programs, folder and processors.

    Returns
    -------
    RegisteredPair

    Raises
    ------
    InputError
        If the images do not overlap, or show too few stars.
    """
    names = f"{science.path}, {reference.path}"
    with star_programs(**workspace.programs) as programs:
        stars, reference_stars = _sources(science, reference, programs, workspace.threads)
        alignment = align(science, reference, stars, reference_stars, settings.registration)
        _take_arrays(reference)
        psfs, positions = psfs_of_pair(
            science, reference, stars, alignment, programs, settings.psf_engine, workspace.threads
        )
    new, new_variance, new_mask = _take_arrays(science)
    old, old_variance, old_mask = alignment.image
    by_zero_points = zero_point_ratio(science, reference)
    planes = (science.path, new, new_variance, new_mask), (reference.path, *alignment.image)
    psfs, stand_in = with_stand_ins(psfs, planes, settings.flux_ratio or by_zero_points)
    wing_error = float(np.hypot(psfs[0].wing_error, psfs[1].wing_error))
    images = ComparedImages(
        new, old, new_variance, old_variance, psfs[0].at, psfs[1].at, wing_error
    )
    sources, left_out = stars.places(), alignment.left_out
    return RegisteredPair(
        new=new,
        reference=old,
        new_variance=new_variance,
        reference_variance=old_variance,
        mask=new_mask | old_mask,
        alignment=alignment._replace(image=None),
        psf_new=psfs[0],
        psf_reference=psfs[1],
        psf_source="psfield" if psfs[0] is science.psf else engines(psfs),
        noise_scales=(science.noise_scale, reference.noise_scale),
        comparison=compare_images(
            images, positions, sources, left_out, names, settings.flux_ratio, by_zero_points
        ),
        names=names,
        stand_in=stand_in,
        stars=positions,
    )


def _take_arrays(exposure):
    """Return image, variance and mask of an exposure, which loses them."""
    taken = exposure.image, exposure.variance, exposure.mask
    exposure.image = exposure.variance = exposure.mask = None
    return taken


def _sources(science, reference, programs, threads):
    """Return the sources of both images."""
    calls = [
        partial(sources_of, science, "science", programs),
        partial(sources_of, reference, "raw", programs),
    ]
    return side_by_side(calls, threads)


def match_backgrounds(pair, settings):
    """Subtract the background that the two images do not share from the new image, in place.

    Parameters
    ----------
    pair : RegisteredPair
        The registered pair.
    settings : redpix.subtraction.pair.SubtractionSettings
        Settings of the subtraction.

    Returns
    -------
    RegisteredPair
        The same pair if `match_background` is not set.
    """
    if not settings.match_background:
        return pair
    middle = [(length - 1) / 2 for length in pair.new.shape[::-1]]
    background, uneven = matched_background(
        pair.new,
        pair.reference,
        pair.comparison.ratio,
        pair.psf_new.at(*middle),
        pair.psf_reference.at(*middle),
        settings.background_mesh,
        max(FINEST * pair.fwhm, LEAST_FINEST),
    )
    if uneven:
        log.info(
            "%s: light of a smaller scale than the mesh is taken for background in %.1f %% of the "
            "image, such as scattered light",
            pair.names,
            100 * uneven,
        )
    new = np.subtract(pair.new, background, out=pair.new, casting="same_kind")
    return pair._replace(new=new, background=float(np.median(background)), uneven=uneven)


def difference_planes(pair, settings, workspace):
    """Subtract the reference from the new image in tiles.

    Parameters
    ----------
    pair : RegisteredPair
        The registered pair.
    settings : redpix.subtraction.pair.SubtractionSettings
        Settings of the subtraction.
    workspace : redpix.subtraction.pair.Workspace
        Programs, folder and processors.

    Returns
    -------
    redpix.subtraction.mosaic.Mosaic

    Raises
    ------
    InputError
        If the images share no pixel with a value and a variance.
    """
    comparison = pair.comparison
    # half of each measured variance is assigned to each image
    astrometry = tuple(comparison.registration_error / np.sqrt(2))
    relative = comparison.scatter, comparison.misfit, settings.psf_error
    calibration = np.linalg.norm(relative) / np.sqrt(2)
    correlation, reference_correlation = correlations(pair)
    reference = Epoch(
        image=pair.reference,
        psf=None,
        flux=comparison.ratio,
        variance=pair.reference_variance,
        astrometry=astrometry,
        calibration=calibration,
    )
    new = reference._replace(
        image=pair.new, flux=1.0, variance=pair.new_variance, correlation=correlation
    )
    precision = PRECISION[settings.precision]
    try:
        return subtract_tiles(
            new,
            reference,
            pair.psf_new.at,
            pair.psf_reference.at,
            correlation=reference_correlation,
            match_reference=settings.match_reference,
            planes=empty_planes(pair.new.shape, precision, workspace.folder),
            dtype=precision,
            padding=settings.padding,
            space=settings.space,
            workers=workspace.threads,
            arrays=workspace.arrays,
        )
    except InputError as error:
        raise InputError(f"{pair.names}: {error}") from None


def flag_edges(mask, planes, reach):
    """Flag pixels without a difference as BAD and those near the edge of the sky as EDGE.

    Parameters
    ----------
    mask : ndarray of int16
        Bits of `redpix.image.masks`.
    planes : redpix.subtraction.mosaic.Mosaic
        The difference.
    reach : float
        Distance from NO_DATA within which pixels are flagged, pixels.

    Returns
    -------
    ndarray of int16
    """
    without = ~np.isfinite(planes.read("D")) & (mask & bit_value("NO_DATA") == 0)
    flagged = np.where(without, mask | mask.dtype.type(bit_value("BAD")), mask)
    flagged |= beside_the_sky(flagged, reach)
    return flagged


def shown_reference(pair, planes):
    """Return the reference as it was subtracted, in the flux scale of the science image.

    Parameters
    ----------
    pair : RegisteredPair
        The registered pair.
    planes : redpix.subtraction.mosaic.Mosaic
        The difference.

    Returns
    -------
    ndarray
        The array of the pair or, if it was matched to the PSF of the science image, that of the
        planes, rescaled in place.
    """
    shown = pair.reference if planes.matched is None else planes.matched
    shown /= np.float32(pair.comparison.ratio)
    return shown
