"""The report's part on photometric redshifts: figures and tables of methods and tables."""

import json
from pathlib import Path

import numpy as np

from redpix.photoz import pdf
from redpix.photoz.learners import som_topology
from redpix.photoz.pdf_file import read_pdfs
from redpix.report import files, plots
from redpix.report import tables as summaries
from redpix.report.figures import data_uri
from redpix.report.photoz_plots import (
    MOST_SHOWN,
    calibration_figure,
    densities_figure,
    importance_figure,
    map_figure,
)

#: bins of magnitude and of redshift, with equal numbers of objects
BINS = 4


class Product:
    """What one method has written.

    Attributes
    ----------
    name : str
    table : DataFrame
        Its objects.csv with ``magnitude``, that of the reference band, NaN where unknown.
    worth : dict
        Its metrics.json.
    """

    def __init__(self, paths, magnitudes):
        objects, self._pixels, metrics, self._pdfs, self._model = paths
        self.name = Path(metrics).parent.name
        self.worth = json.loads(Path(metrics).read_text(encoding="utf-8"))
        self.table = files.read_predictions(objects)
        self.table["magnitude"] = magnitudes.reindex(self.table["object_id"]).to_numpy()

    @property
    def scored(self):
        """Which rows of the table are objects that were held out, stars left out."""
        return ((self.table["split"] == "test") & (self.table["class"] != "STAR")).to_numpy()

    def predictions(self, title):
        """Figure of predicted against true redshifts, and how many pixels lie beyond its axes."""
        test = self.table[self.scored]
        panels = {
            title: ["redshift", "z_phot", "z_error"],
            "Objects, summed aperture": ["redshift", "z_aperture", "z_aperture_error"],
        }
        panels = {
            title: plots.Predictions(*test[columns].to_numpy().T)
            for title, columns in panels.items()
        }
        highest = plots.highest_redshift(test["redshift"].to_numpy(), test["z_phot"].to_numpy())
        histograms = files.read_histograms(self._pixels, highest)
        figure = data_uri(plots.redshift_figure(histograms, panels))
        return figure, histograms.n - int(histograms.redshift.sum())

    def densities(self):
        """Figures of PIT and reliability, and of the PDFs of some objects of rising redshift."""
        _, pdfs, grid = read_pdfs(self._pdfs)  # in the order of the objects
        test, pdfs = self.table[self.scored], pdfs[self.scored]
        true = test["redshift"].to_numpy()
        pit = pdf.evaluate(pdf.cumulative(pdfs, grid), true, grid)
        order = np.argsort(true, kind="stable")
        some = np.unique(np.linspace(0, len(order) - 1, MOST_SHOWN).astype(int))
        rows = test.iloc[order[some]]
        titles = [f"{row.object_id}, {row.n_pixels} pixels" for row in rows.itertuples()]
        known = rows["redshift"].to_numpy(), rows["z_phot"].to_numpy()
        shown = densities_figure(pdfs[order[some]], grid, *known, titles)
        return data_uri(calibration_figure(pit)), data_uri(shown)

    def importance(self):
        """Figure of the importance of attributes; None where the method tells none."""
        told = self.worth.get("importance")
        return data_uri(importance_figure(told)) if told else None

    def maps(self):
        """Figure of the first map of whole objects; None where the method has none."""
        if "topology" not in self.worth:
            return None
        with np.load(self._model, allow_pickle=False) as arrays:
            value = arrays["apertures_redshift_value"][0, :, 0]
            known = arrays["apertures_redshift_known"][0]
            span = arrays["apertures_redshift_span"][0]
        kind = self.worth["topology"]
        places = som_topology.places(kind, som_topology.chosen_size(kind, len(value)))
        width = np.where(known, span[:, 1] - span[:, 0], np.nan)
        figure = map_figure(places, np.where(known, value, np.nan), width, kind == "hexagonal")
        return data_uri(figure)


