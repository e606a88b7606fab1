"""Redshifts at scale: the search for neighbours beside scikit-learn's, and millions of pixels.

    .venv/bin/python tests/benchmarks/photoz_scale.py [neighbours] [pixels] [--pixels 10000000]

Searches are timed in CPU seconds of one thread. Pixels are read from parquet files, predicted and
combined as scripts/photoz.py does it, on two cores; the peak memory printed is that of a process
of its own for each number of pixels.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "scripts"), str(HERE.parent)]

import numpy as np
import pyarrow
import pyarrow.parquet
from redpix.photoz import pdf
from redpix.photoz.attributes import Attributes, Scaler
from redpix.photoz.estimates import Estimates, Objects
from redpix.photoz.evaluate import PixelScores
from redpix.photoz.files import pixel_reader
from redpix.photoz.learners.base import Training
from redpix.photoz.learners.knn import KNN
from redpix.photoz.learners.neighbour_index import recall
from redpix.photoz.learners.neighbours import Neighbours
from redpix.photoz.pixel_stream import Pixels, columns, sum_by_object
from redpix.sdss.magnitudes import asinh_magnitude, asinh_magnitude_error
from sklearn.neighbors import NearestNeighbors

BANDS = ("u", "g", "r", "i", "z")
GRID = pdf.make_grid(0.0, 1.0, 0.005)

#: training vectors, neighbours, queries of ours and of the tree
VECTORS, K, QUERIES, SLOW_QUERIES = 1_000_000, 100, 20_000, 3000

#: rows of a parquet file of pixels, objects in it
ROWS, OBJECTS = 500_000, 500


def galaxies(count, generator):
    """Redshifts and magnitudes (count, 5): a red and a blue sort that fade and redden with z."""
    redshift = generator.gamma(4, 0.05, count)
    blue = generator.uniform(0, 1, (count, 1))
    slopes = np.array([2.2, 1.0, 0.0, -0.3, -0.6])
    tilt = np.array([1.0, 0.45, 0.0, -0.25, -0.5])
    r = 17 + 3 * np.log10(1 + 20 * redshift[:, None]) + generator.normal(0, 0.8, (count, 1))
    return redshift, r + slopes * (0.4 + 2 * redshift[:, None]) * (1 - 0.6 * blue) + 0.3 * tilt


def flux_of(magnitudes, generator):
    """Noisy fluxes and their errors, nanomaggies, of pixels of these magnitudes."""
    flux = 10 ** (-0.4 * (magnitudes - 22.5))
    error = np.sqrt(np.array([0.06, 0.03, 0.04, 0.06, 0.2]) ** 2 + 0.003 * flux)
    return flux + error * generator.normal(size=flux.shape), error


def ten_attributes(count, generator):
    """Vectors of magnitudes, colours and distance, and of magnitudes and their errors; truth."""
    redshift, magnitudes = galaxies(count, generator)
    flux, error = flux_of(magnitudes + generator.uniform(2, 6, (count, 1)), generator)
    bands = Attributes(("magnitudes", "colours", "distance"), BANDS)
    magnitudes = [asinh(flux, error, number) for number in range(5)]
    magnitude, width = (np.stack(part, axis=1) for part in zip(*magnitudes, strict=True))
    colours = bands.vectors(magnitude, generator.uniform(0, 1, count))
    return {
        "magnitudes, colours, distance": colours,
        # skies differ in brightness from field to field and band to band
        "magnitudes, logarithms of errors": np.hstack(
            [magnitude, np.log(width) + generator.normal(0, 0.1, width.shape)]
        ).astype("f4"),
    }, redshift


def asinh(flux, error, number):
    """asinh magnitudes of a band and their errors."""
    band = BANDS[number]
    return (
        asinh_magnitude(flux[:, number], band),
        asinh_magnitude_error(flux[:, number], error[:, number], band),
    )


def compare_searches():
    """CPU seconds of both searches for the same neighbours, side by side."""
    sets, redshift = ten_attributes(VECTORS + QUERIES, np.random.default_rng(1))
    for name, vectors in sets.items():
        known, queries = vectors[:VECTORS], vectors[VECTORS:]
        label, group = np.zeros(VECTORS, int), np.arange(VECTORS)
        start = time.process_time()
        ours = Neighbours(Training(known, redshift[:VECTORS], label, group), K)
        built = time.process_time()
        found = ours.find(queries, 1).index
        cost = (time.process_time() - built) / QUERIES
        scaler = Scaler.fit(known)
        first = time.process_time()
        tree = NearestNeighbors(n_neighbors=K, algorithm="kd_tree").fit(scaler.transform(known))
        grown = time.process_time()
        truth = tree.kneighbors(scaler.transform(queries[:SLOW_QUERIES]), return_distance=False)
        slow = (time.process_time() - grown) / SLOW_QUERIES
        costs = {
            "kd_tree of scikit-learn": (slow, grown - first),
            "redpix": (cost, built - start),
        }
        print(f"{VECTORS} vectors of {vectors.shape[1]} attributes ({name}), k = {K}")
        for who, (search, build) in costs.items():
            print(f"  {who}: {1e5 * search:.1f} CPU s for 100,000 queries, {build:.1f} to build")
        share = recall(found[:SLOW_QUERIES], truth)
        print(f"  recall of {SLOW_QUERIES} queries: {share:.5f} (goal: .999)")
        print(f"  {ours.index.about()}")
        print(f"  {slow / cost:.1f} times as fast (goal: 5)", flush=True)


def write_pixels(path, redshift, magnitudes, generator):
    """A parquet file of pixels of some objects; the object's id is its row."""
    own = np.sort(generator.integers(0, OBJECTS, ROWS))
    flux, error = flux_of(magnitudes[own] + generator.uniform(3, 7, (ROWS, 1)), generator)
    table = {"object_id": own, "distance": generator.uniform(0, 1, ROWS).astype("f4")}
    for number, band in enumerate(BANDS):
        table[f"flux_{band}"] = flux[:, number].astype("f4")
        table[f"error_{band}"] = error[:, number].astype("f4")
        table[f"mag_{band}"] = asinh(flux, error, number)[0].astype("f4")
    pyarrow.parquet.write_table(pyarrow.table(table), path)


