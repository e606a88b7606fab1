"""Choose a model of the sky that follows vignetting and gradients, by held-out squares."""

import numpy as np

from redpix.image.full_well import noise_of_differences
from redpix.photometry import ccd
from redpix.photometry.sky_cells import (
    CELL,
    LEAST_CELLS,
    LEAST_OF_REGION,
    cell_means,
    deviation,
    regions,
    source_mask,
    without_glow,
)
from redpix.photometry.sky_model import SkyModel, held_out, measure, polynomial
from redpix.photometry.source_extraction import typical_width

#: deviation of the sky of a square from the model that is good enough, noise of a pixel
GOOD_ENOUGH = 0.1

#: smallest side of the squares of a background, pixels; degrees of the polynomials
_FINEST, _DEGREES = 16, (2, 4, 6)

#: another model must lower the deviation of held-out squares by this factor, and their mean
#: distance from the model by this many standard errors
_BETTER, _SIGNIFICANT = 0.7, 3.0

#: distance that another model leaves, relative, from which the noise of squares tells of a gain
_STEEP = 0.3

#: a model is as good as another up to this difference of their deviations, noise of a pixel
_AS_GOOD = 0.03

#: minimum side of squares, widths of stars
_WIDE = 8.0

#: fraction of the pixels covered by stars from which fine squares are not tried
_CROWDED = 0.4


def choose_sky(image, mask, mesh):
    """Return the sky of an image and the model that measures it best.

    The configured mesh is kept if it follows the sky. Otherwise polynomials are tried, then finer
    squares. Squares that a model was not made from tell whether it is significantly better.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    mask : ndarray of int, shape (ny, nx)
        Pixels that are not 0 are left out.
    mesh : int
        Configured side of the squares, pixels.

    Returns
    -------
    sky : redpix.photometry.ccd.Background
    model : SkyModel

    Raises
    ------
    InputError
        If the image has no noise.
    """
    configured = ccd.background(image, mask, mesh)
    hidden = (mask != 0) | ~np.isfinite(image)
    sources = hidden | source_mask(image, hidden, min(mesh, 2 * CELL))
    rows = slice(None, None, 1 + image.size // 4_000_000)
    noise = noise_of_differences(np.where(sources[rows], np.nan, image[rows]))
    crowded = np.mean(sources & ~hidden) > _CROWDED
    seen = sources if crowded else without_glow(sources, hidden)
    found = deviation(cell_means(image - configured.level, seen), noise)
    most = noise if crowded else np.inf
    configured = without_stars(configured, most)
    if not found > GOOD_ENOUGH:
        return configured, SkyModel(0, mesh, found)
    for degree in (2, 4, 4):  # a strong gradient is not a source
        smooth = polynomial(image, sources, degree)
        sources = hidden | source_mask(image - smooth, hidden, min(mesh, 2 * CELL))
    crowded = np.mean(sources & ~hidden) > _CROWDED
    if not crowded:
        sources = without_glow(sources, hidden)
    width = typical_width(image - configured.level, configured.rms, mask)
    others = candidates(mesh, np.inf if crowded else _WIDE * width)
    best = best_model(image, sources, noise, SkyModel(0, mesh, found), others)
    if best is None or (crowded and best.deviation > GOOD_ENOUGH):
        # between the stars of a crowd, the light of faint stars is not sky
        return configured, SkyModel(0, mesh, np.nan if crowded else found)
    return without_stars(measure(image, mask, best, sources), most), best


def without_stars(sky, most):
    """Return a sky whose noise is not that of the stars which fill its squares.

    Parameters
    ----------
    sky : redpix.photometry.ccd.Background
        Sky of an image.
    most : float
        Noise of a pixel between the stars, counts.

    Returns
    -------
    redpix.photometry.ccd.Background
        Its noise is scaled down to a median of `most`.
    """
    median = float(np.median(sky.rms))
    return sky._replace(rms=sky.rms * np.float32(most / median)) if median > most > 0 else sky


def best_model(image, hidden, noise, configured, others):
    """Return the model of the sky that is significantly better than the configured mesh.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        Counts.
    hidden : ndarray of bool, shape (ny, nx)
        Masked pixels and sources.
    noise : float
        Noise of a pixel of sky, counts.
    configured : SkyModel
        The configured mesh and its deviation.
    others : list of list of SkyModel
        Groups of models. The groups after one with a model that is good enough are not tried.

    Returns
    -------
    SkyModel or None
        The simplest of the models that are about as good as the best; None if none is better.
    """
    reached = held_out(image, hidden, configured)
    limit = _BETTER * np.fmin(configured.deviation, deviation(reached, noise))
    found = []
    for group in others:
        good = []
        for model in group:
            cells = held_out(image, hidden, model)
            off = deviation(cells, noise)
            if off < limit and is_better(cells, reached, noise):
                good.append(model._replace(deviation=off))
        found += good
        if any(model.deviation <= GOOD_ENOUGH for model in good):
            break
    if not found:
        return None
    least = min(model.deviation for model in found)
    return next(model for model in found if model.deviation < least + _AS_GOOD)


def candidates(mesh, finest):
    """Return the models that are tried, in groups, the simplest first.

    Parameters
    ----------
    mesh : int
        Configured side of the squares, pixels.
    finest : float
        Minimum side of finer squares, pixels; infinite in a crowded field. Finer squares would take
        the light of stars for sky.

    Returns
    -------
    list of list of SkyModel
    """
    finer = [mesh // 2**n for n in range(1, 8) if mesh // 2**n >= max(_FINEST, finest)]
    polynomials = [SkyModel(degree, mesh) for degree in _DEGREES]
    profiles = [
        SkyModel(degree, mesh, profile=kind) for kind in ("axes", "corner") for degree in (0, 4)
    ]
    crowded = not np.isfinite(finest)
    return [polynomials, [SkyModel(0, side) for side in finer], [] if crowded else profiles]


def is_better(cells, others, noise):
    """Return whether held-out squares are significantly nearer to 0 with one model than another.

    Parameters
    ----------
    cells, others : (ndarray, ndarray)
        Means and numbers of pixels of the same squares, of two models.
    noise : float
        Noise of a pixel of sky, counts.

    Returns
    -------
    bool
        In the whole image, or in a region of it.
    """
    both = np.isfinite(cells[0]) & np.isfinite(others[0])
    if both.sum() < LEAST_CELLS:
        return False
    for some in regions(both.shape):
        region = both & some
        if np.count_nonzero(region) < LEAST_OF_REGION:
            continue
        off, before = abs(cells[0][region]), abs(others[0][region])
        gain, number = before - off, len(off)
        # where light falls steeply, its gains scatter as much as they are
        chance = noise * np.sqrt(np.mean(1 / cells[1][region]))
        scatter = chance if off.mean() < _STEEP * before.mean() else np.std(gain)
        if np.mean(gain) > _SIGNIFICANT * scatter / np.sqrt(number):
            return True
    return False
