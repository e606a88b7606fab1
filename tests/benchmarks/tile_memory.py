"""Measure memory and CPU time of a large tile of a survey, from images to pixel vectors.

    .venv/bin/python tests/benchmarks/tile_memory.py [--side 9000] [--objects 20000] [--bands 6]

Images with noise and Gaussian galaxies, weights and masks go through error maps, registration with
drizzle, sources and pixels. Printed are the largest memory and the CPU seconds of each job. A tile
of 9,000 x 9,000 pixels in six bands takes 14 GB of disk and 8 CPU minutes.
"""

import argparse
import csv
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/workflow"), str(ROOT / "tests")]

from astropy.io import fits
from conftest import command, prepare
from field_cost import measured
from given_sky import tilted, write_table
from redpix.image.wcs import celestial_wcs

BANDS = ("u", "g", "r", "i", "z", "y", "Y", "J")

#: arcsec per pixel, sky noise and zero point of the tile
SCALE, NOISE, ZERO_POINT = 0.2, 0.02, 27.0

#: stages of a field, and the largest memory that is asked of them, MB
STAGES, MOST = ("frames", "registration", "sources", "pixels"), 4000


def light(rng, side, number):
    """Return an image of Gaussian galaxies on whole pixels, and their rows and columns."""
    image = np.zeros((side, side), np.float32)
    y, x = rng.integers(20, side - 20, (2, number))
    flux, width = 10 ** rng.uniform(0, 1.5, number), rng.uniform(2, 4, number)
    axis = np.arange(-15, 16)
    square = axis**2 + axis[:, None] ** 2
    for row, column, total, sigma in zip(y, x, flux, width, strict=True):
        stamp = total / (2 * np.pi * sigma**2) * np.exp(-square / (2 * sigma**2))
        image[row - 15 : row + 16, column - 15 : column + 16] += stamp
    return image, y, x


def write_tile(folder, side, objects, bands):
    """Write images, weights and masks of a tile, its table and its objects."""
    rng = np.random.default_rng(1)
    sky, y, x = light(rng, side, objects)
    factor = np.float32(10 ** (0.4 * (ZERO_POINT - 22.5)))
    mask = np.zeros((side, side), np.int16)
    mask[side // 3 : side // 3 + 3] = 1
    fits.writeto(folder / "mask.fits", mask)
    weight = np.full((side, side), (NOISE * factor) ** -2, np.float32)
    fits.writeto(folder / "weight.fits", weight)
    del mask, weight
    rows = []
    for number, band in enumerate(bands):
        header = tilted((side, side), SCALE, 0, (150.0, 2.0), 1e-7)
        header["CRPIX1"] += 0.3 * number
        image = rng.standard_normal((side, side), dtype=np.float32)
        image *= np.float32(NOISE)
        image += sky
        image *= factor
        fits.writeto(folder / f"{band}.fits", image, header)
        paths = {"image": f"{band}.fits", "weight": "weight.fits", "mask": "mask.fits"}
        paths = {name: folder / path for name, path in paths.items()}
        rows.append({"field": "tile", "band": band, **paths, "zero_point": ZERO_POINT})
    write_table(folder / "frames.tsv", rows)
    ra, dec = celestial_wcs(tilted((side, side), SCALE, 0, (150.0, 2.0), 1e-7)).all_pix2world(
        x, y, 0
    )
    with open(folder / "objects.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "ra", "dec"])
        writer.writerows(zip(range(1, objects + 1), ra, dec, strict=True))


def costs_of(folder):
    """Return memory (MB) and CPU seconds of each job, as Snakemake recorded them."""
    for stage in STAGES:
        path = folder / f"results/tile/benchmarks/{stage}/tile.tsv"
        with open(path, newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        yield stage, float(row["max_rss"]), float(row["cpu_time"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=9000, help="pixels along a side")
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--bands", type=int, default=6, choices=range(2, len(BANDS) + 1))
    options = parser.parse_args()
    bands = BANDS[: options.bands]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        prepare(folder)
        write_tile(folder, options.side, options.objects, bands)
        settings = {
            "name": "tile",
            "frames": str(folder / "frames.tsv"),
            "catalogue": {"from": str(folder / "objects.csv")},
            "reference_band": "r",
            "registration": {"engine": "drizzle"},
        }
        target = "results/tile/pixels/tile.parquet"
        cost, wall, _ = measured(command("--quiet=all", target, cores=1, **settings), folder)
        size = f"{options.side} x {options.side} pixels, {len(bands)} bands"
        print(f"{size}, {options.objects} objects")
        print(f"{'all jobs':14} {cost:9.1f} CPU s, {wall:.0f} s on one core")
        for stage, memory, seconds in costs_of(folder):
            print(f"{stage:14} {seconds:9.1f} CPU s {memory:9.0f} MB (goal: under {MOST})")


if __name__ == "__main__":
    main()
