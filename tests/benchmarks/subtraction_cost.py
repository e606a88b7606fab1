"""Cost of a proper subtraction beside the bare transforms it is made of, and beside ZiP's.

    .venv/bin/python tests/benchmarks/subtraction_cost.py [--side 1850] [--zogyp FOLDER] [--times 3]
        [--arrays torch]

The core (D, S, Scorr, alpha) and its transforms run in one process, one after the other, with one
thread and with two; the best of some times. With --arrays it also runs on a graphics card, from
arrays of the host and back to it, and how far its scores are from those in double precision is
printed.

With the folder of a virtual environment in which zogyp is installed, its own command `ZOGY` with
its own settings and all that redpix does with the same two files (reading, SExtractor, PSFEx, the
flux ratio of stars, backgrounds, the core, writing) run in turn, each as a process of its own, on
the pair of images inside zogyp; neither registers. Linear algebra has one thread in both, unless
OMP_NUM_THREADS is set. Printed are CPU seconds (of all processes), wall-clock seconds and the
largest memory of a process.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import numpy as np
from redpix.core.backend import arrays
from redpix.image.fourier import transforms
from redpix.psf.moffat import moffat_stamp
from redpix.subtraction.epoch import Epoch
from redpix.subtraction.zogy import subtract
from scipy import fft

#: forward: two images, variances, PSFs and four squared kernels; back: D, its variance, P_D, four
#: kernels that are squared, S_N, S_R, V(S_N), V(S_R). The code does without one: that of P_D
FORWARD, BACK = 10, 11

RESOURCES = ROOT / "resources"


def bare(image, plan):
    """The transforms of a subtraction, and nothing else."""
    for _ in range(FORWARD):
        transform = plan.forward(image)
    for _ in range(BACK):
        fft.irfft2(transform, plan.padded, workers=plan.workers)


def best(call, times):
    """Least wall-clock time of some calls, seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def core(side, times, kind):
    """Print the cost of the core on a square image beside its transforms, and on a card."""
    rng = np.random.default_rng(1)
    image, other = rng.standard_normal((2, side, side), dtype=np.float32)
    variance = np.ones((side, side), np.float32)
    new = Epoch(
        image, moffat_stamp(3.6, 41, integrated=False), 1.0, 1.0, variance, (0.03, 0.03), 0.005
    )
    reference = Epoch(
        other, moffat_stamp(3.2, 41, integrated=False), 1.0, 1.0, variance, (0.03, 0.03), 0.005
    )
    for workers in (1, 2):
        plan = transforms((side, side), 21, np.float32, workers)
        transform = best(lambda: bare(image, plan), times)  # noqa: B023
        whole = best(lambda: subtract(new, reference, workers=workers), times)  # noqa: B023
        print(
            f"{side} x {side}, {workers} threads: {FORWARD + BACK} transforms {transform:.2f} s, "
            f"subtraction {whole:.2f} s, {whole / transform:.2f} times"
        )
    if kind:
        card = arrays(kind)
        on_card = best(lambda: subtract(new, reference, arrays=card), times)
        double = subtract(new, reference, dtype=np.float64).Scorr
        away = abs(subtract(new, reference, arrays=card).Scorr - double)
        print(
            f"{kind} on {card.device or 'its card'}: subtraction {on_card:.2f} s, "
            f"{whole / on_card:.1f} times as fast as with 2 threads; Scorr against float64: "
            f"median {np.median(away):.1e}, largest {away.max():.1e}"
        )


