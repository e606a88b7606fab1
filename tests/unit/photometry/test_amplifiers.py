"""Several amplifiers of one detector are one image, in electrons, without their overscans."""

import numpy as np
import pytest
from astropy.io import fits
from conftest import ROOT
from redpix.photometry.amplifiers import amplifiers_in_hdu
from redpix.photometry.raw_image import read_raw

GAINS, BIASES = (1.5, 1.6, 1.7, 1.8), (900, 950, 1000, 1050)
LCO = ROOT.parent / "shared/strangers/night/lco_raw_mef.fits.gz"


@pytest.fixture(scope="module")
def electrons():
    return np.random.default_rng(4).normal(500, 20, (60, 192)).astype(np.float32)


def test_one_hdu_per_amplifier(tmp_path, electrons):
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for k, (gain, bias) in enumerate(zip(GAINS, BIASES, strict=True)):
        cards = {"DETSEC": f"[{48 * k + 1}:{48 * k + 48},1:60]", "GAIN": gain}
        cards |= {"BIASSEC": "[1:8,1:60]", "DATASEC": "[9:56,1:60]"}
        pixels = np.pad(electrons[:, 48 * k : 48 * k + 48] / gain, ((0, 0), (8, 0))) + bias
        hdus.append(fits.ImageHDU(pixels.astype(np.float32), fits.Header(cards)))
    path = tmp_path / "four.fits"
    hdus.writeto(path)
    image = read_raw(str(path))
    assert image.pixels == pytest.approx(electrons, abs=0.01)
    assert image.header["BUNIT"] == "electron"
    assert any("4 amplifiers are put together" in remark for remark in image.remarks)
    # an HDU that the path names is read alone
    alone = read_raw(f"{path}[2]")
    assert alone.pixels == pytest.approx(electrons[:, 48:96] / 1.6, abs=0.01)


def test_two_amplifiers_in_one_hdu(tmp_path, electrons):
    left, right = electrons[:, :96] / 1.5 + 1200, electrons[:, 96:] / 1.8 + 1500
    strips = np.full((60, 16), 1200), np.full((60, 16), 1500)
    cards = {"GAINA": 1.5, "GAINB": 1.8, "CRPIX1": 100.0}
    cards |= {"BIASSECA": "[1:16,1:60]", "TRIMSECA": "[17:112,1:60]"}
    cards |= {"BIASSECB": "[209:224,1:60]", "TRIMSECB": "[113:208,1:60]"}
    pixels = np.concatenate([strips[0], left, right, strips[1]], axis=1).astype(np.float32)
    path = tmp_path / "two.fits"
    fits.writeto(path, pixels, fits.Header(cards))
    image = read_raw(str(path))
    assert image.pixels == pytest.approx(electrons, abs=0.01)
    assert image.header["CRPIX1"] == 84
    assert (image.header["BUNIT"], image.header["GAIN"]) == ("electron", 1.0)
    # an image that was trimmed before keeps its counts
    assert amplifiers_in_hdu(cards, (60, 192)) == {}
    del cards["GAINB"]
    fits.writeto(path, pixels, fits.Header(cards), overwrite=True)
    image = read_raw(str(path))
    assert image.pixels[:, :96] == pytest.approx(electrons[:, :96] / 1.5, abs=0.01)
    assert "an amplifier's gain is unknown" in image.remarks[-1]


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("BSEC", "TSEC", "GTGAIN"), ("11", "12", "21", "22")),
        (("BIASSEC", "DATASEC", "GAIN"), ("1", "2", "3", "4")),
    ],
)
def test_four_amplifiers_with_overscans_in_the_middle(tmp_path, electrons, names, labels):
    bias, data, gain = names
    cards, raw = {"CRPIX1": 110.0, "CRPIX2": 40.0}, np.zeros((60, 224))
    for k, label in enumerate(labels):
        y, x = slice(30 * (k // 2), 30 * (k // 2) + 30), k % 2
        level = electrons[y, 96 * x : 96 * x + 96] / GAINS[k] + BIASES[k]
        raw[y, 128 * x : 128 * x + 96] = level
        raw[y, 96 + 16 * x : 112 + 16 * x] = BIASES[k]
        rows = f"{y.start + 1}:{y.stop}]"
        cards[f"{data}{label}"] = f"[{128 * x + 1}:{128 * x + 96},{rows}"
        cards[f"{bias}{label}"] = f"[{97 + 16 * x}:{112 + 16 * x},{rows}"
        cards[f"{gain}{label}"] = GAINS[k]
    path = tmp_path / "four.fits"
    fits.writeto(path, raw.astype(np.float32), fits.Header(cards))
    image = read_raw(str(path))
    assert image.pixels == pytest.approx(electrons, abs=0.01)
    # an axis that lay in the gap is at the border between the amplifiers
    assert (image.header["CRPIX1"], image.header["CRPIX2"]) == (97, 40)
    assert image.header["BUNIT"] == "electron"


@pytest.mark.skipif(not LCO.is_file(), reason="no folder of strangers' files")
def test_four_amplifiers_of_an_observatory_are_one_image():
    image = read_raw(str(LCO))
    assert image.pixels.shape == (1024, 1024)
    quadrants = [
        np.median(half[:, k : k + 512]) for half in np.split(image.pixels, 2) for k in (0, 512)
    ]
    assert np.ptp(quadrants) < 0.02 * np.mean(quadrants)
