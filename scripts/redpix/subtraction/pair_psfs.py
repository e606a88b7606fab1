"""PSFs of the two images of a pair on the pixels of the science image."""

from functools import partial

from redpix.core.parallel import side_by_side
from redpix.psf.psf_choice import fit_psf
from redpix.psf.psf_model import MovedPsf
from redpix.psf.psfex import find_sources
from redpix.subtraction.small_images import FAINTEST, measured_psf


def psfs_of_pair(science, reference, stars, alignment, programs, engine, threads):
    """Return the PSFs of both images of a pair, and the positions of the stars.

    Parameters
    ----------
    science, reference : redpix.image.exposure_file.Exposure
        The exposures. A PSF that the user gives, or the survey's, is taken.
    stars : redpix.psf.psfex.SourceTable
        Sources of the science image.
    alignment : redpix.astrometry.align_pair.Alignment
        The reference on the pixels of the science image.
    programs : redpix.astrometry.align_pair.StarPrograms
        Settings of SExtractor and PSFEx.
    engine : {"auto", "psfex", "effective"}
        As in `redpix.psf.psf_choice.fit_psf`.
    threads : int
        Number of images that are processed at the same time.

    Returns
    -------
    psfs : (PSF, PSF)
        `redpix.psf.psf_model.PsfModel` or `MovedPsf` of science image and reference.
    positions : ndarray, shape (n, 2)
        0-based x and y of the stars from which the PSF of the science image is made.
    """
    calls = [
        partial(_psf_of_science, stars, science, programs, engine),
        partial(_psf_of_moved, alignment, reference, programs, engine),
    ]
    (psf_new, positions), (psf_reference, _) = side_by_side(calls, threads)
    if science.psf and reference.psf:
        psf_new, psf_reference = science.psf, MovedPsf(reference.psf, alignment.transform)
    return (psf_new, psf_reference), positions


def engines(psfs):
    """Return the names of the engines that made PSFs, joined by "+" if they differ.

    Parameters
    ----------
    psfs : sequence of redpix.psf.psf_model.PsfModel
        PSFs from stars.

    Returns
    -------
    str
    """
    originals = [psf.psf if isinstance(psf, MovedPsf) else psf for psf in psfs]
    return "+".join(dict.fromkeys(psf.engine for psf in originals))


def _psf_of_science(stars, science, programs, engine):
    """Return the PSF of the science image and the positions of its stars."""
    if science.given_psf:
        return science.given_psf, stars.places(FAINTEST)
    return measured_psf(partial(fit_psf, engine=engine), stars, programs.psfex, science.path)


def _psf_of_moved(alignment, reference, programs, engine):
    """Return the PSF of a resampled image and the positions of its stars."""
    if reference.given_psf:
        return MovedPsf(reference.given_psf, alignment.transform), None
    moved, path = alignment.image, reference.path
    sources = find_sources("reference", *moved, programs.folder, programs.sextractor, path)
    return measured_psf(partial(fit_psf, engine=engine), sources, programs.psfex, path)
