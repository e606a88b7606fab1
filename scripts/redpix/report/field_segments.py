"""Segments of the objects of a field, and the redshifts of their pixels, for the page's viewer."""

from typing import NamedTuple

import numpy as np
import pyarrow.parquet

from redpix.report import pixel_layers
from redpix.report.field_tiles import blocks_of
from redpix.report.tiled_layers import linear_layer


class Segments(NamedTuple):
    """Pixels of the objects of a field.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the image.
    x, y : ndarray of int, shape (n,)
        Pixels, 0-based.
    label : ndarray of int32, shape (n,)
        Number of the object of each pixel, from 1.
    z : ndarray of float32, shape (n,)
        Redshift of each pixel; NaN if it is unknown.
    names : list of str
        Name of each object.
    """

    shape: tuple
    x: np.ndarray
    y: np.ndarray
    label: np.ndarray
    z: np.ndarray
    names: list

    def layers(self, tiling):
        """Return the layers of the segments, and of the redshifts of pixels if there are any.

        Parameters
        ----------
        tiling : redpix.report.field_tiles.Tiling
            What is shown at full resolution.

        Returns
        -------
        list of dict
        """
        plane = np.zeros(self.shape, np.int32)
        plane[self.y, self.x] = self.label
        layer = pixel_layers.label_layer("segments", tiling.fine(plane), self.names)
        if tiling.factor > 1:
            coarse = blocks_of(tiling.rest(plane), tiling.factor, np.maximum)
            uri = pixel_layers.label_layer("segments", coarse, self.names)["uri"]
            layer["coarse"] = {"uri": uri}
        if not np.isfinite(self.z).any():
            return [layer]
        plane = np.full(self.shape, np.nan, np.float32)
        plane[self.y, self.x] = self.z
        options = {"colours": "viridis", "rest": tiling.rest(plane)}
        return [layer, linear_layer("redshifts of pixels", plane, "redshift", tiling, **options)]


def read_segments(path, redshifts, shape):
    """Return the pixels of the objects of a field, with their redshifts.

    Parameters
    ----------
    path : str
        Pixel table.
    redshifts : dict of int to ndarray
        Redshifts of the pixels of each object.
    shape : (int, int)
        Rows and columns of the image.

    Returns
    -------
    Segments
    """
    table = pyarrow.parquet.read_table(path, columns=["object_id", "x", "y"]).to_pandas()
    label = np.zeros(len(table), np.int32)
    z = np.full(len(table), np.nan, np.float32)
    names = []
    for one, rows in table.groupby("object_id", sort=False).indices.items():
        names.append(str(one))
        label[rows] = len(names)
        values = redshifts.get(int(one))
        if values is not None and len(values) == len(rows):
            z[rows] = values
    return Segments(shape, table["x"].to_numpy(), table["y"].to_numpy(), label, z, names)
