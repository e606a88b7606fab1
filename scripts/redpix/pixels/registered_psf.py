"""The PSF of a registered image from that of its frame and the kernel of the engine."""

import numpy as np
from scipy import fft, ndimage

from redpix.image.pixel_areas import matrices
from redpix.image.pixel_map import pixels_of_sky, sky_of_pixels

#: steps per grid pixel at which a PSF is drawn
_FINE = 4


def stamp_blur(kernel, half):
    """Return what a kernel does to a stamp, for `registered_stamp`.

    Parameters
    ----------
    kernel : redpix.pixels.engine_kernel.EngineKernel
        Kernel of the engine that resampled the frame.
    half : int
        Half-width of the stamp, pixels.

    Returns
    -------
    ndarray of complex
        Fourier transform of the kernel at the frequencies of the finely drawn stamp.
    """
    size = _fine_size(half)
    return kernel.transfer(fft.rfftfreq(size, 1 / _FINE), fft.fftfreq(size, 1 / _FINE))


def _fine_size(half):
    """Return the side of the finely drawn stamp with an empty rim, steps."""
    return fft.next_fast_len(2 * half * _FINE + 1 + 8 * _FINE, real=True)


def registered_stamp(model, x, y, grid_wcs, wcs, blur, half):
    """Return the PSF of a registered image at a position.

    Parameters
    ----------
    model : redpix.psf.psf_model.PsfModel
        PSF of the frame.
    x, y : float
        0-based position on the grid.
    grid_wcs, wcs : astropy.wcs.WCS
        WCS of the grid and of the frame.
    blur : ndarray of complex
        Result of `stamp_blur` for this half-width; it is the same at all positions.
    half : int
        Half-width of the stamp, pixels.

    Returns
    -------
    ndarray, shape (2 half + 1, 2 half + 1)
        Of unit sum.
    """

    def on_frame(x, y):
        """Return the frame's columns and rows of positions on the grid."""
        return pixels_of_sky(wcs, sky_of_pixels(grid_wcs, x, y))

    x, y = np.array([x]), np.array([y])
    # steps of the frame's rows and columns along x and along y of the grid
    jacobian = matrices(on_frame, x, y)[0][::-1]
    (u,), (v,) = on_frame(x, y)
    stamp = model.at(u, v)
    steps = np.arange(-half * _FINE, half * _FINE + 1) / _FINE
    dx, dy = np.meshgrid(steps, steps)
    places = [
        along_x * dx + along_y * dy + side // 2
        for (along_x, along_y), side in zip(jacobian, stamp.shape, strict=True)
    ]
    fine = ndimage.map_coordinates(stamp, places, order=5)
    size = _fine_size(half)
    fine = fft.irfft2(fft.rfft2(fine, s=(size, size)) * blur, s=(size, size))
    made = fine[: len(steps) : _FINE, : len(steps) : _FINE]
    return made / made.sum()
