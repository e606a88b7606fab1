"""Section at the top of the report: the verdict on each stage, and what was assumed."""

import json
from pathlib import Path

import pandas as pd
from astropy.io import fits

from redpix.photometry.planes_file import reason_left_out
from redpix.photoz.input_words import in_words
from redpix.report import losses_section, verdict, verdict_images
from redpix.report.camera_facts import gain_in_words
from redpix.report.verdict_training import judge_training

#: marks in the order of their weight, with their words
MARKS = {"bad": "out of bounds", "look": "worth a look", "good": "good"}


#: maximum number of good lines, and maximum number of assumptions, on the page
MOST_LINES = 200

#: maximum number of inputs that the line of an assumption names
_NAMED = 3


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
    lines += judge_training(training["checks"] if training else None)
    marks = [line.mark for line in lines]
    lines.sort(key=lambda line: list(MARKS).index(line.mark))
    most = max(MOST_LINES, len(lines) - marks.count("good"))
    assumed = joined(assumptions(products))
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


def joined(assumed):
    """Return assumptions with one line per sentence, which names the first of its inputs.

    Parameters
    ----------
    assumed : list of (str, str)
        Input, such as ``image a``, and sentence.

    Returns
    -------
    list of (str, str)
    """
    inputs = {}
    for name, sentence in assumed:
        inputs.setdefault((name.partition(" ")[0], sentence), []).append(name)
    lines = []
    for (_, sentence), names in inputs.items():
        further = len(names) - _NAMED
        words = ", ".join(names[:_NAMED]) + (f" and {further} more" if further > 0 else "")
        lines.append((words, sentence))
    return lines


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
