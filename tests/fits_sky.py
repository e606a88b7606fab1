"""FITS images of a small simulated sky, as any telescope might deliver them."""

from typing import NamedTuple

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from conftest import ROOT
from redpix.coaddition.coadd_exposures import coadd_exposures
from redpix.io.image_path import image_file
from redpix.subtraction.subtract_files import subtract_files
from subtraction_sky import light

SHAPE, SCALE = (330, 350), 0.5 / 3600
GAIN, READ_NOISE, SKY = 2.0, 6.0, 200.0


#: parameters of the rule subtraction that its default configuration has
DEFAULTS = {
    "threshold": 6.0,
    "psf_error": 0.005,
    "registration": "wcs",
    "noise": "measured",
    "space": "fourier",
    "precision": "float32",
    "padding": None,
    "flux_ratio": None,
    "match_background": True,
    "match_reference": False,
}


def wcs(shift=(0.0, 0.0), ra=150.0):
    """Return a tangent-plane WCS whose pixels are shifted (x, y) on the sky."""
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crval = [ra, 2.0]
    made.wcs.crpix = [SHAPE[1] / 2 - shift[0], SHAPE[0] / 2 - shift[1]]
    made.wcs.cd = [[-SCALE, 0], [0, SCALE]]
    return made


def stars(seed=1, number=70):
    """Return x, y, flux (counts) of separate stars on the pixels of an unshifted image."""
    rng = np.random.default_rng([seed, 3])
    places = []
    while len(places) < number:
        place = rng.uniform(8, SHAPE[1] - 8), rng.uniform(8, SHAPE[0] - 8)
        if all(np.hypot(place[0] - x, place[1] - y) > 14 for x, y in places):
            places.append(place)
    return (*np.transpose(places), 10 ** rng.uniform(3.2, 4.7, number))


def counts(sky, seed, width=1.6, flux=1.0, shift=(0.0, 0.0), level=SKY):
    """Return the counts of a camera, with the noise of electrons and of readout."""
    rng = np.random.default_rng([seed, 4])
    x, y, brightness = sky
    clean = level + flux * light(SHAPE, x - shift[0], y - shift[1], brightness, width)
    return (rng.poisson(clean * GAIN) + rng.normal(0, READ_NOISE, SHAPE)) / GAIN


def write(path, image, shift=(0.0, 0.0), place=None, **cards):
    """Write a FITS image with a WCS and cards; return its path as text."""
    header = (place or wcs(shift)).to_header(relax=True)
    for key, value in cards.items():
        header[key] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.PrimaryHDU(image.astype(np.float32), header).writeto(path, overwrite=True)
    return str(path)


def settings():
    """Return the parameters that subtraction and coaddition share, as by default."""
    camera = dict.fromkeys(("gain", "read_noise", "saturation", "zero_point"))
    return {"camera": camera, "background_mesh": 64, "arrays": "numpy"}


def resources():
    """Return the settings files of SExtractor and PSFEx, as inputs of a job."""
    folder = ROOT / "resources"
    return {
        "config": folder / "sextractor/sources.sex",
        "parameters": folder / "sextractor/stars.param",
        "filter": folder / "sextractor/sources.conv",
        "psfex": folder / "psfex/stars.psfex",
    }


class Products(NamedTuple):
    """Files that the rule subtraction writes."""

    difference: str
    transients: str
    cut_outs: str
    votable: str
    regions: str
    alerts: str


def subtract(science, reference, folder, threads=1, cameras=({}, {}), **changes):
    """Subtract two FITS images as the rule subtraction does; return the products.

    `cameras` has what the user gives of science image and reference.
    """
    options = settings() | changes
    names = ("difference.fits", "transients.csv", "cut_outs.fits")
    names += ("transients.vot", "transients.reg", "transients.avro")
    made = Products(*(str(folder / name) for name in names))
    subtract_files(
        science=[image_file(science)],
        reference=[image_file(reference)],
        images=[science, reference],
        **resources(),
        **made._asdict(),
        **DEFAULTS | options | {"camera": [{**options["camera"], **one} for one in cameras]},
        band="image",
        pair="pair",
        threads=threads,
    )
    return made


def coadd(images, output, method="proper", registration="wcs", reject=True):
    """Coadd FITS images as the rule coaddition does."""
    coadd_exposures(
        **{f"image_{number}": [image_file(path)] for number, path in enumerate(images, start=1)},
        **resources(),
        coadd=str(output),
        images=images,
        method=method,
        reject=reject,
        registration=registration,
        **settings(),
        band="image",
    )
