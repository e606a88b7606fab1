"""Join the flux ratios by PSFs and by apertures, and say where they disagree."""

import numpy as np

from redpix.core.exceptions import InputError

#: difference of two flux ratios in standard deviations, and relative, up to which they agree
AGREE, SLACK = 3.0, 0.005

#: difference in standard deviations up to which the mean of both is used
CLOSE = 2.0

#: smallest relative error of a flux ratio
_LEAST_ERROR = 0.001


def joined_ratio(by_psfs, by_apertures, given, by_zero_points, names, wing_error=0.0):
    """Return the flux ratio that is used.

    Parameters
    ----------
    by_psfs, by_apertures : redpix.astrometry.aperture_ratio.FluxRatio
        The two measurements.
    given : float or None
        Flux ratio that the user gives.
    by_zero_points : float or None
        Flux ratio by the zero points of the images.
    names : str
        Name of the images in messages.
    wing_error : float
        Error of the ratio by PSFs that the errors of their wings leave, relative.

    Returns
    -------
    ratio : float
        The given one; or the mean of the two if they agree; or the more precise one.
    apart : float
        Relative difference of the two if the PSFs seem to be wrong; otherwise 0.
    remarks : list of str
        Warnings, one sentence each.

    Raises
    ------
    InputError
        If neither is measured, and the flux ratio is unknown.
    """
    measured = [one for one in (by_psfs, by_apertures) if np.isfinite(one.ratio)]
    if not measured:
        number = max(by_psfs.number, by_apertures.number)
        return _without_stars(number, given, by_zero_points, names)
    ratio, apart, remarks = _of_measured(measured, wing_error)
    if given:
        error = min(one.error for one in measured)
        if not _agree(given, ratio, error):
            remarks = [
                f"subtraction.flux_ratio is {given:.5g}, but sources have {ratio:.5g} +- "
                f"{error:.2g}; the given value is used"
            ]
        return given, 0.0, remarks
    return ratio, apart, remarks


def _without_stars(number, given, by_zero_points, names):
    """Return a known flux ratio of images with too few stars, 0, and a warning."""
    seen = f"{number} stars in both images"
    if given:
        return given, 0.0, [f"{seen}: too few to measure the scatter, 0 is used"]
    if by_zero_points:
        remark = (
            f"{seen}: too few to measure the flux ratio; {by_zero_points:.5g} by the zero points "
            "is taken"
        )
        return by_zero_points, 0.0, [remark]
    raise InputError(
        f"{names}: {seen}; allowed: at least 3, or their flux ratio in subtraction.flux_ratio, or "
        "the zero points of both images; if the images show the same stars, a WCS may be wrong: "
        "subtraction.registration sources does not use it"
    )


def _of_measured(measured, wing_error):
    """Return the ratio of one or two measurements, their difference, and a warning."""
    weights = [max(one.error / one.ratio, _LEAST_ERROR) ** -2.0 for one in measured]
    first, last = measured[0], measured[-1]
    if sum(weights) == 0:
        return last.ratio, 0.0, []
    mean = float(np.average([one.ratio for one in measured], weights=weights))
    error = np.hypot(np.hypot(first.error, last.error), wing_error * first.ratio)
    precise = last if last.error < first.error else first
    if _agree(first.ratio, last.ratio, error):
        # near the limit, the less precise one is more likely to be wrong
        close = _agree(first.ratio, last.ratio, error * CLOSE / AGREE)
        return mean if close else precise.ratio, 0.0, []
    remark = (
        f"the flux ratio is {first.ratio:.5g} +- {first.error:.2g} by PSFs and {last.ratio:.5g} "
        f"+- {last.error:.2g} by apertures; "
        + (
            "that by apertures is used; a PSF may be wrong"
            if precise is last
            else "that by PSFs is used; light may lie outside the apertures"
        )
    )
    return precise.ratio, abs(first.ratio / precise.ratio - 1), [remark]


def _agree(one, other, error):
    """Return whether two flux ratios agree within their error."""
    return abs(one - other) <= AGREE * error + SLACK * other
