"""Rejection of outliers: what is in one image only goes, stars of any seeing stay."""

import numpy as np
import pytest
import subtraction_sky
from redpix.coaddition.combine_masks import combined
from redpix.coaddition.reject import rejected_pixels, with_rejected
from redpix.coaddition.stack import stack
from redpix.image.masks import DTYPE, bit_value
from redpix.subtraction.epoch import Epoch
from scipy import ndimage

SHAPE = (260, 240)
#: seeing differs by a factor of 1.6
WIDTHS = (1.3, 2.1, 1.5, 1.8, 1.4)
FLUXES = (1.0, 0.9, 1.2, 0.8, 1.0)
NOISE, GAIN = 10.0, 2.0
#: position of the star that varies, and of the brightest star
VARIABLE, BRIGHT = (70, 60), (170, 190)
#: amplitude of the variable star in each image
LIGHT_CURVE = (1.0, 1.6, 0.7, 1.3, 1.0)
REGISTRATION = [(0.0, 0.0)] + [(0.02, 0.02)] * 4


def stars():
    """Return x, y and flux of stars apart from each other."""
    rng = np.random.default_rng(11)
    places, fluxes = [VARIABLE, BRIGHT], [2e4, 1e6]
    while len(places) < 50:
        place = tuple(rng.uniform(10, n - 10) for n in SHAPE[::-1])
        if all(np.hypot(place[0] - x, place[1] - y) > 17 for x, y in places):
            places.append(place)
            fluxes.append(10 ** rng.uniform(3.0, 5.3))
    return (*np.transpose(places), np.array(fluxes))


def exposures(number=5, vary=True):
    """Return images without outliers, as epochs with their PSFs."""
    x, y, flux = stars()
    sky = []
    for index in range(number):
        rng = np.random.default_rng([index, 12])
        brightness = flux.copy()
        if vary:
            brightness[0] *= LIGHT_CURVE[index]
        clean = FLUXES[index] * subtraction_sky.light(SHAPE, x, y, brightness, WIDTHS[index])
        variance = NOISE**2 + clean / GAIN
        image = clean + rng.standard_normal(SHAPE) * np.sqrt(variance)
        psf = subtraction_sky.gaussian(WIDTHS[index], 31)
        sky.append(Epoch(image, psf, None, FLUXES[index], variance))
    return sky


def outliers(index, blank):
    """Return what only one image has: rays of one to four pixels, a trail, an asteroid."""
    rng = np.random.default_rng([index, 13])
    extra = np.zeros(SHAPE)
    free = np.argwhere(blank)
    for y, x in free[rng.integers(0, len(free), 12)]:
        for step in range(rng.integers(1, 5)):
            extra[y, min(x + step, SHAPE[1] - 1)] = 10 ** rng.uniform(2.5, 4)
    if index == 2:
        rows, columns = np.indices(SHAPE)
        extra += 300 * np.exp(-0.5 * ((rows - 0.6 * columns - 40.3) / 1.8) ** 2)
    x, y = 30 + 22.5 * index, 225.0
    return extra + subtraction_sky.light(SHAPE, [x], [y], [3000.0], WIDTHS[index])


@pytest.fixture(scope="module")
def sky():
    """Return clean exposures, the same with outliers, and the outliers."""
    clean = exposures()
    x, y, _ = stars()
    rows, columns = np.indices(SHAPE)
    blank = np.min([np.hypot(columns - u, rows - v) for u, v in zip(x, y, strict=True)], 0) > 8
    extra = [outliers(index, blank) for index in range(len(clean))]
    spoilt = [e._replace(image=e.image + add) for e, add in zip(clean, extra, strict=True)]
    return clean, spoilt, extra


def rejected(epochs, masks=None):
    """Return the rejected pixels of exposures."""
    masks = masks or [np.zeros(SHAPE, DTYPE) for _ in epochs]
    psfs = [lambda x, y, own=epoch.psf: own for epoch in epochs]
    return rejected_pixels(epochs, masks, psfs, REGISTRATION[: len(epochs)])


