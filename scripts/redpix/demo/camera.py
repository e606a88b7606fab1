"""The telescope and the camera of the demo: WCS, PSF, sky, noise and readout.

Electrons follow a Poisson distribution; dark current and read noise are Gaussian; counts are whole
numbers. As in the survey's pipeline, saturated pixels and cosmic-ray hits are interpolated along
rows and marked in masks. Images are [y, x], pixel coordinates 0-based.
"""

from typing import NamedTuple

import numpy as np
from astropy.wcs import WCS
from scipy import ndimage

from redpix.demo import fields
from redpix.demo.readout import cosmic_ray_hits, interpolate_rows, read_out, shorten
from redpix.sdss import camera, error_map
from redpix.sdss.camera import CALIBRATION, FULL_WELL, SKY
from redpix.simulation.rendering import Psf

# amplitude of the sky's variation across a field, DN
_SKY_STRUCTURE = {"u": 0.15, "g": 0.25, "r": 0.6, "i": 0.9, "z": 0.5}

# cosmic-ray hits per pixel of an exposure: 60 per frame
_COSMIC_RAYS = 2e-5


class DemoExposure(NamedTuple):
    """Contents of a frame file and of its mask file.

    Attributes
    ----------
    image : ndarray, shape (ny, nx), float32
        Nanomaggies, sky subtracted.
    calibration : ndarray, shape (nx,), float32
        Nanomaggies per DN.
    allsky : ndarray, shape (192, 256), float32
        Coarse sky, DN.
    xinterp : ndarray, shape (nx,), float32
        Columns in `allsky`, 0-based.
    yinterp : ndarray, shape (ny,), float32
        Rows in `allsky`, 0-based.
    saturated, cosmic_rays : ndarray of bool, shape (ny, nx)
        Pixels that are interpolated.
    """

    image: np.ndarray
    calibration: np.ndarray
    allsky: np.ndarray
    xinterp: np.ndarray
    yinterp: np.ndarray
    saturated: np.ndarray
    cosmic_rays: np.ndarray


def band_wcs(field, band):
    """Return the TAN WCS (ICRS) of a field in a band.

    Parameters
    ----------
    field : redpix.demo.fields.DemoField
        Field of the demo.
    band : str
        Name of the band.

    Returns
    -------
    astropy.wcs.WCS
        CRPIX is that of the survey: 1025, 745 (1-based). CRVAL differs between bands by a few
        pixels, the band's offset.
    """
    ny, nx = fields.SHAPE
    reference = _tangent_wcs(field, "r", (nx / 2 + 1, (ny + 1) / 2), field.ra, field.dec)
    if band == "r":
        return reference
    # CRVAL is the position that r has at this offset from its reference pixel
    dx, dy = fields.BAND_OFFSET[band]
    x, y = reference.wcs.crpix - 1
    ra, dec = reference.all_pix2world(x - dx, y - dy, 0)
    return _tangent_wcs(field, band, reference.wcs.crpix, float(ra), float(dec))


def _tangent_wcs(field, band, reference_pixel, ra, dec):
    """Return a TAN WCS with the rotation of a band."""
    angle = np.deg2rad(field.angle + fields.BAND_ROTATION[band] / 3600)
    sin, cos = np.sin(angle), np.cos(angle)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.crpix = reference_pixel
    wcs.wcs.crval = [ra, dec]
    # the column number increases along the angle, the row number at a right angle to it
    wcs.wcs.cd = np.array([[sin, cos], [cos, -sin]]) * np.array(fields.PIXEL_SCALE) / 3600
    wcs.wcs.set()
    return wcs


def band_psf(field, band):
    """Return the PSF of a field in a band; it is constant across the field.

    Parameters
    ----------
    field : redpix.demo.fields.DemoField
        Field of the demo.
    band : str
        Name of the band.

    Returns
    -------
    redpix.simulation.rendering.Psf
    """
    return Psf(
        fwhm=field.seeing * camera.BAND_SEEING[band],
        beta=3.0,
        axis_ratio=0.97,
        position_angle=field.angle + 20.0,
    )


