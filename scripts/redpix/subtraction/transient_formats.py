"""Write a table of transients as a VOTable and as regions of SAOImage DS9."""

import numpy as np
from astropy.io.votable import writeto
from astropy.io.votable.tree import VOTableFile
from astropy.table import Table

from redpix.core.atomic_files import atomic
from redpix.subtraction.transient_rows import read_rows

#: unit and UCD of the columns that have one; UCDs as of UCD1+
MEANINGS = {
    "id": (None, "meta.id;meta.main"),
    "ra": ("deg", "pos.eq.ra;meta.main"),
    "dec": ("deg", "pos.eq.dec;meta.main"),
    "x": ("pix", "pos.cartesian.x;instr.pixel"),
    "y": ("pix", "pos.cartesian.y;instr.pixel"),
    "band": (None, "instr.bandpass"),
    "scorr": (None, "stat.snr"),
    "score": (None, "stat.probability"),
    "features": (None, "meta.note"),
    "flux": (None, "phot.flux;arith.diff"),
    "flux_error": (None, "stat.error;phot.flux"),
    "unit": (None, "meta.unit"),
    "mag": ("mag", "phot.mag"),
    "mag_error": ("mag", "stat.error;phot.mag"),
    "kind": (None, "meta.code.class"),
    "flags": (None, "meta.code.qual"),
    "dipole": (None, "stat.value"),
    "misfit": (None, "stat.fit.chi2"),
    "motion": (None, "stat.value"),
    "x_error": ("pix", "stat.error;pos.cartesian.x"),
    "y_error": ("pix", "stat.error;pos.cartesian.y"),
    "ra_error": ("arcsec", "stat.error;pos.eq.ra"),
    "dec_error": ("arcsec", "stat.error;pos.eq.dec"),
    "host_id": (None, "meta.id.assoc"),
    "host_z_phot": (None, "src.redshift.phot"),
    "host_z_error": (None, "stat.error;src.redshift.phot"),
    "known_as": (None, "meta.id.assoc"),
    "known_kind": (None, "src.class"),
    "known_separation": ("arcsec", "pos.angDistance"),
    "mjd": ("d", "time.epoch;obs.exposure"),
    "filter": (None, "meta.id;instr.filter"),
    "science": (None, "meta.id;obs.image"),
    "reference": (None, "meta.ref;obs.image"),
}

#: columns of texts, also if all their cells look like numbers
TEXTS = (
    "band",
    "kind",
    "features",
    "unit",
    "host_id",
    "filter",
    "science",
    "reference",
    "known_as",
    "known_kind",
)

#: radius of a region in arcsec and in pixels
RADIUS = 4.0, 8.0


def write_formats(table, votable, regions):
    """Write a table of transients in two more formats.

    Parameters
    ----------
    table : str
        CSV file of transients.
    votable : str
        VOTable to write, with units and UCDs.
    regions : str
        Region file to write: green circles for clean rows, orange for flagged ones. The positions
        are on the sky if all rows have one, otherwise pixels of the science image.
    """
    rows, columns = read_rows(table)
    write_votable(rows, columns, votable)
    write_regions(rows, regions)


def write_votable(rows, columns, path):
    """Write transients as a VOTable.

    Parameters
    ----------
    rows : list of dict of str to str
        The transients.
    columns : list of str
        Names of the columns.
    path : str
        File to write.
    """
    made = Table()
    for name in columns:
        texts = [row[name] for row in rows]
        made[name] = np.array(texts, str) if name in TEXTS else _numbers(texts)
    units = {row["unit"] for row in rows if row.get("unit")}
    flux_unit = units.pop() if len(units) == 1 else None
    file = VOTableFile.from_table(made)
    for field in file.get_first_table().fields:
        field.unit, field.ucd = MEANINGS.get(field.name, (None, None))
        if field.name in ("flux", "flux_error"):
            field.unit = flux_unit
    with atomic(path) as temporary:
        writeto(file, str(temporary))


def _numbers(texts):
    """Return the cells of a column as numbers: whole ones if all are, NaN for an empty cell."""
    values = np.array([float(text) if text else np.nan for text in texts])
    whole = len(values) and all(text.lstrip("-").isdigit() for text in texts)
    return values.astype(np.int64) if whole else values


def write_regions(rows, path):
    """Write transients as regions of SAOImage DS9.

    Parameters
    ----------
    rows : list of dict of str to str
        The transients.
    path : str
        File to write.
    """
    on_sky = all(row["ra"] for row in rows)
    lines = ["# Region file format: DS9", "icrs" if on_sky else "image"]
    for row in rows:
        colour = "green" if row["flags"] == "0" else "orange"
        if on_sky:
            place = f'{row["ra"]},{row["dec"]},{RADIUS[0]:g}"'
        else:  # DS9 counts pixels from 1
            place = f"{float(row['x']) + 1:.3f},{float(row['y']) + 1:.3f},{RADIUS[1]:g}"
        words = f"{row['id']} {row['band']} {float(row['scorr']):+.1f}"
        lines.append(f"circle({place}) # color={colour} text={{{words}}}")
    with atomic(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
