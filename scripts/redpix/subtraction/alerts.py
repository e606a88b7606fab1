"""Write transients as alert packets with cut-outs, in the form of ZTF: one AVRO file.

AVRO holds its schema and the bytes of the cut-outs, and is what alert brokers and their tools read.
"""

import gzip
import hashlib
import io
from pathlib import Path

import fastavro
import numpy as np
from astropy.io import fits

from redpix.core.atomic_files import atomic
from redpix.core.version import redpix_version
from redpix.io.observation_time import JULIAN
from redpix.subtraction.transient_rows import read_rows

_CUT_OUT = {
    "type": "record",
    "name": "cutout",
    "fields": [
        {"name": "fileName", "type": "string"},
        {"name": "stampData", "type": "bytes", "doc": "fits.gz"},
    ],
}

#: type and meaning of the fields of a candidate, in the names of ZTF
_CANDIDATE = {
    "jd": ("double", "Julian Date of the middle of the science exposure, UTC [d]"),
    "fid": ("string", "filter of the science image"),
    "band": ("string", "band of the pair"),
    "pdiffimfilename": ("string", "difference image"),
    "isdiffpos": ("string", "t: brighter in the science image, f: fainter"),
    "ra": ("double", "right ascension, ICRS [deg]"),
    "dec": ("double", "declination, ICRS [deg]"),
    "xpos": ("float", "x on the science image, 0-based [pixel]"),
    "ypos": ("float", "y on the science image, 0-based [pixel]"),
    "magpsf": ("float", "magnitude of the absolute PSF flux difference [mag]"),
    "sigmapsf": ("float", "1-sigma error of magpsf [mag]"),
    "fluxpsf": ("float", "PSF flux difference, unit of the science image"),
    "sigmaflux": ("float", "1-sigma error of fluxpsf"),
    "magzpsci": ("float", "magnitude of a source of unit flux [mag]"),
    "scorr": ("double", "score of the detection [sigma]"),
    "fwhm": ("float", "FWHM of the science image [pixel]"),
    "flags": ("int", "transient flags"),
    "kind": ("string", "brighter, fainter or moving"),
    "rb": ("float", "score from 0 to 1 that the candidate is real"),
}

#: 16 bytes between blocks; random ones would make the files of two equal runs differ
_SYNC = hashlib.md5(b"alerts of redpix", usedforsecurity=False).digest()


def _sorted(schema):
    """Return a schema with its keys in order; fastavro's order differs from process to process."""
    if isinstance(schema, dict):
        return {key: _sorted(schema[key]) for key in sorted(schema)}
    return [_sorted(one) for one in schema] if isinstance(schema, list) else schema


#: the schema of a packet
SCHEMA = fastavro.parse_schema(
    {
        "type": "record",
        "name": "alert",
        "namespace": "redpix",
        "doc": "difference alert in the form of ZTF",
        "fields": [
            {"name": "schemavsn", "type": "string"},
            {"name": "publisher", "type": "string"},
            {"name": "objectId", "type": "string"},
            {"name": "candid", "type": "long"},
            {
                "name": "candidate",
                "type": {
                    "type": "record",
                    "name": "candidate",
                    "fields": [
                        {"name": name, "type": ["null", kind], "default": None, "doc": words}
                        for name, (kind, words) in _CANDIDATE.items()
                    ],
                },
            },
            {"name": "cutoutScience", "type": ["null", _CUT_OUT], "default": None},
            {"name": "cutoutTemplate", "type": ["null", "redpix.cutout"], "default": None},
            {"name": "cutoutDifference", "type": ["null", "redpix.cutout"], "default": None},
        ],
    }
)
SCHEMA = _sorted(SCHEMA)

#: HDU of each cut-out of a packet
CUT_OUTS = {"cutoutScience": "NEW", "cutoutTemplate": "REF", "cutoutDifference": "D"}


def write_alerts(path, table, cut_outs, difference):
    """Write one alert packet per clean row of a table of transients.

    Parameters
    ----------
    path : str
        AVRO file to write.
    table : str
        CSV file of the transients of a band.
    cut_outs : str
        FITS file of their cut-outs, in the same order.
    difference : str
        ``<pair>/<band>/difference.fits``. The names of the objects begin with pair and band.
    """
    header = fits.getheader(difference, "D")
    name = "_".join(Path(difference).absolute().parts[-3:-1])
    with fits.open(cut_outs) as hdus:
        packets = [
            _packet(row, f"{name}_{row['id']}", header, difference, hdus)
            for row in read_rows(table)[0]
            if row["flags"] == "0"
        ]
    with atomic(path) as temporary, open(temporary, "wb") as file:
        fastavro.writer(file, SCHEMA, packets, codec="deflate", sync_marker=_SYNC)


def _packet(row, name, header, difference, hdus):
    """Return the alert packet of a row."""
    stamps = {
        key: _stamp(hdus[hdu].data[int(row["id"]) - 1], f"{name}_{hdu}")
        for key, hdu in CUT_OUTS.items()
    }
    return {
        "schemavsn": "1.0",
        "publisher": f"redpix {redpix_version()}",
        "objectId": name,
        "candid": int(row["id"]),
        "candidate": _candidate(row, header, difference),
        **stamps,
    }


def _candidate(row, header, difference):
    """Return the fields of a candidate; None if unknown."""

    def number(column):
        return float(row[column]) if row.get(column) else None

    mjd = number("mjd")
    return {
        "jd": None if mjd is None else mjd + JULIAN,
        "fid": row["filter"] or None,
        "band": row["band"],
        "pdiffimfilename": difference,
        "isdiffpos": "t" if number("flux") > 0 else "f",
        "ra": number("ra"),
        "dec": number("dec"),
        "xpos": number("x"),
        "ypos": number("y"),
        "magpsf": number("mag"),
        "sigmapsf": number("mag_error"),
        "fluxpsf": number("flux"),
        "sigmaflux": number("flux_error"),
        "magzpsci": header.get("MAGZERO"),
        "scorr": number("scorr"),
        "fwhm": header.get("FWHMNEW"),
        "flags": int(row["flags"]),
        "kind": row["kind"],
        "rb": number("score"),
    }


def _stamp(image, name):
    """Return a cut-out as a compressed FITS file in memory."""
    memory = io.BytesIO()
    fits.PrimaryHDU(np.ascontiguousarray(image)).writeto(memory)
    # mtime: the same pixels give the same bytes
    data = gzip.compress(memory.getvalue(), mtime=0)
    return {"fileName": f"{name}.fits.gz", "stampData": data}
