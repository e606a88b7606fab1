"""The first list of the sources of an image, also of a crowded one."""

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.photometry import source_extraction
from scipy import ndimage


@pytest.fixture(scope="module")
def cluster():
    """Return image, noise and mask of a cluster of 15,000 blended stars."""
    rng = np.random.default_rng(1)
    places = np.rint(rng.normal(500, 200, (2, 15_000))).clip(0, 999).astype(int)
    light = np.zeros((1000, 1000))
    np.add.at(light, tuple(places), 10 ** rng.uniform(3.5, 5, 15_000))
    image = ndimage.gaussian_filter(light, 1.3) + rng.normal(0, 10, light.shape)
    return image, np.full(image.shape, 10.0), np.zeros(image.shape, np.int16)


def test_a_crowded_cluster_has_sources(cluster):
    found = source_extraction.first_sources(*cluster)
    assert len(found) > 3000
    # 2 sqrt(2 ln 2) sigma; blended stars are wider
    assert source_extraction.typical_width(*cluster) == pytest.approx(2.355 * 1.3, abs=1.5)


def test_what_is_too_crowded_is_taken_apart_less_or_refused(cluster, monkeypatch):
    image, noise, mask = (plane[400:600, 400:600] for plane in cluster)
    whole = source_extraction.first_sources(image, noise, mask)
    monkeypatch.setattr(source_extraction, "_PARTS", 275)
    some = source_extraction.first_sources(image, noise, mask)
    assert 10 < len(some) < len(whole)
    monkeypatch.setattr(source_extraction, "_PARTS", 20)
    with pytest.raises(InputError, match="too crowded at 10 sigma of its sky .*overflow"):
        source_extraction.first_sources(image, noise, mask)
