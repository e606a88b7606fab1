"""Warn of doubtful photometry of tables: units, sizes of errors, the order of bands."""

import numpy as np

from redpix.io.table_values import shortened
from redpix.photoz.band_names import zero_point_of
from redpix.photoz.learners.base import FEWEST

#: limits of the median magnitude of a table of galaxies
BRIGHT, FAINT = 5.0, 32.0

#: largest median error of magnitudes
LARGEST = 2.0


def check_fluxes(table, columns, units, name, warn):
    """Warn of magnitudes that no survey has, and of fluxes whose unit is not understood.

    Parameters
    ----------
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of magnitudes.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes or fluxes.
    units : dict of str to str
        Units by column, as the table gives them.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text per doubtful property.
    """
    if not columns.zero_points:
        _check_magnitudes(table.magnitudes, columns.magnitudes, name, warn)
        _check_sizes_of_errors(table.errors, columns.errors, name, warn)
        return
    given = {units[column].strip() for column in columns.magnitudes if units.get(column)}
    strange = sorted(unit for unit in given if zero_point_of(unit) is None)
    points = ", ".join(dict.fromkeys(f"{point:g}" for point in columns.zero_points))
    advice = "convert fluxes to nanomaggies, or give a unit such as nJy"
    if strange:
        warn(
            f"{name}: the unit {', '.join(strange)} is not one of flux density; the zero point "
            f"{points} of the column's name is taken: {advice}"
        )
    middle = np.nanmedian(table.magnitudes) if np.isfinite(table.magnitudes).any() else BRIGHT
    if not BRIGHT <= middle <= FAINT:
        warn(
            f"{name}: with the zero point {points}, the median magnitude of the fluxes is "
            f"{middle:.1f}, so their unit is another one: {advice}"
        )


def _check_magnitudes(magnitudes, names, name, warn):
    """Warn of columns whose median is not that of magnitudes, such as fluxes and colours."""
    doubtful = []
    for column, values in zip(names, magnitudes.T, strict=True):
        known = values[np.isfinite(values)]
        if len(known) >= FEWEST and not BRIGHT <= np.median(known) <= FAINT:
            doubtful.append(f"{column} ({np.median(known):.3g})")
    if doubtful:
        warn(
            f"{name}: medians that magnitudes do not have: {shortened(', '.join(doubtful), 200)}; "
            "if these are fluxes, call them flux_u and so on, or give their unit in the header"
        )


def _check_sizes_of_errors(errors, names, name, warn):
    """Warn of errors of magnitudes that are larger than `LARGEST` in most objects."""
    medians = [np.median(e[np.isfinite(e)]) if np.isfinite(e).any() else 0 for e in errors.T]
    large = [f"{c} ({m:.3g})" for c, m in zip(names, medians, strict=False) if m > LARGEST]
    if large:
        warn(
            f"{name}: median errors that magnitudes do not have: "
            f"{shortened(', '.join(large), 200)}; if these are in mmag, say so in the header; "
            "convert signal-to-noise ratios and errors of fluxes"
        )


def check_order(table, columns, name, warn):
    """Warn if the elements of vectors are not in the order of wavelength that is assumed.

    Galaxies, quasars and most stars are fainter in the first band, u, than in the last, z.

    Parameters
    ----------
    table : redpix.photoz.catalogues.GalaxyTable
        Objects of a table of magnitudes.
    columns : redpix.photoz.magnitude_columns.Columns
        Columns of magnitudes.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text if they are not.
    """
    colour = table.magnitudes[:, 0] - table.magnitudes[:, -1]
    colour = colour[np.isfinite(colour)]
    if len(colour) >= FEWEST and np.median(colour) < 0:
        warn(
            f"{name}: {columns.magnitudes[0]} is brighter than {columns.magnitudes[-1]} in most "
            f"objects, so the elements may not be {' '.join(columns.bands)}: name them in the "
            "listing's column magnitudes, by wavelength"
        )


def check_written(written, name, warn):
    """Warn of cells whose meaning is assumed: errors in brackets, marks of doubt.

    Parameters
    ----------
    written : dict of str to dict
        Numbers and examples of cells that are not plain numbers, by column, from
        `redpix.io.table.Table.written`.
    name : str
        Name of the file, for messages.
    warn : callable
        Called with one line of text per column with such cells.
    """
    meanings = {
        "last digits": "errors that count the last digits",
        "doubtful": "doubtful numbers, which are used",
    }
    for column, found in written.items():
        for kind, meaning in meanings.items():
            if kind in found["counts"]:
                warn(
                    f"{name}: {column}: {found['counts'][kind]} cells such as "
                    f"{found['examples'][kind]!r} are taken as {meaning}; leave empty what is "
                    "not to be trusted, and write errors in a column of their own"
                )
