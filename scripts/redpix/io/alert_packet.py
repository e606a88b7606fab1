"""Read the cut-outs of an alert packet (AVRO) as FITS files in memory.

Packets in the manner of ZTF hold three compressed FITS files and a record of the candidate. A path
names a cut-out as an HDU: ``alert.avro[science]``, ``alert.avro[template]``.
"""

import gzip
import io
import math
import zlib

import fastavro
from astropy.io import fits

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

#: pixel scale of ZTF, arcsec
ZTF_SCALE = 1.0117

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
    if not isinstance(stamp, dict) or not stamp.get("stampData"):
        raise InputError(f"is an AVRO file without {CUT_OUTS[name]}; allowed: an alert packet")
    data = stamp["stampData"]
    if data[:2] == b"\x1f\x8b":
        with gzip.open(io.BytesIO(data)) as content:
            data = content.read(LARGEST)
    with fits.open(io.BytesIO(data)) as hdus:
        image, header = hdus[0].data, hdus[0].header
        remarks = _add_cards(header, image.shape, packet)
        made = io.BytesIO()
        fits.PrimaryHDU(image, header).writeto(made, output_verify="silentfix")
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


def _add_cards(header, shape, packet):
    """Add to a header what a packet says about the exposure; return remarks."""
    candidate = packet.get("candidate") or {}
    cards = {"OBJECT": packet.get("objectId"), "MAGZERO": candidate.get("magzpsci")}
    fid = candidate.get("fid")
    cards["FILTER"] = ZTF_FILTERS.get(fid, fid)
    if candidate.get("jd"):
        cards["MJD-OBS"] = candidate["jd"] - JULIAN
    cards["EXPTIME"] = candidate.get("exptime")
    for key, value in cards.items():
        known = value is not None and not (isinstance(value, float) and math.isnan(value))
        if key not in header and known:
            header[key] = value
    ra, dec = candidate.get("ra"), candidate.get("dec")
    if "CTYPE1" in header or ra is None or dec is None:
        return []
    header.update(_wcs(ra, dec, shape))
    return [
        f"the packet has no WCS: north up, east left and {ZTF_SCALE} arcsec per pixel, as of ZTF, "
        "with the candidate in the middle, are assumed"
    ]


def _wcs(ra, dec, shape):
    """Return the cards of a WCS with the candidate in the middle of a cut-out."""
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": ra, "CRVAL2": dec}
    cards |= {f"CRPIX{axis}": shape[2 - axis] // 2 + 1.0 for axis in (1, 2)}
    return cards | {
        "CD1_1": -ZTF_SCALE / 3600,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": ZTF_SCALE / 3600,
    }
