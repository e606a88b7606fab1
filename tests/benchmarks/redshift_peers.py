"""Fit a peer on one table and predict another; run by the Python of an environment of its own.

    python redshift_peers.py flexzboost|lightgbm train.csv test.csv result.npz LOW HIGH NODES

Tables have the columns mag_0, mag_1, ..., mag_err_0, ..., redshift and, for classes, label. Missing
magnitudes are 99. The result has ``cpu``, and ``grid``, ``pdf`` and ``mode``, or ``redshift``, or
``probability``.
"""

import sys
import time

import numpy as np
import pandas


def read(path):
    """Return the columns of a table, and the names of magnitudes and of their errors."""
    table = pandas.read_csv(path)
    magnitudes = [c for c in table if c.startswith("mag_") and "err" not in c]
    errors = [c for c in table if c.startswith("mag_err_")]
    return {column: np.array(table[column], float) for column in table}, magnitudes, errors


def flexzboost(train, test, low, high, nodes):
    """Return the PDFs of FlexZBoost with the settings of RAIL (Schmidt et al. 2020)."""
    from rail.estimation.algos.flexzboost import FlexZBoostEstimator, FlexZBoostInformer

    table, bands, errors = read(train)
    seen = {band: table[band][table[band] < 90] for band in bands}
    shared = {
        "hdf5_groupname": "",
        "bands": bands,
        "err_bands": errors,
        "ref_band": bands[len(bands) // 2],
        "mag_limits": {band: float(values.max()) for band, values in seen.items()},
        "nondetect_val": 99.0,
        "redshift_col": "redshift",
        "zmin": low,
        "zmax": high,
        "nzbins": nodes,
    }
    inform = FlexZBoostInformer.make_stage(name="inform", model="flexzboost.pkl", **shared)
    inform.inform(table)
    estimate = FlexZBoostEstimator.make_stage(
        name="estimate", model=inform.get_handle("model"), qp_representation="interp", **shared
    )
    found = estimate.estimate(read(test)[0])
    found = getattr(found, "data", found)
    grid = np.linspace(low, high, nodes)
    pdf = found.pdf(grid)
    return {"grid": grid, "pdf": pdf, "mode": grid[pdf.argmax(axis=1)]}


def lightgbm(train, test, low, high, nodes):
    """Return redshifts (absolute error), or probabilities if there are labels, of LightGBM."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    settings = {"n_jobs": 1, "verbose": -1, "learning_rate": 0.05, "random_state": 1}
    inputs, targets = [], []
    for path in (train, test):
        table, bands, errors = read(path)
        values = np.stack([np.where(table[b] < 90, table[b], np.nan) for b in bands], axis=1)
        sigma = np.stack([table[e] for e in errors], axis=1) if errors else values[:, :0]
        inputs.append(np.hstack([values, values[:, :-1] - values[:, 1:], sigma]))
        targets.append(table)
    if "label" in targets[0]:
        model = LGBMClassifier(n_estimators=200, **settings)
        return {"probability": model.fit(inputs[0], targets[0]["label"]).predict_proba(inputs[1])}
    model = LGBMRegressor(objective="l1", n_estimators=600, **settings)
    return {"redshift": model.fit(inputs[0], targets[0]["redshift"]).predict(inputs[1])}


if __name__ == "__main__":
    name, train, test, result, low, high, nodes = sys.argv[1:]
    started = time.process_time()
    found = {"flexzboost": flexzboost, "lightgbm": lightgbm}[name](
        train, test, float(low), float(high), int(nodes)
    )
    np.savez(result, cpu=time.process_time() - started, **found)
