"""Units, UCDs and descriptions of the columns of the tables of a run."""

#: unit of a flux, which follows from the image: a place holder in `MEANINGS`
FLUX = "flux"

#: unit, UCD (UCD1+) and description by column; an empty unit is a number without one
MEANINGS = {
    "object_id": ("", "meta.id;meta.main", "Identifier in the catalogue"),
    "id": ("", "meta.id;meta.main", "Identifier"),
    "ra": ("deg", "pos.eq.ra;meta.main", "Right ascension (ICRS)"),
    "dec": ("deg", "pos.eq.dec;meta.main", "Declination (ICRS)"),
    "class": ("", "src.class", "Class: GALAXY, QSO or STAR"),
    "redshift": ("", "src.redshift", "Spectroscopic redshift"),
    "redshift_error": ("", "stat.error;src.redshift", "Error of the redshift, 1 sigma"),
    "redshiftError": ("", "stat.error;src.redshift", "Error of the redshift, 1 sigma"),
    "run": ("", "obs.sequence", "Run of the frame"),
    "camcol": ("", "instr.det", "Camera column of the frame"),
    "field": ("", "obs.field", "Field"),
    "z_phot": ("", "src.redshift.phot;meta.main", "Photometric redshift"),
    "z_error": ("", "stat.error;src.redshift.phot", "Half the width of the 68 % interval"),
    "z_lo68": ("", "stat.min;src.redshift.phot", "Lower limit of the 68 % interval"),
    "z_hi68": ("", "stat.max;src.redshift.phot", "Upper limit of the 68 % interval"),
    "z_lo95": ("", "stat.min;src.redshift.phot", "Lower limit of the 95 % interval"),
    "z_hi95": ("", "stat.max;src.redshift.phot", "Upper limit of the 95 % interval"),
    "z_mean": ("", "stat.mean;src.redshift.phot", "Mean of the PDF"),
    "z_median": ("", "stat.median;src.redshift.phot", "Median of the PDF"),
    "z_mode": ("", "src.redshift.phot", "Mode of the PDF"),
    "z_aperture": ("", "src.redshift.phot", "Redshift of the sum of the object's pixels"),
    "z_aperture_error": ("", "stat.error;src.redshift.phot", "Error of z_aperture, 1 sigma"),
    "n_pixels": ("", "meta.number;instr.pixel", "Number of pixels"),
    "split": ("", "meta.code", "train, test or target"),
    "outside": ("", "stat.value", "Fraction of the vectors outside of the training set"),
    "class_phot": ("", "src.class", "Predicted class"),
    "p_galaxy": ("", "stat.probability;src.class", "Probability of a galaxy"),
    "p_qso": ("", "stat.probability;src.class", "Probability of a quasar"),
    "p_star": ("", "stat.probability;src.class", "Probability of a star"),
    "peak_x": ("pix", "pos.cartesian.x;instr.pixel", "Brightest pixel, column, 0-based"),
    "peak_y": ("pix", "pos.cartesian.y;instr.pixel", "Brightest pixel, row, 0-based"),
    "centroid_x": ("pix", "pos.cartesian.x;instr.pixel", "Position, column, 0-based"),
    "centroid_y": ("pix", "pos.cartesian.y;instr.pixel", "Position, row, 0-based"),
    "x": ("pix", "pos.cartesian.x;instr.pixel", "Position, column, 0-based"),
    "y": ("pix", "pos.cartesian.y;instr.pixel", "Position, row, 0-based"),
    "width_x": ("pix", "phys.angSize", "Second-moment width along x"),
    "width_y": ("pix", "phys.angSize", "Second-moment width along y"),
    "x_error": ("pix", "stat.error;pos.cartesian.x", "Error of the position along x, 1 sigma"),
    "y_error": ("pix", "stat.error;pos.cartesian.y", "Error of the position along y, 1 sigma"),
    "psf_flux": (FLUX, "phot.flux;meta.main", "Flux of the PSF"),
    "psf_flux_error": (FLUX, "stat.error;phot.flux", "Error of psf_flux, 1 sigma"),
    "aperture_flux": (FLUX, "phot.flux", "Flux in an aperture, corrected to the total"),
    "aperture_flux_error": (FLUX, "stat.error;phot.flux", "Error of aperture_flux, 1 sigma"),
    "sky": (FLUX, "instr.skyLevel", "Background at the star, per pixel"),
    "chi2": ("", "stat.fit.chi2", "Chi-squared per pixel of the core"),
    "flags": ("", "meta.code.qual", "Sum of star flags, 0 for a clean star"),
    "magnitude": ("mag", "phot.mag;meta.main", "Magnitude by the zero point"),
    "magnitude_error": ("mag", "stat.error;phot.mag", "Error of the magnitude, 1 sigma"),
    "star": ("", "meta.id", "Row of the star in the table of the reference, 1-based"),
    "image": ("", "meta.id;obs.image", "Name of the image"),
    "mjd": ("d", "time.epoch;obs.exposure", "Middle of the exposure, MJD (UTC)"),
    "bjd_tdb": ("d", "time.epoch;obs.exposure", "Middle of the exposure, BJD (TDB)"),
    "airmass": ("", "obs.airMass", "Airmass"),
    "flux": (FLUX, "phot.flux", "Flux"),
    "flux_error": (FLUX, "stat.error;phot.flux", "Error of the flux, 1 sigma"),
    "relative_flux": ("", "phot.flux;arith.ratio", "Flux over the mean of the star"),
    "relative_error": ("", "stat.error;phot.flux", "Error of relative_flux, 1 sigma"),
    "detrended_flux": ("", "phot.flux;arith.ratio", "relative_flux without its trends"),
    "response": ("", "instr.calib", "Correction for the position in pixel and image"),
    "aperture": ("pix", "phys.size.radius", "Radius of the circle of the flux; 0: of the PSF"),
    "excess": ("", "stat.stdev;phot.flux", "Scatter of bright stars beyond their errors"),
    "ensemble_magnitude": ("mag", "phot.mag", "Magnitude relative to the steady stars"),
    "ensemble_error": ("mag", "stat.error;phot.mag", "Error of ensemble_magnitude, 1 sigma"),
    "exposures": ("", "meta.number;obs.exposure", "Number of exposures"),
    "scatter": ("", "stat.stdev;phot.flux", "Standard deviation of the relative flux"),
    "expected_photons": ("", "stat.error;phot.flux", "Expected scatter from photons"),
    "expected_scintillation": ("", "stat.error;phot.flux", "Expected scintillation"),
    "expected": ("", "stat.error;phot.flux", "Expected scatter"),
    "ensemble_weight": ("", "stat.weight", "Share of the star in the ensemble"),
    "ensemble_scatter": ("mag", "stat.stdev;phot.mag", "Scatter of the ensemble magnitude"),
    "ebv_sfd": ("mag", "phot.color.excess", "E(B-V) of the maps of SFD"),
    "mask": ("", "meta.code.qual", "Mask bits of all bands combined"),
}

