"""Fit one or two single pixels, as of cosmic rays and hot pixels, to squares of a difference."""

import numpy as np

#: offsets from the place along an axis of the single pixels that are tried
_PIXELS = range(-2, 3)


def pixel_designs(shapes, reach):
    """Return the shapes of single pixels about the middle of a square.

    Parameters
    ----------
    shapes : list of redpix.subtraction.difference_shapes.DifferenceShapes
        Shapes in each tile.
    reach : int
        Half a side of the square, pixels.

    Returns
    -------
    ndarray, shape (tiles, 2, pixels, side * side)
        The images are the new one and the reference.
    """
    steps = [(dx, dy) for dx in _PIXELS for dy in _PIXELS]
    designs = []
    for one in shapes:
        for shape in (one.new_pixel, one.reference_pixel):
            wide = np.pad(shape, reach + len(_PIXELS))
            low, high = wide.shape[0] // 2 - reach, wide.shape[0] // 2 + reach + 1
            designs += [
                wide[low - dy : high - dy, low - dx : high - dx].ravel() for dx, dy in steps
            ]
    return np.reshape(designs, (len(shapes), 2, len(steps), (2 * reach + 1) ** 2))


def power_of_pixels(squares, designs, images):
    """Return the chi-squared that the best one or two single pixels of either image take away.

    Parameters
    ----------
    squares : redpix.subtraction.squares.Squares
        Their weights are used.
    designs : ndarray
        From `pixel_designs`.
    images : sequence of ndarray, shape (n, side * side)
        Values of the squares over their noise.

    Returns
    -------
    ndarray, shape (images, n)
    """
    weight = squares.weight.reshape(len(squares.row), 1, -1)
    best, images = np.zeros((len(images), len(weight))), np.stack(images, axis=2)
    each = np.arange(len(weight))
    for number in (0, 1):
        design = designs[squares.tile, number] * weight
        products = design @ design.transpose(0, 2, 1)
        power = np.maximum(np.einsum("nii->ni", products), 1e-30)
        for of_image, projected in zip(best, np.moveaxis(design @ images, 2, 0), strict=True):
            first = np.argmax(projected**2 / power, axis=1)
            of_first = power[each, first][:, None]
            seen, mixed = projected[each, first][:, None], products[each, first]
            # the fit of the best pixel together with each other one, by Cramer's rule
            both = of_first * projected**2 + power * seen**2 - 2 * projected * seen * mixed
            determinant = power * of_first - mixed**2
            apart = determinant > 1e-6 * power * of_first
            pairs = np.divide(both, determinant, out=np.zeros_like(both), where=apart)
            alone = (seen**2 / of_first)[:, 0]
            np.maximum(of_image, np.maximum(alone, pairs.max(axis=1)), out=of_image)
    return best
