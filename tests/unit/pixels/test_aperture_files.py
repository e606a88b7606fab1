"""The table of fluxes in apertures before the seeing, from images of two bands of one field."""

import logging
from pathlib import Path

import galsim
import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from given_sky import tilted
from redpix.catalogue.assoc import NO_OBJECT
from redpix.image.wcs import frame_wcs, image_wcs
from redpix.pixels.aperture_files import measure_apertures
from redpix.pixels.register_field import register_field
from redpix.sdss.fetch import write_masks

ROOT = Path(__file__).resolve().parents[3]
BANDS, SHAPE, NOISE = ["g", "i"], (260, 280), 0.01
PSFS = {"g": galsim.Moffat(beta=3, fwhm=4.2), "i": galsim.Moffat(beta=3, fwhm=2.8)}
COLOUR = 2.5


@pytest.fixture
def field(tmp_path):
    """Arguments of `measure_apertures`: galaxies with fluxes in i of `COLOUR` times those in g."""
    rng = np.random.default_rng(8)
    y, x = (plane.ravel() * 1.0 for plane in np.mgrid[40:230:45, 40:250:45])
    x, y = x + rng.uniform(-0.5, 0.5, x.size), y + rng.uniform(-0.5, 0.5, y.size)
    galaxy = galsim.Exponential(half_light_radius=2.2, flux=30).shear(g1=0.25, g2=0.1)
    header = tilted(SHAPE, 0.396, 35.0, (150.0, 2.0))
    paths = {
        kind: [str(tmp_path / f"{band}.{kind}.fits") for band in BANDS]
        for kind in ("frame", "error", "registered", "psf")
    }
    for number, band in enumerate(BANDS):
        image = galsim.ImageD(SHAPE[1], SHAPE[0], init_value=0)
        image.setOrigin(0, 0)
        seen = galsim.Convolve(galaxy, PSFS[band]) * COLOUR**number
        for place in zip(x, y, strict=True):
            stamp = seen.drawImage(nx=90, ny=90, scale=1, center=galsim.PositionD(*place))
            both = stamp.bounds & image.bounds
            image[both] += stamp[both]
        pixels = image.array + NOISE * rng.standard_normal(SHAPE)
        fits.writeto(paths["frame"][number], pixels.astype(np.float32), header)
        fits.writeto(paths["error"][number], np.full(SHAPE, NOISE, np.float32))
        fits.writeto(
            paths["psf"][number], PSFS[band].drawImage(nx=41, ny=41, scale=1).array.astype(float)
        )
    masks = str(tmp_path / "masks.fits")
    write_masks(masks, dict.fromkeys(BANDS), BANDS)
    register_field(
        paths["frame"], paths["error"], masks, paths["registered"], BANDS, "i", "drizzle"
    )
    with fits.open(paths["registered"][1]) as hdus:
        grid, wcs = frame_wcs(hdus["SCI"].header), image_wcs(fits.getheader(paths["frame"][0]))
    x, y = grid.all_world2pix(*wcs.all_pix2world(x, y, 0), 1)
    ids = np.arange(101, 101 + len(x))
    ids[3] = NO_OBJECT
    values = {"X_IMAGE": x, "Y_IMAGE": y, "A_IMAGE": 2.6, "B_IMAGE": 2.0, "THETA_IMAGE": 30.0}
    columns = [fits.Column("OBJECT_ID", "K", array=ids)]
    columns += [
        fits.Column(name, "D", array=np.broadcast_to(value, x.shape))
        for name, value in values.items()
    ]
    catalogue = tmp_path / "i.cat.fits"
    fits.BinTableHDU.from_columns(columns, name="OBJECTS").writeto(catalogue)
    known = pd.DataFrame({"id": ids[ids != NO_OBJECT], "ebv": 0.1})
    known.to_csv(tmp_path / "objects.csv", index=False)
    return {
        "frames": paths["frame"],
        "registered": paths["registered"],
        "catalogue": str(catalogue),
        "psfields": [],
        "sextractor": [
            str(ROOT / f"resources/sextractor/{name}")
            for name in ("sources.sex", "stars.param", "sources.conv")
        ],
        "psfex": str(ROOT / "resources/psfex/stars.psfex"),
        "table": str(tmp_path / "apertures.csv"),
        "bands": BANDS,
        "psf_files": dict(zip(BANDS, paths["psf"], strict=True)),
        "reject": ["NO_DATA", "EDGE", "BAD"],
        "field": "simulated",
        "objects": str(tmp_path / "objects.csv"),
        "extinction": "catalogue",
        "wavelengths": {},
    }


def test_colours_do_not_depend_on_the_seeing(field):
    measure_apertures(**field)
    table = pd.read_csv(field["table"])
    assert list(table["id"]) == sorted(table["id"])
    assert NO_OBJECT not in set(table["id"])
    ratio = table["gaap_flux_i"] / table["gaap_flux_g"]
    error = ratio * np.hypot(
        table["gaap_flux_err_i"] / table["gaap_flux_i"],
        table["gaap_flux_err_g"] / table["gaap_flux_g"],
    )
    assert ratio.mean() == pytest.approx(COLOUR, rel=5e-3)
    assert np.std((ratio - COLOUR) / error) == pytest.approx(1, abs=0.35)
    assert (table["gaap_flags"] == 0).all()
    assert (table["extinction_g"] > 1.5 * table["extinction_i"]).all()


def test_a_band_without_a_psf_is_empty_and_said(field, caplog):
    field["psf_files"].pop("g")
    with fits.open(field["registered"][0], mode="update") as hdus:
        noise = np.random.default_rng(9).standard_normal(hdus["SCI"].data.shape)
        hdus["SCI"].data[:] = NOISE * noise
    with caplog.at_level(logging.WARNING):
        measure_apertures(**field)
    table = pd.read_csv(field["table"])
    assert table["gaap_flux_g"].isna().all()
    assert table["gaap_flux_i"].notna().all()
    assert "field simulated: band g: its column gaap_flux_g is empty" in caplog.text
