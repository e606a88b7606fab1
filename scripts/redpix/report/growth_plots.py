"""Curve of growth: the share of a star's flux in circles of increasing radius."""

import warnings

import numpy as np
from matplotlib.figure import Figure

#: maximum number of stars, the brightest, that a curve of growth is made of
MOST_STARS = 30

#: largest radius of a circle, FWHM
WIDEST = 4.0

#: sub-pixels per side of a pixel, for the share of a pixel in a circle
_FINE = 5


def growth_curves(residual, psf, stars, correction):
    """Return the curves of growth of bright stars, each without its neighbours.

    The light of a star is the residual image plus the star's own PSF.

    Parameters
    ----------
    residual : ndarray, shape (ny, nx)
        Image without stars; NaN where masked.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    stars : DataFrame
        Stars of the image, the brightest first. Those with a flag are left out.
    correction : float
        Aperture correction, by which fitted fluxes were multiplied.

    Returns
    -------
    radius : ndarray, shape (n,)
        Pixels.
    shares : ndarray, shape (stars, n)
        Share of the star's flux inside each radius.
    model : ndarray, shape (n,)
        The same of the PSF in the middle of the image.
    """
    ny, nx = residual.shape
    half = int(min(np.ceil(WIDEST * psf.fwhm) + 1, psf.reach, min(nx, ny) // 2 - 1))
    radius = np.linspace(0.25 * psf.fwhm, min(WIDEST * psf.fwhm, half - 0.5), 30)
    x, y = (stars[f"centroid_{axis}"].to_numpy(float) for axis in "xy")
    column, row = np.rint(x).astype(int), np.rint(y).astype(int)
    inner = (column >= half) & (column < nx - half) & (row >= half) & (row < ny - half)
    shares = []
    for i in np.flatnonzero(inner & (stars["flags"] == 0).to_numpy())[:MOST_STARS]:
        cut = residual[row[i] - half : row[i] + half + 1, column[i] - half : column[i] + half + 1]
        flux = stars["psf_flux"].to_numpy(float)[i]
        own = psf.stamps(x[i : i + 1], y[i : i + 1], half, derivatives=False)[0]
        light = np.nan_to_num(cut) / flux + own / correction
        shares.append(shares_in_circles(light, x[i] - column[i], y[i] - row[i], radius))
    middle = np.array([nx // 2.0]), np.array([ny // 2.0])
    model = psf.stamps(*middle, half, derivatives=False)[0] / correction
    return radius, np.array(shares), shares_in_circles(model, 0.0, 0.0, radius)


def shares_in_circles(stamp, x, y, radius):
    """Return the sum of a stamp in circles.

    Parameters
    ----------
    stamp : ndarray, shape (n, n)
        Odd number of pixels; the middle pixel is at (0, 0).
    x, y : float
        Centre of the circles, pixels from the middle.
    radius : ndarray, shape (m,)
        Pixels.

    Returns
    -------
    ndarray, shape (m,)
    """
    half = stamp.shape[0] // 2
    axis = (np.arange(stamp.shape[0] * _FINE) + 0.5) / _FINE - 0.5 - half
    distance = np.hypot(axis[:, None] - y, axis[None, :] - x).ravel()
    order = np.argsort(distance)
    fine = np.repeat(np.repeat(stamp, _FINE, axis=0), _FINE, axis=1).ravel() / _FINE**2
    total = np.concatenate([[0.0], np.cumsum(fine[order])])
    return total[np.searchsorted(distance[order], radius)]


def growth_figure(radius, shares, model, fwhm):
    """Return a figure of the curves of growth of an image.

    Parameters
    ----------
    radius, shares, model : ndarray
        As of `growth_curves`.
    fwhm : float
        Pixels.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    if len(shares):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            low, middle, high = np.nanpercentile(shares, [16, 50, 84], axis=0)
        axes.fill_between(radius, low, high, color="#6fb1d6", alpha=0.4, label="stars, 16 to 84 %")
        axes.plot(radius, middle, color="#1f6f9f", label=f"median of {len(shares)} stars")
    axes.plot(radius, model, "k--", linewidth=1, label="PSF in the middle")
    axes.axhline(1, color="#99a", linewidth=0.6)
    axes.axvline(3 * fwhm, color="#99a", linewidth=0.6, linestyle=":")
    axes.text(3 * fwhm, 0.05, " aperture", color="#667", fontsize=7)
    axes.set(xlabel="radius (pixels)", ylabel="share of psf_flux", ylim=(0, 1.15))
    axes.legend(loc="lower right", bbox_to_anchor=(0.98, 0.1))
    return figure
