"""Time and memory of simulated galaxies: stamps in many bands, and whole frames.

    .venv/bin/python tests/benchmarks/training_cost.py

Stamps are made as `snakemake training_images` makes them, by two processes, and beside them some by
GalSim one image at a time. Frames are drawn as the demo draws them, and with sources injected, two
bands at a time. On a busy machine the processors' time says more than the clock's.
"""

import json
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from redpix.psf import moffat

ROOT = Path(__file__).resolve().parents[2]
for folder in ("scripts", "tests"):
    sys.path.insert(0, str(ROOT / folder))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import yaml
from redpix.config.schema import validated
from redpix.demo import fields, scene
from redpix.demo import population as demo_population
from redpix.demo.camera import band_wcs
from redpix.injection import inject
from redpix.psf.psf_model import PsfModel
from redpix.simulation import make_training_images, rendering, seds, stamps

BANDS = ["u", "g", "r", "i", "z", "bessell-U", "bessell-B", "bessell-V", "bessell-R"]
CAMERA = {"seeing": [1.3] * 9, "noise": [0.03] * 9, "electron": [0.001] * 9}


def measured(label, work):
    """Run `work`, print its seconds by clock and by processors; return the latter."""
    before, clock = os.times(), time.perf_counter()
    work()
    after = os.times()
    processors = sum(after[:4]) - sum(before[:4])
    print(f"{label:52} {time.perf_counter() - clock:7.2f} s, {processors:7.2f} CPU-s", flush=True)
    return processors


def make_stamps(folder, **changes):
    """1000 galaxies in nine bands, 60 x 60 pixels, inputs and targets."""
    with open(ROOT / "workflow/schemas/config.schema.yaml", encoding="utf-8") as file:
        schema = yaml.safe_load(file)
    section = {"number": 1000, "bands": BANDS, "spectra": ["CWW_E", "CWW_Im"], **CAMERA, **changes}
    full = validated({"name": "x", "source": "demo", "training_images": section}, schema)
    names = ("inputs.npy", "targets.npy", "z_in.npy", "z_out.npy", "truth.csv", "settings.json")
    output = {name.split(".")[0]: Path(folder) / name for name in names}
    make_training_images.make_training_images(
        **output, options=full["training_images"], seed=1, threads=2
    )


def one_at_a_time(number):
    """Inputs and targets of some galaxies, every band by a call of GalSim."""
    jacobian = rendering.jacobian(np.array([[-0.396, 0], [0, 0.396]]) / 3600)
    blur = rendering.psf_profile(stamps.moffat_psfs([1.3])[0])
    for k in range(number):
        for size in (1.0, 0.5):
            galaxy = rendering.Galaxy(0.3 * size, 0.6 * size, 2.0, 0.7, 7.0 * k)
            for _ in BANDS:
                profile = rendering.convolved(rendering.galaxy_profile(galaxy, 1.0, 2.0), blur)
                rendering.draw(profile, (60, 60), jacobian, 29.5, 29.5)


def population():
    """1000 galaxies on a field of the demo."""
    rng = np.random.default_rng(1)
    table = demo_population.draw_galaxies(rng, 1000, seds.build_grid(demo_population.BANDS))
    wcs = band_wcs(fields.FIELDS[0], "r")
    place = rng.uniform(0, (fields.SHAPE[1] - 1, fields.SHAPE[0] - 1), (1000, 2))
    table["ra"], table["dec"] = wcs.all_pix2world(*place.T, 0)
    return table.assign(kind="galaxy", epoch=0)


def draw_frame(table, band):
    """A band of the field as the demo draws it."""
    return scene.render(table, fields.FIELDS[0], band).sum()


def inject_frame(table, band):
    """The same galaxies with a PSF that is an image, as injection draws them."""
    psf = PsfModel(moffat.moffat_stamp(3.3, 41)[None], 0, (0.0, 0.0), (1.0, 1.0), 3.3, 0)
    wcs = band_wcs(fields.FIELDS[0], band)
    return inject.expected_light(table, band, psf, wcs, fields.SHAPE).sum()


def in_two_processes(draw, table):
    """All bands of a field, two at a time."""
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        list(pool.map(draw, [table] * 5, "ugriz"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        ours = measured("1000 galaxies x 9 bands, physical", lambda: make_stamps(folder))
        peak = max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        measured("1000 galaxies x 9 bands, simple", lambda: make_stamps(folder, recipe="simple"))
        facts = json.loads((Path(folder) / "settings.json").read_text())
        assert facts["recipe"] == "simple"
    single = 20 * measured("50 of them by GalSim, one image at a time", lambda: one_at_a_time(50))
    print(f"{'CPU of the physical recipe over that for all':52} {ours / single:7.2f}")
    print(f"{'memory of the largest process':52} {peak / 1024:7.0f} MB")
    table = population()
    measured(
        "1000 galaxies x 5 bands, frames of the demo", lambda: in_two_processes(draw_frame, table)
    )
    measured("1000 galaxies x 5 bands, injected", lambda: in_two_processes(inject_frame, table))


if __name__ == "__main__":
    main()
