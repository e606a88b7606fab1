"""Fill rejected pixels as an image with the PSF of its own shows the sky.

The mean of the other images has another PSF where the seeing varies. In a star it would change the
flux that is measured with the PSF of the coadd.
"""

import numpy as np

from redpix.core.backend import NUMPY
from redpix.image.fourier import transforms
from redpix.subtraction.noise_spectrum import squared_modulus

#: waves whose amplitude in the PSF of the coadd is below it are not amplified further
LEAST = 1e-3


def seeing_corrections(epochs, made, rejected):
    """Return what the mean of the other images lacks in rejected pixels, in units of flux.

    Parameters
    ----------
    epochs : sequence of redpix.subtraction.epoch.Epoch
        Images with noise and PSF; NaN in invalid pixels.
    made : redpix.coaddition.proper.Coadd
        Their proper coadd, as a model of the sky.
    rejected : sequence of ndarray of bool
        Invalid pixels of each image to correct.

    Returns
    -------
    list of ndarray
        0 in pixels that are not corrected.
    """
    sky = np.nan_to_num(made.C / made.F_C)
    reach = max(max(epoch.psf.shape) for epoch in epochs) + max(made.P_C.shape)
    plan = transforms(sky.shape, reach, np.float32, 1, NUMPY)
    has = plan.kernel(made.P_C)
    deconvolved = plan.forward(sky) * has.conj() / np.maximum(squared_modulus(has, np), LEAST**2)
    models = [plan.filtered((plan.kernel(e.psf / np.sum(e.psf)), deconvolved)) for e in epochs]
    weights = [np.isfinite(e.image) * (e.flux / e.noise) ** 2 for e in epochs]
    total = sum(weights)
    mean = sum(weight * model for weight, model in zip(weights, models, strict=True))
    mean = np.divide(mean, total, out=np.zeros_like(mean), where=total > 0)
    return [
        np.where(plane & (total > 0), model - mean, 0)
        for plane, model in zip(rejected, models, strict=True)
    ]
