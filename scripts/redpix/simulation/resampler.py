"""Shrink images and change their PSF in Fourier space."""

import galsim
import numpy as np

from redpix.core.exceptions import InputError

# subpixels per pixel along a side, in which the response to one pixel is sampled
_FINE = 4


class Resampler:
    """Shrink stamps and change their PSF.

    Parameters
    ----------
    factor : float
        Ratio of sizes in pixels, target to input.
    fwhm_in, fwhm_out : float
        FWHM of the Moffat PSFs of input and target, pixels.
    size : int
        Side of the stamps, pixels.

    Raises
    ------
    InputError
        If the PSF of the target is sharper than the shrunk PSF of the input.
    """

    def __init__(self, factor, fwhm_in, fwhm_out, size):
        if factor * fwhm_in > fwhm_out:
            raise InputError(
                f"a PSF of {fwhm_in:.2f} pixels becomes one of {factor * fwhm_in:.2f} at the new "
                f"redshift, sharper than {fwhm_out:.2f} is not possible; raise "
                "training_images.seeing"
            )
        self.factor, self.size = factor, size
        pixel = galsim.Pixel(1.0)
        before = galsim.Convolve(galsim.Moffat(beta=3.0, fwhm=fwhm_in), pixel).dilate(factor)
        after = galsim.Convolve(galsim.Moffat(beta=3.0, fwhm=fwhm_out), pixel)
        self.kernel = galsim.Convolve(galsim.Deconvolve(before), after)
        self.squared = self._squared_response()

    def flux(self, stamp):
        """Shrink a stamp and change its PSF; the sum does not change.

        Parameters
        ----------
        stamp : ndarray, shape (size, size)
            Image of the galaxy in a band.

        Returns
        -------
        ndarray, shape (size, size)
        """
        image = galsim.InterpolatedImage(galsim.ImageD(np.ascontiguousarray(stamp)), scale=1.0)
        return self._drawn(galsim.Convolve(image.dilate(self.factor), self.kernel))

    def variance(self, stamp):
        """Return the variance of the pixels of `flux` for independent pixels.

        Parameters
        ----------
        stamp : ndarray, shape (size, size)
            Variance of the input.

        Returns
        -------
        ndarray, shape (size, size)
        """
        image = galsim.InterpolatedImage(
            galsim.ImageD(np.ascontiguousarray(stamp)), scale=1.0, x_interpolant="linear"
        )
        spread = galsim.Convolve(image.dilate(self.factor), self.squared)
        return np.maximum(self._drawn(spread), 0)

    def _drawn(self, profile):
        """Return the stamp of a GalSim profile."""
        picture = galsim.ImageD(self.size, self.size)
        profile.drawImage(picture, scale=1.0, method="no_pixel")
        return picture.array

    def _squared_response(self):
        """Return the squared response to one pixel of unit flux, as a GalSim profile."""
        one = np.zeros((33, 33))
        one[16, 16] = 1.0
        image = galsim.InterpolatedImage(galsim.ImageD(one), scale=1.0).dilate(self.factor)
        side = 2 * (12 * _FINE) + 1
        fine = galsim.ImageD(side, side)
        response = galsim.Convolve(image, self.kernel)
        response.drawImage(fine, scale=1 / _FINE, method="sb")
        square = galsim.ImageD(fine.array**2)
        return galsim.InterpolatedImage(square, scale=1 / _FINE, normalization="sb")
