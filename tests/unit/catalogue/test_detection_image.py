"""Images for detection: noise of unit width on blank sky, and sources that no band shows alone."""

import numpy as np
import pytest
from astropy.io import fits
from given_sky import tilted
from redpix.catalogue.detection_image import chi_square, weighted_sum
from redpix.catalogue.detections import list_detections
from redpix.image.wcs import frame_wcs, wcs_header
from workflow_files import SETTINGS

SHAPE = (120, 130)
SIGMAS = (0.02, 0.021, 0.022, 0.023, 0.024, 0.025)


def noises(seed=0):
    rng = np.random.default_rng(seed)
    return [(sigma * rng.standard_normal(SHAPE)).astype(np.float32) for sigma in SIGMAS]


def errors():
    return [np.full(SHAPE, sigma, np.float32) for sigma in SIGMAS]


def test_the_weighted_sum_has_the_noise_that_it_states():
    combined = weighted_sum(noises(), errors())
    assert combined.error == pytest.approx(np.sum(np.power(SIGMAS, -2.0)) ** -0.5, rel=1e-5)
    assert np.std(combined.image / combined.error) == pytest.approx(1, abs=0.03)


def test_chi_square_of_blank_sky_is_normal():
    combined = chi_square(noises(), errors(), (1.0,) * 6)
    assert combined.image.mean() == pytest.approx(0, abs=0.08)
    assert combined.image.std() == pytest.approx(1, abs=0.05)
    smooth = chi_square([plane * 0.6 for plane in noises()], errors(), (0.36,) * 6)
    assert smooth.image.std() == pytest.approx(0.6, abs=0.05)


def test_bands_without_data_do_not_count():
    fluxes = noises()
    fluxes[0][:, :40] = np.nan
    for plane in fluxes:
        plane[:20] = np.nan
    one, two = weighted_sum(fluxes, errors()), chi_square(fluxes, errors(), (1.0,) * 6)
    for combined in (one, two):
        assert np.isfinite(combined.image).all()
        assert (combined.error[:20] == 0).all()
        assert (combined.error[20:] > 0).all()
    assert one.error[50, 10] == pytest.approx(np.sum(np.power(SIGMAS[1:], -2.0)) ** -0.5, rel=1e-5)


def write_bands(folder, source):
    """Registered images in all bands with a source of equal signal-to-noise ratio in each."""
    header = wcs_header(frame_wcs(tilted(SHAPE, 0.4, 0, (10.0, 5.0))))
    header["NOISECOR"] = 1.0
    row, column = np.indices(SHAPE)
    shape = np.exp(-((row - 60) ** 2 + (column - 65) ** 2) / (2 * 1.5**2))
    paths = []
    for number, (noise, error) in enumerate(zip(noises(2), errors(), strict=True)):
        hdus = fits.HDUList(
            [
                fits.PrimaryHDU(noise + (source * error * shape).astype(np.float32), header),
                fits.ImageHDU(error, header, name="ERR"),
                fits.ImageHDU(np.zeros(SHAPE, np.int16), header, name="MASK"),
            ]
        )
        hdus[0].header["EXTNAME"] = "SCI"
        paths.append(str(folder / f"band{number}.fits"))
        hdus.writeto(paths[-1])
    return paths


@pytest.mark.parametrize("kind", ["sum", "chi2"])
def test_a_source_too_faint_for_each_band_is_detected_in_all(tmp_path, kind):
    paths = write_bands(tmp_path, source=2.5)
    found = {}
    for image in ("reference", kind):
        output = tmp_path / f"{image}.csv"
        list_detections(
            paths[0],
            **SETTINGS,
            detections=str(output),
            threshold=1.9,
            min_area=4,
            bands=paths,
            detection_image=image,
        )
        found[image] = np.atleast_1d(np.genfromtxt(output, delimiter=",", names=True))
    near = {
        image: np.hypot(table["x"] - 65, table["y"] - 60) < 2 if table.size else np.zeros(0, bool)
        for image, table in found.items()
    }
    assert near["reference"].sum() == 0
    assert near[kind].sum() == 1
    assert len(near[kind]) <= 3  # few false ones
