"""Attributes of pixels, and their standardisation."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.attributes import Attributes, Scaler
from redpix.photoz.checks import constant_attributes
from redpix.photoz.pixel_stream import columns
from redpix.sdss.magnitudes import asinh_magnitude

ALL = ("magnitudes", "colours", "distance")


def test_names_follow_wavelength_whatever_the_order_asked():
    attributes = Attributes(("distance", "colours", "magnitudes"), ("i", "u", "r"))
    assert attributes.names == ("mag_u", "mag_r", "mag_i", "u-r", "r-i", "distance")
    assert attributes == Attributes(ALL, ("u", "r", "i"))
    assert attributes.of_aperture().names == ("mag_u", "mag_r", "mag_i", "u-r", "r-i")


def test_vectors_hold_what_the_names_say():
    attributes = Attributes(ALL, ("g", "r"))
    vectors = attributes.vectors(np.array([[20.0, 19.0], [21.0, 21.5]]), np.array([0.25, 1.0]))
    assert vectors.tolist() == [[20.0, 19.0, 1.0, 0.25], [21.0, 21.5, -0.5, 1.0]]
    assert vectors.dtype == np.float32


def test_gradients_lie_before_the_errors_and_objects_have_none():
    attributes = Attributes(("gradients", "magnitudes", "errors"), ("r", "g", "u"))
    names = ("mag_u", "mag_g", "mag_r", "gradient_u-g", "gradient_g-r")
    assert attributes.names == (*names, "log_error_u", "log_error_g", "log_error_r")
    assert set(names[3:]) <= set(columns(attributes))
    values = np.arange(8.0) + 1
    vectors = attributes.vectors(values[None, :3], None, values[None, 5:], values[None, 3:5])
    assert vectors[0] == pytest.approx([*values[:5], *np.log(values[5:])])
    assert attributes.of_pixels == 2
    assert attributes.of_aperture().kinds == ("magnitudes", "errors")
    # noise of a magnitude does not move a gradient
    assert np.abs(attributes.mixing[3:]).max() == 0


def test_brightness_is_the_middle_band():
    attributes = Attributes(("colours", "brightness"), ("u", "g", "r", "i", "z"))
    assert attributes.names == ("mag_r", "u-g", "g-r", "r-i", "i-z")
    vectors = attributes.vectors(np.array([[20.0, 19.0, 18.5, 18.25, 18.0]]))
    assert vectors.tolist() == [[18.5, 1.0, 0.5, 0.25, 0.25]]
    with pytest.raises(InputError, match="magnitudes include the brightness"):
        Attributes(("brightness", "magnitudes"), ("g", "r"))


def test_vectors_of_fluxes_are_asinh_magnitudes_also_of_negative_flux():
    flux = np.array([[-0.3, 5.0], [2.0, 0.0]])
    vectors = Attributes(("magnitudes",), ("u", "z")).of_fluxes(flux, np.ones((2, 2)))
    expected = np.stack([asinh_magnitude(flux[:, 0], "u"), asinh_magnitude(flux[:, 1], "z")], 1)
    assert vectors == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(vectors).all()


def test_errors_are_those_of_the_magnitudes_by_differences():
    flux, error = np.array([[-0.3, 5.0], [2.0, 0.0]]), np.array([[0.2, 0.1], [0.3, 0.4]])
    attributes = Attributes(("errors", "brightness"), ("u", "z"))
    assert attributes.names == ("mag_z", "log_error_u", "log_error_z")
    step = 1e-5
    for column, band in enumerate(("u", "z")):
        above = asinh_magnitude(flux[:, column] + step * error[:, column], band)
        below = asinh_magnitude(flux[:, column] - step * error[:, column], band)
        found = attributes.of_fluxes(flux, error)[:, 1 + column]
        assert np.exp(found) == pytest.approx((below - above) / (2 * step), rel=1e-5)


@pytest.mark.parametrize(
    "kind",
    ["redshift", "redshift_error", "redshiftError", "class", "ra", "dec", "x", "y", "object_id"],
)
def test_the_truth_and_the_place_are_no_attributes(kind):
    with pytest.raises(InputError, match=rf"photoz.attributes: '{kind}' is not allowed; allowed"):
        Attributes(("magnitudes", kind), ("g", "r"))


@pytest.mark.parametrize("kinds", [("magnitudes",), ("magnitudes", "colours"), ALL])
def test_no_truth_is_even_read(kinds):
    read = set(columns(Attributes(kinds, ("u", "g", "r", "i", "z"))))
    assert not read & {"redshift", "redshift_error", "class", "ra", "dec", "x", "y"}


@pytest.mark.parametrize(
    ("kinds", "bands", "message"),
    [
        (("colours",), ("r",), "two bands"),
        (("distance",), ("g", "r"), "magnitudes, brightness or colours"),
        ((), ("g", "r"), "magnitudes, brightness or colours"),
        (("magnitudes",), ("g", "y"), "bands: 'y'"),
    ],
)
def test_attributes_that_tell_nothing_are_refused(kinds, bands, message):
    with pytest.raises(InputError, match=message):
        Attributes(kinds, bands)


def test_scaler_gives_training_vectors_zero_mean_and_unit_deviation():
    vectors = np.random.default_rng(1).normal([15, -3], [2, 0.1], (500, 2)).astype(np.float32)
    scaled = Scaler.fit(vectors).transform(vectors)
    assert scaled.mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert scaled.std(axis=0) == pytest.approx(1)


def test_a_constant_attribute_is_named_and_changes_no_distance():
    generator = np.random.default_rng(2)
    vectors = np.column_stack([generator.normal(size=50), np.full(50, 17.1)]).astype(np.float32)
    assert constant_attributes(vectors, ("g-r", "mag_r")) == ["mag_r"]
    scaled = Scaler.fit(vectors).transform(vectors)
    assert np.ptp(scaled[:, 1]) == 0
