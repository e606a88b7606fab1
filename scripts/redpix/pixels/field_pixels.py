"""Pixels of the objects of a field, and their measurements."""

from typing import NamedTuple

import numpy as np

from redpix.pixels.membership import Members


class FieldPixels(NamedTuple):
    """Pixels of a field's objects.

    Attributes
    ----------
    ids : ndarray of int64, shape (n,)
        Identifier of each object.
    members : redpix.pixels.membership.Members
        Object and position of each of m pixels.
    distance : ndarray, shape (m,), float32
        Distance from the object's peak, relative to the object's largest distance.
    dropped : dict of str to int
        Number of dropped pixels by reason.
    """

    ids: np.ndarray
    members: Members
    distance: np.ndarray
    dropped: dict

    def only(self, keep):
        """Return the pixels for which `keep` (bool, shape (m,)) is true."""
        return self._replace(members=self.members.only(keep), distance=self.distance[keep])


class PixelValues(NamedTuple):
    """Measurements at m pixels.

    Attributes
    ----------
    fluxes, errors : ndarray, shape (bands, m), float32
        Nanomaggies.
    mask : ndarray, shape (m,), int16
        Union of the bands' masks, bits of `redpix.image.masks`.
    """

    fluxes: np.ndarray
    errors: np.ndarray
    mask: np.ndarray

    def only(self, keep):
        """Return the values at the pixels for which `keep` (bool, shape (m,)) is true."""
        return PixelValues(self.fluxes[:, keep], self.errors[:, keep], self.mask[keep])
