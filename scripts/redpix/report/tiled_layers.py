"""Layers of an image for the page's viewer, of which some tiles are at full resolution."""

import numpy as np
from astropy.io import fits

from redpix.image.masks import BITS
from redpix.report import pixel_layers
from redpix.report.field_tiles import block_means, blocks_of


def image_layer(image, unit, tiling, name="image"):
    """Return the layer of an image.

    Parameters
    ----------
    image : ndarray, shape (ny, nx)
        NaN without data.
    unit : str
        Unit of the image.
    tiling : redpix.report.field_tiles.Tiling
        What is shown at full resolution.
    name : str
        Name of the layer.

    Returns
    -------
    dict
    """
    sample = image[:: tiling.factor, :: tiling.factor]
    layer = pixel_layers.asinh_layer(name, tiling.fine(image), unit, sample)
    if tiling.factor == 1:
        return layer
    coarse = pixel_layers.asinh_layer(name, block_means(image, tiling.factor), unit)
    return layer | {"coarse": {name: coarse[name] for name in ("uri", "asinh")}}


def linear_layer(name, plane, unit, tiling, steps=254, colours="grey", rest=None):
    """Return a layer in equal steps.

    Parameters
    ----------
    name : str
        Name of the layer.
    plane : ndarray of float, shape (ny, nx)
        NaN without data.
    unit : str
        Unit of the values.
    tiling : redpix.report.field_tiles.Tiling
        What is shown at full resolution.
    steps, colours
        As of `redpix.report.pixel_layers.linear_layer`.
    rest : ndarray, optional
        The plane that is shrunk, if it is another one.

    Returns
    -------
    dict
    """
    options = {"steps": steps, "colours": colours, "sample": tiling.fine(plane)}
    layer = pixel_layers.linear_layer(name, tiling.fine(plane), unit, **options)
    if tiling.factor == 1:
        return layer
    means = block_means(plane if rest is None else rest, tiling.factor)
    coarse = pixel_layers.linear_layer(name, means, unit, **options)
    return layer | {"coarse": {"uri": coarse["uri"]}}


def plane_layers(path, tiling, unit):
    """Return the layers of the error and of the mask of a registered image.

    Parameters
    ----------
    path : str
        FITS file.
    tiling : redpix.report.field_tiles.Tiling
        What is shown at full resolution.
    unit : str
        Unit of the image.

    Returns
    -------
    list of dict
        Those whose HDU the file has.
    """
    layers = []
    with fits.open(path, memmap=False) as hdus:
        if "ERR" in hdus:
            error = hdus["ERR"].data.astype(np.float32)
            layers.append(linear_layer("error", error, unit, tiling, steps=60))
        if "MASK" in hdus:
            mask = hdus["MASK"].data.astype(np.int32)
            layers.append(mask_layer("mask", mask, BITS, tiling))
    return layers


def mask_layer(name, mask, bits, tiling):
    """Return the layer of a mask; a block of pixels has the bits of all of them.

    Parameters
    ----------
    name : str
        Name of the layer.
    mask : ndarray of int, shape (ny, nx)
        Sum of bits.
    bits : sequence of str
        Name of each bit.
    tiling : redpix.report.field_tiles.Tiling
        What is shown at full resolution.

    Returns
    -------
    dict
    """
    layer = pixel_layers.mask_layer(name, tiling.fine(mask), bits)
    if tiling.factor == 1:
        return layer
    coarse = blocks_of(mask, tiling.factor, np.bitwise_or)
    return layer | {"coarse": {"uri": pixel_layers.mask_layer(name, coarse, bits)["uri"]}}
