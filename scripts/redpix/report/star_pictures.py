"""Pictures of an image of stars: calibration, stars, PSF, curve of growth."""

import numpy as np
from astropy.stats import mad_std

from redpix.photometry.raw_image import read_raw
from redpix.report import photometry_plots as plots
from redpix.report.figures import data_uri
from redpix.report.growth_plots import growth_curves, growth_figure
from redpix.report.psf_field_plots import (
    psf_figure,
    psf_over_field,
    psf_over_field_figure,
    width_errors,
)

#: error of a median of Gaussian values over that of their mean
_MEDIAN = 1.2533


def show_pictures(raw, planes, stars, unit):
    """Return the pictures of an image.

    Parameters
    ----------
    raw : str
        The raw image.
    planes : redpix.report.photometry_section.ImagePlanes
        Pixels and headers of the image.
    stars : DataFrame
        The stars of the image, the brightest first.
    unit : str
        Plural name of the unit of the image.

    Returns
    -------
    dict of str to str
        ``data:`` URIs; None for a picture without content.
    """
    sky = np.where(planes.masked, np.nan, planes.residual)
    calibration = plots.calibration_figure(
        raw=read_raw(raw).pixels.astype(float),
        calibrated=np.where(planes.masked, np.nan, planes.image),
        background=planes.background,
        unit=unit,
        error=cell_error(sky, planes.header.get("SKYMESH")),
    )
    psf, over_field, growth = None, None, None
    if planes.psf is not None:
        psf = show_psf(planes.psf, planes.residual, stars)
        half = min(plots.HALF, planes.psf.reach)
        x, y, stamps, widths = psf_over_field(planes.psf, sky.shape, half)
        errors = width_errors(planes.psf, stars, x, y)
        over_field = data_uri(psf_over_field_figure(x, y, stamps, widths, errors))
        correction = planes.residual_header["APCORR"]
        radius, shares, model = growth_curves(sky, planes.psf, stars, correction)
        growth = data_uri(growth_figure(radius, shares, model, planes.psf.fwhm))
    return {
        "calibration": data_uri(calibration, photograph=True),
        "stars": show_stars(planes, stars),
        "stamps": data_uri(plots.stamps_figure(planes.image, stars)) if len(stars) else None,
        "psf": psf,
        "psf_over_field": over_field,
        "growth": growth,
    }


def show_stars(planes, stars):
    """Return the figure of an image with its stars circled, and of the residual.

    Parameters
    ----------
    planes : redpix.report.photometry_section.ImagePlanes
        Pixels and headers of the image.
    stars : DataFrame
        The stars of the image.

    Returns
    -------
    str
        A ``data:`` URI.
    """
    figure = plots.stars_figure(
        np.where(planes.masked, np.nan, planes.image),
        np.where(planes.masked, np.nan, planes.residual),
        x=stars["centroid_x"],
        y=stars["centroid_y"],
        flags=stars["flags"] if "flags" in stars else np.zeros(len(stars), int),
    )
    return data_uri(figure, photograph=True)


def show_psf(psf, residual, stars):
    """Return the figure of the PSF in the middle, and of the mean residual of bright stars.

    Parameters
    ----------
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.
    residual : ndarray, shape (ny, nx)
        Image without stars.
    stars : DataFrame
        The stars of the image, the brightest first. Those with a flag are left out.

    Returns
    -------
    str
        A ``data:`` URI.
    """
    ny, nx = residual.shape
    middle = np.array([nx // 2.0]), np.array([ny // 2.0])
    half = min(plots.HALF, psf.reach)
    stamp = psf.stamps(*middle, half, derivatives=False)[0]
    x, y = (np.rint(stars[f"centroid_{axis}"]).astype(int) for axis in "xy")
    inner = (x >= half) & (x < nx - half) & (y >= half) & (y < ny - half)
    good = stars[inner & (stars["flags"] == 0)].head(100).index
    residuals = [
        residual[y[i] - half : y[i] + half + 1, x[i] - half : x[i] + half + 1]
        / stars["psf_flux"][i]
        for i in good
    ]
    mean = np.nan_to_num(np.mean(residuals, axis=0)) if residuals else np.zeros_like(stamp)
    shares = mad_std(residual, ignore_nan=True) / stars["psf_flux"][good].to_numpy()
    error = float(np.sqrt(np.sum(shares**2)) / max(1, len(shares)))
    return data_uri(psf_figure(stamp, mean, error))


def cell_error(sky, mesh):
    """Return the error of the background of one square of its mesh.

    Parameters
    ----------
    sky : ndarray, shape (ny, nx)
        Image without stars and background; NaN where masked.
    mesh : int or None
        Side of a square, pixels.

    Returns
    -------
    float
        Error of a median of the pixels, in the unit of the image; 0 without a mesh.
    """
    if not mesh or not np.isfinite(sky).any():
        return 0.0
    return _MEDIAN * float(mad_std(sky, ignore_nan=True)) / mesh
