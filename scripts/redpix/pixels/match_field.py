"""Bring the registered bands of a field to one PSF."""

from typing import NamedTuple

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.job import log
from redpix.image.masks import bit_value
from redpix.io.fits_writing import write_fits
from redpix.pixels.band_psf import registered_band
from redpix.pixels.matched_planes import Nodes, match_planes
from redpix.psf.matching_kernels import common_psf, kernel_noise, of_one_size
from redpix.psf.psf_model import full_width

#: fraction of the light out of place from which a match is doubted
DOUBTED = 0.02

#: number of nodes along an axis where a PSF varies over the image
_NODES = 3

#: distance of the pixels among which the position of a node is sought, pixels
_STRIDE = 16


def match_field(frames, registered, psfields, sextractor, psfex, matched, bands, psf_files, field):
    """Bring all bands of a field to one PSF, that of the broadest band slightly broadened.

    If a band has no PSF, all bands of the field are copied as they are: a warning names the field
    and the band, and the card PSFMATCH of each image is false.

    Parameters
    ----------
    frames : list of str
        FITS files of the frames, one per band.
    registered : list of str
        FITS files of the registered images with the HDUs SCI, ERR and MASK, one per band.
    psfields : list of str
        The survey's psField file, or nothing.
    sextractor : list of str
        SExtractor's configuration, output parameters and convolution filter.
    psfex : str
        PSFEx's configuration.
    matched : list of str
        FITS files to write, one per band, in the form of the registered images.
    bands : list of str
        Bands in the order of the files.
    psf_files : dict of str to str
        Files of PSFs by band, as the user's table of frames lists them.
    field : str
        Name of the field.
    """
    found = []
    for band, frame, path in zip(bands, frames, registered, strict=True):
        given, survey = psf_files.get(band), psfields[0] if psfields else None
        one = registered_band(band, frame, path, given, survey, (sextractor, psfex))
        if one.psf is None:
            reason = f"band {band} has no PSF: fewer than 3 stars, and none is given"
            log.warning(
                "field %s: band %s: registration.match_psf: the bands keep their own PSFs, because "
                "this band shows too few stars and no PSF is given; allowed: the column psf of the "
                "table of frames, or match_psf: false",
                field,
                band,
            )
            _copy(registered, matched, reason)
            return
        log.info("field %s: band %s: PSF %s", field, band, one.psf.origin)
        found.append(one)
    _write_matched(found, matched, bands, field)


def _write_matched(found, matched, bands, field):
    """Write the images of all bands with their common PSF."""
    places = _places(found)
    stamps = of_one_size([one.psf.at(x, y) for one in found for x, y in places.positions])
    common = common_psf(stamps)
    number = len(places.positions)
    for k, (one, output, band) in enumerate(zip(found, matched, bands, strict=True)):
        part = slice(k * number, (k + 1) * number)
        kernels, residual = np.array(common.kernels[part]), max(common.residuals[part])
        noise = kernel_noise(kernels.mean(axis=0), one.kernel.covariance())
        nodes = Nodes(
            *places.axes, kernels.reshape(*map(len, places.axes[::-1]), *kernels.shape[1:])
        )
        before, after = full_width(np.mean(stamps[part], axis=0)), full_width(common.stamp)
        cards = _cards(one.psf, before, after, residual, common.broadening)
        _write(one.path, output, nodes, noise, cards)
        log.info(
            "%s: band %s: FWHM %.2f px -> %.2f px, %.2f %% of the light out of place, noise "
            "correlation %.4f",
            output,
            band,
            before,
            after,
            100 * residual,
            noise,
        )
        if residual > DOUBTED:
            log.warning(
                "field %s: band %s: registration.match_psf: %.1f %% of the light is out of place "
                "after matching",
                field,
                band,
                100 * residual,
            )


class _NodePlaces(NamedTuple):
    """Columns and rows of nodes, and the positions at which their PSFs are taken."""

    axes: tuple
    positions: list


def _places(found):
    """Return the nodes over a field: one, unless a PSF varies."""
    mask = fits.getdata(found[0].path, "MASK")
    number = _NODES if any(one.psf.varies for one in found) else 1
    x, y = ((np.arange(number) + 0.5) * side / number - 0.5 for side in mask.shape[::-1])
    rows, columns = np.nonzero((mask[::_STRIDE, ::_STRIDE] & bit_value("NO_DATA")) == 0)
    rows, columns = (at * float(_STRIDE) if len(at) else np.zeros(1) for at in (rows, columns))
    positions = []
    for row in y:
        for column in x:
            # a PSF is not extrapolated beyond the frame
            nearest = np.argmin((rows - row) ** 2 + (columns - column) ** 2)
            away = np.hypot(rows[nearest] - row, columns[nearest] - column) > 2 * _STRIDE
            positions.append((columns[nearest], rows[nearest]) if away else (column, row))
    return _NodePlaces((x, y), positions)


def _cards(psf, before, after, residual, broadening):
    """Return the cards of a matched image."""
    return [
        ("PSFMATCH", True, "brought to the field's common PSF"),
        ("PSFFROM", psf.origin[:50], "origin of its PSF"),
        ("PSFSTARS", psf.stars, "stars that it was measured from"),
        ("FWHMIN", round(before, 3), "[pix] FWHM before matching, mean of the field"),
        ("FWHMOUT", round(after, 3), "[pix] FWHM of the common PSF"),
        ("PSFBROAD", broadening, "[pix] sigma that broadens the broadest PSF"),
        ("PSFRESID", round(residual, 5), "largest fraction of light out of place"),
    ]


def _write(path, output, nodes, noise, cards):
    """Write a registered image convolved with its kernels."""
    with fits.open(path, memmap=False) as hdus, atomic(output) as temporary:
        image, error, mask = (hdus[name].data for name in ("SCI", "ERR", "MASK"))
        planes = match_planes(image, error, mask, nodes, noise)
        for name, plane in zip(("SCI", "ERR", "MASK"), planes, strict=True):
            hdus[name].data = plane
        hdus["SCI"].header["NOISECOR"] = round(noise, 5)
        hdus["SCI"].header.extend(cards, update=True)
        write_fits(temporary, hdus)


def _copy(registered, matched, reason):
    """Write the registered images as they are, with the reason in their headers."""
    for path, output in zip(registered, matched, strict=True):
        with fits.open(path, memmap=False) as hdus, atomic(output) as temporary:
            hdus["SCI"].header["PSFMATCH"] = (False, "the bands keep their own PSFs")
            hdus["SCI"].header["PSFWHY"] = reason[:68]
            write_fits(temporary, hdus)
