"""Section at the top of the report: the verdict on each stage, and what was assumed."""

import json
from pathlib import Path

import pandas as pd
from astropy.io import fits

from redpix.photometry.planes_file import reason_left_out
from redpix.photoz.input_words import in_words
from redpix.report import verdict
from redpix.report.camera_facts import gain_in_words

#: marks in the order of their weight, with their words
MARKS = {"bad": "out of bounds", "look": "worth a look", "good": "good"}


def show_verdict(products, run, methods, photometry=None):
    """Return the verdict of a run.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    run : redpix.report.run_files.RunTables or None
        Fields and objects of the run, if it has fields.
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.
    photometry : dict, optional
        From `redpix.report.photometry_section.show_images`.

    Returns
    -------
    dict
        `lines`, a list of `redpix.report.verdict.Judgement`; `counts`, the number of lines per
        mark; `words`, a word per mark; `assumed`, a list of (input, sentence).
    """
    lines = []
    if run:
        lines.append(verdict.judge_fields(len(run.delivered), len(run.left_out)))
    for method in methods:
        objects = method.metrics.get("objects") or {}
        lines += verdict.judge_redshifts(method.name, objects, f"method-{method.name}")
    for metrics in map(read_metrics, products.tables):
        name = f"{metrics['table']} {metrics['method']}"
        link = f"table-{metrics['table']}"
        lines += verdict.judge_redshifts(name, metrics.get("objects") or {}, link)
    for path in map(Path, products.differences):
        header = fits.getheader(path, "D")
        lines += verdict.judge_difference(path.parents[1].name, path.parent.name, header)
    for path in products.residuals:
        name = Path(path).name.removesuffix(".residual.fits")
        lines += verdict.judge_image(name, fits.getheader(path))
    for image in photometry["images"] if photometry else ():
        if image.get("noise"):
            lines += verdict.judge_given_noise(image["name"], *image["noise"])
    for path in products.light_curves:
        if Path(path).name == "scatter.csv":
            lines += verdict.judge_light_curves(pd.read_csv(path))
    marks = [line.mark for line in lines]
    return {
        "lines": sorted(lines, key=lambda line: list(MARKS).index(line.mark)),
        "counts": {mark: marks.count(mark) for mark in MARKS if mark in marks},
        "words": MARKS,
        "assumed": assumptions(products),
    }


def read_metrics(path):
    """Return the content of a metrics.json.

    Parameters
    ----------
    path : str
        JSON file.

    Returns
    -------
    dict
    """
    return json.loads(Path(path).read_text(encoding="utf-8"))


def assumptions(products):
    """Return what was assumed about the user's files.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.

    Returns
    -------
    list of (str, str)
        Input and sentence.
    """
    found = {}
    for metrics in map(read_metrics, products.tables):
        for understood in metrics.get("input", []):
            sentence = in_words(understood["file"], understood).partition(": ")[2]
            found[f"table {metrics['table']}, {understood['file']}"] = sentence
    for path in products.calibrated:
        if reason_left_out(path):
            continue
        header = fits.getheader(path)
        name = Path(path).name.removesuffix(".calibrated.fits")
        found[f"image {name}"] = f"{gain_in_words(header)}; noise from {header['NOISFROM']}"
    for path in map(Path, products.frames):
        header = fits.getheader(path)
        if "ZPFROM" in header:
            facts = [f"zero point {header['ZPOINT']:g}, {header['ZPFROM']}"]
            facts += [str(text) for text in header["REMARK*"].values()]
            found[f"frame {path.stem}"] = "; ".join(facts)
    for path in map(Path, products.differences):
        warnings = [str(text) for text in fits.getheader(path, "D")["WARN*"].values()]
        if warnings:
            name = f"pair {path.parents[1].name}, {path.parent.name}"
            found[name] = "; ".join(warnings)
    return list(found.items())
