"""Compressed files, by the first bytes of their content."""

import bz2
import gzip
import lzma

#: name of a compression and function that opens its files, by the first bytes of a file
COMPRESSIONS = {
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ\x00": ("xz", lzma.open),
}
