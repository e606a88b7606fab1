"""Damaged images of users end in an exposure or in one line."""

import pytest
from conftest import ROOT
from fits_sky import settings
from redpix.core.exceptions import InputError
from redpix.image.exposure_file import read_fits_exposure

FAULTS = ROOT.parent / "shared/strangers/faults"

#: words of the message; None for a file that is read
WORDS = {
    "user__CTYPE1=-1.fits": "WCS that cannot be used",
    "user__GAIN=unterminated.fits": None,
    "user__RDNOISE=unterminated.fits": None,
    "user__gzbomb10GB.fits.gz.bz2": "compressed twice",
    "user__plain_flip1.fits": "WCS that cannot be used",
    "user__plain_flip7.fits": None,
    "ccd__dark_3d.fits": "no HDU holds an image of two dimensions",
}


@pytest.mark.skipif(not FAULTS.is_dir(), reason="no folder of strangers' files")
@pytest.mark.parametrize(("name", "words"), WORDS.items())
def test_strangers_damaged_images(name, words):
    path = str(FAULTS / name)
    if words is None:
        assert read_fits_exposure(path, settings()).image.ndim == 2
        return
    with pytest.raises(InputError, match=words) as caught:
        read_fits_exposure(path, settings())
    assert str(caught.value).startswith(path)
    assert "\n" not in str(caught.value)
