"""An exposure whose stars are measured, and forced photometry on it."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.homography import homography
from redpix.image.wcs import celestial_wcs, has_wcs
from redpix.photometry.forced_apertures import circle_sums
from redpix.photometry.light_curves import star_transform
from redpix.photometry.planes_file import read_calibrated, reason_left_out
from redpix.photometry.psf_fit import errors, fit
from redpix.photometry.quality import FLAGS
from redpix.photometry.scene import Placed, Scene
from redpix.psf.effective_psf import EffectivePsf
from redpix.psf.effective_psf_file import read_effective_psf
from redpix.psf.star_selection import UNUSABLE

#: least signal-to-noise ratio, and least number, of the stars that relate apertures to the PSF
BRIGHT, LEAST_STARS = 30.0, 3


class LoadedExposure(NamedTuple):
    """The pixels of an exposure with all that forced photometry needs.

    Attributes
    ----------
    scene : redpix.photometry.scene.Scene
    psf : redpix.psf.effective_psf.EffectivePsf
    correction : float
        Aperture correction, by which fitted fluxes are multiplied.
    header : astropy.io.fits.Header
        Header of the calibrated image.
    """

    scene: Scene
    psf: EffectivePsf
    correction: float
    header: fits.Header


class ForcedPhotometry(NamedTuple):
    """Fluxes of stars at given positions in an exposure.

    Attributes
    ----------
    flux, error : ndarray, shape (n,)
        Counts and their 1-sigma errors; NaN where the exposure does not show a star.
    header : mapping
        Header of the calibrated image.
    circles : mapping of float to (ndarray, ndarray)
        Light within circles and its error by the radius in pixels, counts; neighbours are not
        subtracted.
    """

    flux: np.ndarray
    error: np.ndarray
    header: fits.Header
    circles: dict = {}


class MeasuredExposure:
    """An image with its stars and its files.

    Parameters
    ----------
    image : str
        Name of the image.
    calibrated : str
        FITS file of the calibrated image.
    table : str
        CSV table of its stars.
    residual : str
        FITS file with RESIDUAL, SKY and PSF.
    """

    def __init__(self, image, calibrated, table, residual):
        self.image, self.calibrated, self.residual = image, calibrated, residual
        self.stars = pd.read_csv(table)

    @property
    def left_out(self):
        """Reason why the exposure cannot be used, or None."""
        reason = reason_left_out(self.residual)
        return reason or (None if len(self.stars) else "no star is measured")

    @property
    def header(self):
        """Header of the calibrated image."""
        return fits.getheader(self.calibrated)

    @property
    def fwhm(self):
        """Full width at half maximum of the PSF, pixels; NaN if unknown."""
        return float(fits.getheader(self.residual).get("FWHM", np.nan))

    @property
    def shape(self):
        """Number of rows and of columns."""
        header = fits.getheader(self.calibrated)
        return header["NAXIS2"], header["NAXIS1"]

    def matrix_to(self, other):
        """Return the homography to the pixels of another exposure by the WCS of both.

        Parameters
        ----------
        other : MeasuredExposure
            Exposure to whose pixels the homography leads.

        Returns
        -------
        ndarray, shape (3, 3), or None
            None if a WCS is missing, or unusable, which is logged.
        """
        headers = [one.header for one in (self, other)]
        if not all(map(has_wcs, headers)):
            return None
        try:
            own, others = map(celestial_wcs, headers)
            matrix = homography(own, others, self.shape)
        except (InputError, np.linalg.LinAlgError) as error:
            log.warning("%s, %s: matched without their WCS: %s", self.image, other.image, error)
            return None
        return matrix if np.isfinite(matrix).all() else None

    @property
    def zero_point(self):
        """Magnitude of a star of PSF flux 1; NaN if unknown.

        Where apertures have the magnitudes, the bright stars' ratio of both fluxes leads to it.
        """
        header = fits.getheader(self.residual)
        value = header.get("ZEROPT", np.nan)
        if header.get("FLUXCOL", "psf_flux") == "psf_flux" or not np.isfinite(value):
            return value
        return value - 2.5 * np.log10(aperture_ratio(self.stars))

    @property
    def positions(self):
        """0-based x and y of the stars, the brightest first, shape (n, 2)."""
        return self.stars[["centroid_x", "centroid_y"]].to_numpy(float)

    def load(self):
        """Return the exposure's pixels for forced photometry.

        Returns
        -------
        LoadedExposure
        """
        planes, header = read_calibrated(self.calibrated)
        residual, cards = read_calibrated(self.residual)
        hidden = (planes["MASK"] & UNUSABLE) != 0
        image = planes["SCI"].astype(float) + planes["BACKGROUND"] - residual["SKY"]
        noise = planes["ERR"].astype(float) * cards["NOISESCL"]
        # SKY is NaN in pixels that photometry left out, such as hot pixels
        hidden |= ~np.isfinite(image)
        scene = Scene(
            image=np.where(hidden, 0, image),
            variance=np.where(hidden, np.inf, noise**2),
            # the gain of a hidden pixel may be NaN
            gain=np.where(hidden, 1.0, planes["GAIN"]),
        )
        return LoadedExposure(scene, read_effective_psf(self.residual), cards["APCORR"], header)


def aperture_ratio(stars):
    """Return the aperture flux of bright stars over their PSF flux.

    Parameters
    ----------
    stars : pandas.DataFrame
        Table of the stars of an image.

    Returns
    -------
    float
        Median; NaN with fewer than `LEAST_STARS` bright stars that no mask or neighbour spoils.
    """
    spoilt = sum(FLAGS[name] for name in ("SATURATED", "MASKED", "EDGE", "BLENDED"))
    bright = stars["aperture_flux"] > BRIGHT * stars["aperture_flux_error"]
    good = stars[bright & (stars["flags"] & spoilt == 0) & (stars["psf_flux"] > 0)]
    if len(good) < LEAST_STARS:
        return float("nan")
    return float(np.median(good["aperture_flux"] / good["psf_flux"]))


def forced(exposure, reference, positions, radii=()):
    """Measure the fluxes of the reference's stars in an exposure at fixed positions.

    Parameters
    ----------
    exposure, reference : MeasuredExposure
        The exposure, and the exposure whose stars are measured.
    positions : ndarray, shape (2, n)
        0-based x and y of the reference's stars in the exposure.
    radii : sequence of float
        Radii of circles, pixels.

    Returns
    -------
    ForcedPhotometry
    """
    loaded = exposure.load()
    scene, psf = loaded.scene, loaded.psf
    x, y = positions
    ny, nx = scene.image.shape
    inside = (x > -0.5) & (x < nx - 0.5) & (y > -0.5) & (y < ny - 0.5)
    seen = np.zeros(len(x), bool)
    row, column = np.rint(y[inside]).astype(int), np.rint(x[inside]).astype(int)
    seen[inside] = np.isfinite(scene.variance[row, column])
    stars = Placed(x[seen], y[seen], reference.stars["psf_flux"].to_numpy(float)[seen])
    stars, model = fit(scene, psf, stars, 3, fixed=True)
    error = errors(scene, psf, stars, model, fixed=True).flux
    flux, sigma = np.full((2, len(x)), np.nan)
    flux[seen], sigma[seen] = stars.flux * loaded.correction, error * loaded.correction
    circles = {radius: np.full((2, len(x)), np.nan) for radius in radii}
    for radius, *made in zip(
        radii, *circle_sums(scene, model, stars.x, stars.y, radii), strict=True
    ):
        circles[radius][:, seen] = made
    return ForcedPhotometry(flux, sigma, loaded.header, circles)


def positions_in(exposure, reference):
    """Return the positions of the reference's stars in an exposure.

    Parameters
    ----------
    exposure, reference : MeasuredExposure
        The exposure, and the exposure whose stars are measured.

    Returns
    -------
    ndarray, shape (2, n)
        0-based x and y.

    Raises
    ------
    InputError
        If the two exposures show different skies.
    """
    if exposure is reference:
        return reference.positions.T
    matrix = reference.matrix_to(exposure)
    transform = star_transform(exposure.positions, reference.positions, reference.shape, matrix)
    return np.array(transform(*reference.positions.T))
