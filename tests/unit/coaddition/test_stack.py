"""Coaddition from FITS files: the signal to noise, holes, images without a WCS, as a reference."""

import csv

import fits_sky
import numpy as np
import pytest
from astropy.io import fits
from astropy.stats import mad_std
from redpix.image import mapped_image
from redpix.image.masks import bit_value
from scipy.ndimage import gaussian_filter
from scipy.ndimage import shift as shifted
from subtraction_sky import light

CARDS = {"GAIN": fits_sky.GAIN, "RDNOISE": fits_sky.READ_NOISE, "BUNIT": "adu"}
FAINT = 6000.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("my exposures")


@pytest.fixture(scope="module")
def stack(folder):
    """Four exposures, dithered, of different depth and seeing; the stars; S/N of unit flux."""
    x, y, _ = fits_sky.stars()
    # half of them bright, for the PSF
    sky = x, y, np.where(np.arange(len(x)) % 2, 30000.0, FAINT)
    paths, information = [], 0.0
    for number, (width, flux, level, shift) in enumerate(
        [
            (1.4, 1.0, 400.0, (0.0, 0.0)),
            (1.8, 0.8, 300.0, (3.3, -2.6)),
            (1.5, 1.3, 500.0, (-4.8, 1.4)),
            (2.1, 1.0, 350.0, (1.2, 5.7)),
        ]
    ):
        image = fits_sky.counts(sky, 10 + number, width, flux, shift, level)
        paths.append(fits_sky.write(folder / f"dither {number}.fits", image, shift, **CARDS))
        noise2 = level / fits_sky.GAIN + (fits_sky.READ_NOISE / fits_sky.GAIN) ** 2
        information += flux**2 / noise2 / (4 * np.pi * width**2)
    return paths, sky, np.sqrt(information)


@pytest.fixture(scope="module")
def three(stack, folder):
    """Return the path of the coadd of the first three exposures."""
    path = folder / "three.fits"
    fits_sky.coadd(stack[0][:3], path)
    return path


def significances(path, sky):
    """S/N of stars by the matched filter, from the coadd's own PSF and noise; blank sky."""
    with fits.open(path) as hdus:
        image, psf = hdus["SCI"].data.astype(float), hdus["PSF"].data.astype(float)
        variance, noise = hdus["VARIANCE"].data, hdus["SCI"].header["NOISE"]
    half = psf.shape[0] // 2
    found = []
    blank = np.isfinite(image)
    for x, y, flux in zip(*sky, strict=True):
        u, v = int(round(x)), int(round(y))
        blank[max(0, v - 12) : v + 13, max(0, u - 12) : u + 13] = False
        if (
            flux == FAINT
            and half + 8 < u < image.shape[1] - half - 8
            and half + 8 < v < image.shape[0] - half - 8
        ):
            stamp = image[v - half : v + half + 1, u - half : u + half + 1]
            # the PSF where the star is between the pixels
            moved = shifted(psf, (y - v, x - u), order=5)
            found.append(np.sum(stamp * moved) / np.sqrt(np.sum(moved**2)) / noise)
    return np.array(found), (image / np.sqrt(variance))[blank]


@pytest.mark.parametrize("method", ["proper", "mean"])
def test_a_coadd_has_the_signal_to_noise_of_all_its_images(stack, folder, method):
    paths, sky, information = stack
    output = folder / f"{method}.fits"
    fits_sky.coadd(paths, output, method)
    found, blank = significances(output, sky)
    assert len(found) > 11
    theory = FAINT * information
    if method == "proper":
        assert found.mean() == pytest.approx(theory, rel=0.01)
        assert blank.std() == pytest.approx(1, abs=0.02)
    else:  # the noise of resampled images is correlated, and smaller in a pixel
        assert mad_std(blank) == pytest.approx(1, abs=0.03)
    with fits.open(output) as hdus:
        assert [hdu.name for hdu in hdus] == ["SCI", "PSF", "VARIANCE", "MASK"]
        header = hdus["SCI"].header
        assert [header[f"IMAGE{n}"] for n in (1, 2, 3, 4)] == paths
        assert [header[f"FLXR{n}"] for n in (1, 2, 3, 4)] == pytest.approx(
            [1, 0.8, 1.3, 1.0], rel=0.01
        )
        assert (header["BUNIT"], header["METHOD"], header["NIMAGES"]) == ("adu", method, 4)
        assert header["F_C"] == pytest.approx(1 / header["NOISE"])
        assert hdus["PSF"].data.sum() == pytest.approx(1, abs=1e-3)


def test_planes_in_files_give_the_same_coadd(stack, three, folder, monkeypatch):
    assert np.prod(fits_sky.SHAPE) * 3 < mapped_image.LARGE_STACK / 10
    monkeypatch.setattr(mapped_image, "LARGE_STACK", 0)
    output = folder / "planes.fits"
    fits_sky.coadd(stack[0][:3], output)
    assert not list(folder.glob(".*"))
    with fits.open(three) as ones, fits.open(output) as others:
        for one, other in zip(ones, others, strict=True):
            np.testing.assert_array_equal(one.data, other.data)


def correlated(seed, sigma):
    """Return Gaussian noise of unit variance that a filter of some width has smoothed."""
    white = np.random.default_rng([seed, 8]).standard_normal(fits_sky.SHAPE)
    smooth = gaussian_filter(white, sigma, mode="wrap")
    return smooth / smooth.std()


