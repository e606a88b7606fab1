"""The parts of the check of the array backends: each runs with one backend and is compared.

A function ``check_...(size, threads)`` makes the data of a part and returns
``measure(name, backend)``, which runs the part and returns its entry of the report. The first
backend measured is the reference. The imports below name all that the check uses of the library.
"""

import sys
import time
from importlib import util
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "scripts"), str(HERE)]

import device_skies
import numpy as np
from redpix.coaddition.stack import stack
from redpix.core.backend import NUMPY, GpuBackend, arrays
from redpix.core.exceptions import InputError
from redpix.photoz.learners import mixture_training
from redpix.photoz.learners.mixture_network import forward
from redpix.photoz.learners.mixture_pdfs import MixtureGrid
from redpix.photoz.learners.neighbour_index import Everywhere, Exact, recall
from redpix.photoz.learners.photometric_inputs import Layout, PhotometricInputs
from redpix.simulation import network
from redpix.subtraction.epoch import Epoch
from redpix.subtraction.tiles import subtract_tiles

#: largest relative differences from NumPy. On waves that neither PSF holds, D is rounding errors
#: brought to the noise of the other waves.
BOUNDS = {
    "subtraction": {
        "D": 5e-3,
        "S": 1e-3,
        "Scorr": 1e-3,
        "alpha": 1e-3,
        "alpha_error": 1e-3,
        "variance": 1e-3,
    },
    "coaddition": {"image": 1e-3, "variance": 1e-3},
    "neighbours": {"distance": 1e-4, "missed": 1e-4},
    "mixture_density": {"density": 1e-2, "log_score": 0.05},
}

#: of the network: predictions in units of the brightest input pixel, and the last loss. A card's
#: convolutions keep 10 bits (TF32), and training amplifies the difference.
NETWORK_BOUNDS = {
    "torch-cpu": {"predictions": 1e-4, "last_loss": 1e-6},
    "torch-cuda": {"predictions": 1e-2, "last_loss": 0.25},
}

#: number of timed calls; seconds after which the first call of a processor is the only one
TIMES, PATIENCE = 3, 8.0

#: queries that every backend answers, and that are compared
PILOT = 2000


def find_backends(threads):
    """Return the array backend of each name, or the reason why it is absent.

    Parameters
    ----------
    threads : int
        Threads of PyTorch on the processor.

    Returns
    -------
    dict of str to redpix.core.backend.NumpyBackend or str
    """
    found = {"numpy": NUMPY}
    if None in map(util.find_spec, ("torch", "array_api_compat")):
        found["torch-cpu"] = found["torch-cuda"] = "torch or array-api-compat is not installed"
    else:
        import torch
        from array_api_compat import torch as xp

        torch.set_num_threads(threads)
        found["torch-cpu"] = GpuBackend(xp, torch.device("cpu"))
        found["torch-cuda"] = "PyTorch finds no graphics card"
        if torch.cuda.is_available():
            found["torch-cuda"] = GpuBackend(xp, torch.device("cuda"))
    try:
        found["cupy-cuda"] = arrays("cupy")
    except InputError as error:
        found["cupy-cuda"] = str(error)
    return found


def synchronise(name):
    """Wait until the card of a backend has finished its work."""
    if name == "torch-cuda":
        import torch

        torch.cuda.synchronize()
    if name == "cupy-cuda":
        import cupy

        cupy.cuda.Device().synchronize()


def timed(name, call, patience=PATIENCE):
    """Return the result of a call, and its time.

    Parameters
    ----------
    name : str
        Backend, whose card is waited for before and after.
    call : callable
    patience : float
        Longest call that is repeated, seconds. A first call on a card compiles and is always
        repeated.

    Returns
    -------
    result : object
    timing : dict
        seconds (median), times, warm (whether the first call is left out) and first.
    """

    def once():
        synchronise(name)
        start = time.perf_counter()
        result = call()
        synchronise(name)
        return result, time.perf_counter() - start

    result, first = once()
    if first > patience and not name.endswith("cuda"):
        return result, {"seconds": first, "times": 1, "warm": False, "first": first}
    taken = [once()[1]]
    while len(taken) < TIMES and taken[0] <= patience:
        taken.append(once()[1])
    seconds = float(np.median(taken))
    return result, {"seconds": seconds, "times": len(taken), "warm": True, "first": first}


