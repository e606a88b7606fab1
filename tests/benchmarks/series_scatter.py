"""Scatter of the stars of a real series of exposures, and what it is made of.

    .venv/bin/python tests/benchmarks/series_scatter.py [folder of FITS files]

The exposures are measured twice: as they are, and with the same stars, widths, shifts, sky and
noise simulated with photons and read noise alone. The difference of the two is of the air and of
the pixels. The residuals of the real stars are then fitted by what a fault of the measurement would
follow. A positive share of held-out variance would mean such a fault. It takes 80 processor
seconds.
"""

import logging
import sys
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from redpix.photometry.calibration import calibrate_exposure
from redpix.photometry.measure import measure_or_leave_out
from redpix.photometry.measured_exposure import MeasuredExposure, forced
from redpix.photometry.quality import FLAGS
from redpix.photometry.reference_exposure import matched_exposures
from redpix.photometry.scintillation import scintillation
from star_field import Moffat, draw

#: electrons per count, bias level and noise of the sky, from sky and noise of the six exposures
GAIN, BIAS, NOISE = 40.0, 315.0, 1.2

#: telescope in metres, altitude in metres, exposure time in seconds, airmass
TELESCOPE = (0.15, 60.0, 1.1, 1270.0)

#: upper limit of the scatter that the pixels of an unflattened detector make, of light
PIXELS = 1.6e-3

#: radius of the circles, pixels, and fluxes of the stars, counts
RADIUS, FLUXES = 3.5, (4000, 16000)

#: 1 as the median of a standard deviation of six exposures, and magnitudes per relative flux
MEDIAN_OF_SIX, MILLIMAGNITUDES = 0.933, 1085.7

SPOILT = sum(FLAGS[name] for name in ("SATURATED", "MASKED", "EDGE", "BLENDED"))
CAMERA = {"camera": dict.fromkeys(("gain", "read_noise", "saturation", "zero_point"))}
CALIBRATION = CAMERA | {"flat": "median", "scale_dark": False, "background_mesh": 64}
CALIBRATION["cosmic_rays"] = True
PHOTOMETRY = {"mode": "full", "threshold": 5.0, "background_mesh": 64, "window": 11}


def measured(path, folder):
    """Calibrate and measure an image; return it as an exposure of a series."""
    name = Path(path).name.split(".")[0]
    empty = dict.fromkeys(("dark", "flat", "mask", "exposure", "gain", "read_noise", "saturation"))
    row = {"image": name, "path": str(path), "magnitude": None, "frame": None, **empty}
    ends = ("calibrated.fits", "csv", "rejected.csv", "residual.fits")
    made = [str(folder / f"{name}.{end}") for end in ends]
    calibrate_exposure(str(path), made[0], row, CALIBRATION)
    measure_or_leave_out(*made, row, PHOTOMETRY, False)
    return MeasuredExposure(name, made[0], made[1], made[3])


def simulated(exposure, stars, positions, path, rng):
    """Write the stars of an exposure with photons and read noise; return the path."""
    flux = stars["psf_flux"].to_numpy(float)
    ny, nx = exposure.shape
    x, y = positions
    inside = (x > -5) & (x < nx + 5) & (y > -5) & (y < ny + 5) & (flux > 0)
    inside &= (stars["flags"].to_numpy() & FLAGS["DOUBTFUL"]) == 0
    profile = Moffat(np.sqrt(exposure.fwhm**2 - 0.8**2), 3.0, 0.75, 0.4)
    model = draw((ny, nx), x[inside], y[inside], flux[inside], profile, 0.02)
    sky = float(np.nanmedian(fits.getdata(exposure.residual, "SKY")))
    light = np.clip(model + sky - BIAS, 0, 1e5)
    read = np.sqrt(max(NOISE**2 - (sky - BIAS) / GAIN, 0.01))
    counts = rng.poisson(light * GAIN) / GAIN + BIAS + rng.normal(0, read, light.shape)
    counts = np.clip(np.rint(counts), 0, 4095).astype(np.int16)
    fits.PrimaryHDU(counts, exposure.header).writeto(path)
    return path


