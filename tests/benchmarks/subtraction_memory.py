"""Memory and time of the subtraction of large images, from files to transients.

    .venv/bin/python tests/benchmarks/subtraction_memory.py [--sides 6000 8000] [--asked 10000]

A pair of images of one sky is made per side in pixels, and subtracted in a process of its own.
Printed are the largest memory of the process and its CPU time. From two sides or more whose planes
lie in files (`redpix.subtraction.tiles.LARGE`), memory is extrapolated to the side that is asked
for, along a straight line in the number of pixels.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("scripts", "tests", "tests/workflow", "tests/benchmarks"):
    sys.path.insert(0, str(ROOT / folder))

import numpy as np


def subtracted(science, reference, folder):
    """Subtract two images; the whole work of the process that is measured."""
    import fits_sky

    fits_sky.subtract(science, reference, Path(folder), background_mesh=256)


def measured(side):
    """Make a pair and subtract it; return gigabytes, CPU seconds and wall-clock seconds."""
    from coadd_memory import run_measured, write_exposures

    with tempfile.TemporaryDirectory() as folder:
        paths = write_exposures(Path(folder), 2, side)
        words = [sys.executable, __file__, "--subtract", *paths, folder]
        failure = f"the subtraction of {side} x {side} pixels failed"
        return run_measured(words, folder, failure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", nargs="+", type=int, default=[6000, 8000])
    parser.add_argument("--asked", type=int, default=10_000)
    parser.add_argument("--subtract", nargs=3, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.subtract:
        subtracted(*chosen.subtract)
        return
    from redpix.subtraction.tiles import LARGE

    pixels, memories = [], []
    for side in chosen.sides:
        memory, cpu, wall = measured(side)
        print(f"{side} x {side}: {memory:.2f} GB; {cpu:.0f} s of CPU, {wall:.0f} s", flush=True)
        if side**2 > LARGE:
            pixels.append(side**2)
            memories.append(memory)
    if len(memories) > 1:
        slope, start = np.polyfit(pixels, memories, 1)
        print(
            f"{chosen.asked} x {chosen.asked}: {start + slope * chosen.asked**2:.2f} GB by "
            f"{1e9 * slope:.1f} MB per megapixel"
        )


if __name__ == "__main__":
    main()
