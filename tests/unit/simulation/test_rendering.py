import numpy as np
import pytest
from redpix.simulation import extents, rendering
from redpix.simulation.rendering import Galaxy, Psf
from scipy.signal import fftconvolve
from scipy.special import gammainc

SCALE = 0.396
PSF = Psf(1.3, beta=3.0, axis_ratio=0.95, position_angle=20.0)


def cd_matrix(angle, scale=SCALE):
    """Return the CD matrix of columns along `angle` from north through east."""
    sin, cos = np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))
    return np.array([[sin, cos], [cos, -sin]]) * scale / 3600


def picture(galaxy, bulge, disk, psf=PSF, angle=33.0, scale=SCALE, limit=1e9):
    radius = float(extents.stamp_radius(galaxy, psf, bulge + disk, limit)) / scale
    size = 2 * int(radius) + 5
    image = np.zeros((size, size))
    profile = rendering.galaxy_profile(galaxy, bulge, disk)
    profile = rendering.convolved(profile, rendering.psf_profile(psf))
    x, y = size / 2 + 0.3, size / 2 - 0.6
    rendering.add(image, profile, rendering.jacobian(cd_matrix(angle, scale)), x, y, radius)
    return image, x, y


@pytest.mark.parametrize("sersic", [1.0, 2.5, 4.0, 4.5])
@pytest.mark.parametrize("radius", [0.1, 0.8, 4.0])
def test_total_flux(sersic, radius):
    image, _, _ = picture(Galaxy(radius, 1.7 * radius, sersic, 0.4, 70.0), 0.7, 0.3)
    assert image.sum() == pytest.approx(1, abs=3e-4)


def test_half_the_light_within_the_half_light_radius():
    # a disk alone, with a sharp PSF on fine pixels
    psf = Psf(0.02, beta=4.5)
    image, x, y = picture(Galaxy(1.0, 1.5, 4.0, 1.0, 0.0), 0.0, 2.0, psf=psf, scale=0.05)
    rows, columns = np.indices(image.shape)
    distance = np.hypot(columns - x, rows - y) * 0.05
    # exponential of scale length h, truncated at 5 half-light radii
    scale_lengths = np.linspace(0.7, 1.0, 30001)
    cut = gammainc(2, 1.5 / scale_lengths) / gammainc(2, 7.5 / scale_lengths)
    h = scale_lengths[np.argmin(np.abs(cut - 0.5))]
    for radius in (0.5, 1.5, 3.0):
        expected = 2 * gammainc(2, radius / h) / gammainc(2, 7.5 / h)
        assert image[distance < radius].sum() == pytest.approx(expected, rel=4e-3)


