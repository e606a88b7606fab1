"""Undo the asinh scaling of pixels of Pan-STARRS stacks.

Stacks of Pan-STARRS1 and their variances hold a magnitude-like value instead of a flux
(Waters et al. 2020, ApJS 251, 4, section 5): v = 2.5 log10(e) asinh((f - BOFFSET) / 2 / BSOFTEN).
"""

import numpy as np

from redpix.io.header_values import number

#: cards of the scaling: offset and softening, in the unit of the flux
CARDS = ("BOFFSET", "BSOFTEN")

#: magnitude of a scaled value beyond which the flux would be e^55 times the softening
_MOST = 60.0

#: 2.5 log10(e)
_POGSON = np.float32(2.5 * np.log10(np.e))


def unscaled(pixels, header, remarks):
    """Return the fluxes of pixels that are scaled by an asinh; others are returned as they are.

    Parameters
    ----------
    pixels : ndarray or None
        Values of the file; None if only the header is of interest.
    header : astropy.io.fits.Header
        Header of the image. The cards of the scaling are removed.
    remarks : list of str
        A remark on the scaling is appended.

    Returns
    -------
    ndarray or None
        Fluxes of number type float32 if the header has both cards, and the pixels are scaled.
    """
    offset, softening = (number(header.get(card))[0] for card in CARDS)
    if offset is None or softening is None or softening <= 0:
        return pixels
    for card in CARDS:
        del header[card]
    cards = f"BOFFSET = {offset:g}, BSOFTEN = {softening:g}"
    if pixels is not None and _is_linear(pixels):
        remarks.append(f"{cards}: the pixels are not scaled by an asinh, as they exceed {_MOST:g}")
        return pixels
    remarks.append(f"the pixels are scaled by an asinh ({cards}), which is undone")
    if pixels is None:
        return None
    fluxes = pixels.astype(np.float32)
    fluxes /= _POGSON
    np.sinh(fluxes, out=fluxes)
    fluxes *= np.float32(2 * softening)
    fluxes += np.float32(offset)
    return fluxes


def _is_linear(pixels):
    """Return whether pixels are too large for a scaled value."""
    with np.errstate(invalid="ignore"):
        # as floats: the negative of an unsigned integer is another positive one
        least, most = (float(one.reduce(pixels, axis=None)) for one in (np.fmin, np.fmax))
    return max(most, -least) > _MOST
