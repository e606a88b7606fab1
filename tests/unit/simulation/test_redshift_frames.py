"""Galaxies of registered frames, here of simulated frames."""

import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from galaxies_of_frames import redshifting_job, write_seeing
from redpix.simulation import redshift_frames
from redpix.simulation.registered_field import FieldFiles, RegisteredField

BANDS = ["g", "r"]
FWHM = {"g": 1.4, "r": 1.3}  # arcsec
FRAME_SCALE = 0.396


def make_field(folder, name, scale, places):
    """Write registered images, segments and PSF of compact galaxies; return ra and dec."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix = ["RA---TAN", "DEC--TAN"], [150, 2], [60, 60]
    wcs.wcs.cd = np.diag([-scale, scale]) / 3600
    rng = np.random.default_rng(4)
    segments = np.zeros((120, 120), np.int32)
    light = np.zeros((120, 120))
    for number, (x, y) in enumerate(places, start=1):
        rows, columns = np.indices(light.shape)
        radius = np.hypot(columns - x, rows - y)
        light += (6 - number) * np.exp(-(radius**2) / 18)
        segments[radius < 7] = number
    for band in BANDS:
        flux = (light + 0.01 * rng.standard_normal(light.shape)).astype(np.float32)
        parts = (flux, np.full(flux.shape, 0.01, np.float32), np.zeros(flux.shape, np.int32))
        hdus = [fits.PrimaryHDU()]
        for key, part in zip(("SCI", "ERR", "MASK"), parts, strict=True):
            hdus.append(fits.ImageHDU(part, wcs.to_header(), name=key))
        fits.HDUList(hdus).writeto(folder / f"{name}-{band}.fits")
    fits.PrimaryHDU(segments).writeto(folder / f"{name}.seg.fits")
    write_seeing(folder / f"{name}.psf.fits", {band: FWHM[band] for band in BANDS}, FRAME_SCALE)
    return wcs.all_pix2world(np.array(places, float), 0)


def job(folder, fields, **changes):
    """Return the keywords of the function; fields by name, with pixel scale and positions."""
    rows = []
    for name, (scale, places) in fields.items():
        run, camcol, field = name.split("-")
        for number, (ra, dec) in enumerate(make_field(folder, name, scale, places)):
            row = {"id": 100 * int(field) + number, "ra": ra, "dec": dec, "redshift": 0.1}
            row |= {"class": "GALAXY", "run": run, "camcol": camcol, "field": field}
            rows.append(row | {"r": 16 + number + 0.1 * int(field)})
    pd.DataFrame(rows).to_csv(folder / "objects.csv", index=False)
    params = {"z_out": [0.3, 0.3], "size": 40, "targets": "noiseless"}
    inputs = {
        "objects": folder / "objects.csv",
        "registered": [str(folder / f"{name}-{band}.fits") for name in fields for band in BANDS],
        "segments": [str(folder / f"{name}.seg.fits") for name in fields],
        "psfs": [str(folder / f"{name}.psf.fits") for name in fields],
    }
    return redshifting_job(folder, inputs, BANDS, list(fields), **params | changes)


@pytest.mark.parametrize("scale", [0.396, 0.2])
def test_the_psf_is_as_wide_on_any_grid(tmp_path, scale):
    """The seeing in arcsec does not depend on the pixel scale of the registered images."""
    redshift_frames.redshift_galaxies(**job(tmp_path, {"94-3-1": (scale, [(60, 60)])}, number=1))
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert truth["pixel_scale_in"][0] == pytest.approx(scale, rel=1e-6)
    for end in ("in", "out"):
        for band in BANDS:
            # pixels broaden the PSF slightly, fine pixels less
            assert truth[f"seeing_{end}_{band}"][0] == pytest.approx(FWHM[band], rel=0.05)
    assert "seeing" not in json.loads((tmp_path / "settings.json").read_text())


def test_seeing_of_targets(tmp_path):
    changes = {"number": 1, "seeing": [2.0, 2.1], "pixel_scale_out": 0.5}
    redshift_frames.redshift_galaxies(**job(tmp_path, {"94-3-1": (0.396, [(60, 60)])}, **changes))
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert truth[["seeing_out_g", "seeing_out_r"]].to_numpy()[0] == pytest.approx([2.0, 2.1])
    assert truth["pixel_scale_out"][0] == 0.5


@pytest.mark.parametrize("size", [40, 41])
def test_galaxies_are_in_the_middle(tmp_path, size):
    rng = np.random.default_rng(2)
    paths = job(tmp_path, {"94-3-1": (0.396, [(60, 60)])})
    files = FieldFiles(paths["registered"], paths["segments"][0], paths["psfs"][0])
    field = RegisteredField(files, BANDS)
    offsets = []
    for x, y in rng.uniform(58, 62, (200, 2)):
        field.flux = [np.zeros((120, 120)) for _ in BANDS]
        field.flux[0][int(round(y)), int(round(x))] = 1.0
        ra, dec = field.wcs.all_pix2world(x, y, 0)
        flux, _ = field.cut(ra, dec, size)
        row, column = np.argwhere(flux[..., 0] == 1)[0]
        offsets.append((column + x - round(x), row + y - round(y)))
    offsets = np.array(offsets) - (size - 1) / 2
    assert np.abs(offsets).max() <= 0.5 + 1e-6
    assert offsets.mean(axis=0) == pytest.approx([0, 0], abs=0.07)


def test_brightest_first_from_all_fields(tmp_path):
    fields = {
        "94-3-1": (0.396, [(40, 40), (80, 80), (10, 60)]),
        "94-3-2": (0.396, [(60, 60), (30, 85)]),
    }
    redshift_frames.redshift_galaxies(**job(tmp_path, fields))
    truth = pd.read_csv(tmp_path / "truth.csv")
    # the stamp of the third leaves its image; the faintest exceeds the number
    assert truth["id"].tolist() == [100, 200, 101]
    inputs = np.load(tmp_path / "inputs.npy")
    assert inputs.shape == (3, 40, 40, 2)
    assert inputs[..., 1].max(axis=(1, 2)) == pytest.approx([5, 5, 4], rel=0.02)
    errors = np.load(tmp_path / "input_errors.npy")
    assert np.isfinite(errors[:, 18:22, 18:22]).all()


def test_memory_does_not_grow_with_galaxies(tmp_path):
    places = [(x, y) for x in range(30, 90, 5) for y in range(30, 90, 5)]
    peaks = []
    for number in (2, 30):
        folder = tmp_path / str(number)
        folder.mkdir()
        some = job(folder, {"94-3-1": (0.396, places)}, number=number)
        tracemalloc.start()
        redshift_frames.redshift_galaxies(**some)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # a pair of stamps and their errors are 0.1 MB
    assert peaks[1] - peaks[0] < 1e6
