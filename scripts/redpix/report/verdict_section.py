"""Section at the top of the report: the verdict on each stage, and what was assumed."""

from pathlib import Path

import pandas as pd
from astropy.io import fits

from redpix.photometry.planes_file import reason_left_out
from redpix.report import files, losses_section, verdict, verdict_images
from redpix.report.verdict_assumptions import assumptions, joined, of_pair, read_metrics
from redpix.report.verdict_training import judge_training

#: marks in the order of their weight, with their words
MARKS = {"bad": "out of bounds", "look": "worth a look", "good": "good"}


#: maximum number of good lines, and maximum number of assumptions, on the page
MOST_LINES = 200


def show_verdict(products, run, methods, sections, exposed_by=()):
    """Return the verdict of a run.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    run : redpix.report.run_files.RunTables or None
        Fields and objects of the run, if it has fields.
    methods : list of redpix.report.method_results.MethodResult
        Products of each method.
    sections : dict
        Sections of the page: ``photometry`` and ``training``, each a dict or None.
    exposed_by : list of (str, list of str)
        Description of each pair and coadd of fields, and the names of its fields.

    Returns
    -------
    dict
        `lines`, a list of `redpix.report.verdict.Judgement`, the worst first; `counts`, the number
        of lines per mark; `words`, a word per mark; `assumed`, a list of (input, sentence);
        `further`, the numbers of lines and assumptions that are not on the page.
    """
    lines = judge_losses(products, run, exposed_by)
    for method in methods:
        objects = method.metrics.get("objects") or {}
        lines += verdict.judge_redshifts(method.name, objects, f"method-{method.name}")
    for metrics in map(read_metrics, products.tables):
        name = f"{metrics['table']} {metrics['method']}"
        link = f"table-{metrics['table']}"
        lines += verdict.judge_redshifts(name, metrics.get("objects") or {}, link)
    for path in map(Path, products.differences):
        header = fits.getheader(path, "D")
        lines += verdict_images.judge_difference(path.parents[1].name, path.parent.name, header)
    for path in map(Path, products.coadds):
        header = fits.getheader(path, "SCI")
        lines += verdict_images.judge_coadd(path.parent.name, path.stem, header)
    for path in products.residuals:
        name = Path(path).name.removesuffix(".residual.fits")
        lines += verdict_images.judge_image(name, fits.getheader(path))
    photometry, training = sections["photometry"], sections["training"]
    for image in photometry["images"] if photometry else ():
        if image.get("noise"):
            lines += verdict_images.judge_given_noise(image["name"], *image["noise"])
    for path in products.light_curves:
        if Path(path).name == "scatter.csv":
            lines += verdict_images.judge_light_curves(pd.read_csv(path))
        elif Path(path).name == "exposures.csv":
            used = files.read_text_table(path)["used"] == "yes"
            kept, text = (int(used.sum()), int((~used).sum())), "exposures left out"
            lines.append(verdict.judge_left_out(*kept, "Light curves", text, "photometry"))
    lines += judge_training(training["checks"] if training else None)
    return verdict_of(lines, assumptions(products))


def verdict_of(lines, assumed):
    """Return a verdict for the template.

    Parameters
    ----------
    lines : list of redpix.report.verdict.Judgement
        Lines in any order.
    assumed : list of (str, str)
        Input and sentence.

    Returns
    -------
    dict
        As of `show_verdict`.
    """
    marks = [line.mark for line in lines]
    lines = sorted(lines, key=lambda line: list(MARKS).index(line.mark))
    most = max(MOST_LINES, len(lines) - marks.count("good"))
    assumed = joined(assumed)
    return {
        "lines": lines[:most],
        "counts": {mark: marks.count(mark) for mark in MARKS if mark in marks},
        "words": MARKS,
        "assumed": assumed[:MOST_LINES],
        "further": (len(lines[most:]), len(assumed[MOST_LINES:])),
    }


def judge_losses(products, run, exposed_by):
    """Return the judgements on fields, objects, pairs, coadds and images that were left out.

    Parameters
    ----------
    products : redpix.report.run_files.RunFiles
        Files of the run.
    run : redpix.report.run_files.RunTables or None
        Fields and objects of the run, if it has fields.
    exposed_by : list of (str, list of str)
        Description of each pair and coadd of fields, and the names of its fields.

    Returns
    -------
    list of redpix.report.verdict.Judgement
    """
    lines = []
    if run:
        kept = len(run.delivered), len(run.left_out)
        lines.append(verdict.judge_left_out(*kept, "Fields", "fields left out", "run"))
        total = run.whereabouts.iloc[-1]
        lines += verdict.judge_objects(int(total["found"]), int(total["lost"]))
    if exposed_by and products.exposures:
        lost = len({name for name, _ in losses_section.left_out(products.exposures, exposed_by)})
        kept, text = len(exposed_by) - lost, "pairs and coadds left out"
        lines.append(verdict.judge_left_out(kept, lost, "Pairs and coadds", text, "dropped-fields"))
    if products.residuals:
        lost = sum(reason_left_out(path) is not None for path in products.residuals)
        kept = len(products.residuals) - lost
        lines.append(verdict.judge_left_out(kept, lost, "Stars", "images left out", "photometry"))
    return lines


def verdict_of_pair(difference):
    """Return the verdict of the page of one pair.

    Parameters
    ----------
    difference : str
        FITS file of the difference.

    Returns
    -------
    dict
        As of `show_verdict`.
    """
    path = Path(difference)
    header = fits.getheader(path, "D")
    lines = verdict_images.judge_difference(path.parents[1].name, path.parent.name, header)
    return verdict_of(lines, list(of_pair(path).items()))