def whole(new_path, reference_path, output):
    """All of a subtraction of two files that lie on the same pixels, with two threads."""
    from redpix.astrometry.align_pair import sources_of, star_programs
    from redpix.astrometry.exposures import read_exposures
    from redpix.astrometry.star_comparison import ComparedImages, compare_fluxes
    from redpix.core.parallel import side_by_side
    from redpix.image.background import matched_background
    from redpix.psf.psf_choice import fit_psf
    from redpix.subtraction.difference_files import write_difference
    from redpix.subtraction.pair import PairDifference
    from redpix.subtraction.tiles import subtract_tiles

    names = (new_path, reference_path)
    files = [[path] for path in names]
    new, old = read_exposures(files, "x", {"background_mesh": 128}, names, threads=2)
    settings = {"config": "sources.sex", "parameters": "stars.param", "filter": "sources.conv"}
    programs = {key: RESOURCES / "sextractor" / name for key, name in settings.items()}
    programs["psfex"] = RESOURCES / "psfex/stars.psfex"
    with star_programs(**programs) as copied:

        def psf_of(exposure, name):
            stars = sources_of(exposure, name, copied)
            return fit_psf(stars, copied.psfex, exposure.path)

        made = side_by_side([partial(psf_of, new, "new"), partial(psf_of, old, "reference")], 2)
        (psf_new, positions), (psf_reference, _) = made
    psfs = psf_new.at, psf_reference.at
    images = ComparedImages(new.image, old.image, new.variance, old.variance, *psfs)
    ratio, scatter = compare_fluxes(images, positions, positions, new_path)[:2]
    middle = [(length - 1) / 2 for length in new.image.shape[::-1]]
    stamps = (psf(*middle) for psf in psfs)
    new.image -= matched_background(new.image, old.image, ratio, *stamps, 128).plane
    planes = subtract_tiles(
        Epoch(new.image, None, variance=new.variance, calibration=scatter / np.sqrt(2)),
        Epoch(old.image, None, None, ratio, old.variance, calibration=scatter / np.sqrt(2)),
        *psfs,
        workers=2,
    )
    difference = PairDifference(planes, new.mask, None, [], new.image, old.image)
    write_difference(output, difference, (new, old))


def measured(words, folder):
    """Run a command; returns its CPU seconds, wall seconds and largest memory in GB."""
    started = time.perf_counter()
    with open(folder / "words.txt", "w") as said:
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={"OMP_NUM_THREADS": "1"}
            | os.environ
            | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{words[0]} failed: {(folder / 'words.txt').read_text()[-2000:]}")
    wall = time.perf_counter() - started
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024**2


def beside_zogyp(environment, times):
    """Print the cost of the whole beside that of zogyp's command, in turn."""
    environment = environment.resolve()
    found = sorted(environment.glob("lib/python*/site-packages/zogyp/test/1.fits"))
    command = environment / "bin/ZOGY"
    if not found or not command.exists():
        print(f"zogyp: absent from {environment}, not compared")
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for path in (found[0], found[0].with_name("2.fits")):
            shutil.copy(path, folder)
        # it knows SExtractor by two of its names only
        (folder / "bin").mkdir()
        from redpix.core.programs import find_tool

        for name in ("sex", "sextractor"):
            (folder / "bin" / name).symlink_to(find_tool("sextractor"))
        ours = [sys.executable, Path(__file__).resolve(), "--whole", "1.fits", "2.fits", "out.fits"]
        costs = {"zogyp": [], "redpix": []}
        for _ in range(times):
            costs["zogyp"].append(measured([command, "1.fits", "2.fits"], folder))
            if not (folder / "Zoutput/ZOGY_sub_Scorr1.fits").exists():
                sys.exit(f"zogyp made nothing: {(folder / 'words.txt').read_text()[-2000:]}")
            shutil.rmtree(folder / "Zoutput")
            costs["redpix"].append(measured(ours, folder))
    least = {name: np.min(rows, axis=0) for name, rows in costs.items()}
    memory = {name: np.max(rows, axis=0)[2] for name, rows in costs.items()}
    for name, (cpu, wall, _) in least.items():
        print(f"{name}: {cpu:.1f} s of CPU, {wall:.1f} s, {memory[name]:.2f} GB")
    cpu, wall, _ = least["zogyp"] / least["redpix"]
    print(f"redpix is {cpu:.1f} times faster in CPU, {wall:.1f} in wall-clock time")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--side", type=int, default=1850, help="of the core's images, pixels")
    parser.add_argument("--zogyp", type=Path, help="virtual environment that holds zogyp")
    parser.add_argument("--arrays", choices=("torch", "cupy"), help="also on a graphics card")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--whole", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.whole:
        whole(*arguments.whole)
    else:
        core(arguments.side, arguments.times, arguments.arrays)
        if arguments.zogyp:
            beside_zogyp(arguments.zogyp, arguments.times)
