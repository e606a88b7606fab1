"""Local gradients of colours: how each colour changes outwards at a pixel of an object.

Images are smoothed by a Gaussian of `SMOOTH` and read at two places, `STEP` inwards and `STEP`
outwards of the pixel on the line through the peak of its object. The gradient of a colour is its
value outside minus its value inside. It shows on which side of a bulge or a disk a pixel lies, and
the noise of its own flux has little part in it.
"""

import numpy as np

from redpix.image.wcs import pixel_area
from redpix.io.whole_fits import open_whole
from redpix.sdss.magnitudes import asinh_magnitude

#: 1-sigma width of the smoothing, and distance of the two places from the pixel, arcsec
SMOOTH, STEP = 0.6, 0.8

#: bands of SDSS by wavelength
_SDSS = "ugriz"


def neighbours(bands):
    """Return the pairs of bands of the colours, as the attributes of redshifts have them.

    Parameters
    ----------
    bands : sequence of str
        Bands of the run.

    Returns
    -------
    list of (str, str)
        The bluer band comes first: bands of SDSS by wavelength, others in the order of the run.
    """
    ordered = list(bands)
    if set(bands) <= set(_SDSS):
        ordered = [band for band in _SDSS if band in bands]
    return list(zip(ordered, ordered[1:], strict=False))


def gradient_columns(bands):
    """Return the names of the columns of a pixel table.

    Parameters
    ----------
    bands : sequence of str
        Bands of the run.

    Returns
    -------
    list of str
        Such as ``gradient_g-r``.
    """
    return [f"gradient_{bluer}-{redder}" for bluer, redder in neighbours(bands)]


def colour_gradients(paths, bands, selected, wcs, scales, extinction=None):
    """Return the gradients of colours at the pixels of objects.

    Parameters
    ----------
    paths : list of str
        FITS files of the registered images, one per band.
    bands : list of str
        Bands in the order of the files.
    selected : redpix.pixels.field_pixels.FieldPixels
        Pixels of objects; the pixel of the smallest distance is the peak.
    wcs : astropy.wcs.WCS
        WCS of the grid.
    scales : dict of str to redpix.pixels.band_scales.BandScale
        Softening of the asinh magnitudes.
    extinction : redpix.pixels.extinction.Extinction, optional
        Extinction of the objects, for which fluxes are corrected.

    Returns
    -------
    dict of str to ndarray, shape (m,), float32
        Magnitudes, by `gradient_columns`.
    """
    from scipy import ndimage  # slow to import; a table without gradients does not need it

    side = 3600 * np.sqrt(pixel_area(wcs))
    places = _places(selected, STEP / side)
    magnitudes = {}
    lost = np.zeros((len(selected.ids), len(bands)))
    if extinction is not None:
        lost = np.array([extinction.values[one] for one in selected.ids.tolist()])
    brighter = 10 ** (0.4 * lost.reshape(-1, len(bands)))[selected.members.index]
    for band, path, factor in zip(bands, paths, brighter.T, strict=True):
        with open_whole(path, "a registered image", name=False) as hdus:
            smooth = ndimage.gaussian_filter(
                np.nan_to_num(hdus["SCI"].data).astype(np.float32), SMOOTH / side
            )
        values = [ndimage.map_coordinates(smooth, at, order=1, mode="nearest") for at in places]
        softening = scales[band].softening
        magnitudes[band] = [asinh_magnitude(value * factor, band, softening) for value in values]
    return {
        f"gradient_{bluer}-{redder}": _gradient(magnitudes[bluer], magnitudes[redder])
        for bluer, redder in neighbours(bands)
    }


def _places(selected, step):
    """Return y and x of the places inwards and outwards of each pixel."""
    chosen = selected.members
    peak = np.full(len(selected.ids), -1)
    # the nearest pixel of an object, by its order
    order = np.lexsort((-selected.distance, chosen.index))
    peak[chosen.index[order]] = order
    place = np.stack([chosen.y, chosen.x]).astype(float)
    outwards = place - place[:, peak[chosen.index]]
    outwards /= np.maximum(np.hypot(*outwards), 1)
    return [place + sign * step * outwards for sign in (-1, 1)]


def _gradient(bluer, redder):
    """Return the colour outside minus the colour inside."""
    inside, outside = (blue - red for blue, red in zip(bluer, redder, strict=True))
    return (outside - inside).astype(np.float32)
