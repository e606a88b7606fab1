"""The camera that takes training images; by default it resembles the survey's."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.sdss.camera import BAND_SEEING, CALIBRATION, SKY
from redpix.sdss.error_map import dark_variance, gain

# camera column and run of the survey that set the default gain and dark current
_CAMCOL, _RUN = 3, 3000
# default FWHM of the PSF in r, arcsec
_SEEING = 1.3


class SimulatedCamera(NamedTuple):
    """Camera that takes the training images.

    Attributes
    ----------
    bands : tuple of str
    size : int
        Side of the images, pixels.
    pixel_scale, pixel_scale_out : float
        arcsec per pixel, at z_in and at z_out.
    seeing : ndarray, shape (c,)
        FWHM of the PSF, arcsec.
    noise : ndarray, shape (c,)
        1-sigma noise of a sky pixel, nanomaggies.
    electron : ndarray, shape (c,)
        Flux of one electron, nanomaggies.
    """

    bands: tuple
    size: int
    pixel_scale: float
    pixel_scale_out: float
    seeing: np.ndarray
    noise: np.ndarray
    electron: np.ndarray


def make_camera(options, bands):
    """Return the camera of the options; missing values are those of the survey's camera.

    Parameters
    ----------
    options : dict
        Section ``training_images``: size, pixel_scale, pixel_scale_out, seeing, noise, electron.
    bands : sequence of str
        Names of the bands.

    Returns
    -------
    SimulatedCamera

    Raises
    ------
    InputError
        If a list does not have one value per band, or a band without default has no value.
    """
    values = {}
    for key in ("seeing", "noise", "electron"):
        given = options[key]
        if given is None:
            without_default = [band for band in bands if band not in BAND_SEEING]
            if without_default:
                raise InputError(
                    f"training_images.{key}: null with band {without_default[0]}; allowed: one "
                    "value per band, or null if all bands are of u, g, r, i, z"
                )
            given = [_survey(key, band) for band in bands]
        elif len(given) != len(bands):
            raise InputError(
                f"training_images.{key}: {len(given)} values for {len(bands)} bands; allowed: one "
                "per band"
            )
        values[key] = np.array(given, dtype=np.float32)
    out = options["pixel_scale_out"] or options["pixel_scale"]
    return SimulatedCamera(
        bands=tuple(bands),
        size=options["size"],
        pixel_scale=options["pixel_scale"],
        pixel_scale_out=out,
        **values,
    )


def _survey(key, band):
    """Return the survey's seeing (arcsec), sky noise or flux of an electron (nanomaggies)."""
    if key == "seeing":
        return _SEEING * BAND_SEEING[band]
    electrons_per_dn = gain(_CAMCOL, band, _RUN)
    unit = CALIBRATION[band]
    if key == "electron":
        return unit / electrons_per_dn
    dark = dark_variance(_CAMCOL, band, _RUN)
    return unit * np.sqrt(SKY[band] / electrons_per_dn + dark)
