"""Photometry of simulated fields beside that of other programs, and the limit that photons set.

    .venv/bin/python tests/benchmarks/photometry_cost.py [seeds] [side] [stars]

Each field has Moffat stars (FWHM 3.2 px) anywhere, their signal to noise from 3 to 3000. Programs
get the same image, one after the other in one process; times are of the processor, sky included.

The bound is that of Cramer and Rao for flux, x and y of all true stars together, PSF and sky known
(`cramer_rao` of tests/star_bound.py). Scatter over it is the root mean square of measured less true
over the bound, of stars of S/N > 10 that are no close blends, without those more than 5 bounds off,
whose share is printed. It is a sample's: its own error is printed below the table, and a value
below 1 by more than twice that would mean an error in the bound.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.nddata import NDData
from astropy.table import Table
from scipy.spatial import cKDTree

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from redpix.photometry import ccd, crowded
from redpix.photometry.quality import aperture_correction, assess
from star_bound import cramer_rao, scores
from star_field import Moffat, simulate

#: least signal to noise of a star in redpix, and of a peak of the filtered image in photutils
THRESHOLD = 4.5


def ours(field):
    """redpix: x, y, flux, error."""
    mask = np.zeros(field.image.shape, np.int16)
    sky = ccd.background(field.image, mask, 64)
    gain = np.full(field.image.shape, field.gain)
    error = np.full(field.image.shape, np.sqrt(field.sky_variance))
    made = crowded.measure(field.image - sky.level, error, gain, mask, THRESHOLD, 64)
    quality = assess(made, mask, 11)
    factor = aperture_correction(made.stars, quality, made.errors)[0]
    return made.stars.x, made.stars.y, made.stars.flux * factor, made.errors.flux * factor


def photutils(field):
    """photutils: DAOStarFinder, an ePSF of the brightest lonely stars, PSFPhotometry of groups.

    The filter's default radius, 1.5 sigma, cuts off half of a star's signal to noise; with 3 sigma
    the same threshold finds two in three of the stars of S/N 5-10, where it would find one in
    fifteen, with 1 % false. Stars may be 3 px apart, where the default is 2.5 FWHM. A second
    pass (IterativePSFPhotometry) would find the close blends, but also a false star for every two
    true ones in what the ePSF leaves of the bright, in six times the time.
    """
    from photutils.background import Background2D
    from photutils.detection import DAOStarFinder
    from photutils.psf import EPSFBuilder, PSFPhotometry, SourceGrouper, extract_stars

    image = field.image - Background2D(field.image, 64, filter_size=3).background
    noise = np.sqrt(field.sky_variance)
    finder = DAOStarFinder(
        *(THRESHOLD * noise, 3.6),
        **{"sigma_radius": 3.0, "min_separation": 3.0},
        **{"sharpness_range": None, "roundness_range": (-2, 2)},
    )
    found = finder(image)
    found.sort("flux", reverse=True)
    places = np.column_stack([found["x_centroid"], found["y_centroid"]])
    alone = cKDTree(places).query(places, k=2)[0][:, 1] > 25
    inside = (places.min(axis=1) > 22) & (places.max(axis=1) < field.image.shape[0] - 23)
    x, y = places[alone & inside][:100].T
    cut = extract_stars(NDData(image), Table({"x": x, "y": y}), size=41)
    epsf = EPSFBuilder(oversampling=2, maxiters=5, progress_bar=False)(cut)[0]
    measure = PSFPhotometry(
        epsf, (9, 9), finder=finder, grouper=SourceGrouper(6), aperture_radius=4
    )
    table = measure(image, error=np.sqrt(field.sky_variance + np.maximum(image, 0) / field.gain))
    table = table[(table["flux_fit"] > 0) & np.isfinite(table["flux_err"])]
    return tuple(np.array(table[name]) for name in ("x_fit", "y_fit", "flux_fit", "flux_err"))


def astromatic(field):
    """SExtractor, PSFEx, SExtractor with FLUX_PSF; an aperture of 30 pixels as the flux."""
    resources = ROOT / "resources"
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        fits.PrimaryHDU(field.image.astype(np.float32)).writeto(folder / "image.fits")
        for name in ("sextractor/sources.sex", "sextractor/sources.conv", "sextractor/stars.param"):
            shutil.copy(resources / name, folder)
        shutil.copy(resources / "psfex/stars.psfex", folder)
        (folder / "psf.param").write_text("XPSF_IMAGE\nYPSF_IMAGE\nFLUX_PSF\nFLUXERR_PSF\n")
        common = "image.fits -c sources.sex -FILTER_NAME sources.conv -BACK_TYPE AUTO"
        common += f" -GAIN {field.gain}"
        common += " -DETECT_THRESH 1.5 -ANALYSIS_THRESH 1.5 -DETECT_MINAREA 3"
        # the settings name these columns for runs with objects and flags; here both are absent
        common += " -PHOT_APERTURES 30"
        program = shutil.which("source-extractor") or shutil.which("sex")
        for line in (
            f"{program} {common} -PARAMETERS_NAME {bare(folder)} -CATALOG_NAME stars.cat "
            "-CATALOG_TYPE FITS_LDAC",
            "psfex stars.cat -c stars.psfex -PSFVAR_DEGREES 0",
            f"{program} {common} -PARAMETERS_NAME psf.param -CATALOG_NAME out.fits "
            "-PSF_NAME stars.psf",
        ):
            subprocess.run(line.split(), cwd=folder, check=True, capture_output=True)
        table = fits.getdata(folder / "out.fits")
    x, y = (np.asarray(table[f"{axis}PSF_IMAGE"], float) - 1 for axis in "XY")
    flux, error = (np.asarray(table[name], float) for name in ("FLUX_PSF", "FLUXERR_PSF"))
    good = (flux > 0) & np.isfinite(x + y)
    return x[good], y[good], flux[good], error[good]


def bare(folder):
    """The stars' parameters without those that want a map of flags."""
    lines = (folder / "stars.param").read_text().splitlines()
    (folder / "bare.param").write_text("\n".join(line for line in lines if "IMAFLAGS" not in line))
    return "bare.param"


