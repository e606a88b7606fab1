"""Write the fluxes of a field's objects in Gaussian apertures before the seeing."""

import csv

import numpy as np
from astropy.io import fits
from astropy.stats import gaussian_fwhm_to_sigma

from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.image.masks import bit_value
from redpix.pixels.band_psf import interpolated, registered_band
from redpix.pixels.detections import object_detections
from redpix.pixels.extinction import read_extinction
from redpix.pixels.gaap import aperture_fluxes, apertures
from redpix.psf.psf_model import full_width


def measure_apertures(
    frames, registered, catalogue, psfields, objects, table, bands, psf_files, field, **settings
):
    """Write the fluxes of the objects of a field in Gaussian apertures before the seeing.

    Parameters
    ----------
    frames : list of str
        FITS files of the frames, one per band.
    registered : list of str
        FITS files of the registered images with the HDUs SCI, ERR and MASK, one per band.
    catalogue : str
        FITS table of the detections of the reference band.
    psfields : list of str
        The survey's psField file, or nothing.
    objects : str
        CSV of the object catalogue.
    table : str
        CSV to write, one row per object.
    bands : list of str
        Bands in the order of the files.
    psf_files : dict of str to str
        Files of PSFs by band, as the user's table of frames lists them.
    field : str
        Name of the field.
    **settings : dict
        ``sextractor``, ``psfex``: settings, as for `redpix.pixels.match_field.match_field`.
        ``reject``: names of mask bits of pixels that are not used. ``extinction``: "none", or
        "catalogue" to state the extinction of objects. ``wavelengths``: effective wavelengths of
        bands that are not those of SDSS, Angstrom.
    """
    programs, survey = (settings["sextractor"], settings["psfex"]), (psfields or [None])[0]
    found = {
        band: registered_band(band, frame, path, psf_files.get(band), survey, programs)
        for band, frame, path in zip(bands, frames, registered, strict=True)
    }
    width = _widest(found, field)
    detections = object_detections(catalogue)
    x, y = detections["X_IMAGE"] - 1.0, detections["Y_IMAGE"] - 1.0
    major, minor, theta = (detections[f"{name}_IMAGE"] for name in ("A", "B", "THETA"))
    shapes = apertures(x, y, major, minor, theta, width)
    fluxes = {
        band: _fluxes(one, shapes, bit_value(*settings["reject"])) for band, one in found.items()
    }
    stated = None
    if settings["extinction"] == "catalogue":
        stated = read_extinction(objects, bands, settings["wavelengths"])
    _write(table, np.asarray(detections["OBJECT_ID"], np.int64), shapes, fluxes, stated)
    log.info("%s: %d objects, bands %s", table, len(detections), ", ".join(bands))


def _widest(found, field):
    """Return the 1-sigma width of the widest PSF, pixels, and say which PSF each band has."""
    widths = [gaussian_fwhm_to_sigma]
    for band, one in found.items():
        if one.psf is None:
            log.warning(
                "field %s: band %s: its column gaap_flux_%s is empty, because the band shows too "
                "few stars and no PSF is given; allowed: the column psf of the table of frames",
                field,
                band,
                band,
            )
            continue
        fwhm = full_width(_middle_stamp(one))
        widths.append(fwhm * gaussian_fwhm_to_sigma)
        log.info("field %s: band %s: PSF %s, FWHM %.2f px", field, band, one.psf.origin, fwhm)
    return max(widths)


def _middle_stamp(one):
    """Return the PSF in the middle of a field."""
    header = fits.getheader(one.path, "SCI")
    return one.psf.at((header["NAXIS1"] - 1) / 2, (header["NAXIS2"] - 1) / 2)


def _fluxes(one, shapes, rejected):
    """Return the fluxes in one band; None without a PSF."""
    if one.psf is None:
        return None
    with fits.open(one.path, memmap=False) as hdus:
        image, error, mask = (hdus[name].data for name in ("SCI", "ERR", "MASK"))
    psf, noise = interpolated(one.psf, image.shape), one.kernel.covariance()
    return aperture_fluxes(image, error, (mask & rejected) != 0, shapes, psf, noise)


def _write(path, ids, shapes, fluxes, extinction):
    """Write a table of apertures and fluxes; missing values are empty."""
    columns = {"id": ids, "gaap_xx": shapes.xx, "gaap_yy": shapes.yy, "gaap_xy": shapes.xy}
    flags = np.zeros(len(ids), int)
    for band, made in fluxes.items():
        missing = np.full(len(ids), np.nan)
        columns[f"gaap_flux_{band}"] = missing if made is None else made.flux
        columns[f"gaap_flux_err_{band}"] = missing if made is None else made.error
        flags |= 0 if made is None else made.flags
    if extinction is not None:
        values = np.array([extinction.values[one] for one in ids.tolist()]).reshape(-1, len(fluxes))
        columns |= {f"extinction_{band}": values[:, k] for k, band in enumerate(fluxes)}
    columns["gaap_flags"] = flags
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        values = [column.tolist() for column in columns.values()]
        for row in zip(*values, strict=True):
            writer.writerow("" if value != value else value for value in row)