#: meanings of columns whose names begin so
BEGINNINGS = {
    "combined_": ("", "src.redshift.phot", "Redshift of a combiner of the object's pixels"),
    "flux_": ("3.631e-06 Jy", "phot.flux", "Flux of the pixel"),
    "error_": ("3.631e-06 Jy", "stat.error;phot.flux", "Error of the flux, 1 sigma"),
    "observed_": ("3.631e-06 Jy", "phot.flux", "Flux before the correction for extinction"),
    "mag_": ("mag", "phot.mag", "Magnitude of the pixel, asinh"),
    "extinction_": ("mag", "phys.absorption.gal", "Galactic extinction"),
}

#: bands whose columns hold the catalogue's magnitudes
BANDS = "ugriz"


def meaning_of(name, flux_unit="ct"):
    """Return unit, UCD and description of a column.

    Parameters
    ----------
    name : str
        Name of the column.
    flux_unit : str
        Unit of fluxes of the image: ``ct``, or ``3.631e-06 Jy`` for nanomaggies.

    Returns
    -------
    (str, str, str)
        Empty texts for a column of the user.
    """
    unit, ucd, words = MEANINGS.get(name) or next(
        (meaning for start, meaning in BEGINNINGS.items() if name.startswith(start)),
        ("mag", "phot.mag", "Magnitude of the catalogue") if name in tuple(BANDS) else ("", "", ""),
    )
    return flux_unit if unit == FLUX else unit, ucd, words
