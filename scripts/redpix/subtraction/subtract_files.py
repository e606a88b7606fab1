"""Read a pair of exposures in one band, subtract them and write what changed."""

from redpix.astrometry.exposures import read_exposures
from redpix.core.backend import arrays as backend
from redpix.core.job import log
from redpix.image.exposure_cards import pair_cards
from redpix.image.mapped_image import planes_folder
from redpix.subtraction.alerts import write_alerts
from redpix.subtraction.difference_files import write_cut_outs, write_difference, write_transients
from redpix.subtraction.marked_score import read_marks
from redpix.subtraction.pair import SubtractionSettings, Workspace
from redpix.subtraction.pair_checks import check_filters
from redpix.subtraction.subtract_pair import subtract_pair
from redpix.subtraction.transient_formats import write_formats


def subtract_files(
    science,
    reference,
    difference,
    transients,
    cut_outs,
    votable,
    regions,
    alerts,
    images,
    camera,
    arrays,
    band,
    pair,
    threads=1,
    marks=None,
    *,
    config,
    parameters,
    filter,
    psfex,
    **settings,
):
    """Subtract one exposure from another and write the difference and its transients.

    Parameters
    ----------
    science, reference : list of str
        Files of an exposure, as for `redpix.astrometry.exposures.read_exposure`.
    difference, transients, cut_outs, votable, regions, alerts : str
        Files to write: planes (FITS), one row per transient (CSV), squares about each (FITS), the
        transients as a VOTable, as DS9 regions, and alert packets of the clean ones (AVRO).
    images, camera : list
        Names of science image and reference as the table of pairs has them, and of each the
        given gain, read_noise, saturation, zero_point, psf (path) and fwhm (pixels), or None.
    arrays, threads : str, int
        Backend of the arrays (numpy, torch or cupy), and number of threads.
    band, pair : str
        Names of the band and of the pair.
    marks : str, optional
        Table of a person's marks, from which the score learns.
    config, parameters, filter, psfex : str
        Settings files of SExtractor and PSFEx.
    **settings : various
        Fields of `redpix.subtraction.pair.SubtractionSettings`.
    """
    settings = SubtractionSettings(**settings, marks=read_marks(marks), name=pair, band=band)
    programs = {"config": config, "parameters": parameters, "filter": filter, "psfex": psfex}
    exposures = _exposures([science, reference], images, camera, band, settings, threads)
    with planes_folder(difference) as folder:
        workspace = Workspace(programs, folder, threads, backend(arrays))
        result = subtract_pair(*exposures, settings, workspace)
        cards = pair_cards(*exposures, images)
        write_difference(difference, result, exposures, cards, settings.compress)
    write_transients(transients, result.transients, exposures[0], band, images)
    write_cut_outs(cut_outs, difference, result.transients, cards)
    write_formats(transients, votable, regions)
    write_alerts(alerts, transients, cut_outs, difference)
    log.info("%s, %s: %d rows", difference, transients, len(result.transients.x))


def _exposures(files, images, camera, band, settings, threads):
    """Return the two exposures of a pair."""
    common = {"background_mesh": settings.background_mesh, "noise": settings.noise}
    reading = [{**one, **common} for one in camera]
    exposures = read_exposures(files, band, reading, images, settings.registration, threads)
    check_filters(*exposures)
    return exposures
