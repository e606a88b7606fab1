"""The sources of `injected_pairs.py` in the differences of sfft (PyPI), beside those of redpix.

    .venv/bin/python tests/benchmarks/sfft_pairs.py PYTHON ../shared/strangers/pairs
        [--frames RESULTS] [--sources 60]

PYTHON is that of a virtual environment in which sfft is installed. It gets the registered images
with injected sources, and convolves the sharper one. sfft makes no list of transients: its
difference is filtered with the wider PSF and divided by the noise that the variances give, scaled
to a robust standard deviation of 1. Printed are, above 7.5, the share of the sources that are found
and the share of the peaks that are sources. Masked pixels and haloes are left out for both codes.
"""

import argparse
import logging
import subprocess
import tempfile
from pathlib import Path

import injected_pairs as pairs
import numpy as np
from astropy.io import fits
from redpix.subtraction.halos_and_edges import halos
from redpix.subtraction.subtract_pair import flag_edges
from redpix.subtraction.transient_places import peaks
from scipy.signal import fftconvolve

CODE = """
import sys
from sfft.CustomizedPacket import Customized_Packet
reference, science, masked_reference, masked_science, difference, convolved, half = sys.argv[1:]
Customized_Packet.CP(
    FITS_REF=reference, FITS_SCI=science, FITS_mREF=masked_reference, FITS_mSCI=masked_science,
    FITS_DIFF=difference, ForceConv=convolved, GKerHW=int(half), KerPolyOrder=1, BGPolyOrder=1,
    ConstPhotRatio=True, BACKEND_4SUBTRACT="Numpy", NUM_CPU_THREADS_4SUBTRACT=1, VERBOSE_LEVEL=0,
)
"""


def sfft_score(python, pair, usable):
    """Return the score image of sfft's difference, NaN outside usable pixels."""
    folder = Path(tempfile.mkdtemp())
    images = {"reference": pair.reference, "science": pair.new}
    for name, image in images.items():
        whole = np.where(np.isfinite(image), image, 0).astype(np.float64)
        fits.writeto(folder / f"{name}.fits", whole)
        fits.writeto(folder / f"masked_{name}.fits", np.where(usable, whole, 0))
    sharper = "REF" if pair.psf_reference.fwhm < pair.psf_new.fwhm else "SCI"
    names = "reference", "science", "masked_reference", "masked_science", "difference"
    files = [str(folder / f"{name}.fits") for name in names]
    command = [python, "-c", CODE, *files, sharper, str(int(np.ceil(2 * pair.fwhm)))]
    subprocess.run(command, check=True, capture_output=True)
    difference = fits.getdata(files[-1]).astype(float)
    ratio = pair.comparison.ratio
    scale = 1.0 if sharper == "REF" else ratio
    variance = (pair.new_variance + pair.reference_variance / ratio**2) * scale**2
    wider = max((pair.psf_new, pair.psf_reference), key=lambda psf: psf.fwhm)
    psf = wider.at(pair.new.shape[1] // 2, pair.new.shape[0] // 2)
    filtered = fftconvolve(np.where(usable, difference, 0), psf[::-1, ::-1], "same")
    level = np.median(variance[usable])
    valid = usable & np.isfinite(variance) & (variance > 0)
    noise = np.sqrt(fftconvolve(np.where(valid, variance, level), psf**2, "same"))
    score = np.where(usable, filtered / noise, np.nan)
    return score / pairs.spread(score[np.isfinite(score)])


def counts(score, true, usable, own, fwhm):
    """Return which sources are found above the score, and the number of other peaks."""
    x, y = peaks(score, pairs.LEAST, int(np.ceil(fwhm)))
    away = np.hypot(x[None] - true.x[:, None], y[None] - true.y[:, None])
    found = away.min(axis=1, initial=np.inf) < 3
    known = np.hypot(x[:, None] - own[:, 0], y[:, None] - own[:, 1]).min(axis=1, initial=np.inf) < 4
    return found, int(np.sum((away.min(axis=0, initial=np.inf) >= 3) & ~known & usable[y, x]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", type=Path)
    parser.add_argument("--sources", type=int, default=60)
    chosen = parser.parse_args()
    logging.getLogger("redpix").setLevel(logging.ERROR)
    print("      pair   sources   redpix: found   pure   sfft: found   pure")
    for seed, (name, (pair, settings)) in enumerate(pairs.opened(chosen.folder, chosen.frames)):
        planes, itself = pairs.searched(pair, settings)
        clean = itself.flags == 0
        own = np.column_stack([itself.x, itself.y])[clean]
        mask = flag_edges(pair.mask, planes, reach=2 * pair.fwhm)
        usable = (mask == 0) & ~halos(pair.mask) & np.isfinite(planes.read("Scorr"))
        rng = np.random.default_rng([seed, 31])
        number = chosen.sources if min(pair.new.shape) > 400 else chosen.sources // 6
        changed, true = pairs.injected(rng, pair, planes, number, False)
        after, found = pairs.searched(changed, settings)
        pixels = np.rint(true.y).astype(int), np.rint(true.x).astype(int)
        strong = abs(true.flux) / abs(after.alpha[pixels] / after.Scorr[pixels]) > pairs.LEAST
        rows = (found.flags == 0) & (abs(found.scorr) > pairs.LEAST)
        nearest = pairs.matched(found, true.x, true.y, 3.0)
        ours = (nearest >= 0) & rows[nearest]
        near = np.hypot(found.x[rows, None] - own[:, 0], found.y[rows, None] - own[:, 1])
        other = ~np.isin(np.flatnonzero(rows), nearest) & (near.min(axis=1, initial=np.inf) > 4)
        theirs, peaks_of_others = counts(
            sfft_score(chosen.python, changed, usable), true, usable, own, pair.fwhm
        )
        print(
            f"{name:>10}{strong.sum():>10}{ours[strong].mean():>16.3f}"
            f"{ours.sum() / max(ours.sum() + other.sum(), 1):>7.3f}{theirs[strong].mean():>14.3f}"
            f"{theirs.sum() / max(theirs.sum() + peaks_of_others, 1):>7.3f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
