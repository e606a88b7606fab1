"""PSFs of the images of a user's table: those that the table names, or a FWHM."""

import numpy as np
import pytest
from astropy.io import fits
from given_sky import tilted
from redpix.core.exceptions import InputError
from redpix.injection.choose_psf import choose_psf
from redpix.psf.psf_file import read_psf


def chosen(folder, psf):
    """Return the file of PSFs of a field with one listed PSF, a Gaussian of sigma 2 pixels."""
    rows, columns = np.indices((41, 41)) - 20
    fits.writeto(folder / "psf.fits", np.exp(-(rows**2 + columns**2) / 8), overwrite=True)
    paths = [folder / f"{band}.fits" for band in ("HSC-g", "HSC-r")]
    for path in paths:
        header = tilted((60, 70), 0.2, 20, (150, 2), 4e-6)
        fits.writeto(path, np.zeros((60, 70), np.float32), header, overwrite=True)
    choose_psf(
        frames=paths,
        errors=paths,
        masks=None,
        sextractor=[],
        psfex=None,
        psf_file=folder / "psfs.fits",
        bands=["HSC-g", "HSC-r"],
        psf=psf,
        field="north",
        listed=dict.fromkeys(("HSC-g", "HSC-r"), str(folder / "psf.fits")),
    )
    return folder / "psfs.fits"


def test_a_listed_psf_is_taken_as_it_is(tmp_path):
    path = chosen(tmp_path, "auto")
    model = read_psf(path, "HSC-r")
    assert model.fwhm == pytest.approx(2 * np.sqrt(8 * np.log(2)), rel=0.01)
    assert fits.getheader(path, "PSF_HSC-g")["SCALE"] == pytest.approx(0.2, rel=1e-6)


def test_a_width_in_arcsec_replaces_it(tmp_path):
    # the pixels broaden the profile a little
    assert read_psf(chosen(tmp_path, 1.2), "HSC-g").fwhm == pytest.approx(6.0, rel=0.03)


def test_the_psf_of_the_survey_is_refused(tmp_path):
    with pytest.raises(InputError, match='injection.psf: "psfield" with frames, which are not'):
        chosen(tmp_path, "psfield")
