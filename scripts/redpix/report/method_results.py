"""Products of a method of photometric redshifts, and their figures."""

import json
from pathlib import Path

import numpy as np

from redpix.core.job import log
from redpix.photoz import pdf
from redpix.photoz.learners import som_topology
from redpix.photoz.pdf_file import read_ids, read_pdfs
from redpix.report import files, redshift_plots
from redpix.report.figures import data_uri
from redpix.report.photoz_plots import (
    MOST_SHOWN,
    calibration_figure,
    importance_figure,
    map_figure,
    pdfs_figure,
)


class MethodResult:
    """Products of one method.

    Parameters
    ----------
    predictions, pixels, metrics, pdfs, model : str
        objects.csv, pixels.dat, metrics.json, pdfs.parquet and model.npz of the method.
    magnitudes : Series
        Magnitude in the reference band by object id.

    Attributes
    ----------
    name : str
    table : DataFrame
        objects.csv with the column magnitude, NaN if unknown. Infinite numbers are NaN.
    pdf_rows : ndarray of int
        Row of pdfs.parquet of each row of the table.
    metrics : dict
        metrics.json.
    pixels_path, pdfs_path : str
        pixels.dat and pdfs.parquet of the method.
    """

    def __init__(self, predictions, pixels, metrics, pdfs, model, magnitudes):
        self.pixels_path, self.pdfs_path, self._model = pixels, pdfs, model
        self.name = Path(metrics).parent.name
        self.metrics = json.loads(Path(metrics).read_text(encoding="utf-8"))
        table = files.read_predictions(predictions)
        table["magnitude"] = magnitudes.reindex(table["object_id"]).to_numpy()
        self.table, self.pdf_rows = matched_rows(table, pdfs, predictions)

    @property
    def scored(self):
        """Mask of the rows with predictions of held-out objects other than stars."""
        table = self.table
        predicted = table["z_phot"].notna() & table["redshift"].notna()
        return ((table["split"] == "test") & (table["class"] != "STAR") & predicted).to_numpy()

    def read_pdfs(self):
        """Return the PDFs of the objects in the order of the table, and their grid.

        Returns
        -------
        pdfs : ndarray, shape (n, nodes)
            NaN for an object without a PDF.
        grid : ndarray, shape (nodes,)
            Redshifts of the nodes.
        """
        _, pdfs, grid = read_pdfs(self.pdfs_path)
        return pdfs[self.pdf_rows], grid

    def predictions(self, title):
        """Return the figure of predicted against true redshifts.

        Parameters
        ----------
        title : str
            Title of the objects whose pixels are combined.

        Returns
        -------
        figure : str
            A ``data:`` URI.
        beyond : int
            Number of pixels beyond the axes.
        """
        test = self.table[self.scored]
        columns = {
            title: ["redshift", "z_phot", "z_error"],
            "Objects, summed aperture": ["redshift", "z_aperture", "z_aperture_error"],
        }
        panels = {
            title: redshift_plots.Predictions(*test[names].dropna(subset=names[:2]).to_numpy().T)
            for title, names in columns.items()
        }
        true, predicted = test["redshift"].to_numpy(), test["z_phot"].to_numpy()
        highest = redshift_plots.highest_redshift(true, predicted)
        histograms = files.read_histograms(self.pixels_path, highest)
        figure = data_uri(redshift_plots.redshift_figure(histograms, panels))
        return figure, histograms.n - int(histograms.redshift.sum())

    def pdfs(self):
        """Return the figures of calibration, and of the PDFs of some objects.

        Returns
        -------
        calibration, examples : str or None
            ``data:`` URIs; None if none of the held-out objects has a PDF.
        """
        pdfs, grid = self.read_pdfs()
        usable = self.scored & (np.nan_to_num(pdfs).max(axis=1, initial=0) > 0)
        if not usable.any():
            return None, None
        test, pdfs = self.table[usable], pdfs[usable]
        true = test["redshift"].to_numpy()
        pit = pdf.evaluate(pdf.cumulative(pdfs, grid), true, grid)
        order = np.argsort(true, kind="stable")
        chosen = order[np.unique(np.linspace(0, len(order) - 1, MOST_SHOWN).astype(int))]
        rows = test.iloc[chosen]
        examples = pdfs_figure(
            pdfs[chosen],
            grid,
            true=rows["redshift"].to_numpy(),
            predicted=rows["z_phot"].to_numpy(),
            titles=[f"{row.object_id}, {row.n_pixels} pixels" for row in rows.itertuples()],
        )
        return data_uri(calibration_figure(pit)), data_uri(examples)

    def importance(self):
        """Return the figure of the importance of attributes, or None if it is unknown."""
        importance = self.metrics.get("importance")
        return data_uri(importance_figure(importance)) if importance else None

    def maps(self):
        """Return the figure of the first map of summed objects, or None without a map."""
        if "topology" not in self.metrics:
            return None
        with np.load(self._model, allow_pickle=False) as arrays:
            value = arrays["apertures_redshift_value"][0, :, 0]
            filled = arrays["apertures_redshift_known"][0]
            span = arrays["apertures_redshift_span"][0]
        kind = self.metrics["topology"]
        centres = som_topology.places(kind, som_topology.chosen_size(kind, len(value)))
        width = np.where(filled, span[:, 1] - span[:, 0], np.nan)
        figure = map_figure(centres, np.where(filled, value, np.nan), width, kind == "hexagonal")
        return data_uri(figure)


def matched_rows(table, pdfs_path, name):
    """Return the objects of a table that have a row of pdfs.parquet, and these rows.

    Parameters
    ----------
    table : DataFrame
        objects.csv.
    pdfs_path, name : str
        pdfs.parquet, and the path of objects.csv, for the log.

    Returns
    -------
    table : DataFrame
        Without objects that the file lacks. Infinite numbers are NaN.
    rows : ndarray of int
        Rows of the file.
    """
    ids = read_ids(pdfs_path)
    table = table.replace([np.inf, -np.inf], np.nan)
    objects = table["object_id"].to_numpy()
    if len(ids) == len(objects) and (ids == objects).all():
        return table, np.arange(len(ids))
    place = {one: row for row, one in enumerate(ids.tolist())}
    rows = np.array([place.get(one, -1) for one in objects.tolist()], int)
    log.warning(
        "%s, %s: %d and %d objects, %d in both: the page shows these; allowed: files of one run",
        name,
        pdfs_path,
        len(objects),
        len(ids),
        np.count_nonzero(rows >= 0),
    )
    return table[rows >= 0].reset_index(drop=True), rows[rows >= 0]


def read_results(products, objects):
    """Return the products of each method.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Lists of paths: predictions, predicted_pixels, metrics, pdfs and models.
    objects : DataFrame
        The catalogue, with the columns id and magnitude.

    Returns
    -------
    list of MethodResult
    """
    magnitudes = objects.set_index("id")["magnitude"]
    paths = zip(
        products.predictions,
        products.predicted_pixels,
        products.metrics,
        products.pdfs,
        products.models,
        strict=True,
    )
    return [MethodResult(*one, magnitudes) for one in paths]
