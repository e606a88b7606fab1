"""The report's part on photometry of images: figures and facts of each image, light curves."""

from pathlib import Path

import numpy as np
import pandas as pd
from astropy.io import fits
from scipy.stats import chi2

from redpix.io.fits_files import read_image
from redpix.psf.effective_psf import EffectivePsf
from redpix.report import photometry_plots as plots
from redpix.report.figures import data_uri

#: images that are shown with pictures
MOST = 3

#: more than one of a unit of images
PLURAL = {"count": "counts", "nanomaggy": "nanomaggies"}


def show_images(raws, calibrated, tables, residuals):
    """All images: facts of each, pictures of the first; None without any."""
    if not tables:
        return None
    stars = {Path(path).stem: pd.read_csv(path) for path in tables}
    shown = []
    for number, (raw, image, residual) in enumerate(zip(raws, calibrated, residuals, strict=True)):
        name = Path(residual).name.removesuffix(".residual.fits")
        shown.append(show_image(name, raw, image, stars[name], residual, number < MOST))
    measured = {k: v for k, v in stars.items() if "psf_flux_error" in v and len(v)}
    units = " or ".join(sorted({PLURAL[fits.getheader(path)["BUNIT"]] for path in calibrated}))
    figure = data_uri(plots.errors_figure(measured, units)) if measured else None
    return {"images": shown, "errors": figure}


def show_image(name, raw, calibrated, stars, residual, pictures):
    """One image."""
    with fits.open(calibrated, memmap=False) as hdus:
        planes = {hdu.name: hdu.data.astype(float) for hdu in hdus}
        masked = planes["MASK"] != 0
        header = hdus[0].header
    with fits.open(residual, memmap=False) as hdus:
        rest, cards = hdus[0].data.astype(float), hdus[0].header
        terms = hdus["PSF"].data.astype(float) if "PSF" in hdus else None
    facts = {"stars": f"{len(stars):,}", "masked": f"{100 * masked.mean():.2f} % of the pixels"}
    facts["gain"] = f"{header['GAIN']:.3g} electrons a {header['BUNIT']}, {header['GAINFROM']}"
    if terms is not None:
        facts["FWHM"] = f"{cards['FWHM']:.2f} pixels, {cards['PSFSTARS']} stars"
        facts["noise of the sky"] = f"{cards['NOISESCL']:.3f} of the expected"
        facts["aperture correction"] = f"{cards['APCORR']:.4f}"
        facts["without a flag"] = f"{np.sum(stars['flags'] == 0):,}"
    if "ZEROPT" in cards:
        error = f" ± {cards['ZEROERR']:.4f}" if "ZEROERR" in cards else ""
        facts["zero point"] = f"{cards['ZEROPT']:.4f}{error} mag"
    made = {"name": name, "facts": facts, "pictures": None}
    if not pictures:
        return made
    image = np.where(masked, np.nan, planes["SCI"])
    flags = stars["flags"] if "flags" in stars else np.zeros(len(stars), int)
    places = stars["centroid_x"], stars["centroid_y"]
    made["pictures"] = {
        "calibration": data_uri(
            plots.calibration_figure(
                *(
                    read_image(raw).pixels.astype(float),
                    image,
                    planes["BACKGROUND"],
                    PLURAL[header["BUNIT"]],
                )
            ),
            photograph=True,
        ),
        "stars": data_uri(plots.stars_figure(image, rest, *places, flags), photograph=True),
        "stamps": data_uri(plots.stamps_figure(planes["SCI"], stars)) if len(stars) else None,
        "psf": None if terms is None else show_psf(terms, cards, rest, stars),
    }
    return made


def show_psf(terms, cards, rest, stars):
    """The PSF in the middle, and the mean residual of bright stars without a flag."""
    psf = EffectivePsf(
        *(terms, cards["PSFDEG"], rest.shape, cards["PSFSTEP"], cards["FWHM"], cards["PSFSTARS"])
    )
    middle = np.array([rest.shape[1] // 2.0]), np.array([rest.shape[0] // 2.0])
    half = min(plots.HALF, psf.reach)
    stamp = psf.stamps(*middle, half, derivatives=False)[0]
    ny, nx = rest.shape
    x, y = (np.rint(stars[f"centroid_{axis}"]).astype(int) for axis in "xy")
    whole = (x >= half) & (x < nx - half) & (y >= half) & (y < ny - half)
    good = stars[whole & (stars["flags"] == 0)].head(100).index
    left = [
        rest[y[i] - half : y[i] + half + 1, x[i] - half : x[i] + half + 1] / stars["psf_flux"][i]
        for i in good
    ]
    mean = np.nan_to_num(np.mean(left, axis=0)) if left else np.zeros_like(stamp)
    return data_uri(plots.psf_figure(stamp, mean))


def median_deviation(number):
    """Median of the standard deviations of so many Gaussian numbers each, over the true one."""
    return np.sqrt(chi2.median(number - 1) / (number - 1))


def show_light_curves(paths):
    """Scatter and light curves of each field; empty without any."""
    if not paths:
        return []
    curves, scatter = (pd.read_csv(path) for path in paths)
    shown = []
    for name, stars in scatter.groupby("field", sort=False) if len(scatter) else ():
        good = stars[(stars["flags"] == 0) & (stars["scatter"] > 0)]
        mine = curves[curves["field"] == name]
        ratio = good["scatter"] / good["expected"]
        unusual = good.assign(ratio=ratio).sort_values("ratio", ascending=False)
        bright = good.sort_values("flux", ascending=False)
        chosen = list(dict.fromkeys([*unusual["star"].head(3), *bright["star"]]))[: plots.CURVES]
        shown.append(
            {
                "name": name,
                "facts": {
                    "exposures": f"{mine['image'].nunique()}",
                    "stars": f"{len(stars):,}, {len(good):,} of them without a flag",
                    "scatter over the expected, median": f"{ratio.median():.2f}, and "
                    f"{median_deviation(good['exposures'].median()):.2f} where errors are right",
                    "smallest scatter, 10 brightest": f"{bright['scatter'].head(10).min():.4f}",
                },
                "scatter": data_uri(plots.scatter_figure(stars)) if len(good) else None,
                "curves": data_uri(plots.curves_figure(mine, chosen)) if chosen else None,
            }
        )
    return shown
