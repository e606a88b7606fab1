"""Read exposures: frames of the survey, coadds of this workflow, images of any telescope."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.core.parallel import side_by_side
from redpix.image.background import smooth_background
from redpix.image.masks import DTYPE, bit_value, own_bits
from redpix.image.noise import NOISE_RANGE, image_mask, noise_scale, pixel_noise, typical
from redpix.image.wcs import celestial_wcs, frame_wcs
from redpix.io.cameras import NANOMAGGY_ZERO_POINT, check_units, read_camera
from redpix.psf.psf_model import STAMP, PsfModel
from redpix.sdss.mask_table import span_mask
from redpix.sdss.psfield import FILTERS, psfield_model

#: HDUs of a coadd of this workflow
COADD = ("SCI", "PSF", "VARIANCE", "MASK")

#: HDUs that describe the pixels of the image beside it
GIVEN = ("VARIANCE", "ERR", "MASK")


@dataclass
class Exposure:
    """An image without its background, with its variance, mask and WCS.

    Attributes
    ----------
    path : str
        Name in messages.
    image, variance, mask : ndarray
        NaN in invalid pixels of the image; bits of `redpix.image.masks`.
    wcs : astropy.wcs.WCS or None
    header : astropy.io.fits.Header
    unit : str or None
    zero_point : float or None
        Magnitude of a source of one unit.
    survey : bool
        Whether it is a frame of the survey, in nanomaggies.
    noise_scale : float
        Factor by which the noise was multiplied.
    psf : redpix.psf.psf_model.PsfModel or None
        PSF of the survey, if requested.
    """

    path: str
    image: np.ndarray
    variance: np.ndarray
    mask: np.ndarray
    wcs: WCS | None
    header: fits.Header
    unit: str | None
    zero_point: float | None
    survey: bool = False
    noise_scale: float = 1.0
    psf: PsfModel | None = None


def read_exposure(paths, band, settings):
    """Return an exposure from its files.

    Parameters
    ----------
    paths : sequence of str
        One FITS image; or frame, error map, table of masked spans and, if wanted, psField file of
        a field of the survey.
    band : str
    settings : Mapping
        background_mesh; gain, read_noise, saturation, zero_point of the camera; noise: "measured"
        (the default: variances are scaled to the noise of blank sky) or "given"; needs_wcs:
        whether an image must have a WCS (the default is true).

    Returns
    -------
    Exposure

    Raises
    ------
    InputError
        One line that names the file.
    """
    try:
        if len(paths) > 1:
            exposure = _survey_frame(*paths[:3], band, settings)
            if len(paths) > 3:
                with fits.open(paths[3], memmap=False) as hdus:
                    # a psField file that could not be fetched has one HDU
                    if len(hdus) > 1:
                        table = hdus[1 + FILTERS.index(band)].data
                        exposure.psf = psfield_model(table, exposure.image.shape)
        else:
            exposure = _fits_image(paths[0], settings)
        if min(exposure.image.shape) <= STAMP:
            rows, columns = exposure.image.shape
            raise InputError(
                f"an image of {columns} x {rows} pixels; allowed: larger than its PSF, "
                f"{STAMP} x {STAMP} pixels"
            )
    except InputError as error:
        raise InputError(f"{paths[0]}: {error}") from None
    return exposure


def _survey_frame(frame, errors, masks, band, settings):
    with fits.open(frame, memmap=False) as hdus:
        image, header = hdus[0].data, hdus[0].header
    variance = np.square(fits.getdata(errors))
    mask = span_mask(masks, band, image.shape)
    exposure = Exposure(
        *(frame, image, variance, mask, frame_wcs(header), header),
        *("nanomaggy", NANOMAGGY_ZERO_POINT, True),
    )
    return _rescaled(exposure, "error map", settings)


def _rescaled(exposure, origin, settings):
    """Return the exposure with its variance scaled to the noise of blank sky, unless given."""
    if settings.get("noise") == "given":
        return exposure
    scale = noise_scale(exposure.image, exposure.variance, exposure.mask)
    log.info("%s: noise %.4f times that of the %s", exposure.path, scale, origin)
    exposure.variance *= np.float32(scale**2)
    exposure.noise_scale = scale
    return exposure


def _given_variance(planes):
    """Return the variance of a file or the square of its errors; None if it has neither."""
    if "VARIANCE" in planes:
        return planes["VARIANCE"].astype(np.float32)
    return np.square(planes["ERR"], dtype=np.float32) if "ERR" in planes else None


def _fits_image(path, settings):
    try:
        with fits.open(path, memmap=False) as hdus:
            names = {hdu.name for hdu in hdus}
            hdu = next((h for h in hdus if h.is_image and h.shape and len(h.shape) == 2), None)
            if hdu is None:
                raise InputError("no HDU holds an image of two dimensions")
            image, header = hdu.data.astype(np.float32), hdu.header
            planes = {
                plane.name: plane.data
                for plane in hdus
                if plane.name in GIVEN and plane.is_image and plane.shape == hdu.shape
            }
            if "MASK" in planes:
                # cards that name the bits may stand in the first header
                cards = {**hdus[0].header, **hdus["MASK"].header}
                planes["MASK"] = own_bits(planes["MASK"], cards)
            coadd = names >= set(COADD)
            del hdu, hdus[:]  # what a large image was read from is as large
    except InputError:
        raise
    except Exception as error:  # astropy raises many kinds on a damaged file
        words = " ".join(str(error).split())
        raise InputError(f"does not open as FITS ({type(error).__name__}: {words})") from None
    camera = read_camera(header, settings)
    told = {
        name: f"{getattr(camera, name):g} ({card})"
        for name, card in camera.sources.items()
        if getattr(camera, name) is not None
    }
    log.info("%s: unit %s; %s", path, camera.unit, told or "nothing known of the camera")
    wcs = celestial_wcs(header) if settings.get("needs_wcs", True) else None
    variance = _given_variance(planes)
    if coadd:
        exposure = Exposure(
            *(path, image, variance, planes["MASK"]),
            *(wcs, header, camera.unit, camera.zero_point),
        )
        return _rescaled(exposure, "variance plane", settings)
    mask = image_mask(image, camera.saturation) | planes.get("MASK", DTYPE(0))
    zeros = np.mean(image == 0)
    if zeros >= 0.5:
        log.warning(
            "%s: %.0f %% of its pixels are 0 and are taken for sky; where they are no sky, make "
            "them NaN or cut them off",
            *(path, 100 * zeros),
        )
    image[(mask & bit_value("NO_DATA")) != 0] = np.nan
    if not np.isfinite(image).any():
        raise InputError("no pixel has a value")
    background = smooth_background(np.where(mask == 0, image, np.nan), settings["background_mesh"])
    if variance is not None:
        exposure = Exposure(
            *(path, image - background, variance, mask, wcs, header, camera.unit),
            camera.zero_point,
        )
        return _rescaled(exposure, "error plane", settings)
    noise = pixel_noise(image, background, mask, camera, settings["background_mesh"])
    log.info(
        "%s: background %.5g, noise %s; %d pixels masked",
        *(path, typical(background), noise.words, np.count_nonzero(mask)),
    )
    if camera.gain is None:
        log.warning(
            "%s: no gain in counts of its unit is known, so bright sources have no noise of their "
            "own; exposures.gain gives it",
            path,
        )
    level, (least, most) = np.sqrt(typical(noise.variance)), NOISE_RANGE
    if not least < level < most:
        raise InputError(
            f"noise of {level:.3g} in its unit; allowed: {least:g} to {most:g}, in another unit"
        )
    return Exposure(
        *(path, image - background, noise.variance, mask, wcs, header, camera.unit),
        camera.zero_point,
    )


def read_exposures(groups, band, settings, registration="wcs", threads=1):
    """Return exposures that are registered to the first of them.

    Parameters
    ----------
    groups : sequence of (sequence of str)
        Files of each exposure, as for `read_exposure`.
    band : str
    settings : dict
        Settings of `read_exposure`.
    registration : {"wcs", "sources"}
        If exposures are matched by their sources, only the first needs a WCS.
    threads : int
        Number of exposures that are read at the same time.

    Returns
    -------
    list of Exposure

    Raises
    ------
    InputError
        If a file cannot be used, or the exposures have different units.
    """
    others = {**settings, "needs_wcs": registration == "wcs"}
    calls = [
        partial(read_exposure, paths, band, others if number else settings)
        for number, paths in enumerate(groups)
    ]
    exposures = side_by_side(calls, threads)
    check_units((exposure.path, exposure.unit) for exposure in exposures)
    return exposures
