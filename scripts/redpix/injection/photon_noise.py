"""Electrons per unit of flux of an image, from its error map or its gain, for photon noise."""

from typing import NamedTuple

import numpy as np

#: ratio of a pixel's flux to its error from which its variance shows photon noise
BRIGHT = 10.0

#: number of bright pixels that the electrons are measured from
FEWEST = 50

#: largest scatter of the variance per flux, relative to its median, of an error map that follows
#: the flux
MOST_SCATTER = 0.5


class PhotonNoise(NamedTuple):
    """Photon noise of the light of sources.

    Attributes
    ----------
    electrons : float or None
        Electrons per unit of flux; None if they are unknown.
    in_errors : bool
        Whether the error map holds the photon noise of sources.
    words : str
        Origin, for the log.
    """

    electrons: float | None
    in_errors: bool
    words: str


def photon_noise(image, error, mask, gain):
    """Return the electrons per unit of flux of an image.

    If the error map includes the photon noise of sources, the variance of a bright pixel exceeds
    that of the sky by its flux divided by the electrons per unit of flux.

    Parameters
    ----------
    image, error : ndarray, shape (ny, nx)
        Flux per pixel without the sky, and its 1-sigma error.
    mask : ndarray of int, shape (ny, nx)
        Pixels with any bit are ignored.
    gain : float or None
        Electrons per unit of flux by the table or the header.

    Returns
    -------
    PhotonNoise
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        valid = (mask == 0) & (error > 0) & np.isfinite(image)
        depth = np.where(valid, image / error, np.nan)
        faint, bright = abs(depth) < 2, depth > BRIGHT
    if faint.any() and np.count_nonzero(bright) >= FEWEST:
        excess = np.square(error[bright], dtype=float) - np.median(np.square(error[faint]))
        slope = excess / image[bright]
        middle = np.median(slope)
        if middle > 0 and np.median(abs(slope - middle)) < MOST_SCATTER * middle:
            words = f"{1 / middle:.4g} electrons per nanomaggy, from the error map"
            return PhotonNoise(float(1 / middle), True, words)
    if gain is not None:
        words = f"{gain:.4g} electrons per nanomaggy, from the gain; not in the error map"
        return PhotonNoise(gain, False, words)
    return PhotonNoise(None, False, "unknown: no gain, and an error map that ignores it")
