"""Point spread functions that vary over an image, as PSFEx writes them."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

#: side of a PSF's stamp, pixels, as in resources/psfex/stars.psfex
STAMP = 41


class PsfModel(NamedTuple):
    """A stamp whose every pixel is a polynomial of the place in the image.

    Attributes
    ----------
    terms : ndarray, shape (n, ny, nx)
        Coefficients of 1, x, x^2, ..., y, xy, ... with x and y scaled as below.
    degree : int
    zero, scale : (float, float)
        Scaled coordinate = (1-based pixel coordinate - zero) / scale.
    fwhm : float
        Pixels.
    stars : int
        From which it was made.
    """

    terms: np.ndarray
    degree: int
    zero: tuple
    scale: tuple
    fwhm: float
    stars: int

    def at(self, x, y):
        """The stamp at a place (0-based), of unit sum, nothing cut off, its wings round."""
        x = (x + 1 - self.zero[0]) / self.scale[0]
        y = (y + 1 - self.zero[1]) / self.scale[1]
        powers = [x**i * y**j for j in range(self.degree + 1) for i in range(self.degree + 1 - j)]
        stamp = with_round_wings(np.tensordot(powers, self.terms, axes=1))
        return stamp / stamp.sum()


class MovedPsf(NamedTuple):
    """PSF of an image that was put onto other pixels.

    Attributes
    ----------
    psf : PsfModel
        Of the image before.
    place : callable
        ``place(x, y)``: where the new pixels lie in the image before.
    """

    psf: PsfModel
    place: object

    @property
    def fwhm(self):
        """Of the image before, pixels."""
        return self.psf.fwhm

    def at(self, x, y):
        """The stamp at a place (0-based) of the new pixels, of unit sum."""
        u, v = self.place(np.array([x, x + 1.0, x]), np.array([y, y, y + 1.0]))
        stamp = self.psf.at(u[0], v[0])
        # rows and columns: how far a step on the new pixels is on those before
        steps = np.array([[v[2] - v[0], v[1] - v[0]], [u[2] - u[0], u[1] - u[0]]])
        centre = np.array(stamp.shape) // 2
        moved = ndimage.affine_transform(stamp, steps, centre - steps @ centre, order=5)
        return moved / moved.sum()


def with_round_wings(stamp, start=1.7, end=2.7):
    """A stamp whose wings are their own azimuthal mean, where stars leave little but noise.

    Parameters
    ----------
    stamp : ndarray
        Centre in the middle.
    start, end : float
        Radii in FWHM between which the stamp goes over into its mean profile.
    """
    rows, columns = np.indices(stamp.shape)
    radius = np.hypot(rows - stamp.shape[0] // 2, columns - stamp.shape[1] // 2)
    ring = np.rint(radius).astype(int)
    count = np.bincount(ring.ravel())
    profile = np.bincount(ring.ravel(), stamp.ravel()) / count
    mean_radius = np.bincount(ring.ravel(), radius.ravel()) / count
    mean = np.interp(radius, mean_radius, profile)
    share = np.clip((radius / full_width(stamp) - start) / (end - start), 0, 1)
    return (1 - share) * stamp + share * mean


def full_width(stamp):
    """Full width at half maximum of a stamp, mean of its row and column through the middle."""
    middle = stamp.shape[0] // 2
    widths = []
    for profile in (stamp[middle], stamp[:, middle]):
        for side in (profile[middle:], profile[middle::-1]):
            below = int(np.argmax(side < stamp.max() / 2))
            high, low = side[below - 1], side[below]
            widths.append(below - 1 + (high - stamp.max() / 2) / (high - low))
    return 2 * float(np.mean(widths))


def moffat(fwhm, side, beta=3.0):
    """A round Moffat profile of unit sum, where no star tells more."""
    axis = np.arange(side) - side // 2
    radius2 = axis[:, None] ** 2 + axis[None, :] ** 2
    core2 = (fwhm / 2) ** 2 / (2 ** (1 / beta) - 1)
    stamp = (1 + radius2 / core2) ** -beta
    return stamp / stamp.sum()
