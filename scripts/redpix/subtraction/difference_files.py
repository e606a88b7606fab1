"""Write the products of a subtraction: planes, table of transients, cut-outs."""

import csv

import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.exposure_cards import exposure_cards, fits_unit
from redpix.image.masks import mask_cards
from redpix.image.medians import median_and_spread
from redpix.image.wcs import wcs_cards
from redpix.io.fits_writing import append_fits, write_fits
from redpix.sdss.magnitudes import POGSON, asinh_magnitude, asinh_magnitude_error
from redpix.subtraction.difference_checks import blank_scores, more_cards
from redpix.subtraction.marked_score import features_text
from redpix.subtraction.mosaic import IMAGES
from redpix.subtraction.reference_map import map_cards
from redpix.subtraction.transient_rows import exposure_columns
from redpix.subtraction.transient_shapes import windows
from redpix.subtraction.transients import CUT_OUT

#: HDUs with an image of the difference, in the order of the images of a mosaic
PLANES = ("D", "S", "SCORR", "ALPHA", "ALPHA_ERR", "VARIANCE")

#: HDUs in the unit of the science image
IN_UNIT = ("ALPHA", "ALPHA_ERR", "NEW", "REF")

#: comment of the zero point
ZERO_POINT = "magnitude of unit flux"

#: HDUs that the cut-outs of a transient show
SHOWN = ("NEW", "REF", "D")

#: number of pixels above which the standard deviations in the header are measured in some rows
SAMPLE = 4_000_000