def coadded(epochs, planes, method="proper"):
    """Return the stack of exposures without rejected pixels."""
    masks = with_rejected([np.zeros(SHAPE, DTYPE) for _ in epochs], planes)
    psfs = [lambda x, y, own=epoch.psf: own for epoch in epochs]
    return stack(combined(epochs, masks)[0], psfs, method, rejected=planes)


def plainly_clipped(epochs):
    """Return the pixels that a plain clip at five times the noise rejects."""
    images = [epoch.image / epoch.flux for epoch in epochs]
    return [
        abs(image - np.median(images, axis=0)) > 5 * np.sqrt(epoch.variance) / epoch.flux
        for image, epoch in zip(images, epochs, strict=True)
    ]


def test_nothing_of_a_clean_sky_is_rejected(sky):
    clean, *_ = sky
    planes = rejected(clean)
    assert sum(plane.sum() for plane in planes) < 40
    x, y, _ = stars()
    cores = [plane[np.rint(y).astype(int), np.rint(x).astype(int)] for plane in planes]
    assert not np.any(cores)
    # a plain clip rejects the cores of the same stars
    clipped = [p[np.rint(y).astype(int), np.rint(x).astype(int)] for p in plainly_clipped(clean)]
    assert np.sum(clipped) > 50


def check_outliers_go(sky, planes):
    clean, spoilt, extra = sky
    for epoch, add, plane in zip(spoilt, extra, planes, strict=True):
        strong = add > 10 * np.sqrt(epoch.variance)
        assert strong.sum() > 10
        assert plane[strong].all()
    image, whole = coadded(spoilt, planes), coadded(clean, [np.zeros(SHAPE, bool)] * 5)
    change = (image.image - whole.image) / whole.noise
    assert np.percentile(abs(change), 99.9) < 5
    x, y, flux = stars()
    for u, v, brightness in zip(np.rint(x).astype(int), np.rint(y).astype(int), flux, strict=True):
        part = np.s_[max(0, v - 9) : v + 10, max(0, u - 9) : u + 10]
        if not any(plane[part].any() for plane in planes):
            assert abs((image.image[part] - whole.image[part]).sum()) < 1e-3 * brightness


def test_rays_trails_and_asteroids_go(sky):
    check_outliers_go(sky, rejected(sky[1]))


def test_the_check_goes_red_without_rejection(sky):
    with pytest.raises(AssertionError):
        check_outliers_go(sky, [np.zeros(SHAPE, bool)] * 5)


@pytest.mark.parametrize("method", ["proper", "mean", "median"])
def test_noise_of_a_stack_is_that_of_its_sky(sky, method):
    _, spoilt, _ = sky
    made = coadded(spoilt, rejected(spoilt), method)
    x, y, _ = stars()
    rows, columns = np.indices(SHAPE)
    away = np.min([np.hypot(columns - u, rows - v) for u, v in zip(x, y, strict=True)], 0) > 13
    away &= np.hypot(columns - BRIGHT[0], rows - BRIGHT[1]) > 25
    inside = ndimage.binary_erosion(np.ones(SHAPE, bool), iterations=8)
    assert made.image[away & inside].std() == pytest.approx(made.noise, rel=0.03)


def test_a_variable_star_stays(sky):
    _, spoilt, _ = sky
    x, y = VARIABLE
    core = np.s_[y - 4 : y + 5, x - 4 : x + 5]
    assert not any(plane[core].any() for plane in rejected(spoilt))


def test_a_ray_on_a_star_goes_and_the_rest_of_the_star_stays():
    epochs = exposures(vary=False)
    x, y, flux = stars()
    chosen = int(np.argmin(abs(flux - 3e4)))
    u, v = int(np.rint(x[chosen])), int(np.rint(y[chosen]))
    epochs[3].image[v, u + 1] += 5000
    planes = rejected(epochs)
    assert planes[3][v, u + 1]
    assert planes[3][v - 9 : v + 10, u - 9 : u + 10].sum() < 60
    assert not any(plane[v - 9 : v + 10, u - 9 : u + 10].any() for plane in planes[:3])