def test_against_convolution_on_a_fine_grid():
    """Compare an inclined disk with an elliptical PSF with sampled formulas."""
    fine, size = 9, 61
    galaxy = Galaxy(1.0, 2.0, 4.0, 0.5, 25.0)
    angle = 33.0
    jacobian = rendering.jacobian(cd_matrix(angle))
    profile = rendering.convolved(
        rendering.galaxy_profile(galaxy, 0.0, 1.0), rendering.psf_profile(PSF)
    )
    found = rendering.draw(profile, (size, size), jacobian, size // 2, size // 2)

    offset = (np.arange(size * fine) - (size * fine - 1) / 2) / fine
    matrix = cd_matrix(angle) * 3600
    east = matrix[0, 0] * offset[None, :] + matrix[0, 1] * offset[:, None]
    north = matrix[1, 0] * offset[None, :] + matrix[1, 1] * offset[:, None]

    def elliptical_radius(axis_ratio, position_angle):
        a = np.deg2rad(position_angle)
        along, across = east * np.sin(a) + north * np.cos(a), east * np.cos(a) - north * np.sin(a)
        return np.hypot(along * np.sqrt(axis_ratio), across / np.sqrt(axis_ratio))

    h = 2.0 / 1.678347  # half-light radius over scale length; the truncation changes it by 3e-3
    disk = np.exp(-elliptical_radius(0.5, 25.0) / h)
    core = PSF.fwhm / 2 / np.sqrt(2 ** (1 / PSF.beta) - 1)
    moffat = (1 + (elliptical_radius(PSF.axis_ratio, PSF.position_angle) / core) ** 2) ** -PSF.beta
    blurred = fftconvolve(disk / disk.sum(), moffat / moffat.sum(), mode="same")
    expected = blurred.reshape(size, fine, size, fine).sum(axis=(1, 3))
    assert np.abs(found - expected).max() < 0.01 * expected.max()
    # with the opposite angle the images differ
    assert np.abs(found.T - expected).max() > 0.05 * expected.max()


@pytest.mark.parametrize(("angle", "position_angle"), [(0.0, 0.0), (33.0, 70.0), (120.0, 150.0)])
def test_position_angle_is_from_north_through_east(angle, position_angle):
    galaxy = Galaxy(1.0, 3.0, 4.0, 0.3, position_angle)
    image, x, y = picture(galaxy, 0.1, 0.9, psf=Psf(1.2), angle=angle)
    rows, columns = np.indices(image.shape)
    (xx, xy), (_, yy) = [
        [np.sum(image * a * b) for b in (columns - x, rows - y)] for a in (columns - x, rows - y)
    ]
    matrix = cd_matrix(angle)
    covariance = matrix @ np.array([[xx, xy], [xy, yy]]) @ matrix.T
    values, vectors = np.linalg.eigh(covariance)
    east, north = vectors[:, np.argmax(values)]
    found = np.rad2deg(np.arctan2(east, north))
    assert (found - position_angle + 90) % 180 - 90 == pytest.approx(0, abs=0.05)


def test_centroid():
    image, x, y = picture(Galaxy(0.6, 1.5, 3.5, 0.6, 40.0), 3.0, 2.0)
    rows, columns = np.indices(image.shape)
    assert np.sum(image * columns) / image.sum() == pytest.approx(x, abs=1e-3)
    assert np.sum(image * rows) / image.sum() == pytest.approx(y, abs=1e-3)


@pytest.mark.parametrize("flux", [1.0, 3e4])
def test_psf_radius(flux):
    limit = 0.02
    radius = float(extents.psf_radius(PSF, flux, limit))
    core = PSF.fwhm / 2 / np.sqrt(2 ** (1 / PSF.beta) - 1)
    # the radius is that of the major axis
    round_radius = radius * np.sqrt(PSF.axis_ratio)
    outside = (1 + (round_radius / core) ** 2) ** (1 - PSF.beta)
    central = flux * (PSF.beta - 1) / (np.pi * core**2)
    edge = central * (1 + (round_radius / core) ** 2) ** -PSF.beta
    assert outside <= 5.01e-4
    assert edge <= limit * 1.001
    # the radius is the larger of the two limits
    assert outside == pytest.approx(5e-4) or edge == pytest.approx(limit)


def test_no_edge_shows():
    """The outermost pixels of the stamps of bright sources are below the limit."""
    limit = 0.0027 / SCALE**2
    star = np.zeros((301, 301))
    radius = float(extents.psf_radius(PSF, 3000.0, limit)) / SCALE
    blur = rendering.psf_profile(PSF) * 3000.0
    rendering.add(star, blur, rendering.jacobian(cd_matrix(10.0)), 150, 150, radius)
    galaxy, _, _ = picture(Galaxy(3.0, 6.0, 4.0, 0.6, 40.0), 500.0, 500.0, limit=limit)
    for image in (star, galaxy):
        rows, columns = np.nonzero(image)
        stamp = image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        edge = np.concatenate([stamp[0], stamp[-1], stamp[:, 0], stamp[:, -1]])
        assert 0 < np.abs(edge).max() < 3 * 0.0027


@pytest.mark.parametrize("place", [(2.3, 40.0), (49.0, -3.4), (55.0, 62.0), (20.0, 20.0)])
def test_stamps_are_cut_at_the_image_edge(place):
    profile = rendering.psf_profile(PSF)
    jacobian = rendering.jacobian(cd_matrix(33.0))
    cut, whole = np.zeros((60, 50)), np.zeros((160, 150))
    rendering.add(cut, profile, jacobian, *place, radius=15)
    rendering.add(whole, profile, jacobian, place[0] + 50, place[1] + 50, radius=15)
    assert cut == pytest.approx(whole[50:110, 50:100], abs=1e-12)
    assert cut.sum() > 1e-4


def test_stamp_outside_the_image():
    image = np.zeros((20, 20))
    jacobian = rendering.jacobian(cd_matrix(33.0))
    rendering.add(image, rendering.psf_profile(PSF), jacobian, -40.0, 5.0, 10)
    assert not image.any()


def test_sharpness_of_the_psf():
    # fine pixels: the width at half the peak is the FWHM
    psf = Psf(1.3, beta=3.0)
    image = rendering.draw(
        rendering.psf_profile(psf), (1, 401), rendering.jacobian(cd_matrix(0.0, 0.02)), 200, 0
    )
    above = np.count_nonzero(image[0] >= image.max() / 2) * 0.02
    assert above == pytest.approx(1.3, abs=0.03)
