"""Files of a run that the report reads, and the fields and objects of the run."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from redpix.core.job import log
from redpix.report import files, tables


class RunFiles(NamedTuple):
    """Files of a run that the report reads.

    A stage that did not run has an empty list.

    Attributes
    ----------
    delivered : str or list
        CSV of the fields, with whether each was delivered and else the reason; empty if the run
        has no fields.
    objects, rejected : str or list
        CSV of the catalogue, and CSV of its rejected rows; empty if the run has no fields.
    registered, matched, frames, errors : list of str
        FITS images of the fields that are shown.
    pixels, counts : list of str
        Pixel table (Parquet) and pixel counts (CSV) of each field.
    predictions, predicted_pixels, metrics, pdfs, models : list of str
        objects.csv, pixels.dat, metrics.json, pdfs.parquet and model.npz of each method.
    exposures : str or list of str
        CSV of the fields that pairs and coadds need, in the form of `delivered`.
    coadds, coadd_firsts : list of str
        FITS file of each coadd, and the first image of each.
    differences, transients : list of str
        FITS file of each difference, and CSV of the transients of each pair.
    catalogues : list of str
        Tables of known objects in the fields of pairs.
    series, series_curves, tracklets : list of str
        series.csv, light_curves.csv and tracklets.csv of each series and band.
    tables : list of str
        metrics.json of each table of objects and method.
    calibrated, stars, residuals : list of str
        Calibrated image, CSV of stars and residual of each raw image.
    light_curves : list of str
        lightcurves.csv, scatter.csv and light_curves/exposures.csv.
    targets : list of str
        Tables of the light curves of the user's targets.
    training, network : list of str
        Files of the training images, and files of the network.
    """

    delivered: str | list = ()
    objects: str | list = ()
    rejected: str | list = ()
    registered: list = ()
    matched: list = ()
    frames: list = ()
    errors: list = ()
    pixels: list = ()
    counts: list = ()
    predictions: list = ()
    predicted_pixels: list = ()
    metrics: list = ()
    pdfs: list = ()
    models: list = ()
    exposures: list = ()
    coadds: list = ()
    coadd_firsts: list = ()
    differences: list = ()
    transients: list = ()
    catalogues: list = ()
    series: list = ()
    series_curves: list = ()
    tracklets: list = ()
    tables: list = ()
    calibrated: list = ()
    stars: list = ()
    residuals: list = ()
    light_curves: list = ()
    targets: list = ()
    training: list = ()
    network: list = ()


class RunTables(NamedTuple):
    """Fields and objects of a run.

    Attributes
    ----------
    delivered : list of str
        Names of the fields that were delivered.
    left_out : list of (str, str)
        Name of each other field, and the reason.
    objects : DataFrame
        The catalogue with the columns field, magnitude and pixels.
    whereabouts : DataFrame
        From `redpix.report.tables.whereabouts`.
    """

    delivered: list
    left_out: list
    objects: pd.DataFrame
    whereabouts: pd.DataFrame


def read_tables(products, reference):
    """Return fields and objects of a run.

    Parameters
    ----------
    products : RunFiles
        Files of the run.
    reference : str
        The reference band, whose magnitudes are read.

    Returns
    -------
    RunTables or None
        None if the run has no fields.
    """
    if not products.delivered:
        return None
    fields = files.read_text_table(products.delivered)
    came = fields["delivered"] == "yes"
    delivered = list(fields["field"][came])
    objects = files.read_objects(products.objects, reference)
    objects["pixels"] = files.count_pixels(products.pixels, objects["id"])
    log.info("%s: %d of %d fields came", products.delivered, len(delivered), len(fields))
    n_found = np.count_nonzero(objects["pixels"])
    log.info("%s: %d objects, %d with pixels", products.objects, len(objects), n_found)
    return RunTables(
        delivered=delivered,
        left_out=list(fields.loc[~came, ["field", "reason"]].itertuples(index=False, name=None)),
        objects=objects,
        whereabouts=tables.whereabouts(objects, delivered),
    )
