"""E(B-V) from the maps of SFD: against a sky whose dust is a formula, through astropy's own WCS."""

import numpy as np
import pandas as pd
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from redpix.catalogue.origins import make_catalogue
from redpix.catalogue.sfd_maps import reddening
from redpix.config.sfd_files import sfd_files
from redpix.core.exceptions import InputError
from redpix.pixels.extinction import coefficient, read_extinction
from test_catalogue import GOOD, HEADER, ROOT

SIDE = 1024
SCHEMA = ROOT / "workflow/schemas/objects.schema.yaml"


def dust(longitude, latitude):
    """E(B-V) of the made-up sky: smooth, and different in each quadrant."""
    x, y = np.deg2rad([longitude, latitude])
    return 0.3 - 0.2 * np.sin(y) + np.cos(y) * (0.08 * np.cos(x) + 0.05 * np.sin(x))


def sfd_map(sign):
    """One hemisphere as SFD publish it: its cards are those of the file, and its WCS is ZEA."""
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "GLON-ZEA", "GLAT-ZEA"
    header["CRVAL1"], header["CRVAL2"] = 90.0, 90.0 * sign
    header["CRPIX1"] = header["CRPIX2"] = SIDE / 2 + 0.5
    # 2 sin(45 deg) radians from pole to equator are half a side
    scale = np.rad2deg(np.sqrt(2)) / (SIDE / 2)
    header["CD1_1"], header["CD2_2"] = -scale, scale
    header["CD1_2"] = header["CD2_1"] = 0.0
    header["LONPOLE"], header["LATPOLE"] = 180.0, 90.0 * sign
    wcs = WCS(header)
    y, x = np.mgrid[:SIDE, :SIDE]
    longitude, latitude = wcs.wcs_pix2world(np.stack([x.ravel(), y.ravel()], 1), 0).T
    values = dust(longitude, latitude).reshape(SIDE, SIDE)
    header["LAM_NSGP"], header["LAM_SCAL"] = sign, SIDE / 2
    # beyond the equator, where the projection ends, the file goes on smoothly
    return fits.PrimaryHDU(np.nan_to_num(values).astype(np.float32), header)


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sfd")
    for pole, sign in (("ngp", 1), ("sgp", -1)):
        sfd_map(sign).writeto(folder / f"SFD_dust_{SIDE}_{pole}.fits")
    return folder


def test_the_reddening_is_that_of_the_sky_at_each_position(maps):
    rng = np.random.default_rng(3)
    ra, dec = rng.uniform(0, 360, 4000), np.rad2deg(np.arcsin(rng.uniform(-1, 1, 4000)))
    places = SkyCoord(ra, dec, unit="deg").galactic
    clear = np.abs(places.b.deg) > 1
    expected = dust(places.l.deg, places.b.deg)
    # not multiplied by 0.86, which is in the coefficients of the bands
    assert reddening(sfd_files(maps), ra, dec)[clear] == pytest.approx(expected[clear], abs=2e-4)


def catalogue(folder, header, *rows, sfd_maps):
    (folder / "in.csv").write_text("\n".join([header, *rows]) + "\n")
    paths = {name: folder / f"{name}.csv" for name in ("objects", "frames", "rejected")}
    make_catalogue(
        folder / "in.csv",
        SCHEMA,
        **paths,
        origin=str(folder / "in.csv"),
        duplicate_radius=1.0,
        fields=None,
        shard=None,
        sfd_maps=sfd_files(sfd_maps),
    )
    return paths["objects"]


def test_objects_without_extinction_get_that_of_the_maps(maps, tmp_path):
    objects = catalogue(tmp_path, HEADER, GOOD, sfd_maps=maps)
    place = SkyCoord(10.5, -0.5, unit="deg").galactic
    expected = dust(place.l.deg, place.b.deg)
    assert pd.read_csv(objects)["ebv_sfd"].tolist() == pytest.approx([expected], abs=2e-4)
    found = read_extinction(objects, ["g", "r"], {"r": 6156.0})
    assert found.values[1] == pytest.approx(
        [3.303 * expected, coefficient("r", 6156.0) * expected], abs=1e-3
    )
    assert found.origin == "ebv_sfd (E(B-V) of the maps of SFD)"


def test_values_of_the_catalogue_are_preferred_and_gaps_are_filled(maps, tmp_path, caplog):
    second = GOOD.replace("1,10.5,-0.5", "2,190.5,20.5")
    objects = catalogue(tmp_path, HEADER + ",ebv", GOOD + ",0.05", second + ",", sfd_maps=maps)
    found = read_extinction(objects, ["g"], {})
    assert found.values[1] == pytest.approx([3.303 * 0.05])
    place = SkyCoord(190.5, 20.5, unit="deg").galactic
    assert found.values[2] == pytest.approx([3.303 * dust(place.l.deg, place.b.deg)], abs=1e-3)
    assert "1 of 2 objects have no possible value; the maps of SFD give it" in caplog.text
    objects = catalogue(
        tmp_path, HEADER + ",extinction_g", GOOD + ",0.2", second + ",", sfd_maps=maps
    )
    found = read_extinction(objects, ["g"], {})
    assert found.values[1].tolist() == [0.2]
    assert found.values[2] == pytest.approx([3.303 * dust(place.l.deg, place.b.deg)], abs=1e-3)


def test_a_folder_that_cannot_serve_is_refused_in_one_line(maps, tmp_path):
    assert sfd_files(None) == sfd_files(tmp_path) == []
    north = tmp_path / "sfd" / "SFD_dust_4096_ngp.fits"
    north.parent.mkdir()
    north.write_bytes((maps / f"SFD_dust_{SIDE}_sgp.fits").read_bytes())
    assert sfd_files(tmp_path) == [str(north)]
    with pytest.raises(InputError, match="SFD_dust_4096_sgp.fits, too$"):
        reddening(sfd_files(tmp_path), np.array([10.5]), np.array([-0.5]))
    with pytest.raises(InputError, match="ngp.fits: it is a map of something else; allowed: the n"):
        reddening(sfd_files(tmp_path), np.array([190.5]), np.array([20.5]))
    north.write_bytes(north.read_bytes()[:100_000])
    with pytest.raises(InputError, match="ngp.fits: truncated"):
        reddening(sfd_files(tmp_path), np.array([190.5]), np.array([20.5]))
