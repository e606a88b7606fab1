"""Find the stars on the diffraction spikes of saturated stars, which the PSF does not describe."""

import numpy as np
from scipy import ndimage

from redpix.photometry.saturated_stars import REACH, saturated_stars

#: minimum number of saturated pixels of a star with spikes
_LEAST = 6

#: distance up to which spikes are followed, FWHM, and their minimum length
_FAR, _LENGTH = 80.0, 4.0

#: distance of the sky beside a spike, FWHM
_BESIDE = 2.5

#: significance of the light of a spike in a smoothed pixel, length of the medians along it, and
#: longest gap, FWHM
_SIGMAS, _ALONG, _GAP = 1.5, 4.0, 2.0

#: distance from a spike, and beyond its end, within which stars may be pieces of it, FWHM
_WIDTH, _BEYOND = 1.5, 3.0

#: peak of a star relative to the light of a spike from which the star is believed
_BRIGHT = 3.0

#: step along and between rays, FWHM; width of the smoothing, FWHM (sigma)
_STEP, _SMOOTH = 0.5, 0.35


def on_spikes(scene, stars, mask, psf):
    """Find the stars on the spikes of saturated stars that are no brighter than these.

    A spike is light that stands out from both of its sides, without a gap, on two opposite sides of
    a saturated star.

    Parameters
    ----------
    scene : redpix.photometry.scene.Scene
        Image with its noise.
    stars : redpix.photometry.scene.Placed
        Positions and fluxes of the stars.
    mask : ndarray of int, shape (ny, nx)
        Bits of `redpix.image.masks`.
    psf : redpix.psf.effective_psf.EffectivePsf
        PSF of the image.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    found = np.zeros(len(stars.x), bool)
    x, y, labels = saturated_stars(mask)
    if not len(x) or not len(stars.x):
        return found
    peak = stars.flux * _smoothed_peak(psf)
    sizes = np.bincount(labels.ravel(), minlength=len(x) + 1)[1:]
    for number in np.flatnonzero(sizes >= _LEAST):
        centre = x[number], y[number]
        # a star reaches as far as it is bright, and so do its spikes
        far = min(_FAR, 4 * np.sqrt(sizes[number]) + 20) * psf.fwhm
        thick = ndimage.distance_transform_edt(_around(labels, centre, far) == number + 1).max()
        found |= _on_rays(scene, stars, peak, centre, (thick, far), psf.fwhm)
    return found


def _smoothed_peak(psf):
    """Return the peak of a star of flux 1 after the smoothing."""
    half = int(np.ceil(3 * psf.fwhm))
    middle = np.array([float(psf.shape[1] // 2)]), np.array([float(psf.shape[0] // 2)])
    stamp = psf.stamps(*middle, min(half, psf.reach), derivatives=False)[0]
    return float(ndimage.gaussian_filter(stamp, _SMOOTH * psf.fwhm).max())


def _around(plane, centre, far):
    """Return the part of a plane within a distance of a position along both axes."""
    x, y = (int(round(value)) for value in centre)
    far = int(far)
    return plane[max(y - far, 0) : y + far + 1, max(x - far, 0) : x + far + 1]


def _on_rays(scene, stars, peak, centre, reach, fwhm):
    """Find the stars on the spikes of one saturated star."""
    near, far = reach[0] + REACH * fwhm, reach[1]
    radii = np.arange(near, far, _STEP * fwhm)
    half = int(np.ceil(np.pi * far / (_STEP * fwhm)))
    angles = np.arange(2 * half) * np.pi / half
    light = _contrast(scene, centre, radii, angles, fwhm)
    unknown = np.isnan(light)
    # medians along a ray leave stars out, on the spike and beside it
    light = ndimage.median_filter(np.where(unknown, 0, light), (1, int(_ALONG / _STEP) + 1))
    # of three smoothed pixels, of which the brighter side is subtracted
    noise = 1.5 * scene.noise / (2 * np.sqrt(np.pi) * _SMOOTH * fwhm)
    least = _SIGMAS * noise
    bright = light > least
    ends = np.array([_end(*ray) for ray in zip(bright, unknown, strict=True)])
    steps = int(np.ceil(_LENGTH / _STEP))
    opposite = np.roll(ends, half)
    both = (ends >= steps) & (opposite >= steps)
    # a star beside a spike may end it on one side
    ends = np.maximum(ends, opposite)
    found = np.zeros(len(stars.x), bool)
    dx, dy = stars.x - centre[0], stars.y - centre[1]
    for angle, ray, end in zip(angles[both], light[both], ends[both], strict=True):
        along = dx * np.cos(angle) + dy * np.sin(angle)
        aside = abs(dy * np.cos(angle) - dx * np.sin(angle))
        last = radii[min(end, len(radii)) - 1] + _BEYOND * fwhm
        on = (aside < _WIDTH * fwhm) & (along > near) & (along < last)
        found |= on & (peak < _BRIGHT * np.maximum(np.interp(along, radii, ray), least))
    return found


def _contrast(scene, centre, radii, angles, fwhm):
    """Return the light of rays above both of their sides, counts; NaN where it is unknown."""
    seen = np.isfinite(_around(scene.variance, centre, radii[-1] + 4 * fwhm))
    image = np.where(seen, _around(scene.image, centre, radii[-1] + 4 * fwhm), 0.0)
    sigma = _SMOOTH * fwhm
    weight = ndimage.gaussian_filter(seen.astype(float), sigma)
    image = ndimage.gaussian_filter(image, sigma) / np.maximum(weight, 0.1)
    image[weight < 0.5] = np.nan
    far = int(radii[-1] + 4 * fwhm)
    corner = [max(int(round(value)) - far, 0) for value in centre]
    x0, y0 = centre[0] - corner[0], centre[1] - corner[1]
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    middle, *sides = (
        ndimage.map_coordinates(
            image,
            [y0 + radii * sin + d * cos, x0 + radii * cos - d * sin],
            order=1,
            cval=np.nan,
        )
        for d in (0, -_BESIDE * fwhm, _BESIDE * fwhm)
    )
    return middle - np.fmax(*sides)


def _end(bright, unknown):
    """Return the number of the first points of a ray before a gap of its light."""
    gap = int(_GAP / _STEP)
    dark = np.append(~(bright | unknown), np.ones(gap, bool))
    runs = np.convolve(dark, np.ones(gap, int), mode="valid")
    return int(np.argmax(runs == gap))
