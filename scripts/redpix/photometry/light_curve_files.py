"""Measure the stars of a field in all its exposures, at the places of one of them."""

import numpy as np
import pandas as pd
from astropy.io import fits

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.image.homography import homography
from redpix.image.wcs import celestial_wcs
from redpix.photometry.light_curves import place_in, put_on_one_scale, scatter, scintillation
from redpix.photometry.planes_file import read_calibrated
from redpix.photometry.psf_fit import Placed, Scene, errors, fit
from redpix.photometry.quality import FLAGS
from redpix.photometry.table_file import write_table
from redpix.psf.effective_psf import EffectivePsf
from redpix.psf.star_selection import UNUSABLE

#: flags of a star that never sets an exposure's scale
SPOILT = FLAGS["SATURATED"] | FLAGS["MASKED"] | FLAGS["EDGE"] | FLAGS["BLENDED"] | FLAGS["MISFIT"]


class Exposure:
    """An image with its stars, and its files."""

    def __init__(self, image, calibrated, table, residual):
        self.image, self.calibrated, self.residual = image, calibrated, residual
        self.stars = pd.read_csv(table)

    @property
    def shape(self):
        """Rows and columns."""
        header = fits.getheader(self.calibrated)
        return header["NAXIS2"], header["NAXIS1"]

    def matrix_to(self, other):
        """Homography from its pixels to those of another by their WCS, None without."""
        try:
            wcs = [celestial_wcs(fits.getheader(one.calibrated)) for one in (self, other)]
            matrix = homography(*wcs, self.shape)
        except (InputError, np.linalg.LinAlgError):
            return None
        return matrix if np.isfinite(matrix).all() else None

    @property
    def zero_point(self):
        """Magnitude of unit flux, NaN where not known."""
        return fits.getheader(self.residual).get("ZEROPT", np.nan)

    @property
    def places(self):
        """x, y of its stars, the brightest first."""
        return self.stars[["centroid_x", "centroid_y"]].to_numpy(float)

    def load(self):
        """Scene, PSF, factor of the flux and header."""
        planes, header = read_calibrated(self.calibrated)
        rest, cards = read_calibrated(self.residual)
        hidden = (planes["MASK"] & UNUSABLE) != 0
        image = planes["SCI"].astype(float) + planes["BACKGROUND"] - rest["SKY"]
        noise = planes["ERR"].astype(float) * cards["NOISESCL"]
        # SKY is NaN where photometry left a pixel out, as hot ones
        hidden |= ~np.isfinite(image)
        scene = Scene(
            np.where(hidden, 0, image),
            np.where(hidden, np.inf, noise**2),
            # a hidden pixel may have no gain
            np.where(hidden, 1.0, planes["GAIN"]),
        )
        psf = EffectivePsf(
            *(rest["PSF"].astype(float), cards["PSFDEG"], image.shape, cards["PSFSTEP"]),
            *(cards["FWHM"], cards["PSFSTARS"]),
        )
        return scene, psf, cards["APCORR"], header


def forced(exposure, reference, places):
    """Flux and error of the reference's stars in an exposure, where they lie; NaN outside it."""
    scene, psf, factor, header = exposure.load()
    x, y = places
    ny, nx = scene.image.shape
    inside = (x > -0.5) & (x < nx - 0.5) & (y > -0.5) & (y < ny - 0.5)
    seen = np.zeros(len(x), bool)
    row, column = np.rint(y[inside]).astype(int), np.rint(x[inside]).astype(int)
    seen[inside] = np.isfinite(scene.variance[row, column])
    stars = Placed(x[seen], y[seen], reference.stars["psf_flux"].to_numpy(float)[seen])
    stars, model = fit(scene, psf, stars, 3, fixed=True)
    error = errors(scene, psf, stars, model, fixed=True).flux
    flux, sigma = np.full((2, len(x)), np.nan)
    flux[seen], sigma[seen] = stars.flux * factor, error * factor
    return flux, sigma, header


def place_of(exposure, reference):
    """x and y of the reference's stars in an exposure."""
    if exposure is reference:
        return reference.places.T
    matrix = reference.matrix_to(exposure)
    where = place_in(exposure.places, reference.places, reference.shape, matrix)
    return np.array(where(*reference.places.T))


