"""Sources injected into images of any projection, with the noise that the images state."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from given_sky import tilted
from redpix.core.exceptions import InputError
from redpix.injection.inject import expected_light, with_photons
from redpix.injection.inject_given import inject_field
from redpix.injection.photon_noise import photon_noise
from test_inject import GALAXY, moffat_model

SHAPE = (240, 260)


def galactic(shape, scale):
    """Return a WCS in Galactic coordinates, in Lambert's projection."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["GLON-ZEA", "GLAT-ZEA"]
    wcs.wcs.crpix = [shape[1] / 2, shape[0] / 2]
    wcs.wcs.crval = [210.0, 40.0]
    wcs.wcs.cdelt = [-scale / 3600, scale / 3600]
    return wcs


@pytest.mark.parametrize(
    "wcs", [WCS(tilted(SHAPE, 0.25, 20, (150, 2), 2e-5)), galactic(SHAPE, 0.25)]
)
def test_place_flux_and_angle_in_any_projection(wcs):
    place, angle = (180.3, 70.8), 30.0
    centre = wcs.pixel_to_world(*place).icrs
    shaped = GALAXY | {"position_angle": angle, "axis_ratio": 0.3, "sersic": 1.0}
    table = pd.DataFrame([{"ra": centre.ra.deg, "dec": centre.dec.deg, "flux_a-b": 5.0} | shaped])
    light = expected_light(table, "a-b", moffat_model(3.0), wcs, SHAPE)
    assert light.sum() == pytest.approx(5, rel=1e-3)
    rows, columns = np.indices(SHAPE)
    x, y = (np.sum(light * plane) / light.sum() for plane in (columns, rows))
    assert (x, y) == pytest.approx(place, abs=0.01)
    dx, dy = columns - x, rows - y
    moments = [np.sum(light * one) for one in (dx * dx, dx * dy, dy * dy)]
    turn = np.arctan2(2 * moments[1], moments[0] - moments[2]) / 2
    # a step along the major axis, on the sky
    ahead = wcs.pixel_to_world(x + 9 * np.cos(turn), y + 9 * np.sin(turn)).icrs
    found = wcs.pixel_to_world(x, y).icrs.position_angle(ahead).to(u.deg).value % 180
    assert found == pytest.approx(angle, abs=0.5)


def test_electrons_from_the_error_map():
    rng = np.random.default_rng(1)
    light = np.zeros((200, 200))
    light[50:70, 50:70] = 4.0
    electrons, sky = 180.0, 0.02
    image = with_photons(rng, rng.normal(0, sky, light.shape), light, electrons)
    mask = np.zeros(light.shape, int)
    error = np.sqrt(sky**2 + light / electrons)
    noise = photon_noise(image, error, mask, None)
    assert noise.in_errors
    assert noise.electrons == pytest.approx(electrons, rel=0.02)
    # a map that ignores sources: the gain, or nothing
    flat = np.full(light.shape, sky)
    assert photon_noise(image, flat, mask, 90.0)[:2] == (90.0, False)
    assert photon_noise(image, flat, mask, None)[:2] == (None, False)


def test_a_source_beyond_the_image_is_left_out():
    header = fits.Header(tilted(SHAPE, 0.25, 20, (150, 2), 2e-5))
    far = SkyCoord(151 * u.deg, 2 * u.deg)
    table = pd.DataFrame([{"ra": far.ra.deg, "dec": far.dec.deg, "kind": "star", "flux_r": 5.0}])
    assert not expected_light(table, "r", moffat_model(3.0), WCS(header), SHAPE).any()


def test_an_unknown_zero_point_is_refused(tmp_path):
    """Sources have nanomaggies, and the image has counts."""
    (tmp_path / "status.json").write_text('{"frames": {"r": {"unit": "count"}}}')
    (tmp_path / "sources.csv").write_text("ra,dec,kind,flux_r\n150,2,star,5\n")
    paths = {name: [tmp_path / "absent.fits"] for name in ("frames", "errors", "injected")}
    files = {"masks": None, "psf": None, "sources": tmp_path / "sources.csv"}
    with pytest.raises(InputError, match=r"band r: the zero point is unknown.*column zero_point"):
        inject_field(
            **paths, **files, status=tmp_path / "status.json", field="a", bands=["r"], seed=1
        )
