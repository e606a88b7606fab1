"""FITS files packed as the survey's archive packs them."""

import io

from redpix.core.atomic_files import atomic
from redpix.core.job import log


def packed(hdus, compress):
    """Bytes of a FITS file, compressed."""
    buffer = io.BytesIO()
    hdus.writeto(buffer)
    return compress(buffer.getvalue())


def save(path, content):
    """Write bytes, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    log.info("wrote %s, %d bytes", path, len(content))