def predict_pixels(count):
    """Predict a number of pixels as the stage does; print time and memory."""
    generator = np.random.default_rng(2)
    redshift, magnitudes = galaxies(OBJECTS, generator)
    attributes = Attributes(("magnitudes", "colours"), BANDS)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "pixels.parquet")
        write_pixels(path, redshift, magnitudes, generator)
        read = pixel_reader([path] * (count // ROWS), columns(attributes))
        pixels = Pixels(read, np.arange(OBJECTS), attributes)
        totals = sum_by_object(pixels, OBJECTS)
        known, magnitude = galaxies(300_000, generator)
        flux, error = flux_of(magnitude + generator.uniform(3, 7, (len(known), 1)), generator)
        vectors = attributes.of_fluxes(flux, error)
        training = Training(vectors, known, np.zeros(len(known), int), np.arange(len(known)))
        learners = {
            "pixels": KNN.fit(training, GRID, k=100, mode="linear"),
            "apertures": KNN.fit(training.take(slice(5000)), GRID, k=100, mode="linear"),
        }
        objects = Objects(redshift, np.zeros(OBJECTS, int))
        scores = PixelScores(objects, np.full(OBJECTS, "test"), GRID)
        estimates = Estimates(totals, attributes, GRID)
        start, cpu = time.perf_counter(), time.process_time()
        estimates.add(pixels, np.ones(OBJECTS, bool), learners, 2, scores)
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count} pixels: {wall:.0f} s on two cores, {cpu:.0f} CPU s, "
        f"{1e6 * cpu / count:.0f} CPU microseconds a pixel; peak memory {peak:.0f} MB "
        f"(goal: the same for any number)"
    )
    print(f"  {learners['pixels'].insight(attributes.names)['index']}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["neighbours", "pixels"])
    parser.add_argument("--pixels", type=int, default=10_000_000)
    parser.add_argument("--alone", action="store_true", help="this number of pixels and no other")
    asked = parser.parse_args()
    if "neighbours" in asked.parts:
        compare_searches()
    if "pixels" in asked.parts and asked.alone:
        predict_pixels(asked.pixels)
    elif "pixels" in asked.parts:
        for count in (asked.pixels // 10, asked.pixels):
            command = [sys.executable, __file__, "pixels", "--alone", f"--pixels={count}"]
            subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