def test_three_images_reject_and_two_do_not():
    epochs = exposures(3)
    epochs[1].image[20, 30] += 3000
    three, two = rejected(epochs), rejected(epochs[:2])
    assert three[1][20, 30]
    assert not three[0][16:25, 26:35].any()
    assert not any(plane.any() for plane in two)


def test_useless_pixels_neither_predict_nor_are_rejected():
    epochs = exposures(4)
    masks = [np.zeros(SHAPE, DTYPE) for _ in epochs]
    x, y = BRIGHT
    core = np.s_[y - 3 : y + 4, x - 3 : x + 4]
    for epoch, mask in zip(epochs, masks, strict=True):
        epoch.image[core] = np.minimum(epoch.image[core], 20000)
        mask[core] = bit_value("SATURATED")
    masks[1][:, :100] = bit_value("NO_DATA")
    epochs[1].image[:, :100] = np.nan
    # on blank sky that three images cover
    rows, columns = np.indices(SHAPE)
    distances = [np.hypot(columns - u, rows - v) for u, v in zip(*stars()[:2], strict=True)]
    ray = np.unravel_index(np.argmax(np.min(distances, axis=0) * (columns < 90)), SHAPE)
    epochs[0].image[ray] += 2000
    planes = rejected(epochs, masks)
    assert planes[0][ray]
    assert not any(plane[core].any() for plane in planes)
    assert not planes[1][:, :100].any()
    assert sum(plane.sum() for plane in planes) < 60


def fluxes_of(made):
    """Return the PSF fluxes of the stars in a stack."""
    x, y, _ = stars()
    half, middle = 8, made.psf.shape[0] // 2
    part = np.s_[middle - half : middle + half + 1, middle - half : middle + half + 1]
    found = []
    for u, v in zip(x, y, strict=True):
        column, row = int(np.rint(u)), int(np.rint(v))
        psf = ndimage.shift(made.psf, (v - row, u - column), order=5)[part]
        image = made.image[row - half : row + half + 1, column - half : column + half + 1]
        found.append(np.sum(image * psf) / np.sum(psf**2))
    return np.array(found)


def theory(epochs):
    """Return the signal-to-noise ratio of unit flux against the noise of the sky."""
    return np.sqrt(sum((e.flux / NOISE) ** 2 * np.sum(e.psf**2) for e in epochs))


def test_signal_to_noise_of_stars_is_that_of_all_images(sky):
    clean, spoilt, _ = sky
    _, _, flux = stars()
    # the variable star is not its mean
    for epochs, planes in ((clean, [np.zeros(SHAPE, bool)] * 5), (spoilt, rejected(spoilt))):
        made = coadded(epochs, planes)
        significance = fluxes_of(made) * np.sqrt(np.sum(made.psf**2)) / made.noise
        ratio = (significance / flux / theory(epochs))[1:]
        assert np.average(ratio, weights=np.minimum(flux[1:], 1e5)) == pytest.approx(1, abs=0.02)


def test_a_star_with_a_ray_keeps_its_flux():
    """The mean of the others, of another seeing, would cost up to 6 % of it."""
    clean = exposures(vary=False)
    x, y, flux = stars()
    spoilt = [epoch._replace(image=epoch.image.copy()) for epoch in clean]
    bright = np.flatnonzero((flux > 5e4) & (flux < 5e5))
    for number in bright:
        row, column = int(np.rint(y[number])), int(np.rint(x[number]))
        spoilt[0].image[row + 1, column] += 0.2 * flux[number]
    planes = rejected(spoilt)
    assert all(planes[0][int(np.rint(y[number])) + 1, int(np.rint(x[number]))] for number in bright)
    masks = with_rejected([np.zeros(SHAPE, DTYPE)] * 5, planes)
    psfs = [lambda x, y, own=epoch.psf: own for epoch in clean]
    naive = stack(combined(spoilt, masks)[0], psfs)
    whole = fluxes_of(coadded(clean, [np.zeros(SHAPE, bool)] * 5))
    changes = [
        abs(fluxes_of(made) / whole - 1)[bright] for made in (coadded(spoilt, planes), naive)
    ]
    assert changes[0].max() < 2e-3
    assert changes[1].max() > 0.02
