"""Correct a pixel table for Galactic extinction, and keep what was observed."""

import numpy as np

from redpix.core.job import log
from redpix.pixels.arrow_columns import number_column
from redpix.sdss.magnitudes import asinh_magnitude


def without_extinction(table, extinction, scales):
    """Return a pixel table with fluxes, errors and magnitudes free of extinction.

    Parameters
    ----------
    table : pyarrow.Table
        Result of `redpix.pixels.pixel_table.pixel_table`.
    extinction : redpix.pixels.extinction.Extinction or None
        Extinction of its objects; None leaves the table as it is.
    scales : dict of str to redpix.pixels.band_scales.BandScale
        Softening of each band, in the order of the extinction.

    Returns
    -------
    pyarrow.Table
        With the columns observed_<band>, the fluxes before the correction, and extinction_<band>,
        magnitudes. The metadata of flux_<band> name the origin.
    """
    if extinction is None:
        return table
    log.info("fluxes are corrected for Galactic extinction: %s", extinction.origin)
    ids, index = np.unique(table["object_id"].to_numpy(), return_inverse=True)
    values = np.array([extinction.values[one] for one in ids.tolist()]).reshape(-1, len(scales))
    for number, (band, scale) in enumerate(scales.items()):
        magnitudes = values[index, number]
        factor = 10 ** (0.4 * magnitudes)
        flux, error = (table[f"{kind}_{band}"].to_numpy() for kind in ("flux", "error"))
        table = table.append_column(
            table.schema.field(f"flux_{band}").with_name(f"observed_{band}"), number_column(flux)
        )
        corrected = (flux * factor).astype(np.float32)
        magnitude = asinh_magnitude(corrected, band, scale.softening).astype(np.float32)
        changed = {"flux": corrected, "error": (error * factor).astype(np.float32)}
        for kind, column in (changed | {"mag": magnitude}).items():
            table = _replaced(table, f"{kind}_{band}", column, extinction.origin)
        column = number_column(magnitudes.astype(np.float32))
        table = table.append_column(f"extinction_{band}", column)
    return table


def _replaced(table, name, values, origin):
    """Return a table with new values of a column, whose metadata name the origin."""
    place, field = table.schema.get_field_index(name), table.schema.field(name)
    metadata = {**(field.metadata or {}), b"extinction": f"corrected: {origin}".encode()}
    return table.set_column(place, field.with_metadata(metadata), number_column(values))
