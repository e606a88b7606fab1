"""The objects that have usable pixels: read them and divide them into training and test sets."""

from typing import NamedTuple

import numpy as np
import pandas

from redpix.catalogue.build import field_names
from redpix.core.job import log
from redpix.photoz import files
from redpix.photoz.estimates import Objects
from redpix.photoz.object_fluxes import with_apertures
from redpix.photoz.pixel_stream import Pixels, Totals, columns, sum_by_object
from redpix.photoz.split import split_objects


class PixelObjects(NamedTuple):
    """The objects that have a usable pixel, one row per object, and access to their pixels."""

    table: pandas.DataFrame  #: rows of the catalogue, sorted by id
    objects: Objects
    totals: Totals
    pixels: Pixels

    def groups(self, split_by):
        """Return the group of each object: its field, or its own id.

        Parameters
        ----------
        split_by : {"field", "object"}
            Kind of the groups.

        Returns
        -------
        ndarray, shape (objects,)
        """
        if split_by == "field":
            return np.asarray(field_names(self.table))
        return self.table["id"].to_numpy()


def read_sky(catalogue, pixel_tables, attributes, apertures=()):
    """Return the objects that have a usable pixel.

    Parameters
    ----------
    catalogue : str
        The file catalogue/objects.csv.
    pixel_tables : list of str
        Parquet files, one per field.
    attributes : redpix.photoz.attributes.Attributes
        Attributes of the vectors.
    apertures : list of str, optional
        Tables of aperture fluxes, one per field, which replace the sums of pixels.

    Returns
    -------
    PixelObjects
    """
    table = files.read_catalogue(catalogue)
    read = files.pixel_reader(pixel_tables, columns(attributes))
    totals = sum_by_object(Pixels(read, table["id"].to_numpy(), attributes), len(table))
    log.info("%d tables of pixels, %d catalogued objects", len(pixel_tables), len(table))
    seen = totals.pixels > 0
    table = table[seen]
    objects = Objects(table["redshift"].to_numpy(float), files.labels_of(table["class"]))
    pixels = Pixels(read, table["id"].to_numpy(), attributes)
    totals = totals.take(seen)
    if apertures:
        totals = with_apertures(totals, table["id"].to_numpy(), apertures, attributes)
    return PixelObjects(table, objects, totals, pixels)


def split_sky(sky, split_by, test_fraction, seed):
    """Return ``train``, ``test`` or ``target`` for each object.

    Parameters
    ----------
    sky : PixelObjects
        Objects with pixels.
    split_by : {"field", "object"}
        Groups that are held out together.
    test_fraction : float
        Fraction of the groups that is held out.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    ndarray of str, shape (objects,)
    """
    has_redshift = np.isfinite(sky.objects.redshift)
    return split_objects(has_redshift, sky.groups(split_by), test_fraction, seed)