def difference(found, reference):
    """Return the largest absolute and relative difference of two arrays.

    Parameters
    ----------
    found, reference : array_like

    Returns
    -------
    dict
        relative is over the larger of the reference's value and the median of its absolute
        values. Both are None if a shape differs, or if one is finite where the other is not.
    """
    found, reference = (np.asarray(array, np.float64) for array in (found, reference))
    same = found.shape == reference.shape
    if not same or not np.array_equal(np.isfinite(found), np.isfinite(reference)):
        return {"absolute": None, "relative": None}
    known = np.isfinite(reference)
    away, size = abs(found - reference)[known], abs(reference)[known]
    unit = max(float(np.median(size)), np.finfo(np.float64).tiny)
    relative = away / np.maximum(size, unit)
    return {"absolute": float(away.max()), "relative": float(relative.max())}


def compared(differences, bounds):
    """Return the differences, their bounds, and whether all hold; None exceeds every bound."""
    relative = {name: differences[name]["relative"] for name in bounds}
    holds = all(value is not None and value <= bounds[name] for name, value in relative.items())
    return {"differences": differences, "bounds": bounds, "within": holds}


def measure_images(part, run):
    """Return `measure` of a part whose ``run(backend)`` returns a dict of str to ndarray."""
    reference = {}

    def measure(name, backend):
        result, entry = timed(name, lambda: run(backend))
        if not reference:
            reference.update(result=result, seconds=entry["seconds"])
        entry["ratio"] = reference["seconds"] / entry["seconds"]
        names = BOUNDS[part]
        differences = {key: difference(result[key], reference["result"][key]) for key in names}
        return {**entry, **compared(differences, names)}

    return measure


def epoch(image, variance, psf, flux):
    """Return an epoch whose registration and calibration have errors, and its PSF's callable."""
    errors = {"astrometry": (0.03, 0.03), "calibration": 0.005}
    return Epoch(image, None, flux=flux, variance=variance, **errors), lambda x, y: psf


def check_subtraction(size, threads):
    """Subtract a pair in tiles, as the workflow does."""
    (new, psf_new), (old, psf_old) = (epoch(*one) for one in device_skies.pair(**size))

    def run(backend):
        options = {"workers": threads, "arrays": backend}
        return subtract_tiles(new, old, psf_new, psf_old, **options)._asdict()

    return measure_images("subtraction", run)


def check_coaddition(size, threads):
    """Coadd images properly in tiles, as the workflow does."""
    epochs, psfs = zip(*(epoch(*one) for one in device_skies.exposures(**size)), strict=True)

    def run(backend):
        return stack(epochs, psfs, workers=threads, arrays=backend)._asdict()

    return measure_images("coaddition", run)


def check_neighbours(size, threads):
    """Search for the nearest vectors among all distances.

    NumPy is compared with scikit-learn's tree, the others with NumPy, by the first `PILOT`
    queries. All queries are timed if they take no longer than `PATIENCE`; ratios are per query.
    """
    vectors, queries = device_skies.vectors(size["vectors"], size["queries"], size["attributes"])
    k, few = size["k"], queries[:PILOT]
    reference = {"found": Exact(vectors).search(few, k, n_threads=threads)}

    def measure(name, backend):
        index = Everywhere(vectors, backend)
        found, entry = timed(name, lambda: index.search(few, k))
        searched = len(few)
        if entry["seconds"] * len(queries) / searched <= PATIENCE:
            _, entry = timed(name, lambda: index.search(queries, k))
            searched = len(queries)
        per_query = entry["seconds"] / searched
        ratio = reference.setdefault("per_query", per_query) / per_query
        entry |= {"queries": searched, "per_query": per_query, "ratio": ratio}
        missed = 1 - recall(found[1], reference["found"][1])
        differences = {
            "distance": difference(found[0], reference["found"][0]),
            "missed": {"absolute": missed, "relative": missed},
        }
        if name == "numpy":
            reference["found"] = found
        return {**entry, **compared(differences, BOUNDS["neighbours"])}

    return measure


