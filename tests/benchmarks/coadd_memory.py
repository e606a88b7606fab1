"""Memory and time of a coadd of many exposures.

    .venv/bin/python tests/benchmarks/coadd_memory.py [--runs 25x2000 100x1000] [--mapped]

Each run coadds a number of dithered exposures of a side in pixels, in a process of its own. Printed
are the largest memory of the process and its growth per megapixel and exposure beyond a coadd of
three exposures of the same side, and the times. The planes of stacks above
`redpix.image.mapped_image.LARGE_STACK` lie in files. With --mapped those of any stack do, so that
the growth of a small run is that of a large stack.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for folder in ("scripts", "tests", "tests/workflow"):
    sys.path.insert(0, str(ROOT / folder))

import numpy as np

#: stars per megapixel, and largest dither along an axis, pixels
DENSITY, DITHER = 400, 6.0


def write_exposures(folder, number, side):
    """Write exposures of one sky; return their paths."""
    import fits_sky
    from subtraction_sky import light

    fits_sky.SHAPE = (side, side)
    rng = np.random.default_rng([number, side])
    stars = int(DENSITY * side**2 / 1e6)
    x, y = rng.uniform(0, side, (2, stars))
    flux = 10 ** rng.uniform(3.2, 4.7, stars)
    blocks = np.zeros((side, side), np.float32)
    for place in zip(x, y, flux, strict=True):
        row, column = int(place[1]), int(place[0])
        low, left = max(0, row - 10), max(0, column - 10)
        near = blocks[low : row + 11, left : column + 11]
        near += light(near.shape, [place[0] - left], [place[1] - low], [place[2]], 1.6)
    paths = []
    for count in range(number):
        shift = np.round(rng.uniform(-DITHER, DITHER, 2)).astype(int)
        sky = np.roll(blocks, -shift[::-1], (0, 1)) + fits_sky.SKY
        noise = np.sqrt(sky / fits_sky.GAIN + (fits_sky.READ_NOISE / fits_sky.GAIN) ** 2)
        image = sky + noise * rng.standard_normal(sky.shape, dtype=np.float32)
        cards = {"GAIN": fits_sky.GAIN, "RDNOISE": fits_sky.READ_NOISE}
        path = folder / f"{count}.fits"
        paths.append(fits_sky.write(path, image, tuple(map(float, shift)), **cards))
    return paths


def coadded(paths, output, mapped):
    """Coadd exposures; the whole work of the process that is measured."""
    import fits_sky
    from redpix.image import mapped_image

    if mapped:
        mapped_image.LARGE_STACK = 0
    fits_sky.coadd(paths, Path(output))


def run_measured(words, folder, failure):
    """Run a command; return gigabytes, CPU seconds and wall-clock seconds; exit if it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, cwd=folder)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(failure)
    wall = time.perf_counter() - start
    return usage.ru_maxrss / 1024**2, usage.ru_utime + usage.ru_stime, wall


def measured(paths, folder, mapped=False):
    """Coadd in a process of its own; return gigabytes, CPU seconds and wall-clock seconds."""
    words = [sys.executable, __file__, "--coadd", str(folder / "coadd.fits"), *paths]
    words += ["--mapped"] if mapped else []
    return run_measured(words, folder, f"the coadd of {len(paths)} exposures failed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", nargs="+", default=["25x2000", "100x1000"])
    parser.add_argument("--mapped", action="store_true", help="planes of any stack lie in files")
    parser.add_argument("--coadd", nargs="+", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.coadd:
        coadded(chosen.coadd[1:], chosen.coadd[0], chosen.mapped)
        return
    for run in chosen.runs:
        number, side = map(int, run.split("x"))
        with tempfile.TemporaryDirectory() as name:
            paths = write_exposures(Path(name), number, side)
            few, cpu_few, _ = measured(paths[:3], Path(name), chosen.mapped)
            memory, cpu, wall = measured(paths, Path(name), chosen.mapped)
        pixels = side**2 / 1e6
        growth = 1000 * (memory - few) / (number - 3) / pixels
        each = (cpu - cpu_few) / (number - 3) / pixels
        print(
            f"{number} exposures of {side} x {side}: {memory:.2f} GB ({few:.2f} GB of three), "
            f"{1000 * memory / number / pixels:.1f} MB per megapixel and exposure, growth "
            f"{growth:.2f} MB; {cpu:.0f} s of CPU, {wall:.0f} s, {each:.2f} s of CPU per "
            "megapixel and exposure"
        )


if __name__ == "__main__":
    main()
