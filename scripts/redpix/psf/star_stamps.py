"""Pixels of the stars from which a PSF is made."""

from typing import NamedTuple

import numpy as np

#: relative error of the model in a pixel; keeps a few bright stars from dominating the fit
_MODEL_ERROR = 0.01

#: half-width of the stamps of stars, FWHM
STAMP = 3.0


class StarStamps(NamedTuple):
    """Pixels of PSF stars, without neighbours and sky.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        0-based positions of the stars.
    flux : ndarray, shape (n,)
        Counts.
    column, row : ndarray, shape (n,)
        Central pixels of the stamps, at most one pixel from the stars.
    value : ndarray, shape (n, side, side)
        Counts.
    variance : ndarray, shape (n, side, side)
        Variance of the empty sky, counts squared; infinite in masked pixels.
    gain : ndarray, shape (n, side, side)
        Electrons per count.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray
    column: np.ndarray
    row: np.ndarray
    value: np.ndarray
    variance: np.ndarray
    gain: np.ndarray

    @property
    def half(self):
        """Half-width of the stamps, pixels."""
        return self.value.shape[1] // 2

    def offsets(self):
        """Return the offsets in x and y of each pixel from its star.

        Returns
        -------
        dx, dy : ndarray, shape (n, side, side)
        """
        axis = np.arange(-self.half, self.half + 1)
        dx = axis[None, None, :] - (self.x - self.column)[:, None, None]
        dy = axis[None, :, None] - (self.y - self.row)[:, None, None]
        return np.broadcast_arrays(dx, dy)

    def of_psf(self, psf, derivatives=True):
        """Return the stamps of a PSF on the same pixels.

        Parameters
        ----------
        psf : redpix.psf.effective_psf.EffectivePsf
            PSF of the image.
        derivatives : bool
            Return the derivatives as well.

        Returns
        -------
        ndarray or list of ndarray, shape (n, side, side)
            As of `EffectivePsf.stamps`.
        """
        middle = self.column, self.row
        return psf.stamps(self.x, self.y, self.half, derivatives, middle)

    def take(self, rows):
        """Return some of the stars.

        Parameters
        ----------
        rows : ndarray of bool or of int
            Selected stars.

        Returns
        -------
        StarStamps
        """
        return StarStamps._make(column[rows] for column in self)

    def weights(self, model):
        """Return one over the variance of the pixels, given a model of the stars.

        Parameters
        ----------
        model : ndarray, shape (n, side, side)
            Counts.

        Returns
        -------
        ndarray, shape (n, side, side)
        """
        light = np.maximum(model, 0)
        return 1 / (self.variance + light / self.gain + (_MODEL_ERROR * light) ** 2)


def flattened(stack):
    """Return a stack of stamps as a stack of vectors.

    Parameters
    ----------
    stack : ndarray, shape (..., side, side)
        Stamps.

    Returns
    -------
    ndarray, shape (..., side * side)
    """
    return stack.reshape(*stack.shape[:-2], -1)
