"""Quality and cost of redshifts and classes, cross-validated inside training files, beside peers.

    .venv/bin/python tests/benchmarks/redshift_cost.py ../shared/real/galaxies
        [--sets dc2 mgs classes] [--methods mdn ensemble knn] [--folds 1] [--seed 1]
        [--peers PYTHON] [--many]

--many: CPU seconds of learning 10,000 rows of LSST DC2 in six bands and predicting 20,000 others,
which are rows of the same file moved within their errors.

Five folds are drawn with seed 0, of which the first FOLDS are used. Each method learns from four
fifths and predicts the fifth; all choices are made inside the four fifths. PYTHON is that of an
environment with the peers, such as

    python -m venv /tmp/peers && /tmp/peers/bin/pip install lightgbm pz-rail-flexzboost

Ratios are those to the peer of the same folds. CPU seconds include the calibration and the files.
The KS distance of the PIT is that of all folds together; PITS_BY_CHANCE is its mean for as many
uniform values, which a fold alone would not fall below.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts"))

import numpy as np
import pandas
from redpix.photoz import metrics, pdf
from redpix.photoz.class_metrics import classification
from redpix.photoz.learners.base import CLASSES
from redpix.photoz.pdf_file import read_pdfs
from redpix.photoz.run_catalogue import estimate_from_table
from scipy.stats import kstest

#: mean KS distance of uniform values from uniform, times the root of their number
PITS_BY_CHANCE = 0.8687

#: metrics that are printed
SHOWN = ("nmad", "outliers_005", "outliers_015", "crps", "cde", "pit_ks", "cpu")

KNN = {"k": None, "mode": "linear", "index": "auto"}
MDN = {"networks": 5, "seed": 1}
SETTINGS = {"knn": KNN, "mdn": MDN, "ensemble": {"members": {"knn": KNN, "mdn": MDN}}}

FILES = {
    "objects": "objects.csv",
    "pixels": "pixels.dat",
    "metrics": "metrics.json",
    "pdfs": "pdfs.parquet",
    "model": "model.npz",
}


def dc2(folder):
    """Return RAIL's LSST DC2 training file with plain names of columns."""
    table = pandas.read_csv(folder / "dc2_training.csv")
    columns = {f"mag_{n}": table[f"mag_{band}_lsst"] for n, band in enumerate("ugrizy")}
    columns |= {f"mag_err_{n}": table[f"mag_err_{band}_lsst"] for n, band in enumerate("ugrizy")}
    return pandas.DataFrame(columns).assign(redshift=table["redshift"]), (0.0, 3.2, 0.005)


def mgs(folder):
    """Return MLZ's training file of the SDSS main sample."""
    table = np.loadtxt(folder / "SDSS_MGS.train")
    columns = {f"mag_{n}": table[:, 1 + n] for n in range(5)}
    columns |= {f"mag_err_{n}": table[:, 10 + n] for n in range(5)}
    return pandas.DataFrame(columns).assign(redshift=table[:, 0]), (0.0, 1.0, 0.005)


def classes(folder):
    """Return SDSS objects of three classes."""
    table = pandas.read_csv(folder / "sdss_classes.csv")
    columns = {f"mag_{n}": table[band] for n, band in enumerate("ugriz")}
    found = pandas.DataFrame(columns).assign(redshift=table["redshift"], label=table["class"])
    found["label"] = found["label"].map({name: n for n, name in enumerate(CLASSES)})
    return found, (0.0, 5.0, 0.01)


SETS = {"dc2": dc2, "mgs": mgs, "classes": classes}


def run_method(method, train, test, grid, folder, seed=1):
    """Run one of our methods; return the content of metrics.json, CPU seconds and PIT values."""
    bands = [c for c in train if c.startswith("mag_") and "err" not in c]
    paths = []
    for name, table in (("train", train), ("test", test)):
        paths.append(str(folder / f"{name}.ours.csv"))
        table = table.assign(id=table.index)
        if "label" in table:
            table["class"] = np.array(CLASSES)[table.pop("label").astype(int)]
        table.to_csv(paths[-1], index=False)
    out = folder / "mine" / method
    out.mkdir(parents=True, exist_ok=True)
    errors = [c for c in train if c.startswith("mag_err_")]
    names = {"id": "id", "redshift": "redshift"} | ({"errors": tuple(errors)} if errors else {})
    started = time.process_time()
    estimate_from_table(
        paths,
        **{name: str(out / file) for name, file in FILES.items()},
        method=method,
        attributes=["brightness", "colours", "errors"],
        magnitudes=tuple(bands),
        settings=seeded(SETTINGS[method], seed),
        test_fraction=0.3,
        tune=False,
        grid=list(grid),
        seed=seed,
        names=names,
    )
    cpu = time.process_time() - started
    return json.loads((out / "metrics.json").read_text()), cpu, pits(out, test)


def seeded(settings, seed):
    """Return the settings of a method with a seed."""
    settings = {**settings, "seed": seed} if "seed" in settings else settings
    members = {name: seeded(one, seed) for name, one in settings.get("members", {}).items()}
    return {**settings, "members": members} if members else settings


def pits(out, test):
    """Return the PIT values of the test objects from a file of PDFs."""
    ids, pdfs, nodes = read_pdfs(out / "pdfs.parquet")
    place = pandas.Index(ids).get_indexer(test.index)
    distribution = pdf.cumulative(pdfs[place].astype(float), nodes)
    return pdf.evaluate(distribution, test["redshift"].to_numpy(), nodes)


