"""Undo the asinh scaling of pixels of Pan-STARRS stacks.

Stacks of Pan-STARRS1 and their variances hold a magnitude-like value instead of a flux
(Waters et al. 2020, ApJS 251, 4, section 5): v = 2.5 log10(e) asinh((f - BOFFSET) / 2 / BSOFTEN).
"""

import numpy as np

from redpix.io.header_values import number

#: cards of the scaling: offset and softening, in the unit of the flux
CARDS = ("BOFFSET", "BSOFTEN")

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
        Fluxes of number type float32 if the header has both cards.
    """
    offset, softening = (number(header.get(card))[0] for card in CARDS)
    if offset is None or softening is None or softening <= 0:
        return pixels
    for card in CARDS:
        del header[card]
    remarks.append(
        f"the pixels are scaled by an asinh (BOFFSET = {offset:g}, BSOFTEN = {softening:g}), "
        "which is undone"
    )
    if pixels is None:
        return None
    fluxes = pixels.astype(np.float32)
    fluxes /= _POGSON
    np.sinh(fluxes, out=fluxes)
    fluxes *= np.float32(2 * softening)
    fluxes += np.float32(offset)
    return fluxes
