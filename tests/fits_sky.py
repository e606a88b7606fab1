"""FITS images of a small simulated sky, as any telescope might deliver them."""

from types import SimpleNamespace

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from conftest import ROOT
from redpix.io.image_path import image_file
from subtraction_sky import light

SHAPE, SCALE = (330, 350), 0.5 / 3600
GAIN, READ_NOISE, SKY = 2.0, 6.0, 200.0


OPTIONS = {
    "space": "fourier",
    "precision": "float32",
    "padding": None,
    "flux_ratio": None,
    "match_background": True,
    "match_reference": False,
}


def wcs(shift=(0.0, 0.0), ra=150.0):
    """A tangent-plane WCS whose pixels are shifted (x, y) on the sky."""
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crval = [ra, 2.0]
    made.wcs.crpix = [SHAPE[1] / 2 - shift[0], SHAPE[0] / 2 - shift[1]]
    made.wcs.cd = [[-SCALE, 0], [0, SCALE]]
    return made


def stars(seed=1, number=70):
    """x, y, flux (counts) of stars on the pixels of an unshifted image, apart from each other."""
    rng = np.random.default_rng([seed, 3])
    places = []
    while len(places) < number:
        place = rng.uniform(8, SHAPE[1] - 8), rng.uniform(8, SHAPE[0] - 8)
        if all(np.hypot(place[0] - x, place[1] - y) > 14 for x, y in places):
            places.append(place)
    return (*np.transpose(places), 10 ** rng.uniform(3.2, 4.7, number))


def counts(sky, seed, width=1.6, flux=1.0, shift=(0.0, 0.0), level=SKY):
    """Counts that a camera reads; their noise is that of electrons and of readout."""
    rng = np.random.default_rng([seed, 4])
    x, y, brightness = sky
    clean = level + flux * light(SHAPE, x - shift[0], y - shift[1], brightness, width)
    return (rng.poisson(clean * GAIN) + rng.normal(0, READ_NOISE, SHAPE)) / GAIN


def write(path, image, shift=(0.0, 0.0), place=None, **cards):
    """A FITS image with a WCS and cards; returns its path as text."""
    header = (place or wcs(shift)).to_header(relax=True)
    for key, value in cards.items():
        header[key] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.PrimaryHDU(image.astype(np.float32), header).writeto(path, overwrite=True)
    return str(path)


def settings(**given):
    """Parameters of a job as the default configuration has them."""
    camera = dict.fromkeys(("gain", "read_noise", "saturation", "zero_point"))
    return {"camera": camera | given, "background_mesh": 64, "arrays": "numpy"}


def resources():
    """Settings of SExtractor and PSFEx, as inputs of a job."""
    folder = ROOT / "resources"
    return {
        "config": folder / "sextractor/sources.sex",
        "parameters": folder / "sextractor/stars.param",
        "filter": folder / "sextractor/sources.conv",
        "psfex": folder / "psfex/stars.psfex",
    }


class Inputs(dict):
    """Inputs of a job by name, as items and as attributes."""

    __getattr__ = dict.__getitem__


def subtraction_job(science, reference, folder, options=None, **given):
    """A job of the rule subtraction for two images."""
    return SimpleNamespace(
        input=Inputs(
            {"science": [image_file(science)], "reference": [image_file(reference)]} | resources()
        ),
        output=SimpleNamespace(
            difference=folder / "difference.fits",
            transients=folder / "transients.csv",
            cut_outs=folder / "cut_outs.fits",
        ),
        params=SimpleNamespace(
            images=[science, reference],
            threshold=6.0,
            psf_error=0.005,
            registration="wcs",
            noise="measured",
            options=OPTIONS | (options or {}),
            **settings(**given),
        ),
        wildcards=SimpleNamespace(band="image"),
        threads=1,
    )


def coaddition_job(images, output, method="proper", registration="wcs", **given):
    """A job of the rule coaddition."""
    named = {f"image_{number}": [image_file(path)] for number, path in enumerate(images, start=1)}
    return SimpleNamespace(
        input=Inputs(named | resources()),
        output=[output],
        params=SimpleNamespace(
            images=images, method=method, registration=registration, **settings(**given)
        ),
        wildcards=SimpleNamespace(band="image"),
    )
