"""Read the cut-outs of an alert packet (AVRO) as FITS files in memory.

Packets in the manner of ZTF hold three compressed FITS files and a record of the candidate; those
in the manner of LSST hold FITS files of astropy's CCDData and a record of the source. A path names
a cut-out as an HDU: ``alert.avro[science]``, ``alert.avro[template]``.
"""

import gzip
import io
import math
import zlib

import fastavro
from astropy.io import fits
from astropy.time import Time

from redpix.core.exceptions import InputError
from redpix.io.observation_time import JULIAN

#: key of each cut-out by its name in a path
CUT_OUTS = {
    "SCIENCE": "cutoutScience",
    "TEMPLATE": "cutoutTemplate",
    "DIFFERENCE": "cutoutDifference",
}

#: filters of ZTF by the number in `fid`
ZTF_FILTERS = {1: "g", 2: "r", 3: "i"}

#: survey and its pixel scale in arcsec by the key of a packet's record
SURVEYS = {"candidate": ("ZTF", 1.0117), "diaSource": ("LSST", 0.2)}

#: cards of the science exposure alone: a packet does not say when its template was taken
OF_SCIENCE = ("MJD-OBS", "MJD-AVG", "EXPTIME")

#: largest packet that is read, bytes
LARGEST = 100_000_000

#: most characters of a library's words in a message
_LONGEST = 200


def open_cut_out(path, choice):
    """Return a cut-out of an alert packet as a FITS file in memory.

    Parameters
    ----------
    path : str
        AVRO file. Of several packets, the first is read.
    choice : (str, object) or None
        Name of the cut-out in capitals, a key of `CUT_OUTS`; SCIENCE by default.

    Returns
    -------
    stream : io.BytesIO
        FITS file. Its header has what the packet says about the exposure.
    remarks : list of str
        Assumptions, one sentence each.

    Raises
    ------
    InputError
        If the file is not a packet with this cut-out; the caller names the file.
    """
    name = "SCIENCE" if choice is None else str(choice[0] if isinstance(choice, tuple) else choice)
    if name not in CUT_OUTS:
        raise InputError(f"cut-out {name}; allowed: {', '.join(CUT_OUTS).lower()}")
    with open(path, "rb") as file:
        try:
            packet = _first_packet(file)
        except InputError:
            raise
        except Exception as error:  # fastavro raises many kinds on a damaged file
            words = f"{type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST]
            raise InputError(f"is not an AVRO file ({words})") from None
    stamp = (packet or {}).get(CUT_OUTS[name])
    data = stamp.get("stampData") if isinstance(stamp, dict) else stamp
    if not isinstance(data, bytes) or not data:
        raise InputError(f"is an AVRO file without {CUT_OUTS[name]}; allowed: an alert packet")
    if data[:2] == b"\x1f\x8b":
        with gzip.open(io.BytesIO(data)) as content:
            data = content.read(LARGEST)
    with fits.open(io.BytesIO(data)) as hdus:
        remarks = _add_cards(hdus[0].header, hdus[0].data.shape, packet, name)
        made = io.BytesIO()
        hdus.writeto(made, output_verify="silentfix")
    made.seek(0)
    return made, remarks


def _first_packet(file):
    """Return the first record of an AVRO file, None without one; bound what it unpacks to."""
    reader = fastavro.reader(file)
    if reader.codec != "deflate":  # fastavro has no bound
        if reader.codec != "null":
            raise InputError(f"is compressed with {reader.codec}; allowed: null, deflate")
        return next(reader, None)
    if not file.peek(1):
        return None
    _read_long(file)  # number of records in the block
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    block = unpacker.decompress(file.read(min(_read_long(file), LARGEST)), LARGEST)
    if unpacker.unconsumed_tail:
        raise InputError(f"unpacks to more than {LARGEST} bytes")
    return fastavro.schemaless_reader(io.BytesIO(block), reader.writer_schema)


def _read_long(file):
    """Return a whole number as AVRO writes it: seven bits per byte, the sign in the lowest."""
    value = 0
    for shift in range(0, 70, 7):
        (byte,) = file.read(1)
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
    raise ValueError("a number of more than ten bytes")


def _add_cards(header, shape, packet, name):
    """Add to a header what a packet says about the exposure; return remarks."""
    kind = next((key for key in SURVEYS if packet.get(key)), None)
    record = packet.get(kind) or {}
    cards = _cards_of_ztf(record) if kind == "candidate" else _cards_of_lsst(record)
    if name == "TEMPLATE":
        cards = {key: value for key, value in cards.items() if key not in OF_SCIENCE}
    cards["OBJECT"] = packet.get("objectId") or record.get("diaObjectId")
    for key, value in cards.items():
        known = value is not None and not (isinstance(value, float) and math.isnan(value))
        if key not in header and known:
            header[key] = str(value) if key == "OBJECT" else value
    ra, dec = record.get("ra"), record.get("dec")
    if "CTYPE1" in header or ra is None or dec is None:
        return []
    survey, scale = SURVEYS[kind]
    header.update(_wcs(ra, dec, shape, scale))
    return [
        f"the packet has no WCS: north up, east left and {scale} arcsec per pixel, as of {survey}, "
        "with the candidate in the middle, are assumed"
    ]


def _cards_of_ztf(candidate):
    """Return the cards of the exposure by a candidate of ZTF."""
    fid, date = candidate.get("fid"), candidate.get("jd")
    return {
        "MAGZERO": candidate.get("magzpsci"),
        "FILTER": ZTF_FILTERS.get(fid, fid),
        "MJD-OBS": date - JULIAN if date else None,
        "EXPTIME": candidate.get("exptime"),
    }


def _cards_of_lsst(source):
    """Return the cards of the exposure by a source of LSST; its times are TAI at mid-exposure."""
    date = source.get("midpointMjdTai") or source.get("midPointTai")
    return {
        "FILTER": source.get("band") or source.get("filterName"),
        "MJD-AVG": Time(date, format="mjd", scale="tai").utc.mjd if date else None,
    }


def _wcs(ra, dec, shape, scale):
    """Return the cards of a WCS with the candidate in the middle of a cut-out."""
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec}
    cards |= {f"CRPIX{axis}": shape[2 - axis] // 2 + 1.0 for axis in (1, 2)}
    return cards | {
        "CD1_1": -scale / 3600,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": scale / 3600,
    }
