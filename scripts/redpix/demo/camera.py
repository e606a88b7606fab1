"""The demo's telescope and camera: where sources fall, what the CCD makes of them.

Electrons are Poisson, dark current and readout Gaussian, counts whole numbers. Saturated cores
and cosmic-ray hits are interpolated along rows as the survey's pipeline does, and remembered in
masks. Images are [y, x], pixel coordinates 0-based.
"""

from typing import NamedTuple

import numpy as np
from astropy.wcs import WCS
from scipy import ndimage

from redpix.demo import fields
from redpix.sdss import camera, error_map
from redpix.sdss.camera import CALIBRATION, FULL_WELL, SKY
from redpix.simulation.rendering import Psf

# extent of the sky's structure over a field, DN
_SKY_STRUCTURE = {"u": 0.15, "g": 0.25, "r": 0.6, "i": 0.9, "z": 0.5}

# hits per pixel of an exposure: 60 a frame
_COSMIC_RAYS = 2e-5


class Exposure(NamedTuple):
    """What a frame file holds, and what its mask file does."""

    image: np.ndarray  # (ny, nx) float32, nanomaggies, sky subtracted
    calibration: np.ndarray  # (nx,) float32, nanomaggies per DN
    allsky: np.ndarray  # (192, 256) float32, DN
    xinterp: np.ndarray  # (nx,) float32, 0-based columns in allsky
    yinterp: np.ndarray  # (ny,) float32, 0-based rows in allsky
    saturated: np.ndarray  # (ny, nx) bool
    cosmic_rays: np.ndarray  # (ny, nx) bool; these and the saturated are interpolated


def band_wcs(field, band):
    """TAN WCS of a band of a field, ICRS.

    Parameters
    ----------
    field : redpix.demo.fields.DemoField
    band : str

    Returns
    -------
    astropy.wcs.WCS
        CRPIX is the survey's 1025, 745 (1-based). All bands meet the sky at the same CRVAL but
        for the band's offset, so that columns and rows differ by a few pixels between bands.
    """
    ny, nx = fields.SHAPE
    reference = _tangent_wcs(field, "r", (nx / 2 + 1, (ny + 1) / 2), field.ra, field.dec)
    if band == "r":
        return reference
    # the sky that this band sees at its reference pixel is what r sees some pixels off
    dx, dy = fields.BAND_OFFSET[band]
    x, y = reference.wcs.crpix - 1
    ra, dec = reference.all_pix2world(x - dx, y - dy, 0)
    return _tangent_wcs(field, band, reference.wcs.crpix, float(ra), float(dec))


def _tangent_wcs(field, band, reference_pixel, ra, dec):
    angle = np.deg2rad(field.angle + fields.BAND_ROTATION[band] / 3600)
    sin, cos = np.sin(angle), np.cos(angle)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.radesys = "ICRS"
    wcs.wcs.crpix = reference_pixel
    wcs.wcs.crval = [ra, dec]
    # columns count along the angle, rows a right angle further on
    wcs.wcs.cd = np.array([[sin, cos], [cos, -sin]]) * np.array(fields.PIXEL_SCALE) / 3600
    wcs.wcs.set()
    return wcs


def band_psf(field, band):
    """Point spread function of a band of a field; constant across it."""
    return Psf(
        fwhm=field.seeing * camera.BAND_SEEING[band],
        beta=3.0,
        axis_ratio=0.97,
        position_angle=field.angle + 20.0,
    )


def interpolation_axes(shape):
    """Places of an image's columns and rows in its sky table, as on real frames.

    Returns
    -------
    xinterp : ndarray, shape (nx,), float32
        (i - 3.5) / 8: for 2048 columns it leaves the 256 of the table at both ends.
    yinterp : ndarray, shape (ny,), float32
        (j + 4.5) / 8.
    """
    ny, nx = shape
    columns, rows = np.arange(nx), np.arange(ny)
    return ((columns - 3.5) / 8).astype(np.float32), ((rows + 4.5) / 8).astype(np.float32)


def sky_level(field, band):
    """Mean sky of a field in DN."""
    return SKY[band] * field.sky * field.transparency