def interpolation_axes(shape):
    """Return the positions of an image's columns and rows in its sky table, as in real frames.

    Parameters
    ----------
    shape : (int, int)
        (ny, nx).

    Returns
    -------
    xinterp : ndarray, shape (nx,), float32
        (i - 3.5) / 8: for 2048 columns it extends beyond the 256 columns of the table.
    yinterp : ndarray, shape (ny,), float32
        (j + 4.5) / 8.
    """
    ny, nx = shape
    columns, rows = np.arange(nx), np.arange(ny)
    return ((columns - 3.5) / 8).astype(np.float32), ((rows + 4.5) / 8).astype(np.float32)


def sky_level(field, band):
    """Return the mean sky of a field in DN.

    Parameters
    ----------
    field : redpix.demo.fields.DemoField
        Field of the demo.
    band : str
        Name of the band.

    Returns
    -------
    float
    """
    return SKY[band] * field.sky * field.transparency


def sky_noise(field, band):
    """Return the 1-sigma noise of a pixel of blank sky in nanomaggies.

    Parameters
    ----------
    field : redpix.demo.fields.DemoField
        Field of the demo.
    band : str
        Name of the band.

    Returns
    -------
    float
    """
    gain = error_map.gain(field.camcol, band, field.run)
    dark_variance = error_map.dark_variance(field.camcol, band, field.run)
    counts = np.sqrt(sky_level(field, band) / gain + dark_variance)
    return counts * CALIBRATION[band] / field.transparency


def sky_table(rng, level, structure):
    """Draw the sky on the survey's coarse table: a level with smooth variations, in DN.

    As in real frames it is the sum of a variation along the rows and one along the columns. The
    sky brightness changes during the scan; scattered light changes across the CCD.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    level : float
        Mean, DN.
    structure : float
        Approximate difference of the brightest and the faintest point, DN.

    Returns
    -------
    ndarray, shape (192, 256), float32
    """
    runs = []
    for length in (192, 256):
        t = np.linspace(-1, 1, length)
        waves = [
            amplitude * np.sin(np.pi * (periods * t + rng.uniform(0, 2)))
            for periods, amplitude in ((1, 0.5), (2, 0.3), (5, 0.1), (11, 0.05))
        ]
        run = rng.choice([-1, 1]) * 0.5 * t + sum(waves)
        runs.append((run - run.mean()) / np.ptp(run))
    table = level + structure / 2 * (runs[0][:, None] + runs[1][None, :])
    return table.astype(np.float32)


def calibration_vector(rng, value, columns):
    """Draw the calibration vector, which varies by a few per mille.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    value : float
        Mean, nanomaggies per DN.
    columns : int
        Number of columns.

    Returns
    -------
    ndarray, shape (columns,), float32
        Nanomaggies per DN of each column.
    """
    t = np.linspace(-1, 1, columns)
    wave = 0.003 * np.sin(np.pi * (t + rng.uniform(0, 2))) + 0.002 * t**8
    return (value * (1 + wave + rng.normal(0, 1e-4, columns))).astype(np.float32)


def expose(rng, flux, field, band):
    """Simulate an exposure.

    Parameters
    ----------
    rng : numpy.random.Generator
        Random numbers.
    flux : ndarray, shape (ny, nx)
        Light of the sources, nanomaggies per pixel.
    field : redpix.demo.fields.DemoField
        Field; it sets sky, transparency, gain and dark variance.
    band : str
        Name of the band.

    Returns
    -------
    DemoExposure
    """
    allsky = sky_table(rng, sky_level(field, band), _SKY_STRUCTURE[band])
    calibration = calibration_vector(rng, CALIBRATION[band] / field.transparency, flux.shape[1])
    xinterp, yinterp = interpolation_axes(flux.shape)
    sky = error_map.sky_image(allsky, xinterp, yinterp)
    gain = error_map.gain(field.camcol, band, field.run)
    dark_variance = error_map.dark_variance(field.camcol, band, field.run)
    counts = read_out(rng, sky + flux / calibration, gain, dark_variance)

    saturated = ndimage.binary_dilation(
        counts >= FULL_WELL,
        structure=np.ones((5, 3), bool),  # charge bleeds along columns
    )
    cosmic_rays = cosmic_ray_hits(rng, flux.shape, rng.poisson(_COSMIC_RAYS * flux.size))
    counts = interpolate_rows(counts, saturated | cosmic_rays)
    image = shorten((counts - sky) * calibration)
    return DemoExposure(image, calibration, allsky, xinterp, yinterp, saturated, cosmic_rays)
