"""Errors of bright stars and of their blends include the uncertainty of the PSF."""

import numpy as np
import pytest
from redpix.photometry import ccd, crowded
from redpix.photometry.psf_uncertainty import relative_error, with_psf_error
from redpix.photometry.quality import FLAGS, aperture_correction, assess
from scipy.spatial import cKDTree
from star_bound import spread
from star_field import Moffat, draw

SIDE, SKY, GAIN, FWHM = 320, 200.0, 2.0, 3.0


def measured(seed):
    """Return pulls without and with the error of the PSF, signal to noise, and which are blends."""
    rng = np.random.default_rng([seed, 31])
    x, y = rng.uniform(4, SIDE - 5, (2, 80))
    flux = 10 ** rng.uniform(4.0, 5.8, 80)
    distance, angle = rng.uniform(3.2, 7.5, 30), rng.uniform(0, 2 * np.pi, 30)
    x, y = (
        np.append(a, a[:30] + b)
        for a, b in zip((x, y), (distance * np.cos(angle), distance * np.sin(angle)), strict=True)
    )
    flux = np.append(flux, flux[:30] * 10 ** rng.uniform(-0.7, 0.7, 30))
    clean = draw((SIDE, SIDE), x, y, flux, Moffat(FWHM, axis_ratio=0.92, angle=1.0), 0.02) + SKY
    image = rng.poisson(clean * GAIN) / GAIN + rng.normal(0, 2.5, clean.shape)
    mask = np.zeros(image.shape, np.int16)
    sky = ccd.background(image, mask, 64)
    result = crowded.measure(image - sky.level, sky.rms, np.full(image.shape, GAIN), mask, 5.0, 64)
    quality = assess(result, mask, 11)
    correction = aperture_correction(result.stars, quality, result.errors)[0]
    tree = cKDTree(np.column_stack([x, y]))
    off, near = tree.query(np.column_stack([result.stars.x, result.stars.y]))
    between = tree.query(np.column_stack([x, y]), k=2)[0][near, 1]
    good = (off < 1) & ((quality.flags & ~FLAGS["BLENDED"]) == 0) & (between > 0.8 * FWHM)
    change = result.stars.flux * correction - flux[near]
    before, after = result.errors.flux, with_psf_error(result.errors, result, quality).flux
    blends = between < 2.7 * FWHM
    columns = (change / before, change / after, flux[near] / before, blends)
    assert 0.001 < relative_error(result, quality) < 0.02
    return [column[good] for column in columns]


def test_pulls_of_bright_stars_and_of_bright_blends():
    before, after, ratio, blends = map(np.concatenate, zip(*map(measured, range(4)), strict=True))
    bright = ratio > 100
    assert min(np.sum(bright & blends), np.sum(bright & ~blends)) > 80
    # without the error of the PSF, bright stars are worse than their errors
    assert spread(before[bright & ~blends]) > 1.07
    assert spread(after[bright & ~blends]) < spread(before[bright & ~blends]) - 0.03
    # a width of 80 pulls is certain to 8 %
    assert spread(after[bright & blends]) == pytest.approx(1.0, abs=0.16)
    assert spread(after[bright & ~blends]) == pytest.approx(1.0, abs=0.16)
    faint = ratio < 30
    assert np.allclose(after[faint & ~blends], before[faint & ~blends], rtol=0.02)
