"""Pixels of any number type that are scaled by an asinh."""

import numpy as np
import pytest
from astropy.io import fits
from redpix.io.asinh_scaling import unscaled


@pytest.mark.parametrize("kind", [">f4", np.float64, np.int16, np.uint8, np.uint16])
def test_the_scaling_is_undone_for_any_number_type(kind):
    values = np.array([[1, 5], [2, 12]], kind)
    header = fits.Header([("BOFFSET", 3.0), ("BSOFTEN", 2.0)])
    fluxes = unscaled(values, header, [])
    # Waters et al. (2020), section 5
    expected = 3.0 + 2 * 2.0 * np.sinh(values.astype(float) / (2.5 * np.log10(np.e)))
    np.testing.assert_allclose(fluxes, expected, rtol=1e-6)
    assert fluxes.dtype == np.float32
