"""Inject sources into the images of a field of a user's table; list the images as such a table."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.core.atomic_files import atomic, write_csv
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.masks import bit_value, mask_cards
from redpix.image.wcs import image_wcs, wcs_cards
from redpix.injection.inject import expected_light, with_photons
from redpix.injection.injected_field import field_seeds
from redpix.injection.photon_noise import photon_noise
from redpix.io.camera import NANOMAGGY_ZERO_POINT
from redpix.io.fits_writing import write_fits
from redpix.psf.psf_file import read_psf
from redpix.sdss.mask_table import span_mask

#: columns of the table of images
COLUMNS = ("field", "band", "image", "psf", "zero_point", "wavelength")

#: cards of an image that its injected version keeps
KEPT = ("BAND", "FILTER", "BUNIT", "DATE-OBS", "MJD-OBS", "EXPTIME", "TELESCOP", "INSTRUME")

#: light that can saturate a pixel, in units of its error
_LEAST_LIGHT = 1.0


def inject_field(frames, errors, masks, status, sources, psf, injected, field, bands, seed):
    """Inject the sources of a field into its images.

    Parameters
    ----------
    frames, errors : list of str
        Calibrated images and their error maps, one per band.
    masks : str
        Masks of the field.
    status : str
        JSON file of `redpix.pixels.given_field.prepare_field`.
    sources : str
        CSV of the sources, from `redpix.injection.choose_sources`.
    psf : str
        PSFs of the field, from `redpix.injection.choose_psf`.
    injected : list of str
        FITS files that are written, one per band: image, HDU ERR and HDU MASK.
    field : str
        Name of the field.
    bands : list of str
        Bands in the order of the files.
    seed : int
        Seed of the random numbers.

    Raises
    ------
    InputError
        If the zero point of a band is unknown, or its PSF cannot be read.
    """
    table = pd.read_csv(sources)
    about = json.loads(Path(status).read_text(encoding="utf-8"))["frames"]
    for band, frame, error, output in zip(bands, frames, errors, injected, strict=True):
        if about[band]["unit"] != "nanomaggy":
            raise InputError(
                f"injection: field {field}, band {band}: the zero point is unknown, and sources "
                "have fluxes in nanomaggies; allowed: a column zero_point in frames"
            )
        planes = _read(frame, error, masks, band)
        # a seed per image: its photon noise does not depend on images made before it
        rng = np.random.default_rng([seed, 7, *field_seeds(field, given=True), *band.encode()])
        _inject(output, planes, table, read_psf(psf, band), band, about[band], rng)


def _read(frame, error, masks, band):
    """Return image, error map, mask and header of a band."""
    with fits.open(frame, memmap=False) as hdus:
        image, header = hdus[0].data, hdus[0].header
    return image, fits.getdata(error), span_mask(masks, band, image.shape), header


def _inject(output, planes, table, psf, band, about, rng):
    """Write the image of a band with sources, its error map and its mask."""
    image, error, mask, header = planes
    wcs = image_wcs(header)
    # electrons per unit of the user's image, and units per nanomaggy
    units = 10 ** (0.4 * (about["zero_point"] - NANOMAGGY_ZERO_POINT))
    gain = None if about.get("gain") is None else about["gain"] * units
    noise = photon_noise(image, error, mask, gain)
    light = expected_light(table, band, psf, wcs, image.shape).astype(np.float32)
    log.info("%s: %d sources; photon noise: %s", output, len(table), noise.words)
    if noise.electrons is None:
        log.warning("%s: the sources have no photon noise: a column gain sets it", output)
        image = image + light
    else:
        image = with_photons(rng, image, light, noise.electrons)
    if noise.in_errors:
        error = np.sqrt(np.square(error) + np.maximum(light, 0) / np.float32(noise.electrons))
    saturation = about.get("saturation")
    if saturation is not None:
        full = (image >= saturation / units) & (light > _LEAST_LIGHT * error)
        image[full] = saturation / units
        mask[full] |= bit_value("SATURATED")
        log.info("%s: %d pixels saturated", output, np.count_nonzero(full))
    _write(output, (image, error, mask), _header(header, wcs, len(table)))


def _header(header, wcs, number):
    """Return the header of an image with sources: what the camera recorded no longer holds."""
    kept = fits.Header([header.cards[key] for key in KEPT if key in header])
    kept.extend(wcs_cards(wcs), update=True)
    kept["MAGZERO"] = (NANOMAGGY_ZERO_POINT, "AB magnitude of one unit")
    kept["INJECTED"] = (number, "simulated sources among the real ones")
    return kept


def _write(path, planes, header):
    """Write image, error map and mask as one file."""
    image, error, mask = planes
    hdus = [
        fits.PrimaryHDU(image.astype(np.float32, copy=False), header),
        fits.ImageHDU(error.astype(np.float32, copy=False), name="ERR"),
        fits.ImageHDU(mask, fits.Header(mask_cards()), name="MASK"),
    ]
    with atomic(path) as temporary:
        write_fits(temporary, fits.HDUList(hdus))


def list_injected(images, table, fields, bands, psfs, wavelengths):
    """Write the table of the images with injected sources, which `frames` takes.

    Parameters
    ----------
    images : list of str
        FITS files, with all bands of a field together.
    table : str
        Tab-separated table that is written, with `COLUMNS`.
    fields : list of str
        Names of the fields.
    bands : list of str
        Bands of the run.
    psfs : dict of str to dict of str to str
        PSF that the user's table names, by field and band.
    wavelengths : dict of str to float
        Effective wavelengths that it states, Angstrom, by band.
    """
    places = [(field, band) for field in fields for band in bands]
    rows = []
    for (field, band), image in zip(places, images, strict=True):
        psf, wavelength = psfs.get(field, {}).get(band, ""), wavelengths.get(band, "")
        rows.append((field, band, image, psf, NANOMAGGY_ZERO_POINT, wavelength))
    write_csv(table, COLUMNS, rows, dialect="excel-tab")
    log.info("%s: %d fields", table, len(fields))
