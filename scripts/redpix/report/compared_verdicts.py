"""Compare the verdicts of two runs, from their products."""

import json

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.photometry.planes_file import LEFT_OUT
from redpix.report import files, verdict, verdict_images
from redpix.report.compared_runs import methods_of, products_by_name
from redpix.report.training_section import read_network
from redpix.report.training_theory import check_stamps, measure_stamps
from redpix.report.verdict_section import read_metrics
from redpix.report.verdict_training import judge_training


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


def judgements(folder):
    """Return the verdict of a run from its products.

    Parameters
    ----------
    folder : Path
        ``results/<name>``.

    Returns
    -------
    dict of (str, str) to redpix.report.verdict.Judgement
        By stage and quantity.
    """
    lines = []
    delivered = folder / "frames/delivered.csv"
    if delivered.exists():
        came = files.read_text_table(delivered)["delivered"] == "yes"
        lines.append(
            verdict.judge_left_out(
                int(came.sum()), int((~came).sum()), "Fields", "fields left out", ""
            )
        )
    for name, path in methods_of(folder).items():
        values = read_metrics(path.with_name("metrics.json")).get("objects") or {}
        lines += verdict.judge_redshifts(name, values, "")
    for name, path in products_by_name(
        folder, "subtraction/*/*/difference.fits", slice(1, 3)
    ).items():
        pair, _, band = name.rpartition(" ")
        lines += verdict_images.judge_difference(pair, band, fits.getheader(path, "D"))
    for name, path in products_by_name(folder, "coadds/*/*.fits", slice(1, 3)).items():
        stack, _, band = name.removesuffix(".fits").rpartition(" ")
        lines += verdict_images.judge_coadd(stack, band, fits.getheader(path, "SCI"))
    headers = {
        path.name.removesuffix(".residual.fits"): fits.getheader(path)
        for path in sorted(folder.glob("photometry/*.residual.fits"))
    }
    if headers:
        lost = sum(LEFT_OUT in header for header in headers.values())
        kept = len(headers) - lost
        lines.append(verdict.judge_left_out(kept, lost, "Stars", "images left out", ""))
    for name, header in headers.items():
        lines += verdict_images.judge_image(name, header)
    scatter = folder / "photometry/scatter.csv"
    if scatter.exists():
        lines += verdict_images.judge_light_curves(pd.read_csv(scatter))
    lines += judge_training(checks_of(folder))
    return {(line.stage, line.text): line for line in lines}


def compare_verdicts(first, second):
    """Return the verdicts of two runs side by side.

    Parameters
    ----------
    first, second : Path
        ``results/<name>`` of each run.

    Returns
    -------
    list of dict
        `stage`, `text`, and `first` and `second`: a Judgement, or None.
    """
    runs = [judgements(folder) for folder in (first, second)]
    return [
        {"stage": key[0], "text": key[1], "first": runs[0].get(key), "second": runs[1].get(key)}
        for key in dict.fromkeys([*runs[0], *runs[1]])
    ]
