"""Cost of calibration and photometry of big images and of crowds, each step in its own process.

    .venv/bin/python tests/benchmarks/photometry_scale.py [names]

Names are among those of `IMAGES`; the default is all. A step is a door's function, file to file,
so that its peak memory is that of a job. Times are of the processor.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from astropy.io import fits
from scipy.spatial import cKDTree

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from redpix.photometry.calibration import calibrate_exposure
from redpix.photometry.measure import measure_stars
from star_field import Moffat, draw

CAMERA = ("gain", "read_noise", "saturation", "zero_point")
SETTINGS = {
    "mode": "full",
    "camera": dict.fromkeys(CAMERA),
    "flat": "maximum",
    "scale_dark": False,
    "background_mesh": 64,
    "cosmic_rays": True,
    "threshold": 5.0,
    "window": 11,
    "catalogue_band": None,
}
ROW = dict.fromkeys(
    ("dark", "flat", "mask", "exposure", "frame", "magnitude", "filter", "field", *CAMERA)
)
GAIN, READ_NOISE = 2.0, 5.0


class Crowd(NamedTuple):
    """A field of stars anywhere.

    Signal to noise is distributed as a power law from 3 to the given largest one.
    """

    shape: tuple
    stars: int
    fwhm: float
    sky: float
    slope: float = -0.6
    most: float = 3000.0
    clumps: float = 0.0  #: share of the stars that lie within 1 to 4 FWHM of another one


IMAGES = {
    "2048": Crowd((2048, 2048), 2000, 3.2, 200.0),
    "big": Crowd((6422, 9600), 29_400, 3.2, 200.0),
    "quarter": Crowd((3211, 4800), 7_350, 3.2, 200.0),
    "blends": Crowd((513, 1025), 9_000, 2.2, 800.0, clumps=0.5),
    "crowd": Crowd((1000, 1000), 15_000, 3.2, 200.0, slope=-0.8),
}


def simulated(crowd, seed=3):
    """Return the image of a crowd as 16-bit counts, and the positions and fluxes of its stars."""
    rng = np.random.default_rng([seed, crowd.stars])
    ny, nx = crowd.shape
    x, y = rng.uniform(0, nx - 1, crowd.stars), rng.uniform(0, ny - 1, crowd.stars)
    beside = int(crowd.clumps * crowd.stars)
    angle, distance = rng.uniform(0, 2 * np.pi, beside), crowd.fwhm * rng.uniform(1, 4, beside)
    x[:beside] = np.clip(x[-beside or None :][:beside] + distance * np.cos(angle), 0, nx - 1)
    y[:beside] = np.clip(y[-beside or None :][:beside] + distance * np.sin(angle), 0, ny - 1)
    profile = Moffat(crowd.fwhm)
    low, high = 3.0**crowd.slope, crowd.most**crowd.slope
    ratio = (low + rng.random(crowd.stars) * (high - low)) ** (1 / crowd.slope)
    variance = crowd.sky / GAIN + (READ_NOISE / GAIN) ** 2
    axis = np.arange(-20, 21)
    area = 1 / np.sum(profile.at(axis, axis[:, None]) ** 2)
    noise2 = ratio**2 / GAIN
    flux = noise2 / 2 + np.sqrt(noise2**2 / 4 + ratio**2 * variance * area)
    image = draw(crowd.shape, x, y, flux, profile, 0.02 * np.sqrt(variance))
    for rows in np.array_split(np.arange(ny), max(ny // 500, 1)):
        electrons = rng.poisson((image[rows] + crowd.sky) * GAIN)
        noise = rng.normal(0, READ_NOISE, electrons.shape)
        image[rows] = np.clip(np.rint((electrons + noise) / GAIN + 100), 0, 65535)
    return image.astype(np.uint16), (x, y, flux)


def write(name, folder):
    """Write the image and the truth of a crowd."""
    image, truth = simulated(IMAGES[name])
    header = fits.Header({"GAIN": GAIN, "RDNOISE": READ_NOISE})
    fits.writeto(folder / "image.fits", image, header)
    np.save(folder / "truth.npy", truth)


def step(name, folder):
    """Run a step; print its processor time and peak memory as JSON."""
    raw, calibrated = str(folder / "image.fits"), str(folder / "calibrated.fits")
    row = {**ROW, "path": raw, "image": "image"}
    start = time.process_time()
    if name == "calibration":
        calibrate_exposure(raw, calibrated, row, SETTINGS)
    else:
        files = [str(folder / part) for part in ("stars.csv", "rejected.csv", "residual.fits")]
        measure_stars(calibrated, *files, row, SETTINGS)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"s": time.process_time() - start, "GB": peak}))


def quality(folder, fwhm):
    """Return numbers of stars, and how many clean ones are true and how well they are measured."""
    stars = np.genfromtxt(folder / "stars.csv", delimiter=",", names=True)
    x, y, flux = np.load(folder / "truth.npy")
    tree = cKDTree(np.column_stack([x, y]))
    distance, nearest = tree.query(np.column_stack([stars["centroid_x"], stars["centroid_y"]]))
    clean = stars["flags"] == 0
    true = distance < 0.5 * fwhm
    pull = (stars["psf_flux"] - flux[nearest]) / stars["psf_flux_error"]
    bright = clean & true & (stars["psf_flux"] > 50 * stars["psf_flux_error"])
    change = -2.5 * np.log10(stars["psf_flux"] / flux[nearest])[bright]
    return {
        "stars": len(stars),
        "clean": int(clean.sum()),
        "true": float(true.mean()),
        "true of clean": float(true[clean].mean()),
        "offset, mag": float(np.median(change)),
        "pulls": float(1.4826 * np.median(abs(pull[clean & true]))),
    }


def main(names):
    for name in names or IMAGES:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            for part in ("write", "calibration", "photometry"):
                command = [sys.executable, __file__, "--step", part, name, str(folder)]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    print(f"{name}: {part} failed: {done.stderr.splitlines()[-1]}", flush=True)
                    break
                if part != "write":
                    cost = json.loads(done.stdout.splitlines()[-1])
                    print(f"{name}: {part} {cost['s']:.1f} s, {cost['GB']:.2f} GB", flush=True)
            else:
                found = quality(folder, IMAGES[name].fwhm)
                words = ", ".join(f"{key} {value:.4g}" for key, value in found.items())
                print(f"{name}: {words}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        part, name, folder = sys.argv[2:]
        write(name, Path(folder)) if part == "write" else step(part, Path(folder))
    else:
        main(sys.argv[1:])
