"""Registered images of a field, from which stamps of galaxies are cut."""

from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.image.wcs import frame_wcs, pixel_area
from redpix.simulation.pixel_redshifting import sharp_fwhm
from redpix.simulation.redshifter import Stamp


class FieldFiles(NamedTuple):
    """Files of a field.

    Attributes
    ----------
    registered : list of str
        Registered images, one per band.
    segments : str
        Segmentation image of the reference band.
    psf : str
        PSFs of the frames.
    """

    registered: list
    segments: str
    psf: str


def field_files(fields, registered, segments, psfs):
    """Return the files of each field.

    Parameters
    ----------
    fields : list of str
        Names.
    registered : list of str
        Registered images of all fields, with all bands of a field together.
    segments, psfs : list of str
        One file per field.

    Returns
    -------
    dict of str to FieldFiles
    """
    bands = len(registered) // max(len(fields), 1)
    images = [registered[start : start + bands] for start in range(0, len(registered), bands or 1)]
    return {
        name: FieldFiles(*files)
        for name, *files in zip(fields, images, segments, psfs, strict=True)
    }


class RegisteredField:
    """Registered images of a field, its segmentation image and its PSFs.

    Parameters
    ----------
    files : FieldFiles
        Files of the field.
    bands : sequence of str
        Names of the bands.

    Attributes
    ----------
    scale : float
        arcsec per pixel.
    fwhm : ndarray, shape (c,)
        FWHM of the Moffat PSFs before pixel integration, pixels.
    """

    def __init__(self, files, bands):
        self.flux, self.error = [], []
        unusable = False
        for path in files.registered:
            with fits.open(path, memmap=False) as hdus:
                self.flux.append(hdus["SCI"].data)
                self.error.append(hdus["ERR"].data)
                unusable = unusable | (hdus["MASK"].data != 0)
                self.wcs = frame_wcs(hdus["SCI"].header)
                _check_unit(hdus["SCI"].header, path)
        self.unusable = unusable | ~np.isfinite(self.flux).all(axis=0)
        self.segments = fits.getdata(files.segments)
        self.scale = 3600 * np.sqrt(pixel_area(self.wcs))
        headers = [fits.getheader(files.psf, f"PSF_{band}") for band in bands]
        # the PSF file counts pixels of the frames, not those of the registered images
        measured = [header["FWHM"] * header["SCALE"] / self.scale for header in headers]
        self.fwhm = np.array([sharp_fwhm(fwhm) for fwhm in measured])

    def cut(self, ra, dec, size):
        """Cut out the stamp of a galaxy.

        Parameters
        ----------
        ra, dec : float
            Degrees.
        size : int
            Side of the stamp, pixels.

        Returns
        -------
        Stamp or None
            None if the stamp leaves the image, or if the central pixel is invalid or blank sky.
            Pixels of other objects and invalid pixels have flux 0 and error inf.
        """
        x, y = (float(pixel) for pixel in self.wcs.all_world2pix(ra, dec, 0))
        left, bottom = (round(pixel - (size - 1) / 2) for pixel in (x, y))
        box = np.s_[bottom : bottom + size, left : left + size]
        if left < 0 or bottom < 0 or self.segments[box].shape != (size, size):
            return None
        middle = self.segments[round(y), round(x)]
        if middle == 0 or self.unusable[round(y), round(x)]:
            return None
        others = (self.segments[box] != 0) & (self.segments[box] != middle)
        blank = others | self.unusable[box]
        flux = np.stack([image[box] for image in self.flux], axis=-1)
        error = np.stack([image[box] for image in self.error], axis=-1)
        flux[blank], error[blank] = 0.0, np.inf
        return Stamp(flux.astype(float), error.astype(float))


def _check_unit(header, path):
    """Refuse an image without a zero point: colours of its pixels are unknown."""
    if header.get("BUNIT") == "count":
        raise InputError(
            f"{path}: the zero point is unknown, and the spectra of pixels follow from it; "
            "allowed: a column zero_point in frames"
        )
