"""Fluxes in apertures before the seeing: against analytic fluxes, two PSFs and drawn noise."""

import galsim
import numpy as np
import pytest
from redpix.pixels.gaap import FLAGS, aperture_fluxes, apertures
from scipy import ndimage

SHAPE = (300, 300)
WHITE = np.ones((1, 1))
PSFS = {
    "narrow": galsim.Moffat(beta=3.0, fwhm=2.9),
    "wide": galsim.Moffat(beta=2.6, fwhm=4.3).shear(g1=0.08, g2=-0.05),
}


def places(seed=1, number=4):
    """Positions between the pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[45:256:70, 45:256:70][:, :number]
    return (plane.ravel() + rng.uniform(-0.5, 0.5, plane.size) for plane in (x, y))


def drawn(profile, psf, x, y):
    """Return an image of a profile behind a PSF at some positions, and the stamp of the PSF."""
    seen, image = galsim.Convolve(profile, psf), galsim.ImageD(*SHAPE[::-1], init_value=0)
    image.setOrigin(0, 0)
    for place in zip(x, y, strict=True):
        stamp = seen.drawImage(
            nx=160, ny=160, scale=1, center=galsim.PositionD(*place), method="auto"
        )
        both = stamp.bounds & image.bounds
        image[both] += stamp[both]
    return image.array, psf.drawImage(nx=61, ny=61, scale=1).array


def measured(image, psf, shapes, covariance=WHITE, sigma=1.0):
    clear = np.zeros(SHAPE, bool)
    return aperture_fluxes(image, np.full(SHAPE, sigma), clear, shapes, psf, covariance)


def test_the_flux_of_a_gaussian_galaxy_is_the_analytic_one():
    x, y = places()
    shapes = apertures(x, y, np.full(len(x), 3.0), np.full(len(x), 2.0), np.full(len(x), 25.0), 1.9)
    galaxy = galsim.Gaussian(sigma=2.2, flux=7).shear(e1=0.2, e2=0.1)
    matrix = galaxy.jac if hasattr(galaxy, "jac") else np.eye(2)
    moments = 2.2**2 * matrix @ matrix.T
    for psf in PSFS.values():
        image, stamp = drawn(galaxy, psf, x, y)
        made = measured(image, stamp, shapes)
        aperture = np.array([[shapes.xx[0], shapes.xy[0]], [shapes.xy[0], shapes.yy[0]]])
        share = np.linalg.det(aperture) / np.linalg.det(aperture + moments)
        assert made.flux == pytest.approx(7 * np.sqrt(share), rel=1e-3)
        assert not made.flags.any()


@pytest.mark.parametrize(
    "galaxy",
    [
        galsim.Exponential(half_light_radius=2.5, flux=10).shear(g1=0.3, g2=0.1),
        galsim.Sersic(n=2.5, half_light_radius=3.0, flux=10, trunc=30).shear(g1=-0.1, g2=0.3),
        galsim.Gaussian(sigma=0.01, flux=10),
    ],
    ids=["disk", "Sersic", "star"],
)
def test_two_psfs_give_one_flux(galaxy):
    x, y = places()
    number = len(x)
    shapes = apertures(x, y, np.full(number, 2.6), np.full(number, 2.1), np.full(number, -70), 1.9)
    fluxes = [measured(*drawn(galaxy, psf, x, y), shapes).flux for psf in PSFS.values()]
    assert fluxes[0] == pytest.approx(fluxes[1], rel=1e-3)
    assert fluxes[0] == pytest.approx(np.full(number, fluxes[0].mean()), rel=1e-3)


def test_errors_are_the_scatter_of_correlated_noise():
    rng = np.random.default_rng(7)
    kernel = np.array([[0.05, 0.1, 0.05], [0.1, 0.4, 0.1], [0.05, 0.1, 0.05]])
    covariance = ndimage.convolve(np.pad(kernel, 2), kernel, mode="constant")
    y, x = (plane.ravel() * 1.0 for plane in np.mgrid[30:271:20, 30:271:20])
    number = len(x)
    shapes = apertures(x, y, np.full(number, 2.6), np.full(number, 1.8), np.full(number, 30), 1.6)
    psf = PSFS["narrow"].drawImage(nx=61, ny=61, scale=1).array
    fluxes = []
    for _ in range(6):
        noise = ndimage.convolve(3 * rng.standard_normal(SHAPE), kernel, mode="wrap")
        made = measured(noise, psf, shapes, covariance, sigma=3.0)
        fluxes.append(made.flux)
    assert np.std(fluxes) == pytest.approx(np.median(made.error), rel=0.04)
    # with independent pixels of the same scatter they would be too small
    apart = measured(noise, psf, shapes, WHITE, sigma=3.0 * np.sqrt(np.sum(kernel**2)))
    assert np.median(apart.error) < 0.75 * np.median(made.error)


def test_apertures_are_never_narrower_than_the_widest_psf():
    shapes = apertures([50.0, 90.0], [50.0, 50.0], [3.0, 0.6], [2.0, 0.4], [90.0, 0.0], 2.0)
    assert shapes.yy[0] == pytest.approx(3.0**2 + 2.0**2)
    assert shapes.xx[0] == pytest.approx(2.0**2 + 2.0**2)
    assert list(shapes.enlarged) == [False, True]
    assert min(shapes.xx[1], shapes.yy[1]) == pytest.approx((1.15 * 2.0) ** 2)


def test_masked_pixels_and_edges_are_flagged():
    x, y = np.array([50.0, 2.0, 150.0, 220.0]), np.array([50.0, 150.0, 150.0, 220.0])
    shapes = apertures(x, y, np.full(4, 2.5), np.full(4, 2.5), np.zeros(4), 1.9)
    image, mask = np.ones(SHAPE), np.zeros(SHAPE, bool)
    mask[150, 149:152] = True
    mask[210:230, 210:230] = True
    psf = PSFS["wide"].drawImage(nx=61, ny=61, scale=1).array
    made = aperture_fluxes(image, np.ones(SHAPE), mask, shapes, psf, WHITE)
    flags = made.flags & ~FLAGS["ENLARGED"]
    assert flags[0] == 0
    assert flags[1] & FLAGS["EDGE"]
    assert flags[2] == FLAGS["MASKED"]
    assert np.isnan(made.flux[3])
    # a constant sky of 1 gives the area of the aperture
    area = 2 * np.pi * np.sqrt(shapes.xx[0] * shapes.yy[0] - shapes.xy[0] ** 2)
    assert made.flux[0] == pytest.approx(area, rel=1e-2)
