"""Convolve an image to a wider PSF."""

import numpy as np

from redpix.core.backend import NUMPY
from redpix.image.fourier import transforms
from redpix.subtraction.noise_spectrum import squared_modulus


def matching_kernel(has, wants, least, xp):
    """Return the kernel that turns one PSF into another, in Fourier space.

    Parameters
    ----------
    has, wants : array of complex
        Transforms of the PSF of an image and of the PSF that is wanted.
    least : float
        Waves whose amplitude in the PSF is below it are not amplified further.
    xp : module
        Functions of the array API standard.

    Returns
    -------
    array of complex
    """
    return wants * xp.conj(has) / xp.clip(squared_modulus(has, xp), min=least**2)


def match_psf(image, psf, target, dtype=np.float32, workers=1, arrays=NUMPY, least=1e-3):
    """Return an image as it would be with another, wider PSF.

    Parameters
    ----------
    image : ndarray
        Background subtracted; NaN in invalid pixels.
    psf, target : ndarray
        PSF of the image and the PSF that is wanted: stamps of unit sum, centre in the middle.
    dtype, workers, arrays
        As in `redpix.subtraction.zogy.subtract`.
    least : float
        Waves whose amplitude in the PSF is below it are not amplified further, which would raise
        the noise.

    Returns
    -------
    ndarray
    """
    unknown = ~np.isfinite(image)
    plan = transforms(image.shape, max(*psf.shape, *target.shape), dtype, workers, arrays)
    xp = arrays.xp
    kernel = matching_kernel(plan.kernel(psf), plan.kernel(target), least, xp)
    matched = arrays.take(plan.filtered((kernel, plan.forward(np.where(unknown, 0, image)))))
    matched[unknown] = np.nan
    return matched
