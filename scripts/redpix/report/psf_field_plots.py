"""Figures of the PSF: in the middle with the mean residual, and at nine places of an image."""

import numpy as np
from astropy.stats import mad_std
from matplotlib.figure import Figure
from scipy.ndimage import zoom

from redpix.psf.effective_psf import position_powers
from redpix.report.photometry_plots import SIGMAS

#: places along each side of the image, as shares of the side
PLACES = (1 / 6, 1 / 2, 5 / 6)

#: finer pixels per pixel, on which a width is measured
_FINER = 10


def psf_figure(stamp, mean_residual, error=0.0):
    """Return a figure of the PSF in the middle of an image, and of the mean residual.

    Parameters
    ----------
    stamp : ndarray, shape (ny, nx)
        The PSF, as a share of the flux per pixel.
    mean_residual : ndarray, shape (ny, nx)
        Mean residual of bright stars, as a share of their fluxes.
    error : float
        Error of a pixel of the mean residual; the colours have at least `SIGMAS` of them.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = left.imshow(np.log10(np.maximum(stamp, 1e-6)), origin="lower", cmap="viridis", vmin=-5)
    left.set_title("PSF, log10 of the share of the flux in a pixel")
    figure.colorbar(shown, ax=left, shrink=0.8)
    most = max(abs(mean_residual).max(), SIGMAS * error, 1e-6)
    shown = right.imshow(
        100 * mean_residual, origin="lower", cmap="RdBu_r", vmin=-100 * most, vmax=100 * most
    )
    right.set_title(f"Mean residual, % of the flux; error of a pixel {100 * error:.2g} %")
    figure.colorbar(shown, ax=right, shrink=0.8)
    for axes in (left, right):
        axes.set(xlabel="x (pixels)", ylabel="y (pixels)")
    return figure


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


def width_errors(psf, stars, x, y):
    """Return the errors of the widths of the PSF at some places, from the scatter of its stars.

    A polynomial of the PSF's degree is fitted to the widths of single stars. Its error at a place
    is that of least squares, with the scatter about it.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image: degree, shape, fwhm and stars.
    stars : DataFrame
        The stars of the image, the brightest first: centroid_x, centroid_y, width_x, width_y and
        flags.
    x, y : ndarray, shape (n,)
        Places, 0-based pixels.

    Returns
    -------
    ndarray, shape (n,)
        1-sigma errors of the full width at half maximum, pixels; NaN with too few stars.
    """
    unknown = np.full(len(x), np.nan)
    if not {"width_x", "width_y"} <= set(stars.columns):
        return unknown
    good = stars[(stars["flags"] == 0) & (stars["width_x"] > 0) & (stars["width_y"] > 0)]
    good = good.head(psf.stars)
    width = np.sqrt(good["width_x"] * good["width_y"]).to_numpy()
    x_stars, y_stars = (good[f"centroid_{axis}"].to_numpy() for axis in "xy")
    terms = position_powers(x_stars, y_stars, psf.shape, psf.degree)
    free = len(good) - terms.shape[1]
    if free < 3:
        return unknown
    inverse = np.linalg.pinv(terms)
    scatter = mad_std(width - terms @ (inverse @ width)) * np.sqrt(len(good) / free)
    powers = position_powers(x, y, psf.shape, psf.degree)
    return psf.fwhm * scatter / np.median(width) * np.linalg.norm(powers @ inverse, axis=1)


def psf_over_field_figure(x, y, stamps, widths, errors=None):
    """Return a figure of the PSF at nine places.

    Parameters
    ----------
    x, y, stamps, widths
        From `psf_over_field`.
    errors : ndarray, optional
        From `width_errors`.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(5.2, 5.6))
    # titles alone need no layout, which is slow
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.95, wspace=0.06, hspace=0.16)
    grid = figure.subplots(3, 3)
    highest = stamps.max()
    for place, stamp in enumerate(stamps):
        axes = grid[2 - place // 3, place % 3]  # the lowest row of the image below
        axes.imshow(np.sqrt(np.maximum(stamp, 0)), origin="lower", vmax=np.sqrt(highest))
        axes.set_title(
            f"x {x[place]}, y {y[place]}: {_with_error(place, widths, errors)}", fontsize=8
        )
        axes.set(xticks=[], yticks=[])
    return figure


def _with_error(place, widths, errors):
    """Return a width and its error, if it has one, in words."""
    known = errors is not None and np.isfinite(errors[place])
    return f"{widths[place]:.2f}" + (f" ± {errors[place]:.2f}" if known else "")