def show_method(product, definitions):
    """Figures and tables of one way to predict redshifts."""
    metrics, objects = product.worth, product.table
    classes = metrics["classification"]
    shown = {
        "name": product.name,
        "combiner": metrics["combiner"],
        "facts": method_facts(metrics),
        "nmad": [
            summaries.format_metric(metrics[part]["nmad"], "plain")
            for part in ("objects", "baseline")
        ],
        "table": summaries.metric_table(metrics, definitions),
        "classes": classes,
        "accuracy": summaries.format_metric(classes["accuracy"], "percent"),
        "figure": None,
        "importance": product.importance(),
        "maps": product.maps(),
        "targets": show_targets(objects[objects["split"] == "target"]),
    }
    if product.scored.any():
        title = f"Objects, {metrics['combiner']}"
        shown["figure"], shown["beyond"] = product.predictions(title)
        shown["calibration"], shown["densities"] = product.densities()
    return shown


def method_facts(metrics):
    """How a method was set, and the objects that it learnt from, was tested on and predicted."""
    settings = {key: value for key, value in metrics.items() if not isinstance(value, dict)}
    facts = {key.replace("_", " "): text_of(value) for key, value in settings.items() if value}
    for part, count in metrics["split"].items():
        facts[part] = f"{count['objects']:,} objects, {count['pixels']:,} pixels"
    return facts


def text_of(value):
    """A setting as a person reads it."""
    if isinstance(value, list):
        return ", ".join(map(text_of, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def show_targets(objects):
    """What is predicted where nothing is known; None if there is no such object."""
    shown = objects[(objects["class_phot"] != "STAR") & objects["z_phot"].notna()]
    if shown.empty:
        return None
    classes = objects["class_phot"].value_counts().sort_index()
    return {
        "n": len(shown),
        "figure": data_uri(plots.distribution_figure(shown["z_phot"], shown["z_error"])),
        "facts": {
            "median z_phot": f"{shown['z_phot'].median():.3f}",
            "median z_error": f"{shown['z_error'].median():.3f}",
            **{f"taken for {name or 'no class'}": f"{n:,} objects" for name, n in classes.items()},
        },
    }


def read_products(inputs, objects):
    """A `Product` of each method.

    Parameters
    ----------
    inputs : namespace
        Paths by kind: ``predictions``, ``predicted_pixels``, ``metrics``, ``pdfs``, ``models``.
    objects : DataFrame
        The catalogue: columns id and magnitude.
    """
    magnitudes = objects.set_index("id")["magnitude"]
    kinds = (inputs.predictions, inputs.predicted_pixels, inputs.metrics)
    paths = zip(*kinds, inputs.pdfs, inputs.models, strict=True)
    return [Product(own, magnitudes) for own in paths]


def compare_methods(products, definitions):
    """Each method with each combiner and the baseline, a row each; None for one method alone."""
    if len(products) < 2:
        return None
    rows = {}
    for product in products:
        for combiner, values in product.worth["combiners"].items():
            rows[f"{product.name}, {combiner}"] = values
        rows[f"{product.name}, summed aperture"] = product.worth["baseline"]
    return summaries.one_below_other(rows, definitions)


def compare_in_bins(products):
    """Scatter and outliers of each method and its baseline by magnitude and by redshift."""
    tables = []
    for by, title in (("magnitude", "magnitude"), ("redshift", "true redshift")):
        rows = []
        for product in products:
            test = product.table[product.scored].dropna(subset=[by])
            for column, name in (
                ("z_phot", product.worth["combiner"]),
                ("z_aperture", "summed aperture"),
            ):
                dz = (test[column] - test["redshift"]) / (1 + test["redshift"])
                found = summaries.in_bins(dz.to_numpy(), test[by].to_numpy(), BINS)
                rows.append((f"{product.name}, {name}", found))
        if rows and rows[0][1]:
            tables.append({"by": title, "bins": [b["bin"] for b in rows[0][1]], "rows": rows})
    return tables


def show_tables(paths, definitions):
    """The metrics of each table of objects, methods side by side."""
    tables = {}
    for path in map(Path, paths):
        worth = json.loads(path.read_text(encoding="utf-8"))
        columns = tables.setdefault(worth["table"], {})
        columns[f"{worth['method']}, cross-validated"] = worth["cross_validation"]
        columns[f"{worth['method']}, test objects"] = worth["objects"]
    return [
        {"name": name, "table": summaries.side_by_side(columns, definitions)}
        for name, columns in tables.items()
    ]
