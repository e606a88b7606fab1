"""Point spread functions that vary over an image, as PSFEx writes them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from redpix.image.pixel_areas import within_pixel

#: side of the stamp of a PSF, pixels, as in resources/psfex/stars.psfex
STAMP = 41


class PsfModel(NamedTuple):
    """A stamp whose pixels are polynomials of the position in the image.

    Attributes
    ----------
    terms : ndarray, shape (n, ny, nx)
        Coefficients of 1, x, x^2, ..., y, xy, ... with scaled x and y.
    degree : int
        Degree of the polynomials.
    zero, scale : (float, float)
        Scaled coordinate = (1-based pixel coordinate - zero) / scale.
    fwhm : float
        Pixels.
    stars : int
        Number of stars from which the PSF was made; 0 if it was not measured.
    engine : {"psfex", "effective", "moffat", "given"}
        What made it. Noisy wings of PSFEx are replaced by their azimuthal mean.
    held_out : float
        Median reduced chi-squared of stars that were held out; NaN if it was not measured.
    wings : bool
        Whether the wings are those of the stars (`redpix.psf.wings`).
    fine : redpix.psf.effective_psf.EffectivePsf or None
        The PSF on a grid finer than the pixels, if it was made on one.
    wing_error : float
        Error of its light by that of the wings, relative; 0 if it is not known.
    """

    terms: np.ndarray
    degree: int
    zero: tuple
    scale: tuple
    fwhm: float
    stars: int
    engine: str = "psfex"
    held_out: float = float("nan")
    wings: bool = False
    fine: object = None
    wing_error: float = 0.0

    @property
    def words(self):
        """Engine, degree and number of stars in words, for headers and reports."""
        return f"{self.engine}, degree {self.degree}, {self.stars} stars"

    def at(self, x, y):
        """Return the stamp at a position, of unit sum.

        Parameters
        ----------
        x, y : float
            0-based position, pixels.

        Returns
        -------
        ndarray, shape (ny, nx)
        """
        x = (x + 1 - self.zero[0]) / self.scale[0]
        y = (y + 1 - self.zero[1]) / self.scale[1]
        powers = [x**i * y**j for j in range(self.degree + 1) for i in range(self.degree + 1 - j)]
        stamp = np.tensordot(powers, self.terms, axes=1)
        round_wings = self.engine == "psfex" and not self.wings
        stamp = with_round_wings(stamp) if round_wings else stamp
        return stamp / stamp.sum()


class MovedPsf(NamedTuple):
    """PSF of a resampled image.

    Attributes
    ----------
    psf : PsfModel
        PSF of the original image.
    transform : callable
        ``transform(x, y)`` from 0-based positions in the resampled image to those in the original.
    """

    psf: PsfModel
    transform: object

    @property
    def fwhm(self):
        """FWHM in the original image, pixels."""
        return self.psf.fwhm

    @property
    def words(self):
        """The words of the original PSF."""
        return self.psf.words

    @property
    def wing_error(self):
        """Error of its light by that of the wings, relative."""
        return self.psf.wing_error

    def at(self, x, y):
        """Return the stamp at a position of the resampled image, of unit sum.

        Parameters
        ----------
        x, y : float
            0-based position in the resampled image, pixels.

        Returns
        -------
        ndarray, shape (ny, nx)
        """
        u, v = self.transform(np.array([x, x + 1.0, x]), np.array([y, y, y + 1.0]))
        stamp = self.psf.at(u[0], v[0])
        # steps on the original pixels, in rows and columns, of one step on the resampled pixels
        steps = np.array([[v[2] - v[0], v[1] - v[0]], [u[2] - u[0], u[1] - u[0]]])
        centre = np.array(stamp.shape) // 2
        # a finer image is averaged over the pixels
        parts = [
            ndimage.affine_transform(stamp, steps, centre + offset - steps @ centre, order=5)
            for offset in within_pixel(steps)
        ]
        moved = np.sum(parts, axis=0)
        return moved / moved.sum()


def with_round_wings(stamp, start=1.7, end=2.7):
    """Return a stamp whose noisy wings are replaced by their azimuthal mean.

    Parameters
    ----------
    stamp : ndarray, shape (ny, nx)
        PSF centred on the middle pixel.
    start, end : float
        Radii in FWHM between which the stamp passes over into its mean profile.

    Returns
    -------
    ndarray, shape (ny, nx)
    """
    radius, ring, count, mean_radius = _rings(stamp.shape)
    profile = np.bincount(ring, stamp.ravel()) / count
    mean = np.interp(radius, mean_radius, profile)
    share = np.clip((radius / full_width(stamp) - start) / (end - start), 0, 1)
    return (1 - share) * stamp + share * mean


@lru_cache(4)
def _rings(shape):
    """Return the radius of each pixel, its ring, and the size and mean radius of each ring."""
    rows, columns = np.indices(shape)
    radius = np.hypot(rows - shape[0] // 2, columns - shape[1] // 2)
    ring = np.rint(radius).astype(int).ravel()
    count = np.bincount(ring)
    return radius, ring, count, np.bincount(ring, radius.ravel()) / count


def full_width(stamp):
    """Return the FWHM of a stamp: the mean along its middle row and its middle column.

    Parameters
    ----------
    stamp : ndarray, shape (side, side)
        PSF centred on the middle pixel.

    Returns
    -------
    float
        Pixels; of a ring, as of a defocused star, the width of its outer edge.
    """
    middle, half = stamp.shape[0] // 2, stamp.max() / 2
    sides = [
        side
        for profile in (stamp[middle], stamp[:, middle])
        for side in (profile[middle:], profile[middle::-1])
    ]
    return 2 * float(np.mean([_reach(side, half) for side in sides]))


def _reach(profile, level):
    """Return the distance from the first pixel at which a profile falls below a level, pixels."""
    profile = np.append(profile, 0.0)  # the stamp ends
    bright = profile >= level
    if not bright.any():
        return 0.0
    # of a ring, the last bright pixel; wings as bright as the core do not occur
    last = int(np.argmin(bright)) - 1 if bright[0] else int(np.flatnonzero(bright)[-1])
    high, low = profile[last], profile[last + 1]
    return last + (high - level) / (high - low)