def sky_noise(field, band):
    """1-sigma noise of a pixel of blank sky, nanomaggies."""
    gain = error_map.gain(field.camcol, band, field.run)
    dark_variance = error_map.dark_variance(field.camcol, band, field.run)
    counts = np.sqrt(sky_level(field, band) / gain + dark_variance)
    return counts * CALIBRATION[band] / field.transparency


def sky_table(rng, level, structure):
    """Sky in DN on the survey's coarse table: a level and gentle structure on it.

    As on real frames it is the sum of a run along the rows and one along the columns: the sky
    changes while the scan goes on, the CCD's flat field and scattered light across it.

    Parameters
    ----------
    rng : numpy.random.Generator
    level : float
        Mean, DN.
    structure : float
        From the faintest to the brightest point, about, DN.

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
    """Nanomaggies per DN of each column: the flat field's last per mille, float32."""
    t = np.linspace(-1, 1, columns)
    wave = 0.003 * np.sin(np.pi * (t + rng.uniform(0, 2))) + 0.002 * t**8
    return (value * (1 + wave + rng.normal(0, 1e-4, columns))).astype(np.float32)


def expose(rng, flux, field, band):
    """Take a picture.

    Parameters
    ----------
    rng : numpy.random.Generator
    flux : ndarray, shape (ny, nx)
        Light of the sources, nanomaggies in each pixel.
    field : redpix.demo.fields.DemoField
        Sets sky, transparency, gain and dark variance.
    band : str

    Returns
    -------
    Exposure
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
    return Exposure(image, calibration, allsky, xinterp, yinterp, saturated, cosmic_rays)


def read_out(rng, mean_counts, gain, dark_variance):
    """Counts of one readout, whole numbers in float64.

    Parameters
    ----------
    rng : numpy.random.Generator
    mean_counts : ndarray
        Light expected in each pixel, DN.
    gain : float
        Electrons per DN.
    dark_variance : float
        DN^2, everything that is not photon noise: the rounding's 1/12 is part of it.
    """
    # FFT-drawn light may be negative by 1e-5 of a peak; the sky lifts it above zero
    electrons = rng.poisson(np.maximum(mean_counts * gain, 0))
    noise = rng.standard_normal(mean_counts.shape, dtype=np.float32)
    return np.rint(electrons / gain + noise * np.sqrt(dark_variance - 1 / 12))


def cosmic_ray_hits(rng, shape, number):
    """Mask of `number` short straight tracks, (ny, nx) bool."""
    mask = np.zeros(shape, dtype=bool)
    for _ in range(number):
        x, y = rng.uniform(0, shape[1]), rng.uniform(0, shape[0])
        angle, length = rng.uniform(0, np.pi), 1 + rng.exponential(2.0)
        steps = np.arange(0, length, 0.5)
        columns = (x + steps * np.cos(angle)).astype(int)
        rows = (y + steps * np.sin(angle)).astype(int)
        inside = (columns >= 0) & (columns < shape[1]) & (rows < shape[0])
        mask[rows[inside], columns[inside]] = True
    return mask


def interpolate_rows(counts, bad):
    """Replace bad pixels by a straight line between the good ones beside them in the row.

    Parameters
    ----------
    counts : ndarray, shape (ny, nx)
    bad : ndarray, shape (ny, nx), bool
        A row must not be bad from end to end.

    Returns
    -------
    ndarray, shape (ny, nx)
        Whole numbers where replaced.
    """
    repaired = counts.copy()
    columns = np.arange(counts.shape[1])
    for row in np.flatnonzero(bad.any(axis=1)):
        holes = bad[row]
        line = np.interp(columns[holes], columns[~holes], counts[row, ~holes])
        repaired[row, holes] = np.rint(line)
    return repaired


def shorten(image):
    """Round float32 values to 10 binary digits, as many as real frames have; they pack to a third.

    The relative error is at most 2^-10, so that counts within 30 DN of the sky stay whole numbers
    to 0.003 DN rms.
    """
    bits = np.ascontiguousarray(image, dtype=np.float32).view(np.uint32)
    dropped = 14  # of 23 stored digits; the leading one is not stored
    rounded = (bits + np.uint32(1 << (dropped - 1))) >> np.uint32(dropped) << np.uint32(dropped)
    return rounded.view(np.float32)
