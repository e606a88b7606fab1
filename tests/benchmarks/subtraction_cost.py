"""Cost of a proper subtraction beside that of the bare transforms it is made of.

    python tests/benchmarks/subtraction_cost.py [side]

Both run in one process, one after the other, with one thread and with two; the best of three.
"""

import sys
import time
from pathlib import Path

import numpy as np
from scipy import fft

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from redpix.psf import moffat
from redpix.subtraction import Epoch, subtract, transforms

#: forward: two images, variances, PSFs and four squared kernels; back: D, its variance, P_D, two
#: kernels squared for it, S_N, S_R, k_n, k_r, V(S_N), V(S_R)
FORWARD, BACK = 10, 11


def bare(image, plan):
    """The transforms of a subtraction, and nothing else."""
    for _ in range(FORWARD):
        transform = plan.forward(image)
    for _ in range(BACK):
        fft.irfft2(transform, plan.padded, workers=plan.workers)


def best(call, times=3):
    """Least wall-clock time of some calls, seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main(side):
    rng = np.random.default_rng(1)
    image, other = rng.standard_normal((2, side, side), dtype=np.float32)
    variance = np.ones((side, side), np.float32)
    new = Epoch(image, moffat(3.6, 41), 1.0, 1.0, variance, (0.03, 0.03), 0.005)
    reference = Epoch(other, moffat(3.2, 41), 1.0, 1.0, variance, (0.03, 0.03), 0.005)
    for workers in (1, 2):
        plan = transforms((side, side), 21, np.float32, workers)
        transform = best(lambda: bare(image, plan))  # noqa: B023
        whole = best(lambda: subtract(new, reference, workers=workers))  # noqa: B023
        print(
            f"{side} x {side}, {workers} threads: {FORWARD + BACK} transforms {transform:.2f} s, "
            f"subtraction {whole:.2f} s, {whole / transform:.2f} times"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1850)
