"""An image with its noise, and the stars in it."""

from typing import NamedTuple

import numpy as np


class Scene(NamedTuple):
    """An image with its noise.

    Attributes
    ----------
    image : ndarray, shape (ny, nx)
        Counts, sky subtracted.
    variance : ndarray, shape (ny, nx)
        Variance of the empty sky, counts squared; infinite in pixels that are left out.
    gain : ndarray, shape (ny, nx)
        Electrons per count.
    """

    image: np.ndarray
    variance: np.ndarray
    gain: np.ndarray

    @property
    def noise(self):
        """Median standard deviation of the empty sky, counts."""
        # a million pixels are enough
        some = self.variance.ravel()[:: 1 + self.variance.size // 1_000_000]
        some = some if np.isfinite(some).any() else self.variance
        return float(np.sqrt(np.median(some[np.isfinite(some)])))

    def seen(self, pixels):
        """Return some pixels of the scene.

        Parameters
        ----------
        pixels : ndarray of int, shape (m,)
            Flat indices.

        Returns
        -------
        Scene
            Planes of shape (m,).
        """
        return Scene._make(plane.ravel()[pixels] for plane in self)

    def weight(self, model):
        """Return one over the variance of the pixels, given a model of the stars.

        Parameters
        ----------
        model : ndarray
            Counts, of the shape of the scene.

        Returns
        -------
        ndarray
        """
        return 1 / (self.variance + np.maximum(model, 0) / self.gain)


class Placed(NamedTuple):
    """Positions and fluxes of stars.

    Attributes
    ----------
    x, y : ndarray, shape (n,)
        0-based positions, pixels.
    flux : ndarray, shape (n,)
        Counts.
    """

    x: np.ndarray
    y: np.ndarray
    flux: np.ndarray

    def take(self, rows):
        """Return some of the stars.

        Parameters
        ----------
        rows : ndarray of bool or of int, or slice
            Selected stars.

        Returns
        -------
        Placed
        """
        return Placed._make(column[rows] for column in self)

    def join(self, other):
        """Return these stars and others.

        Parameters
        ----------
        other : Placed
            Further stars.

        Returns
        -------
        Placed
        """
        return Placed._make(np.concatenate(pair) for pair in zip(self, other, strict=True))


class Errors(NamedTuple):
    """1-sigma errors of fitted stars.

    Attributes
    ----------
    flux : ndarray, shape (n,)
        Counts.
    x, y : ndarray, shape (n,)
        Pixels; NaN if positions were fixed.
    """

    flux: np.ndarray
    x: np.ndarray
    y: np.ndarray


def hide_pixels(image, error, gain, hidden):
    """Return the scene of an image in which some pixels are left out.

    Parameters
    ----------
    image, error, gain : ndarray, shape (ny, nx)
        Counts, its standard deviation, and electrons per count.
    hidden : ndarray of bool, shape (ny, nx)
        Pixels that are left out.

    Returns
    -------
    Scene
        Planes of type float32, which is precise enough and faster.
    """
    return Scene(
        image=np.where(hidden, 0.0, image).astype(np.float32),
        variance=np.where(hidden, np.inf, np.square(error)).astype(np.float32),
        # the gain of a hidden pixel may be NaN
        gain=np.where(hidden, 1, gain).astype(np.float32),
    )
