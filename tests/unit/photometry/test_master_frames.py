"""Masters of calibration frames, and overscan."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.core.exceptions import InputError
from redpix.photometry import master_frames
from redpix.photometry.exposure_image import calibrate_image
from redpix.photometry.make_master import make_master, make_or_leave_out
from redpix.photometry.overscan import without_overscan

SHAPE = (60, 80)


def raws(number, level, scatter, seed=1):
    generator = np.random.default_rng(seed)
    return list(generator.normal(level, scatter, (number, *SHAPE)).astype(np.float32))


def test_cosmic_rays_are_clipped_and_the_mean_keeps_its_noise():
    frames = raws(12, 100.0, 5.0)
    frames[3][10, 20] = 5000
    mean = master_frames.clipped_mean(frames)
    assert mean.dtype == np.float32
    assert abs(mean[10, 20] - 100) < 8
    assert mean.std() == pytest.approx(5 / np.sqrt(12), rel=0.05)


def test_three_frames_are_combined_by_their_median():
    frames = raws(3, 100.0, 5.0)
    assert np.array_equal(master_frames.clipped_mean(frames), np.median(frames, axis=0))


def test_blocks_make_no_difference(monkeypatch):
    frames = raws(5, 100.0, 5.0)
    whole = master_frames.clipped_mean(frames)
    monkeypatch.setattr(master_frames, "BLOCK", 5 * SHAPE[1] * 7)
    assert np.array_equal(master_frames.clipped_mean(frames), whole)


def test_a_dark_is_scaled_without_its_bias():
    """A bias of 1000, a dark current of 2 counts per second: 60 s from 30 s."""
    bias = np.full(SHAPE, 1000, np.float32)
    dark = bias + 2 * 30
    assert master_frames.scaled_dark(dark, bias, 2.0) == pytest.approx(1000 + 2 * 60)


def test_flats_of_any_brightness_count_alike_and_a_hot_pixel_does_not_scale_them():
    shape = 1 - 0.3 * np.linspace(0, 1, SHAPE[1]) * np.ones(SHAPE)
    dark = np.full(SHAPE, 300, np.float32)
    frames = [dark + light * shape for light in (10000, 20000, 40000, 15000)]
    for frame in frames:
        frame[5, 5] = 65535
    flat = master_frames.master_flat(frames, [dark] * len(frames))
    inside = np.ones(SHAPE, bool)
    inside[5, 5] = False
    assert flat[inside] == pytest.approx((shape / np.median(shape))[inside], rel=1e-4)


def test_a_flat_without_light_is_refused():
    with pytest.raises(InputError, match="has no light"):
        master_frames.master_flat([np.zeros(SHAPE)])


def test_the_overscan_is_taken_away_and_the_image_trimmed():
    generator = np.random.default_rng(2)
    drift = np.linspace(500, 540, SHAPE[0])[:, None]
    raw = generator.normal(0, 3, SHAPE) + drift
    raw[:, 10:70] += 200
    header = fits.Header({"BIASSEC": "[71:80,1:60]", "TRIMSEC": "[11:70,1:60]", "CRPIX1": 31.0})
    pixels, trimmed, remarks = without_overscan(raw, header)
    assert pixels.shape == (60, 60)
    assert pixels.mean(axis=1) == pytest.approx(200, abs=2)
    assert trimmed["CRPIX1"] == 21
    assert header["CRPIX1"] == 31
    assert len(remarks) == 2


def test_without_sections_nothing_happens():
    raw = raws(1, 100.0, 5.0)[0]
    pixels, _, remarks = without_overscan(raw, fits.Header())
    assert np.array_equal(pixels, raw)
    assert remarks == []


def test_sections_of_another_readout_are_named_and_not_used():
    raw = raws(1, 100.0, 5.0)[0]
    header = fits.Header({"BIASSEC": "[1000:1024,1:1024]", "TRIMSEC": "[1:1024,1:1024]"})
    pixels, _, remarks = without_overscan(raw, header)
    assert np.array_equal(pixels, raw)
    assert len(remarks) == 2


def write_flats(folder):
    """Write three good flats, one without light, one saturated and one damaged."""
    levels = {"a": 20000, "b": 25000, "c": 30000, "dusk": 0, "noon": 65535, "cut": 20000}
    paths = []
    for seed, (name, level) in enumerate(levels.items()):
        pixels = raws(1, level, 100.0, seed)[0] if level else np.zeros(SHAPE)
        pixels = np.clip(np.rint(pixels if level < 60000 else pixels * 1.2), 0, 65535)
        path = folder / f"{name}.fits"
        fits.PrimaryHDU(pixels.astype(np.uint16)).writeto(path)
        paths.append(str(path))
    with open(paths[-1], "r+b") as file:
        file.truncate(6000)
    return paths


def test_frames_that_cannot_be_used_are_named_and_left_out(tmp_path, caplog):
    paths, master = write_flats(tmp_path), tmp_path / "flat.fits"
    make_master(paths, [], str(master), "flat", 1.0, 1.0)
    header = fits.getheader(master)
    assert header["NCOMBINE"] == 3
    for name, words in (
        ("dusk", "a flat without light"),
        ("noon", "100 % of the pixels of this flat are saturated"),
        ("cut", "truncated"),
    ):
        (line,) = [text for text in caplog.messages if f"{name}.fits" in text]
        assert words in line
    with pytest.raises(InputError, match=r"dusk.fits: none of the 3 flat frames can be used"):
        make_master(paths[3:], [], str(tmp_path / "none.fits"), "flat", 1.0, 1.0)


def test_a_light_whose_master_cannot_be_made_is_calibrated_without_it(tmp_path, caplog):
    paths, flat = write_flats(tmp_path), tmp_path / "flat_V.fits"
    make_or_leave_out(paths[3:], [], str(flat), "flat", 1.0, 1.0)
    assert "none of the 3 flat frames can be used" in fits.getheader(flat)["LEFTOUT"]
    scaled = tmp_path / "scaled.fits"
    make_or_leave_out([], [str(flat), str(flat)], str(scaled), "scaled dark", 9.0, 1.0)
    assert "nothing can be scaled" in fits.getheader(scaled)["LEFTOUT"]
    columns = ("mask", "frame", "exposure", "gain", "read_noise", "saturation")
    row = {"path": paths[0], "dark": str(scaled), "flat": str(flat), **dict.fromkeys(columns)}
    camera = dict.fromkeys(("gain", "read_noise", "saturation", "zero_point"))
    exposure = calibrate_image(row, {"camera": camera, "flat": "median", "scale_dark": False})
    assert exposure.calibrated.flat is None
    assert np.median(exposure.calibrated.image) == pytest.approx(20000, abs=20)
    for name, path in (("dark", scaled), ("flat", flat)):
        assert f"{path} is left out, so no {name} is applied" in exposure.camera.remarks