def processor():
    """Processor time of this process and of those it has started, seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main(seeds=3, side=2048, stars=2000):
    warnings.simplefilter("ignore")
    programs = {"redpix": ours, "photutils": photutils, "SExtractor + PSFEx": astromatic}
    table = {name: [] for name in programs}
    profile = Moffat()
    for seed in range(1, seeds + 1):
        field = simulate(seed, side, stars, profile)
        bound = cramer_rao(field, profile)
        for name, program in programs.items():
            start = processor()
            try:
                found = program(field)
            except Exception as error:  # noqa: BLE001, a peer that fails is a line of the table
                print(f"seed {seed}: {name} failed: {error!r}")
                continue
            taken = processor() - start
            table[name].append({"s": taken, **scores(field, bound, *found)})
            print(f"seed {seed} of {seeds}: {name}, {taken:.1f} s", flush=True)
    names = list(table["redpix"][0])
    print(f"\n{side} x {side}, {stars} stars, mean of {seeds} fields")
    print(f"{'':26s}" + "".join(f"{name:>20s}" for name in programs))
    for name in names:
        cells = [
            f"{np.nanmean([row[name] for row in rows]):20.4f}" if rows else f"{'-':>20s}"
            for rows in table.values()
        ]
        print(f"{name:26s}" + "".join(cells))
    # places are two numbers a star
    number = sum(row["stars of the scatter"] for row in table["redpix"])
    print(
        f"errors of the ratios, by the number of stars: flux +- {(2 * number) ** -0.5:.3f}, "
        f"centroid +- {(4 * number) ** -0.5:.3f}"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
