"""Measure fluxes of sources whose profile is known, to hold injected ones to their truth."""

import galsim
import numpy as np
from redpix.injection import inject, placement
from redpix.sdss.camera import FULL_WELL
from redpix.sdss.error_map import error_map
from redpix.simulation import rendering

HALF = 30  # of a stamp, pixels


def pulls(frame, before, light, table, band, psf, wcs):
    """(measured - true) / error and true / error of the sources in a frame.

    Parameters
    ----------
    frame : (image, calibration, sky, gain, dark variance)
        With the sources.
    before : ndarray
        The image without them: what shines there is masked.
    light : ndarray
        Of all injected sources, free of noise: that of others is masked.
    """
    image, calibration, sky, gain, dark = frame
    error = error_map(before, calibration, sky, gain, dark)
    masked = placement.occupied(before, error, np.zeros(before.shape, bool))
    full = image / calibration + sky > 0.98 * FULL_WELL
    jacobian = rendering.jacobian(wcs.pixel_scale_matrix)
    x, y = wcs.all_world2pix(table["ra"], table["dec"], 0)
    found = []
    for column, row, source in zip(x, y, table.itertuples(), strict=True):
        left, bottom = round(column) - HALF, round(row) - HALF
        box = np.s_[bottom : bottom + 2 * HALF + 1, left : left + 2 * HALF + 1]
        if left < 0 or bottom < 0 or image[box].shape != (2 * HALF + 1,) * 2 or full[box].any():
            continue
        blur = rendering.stamp_profile(psf.at(column, row), jacobian)
        profile = inject.source_profile(source, 1.0)
        profile = blur if profile is None else galsim.Convolve(profile, blur)
        stamp = rendering.draw(
            profile, image[box].shape, jacobian, column - left, row - bottom, "no_pixel"
        )
        true = getattr(source, f"flux_{band}")
        # other sources, real and injected, are no part of the fit
        use = ~masked[box] & (light[box] - true * stamp < 0.15 * error[box])
        core = use[HALF - 2 : HALF + 3, HALF - 2 : HALF + 3]
        if core.mean() < 0.9:
            continue
        unit = calibration[left : left + 2 * HALF + 1] / gain
        flux = 0.0
        for _ in range(4):  # the source's own photons weigh in
            variance = error[box] ** 2 + max(flux, 0) * stamp * unit
            design = np.stack([stamp[use], np.ones(use.sum())], axis=1)
            weighted = design / variance[use][:, None]
            covariance = np.linalg.inv(weighted.T @ design)
            flux = (covariance @ (weighted.T @ image[box][use]))[0]
        sigma = np.sqrt(covariance[0, 0])
        found.append(((flux - true) / sigma, true / sigma))
    return np.array(found).reshape(-1, 2).T