def check_training_network(size, threads):
    """Train the network on the processor and on the card; NumPy repeats its predictions."""
    epochs = size["epochs"]
    drawn = {name: size[name] for name in ("number", "side", "bands")}
    images, targets, z_in, z_out = device_skies.galaxies(**drawn)
    learn, test = network.split(len(images), 0.2, 1)
    reference = {}

    def measure(name, backend):
        if not name.startswith("torch"):
            return {"skipped": "the training network learns with PyTorch alone"}
        arguments = (images, targets, z_in, z_out, learn, test, epochs, 1)
        with mock.patch("torch.cuda.is_available", return_value=name == "torch-cuda"):
            made, entry = timed(name, lambda: network.train(*arguments))
        loss = made.losses[-1]
        if not reference:
            reference.update(loss=loss, seconds=entry["seconds"])
        ratio = reference["seconds"] / entry["seconds"]
        entry |= {"device": made.device, "ratio": ratio, "last_loss": loss}
        channels = network.features(images[test], z_in[test], z_out[test])
        expected = device_skies.predicted(made.weights, channels, size["bands"])
        away = float(abs(made.predictions / network.scales(images[test]) - expected).max())
        change = abs(loss - reference["loss"])
        differences = {
            "predictions": {"absolute": away, "relative": away},
            "last_loss": {"absolute": change, "relative": change / reference["loss"]},
        }
        return {**entry, **compared(differences, NETWORK_BOUNDS[name])}

    return measure


def check_mixture_density(size, threads):
    """Train a mixture-density network, and evaluate NumPy's network with every backend.

    Training amplifies rounding errors, so that only its held-out log score is compared.
    """
    drawn, _ = device_skies.vectors(size["vectors"], 1, size["attributes"])
    count = len(drawn)
    value = np.sin(drawn[:, 0] / 2) + 0.1 * np.random.default_rng(5).standard_normal(count)
    columns = drawn.astype(np.float32), value.astype(np.float32), np.ones(count, np.float32)
    sample = mixture_training.NetworkSample(*columns, np.zeros((count, 0), np.float32))
    learn, test = sample.take(slice(0, None, 2)), sample.take(slice(1, None, 2))
    inputs = PhotometricInputs.fit(learn.vectors, Layout(0))
    plan = mixture_training.TrainingPlan(1, 0.0, size["steps"])
    plan = plan._replace(epochs=size["steps"] * mixture_training.BATCH / len(learn.value))
    grid, reference = np.linspace(0, 2, 401), {}

    def densities(layers, backend):
        nodes = MixtureGrid(grid, (0.5, 0.2), backend)
        layers = [backend.put(layer, np.float32) for layer in layers]
        values = backend.put(inputs.transform(test.vectors[:PILOT]), np.float32)
        return backend.take(nodes.densities(forward(layers, values, backend.xp)))

    def measure(name, backend):
        layers, entry = timed(name, lambda: mixture_training.fit(learn, inputs, plan, [1], backend))
        score = mixture_training.log_score(layers, test, inputs, backend)
        if not reference:
            reference.update(layers=layers, score=score, seconds=entry["seconds"])
            reference["density"] = densities(layers, backend)
        entry |= {"ratio": reference["seconds"] / entry["seconds"], "log_score": score}
        change = abs(score - reference["score"])
        differences = {
            "density": difference(densities(reference["layers"], backend), reference["density"]),
            "log_score": {"absolute": change, "relative": change / abs(reference["score"])},
        }
        return {**entry, **compared(differences, BOUNDS["mixture_density"])}

    return measure


CHECKS = {
    "subtraction": check_subtraction,
    "coaddition": check_coaddition,
    "neighbours": check_neighbours,
    "training_network": check_training_network,
    "mixture_density": check_mixture_density,
}
