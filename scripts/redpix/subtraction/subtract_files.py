"""Read a pair of exposures in one band, subtract them and write what changed."""

from redpix.astrometry.exposures import read_exposures
from redpix.core.backend import arrays as backend
from redpix.core.job import log
from redpix.image.mapped_image import planes_folder
from redpix.subtraction.difference_files import write_cut_outs, write_difference, write_transients
from redpix.subtraction.pair import SubtractionSettings, Workspace
from redpix.subtraction.subtract_pair import subtract_pair


def subtract_files(
    science,
    reference,
    difference,
    transients,
    cut_outs,
    images,
    camera,
    arrays,
    band,
    config,
    parameters,
    filter,
    psfex,
    threads=1,
    **settings,
):
    """Subtract one exposure from another and write the difference and its transients.

    Parameters
    ----------
    science, reference : list of str
        Files of an exposure, as for `redpix.astrometry.exposures.read_exposure`.
    difference, transients, cut_outs : str
        Files to write: planes (FITS), one row per transient (CSV), squares about each (FITS).
    images : list of str
        Names of science image and reference as the table of pairs has them.
    camera : list of dict
        What the user gives of science image and reference: keys gain, read_noise, saturation,
        zero_point, psf (path), fwhm (pixels); None: from the header, or measured.
    arrays : {"numpy", "torch", "cupy"}
        Backend of the arrays.
    band : str
        Name of the band.
    config, parameters, filter, psfex : str
        Settings files of SExtractor and PSFEx.
    threads : int
        Number of threads.
    **settings : various
        Fields of `redpix.subtraction.pair.SubtractionSettings`.

    Raises
    ------
    InputError
        If a file cannot be used, or the pair cannot be registered, compared or subtracted.
    """
    settings = SubtractionSettings(**settings)
    programs = {"config": config, "parameters": parameters, "filter": filter, "psfex": psfex}
    common = {"background_mesh": settings.background_mesh, "noise": settings.noise}
    files, reading = [science, reference], [{**one, **common} for one in camera]
    exposures = read_exposures(files, band, reading, images, settings.registration, threads)
    with planes_folder(difference) as folder:
        workspace = Workspace(programs, folder, threads, backend(arrays))
        result = subtract_pair(*exposures, settings, workspace)
        write_difference(difference, result, exposures[0])
    write_transients(transients, result.transients, exposures[0], band)
    write_cut_outs(cut_outs, difference, result.transients)
    log.info("%s, %s: %d rows", difference, transients, len(result.transients.x))
