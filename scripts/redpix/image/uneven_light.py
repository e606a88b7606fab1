"""Light of a smaller scale than the mesh of a background: scattered light, gradients that moved.

A square of the mesh is divided into blocks that are several times as wide as the PSF. The median of
a block beyond noise is light that fills the block. Light that fills few blocks side by side may be
the wings of a bright star that changed, and stays.
"""

import numpy as np
from scipy import ndimage

#: standard errors of the median of a block at which its light counts
SIGNIFICANT = 5.0

#: least number of blocks side by side with light of one sign
LEAST_BLOCKS = 8

#: standard error of a median over that of a mean, and MAD of a normal distribution
_OF_MEDIAN, _MAD = 1.2533, 0.6745

#: smallest share of the pixels of a block that are valid
_LEAST_VALID = 0.5


def levels_in_blocks(values, parts):
    """Return median, absolute deviation from it and number of pixels of the blocks of a square.

    Parameters
    ----------
    values : ndarray, shape (m, n)
        NaN at invalid pixels.
    parts : int
        Number of blocks along each axis.

    Returns
    -------
    ndarray, shape (3, parts, parts)
        The median is NaN in blocks of few valid pixels.
    """
    made = np.full((3, parts, parts), np.nan)
    for row, rows in enumerate(np.array_split(values, parts, axis=0)):
        for column, block in enumerate(np.array_split(rows, parts, axis=1)):
            valid = block[np.isfinite(block)]
            if len(valid) and len(valid) > _LEAST_VALID * block.size:
                middle = np.median(valid)
                made[:, row, column] = middle, np.median(abs(valid - middle)), len(valid)
    return made


def uneven_levels(levels, counts, smooth, area):
    """Return the light of each block beyond a smooth background; 0 where it is noise.

    Parameters
    ----------
    levels : list of ndarray
        From `levels_in_blocks`, per square of the mesh, row by row.
    counts : (int, int)
        Number of squares along each axis.
    smooth : ndarray, shape (ny, nx)
        Background of the mesh.
    area : float
        Number of pixels whose noise is shared, as filtering leaves it.

    Returns
    -------
    ndarray, shape (rows of blocks, columns of blocks)
        Between noise and light the value rises continuously. Blocks without pixels have the value
        of the nearest other one.
    """
    parts = levels[0].shape[-1]
    table = np.reshape(levels, (*counts, 3, parts, parts)).transpose(2, 0, 3, 1, 4)
    median, deviation, number = table.reshape(3, counts[0] * parts, counts[1] * parts)
    valid = np.isfinite(median)
    if not valid.any():
        return np.zeros(median.shape)
    row, column = (
        ((np.arange(count) + 0.5) * length / count).astype(int)
        for count, length in zip(median.shape, smooth.shape, strict=True)
    )
    excess = median - smooth[np.ix_(row, column)]
    noise = np.median(deviation[valid]) / _MAD
    error = SIGNIFICANT * _OF_MEDIAN * noise * np.sqrt(area / np.where(valid, number, 1))
    light = np.maximum(abs(excess), 1e-30)
    kept = np.where(valid, excess * np.maximum(1 - (error / light) ** 2, 0), 0.0)
    kept *= _wide(kept > 0) | _wide(kept < 0)
    nearest = ndimage.distance_transform_edt(~valid, return_distances=False, return_indices=True)
    return kept[tuple(nearest)]


def _wide(blocks):
    """Return the blocks that are `LEAST_BLOCKS` or more side by side."""
    labels, _ = ndimage.label(blocks)
    sizes = np.bincount(labels.ravel())
    return blocks & (sizes[labels] >= LEAST_BLOCKS)
