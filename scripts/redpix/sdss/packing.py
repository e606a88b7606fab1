"""Pack FITS files as the survey's archive does."""

import io

from redpix.core.atomic_files import atomic
from redpix.core.job import log


def packed(hdus, compress):
    """Return the bytes of a compressed FITS file.

    Parameters
    ----------
    hdus : astropy.io.fits.HDUList
        Content of the file.
    compress : callable
        Function from bytes to bytes, such as `bz2.compress`.

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    hdus.writeto(buffer)
    return compress(buffer.getvalue())


def save(path, content):
    """Write bytes to a file atomically.

    Parameters
    ----------
    path : str or Path
        File to write.
    content : bytes
        All bytes of the file.
    """
    with atomic(path) as temporary:
        temporary.write_bytes(content)
    log.info("wrote %s, %d bytes", path, len(content))
