"""Pixels in chunks of any size, against slow loops."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photoz.attributes import Attributes
from redpix.photoz.pixel_stream import (
    Pixels,
    columns,
    sampled_vectors,
    signal_to_noise,
    sum_by_object,
)
from redpix.photoz.split import sample_pixels

ATTRIBUTES = Attributes(("magnitudes", "distance", "gradients"), ("g", "r"))
USED = ("mag_g", "mag_r", "distance", "gradient_g-r")
IDS = np.array([3, 8, 11, 40])


def table(n, seed=1):
    """Pixels of objects 3, 11 and 40, mixed."""
    generator = np.random.default_rng(seed)
    result = {"object_id": generator.choice(IDS[[0, 2, 3]], n)}
    for name in columns(ATTRIBUTES)[1:]:
        result[name] = generator.uniform(1, 2, n).astype(np.float32)
    return result


def chunked(whole, *cuts):
    """Return pixels that read `whole` in parts."""
    parts = np.split(np.arange(len(whole["object_id"])), cuts)
    return Pixels(
        lambda: ({name: column[rows] for name, column in whole.items()} for rows in parts),
        IDS,
        ATTRIBUTES,
    )


def test_survey_counts_and_sums_what_is_finite():
    whole = table(300)
    whole["mag_g"][5], whole["flux_r"][6], whole["error_g"][7] = np.nan, np.inf, 0
    pixels = chunked(whole, 6, 100)
    totals = sum_by_object(pixels, len(IDS))
    assert pixels.dropped == 3
    usable = ~np.isin(np.arange(300), [5, 6, 7])
    for row, identifier in enumerate(IDS):
        own = usable & (whole["object_id"] == identifier)
        assert totals.pixels[row] == own.sum()
        for band, name in enumerate(("flux_g", "flux_r")):
            assert totals.flux[row, band] == pytest.approx(whole[name][own].sum(), rel=1e-5)
            error = np.sqrt(np.sum(whole[name.replace("flux", "error")][own] ** 2))
            assert totals.error[row, band] == pytest.approx(error, rel=1e-5)


@pytest.mark.parametrize("limit", [1, 20, None])
@pytest.mark.parametrize("cuts", [(), (0, 1, 2, 150, 150, 299)])
def test_sample_is_the_chosen_pixels_by_slow_loop(limit, cuts):
    whole = table(300)
    pixels = chunked(whole, *cuts)
    totals = sum_by_object(pixels, len(IDS))
    wanted = np.array([True, True, False, True])
    chosen = sample_pixels(np.where(wanted, totals.pixels, 0), limit, seed=1)
    index, vectors = sampled_vectors(pixels, totals, wanted, chosen)
    flags = iter(chosen)
    expected = []
    for row in np.flatnonzero(wanted):
        for pixel in np.flatnonzero(whole["object_id"] == IDS[row]):
            if next(flags):
                values = [whole[name][pixel] for name in USED]
                expected.append((row, *values))
    found = sorted((i, *v) for i, v in zip(index.tolist(), vectors.tolist(), strict=True))
    assert np.array(found) == pytest.approx(np.array(sorted(expected)))


def test_signal_to_noise_adds_bands_in_quadrature_without_negative_ones():
    flux = np.array([[3.0, 8.0, -5.0], [-1.0, -1.0, -1.0]])
    error = np.array([[1.0, 2.0, 1.0], [1.0, 1.0, 1.0]])
    assert signal_to_noise(flux, error) == pytest.approx([5, 0])


def test_an_object_not_in_the_catalogue_is_named():
    whole = table(10)
    whole["object_id"][4] = 41
    with pytest.raises(InputError, match="object 41 is not in catalogue"):
        sum_by_object(chunked(whole), len(IDS))
