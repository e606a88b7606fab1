"""Properties of cameras and PSFs that a user gives, in the configuration or a table of pairs."""

from redpix.config.coadd_names import COADDED_REFERENCE
from redpix.config.pairs_table import PROPERTIES

#: properties that describe the PSF
PSF = ("psf", "fwhm")


def cameras_of_pair(row, config):
    """Return the properties of science image and reference that the user gives.

    Parameters
    ----------
    row : redpix.config.pairs_table.Pair
        Row of the table of pairs.
    config : Mapping
        The completed configuration.

    Returns
    -------
    list of dict
        By `redpix.config.pairs_table.PROPERTIES`; None if not given. A reference that is coadded
        from several images has the PSF that is given, and otherwise only those of `exposures`.
    """
    reference = camera_of("reference", row.of_reference, config)
    if len(row.references) > 1:
        psf = {name: reference[name] for name in PSF}
        reference = camera_of("reference", None, config) | psf
    return [camera_of("science", row.of_science, config), reference]


def camera_of_stack(pairs, stack, band, config):
    """Return the properties of the images of a stack that the user gives.

    Parameters
    ----------
    pairs : list of redpix.config.pairs_table.Pair
        Pairs of the run.
    stack, band : str
        Names of the stack and the band.
    config : Mapping
        The completed configuration.

    Returns
    -------
    dict
        Those of the reference if the stack is the reference of a pair, without its PSF: that is the
        PSF of the coadd.
    """
    for row in pairs:
        name = COADDED_REFERENCE.format(pair=row.pair)
        if len(row.references) > 1 and (name, row.band) == (stack, band):
            return camera_of("reference", row.of_reference, config) | dict.fromkeys(PSF)
    return camera_of("reference", None, config)


def camera_of(section, properties, config):
    """Return the properties of an image that the user gives.

    Parameters
    ----------
    section : {"science", "reference"}
        Section of `subtraction` that holds for the image.
    properties : dict or None
        Cells of the table of pairs; None: only `exposures` holds for the image.
    config : Mapping
        The completed configuration.

    Returns
    -------
    dict
        By `redpix.config.pairs_table.PROPERTIES`; None if not given. A cell comes before
        `subtraction`, and `subtraction` before `exposures`.
    """
    camera = {**dict.fromkeys(PROPERTIES), **config["exposures"]}
    if properties is None:
        return camera
    given = dict(config["subtraction"][section])
    if set(PSF) & set(properties):  # one of the two replaces both
        given |= dict.fromkeys(PSF)
    given |= properties
    return camera | {name: value for name, value in given.items() if value is not None}
