"""Rows of the tables of transients that this project writes and reads again."""

import csv

from redpix.image.exposure_cards import camera_of, fits_unit


def read_rows(path):
    """Return the rows of a CSV file and its columns.

    Parameters
    ----------
    path : str
        CSV file with a header.

    Returns
    -------
    rows : list of dict
    columns : list of str
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return list(reader), reader.fieldnames


def exposure_columns(science, images, number):
    """Return the columns of a table of transients that describe the exposures.

    Parameters
    ----------
    science : redpix.image.exposure_file.Exposure
        Science image.
    images : sequence of str
        Names of science image and reference.
    number : int
        Number of rows.

    Returns
    -------
    dict of str to list of str
        mjd of the middle of the science exposure, filter, names of the images, unit of the flux.
        Unknown values are empty.
    """
    camera = camera_of(science)
    mjd = "" if camera.mid_exposure is None else f"{camera.mid_exposure:.6f}"
    values = {"mjd": mjd, "filter": camera.filter or "", "science": images[0]}
    values |= {"reference": images[1], "unit": fits_unit(science.unit)}
    return {name: [value] * number for name, value in values.items()}
