"""PSFs and flux ratio of a pair of small images that show too few stars."""

import numpy as np

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.psf.stand_in import stand_in_psf

#: minimum signal-to-noise ratio of the stars that are compared where a PSF is not measured
FAINTEST = 10.0


def zero_point_ratio(science, reference):
    """Return the flux ratio of two images by their zero points.

    Parameters
    ----------
    science, reference : redpix.image.exposure_file.Exposure
        Images with the magnitude of a source of one unit.

    Returns
    -------
    float or None
        Flux in the reference over that in the science image; None if a zero point is unknown.
    """
    if science.zero_point is None or reference.zero_point is None:
        return None
    return float(10 ** (0.4 * (reference.zero_point - science.zero_point)))


def measured_psf(fit, sources, config, source):
    """Return the PSF of an image as its stars show it, and their positions.

    Parameters
    ----------
    fit : callable
        ``fit(sources, config, source)`` returns PSF and positions, as
        `redpix.psf.psf_choice.fit_psf` does.
    sources : redpix.psf.psfex.SourceTable
        Sources of the image.
    config : Path
        Settings file of PSFEx.
    source : str
        Name of the image in messages.

    Returns
    -------
    psf : redpix.psf.psf_model.PsfModel or None
        None if the image shows too few stars.
    places : ndarray, shape (n, 2)
        0-based x and y of stars.
    """
    try:
        psf, places = fit(sources, config, source)
    except InputError as error:
        log.info("%s", error)
        return None, sources.places(FAINTEST)
    return (psf, places) if psf.stars else (None, sources.places(FAINTEST))


def with_stand_ins(psfs, exposures, ratio):
    """Return the PSFs of a pair, with stand-ins for those that could not be measured.

    Parameters
    ----------
    psfs : sequence of (redpix.psf.psf_model.PsfModel or MovedPsf or None)
        PSFs of the science image and of the reference on the same pixels.
    exposures : sequence of (str, ndarray, ndarray, ndarray)
        Name, image, variance and mask of the two on the same pixels.
    ratio : float or None
        Flux in the reference over that in the science image, if it is known beforehand.

    Returns
    -------
    psfs : list of (redpix.psf.psf_model.PsfModel or MovedPsf)
    stand_in : bool
        Whether one of them is a stand-in.

    Raises
    ------
    InputError
        If neither image shows a star.
    """
    if all(psf is not None for psf in psfs):
        return list(psfs), False
    differences = _differences(exposures, ratio)
    made = [
        psf or stand_in_psf(*planes, difference)
        for psf, (_, *planes), difference in zip(psfs, exposures, differences, strict=True)
    ]
    if not any(made):
        names = ", ".join(name for name, *_ in exposures)
        raise InputError(
            f"{names}: no source, so no PSF; allowed: images that show stars, or psf or fwhm in "
            "subtraction.science and subtraction.reference"
        )
    stand_in = False
    for number, (name, *_) in enumerate(exposures):
        if psfs[number] is None:
            own = made[number]
            made[number] = own or made[1 - number]
            measured = bool(own and own.stars)
            stand_in |= not measured
            _log_profile(name, made[number], measured, of_other=own is None)
    return made, stand_in


def _log_profile(name, psf, measured, of_other):
    """Log which profile an image has."""
    if measured:
        log.info("%s: a Moffat profile of %.2f px fits %d stars", name, psf.fwhm, psf.stars)
        return
    log.warning(
        "%s: too few stars for a PSF; %s of %.2f px is taken, and every row is flagged STAND_IN",
        name,
        "that of the other image" if of_other else "a Moffat profile",
        psf.fwhm,
    )


def _differences(exposures, ratio):
    """Return each image minus the other, with variance and mask; None without a flux ratio."""
    (_, new, new_variance, new_mask), (_, old, old_variance, old_mask) = exposures
    if ratio is None:
        return None, None
    difference = new - old / np.float32(ratio)
    variance = new_variance + old_variance / np.float32(ratio) ** 2
    mask = new_mask | old_mask
    return (difference, variance, mask), (-difference, variance, mask)