def series(exposures):
    """Return positions, fluxes of the PSF and in circles, and which stars are bright and clean."""
    matched = matched_exposures(exposures)
    used = [one for one in exposures if one.image in matched.positions]
    places = np.array([matched.positions[one.image] for one in used])
    made = [forced(one, matched.reference, matched.positions[one.image], (RADIUS,)) for one in used]
    flux = np.array([one.flux for one in made])
    circle = np.array([one.circles[RADIUS][0] for one in made])
    whole = np.isfinite(flux).all(axis=0) & np.isfinite(circle).all(axis=0)
    clean = whole & ((matched.reference.stars["flags"].to_numpy() & SPOILT) == 0)
    mean = np.where(whole, flux.sum(axis=0) / len(flux), 0)
    return places, flux, circle, mean, clean & (mean > FLUXES[0]) & (mean < FLUXES[1])


def residuals(flux, places, bright):
    """Return relative fluxes of bright stars less 1, after a scale and slopes per exposure."""
    flux = flux[:, bright] / flux[:, bright].mean(axis=0)
    for number, (x, y) in enumerate(places[:, :, bright]):
        design = np.column_stack([np.ones(len(x)), x - x.mean(), y - y.mean()])
        use = np.ones(len(x), bool)
        for _ in range(4):
            light = design @ np.linalg.lstsq(design[use], flux[number][use], rcond=None)[0]
            off = abs(flux[number] - light)
            use = off < 6 * np.median(off)
        flux[number] /= light
    return flux / flux.mean(axis=0) - 1


def scatter(rest):
    """Return the median scatter of stars and its error, mmag."""
    exposures, stars = rest.shape
    value = MILLIMAGNITUDES * np.median(np.std(rest, axis=0, ddof=1)) / MEDIAN_OF_SIX
    return value, 1.25 * value / np.sqrt(2 * (exposures - 1) * stars)


def share(rest, features):
    """Return the share of the variance of held-out stars that features explain."""
    left = total = 0.0
    for values, columns in zip(rest, features, strict=True):
        design = np.column_stack([np.ones(len(values)), *columns])
        for star in np.flatnonzero(abs(values) < 0.02):
            others = np.arange(len(values)) != star
            others &= abs(values) < 0.02
            fit = np.linalg.lstsq(design[others], values[others], rcond=None)[0]
            left += (values[star] - design[star] @ fit) ** 2
            total += (values[star] - values[others].mean()) ** 2
    return 1 - left / total


def causes(places, mean, bright):
    """Return features that a fault of the measurement would follow, per exposure."""
    x, y = places[:, 0][:, bright], places[:, 1][:, bright]
    light = np.log10(mean[bright] / np.median(mean[bright]))
    waves = [f(2 * np.pi * a) for a in (x, y) for f in (np.cos, np.sin)]
    u, v = x / x.max() - 0.5, y / y.max() - 0.5
    return {
        "position in the image, squares": np.stack([u**2, u * v, v**2], 1),
        "position in the pixel": np.stack(waves, 1),
        "brightness": np.repeat(light[None, None], len(x), axis=0),
    }


def main(folder):
    """Print the scatter of the real and the simulated series, and what explains it."""
    logging.getLogger("redpix").setLevel(logging.ERROR)
    paths = sorted(Path(folder).glob("*.[fF][iI][tT]*"))
    with tempfile.TemporaryDirectory() as made:
        made = Path(made)
        (made / "real").mkdir()
        (made / "simulated").mkdir()
        real = [measured(path, made / "real") for path in paths]
        matched, rng = matched_exposures(real), np.random.default_rng(3)
        files = [
            simulated(
                one,
                matched.reference.stars,
                matched.positions[one.image],
                made / "simulated" / f"{one.image}.fits",
                rng,
            )
            for one in real
        ]
        control = [measured(path, made / "simulated") for path in files]
        found = {"real": series(real), "simulated": series(control)}
    print(f"{'mmag':10} {'stars':>5} {'PSF':>12} {'circles':>12}")
    for name, (places, flux, circle, _, bright) in found.items():
        values = [scatter(residuals(one, places, bright)) for one in (flux, circle)]
        words = " ".join(f"{value:6.2f} +- {error:.2f}" for value, error in values)
        print(f"{name:10} {bright.sum():5d} {words}")
    places, _, circle, mean, bright = found["real"]
    air = MILLIMAGNITUDES * scintillation(*TELESCOPE)
    print(
        f"scintillation of a median site {air:.1f}, pixels at most {MILLIMAGNITUDES * PIXELS:.1f}"
    )
    rest = residuals(circle, places, bright)
    for name, features in causes(places, mean, bright).items():
        print(f"share of held-out variance by {name}: {share(rest, features):+.2f}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ROOT.parent / "shared/real/ccd")