def run_peer(python, name, train, test, grid, folder):
    """Run a peer; return its metrics with the better of its point estimates."""
    paths = []
    for part, table in (("train", train), ("test", test)):
        paths.append(str(folder / f"{part}.csv"))
        table.fillna(99.0).to_csv(paths[-1], index=False)
    nodes = pdf.make_grid(*grid)
    result = folder / f"{name}.npz"
    command = [python, str(HERE / "redshift_peers.py"), name, *paths, str(result)]
    command += [str(grid[0]), str(grid[1]), str(len(nodes))]
    subprocess.run(command, check=True, cwd=folder, capture_output=True)
    found, truth = np.load(result), test["redshift"].to_numpy()
    if "probability" in found:
        probability = found["probability"]
        label = test["label"].to_numpy()
        return {
            "classification": classification(
                label, probability.argmax(axis=1), CLASSES, probability
            ),
            "cpu": float(found["cpu"]),
        }
    if "redshift" in found:
        z, pit = found["redshift"], None
        scores = metrics.score(z, np.ones((len(z), len(nodes))), truth, nodes)
        summary = metrics.summarise(scores)
        summary |= dict.fromkeys(("crps", "cde", "pit_ks"), np.nan)
    else:
        pdfs = pdf.normalise(np.maximum(found["pdf"], 0), nodes)
        points = found["mode"], pdf.quantiles(pdfs, [0.5], nodes)[:, 0]
        every = [metrics.summarise(metrics.score(z, pdfs, truth, nodes)) for z in points]
        summary = min(every, key=lambda one: one["nmad"])
        pit = metrics.score(points[0], pdfs, truth, nodes).pit
    return {"objects": summary, "cpu": float(found["cpu"]), "pit": pit}


def show(name, folds, reference):
    """Print the means over folds, and their ratios to those of a reference."""
    means = {key: np.mean([one[key] for one in folds]) for key in SHOWN}
    if folds[0]["pit"] is not None:
        pit = np.concatenate([one["pit"] for one in folds])
        means["pit_ks"] = kstest(pit, "uniform").statistic
    line = " ".join(f"{key} {means[key]:.4f}" for key in SHOWN)
    print(f"{name:12s} {line}", flush=True)
    if reference:
        ratios = " ".join(f"{key} {means[key] / reference[key]:.3f}" for key in SHOWN)
        print(f"{'  ratio':12s} {ratios}", flush=True)
    return means


def show_classes(name, folds):
    """Print the means over folds of the metrics of classes."""
    line = {
        "accuracy": [one["accuracy"] for one in folds],
        "log_loss": [one["log_loss"] for one in folds],
        **{
            f"QSO_{key}": [one["by_class"]["QSO"][key] for one in folds]
            for key in ("completeness", "purity")
        },
    }
    print(f"{name:12s} " + " ".join(f"{k} {np.mean(v):.4f}" for k, v in line.items()), flush=True)


def run_set(name, table, grid, choices):
    """Run all methods on the folds of one set, and print the results."""
    fold = np.random.default_rng(0).permutation(len(table)) % 5
    chance = PITS_BY_CHANCE / np.sqrt(np.sum(fold < choices.folds))
    rows = f"{len(table)} rows, {choices.folds} of 5 folds"
    print(f"{name}: {rows}; pit_ks by chance {chance:.4f}", flush=True)
    peers = ("lightgbm",) if name == "classes" else ("flexzboost", "lightgbm")
    results = {}
    with tempfile.TemporaryDirectory() as temporary:
        for number in range(choices.folds):
            train, test = table[fold != number], table[fold == number]
            for peer in peers if choices.peers else ():
                found = run_peer(choices.peers, peer, train, test, grid, Path(temporary))
                results.setdefault(peer, []).append((found, found["cpu"], found.get("pit")))
            for method in choices.methods:
                found = run_method(method, train, test, grid, Path(temporary), choices.seed)
                results.setdefault(method, []).append(found)
    reference = None
    for method, folds in results.items():
        if name != "classes":
            values = [{**found["objects"], "cpu": cpu, "pit": pit} for found, cpu, pit in folds]
            means = show(method, values, reference)
            reference = means if method == "flexzboost" else reference
        else:
            show_classes(method, [found["classification"] for found, _, _ in folds])
            print(f"{'':12s} cpu {np.mean([cpu for _, cpu, _ in folds]):.1f}", flush=True)


def run_many(folder, methods):
    """Print the CPU seconds of fit and prediction of 10,000 and 20,000 rows in six bands."""
    table, grid = dc2(folder)
    generator = np.random.default_rng(0)
    train = table.take(generator.permutation(len(table))[:10_000])
    test = table.take(generator.integers(0, len(table), 20_000)).reset_index(drop=True)
    test.index += len(table)
    for number in range(6):
        test[f"mag_{number}"] += test[f"mag_err_{number}"] * generator.normal(size=len(test))
    for method in methods:
        with tempfile.TemporaryDirectory() as temporary:
            _, cpu, _ = run_method(method, train, test, grid, Path(temporary))
        print(f"{method}: {len(train)} + {len(test)} rows: {cpu:.1f} CPU s", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
    parser.add_argument("--methods", nargs="+", default=["mdn", "ensemble"], choices=SETTINGS)
    parser.add_argument("--folds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers")
    parser.add_argument("--many", action="store_true")
    chosen = parser.parse_args()
    if chosen.many:
        run_many(chosen.data, chosen.methods)
    for one in chosen.sets if not chosen.many else ():
        run_set(one, *SETS[one](chosen.data), chosen)
