"""Subtract a large image in tiles, each with the PSFs and the noise of its position."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.image.mapped_image import MappedImage
from redpix.subtraction.epoch import measured_noise
from redpix.subtraction.mosaic import IMAGES, DifferenceTile, Mosaic, centre_of
from redpix.subtraction.psf_matching import match_psf
from redpix.subtraction.zogy import subtract

#: side of the inside of a tile, pixels
SIDE = 512

#: width of the frame about the inside, which the kernels reach into, pixels
MARGIN = 40

#: number of pixels of all images of a stack in one tile
STACKED = 20_000_000

#: number of pixels above which the planes of a difference lie in files
LARGE = 25_000_000


def side_for(number, margin):
    """Return the side of the tiles of a stack: smaller for many images, so that memory is bounded.

    Parameters
    ----------
    number : int
        Number of images.
    margin : int
        Width of the frame about a tile, pixels.

    Returns
    -------
    int
        Pixels.
    """
    return max(128, min(SIDE, int((STACKED / number) ** 0.5) - 2 * margin))


class Tile(NamedTuple):
    """Slices (rows, columns) of a tile.

    Attributes
    ----------
    outer : (slice, slice)
        Region of the image that is subtracted.
    kept : (slice, slice)
        Region of the result that is kept.
    inner : (slice, slice)
        Region of the image that the kept result belongs to.
    """

    outer: tuple
    kept: tuple
    inner: tuple


def tiles(shape, side=SIDE, margin=MARGIN):
    """Return tiles whose insides hold each pixel of an image exactly once.

    Parameters
    ----------
    shape : (int, int)
        Shape of the image.
    side, margin : int
        Approximate side of the inside and width of the frame about it, pixels.

    Returns
    -------
    list of Tile
    """
    return [
        Tile(*zip(row, column, strict=True))
        for row in _parts(shape[0], side, margin)
        for column in _parts(shape[1], side, margin)
    ]


def _parts(length, side, margin):
    """Yield the slices outer, kept and inner of the tiles along an axis."""
    edges = np.linspace(0, length, max(1, round(length / side)) + 1).astype(int)
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        start, stop = max(0, low - margin), min(length, high + margin)
        yield slice(start, stop), slice(low - start, high - start), slice(low, high)


def empty_planes(shape, dtype, folder):
    """Return the images that a mosaic is written to, filled with NaN.

    Parameters
    ----------
    shape : (int, int)
        Shape of the images.
    dtype : numpy dtype
        Type of the images.
    folder : Path
        Folder for the files of images of more than `LARGE` pixels.

    Returns
    -------
    list of ndarray or of redpix.image.mapped_image.MappedImage
    """
    if shape[0] * shape[1] > LARGE:
        return [MappedImage(folder / str(number), shape, dtype) for number in range(len(IMAGES))]
    return [np.full(shape, np.nan, dtype) for _ in IMAGES]


def subtract_tiles(
    new,
    reference,
    psf_new,
    psf_reference,
    correlation=None,
    side=SIDE,
    margin=MARGIN,
    match_reference=False,
    planes=None,
    **options,
):
    """Subtract two images in tiles.

    Parameters
    ----------
    new, reference : redpix.subtraction.epoch.Epoch
        Whole images with variances, without psf. The default noise is that of each tile.
    psf_new, psf_reference : callable
        ``psf(x, y)``: the stamp at a position, 0-based.
    correlation : callable, optional
        ``correlation(rows, columns)``: `Epoch.correlation` of the reference in a region.
    side, margin : int
        As in `tiles`.
    match_reference : bool
        Whether to convolve the reference to the PSF of the new image, too.
    planes : sequence of 6, optional
        Images of NaN, in the order of `Mosaic`, that the result is written to, with
        ``plane[rows, columns] = values``. The default is arrays.
    **options
        Options of `redpix.subtraction.zogy.subtract`.

    Returns
    -------
    Mosaic
        NaN where either image has no value, and in tiles without a usable pixel.

    Raises
    ------
    InputError
        As `redpix.subtraction.zogy.subtract`, or if the images do not share a usable pixel.
    """
    shape = new.image.shape
    if planes is None:
        planes = [np.full(shape, np.nan, options.get("dtype", np.float32)) for _ in IMAGES]
    matched = np.full(shape, np.nan, np.float32) if match_reference else None
    parts = []
    for tile in tiles(shape, side, margin):
        epochs = _epochs_of_tile(new, reference, psf_new, psf_reference, correlation, tile)
        if epochs is not None:
            if match_reference:
                matched[tile.inner] = _matched(*epochs, options)[tile.kept]
            parts.append(_subtract_tile(*epochs, tile, planes, options))
    if not parts:
        raise InputError("no pixel has a value and a variance in both images")
    return _joined(parts, planes, matched, shape)


def _joined(parts, planes, matched, shape):
    """Return the mosaic of tiles: medians of their numbers, the PSF of the most central."""
    numbers = [(tile.F_D, tile.F_S, tile.new.noise, tile.reference.noise) for tile in parts]
    F_D, F_S, noise_new, noise_reference = map(float, np.median(numbers, axis=0))
    central = min(parts, key=lambda tile: tile.distance_to(shape))
    noise = noise_new, noise_reference
    return Mosaic(*planes, central.P_D, F_D, F_S, noise, matched, tuple(parts))


def _epochs_of_tile(new, reference, psf_new, psf_reference, correlation, tile):
    """Return both epochs in the region of a tile; None if no pixel of both is usable."""
    noise = _noise_in_tile(new, reference, tile)
    if noise is None:
        return None
    x, y = centre_of(tile.inner)
    return (
        _cut(new, tile, psf_new(x, y), noise[0]),
        _cut(reference, tile, psf_reference(x, y), noise[1], correlation),
    )


def _noise_in_tile(new, reference, tile):
    """Return the noise of both images in a tile; None if no pixel of both is usable."""
    valid = np.isfinite(new.image[tile.outer]) & np.isfinite(reference.image[tile.outer])
    valid &= (new.variance[tile.outer] > 0) & (reference.variance[tile.outer] > 0)
    if not valid.any():
        return None
    # every third pixel is enough for a median, unless few are usable
    some = np.s_[::3, ::3] if valid[::3, ::3].any() else np.s_[:, :]
    return [
        measured_noise(epoch.image, epoch.variance[tile.outer][some], valid[some])
        if epoch.noise is None
        else epoch.noise
        for epoch in (new, reference)
    ]


def _cut(epoch, tile, psf, noise, correlation=None):
    """Return an epoch that holds only the region of a tile."""
    cut = epoch._replace(
        image=epoch.image[tile.outer], psf=psf, noise=noise, variance=epoch.variance[tile.outer]
    )
    return cut if correlation is None else cut._replace(correlation=correlation(*tile.inner))


def _subtract_tile(new, reference, tile, planes, options):
    """Subtract two epochs, write the images to the planes and return the numbers of the tile."""
    difference = subtract(new, reference, **options)
    for plane, values in zip(planes, _images_of(difference), strict=True):
        plane[tile.inner] = values[tile.kept]
    shapes = (epoch._replace(image=None, variance=None) for epoch in (new, reference))
    return DifferenceTile(tile.inner, difference.P_D, difference.F_D, difference.F_S, *shapes)


def _matched(new, reference, options):
    """Return the reference with the PSF of the new image."""
    names = ("dtype", "workers", "arrays")
    given = {name: options[name] for name in names if name in options}
    return match_psf(reference.image, reference.psf, new.psf, **given)


def _images_of(difference):
    """Return the images of a difference in the order of `Mosaic`."""
    return (
        difference.D,
        difference.S,
        difference.Scorr,
        difference.alpha,
        difference.alpha_error,
        difference.D_variance,
    )
