"""Subtraction of a large image in tiles, each with the PSFs and the noise of its place."""

from typing import NamedTuple

import numpy as np

from redpix.core.exceptions import InputError
from redpix.subtraction.zogy import match_psf, measured_noise, subtract

#: side of a tile's inside, and what is worked on around it: as far as a kernel reaches
SIDE, MARGIN = 512, 40


class Tile(NamedTuple):
    """Slices (rows, columns) of an image: what is worked on, what of it is kept and where."""

    outer: tuple
    kept: tuple
    inner: tuple


def tiles(shape, side=SIDE, margin=MARGIN):
    """Tiles whose insides hold each pixel of an image exactly once."""
    return [
        Tile(*zip(row, column, strict=True))
        for row in _parts(shape[0], side, margin)
        for column in _parts(shape[1], side, margin)
    ]


def _parts(length, side, margin):
    edges = np.linspace(0, length, max(1, round(length / side)) + 1).astype(int)
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        start, stop = max(0, low - margin), min(length, high + margin)
        yield slice(start, stop), slice(low - start, high - start), slice(low, high)


class Mosaic(NamedTuple):
    """Difference of two whole images, stitched.

    D, S, Scorr, alpha, alpha_error and variance (of D) are images; P_D is the stamp of the
    tile in the middle; F_D, F_S and the noise of new and reference image are medians of tiles.
    matched is the reference with the PSF of the new image, where that was asked for.
    """

    D: np.ndarray
    S: np.ndarray
    Scorr: np.ndarray
    alpha: np.ndarray
    alpha_error: np.ndarray
    variance: np.ndarray
    P_D: np.ndarray
    F_D: float
    F_S: float
    noise: tuple
    matched: np.ndarray | None


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
    """Subtract in tiles.

    Parameters
    ----------
    new, reference : Epoch
        Whole images with their variances; their psf is not used. Noise that is not given is
        measured in each tile.
    psf_new, psf_reference : callable
        ``psf(x, y)``: the stamp at a place, 0-based.
    correlation : callable, optional
        ``correlation(rows, columns)``: of the reference's noise in a region, as `Epoch` takes it.
    side, margin : int
        Of tiles, pixels.
    match_reference : bool
        Whether to bring the reference to the PSF of the new image, too.
    planes : sequence of 6, optional
        What the images of the result are put into, with ``plane[rows, columns] = values``, in the
        order of `Mosaic`; all NaN. By default, arrays.
    **options
        Of `redpix.subtraction.zogy.subtract`.

    Returns
    -------
    Mosaic
        NaN where either image has no value, and in tiles of which too little is known.

    Raises
    ------
    InputError
        As `subtract`; if no pixel has a value and a variance in both images.
    """
    shape = new.image.shape
    if planes is None:
        planes = [np.full(shape, np.nan, options.get("dtype", np.float32)) for _ in range(6)]
    matched = np.full(shape, np.nan, np.float32) if match_reference else None
    numbers, stamps = [], []
    for tile in tiles(shape, side, margin):
        rows, columns = tile.inner
        x, y = (columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2
        known = np.isfinite(new.image[tile.outer]) & np.isfinite(reference.image[tile.outer])
        known &= (new.variance[tile.outer] > 0) & (reference.variance[tile.outer] > 0)
        if not known.any():
            continue
        # enough for a median, but of a sliver
        some = np.s_[::3, ::3] if known[::3, ::3].any() else np.s_[:, :]
        noise = [
            measured_noise(e.image, e.variance[tile.outer][some], known[some])
            if e.noise is None
            else e.noise
            for e in (new, reference)
        ]
        epochs = [
            epoch._replace(
                image=epoch.image[tile.outer],
                psf=psf(x, y),
                noise=sigma,
                variance=epoch.variance[tile.outer],
            )
            for epoch, psf, sigma in zip(
                (new, reference), (psf_new, psf_reference), noise, strict=True
            )
        ]
        if correlation is not None:
            epochs[1] = epochs[1]._replace(correlation=correlation(rows, columns))
        part = subtract(*epochs, **options)
        if match_reference:
            own = {key: options[key] for key in ("dtype", "workers", "arrays") if key in options}
            wider = match_psf(epochs[1].image, epochs[1].psf, epochs[0].psf, **own)
            matched[tile.inner] = wider[tile.kept]
        found = (part.D, part.S, part.Scorr, part.alpha, part.alpha_error, part.D_variance)
        for plane, values in zip(planes, found, strict=True):
            plane[tile.inner] = values[tile.kept]
        numbers.append((part.F_D, part.F_S, *noise))
        stamps.append((np.hypot(x - shape[1] / 2, y - shape[0] / 2), len(stamps), part.P_D))
    if not numbers:
        raise InputError("no pixel has a value and a variance in both images")
    F_D, F_S, sn, sr = map(float, np.median(numbers, axis=0))
    return Mosaic(*planes, min(stamps)[2], F_D, F_S, (sn, sr), matched)