def header_of(pair, planes, mask):
    """Return the FITS cards that describe a difference.

    Parameters
    ----------
    pair : redpix.subtraction.pair.RegisteredPair
        The registered pair.
    planes : redpix.subtraction.mosaic.Mosaic
        The difference.
    mask : ndarray of int16
        Bits of `redpix.image.masks`.

    Returns
    -------
    list of (str, object, str)
        Keyword, value and comment.

    Raises
    ------
    InputError
        If every pixel has a flag in either image.
    """
    rows = np.s_[:: 1 + mask.size // SAMPLE]
    score = planes.read("Scorr")[rows]
    clean = (mask[rows] == 0) & (abs(score) < 5)
    if not clean.any():
        raise InputError(f"{pair.names}: no pixel is without a flag in both")
    spread = float(median_and_spread(score[clean])[1])
    white = (planes.read("D")[rows] / np.sqrt(planes.read("variance")[rows]))[clean]
    error_x, error_y = pair.comparison.registration_error
    blank = blank_scores(planes, mask, rows)
    log.info("Scorr: robust std %.4f, on blank sky %.4f", spread, blank.score)
    return [
        ("F_D", planes.F_D, "flux zero point of D, median of tiles"),
        ("F_S", planes.F_S, "S of a source of unit flux, median of tiles"),
        ("NOISENEW", planes.noise[0], "sky noise of the science image"),
        ("NOISEREF", planes.noise[1], "sky noise of the reference"),
        ("ERRSCNEW", pair.noise_scales[0], "measured noise / error map, science image"),
        ("ERRSCREF", pair.noise_scales[1], "the same, reference"),
        ("FLXRATIO", pair.comparison.ratio, "flux in reference / in science image"),
        ("FLXSCAT", pair.comparison.scatter, "its relative scatter beyond noise"),
        ("PSFMISF", pair.comparison.misfit, "misfit of the PSFs / light of bright stars"),
        ("REGRMSX", error_x, "[pix] error of registration along x"),
        ("REGRMSY", error_y, "[pix] along y"),
        ("NSTARS", pair.comparison.n_stars, "stars compared"),
        ("PSF", pair.psf_source, "where PSFs come from"),
        ("PSFNEW", pair.psf_new.words, "PSF of the science image"),
        ("PSFREF", pair.psf_reference.words, "PSF of the reference"),
        ("FWHMNEW", pair.psf_new.fwhm, "[pix] of the science image"),
        ("FWHMREF", pair.psf_reference.fwhm, "[pix] of the reference, resampled"),
        ("SCORRSTD", spread, "robust standard deviation of SCORR"),
        ("DSTD", float(median_and_spread(white)[1]), "of D / its noise"),
        ("BACKGRND", pair.background, "median background matched"),
        ("BACKFINE", pair.uneven, "share of image with light below its mesh"),
        *more_cards(pair, blank),
        *map_cards(pair.alignment.transform, pair.new.shape),
    ]


def write_difference(path, difference, exposures, cards=(), compress=False):
    """Write all planes of a difference as HDUs on the pixels of the science image.

    Parameters
    ----------
    path : str
        FITS file to write.
    difference : redpix.subtraction.pair.PairDifference
        The difference with its mask, transients and cards.
    exposures : sequence of redpix.image.exposure_file.Exposure
        Science image and reference. The WCS and the unit are those of the science image.
    cards : list of (str, object, str)
        Cards of both exposures, from `redpix.image.exposure_cards.pair_cards`.
    compress : bool
        Compress the images, see `redpix.io.fits_writing.append_fits`.
    """
    science, reference = exposures
    wcs, unit = wcs_cards(science.wcs), fits_unit(science.unit)
    zero_point = [] if science.zero_point is None else [("MAGZERO", science.zero_point, ZERO_POINT)]
    cards = {
        "D": [*difference.header, *zero_point, *cards],
        "ALPHA": zero_point,
        "VARIANCE": [("UTYPE", "VarianceUncertainty", "as astropy names it")],
        "MASK": mask_cards(),
        "NEW": [*zero_point, *exposure_cards(science)],
        # it was scaled to the fluxes of the science image
        "REF": [*zero_point, *exposure_cards(reference)],
    }
    with atomic(path) as temporary:
        # one HDU after the other, so that one large image is in memory at a time
        for name, image in _images(difference):
            header = fits.Header() if name == "PSF_D" else wcs.copy()
            header["EXTNAME"] = name
            if name in PLANES or (unit and name in IN_UNIT):
                header["BUNIT"] = unit if name in IN_UNIT else ""
            header.extend(cards.get(name, []), update=True)
            append_fits(temporary, image, header, compress and name != "PSF_D")


def _images(difference):
    """Yield the name and the image of each HDU."""
    for name, attribute in zip(PLANES, IMAGES, strict=True):
        yield name, difference.planes.read(attribute)
    yield "MASK", difference.mask
    yield "NEW", difference.new
    yield "REF", difference.reference
    yield "PSF_D", difference.planes.P_D.astype(np.float32)


def magnitudes(flux, error, science, band):
    """Return magnitudes and their 1-sigma errors as text.

    Parameters
    ----------
    flux, error : ndarray, shape (n,)
        Flux and its error in the unit of the science image.
    science : redpix.image.exposure_file.Exposure
        A frame of the survey has asinh magnitudes.
    band : str
        Name of the band.

    Returns
    -------
    magnitude, magnitude_error : list of str
        Empty texts if the zero point is unknown.
    """
    if science.zero_point is None:
        return [[""] * len(flux)] * 2
    flux = np.maximum(abs(flux), 1e-30)
    if science.survey:
        values = asinh_magnitude(flux, band), asinh_magnitude_error(flux, error, band)
    else:
        values = science.zero_point - 2.5 * np.log10(flux), POGSON * error / flux
    return [[f"{value:.4f}" for value in column] for column in values]


def errors_on_the_sky(transients, wcs):
    """Return position errors along right ascension and declination.

    Parameters
    ----------
    transients : redpix.subtraction.transients.Transients
        Transients of the difference.
    wcs : astropy.wcs.WCS or None
        WCS of the image.

    Returns
    -------
    ndarray, shape (2, n)
        1-sigma errors from pixel noise, arcsec. Errors of the WCS are not included. NaN without a
        WCS.
    """
    if wcs is None:
        return np.full((2, len(transients.x)), np.nan)
    squared = np.square(wcs.pixel_scale_matrix) @ np.square(
        [transients.x_error, transients.y_error]
    )
    return 3600 * np.sqrt(squared)


def _sky(transients, wcs):
    """Return right ascension and declination in degrees; NaN without a WCS."""
    if wcs is None or not len(transients.x):
        return np.full((2, len(transients.x)), np.nan)
    return wcs.all_pix2world(transients.x, transients.y, 0)


def _texts(values, form):
    return ["" if np.isnan(value) else format(value, form) for value in values]


def write_transients(path, transients, science, band, images=("", "")):
    """Write the table of transients, one row per transient, the most significant first.

    Parameters
    ----------
    path : str
        CSV file to write.
    transients : redpix.subtraction.transients.Transients
        Transients of the difference.
    science : redpix.image.exposure_file.Exposure
        Its WCS, zero point, unit, time and filter are used.
    band : str
        Name of the band.
    images : sequence of str
        Names of science image and reference.
    """
    number = len(transients.x)
    sky = _sky(transients, science.wcs)
    magnitude, magnitude_error = magnitudes(transients.flux, transients.flux_error, science, band)
    ra_error, dec_error = errors_on_the_sky(transients, science.wcs)
    columns = {
        "id": range(1, number + 1),
        "ra": _texts(sky[0], ".7f"),
        "dec": _texts(sky[1], ".7f"),
        "x": _texts(transients.x, ".3f"),
        "y": _texts(transients.y, ".3f"),
        "band": [band] * number,
        "scorr": _texts(transients.scorr, ".3f"),
        "flux": _texts(transients.flux, ".5g"),
        "flux_error": _texts(transients.flux_error, ".5g"),
        "mag": magnitude,
        "kind": transients.kind,
        "flags": transients.flags,
        "dipole": _texts(transients.dipole, ".3f"),
        "misfit": _texts(transients.misfit, ".3f"),
        "motion": _texts(transients.motion, ".2f"),
        "x_error": _texts(transients.x_error, ".3f"),
        "y_error": _texts(transients.y_error, ".3f"),
        "ra_error": _texts(ra_error, ".4f"),
        "dec_error": _texts(dec_error, ".4f"),
        "mag_error": magnitude_error,
        "score": _texts(transients.score, ".3f"),
        "features": features_text(transients.features),
        **exposure_columns(science, images, number),
    }
    with atomic(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def write_cut_outs(path, difference, transients, cards=()):
    """Write cubes NEW, REF and D with a square about each transient, in the order of the table.

    Parameters
    ----------
    path : str
        FITS file to write.
    difference : str
        FITS file from `write_difference`. Only the pixels of the squares are read from it.
    transients : redpix.subtraction.transients.Transients
        Transients of the difference.
    cards : list of (str, object, str)
        Cards of both exposures, for the primary header.
    """
    x, y = (np.rint(along).astype(int) for along in (transients.x, transients.y))
    with fits.open(difference) as hdus, atomic(path) as temporary:
        cubes = [fits.PrimaryHDU(header=fits.Header(list(cards)))]
        for name in SHOWN:
            cube = windows(hdus[name].data, x, y, CUT_OUT, np.nan).astype(np.float32)
            cubes.append(fits.ImageHDU(cube if len(cube) else None, name=name))
            if "BUNIT" in hdus[name].header:
                cubes[-1].header["BUNIT"] = hdus[name].header["BUNIT"]
        columns = [
            fits.Column("ID", "J", array=np.arange(1, len(x) + 1)),
            fits.Column("X", "D", "pixel", array=transients.x),
            fits.Column("Y", "D", "pixel", array=transients.y),
            fits.Column("SCORR", "E", array=transients.scorr),
        ]
        cubes.append(fits.BinTableHDU.from_columns(columns, name="TRANSIENTS"))
        write_fits(temporary, fits.HDUList(cubes))
