"""Choose the exposure of a field that most others match, and match the others to it."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.photometry.measured_exposure import positions_in

#: maximum number of exposures that are tried as reference
CANDIDATES = 8

#: share of exposures that a reference may miss without a search for a better one
FEW = 0.1


class Matched(NamedTuple):
    """A reference and the exposures that show its stars.

    Attributes
    ----------
    reference : redpix.photometry.measured_exposure.MeasuredExposure
    positions : dict of str to ndarray, shape (2, n)
        0-based x and y of the reference's stars in each exposure, by the name of the image.
    left_out : dict of str to str
        Reason for each other exposure, by the name of the image.
    """

    reference: object
    positions: dict
    left_out: dict


def matched_exposures(exposures, locate=positions_in):
    """Return the exposure that most others match, with the matches.

    Exposures are tried in the order of their numbers of stars, at most `CANDIDATES`. The search
    ends at an exposure that all others match, except a share of `FEW` and those that no other one
    matched. An exposure of another field with more stars is therefore not the reference.

    Parameters
    ----------
    exposures : list of redpix.photometry.measured_exposure.MeasuredExposure
        Exposures of one field, each with stars.
    locate : callable
        ``locate(exposure, reference)`` returns positions, shape (2, n), or raises an InputError.

    Returns
    -------
    Matched
    """
    order = sorted(exposures, key=lambda one: (len(one.stars), one.image), reverse=True)
    best, alone = None, set()
    for candidate in order[:CANDIDATES]:
        made = match_to(candidate, exposures, locate)
        if best is None or len(made.positions) > len(best.positions):
            best = made
        if len(made.positions) == 1:
            alone.add(candidate.image)
        elif set(made.left_out) <= alone or len(made.left_out) <= FEW * len(exposures):
            break
    return best


def match_to(reference, exposures, locate=positions_in):
    """Return the matches of all exposures to one of them.

    Parameters
    ----------
    reference : redpix.photometry.measured_exposure.MeasuredExposure
        One of the exposures.
    exposures : list of redpix.photometry.measured_exposure.MeasuredExposure
        Exposures of one field.
    locate : callable
        As for `matched_exposures`.

    Returns
    -------
    Matched
    """
    positions, left_out = {}, {}
    for exposure in exposures:
        try:
            positions[exposure.image] = np.asarray(locate(exposure, reference))
        except InputError as error:
            left_out[exposure.image] = f"does not show the stars of {reference.image}: {error}"
    return Matched(reference, positions, left_out)
