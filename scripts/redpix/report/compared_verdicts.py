"""Compare the verdicts of two runs, from their products."""

import json
from functools import partial

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.photometry.planes_file import LEFT_OUT
from redpix.report import files, verdict, verdict_images
from redpix.report.compared_runs import attempt, methods_of
from redpix.report.training_section import read_network
from redpix.report.training_theory import check_stamps, measure_stamps
from redpix.report.verdict_section import read_metrics
from redpix.report.verdict_training import judge_training

#: differences of a run
_DIFFERENCES = "subtraction/*/*/difference.fits"


def checks_of(folder):
    """Return what the verdict says about the training images of a run, or None without them.

    Parameters
    ----------
    folder : Path
        ``results/<name>``.

    Returns
    -------
    dict or None
        Of `redpix.report.training_theory.check_stamps`.
    """
    stamps, path = folder / "training_images", folder / "network/metrics.json"
    names = ("inputs.npy", "targets.npy", "truth.csv", "settings.json")
    if not all((stamps / name).exists() for name in names):
        return None
    arrays = [np.load(stamps / name, mmap_mode="r") for name in names[:2]]
    settings = json.loads((stamps / "settings.json").read_text(encoding="utf-8"))
    theory = None
    if settings["recipe"] == "physical":
        theory = measure_stamps(*arrays, pd.read_csv(stamps / "truth.csv"), settings)
    return check_stamps(*arrays, theory, read_network([path] if path.exists() else []))


def judgements(folder, faults):
    """Return the verdict of a run from its products.

    Parameters
    ----------
    folder : Path
        ``results/<name>``.
    faults : list of str
        Receives a line per product that cannot be read.

    Returns
    -------
    dict of (str, str) to redpix.report.verdict.Judgement
        By stage and quantity.
    """
    lines = []
    for path, judge in judged_files(folder):
        lines += attempt(faults, path, judge, path) or []
    headers = {}
    for path in sorted(folder.glob("photometry/*.residual.fits")):
        header = attempt(faults, path, fits.getheader, path)
        if header is not None:
            headers[path.name.removesuffix(".residual.fits")] = header
    if headers:
        lost = sum(LEFT_OUT in header for header in headers.values())
        kept = len(headers) - lost
        lines.append(verdict.judge_left_out(kept, lost, "Stars", "images left out", ""))
    for name, header in headers.items():
        lines += verdict_images.judge_image(name, header)
    lines += judge_training(attempt(faults, folder / "training_images", checks_of, folder))
    return {(line.stage, line.text): line for line in lines}


def judged_files(folder):
    """Return the products of a run that are judged one by one.

    Parameters
    ----------
    folder : Path
        ``results/<name>``.

    Returns
    -------
    list of (Path, callable)
        A product, and the function that returns the lines of a product.
    """
    found = [(folder / "frames/delivered.csv", _fields_lines)]
    found += [
        (path.with_name("metrics.json"), partial(_redshift_lines, name))
        for name, path in methods_of(folder).items()
    ]
    found += [(path, _difference_lines) for path in sorted(folder.glob(_DIFFERENCES))]
    found += [(path, _coadd_lines) for path in sorted(folder.glob("coadds/*/*.fits"))]
    found.append((folder / "photometry/light_curves/exposures.csv", _exposures_lines))
    found.append((folder / "photometry/scatter.csv", _scatter_lines))
    return [(path, judge) for path, judge in found if path.exists()]


def _fields_lines(path):
    """Return the line on delivered fields."""
    came = files.read_text_table(path)["delivered"] == "yes"
    return [_left_out(came, "Fields", "fields left out")]


def _redshift_lines(name, path):
    """Return the lines on the redshifts of a method."""
    return verdict.judge_redshifts(name, read_metrics(path).get("objects") or {}, "")


def _difference_lines(path):
    """Return the lines on a difference image."""
    header = fits.getheader(path, "D")
    return verdict_images.judge_difference(path.parents[1].name, path.parent.name, header)


def _coadd_lines(path):
    """Return the lines on a coadd."""
    return verdict_images.judge_coadd(path.parent.name, path.stem, fits.getheader(path, "SCI"))


def _exposures_lines(path):
    """Return the line on exposures that light curves leave out."""
    used = files.read_text_table(path)["used"] == "yes"
    return [_left_out(used, "Light curves", "exposures left out")]


def _scatter_lines(path):
    """Return the line on the scatter of bright stars."""
    return verdict_images.judge_light_curves(pd.read_csv(path))


def _left_out(kept, stage, text):
    """Return the line on what was left out, by a mask of what was kept."""
    return verdict.judge_left_out(int(kept.sum()), int((~kept).sum()), stage, text, "")


def compare_verdicts(first, second, faults):
    """Return the verdicts of two runs side by side.

    Parameters
    ----------
    first, second : Path
        ``results/<name>`` of each run.
    faults : list of str
        Receives a line per product that cannot be read.

    Returns
    -------
    list of dict
        `stage`, `text`, and `first` and `second`: a Judgement, or None.
    """
    runs = [judgements(folder, faults) for folder in (first, second)]
    return [
        {"stage": key[0], "text": key[1], "first": runs[0].get(key), "second": runs[1].get(key)}
        for key in dict.fromkeys([*runs[0], *runs[1]])
    ]
