"""List the HDUs of a FITS file in limited time and memory, before astropy reads the file.

A damaged or hostile file may declare sizes that it does not have: negative axes, terabytes of
pixels, a header without an end. The functions here read headers only and skip data by their
declared size. Such a file leads to an error message of one line.
"""

import math
import os
from typing import NamedTuple

from astropy.io import fits

from redpix.core.exceptions import InputError

#: bytes of a block; every header and the data of every HDU fill whole blocks
BLOCK = 2880

#: maximum size of one header, bytes; the largest real ones hold some 10,000 cards of 80 bytes
_LONGEST_HEADER = 1000 * BLOCK

#: maximum number of HDUs that are listed
_MOST_HDUS = 10_000

#: unpacked size that is allowed for any compressed file, bytes
_UNPACKED = 2**30

#: unpacked size that is allowed relative to the size of the compressed file
_EXPANSION = 100


class FileHdu(NamedTuple):
    """One HDU of a file.

    Attributes
    ----------
    number : int
        0 for the primary HDU.
    header : astropy.io.fits.Header
    text : str
        Text of the header in the file: cards of 80 characters.
    start, data : int
        Offsets of header and data in the unpacked file, bytes.
    size : int
        Declared size of the data without padding, bytes.
    missing : int
        Bytes of the data that the file lacks; 0 if the file is complete.
    """

    number: int
    header: fits.Header
    text: str
    start: int
    data: int
    size: int
    missing: int

    @property
    def name(self):
        """EXTNAME or else EXTTYPE in capitals; an empty string without them."""
        name = _card(self.header, "EXTNAME") or _card(self.header, "EXTTYPE")
        return str(name or "").strip().upper()

    @property
    def version(self):
        """EXTVER, 1 if the header does not state it."""
        version = _card(self.header, "EXTVER")
        return version if isinstance(version, int) else 1

    @property
    def label(self):
        """Name of the HDU in messages: ``HDU 1 (SCI)``."""
        name = f"{self.name},{self.version}" if self.version != 1 else self.name
        return f"HDU {self.number} ({name})" if name else f"HDU {self.number}"

    @property
    def is_image(self):
        """Whether the HDU is an image, plain or tile-compressed."""
        kind = str(_card(self.header, "XTENSION") or "IMAGE").strip()
        return kind == "IMAGE" or _card(self.header, "ZIMAGE") is True

    @property
    def shape(self):
        """Shape of an image in NumPy's order, () without pixels."""
        prefix = "Z" if _card(self.header, "ZIMAGE") is True else ""
        axes = _axes(self.header, prefix)
        return axes[::-1] if math.prod(axes) else ()


def flat_shape(shape):
    """Return a shape without the degenerate axes beyond the first two of the file.

    Parameters
    ----------
    shape : tuple of int
        Shape in NumPy's order.

    Returns
    -------
    tuple of int
    """
    while len(shape) > 2 and shape[0] == 1:
        shape = shape[1:]
    return shape


def walk(stream, path, compressed):
    """List the HDUs of an open FITS file.

    Parameters
    ----------
    stream : file object
        Result of `unpacked`.
    path : str or path-like, or None
        The file; its size on disk is compared with the declared sizes. None for the stream's own
        size.
    compressed : bool
        Whether the file is compressed.

    Returns
    -------
    hdus : list of FileHdu
    trailing : bool
        Whether bytes that are not an HDU follow the last HDU.

    Raises
    ------
    InputError
        If the structure is damaged or declares impossible sizes; the caller names the file.
    """
    on_disk = stream.seek(0, os.SEEK_END) if path is None else os.path.getsize(path)
    most = max(_UNPACKED, _EXPANSION * on_disk)
    hdus, start = [], 0
    while len(hdus) < _MOST_HDUS:
        stream.seek(start)
        raw = _header_bytes(stream, first=not hdus)
        if raw is None:
            break
        text = raw.decode("latin-1")
        header = fits.Header.fromstring(text)
        label = f"HDU {len(hdus)}"
        size, data = _data_size(header, label), start + len(raw)
        claimed = max(data + size if compressed else 0, _claimed_by_tiles(header, label))
        if claimed > most:
            raise InputError(
                f"{label} claims to unpack to {claimed / 1e9:.3g} GB, the file has "
                f"{on_disk / 1e6:.3g} MB; allowed: up to {most / 1e9:.3g} GB"
            )
        missing = _missing(stream, data, size, None if compressed else on_disk)
        hdus.append(FileHdu(len(hdus), header, text, start, data, size, missing))
        if missing:
            return hdus, False
        start = data + math.ceil(size / BLOCK) * BLOCK
    else:
        raise InputError(f"has {_MOST_HDUS} HDUs or more")
    stream.seek(start)
    return hdus, bool(stream.read(1))


