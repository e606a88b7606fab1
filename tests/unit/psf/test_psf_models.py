"""PSFs of resampled images; the PSF of the survey compared with that of PSFEx."""

import bz2
import shutil

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from redpix.astrometry.exposures import read_exposure
from redpix.core.exceptions import InputError
from redpix.core.field_name import parse_field
from redpix.psf.psf_choice import fit_psf
from redpix.psf.psf_model import MovedPsf, PsfModel, full_width
from redpix.psf.psfex import find_sources
from redpix.psf.sextractor import copied_settings
from redpix.sdss.fetch_psfields import check_psfield
from redpix.sdss.frames import SHAPE, frame_path
from redpix.sdss.psfield import psfield_model, psfield_path


def gaussian(wide, high, side=41):
    """Return the stamp of a Gaussian of two widths."""
    axis = np.arange(side) - side // 2
    stamp = np.outer(np.exp(-0.5 * (axis / high) ** 2), np.exp(-0.5 * (axis / wide) ** 2))
    return stamp / stamp.sum()


def test_a_psf_is_turned_with_its_image():
    """A quarter turn swaps the axes; a finer grid makes the stamp wider."""
    psf = PsfModel(gaussian(1.5, 2.4)[None], 0, (0.0, 0.0), (1.0, 1.0), 4.0, 0)
    turned = MovedPsf(psf, lambda x, y: (y + 3.0, 50.0 - x)).at(10, 20)
    np.testing.assert_allclose(turned, gaussian(2.4, 1.5), atol=1e-5)
    finer = MovedPsf(psf, lambda x, y: (0.8 * x, 0.8 * y)).at(10, 20)
    np.testing.assert_allclose(finer, gaussian(1.5 / 0.8, 2.4 / 0.8), atol=2e-4)
    assert finer.sum() == pytest.approx(1)


def test_a_real_field_has_the_psf_that_psfex_finds(real, tmp_path):
    name = "6377-4-399"
    field = parse_field(name)
    frame = tmp_path / "frame.fits"
    frame.write_bytes(bz2.decompress((real / "sas" / frame_path("dr17", field, "r")).read_bytes()))
    with fits.open(frame) as hdus:
        small = tmp_path / "small.fits"
        # cut at the far ends, so that positions stay
        fits.PrimaryHDU(hdus[0].data[:800, :1200], hdus[0].header).writeto(small)
    exposure = read_exposure([str(small)], "r", {"background_mesh": 128})
    settings = copied_settings(fits_sky.resources(), tmp_path)
    config = shutil.copy(fits_sky.resources()["psfex"], tmp_path / "psfex")
    planes = exposure.image, exposure.variance, exposure.mask
    measured, _ = fit_psf(find_sources("x", *planes, tmp_path, settings, name), config, name)
    with fits.open(real / "sas" / psfield_path("dr17", field)) as hdus:
        survey = psfield_model(hdus[1 + "ugriz".index("r")].data, SHAPE)
    for x, y in ((200, 200), (600, 400), (1000, 600), (1000, 200), (200, 600)):
        one, other = measured.at(x, y), survey.at(x, y)[5:46, 5:46]
        assert full_width(other) == pytest.approx(full_width(one), rel=0.12)
        likeness = np.sum(one * other) / np.sqrt(np.sum(one**2) * np.sum(other**2))
        assert likeness > 0.997


def test_a_psfield_that_is_cut_short_is_refused(real, tmp_path):
    whole = (real / "sas" / psfield_path("dr17", parse_field("6377-4-399"))).read_bytes()
    for share in (0.05, 0.1, 0.2):
        cut = tmp_path / "cut.fit"
        cut.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match="psField"):
            check_psfield(cut)
