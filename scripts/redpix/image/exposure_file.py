"""Read a FITS image of any telescope as an exposure: pixels, variance, mask, WCS and camera.

Frames of the survey are read in `redpix.astrometry.exposures`.
"""

from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.background import smooth_background
from redpix.image.masks import DTYPE, bit_value, translated_mask
from redpix.image.noise import NOISE_RANGE, image_mask, noise_scale, pixel_noise, typical
from redpix.image.wcs import celestial_wcs, has_wcs
from redpix.io.camera import CameraRecord, described, read_camera
from redpix.io.fits_files import read_image
from redpix.io.plane_names import MASK_PLANES, NOISE_PLANES, UTYPES

#: names of the HDUs of this workflow's coadds
COADD = ("SCI", "PSF", "VARIANCE", "MASK")

#: absolute value above which a pixel holds a code for a missing value
FILL_VALUE = 1e30

#: names of HDUs that hold the variance, the error or the mask of an image
PLANES = ("VARIANCE", "ERR", "UNCERT", "MASK")


@dataclass
class Exposure:
    """An image without its background, with its variance, mask and WCS.

    Attributes
    ----------
    path : str
        Name in messages.
    image, variance : ndarray, shape (ny, nx), float32
        Pixels in the unit of the image, and their variance.
    mask : ndarray, shape (ny, nx), int16
        Bits of `redpix.image.masks`.
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
        PSF of the survey, if it was requested.
    given_psf : redpix.psf.psf_model.PsfModel or None
        PSF that the user gives.
    camera : redpix.io.camera.CameraRecord or None
        Camera by the header and the configuration; None for a frame of the survey.
    assumed : tuple of str
        Statements on how the file was understood; empty for a frame of the survey.
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
    psf: object = None
    given_psf: object = None
    camera: CameraRecord | None = None
    assumed: tuple = ()


def read_fits_exposure(path, settings):
    """Read an image, subtract its background and measure its variance and mask.

    Parameters
    ----------
    path : str
        A FITS file; ``path[2]`` or ``path[SCI]`` names an HDU.
    settings : Mapping
        background_mesh: side of the squares of the background, pixels. gain, read_noise,
        saturation, zero_point: values that replace those of the header. noise: "given" keeps the
        variance of the file, otherwise it is scaled to the noise of blank sky. needs_wcs: whether
        a WCS that cannot be used is an error (default true); otherwise it is left out.

    Returns
    -------
    Exposure

    Raises
    ------
    InputError
        One line that begins with the path.
    """
    file = read_image(path, PLANES)
    image = file.pixels.astype(np.float32)
    filled = abs(image) > FILL_VALUE
    if filled.any():
        image[filled] = np.nan
        log.warning(
            "%s: %d pixels beyond %.0e have no value", path, np.count_nonzero(filled), FILL_VALUE
        )
    file = file._replace(pixels=None)  # frees the original array, as large as the image
    log_remarks(path, file.remarks)
    try:
        exposure = _exposure(file, image, settings)
        exposure.assumed = (*file.remarks, *exposure.assumed)
        return exposure
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def log_remarks(path, remarks):
    """Log the assumptions that were made while a file was read.

    Parameters
    ----------
    path : str
        Name of the file.
    remarks : iterable of str
        One sentence each.
    """
    for remark in remarks:
        log.warning("%s: %s", path, remark)


def rescaled(exposure, origin, settings):
    """Return an exposure whose variance is scaled to the noise of its blank sky.

    Parameters
    ----------
    exposure : Exposure
        Its variance is changed in place.
    origin : str
        Origin of the variance, for the log.
    settings : Mapping
        With noise "given" the variance stays as it is.

    Returns
    -------
    Exposure
    """
    if settings.get("noise") == "given":
        return exposure
    scale = noise_scale(exposure.image, exposure.variance, exposure.mask)
    log.info("%s: noise %.4f times that of the %s", exposure.path, scale, origin)
    exposure.variance *= np.float32(scale**2)
    exposure.noise_scale = scale
    return exposure


def _exposure(file, image, settings):
    """Return the exposure of an image that was read; its messages do not name the file."""
    camera = read_camera(file.header, settings, file.shape)
    words = described(camera) or "camera unknown"
    log.info("%s: unit %s; %s", file.path, camera.unit, words)
    unused = _unused_planes(file)
    wcs = _usable_wcs(file, settings.get("needs_wcs", True))
    log_remarks(file.path, [*camera.remarks, *unused])
    mask = DTYPE(0)
    if "MASK" in file.planes:
        mask = translated_mask(file.planes["MASK"].pixels, file.planes["MASK"].header)
    exposure = Exposure(
        path=file.path,
        image=image,
        variance=_given_variance(file.planes),
        mask=mask,
        wcs=wcs,
        header=file.header,
        unit=camera.unit,
        zero_point=camera.zero_point,
        camera=camera,
        assumed=(*_camera_words(camera), *camera.remarks, *unused),
    )
    if set(file.names) >= set(COADD):
        return rescaled(exposure, "variance plane", settings)
    background = _find_background(exposure, settings["background_mesh"])
    if exposure.variance is None:
        _measure_noise(exposure, background, settings["background_mesh"])
        exposure.image = exposure.image - background
        return exposure
    exposure.image = exposure.image - background
    return rescaled(exposure, "error plane", settings)


def _camera_words(camera):
    """Return unit and properties of a camera with their sources, one text each."""
    words = [f"{name.replace('_', ' ')} {text}" for name, text in described(camera).items()]
    return (f"unit {camera.unit or 'unknown'}", *words)


def _unused_planes(file):
    """Return remarks on HDUs of noise and mask that go with an image and are not used."""
    remarks = []
    uncertainty = str(file.planes["UNCERT"].header.get("UTYPE")) if "UNCERT" in file.planes else ""
    if uncertainty and _given_variance(file.planes) is None:
        remarks.append(
            f"the HDU UNCERT has UTYPE {uncertainty}, whose meaning is unknown, and is not used; "
            "the noise is measured"
        )
    endings = "the noise is measured", "allowed for bad pixels: NaN in the image, or an HDU MASK"
    for names, ending in zip((NOISE_PLANES, MASK_PLANES), endings, strict=True):
        unused = [name for name in file.names if name in names]
        if unused and not set(file.planes) & set(names):
            remarks.append(f"the HDU {', '.join(unused)} is not used; {ending}")
    return remarks


def _usable_wcs(file, needed):
    """Return the WCS of an image; None if it has none, or if a wrong one is not needed."""
    try:
        return celestial_wcs(file.header)
    except InputError as error:
        if needed and has_wcs(file.header):
            raise InputError(
                f"{error}; subtraction.registration sources matches the images without it"
            ) from None
        log.info("%s: %s", file.path, error)
        return None


def _given_variance(planes):
    """Return the variance that a file states in a plane; None if it states none."""
    if "VARIANCE" in planes:
        return planes["VARIANCE"].pixels.astype(np.float32)
    if "ERR" in planes:
        return np.square(planes["ERR"].pixels, dtype=np.float32)
    if "UNCERT" not in planes:
        return None
    # of astropy's CCDData, which says what its numbers are
    pixels, kind = planes["UNCERT"].pixels, planes["UNCERT"].header.get("UTYPE")
    kind = UTYPES.get(kind or "StdDevUncertainty")
    if kind == "variance":
        return pixels.astype(np.float32)
    if kind == "weight":
        return np.where(pixels > 0, 1 / np.maximum(pixels, 1e-30), 0).astype(np.float32)
    return np.square(pixels, dtype=np.float32) if kind == "error" else None


def _find_background(exposure, mesh):
    """Complete the mask of an exposure and return its background."""
    image = exposure.image
    exposure.mask = image_mask(image, exposure.camera.saturation) | exposure.mask
    zeros = np.mean(image == 0)
    if zeros >= 0.5:
        log.warning(
            "%s: %.0f %% of its pixels are 0 and are taken for sky; if they are not sky, set them "
            "to NaN or cut them off",
            exposure.path,
            100 * zeros,
        )
    image[(exposure.mask & bit_value("NO_DATA")) != 0] = np.nan
    if not np.isfinite(image).any():
        raise InputError("no pixel has a value")
    return smooth_background(np.where(exposure.mask == 0, image, np.nan), mesh)


def _measure_noise(exposure, background, mesh):
    """Set the variance of an exposure whose file has none."""
    noise = pixel_noise(exposure.image, background, exposure.mask, exposure.camera, mesh)
    log.info(
        "%s: background %.5g, noise %s; %d pixels masked",
        exposure.path,
        typical(background),
        noise.words,
        np.count_nonzero(exposure.mask),
    )
    exposure.assumed += (f"noise {noise.words}",)
    if exposure.camera.gain is None:
        exposure.assumed += ("gain unknown: the photon noise of bright sources is ignored",)
        log.warning(
            "%s: no gain in counts of its unit is known, so the photon noise of bright sources is "
            "ignored; exposures.gain sets it",
            exposure.path,
        )
    level, (least, most) = np.sqrt(typical(noise.variance)), NOISE_RANGE
    if not least < level < most:
        raise InputError(
            f"noise of {level:.3g} in its unit; allowed: {least:g} to {most:g}, in another unit"
        )
    exposure.variance = noise.variance
