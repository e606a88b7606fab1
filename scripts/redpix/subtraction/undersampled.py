"""Fluxes of transients in undersampled images.

The light that a pixel receives from a narrow star depends on the position of the star within the
pixel. The flux that is interpolated between pixels is then too low. The ratio of the measured to
the true flux is that of a star of the finer PSF at the same position, which is subtracted alone.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from redpix.core.job import log
from redpix.image.stamps import resized
from redpix.subtraction.transient_places import ROOM, interpolated
from redpix.subtraction.zogy import subtract

#: FWHM of a PSF below which an image is undersampled, pixels
UNDERSAMPLED = 2.0

#: radius within which the light of the finer PSF is that of the PSF, in units of the FWHM
_CORE = 1.5

#: ratio of measured to true flux that is believed
_LEAST, _MOST = 0.5, 1.2


def corrected_fluxes(transients, planes, pair):
    """Return transients whose fluxes are corrected for their positions within a pixel.

    Parameters
    ----------
    transients : redpix.subtraction.transients.Transients
        Transients of the difference.
    planes : redpix.subtraction.mosaic.Mosaic
        The difference.
    pair : redpix.subtraction.pair.RegisteredPair
        The pair that was subtracted.

    Returns
    -------
    redpix.subtraction.transients.Transients
        The same ones unless a PSF is narrow and was made on a grid finer than the pixels.
    """
    psfs = pair.psf_new, pair.psf_reference
    fine = [getattr(psf, "fine", None) if psf.fwhm < UNDERSAMPLED else None for psf in psfs]
    if not len(transients.x) or not any(fine):
        return transients
    share, responses = np.ones(len(transients.x)), {}
    for row, (x, y, flux) in enumerate(
        zip(transients.x, transients.y, transients.flux, strict=True)
    ):
        psf = fine[0] if flux > 0 else fine[1]
        if psf is not None:
            tile = planes.tile_at(x, y)
            key = tile.inner[0].start, tile.inner[1].start, flux > 0
            if key not in responses:
                responses[key] = _response(tile, flux > 0)
            stamp = tile.new.psf if flux > 0 else tile.reference.psf
            share[row] = _measured_share(responses[key], stamp, psf, x, y)
    share = np.where((share > _LEAST) & (share < _MOST), share, 1.0)
    log.info(
        "undersampled: fluxes of %d transients are divided by %.3f to %.3f for their positions "
        "within a pixel",
        len(share),
        share.min(),
        share.max(),
    )
    return transients._replace(
        flux=transients.flux / share, flux_error=transients.flux_error / share
    )


def _response(tile, brighter):
    """Return the flux that is measured about a pixel of unit flux in the new image or reference."""
    side = max(tile.new.psf.shape + tile.reference.psf.shape) | 1
    image = np.zeros((2 * side + 1,) * 2)
    image[side, side] = 1.0
    images = (image, 0 * image) if brighter else (0 * image, image)
    epochs = [
        epoch._replace(image=one * epoch.flux)
        for epoch, one in zip((tile.new, tile.reference), images, strict=True)
    ]
    return subtract(*epochs, dtype=np.float64).alpha


def _measured_share(response, stamp, psf, x, y):
    """Return the flux that is measured of a star of unit flux.

    `response` is that of `_response`, which the pixels of the star share; `stamp` is the PSF on the
    pixels and `psf` its finer form. x and y are the 0-based position of the star.
    """
    half = min(stamp.shape[0] // 2, psf.reach, response.shape[0] // 2 - ROOM)
    place = np.array([x]), np.array([y])
    star = _core_share(stamp, psf, place) * psf.stamps(*place, half, derivatives=False)[0]
    near = resized(response, 2 * (half + ROOM) + 1)
    pixels = sliding_window_view(near, star.shape)
    alpha = np.einsum("ijab,ab->ij", pixels, star[::-1, ::-1])
    place = (np.array([ROOM + along - round(float(along))]) for along in (x, y))
    return abs(float(interpolated(alpha, *place)[0]))


def _core_share(stamp, psf, place):
    """Return the light in the core of a PSF over that in the core of its finer form.

    The finer form lacks the wings that are measured in rings about the stars.
    """
    core = int(np.ceil(_CORE * psf.fwhm))
    middle, reach = stamp.shape[0] // 2, min(core, stamp.shape[0] // 2, psf.reach)
    square = (slice(middle - reach, middle + reach + 1),) * 2
    on_pixel = tuple(np.rint(axis) for axis in place)
    return stamp[square].sum() / psf.stamps(*on_pixel, reach, derivatives=False).sum()
