"""Figure of the PSF at nine places of an image."""

import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import zoom

#: places along each side of the image, as shares of the side
PLACES = (1 / 6, 1 / 2, 5 / 6)

#: finer pixels per pixel, on which a width is measured
_FINER = 10


def width_of(stamp):
    """Return the full width at half maximum of a PSF: of the circle with the area above it.

    Parameters
    ----------
    stamp : ndarray, shape (side, side)
        The PSF with its maximum in the middle.

    Returns
    -------
    float
        Pixels.
    """
    fine = zoom(stamp, _FINER, order=3, grid_mode=True, mode="nearest")
    return 2 * np.sqrt(np.count_nonzero(fine > fine.max() / 2) / np.pi) / _FINER


def psf_over_field(psf, shape, half):
    """Return the PSF at nine places of an image.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    shape : (int, int)
        Rows and columns of the image.
    half : int
        Half-width of a stamp, pixels.

    Returns
    -------
    x, y : ndarray of int, shape (9,)
        Places, 0-based pixels, row by row from below.
    stamps : ndarray, shape (9, side, side)
        Share of the flux in each pixel.
    widths : ndarray, shape (9,)
        Full widths at half maximum, pixels, on the scale of the width in the PSF's file.
    """
    rows, columns = ([int(share * side) for share in PLACES] for side in shape)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    x, y = x.ravel(), y.ravel()
    stamps = np.asarray(psf.stamps(x.astype(float), y.astype(float), half, derivatives=False))
    widths = np.array([width_of(stamp) for stamp in stamps])
    return x, y, stamps, psf.fwhm * widths / widths[len(widths) // 2]


def psf_over_field_figure(x, y, stamps, widths):
    """Return a figure of the PSF at nine places.

    Parameters
    ----------
    x, y, stamps, widths
        From `psf_over_field`.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(5.2, 5.4), layout="constrained")
    grid = figure.subplots(3, 3)
    highest = stamps.max()
    for place, stamp in enumerate(stamps):
        axes = grid[2 - place // 3, place % 3]  # the lowest row of the image below
        axes.imshow(np.sqrt(np.maximum(stamp, 0)), origin="lower", vmax=np.sqrt(highest))
        axes.set_title(f"x {x[place]}, y {y[place]}: FWHM {widths[place]:.2f}")
        axes.set(xticks=[], yticks=[])
    return figure