def curves_of_field(name, exposures, params):
    """Rows of light curves and of their scatter; None where the exposures have no common stars."""
    reference = max(exposures, key=lambda one: (len(one.stars), one.image))
    kept, flux, error, places, headers = [], [], [], [], []
    for exposure in exposures:
        try:
            place = place_of(exposure, reference)
        except InputError as problem:
            log.warning("%s: left out of the light curves of %s: %s", exposure.image, name, problem)
            continue
        one = forced(exposure, reference, place)
        for column, value in zip((flux, error, headers), one, strict=True):
            column.append(value)
        places.append(place)
        kept.append(exposure.image)
        log.info(
            "%s: %d stars, moved by %.2f, %.2f px",
            exposure.image,
            np.isfinite(one[0]).sum(),
            *(np.median(a - b) for a, b in zip(place, reference.places.T, strict=True)),
        )
    if len(kept) < 2:
        log.warning("%s: fewer than two exposures show the same stars, so no light curves", name)
        return None
    flags = reference.stars["flags"].to_numpy()
    x, y = np.array(places).swapaxes(0, 1)
    try:
        scaled = put_on_one_scale(np.array(flux), np.array(error), (flags & SPOILT) == 0, x, y)
    except InputError as problem:
        log.warning("%s: %s, so no light curves", name, problem)
        return None
    log.info("%s: %d exposures, light let through %s", name, len(kept), np.round(scaled.scale, 4))
    if np.ptp(scaled.response) > 0:
        log.info(
            "%s: flux depends on where in the image and in a pixel a star falls, by %s in the "
            "exposures (standard deviation), and was divided by it",
            *(name, np.round(scaled.response.std(axis=1), 4)),
        )
    curves = [
        pd.DataFrame(
            {
                **{"field": name, "star": np.arange(1, len(flags) + 1), "image": image},
                **{"mjd": header.get("MJD-MID", np.nan), "airmass": header.get("AIRMASS", np.nan)},
                **{"x": place[0], "y": place[1], "flux": flux[i], "flux_error": error[i]},
                **{"relative_flux": scaled.relative[i], "relative_error": scaled.error[i]},
                **{"response": scaled.response[i], "flags": flags},
            }
        )
        for i, (image, header, place) in enumerate(zip(kept, headers, places, strict=True))
    ]
    own = scaled.scale[kept.index(reference.image)]
    return pd.concat(curves), scatter_table(name, reference, own, scaled, headers, params)


def scatter_table(name, reference, own, scaled, headers, params):
    """Measured and expected scatter, a row a star; `own` is the reference's scale."""
    number, measured, photons = scatter(scaled)
    air = air_scatter(name, headers, params)
    if not np.isfinite(reference.zero_point):
        log.info("%s: no zero point of %s, so no magnitudes", name, reference.image)
    # its zero point holds for the light that it let through
    bright = np.where(scaled.mean > 0, scaled.mean * own, np.nan)
    return pd.DataFrame(
        {
            **{"field": name, "star": np.arange(1, len(number) + 1)},
            **{"x": reference.places[:, 0], "y": reference.places[:, 1], "exposures": number},
            **{"flux": scaled.mean, "magnitude": reference.zero_point - 2.5 * np.log10(bright)},
            **{"scatter": measured, "expected_photons": photons, "expected_scintillation": air},
            "expected": np.hypot(photons, np.nan_to_num(air)),
            "flags": reference.stars["flags"].to_numpy(),
        }
    )


def air_scatter(name, headers, params):
    """Scintillation of the median exposure; 0 without a telescope, NaN where it is not known."""
    if params["telescope_diameter"] is None:
        return 0.0
    # a header may say 0 for what it does not know
    time, airmass = (
        float(np.median([header.get(card) or np.nan for header in headers]))
        for card in ("EXPTIME", "AIRMASS")
    )
    made = scintillation(params["telescope_diameter"], time, airmass, params["site_altitude"])
    if not np.isfinite(made):
        log.warning(
            "%s: exposure time or airmass is not known of all exposures, so scintillation is not: "
            "the scatter that is expected is without it",
            name,
        )
    return made


def main(snakemake):
    inputs, params = snakemake.input, snakemake.params
    curves, scatters = [], []
    for name, images in params.fields.items():
        exposures = [
            Exposure(image, *paths)
            for image, *paths in zip(
                params.images, inputs.calibrated, inputs.stars, inputs.residuals, strict=True
            )
            if image in images
        ]
        exposures = [one for one in exposures if len(one.stars)]
        if len(exposures) < 2:
            log.warning("%s: fewer than two exposures with stars, so no light curves", name)
            continue
        made = curves_of_field(name, exposures, params.settings)
        if made is not None:
            curves.append(made[0])
            scatters.append(made[1])
    for tables, path in ((curves, snakemake.output.curves), (scatters, snakemake.output.scatter)):
        table = pd.concat(tables) if tables else pd.DataFrame({"field": [], "star": []})
        write_table(path, {column: table[column].to_numpy() for column in table})
        log.info("%s: %d rows", path, len(table))