def _header_bytes(stream, first):
    """Return the bytes of one header; None if the next block is not the start of a header."""
    raw = b""
    while len(raw) < _LONGEST_HEADER:
        block = stream.read(BLOCK)
        if not raw:
            if first and not block.startswith(b"SIMPLE  ="):
                raise InputError(_not_fits(block))
            if not first and not block.startswith(b"XTENSION"):
                return None
        raw += block
        if len(block) < BLOCK:
            raise InputError("does not open as FITS: it ends within a header")
        if any(block[at : at + 8] == b"END     " for at in range(0, BLOCK, 80)):
            return raw
    raise InputError("does not open as FITS: a header has no END")


def _not_fits(block):
    """Return the reason why a first block is not that of a FITS file."""
    if not block:
        return "does not open as FITS: an empty file"
    if block[:2] in (b"\x1f\x8b", b"BZ", b"PK"):
        return (
            "does not open as FITS: an archive, or compressed twice; allowed: .gz, .bz2, .xz, .fz"
        )
    return "does not open as FITS: it does not begin with a FITS header"


def _card(header, key):
    """Return the value of a card; None if it is missing or cannot be parsed."""
    try:
        return header.get(key)
    except (fits.VerifyError, ValueError):
        return None


def _whole(header, key, label, least, default=None):
    """Return the integer of a card, which must be at least `least`."""
    value = _card(header, key)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise InputError(
            f"does not open as FITS: {label} has {key} = {value!r}; allowed: a whole number, "
            f"at least {least}"
        )
    return value


def _axes(header, prefix=""):
    """Return the lengths of the axes in the order of FITS."""
    return tuple(
        int(_card(header, f"{prefix}NAXIS{axis}") or 0)
        for axis in range(1, 1 + int(_card(header, f"{prefix}NAXIS") or 0))
    )


def _data_size(header, label):
    """Return the declared size of an HDU's data in bytes."""
    bits = _whole(header, "BITPIX", label, -64)
    if abs(bits) not in (8, 16, 32, 64) or bits == -8 or bits == -16:
        raise InputError(f"does not open as FITS: {label} has BITPIX = {bits}")
    count = _whole(header, "NAXIS", label, 0)
    if count > 999:
        raise InputError(f"does not open as FITS: {label} has NAXIS = {count}; allowed: up to 999")
    axes = [_whole(header, f"NAXIS{axis}", label, 0) for axis in range(1, 1 + count)]
    if _card(header, "ZIMAGE") is True:
        for axis in range(1, 1 + _whole(header, "ZNAXIS", label, 0)):
            _whole(header, f"ZNAXIS{axis}", label, 0)
    if axes and axes[0] == 0 and _card(header, "GROUPS") is True:
        axes = axes[1:]
    if _card(header, "XTENSION") in ("BINTABLE", "TABLE"):
        fields = _whole(header, "TFIELDS", label, 0, default=0)
        if fields > 999:  # astropy would go through all of them
            raise InputError(f"{label}: TFIELDS is {fields}; allowed: 0 to 999")
    if not axes:
        return 0
    extra = _whole(header, "PCOUNT", label, 0, default=0)
    return (
        abs(bits) // 8 * _whole(header, "GCOUNT", label, 0, default=1) * (extra + math.prod(axes))
    )


def _claimed_by_tiles(header, label):
    """Return the size of the image that an HDU claims to hold as compressed tiles, bytes."""
    if _card(header, "ZIMAGE") is not True:
        return 0
    bits = _whole(header, "ZBITPIX", label, -64)
    return abs(bits) // 8 * math.prod(_axes(header, "Z"))


def _missing(stream, data, size, on_disk):
    """Return the number of bytes of the data that a file lacks."""
    if not size:
        return 0
    if on_disk is None:
        # the end of a compressed file is known only after unpacking up to it
        try:
            stream.seek(data + size)
            on_disk = stream.tell()
        except EOFError:
            return size
    return max(0, data + size - on_disk)
