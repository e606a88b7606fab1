"""Fit the model of `redpix.subtraction.real_score`, and check it on pairs that it has not seen.

    .venv/bin/python tests/benchmarks/train_real_score.py ../shared/strangers/pairs
        [--frames RESULTS] [--rounds 3]

Real transients are sources injected into real pairs, as in `injected_pairs.py`: with the PSF of the
image and with the pixels of bright stars. False ones are the transients of the pairs themselves,
those of the negative image included, less the ones that are known to be real. Rows of either kind
have the same weight in sum, and so have the pairs. For each pair, a model is fitted to the others.
Printed are the area under its ROC curve on the pair, and the share of real rows in bins of score.
The weights of the fit to all pairs go into `redpix.subtraction.real_score`.
"""

import argparse
import logging
from itertools import pairwise
from pathlib import Path

import injected_pairs as pairs
import numpy as np
from redpix.subtraction import transients as module
from redpix.subtraction.real_score import Features, probability
from scipy.optimize import minimize

#: places of real transients in the pairs themselves, x and y
KNOWN = {
    "ogle": [(258.5, 202.7)],
    "decam": [(130, 128)],
    "lowell": [(486.8, 309.7), (74.4, 355.6), (493.2, 322.3), (97.0, 360.6)],
    "sdss": [(1872, 1274), (1455, 1097), (34, 187)],
}

#: penalty of squared weights
PENALTY = 0.01


def features_seen():
    """Return a list that the features of each search are appended to."""
    seen, of = [], module.features_of

    def kept(transients, *rest):
        seen.append(of(transients, *rest))
        return seen[-1]

    module.features_of = kept
    return seen


def table_of(name, pair, settings, rounds, seen):
    """Return the features of real and of false transients of a pair."""
    planes, found = pairs.searched(pair, settings)
    features = np.column_stack(seen[-1])
    known = np.array(KNOWN.get(name, [(-99.0, -99.0)]))
    away = np.hypot(found.x[:, None] - known[:, 0], found.y[:, None] - known[:, 1])
    # unknown clean rows of the survey's pair may be real
    false = (away.min(axis=1) > 6) & ((found.flags > 0) | (name != "sdss"))
    real = []
    for turn in range(rounds):
        for from_stars in (False, True):
            rng = np.random.default_rng([turn, int(from_stars), 77])
            changed, true = pairs.injected(rng, pair, planes, 60, from_stars)
            _, after = pairs.searched(changed, settings)
            rows = pairs.matched(after, true.x, true.y, 2.0)
            real.append(np.column_stack(seen[-1])[rows[rows >= 0]])
    return np.concatenate(real), features[false]


def fitted(tables):
    """Return weights and constant of the logistic model; weights of faults are not positive."""
    rows = np.concatenate([np.concatenate(table) for table in tables])
    kind = np.concatenate([np.repeat([1.0, -1.0], [len(r), len(f)]) for r, f in tables])
    share = np.concatenate(
        [np.repeat([1 / max(len(r), 1), 1 / max(len(f), 1)], [len(r), len(f)]) for r, f in tables]
    )

    def loss(parameters):
        margin = kind * (parameters[-1] + rows @ parameters[:-1])
        value = np.sum(share * np.logaddexp(0, -margin)) / len(tables)
        slope = -share * kind / (1 + np.exp(margin)) / len(tables)
        gradient = np.append(slope @ rows + 2 * PENALTY * parameters[:-1], slope.sum())
        return value + PENALTY * np.sum(parameters[:-1] ** 2), gradient

    number = rows.shape[1]
    bounds = [(None, 0.0)] * number + [(None, None)]
    return minimize(loss, np.zeros(number + 1), jac=True, bounds=bounds).x


def area(real, false):
    """Return the area under the ROC curve."""
    return np.mean((real[:, None] > false) + 0.5 * (real[:, None] == false))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    logging.getLogger("redpix").setLevel(logging.ERROR)
    seen, tables = features_seen(), {}
    for name, (pair, settings) in pairs.opened(chosen.folder, chosen.frames):
        tables[name] = table_of(name, pair, settings, chosen.rounds, seen)
        print(name, "real", len(tables[name][0]), "false", len(tables[name][1]), flush=True)
    values, kinds, weights = [], [], []
    for name, (real, false) in tables.items():
        parameters = fitted([table for other, table in tables.items() if other != name])
        held = [
            probability(Features(*rows.T), parameters[:-1], parameters[-1])
            for rows in (real, false)
        ]
        at = np.mean(held[0] > 0.5), np.mean(held[1] > 0.5)
        print(
            f"{name}: area {area(*held):.4f}; above 0.5: real {at[0]:.3f}, false {at[1]:.3f}"
            if len(false)
            else f"{name}: above 0.5: real {at[0]:.3f}; no false row"
        )
        values += [*held[0], *held[1]]
        kinds += [1] * len(real) + [0] * len(false)
        weights += [1 / len(real)] * len(real) + [1 / max(len(false), 1)] * len(false)
    values, kinds, weights = map(np.array, (values, kinds, weights))
    for low, high in pairwise((0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)):
        inside = (values >= low) & (values < high)
        if inside.any():
            right = np.average(kinds[inside], weights=weights[inside])
            mean = np.average(values[inside], weights=weights[inside])
            text = f"score {low:.1f} to {high:.1f}: {inside.sum()} rows"
            print(f"{text}, mean {mean:.3f}, real {right:.3f}")
    parameters = fitted(list(tables.values()))
    print("WEIGHTS =", tuple(float(f"{value:.2f}") for value in parameters[:-1]))
    print("CONSTANT =", float(f"{parameters[-1]:.2f}"))


if __name__ == "__main__":
    main()