@pytest.mark.parametrize("method", ["proper", "mean"])
def test_correlated_noise_is_measured(folder, method):
    """Drizzled images have a correlation of 0.53 at a distance of one pixel."""
    sigma, noise, width, fluxes = 0.63, 14.0, 1.7, (1.0, 0.8, 1.3)
    sky = (*fits_sky.stars()[:2], np.full(70, 1e4))
    paths = []
    for number, flux in enumerate(fluxes):
        image = flux * light(fits_sky.SHAPE, *sky, width) + noise * correlated(number, sigma)
        paths.append(fits_sky.write(folder / f"drizzled {number}.fits", image + 500))
    output = folder / f"drizzled {method}.fits"
    fits_sky.coadd(paths, output, method)
    with fits.open(output) as hdus:
        image, psf, header = hdus["SCI"].data, hdus["PSF"].data, hdus["SCI"].header
        error = np.sqrt(np.median(hdus["VARIANCE"].data) / np.sum(psf**2))
    assert header["CORR2"] == pytest.approx(0.53, abs=0.04)
    blank = np.full(image.shape, True)
    for x, y in zip(*sky[:2], strict=True):
        near = np.s_[max(0, round(y) - 12) : round(y) + 13, max(0, round(x) - 12) : round(x) + 13]
        blank[near] = False
    assert mad_std(image[blank]) == pytest.approx(header["NOISE"], rel=0.03)
    if method == "proper":
        # flux error of a star: 1 / sum of F^2 |P|^2 / power of the noise
        wave2 = 4 * np.pi**2 * np.add.outer(*[np.fft.fftfreq(400) ** 2] * 2)
        point = np.zeros((400, 400))
        point[200, 200] = 1
        spectrum = abs(np.fft.fft2(gaussian_filter(point, sigma))) ** 2
        spectrum /= spectrum.mean()
        information = np.mean(np.exp(-wave2 * width**2) / spectrum) * np.sum(np.square(fluxes))
        assert error == pytest.approx(noise / np.sqrt(information), rel=0.03)


def test_images_without_a_wcs_are_matched_by_their_sources(stack, folder):
    paths, sky, _ = stack
    plain = folder / "no wcs.fits"
    fits.PrimaryHDU(fits.getdata(paths[2]), fits.Header(CARDS)).writeto(plain, overwrite=True)
    made = []
    for images, registration in ((paths[::2], "wcs"), ((paths[0], str(plain)), "sources")):
        output = folder / f"{registration}.fits"
        fits_sky.coadd(images, output, "proper", registration)
        made.append(significances(output, sky)[0])
    assert made[1] == pytest.approx(made[0], rel=0.03)


def test_a_coadd_is_a_reference(stack, three, folder):
    products = fits_sky.subtract(stack[0][3], str(three), folder / "from coadd")
    with fits.open(products.difference) as hdus:
        clean = hdus["MASK"].data == 0
        assert hdus["SCORR"].data[clean].std() == pytest.approx(1, abs=0.05)
        assert hdus["D"].header["ERRSCREF"] == pytest.approx(1, abs=0.05)
        assert hdus["D"].header["FLXRATIO"] == pytest.approx(1, abs=0.01)
    with open(products.transients, newline="") as file:
        assert [row for row in csv.DictReader(file) if row["flags"] == "0"] == []


def test_a_masked_star_of_one_image_does_not_ruin_the_coadd(stack, three, folder):
    paths, sky, _ = stack
    spoilt = folder / "spoilt.fits"
    with fits.open(paths[1]) as hdus:
        star = [(u, v) for u, v in zip(*sky[:2], strict=True) if 90 < u < 250 and 90 < v < 250][0]
        x, y = int(star[0] - 3.3), int(star[1] + 2.6)
        hdus[0].data[y - 3 : y + 5, x - 3 : x + 5] = np.nan
        hdus[0].data[40:44] = 60000.0  # a bleeding row
        hdus[0].header["SATURATE"] = 50000.0
        broken = folder / "broken.fits"
        hdus.writeto(broken, overwrite=True)
    fits_sky.coadd([paths[0], str(broken), paths[2]], spoilt)
    with fits.open(three) as before, fits.open(spoilt) as after:
        noise = before["SCI"].header["NOISE"]
        difference = (after["SCI"].data - before["SCI"].data) / noise
        mask = after["MASK"].data
        filled = (mask & bit_value("INTERPOLATED")) != 0
        column, row = int(star[0]), int(star[1])
        assert filled[row, column]
        assert not filled[300, 175]
        # on blank sky a row lost in one of three images costs its share of signal, and no more
        rows, columns = np.indices(mask.shape)
        blank = np.min([np.hypot(columns - u, rows - v) for u, v, _ in zip(*sky, strict=True)], 0)
        assert np.nanmax(abs(difference[(blank > 12) & np.isfinite(difference)])) < 5
        lost = filled & (rows > 30) & (rows < 47) & (columns > 15) & (columns < 335) & (blank > 12)
        scatter = (after["SCI"].data / np.sqrt(after["VARIANCE"].data))[lost].std()
        assert lost.sum() > 1000
        assert scatter == pytest.approx(1, abs=0.06)
        # and the star is still there
        part = (slice(row - 6, row + 7), slice(column - 6, column + 7))
        fluxes = [hdus["SCI"].data[part].sum() for hdus in (before, after)]
        assert fluxes[1] == pytest.approx(fluxes[0], abs=5 * 13 * noise * 1.3)
