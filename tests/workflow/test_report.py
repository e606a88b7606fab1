"""The report of small simulated runs, opened in a browser."""

import csv
import json
import re
from collections import namedtuple
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import synthetic_pixels
import yaml
from astropy.io import fits
from astropy.wcs import WCS
from chromium import check_page, open_page
from redpix.config.schema import validated
from redpix.core.exceptions import InputError
from redpix.core.version import redpix_version
from redpix.photoz import run_pixels
from redpix.report import run_page as report

ROOT = Path(__file__).resolve().parents[2]
SHAPE = (120, 90)
FIELDS = ["3813-5-20", "3813-5-21"]
HOSTILE = '"><script>alert("x")</script><img src=x onerror=alert(1)>\'&lt;'


def make_wcs(number):
    """Return the north-up grid of a field."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [180.5, 45 + number]
    wcs.wcs.crpix = [45.5, 60.5]
    wcs.wcs.cd = [[-1.1e-4, 0], [0, 1.1e-4]]
    return wcs


class Run:
    """Products of a small run, and its report.

    Attributes
    ----------
    settings : dict
        Configuration of the run.
    paths : SimpleNamespace
        Inputs of the report.
    """

    def __init__(self, folder, bands="ugriz", truth=True):
        self.folder = folder
        with open(ROOT / "workflow/schemas/config.schema.yaml") as file:
            schema = yaml.safe_load(file)
        wanted = {"name": "small", "source": "file:///archive", "bands": list(bands)}
        wanted["catalogue"] = {"from": "skyserver"}
        self.settings = validated({**wanted, "reference_band": bands[len(bands) // 2]}, schema)
        self.paths = SimpleNamespace(
            delivered=folder / "delivered.csv",
            rejected=folder / "rejected.csv",
            template=ROOT / "workflow/report/report.html.j2",
            definitions=ROOT / "workflow/report/definitions.yaml",
            **dict.fromkeys(("differences", "transients", "coadds", "coadd_firsts"), []),
            **dict.fromkeys(("raws", "calibrated", "stars", "residuals", "light_curves"), []),
            **dict.fromkeys(("exposures", "training", "network"), []),
        )
        table, sky = self._make_objects()
        self.paths.objects, self.paths.pixels = synthetic_pixels.write(folder, table, sky)
        self._write_counts()
        self.write_delivered()
        self.write_rejected([])
        self.write_images()
        self._predict(table if truth else table.assign(redshift=np.nan, redshiftError=np.nan))
        self._write_benchmarks()

    def _make_objects(self):
        """Return objects in the images of two fields, and pixels of all but the first two."""
        table = synthetic_pixels.catalogue(60, 20, seed=1, fields=2)
        generator = np.random.default_rng(2)
        for number, field in enumerate((20, 21)):
            rows = table["field"] == field
            x, y = generator.uniform(5, 85, rows.sum()), generator.uniform(5, 115, rows.sum())
            ra, dec = make_wcs(number).all_pix2world(x, y, 0)
            table.loc[rows, "ra"], table.loc[rows, "dec"] = ra, dec
        sky = synthetic_pixels.pixels(table, seed=1)
        sky["x"], sky["y"] = sky["x"] % SHAPE[1], sky["y"] % SHAPE[0]  # inside the images
        return table, sky[~sky["object_id"].isin(table["id"][:2])]

    def _write_counts(self):
        self.paths.counts = []
        for field in FIELDS:
            path = self.folder / f"{field}.counts.csv"
            path.write_text("what,number\nobjects,40\npixels,1000\nmasked,17\n")
            self.paths.counts.append(path)

    def write_delivered(self, left_out=()):
        """Write the list of delivered fields, and of missing ones with the reason."""
        rows = [("field", "delivered", "reason"), *((field, "yes", "") for field in FIELDS)]
        rows += [(field, "no", reason) for field, reason in left_out]
        write_csv(self.paths.delivered, rows)

    def write_rejected(self, rows):
        write_csv(self.paths.rejected, [("line", "id", "reason", "detail"), *rows])

    def write_images(self, date="2004-03-19"):
        """Write frames, errors and registered images of noise with a bright pixel."""
        stages = ("frames", "errors", "registered")
        for stage in stages:
            (self.folder / stage).mkdir(exist_ok=True)
            setattr(self.paths, stage, [])
        for number, field in enumerate(FIELDS):
            header = make_wcs(number).to_header()
            for key in [key for key in header if key.startswith(("PC", "CDELT"))]:
                del header[key]
            header.update(CD1_1=-1.1e-4, CD1_2=0.0, CD2_1=0.0, CD2_2=1.1e-4)
            header["DATE-OBS"] = date
            for k, band in enumerate(self.settings["bands"]):
                generator = np.random.default_rng([number, k])
                image = generator.normal(0, 0.03, SHAPE).astype(np.float32)
                image[60, 40] = 5
                image[:4] = np.nan
                values = {"frames": np.nan_to_num(image), "registered": image}
                values["errors"] = np.full(SHAPE, 0.03, np.float32)
                for stage in stages:
                    path = self.folder / stage / f"{field}-{band}.fits"
                    fits.PrimaryHDU(values[stage], header).writeto(path, overwrite=True)
                    getattr(self.paths, stage).append(path)

    def _predict(self, table):
        """Predict redshifts; without known ones, with a model that was trained on all objects."""
        names = ("objects.csv", "pixels.dat", "metrics.json", "pdfs.parquet", "model.npz")
        params = {
            **{"method": "knn", "bands": list("ugriz"), "attributes": ["magnitudes", "colours"]},
            **{"settings": {"k": 10, "mode": "linear"}, "test_fraction": 0.5},
            **{"split_by": "object", "pixels_per_object": 30},
            **{
                "grid": [0.0, 0.6, 0.01],
                "combiner": "weighted",
                "trained_model": None,
                "seed": 1,
                "tune": False,
            },
        }
        Output = namedtuple("Output", ["objects", "pixels", "metrics", "pdfs", "model"])

        def run(name, **more):
            output = Output(*(str(self.folder / name / "knn" / file) for file in names))
            (self.folder / name / "knn").mkdir(parents=True)
            run_pixels.estimate_from_pixels(
                self.paths.objects, self.paths.pixels, **output._asdict(), **{**params, **more}
            )
            return output

        output = run("trained")
        if table["redshift"].isna().all():
            table.to_csv(self.paths.objects, index=False)
            output = run("photoz", trained_model=output.model)
        self.paths.predictions, self.paths.predicted_pixels = [output.objects], [output.pixels]
        self.paths.metrics, self.paths.tables = [output.metrics], []
        self.paths.pdfs, self.paths.models = [output.pdfs], [output.model]

    def _write_benchmarks(self):
        columns = ("s", "h:m:s", "max_rss", "cpu_time")
        for stage, name, row in (
            ("frames", FIELDS[0], (2.5, "0:00:02", 110.0, 1.25)),
            ("frames", FIELDS[1], (3.5, "0:00:03", 130.0, 1.75)),
            ("report", "report", (1234.5, "0:20:34", 99999.0, 1234.5)),
            ("catalogue", "catalogue", (0.1, "0:00:00", "NA", "NA")),
        ):
            path = self.folder / "benchmarks" / stage / f"{name}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\t".join(columns) + "\n" + "\t".join(map(str, row)) + "\n")

    def report(self, name="report.html", most_fields=12):
        """Write the report and return its path."""
        path = self.folder / name
        report.write_report(
            page=path,
            settings=self.settings,
            folder=str(self.folder),
            benchmarks=self.folder / "benchmarks",
            most_fields=most_fields,
            **vars(self.paths),
        )
        return path


def write_csv(path, rows):
    with open(path, "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


class Text(HTMLParser):
    """The words of a page on one line, and its start tags."""

    def __init__(self, path):
        super().__init__()
        self.tags, self._words, self._hidden = [], [], False
        self.feed(path.read_text(encoding="utf-8"))
        self.words = " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._hidden = tag in ("style", "script")

    def handle_data(self, data):
        if not self._hidden:
            self._words.append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return Run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def path(run):
    """Path of the report of the run."""
    return run.report()


@pytest.fixture
def fresh(run):
    """The run, restored after the test."""
    settings, paths = dict(run.settings), dict(vars(run.paths))
    yield run
    run.settings = settings
    vars(run.paths).update(paths)
    run.write_delivered()
    run.write_rejected([])
    run.write_images()


def test_a_report_opens_whole_and_tells_of_everything(run, path):
    assert check_page(path) == 2 * len(FIELDS) + 3 + 1  # redshifts, timings
    text = Text(path)
    for words in ("2 of 2 fields delivered", "78 objects found", *FIELDS, "2004-03-19"):
        assert words in text.words
    metrics = json.loads(Path(run.paths.metrics[0]).read_text())
    assert metrics["objects"]["n"] >= 10
    for part in ("pixels", "objects", "baseline"):
        assert f"{metrics[part]['nmad']:.4f}" in text.words
    assert "frames 2 6.0 3.0 1.50 130" in text.words
    assert "catalogue 1 0.1 – – –" in text.words
    assert "1,234.5" not in text.words  # an earlier report's
    assert "masked 34" in text.words
    assert "GALAXY 60 0 2 58" in text.words
    assert "cannot be" not in text.words.lower()


def test_the_report_names_the_version(path):
    assert f"Report by redpix {redpix_version()} ·" in Text(path).words


def test_nothing_comes_from_elsewhere(path):
    text = Text(path)
    assert all(tag not in ("link", "iframe", "object") for tag, _ in text.tags)
    assert all("src" not in attributes for tag, attributes in text.tags if tag == "script")
    pictures = [attributes["src"] for tag, attributes in text.tags if tag == "img"]
    assert all(re.match(r"data:image/(png|webp);base64,", picture) for picture in pictures)
    names = {attributes.get("id") for _, attributes in text.tags}
    for tag, attributes in text.tags:
        if tag == "a" and attributes["href"].startswith("#"):
            assert attributes["href"][1:] in names
        elif tag == "a" and "download" in attributes:
            assert re.match(r"data:(application/fits|text/plain)[;,]", attributes["href"])
        elif tag == "a":
            assert re.match(
                r"(catalogue|frames|errors|registered|pixels|photoz)/", attributes["href"]
            )


def test_the_same_run_gives_the_same_bytes(run, path):
    assert run.report("again.html").read_bytes() == path.read_bytes()


def test_hostile_words_stay_words(fresh, path):
    usual = [tag for tag, _ in Text(path).tags].count("script")
    fresh.write_delivered([("9-1-9", HOSTILE)])
    fresh.write_rejected([(3, HOSTILE, HOSTILE, HOSTILE)])
    fresh.write_images(date=HOSTILE[:60])
    fresh.settings = {**fresh.settings, "name": HOSTILE, "source": HOSTILE}
    hostile = fresh.report("hostile.html", most_fields=1)
    check_page(hostile)
    text = Text(hostile)
    assert text.words.count(HOSTILE) >= 6
    assert HOSTILE[:60] in text.words
    assert [tag for tag, _ in text.tags].count("script") == usual
    assert all("onerror" not in attributes for _, attributes in text.tags)


def test_what_did_not_come_is_told_with_its_reason(fresh):
    fresh.write_delivered([("9-1-9", "u.bz2: truncated"), ("9-1-10", "no band z")])
    fresh.write_rejected([(7, 12, "ra is missing", ""), (9, 13, "ra is missing", "")])
    text = Text(fresh.report("left_out.html", most_fields=1))
    assert "2 of 4 fields delivered" in text.words
    assert "9-1-9 u.bz2: truncated" in text.words
    assert "9-1-10 no band z" in text.words
    assert "ra is missing 2" in text.words


def test_no_field_came(fresh):
    for name in ("registered", "frames", "errors", "pixels", "counts"):
        setattr(fresh.paths, name, [])
    for name in ("predictions", "predicted_pixels", "metrics", "pdfs", "models"):
        setattr(fresh.paths, name, [])
    rows = [("field", "delivered", "reason"), *((field, "no", "gone") for field in FIELDS)]
    write_csv(fresh.paths.delivered, rows)
    path = fresh.report("none.html")
    assert check_page(path) == 1  # timings
    text = Text(path)
    assert "0 of 2 fields delivered" in text.words
    assert "All fields are missing" in text.words
    assert "No redshifts were predicted" in text.words
    assert "all 80 80 0 0" in text.words


def test_only_so_many_fields_are_shown(run):
    path = run.report("few.html", most_fields=1)
    text = Text(path)
    assert "The first 1 of 2 fields are shown" in text.words
    assert sum(tag == "img" for tag, _ in text.tags) == 6


def test_one_band(tmp_path):
    run = Run(tmp_path, bands="g")
    path = run.report()
    assert check_page(path) == 8
    assert "g alone, in grey" in Text(path).words


def test_without_truth_the_distribution_is_shown(tmp_path):
    path = Run(tmp_path, truth=False).report()
    assert check_page(path) == 6
    text = Text(path)
    assert "The predictions cannot be checked" in text.words
    assert "Their accuracy cannot be measured here" in text.words
    assert "NMAD" not in text.words


def test_a_metric_that_is_not_given_is_a_dash_with_its_reason(fresh, tmp_path):
    metrics = json.loads(Path(fresh.paths.metrics[0]).read_text())
    nothing = dict.fromkeys(metrics["pixels"])
    for part in (metrics, metrics["combiners"]):
        for name in {"pixels", "objects", "baseline", *metrics["combiners"]} & set(part):
            part[name] = {**nothing, "n": 7, "reason": "7 scored; at least 10 are needed"}
    metrics["classification"] = {
        **{"n": 7, "accuracy": None, "confusion": None},
        "reason": "one class only among the scored: STAR",
    }
    folder = tmp_path / "knn"
    folder.mkdir()
    (folder / "metrics.json").write_text(json.dumps(metrics))
    fresh.paths.metrics = [folder / "metrics.json"]
    text = Text(fresh.report("dashes.html", most_fields=1))
    assert "CRPS – – – – – – –" in text.words
    assert "pixels: 7 scored; at least 10 are needed" in text.words
    assert "Classes: –, one class only among the scored: STAR" in text.words


def page(tmp_path, body):
    path = tmp_path / "page.html"
    path.write_text(f"<!DOCTYPE html><html><head></head><body>{body}</body></html>")
    return path


def test_the_browser_finds_nothing_wrong_with_a_good_page(tmp_path):
    assert check_page(page(tmp_path, "<p>words</p>")) == 0


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<img alt="a" src="data:image/png;base64,AAAA">', "broken"),
        ('<img alt="a" src="https://example.org/a.png">', "fetched"),
        ('<link rel="stylesheet" href="https://example.org/a.css">', "fetched"),
        ('<script>console.error("no")</script>', "problems"),
        ('<script>throw new Error("no")</script>', "problems"),
        ("<script>alert(1)</script>", "problems"),
    ],
)
def test_the_browser_finds_what_is_wrong(tmp_path, body, kind):
    path = page(tmp_path, body)
    assert getattr(open_page(path), kind) != []
    with pytest.raises(AssertionError):
        check_page(path)


def test_a_missing_browser_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="envs/setup"):
        check_page(page(tmp_path, ""))


def test_methods_and_tables_are_compared(tmp_path):
    run = Run(tmp_path)
    metrics = json.loads(Path(run.paths.metrics[0]).read_text())
    other = tmp_path / "second/mlp/metrics.json"
    other.parent.mkdir(parents=True)
    other.write_text(json.dumps(metrics))
    for name in ("predictions", "predicted_pixels", "pdfs", "models"):
        getattr(run.paths, name).append(getattr(run.paths, name)[0])
    run.paths.metrics.append(str(other))
    about = {"table": "mine", "method": "knn", "objects": metrics["baseline"]}
    table = tmp_path / "tables/mine/knn/metrics.json"
    table.parent.mkdir(parents=True)
    table.write_text(json.dumps({**about, "cross_validation": metrics["objects"]}))
    run.paths.tables = [str(table)]
    page = run.report().read_text()
    assert page.count(">Methods and combiners<") == 1
    assert '<th class="number">knn, cross-validated</th>' in page
    for title in ("mlp, tempered", "mlp, summed aperture", "knn, stacked"):
        assert f"<tr><th>{title}</th>" in page
    assert "Table mine" in page


def refused():
    raise InputError("a.fits: holds nothing")


def test_parts_are_the_same_in_processes_of_their_own():
    calls = {"a": partial(sorted, "ba"), "b": partial(sorted, "dc")}
    expected = {"a": ["a", "b"], "b": ["c", "d"]}
    assert report.draw(calls, 1) == report.draw(calls, 2) == expected
    for threads in (1, 2):
        with pytest.raises(InputError, match="a.fits: holds nothing"):
            report.draw({**calls, "c": refused}, threads)


def test_a_page_of_degenerate_products_opens_whole(tmp_path):
    run = Run(tmp_path)
    objects = pd.read_csv(run.paths.predictions[0])
    numbers = [name for name in objects if name.startswith(("z_", "combined_"))]
    objects.loc[objects["split"] == "test", numbers] = np.nan
    held_out = objects.index[objects["split"] == "test"]
    objects.loc[held_out[0], numbers] = np.inf
    objects.loc[held_out[1], "z_phot"] = 0.2  # one row is predicted
    objects["class_phot"] = '</script><script>alert("x")</script>'
    objects.drop(index=held_out[-1]).to_csv(run.paths.predictions[0], index=False)
    for stage in ("frames", "errors", "registered"):
        path = getattr(run.paths, stage)[2]
        with fits.open(path) as hdus:
            blank = fits.PrimaryHDU(np.full_like(hdus[0].data, np.nan), hdus[0].header)
        blank.writeto(path, overwrite=True)
    page = run.report()
    check_page(page)
    words = Text(page).words
    assert f"without a prediction {len(held_out) - 2} of" in words
    assert "Objects, weighted" not in words  # drawn, not written
    assert not re.search(r"\bnan\b", words)
