"""The grid of an effective PSF has the same number of nodes for any width."""

import numpy as np
import pytest
from redpix.psf.effective_psf_fit import effective_psf
from redpix.psf.moffat import Profile
from redpix.psf.psf_correction import _inner


@pytest.mark.parametrize("seed", range(3))
def test_rounding_does_not_change_the_number_of_nodes(seed):
    widths = np.log(np.random.default_rng(seed).uniform(1, 5, 40))
    zero = np.zeros(1)
    made = [
        effective_psf(Profile(np.array([width]), zero, zero, np.log(2.0), 0, (90, 90)))
        for width in widths
    ]
    assert {psf.terms.shape[1] for psf in made} == {127}
    assert {_inner(psf) for psf in made} == {15}
