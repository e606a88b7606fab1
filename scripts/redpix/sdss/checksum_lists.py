"""Lists of checksums that lie beside the files of a local copy of the archive.

The Science Archive Server keeps such lists (``*.sha1sum``) in some of its folders, and a copy of a
folder brings them along. They have the form of the program ``sha1sum`` and its like.
"""

import functools
import hashlib
import re
from pathlib import Path, PurePosixPath

from redpix.core.exceptions import InputError
from redpix.core.job import log

#: algorithms by the ending of the name of a list
_ALGORITHMS = {".sha1sum": "sha1", ".sha256sum": "sha256", ".sha512sum": "sha512", ".md5sum": "md5"}

#: longest list that is read, bytes
_LONGEST = 50_000_000

# digest, and name of the file; a star marks a binary file
_LINE = re.compile(r"\\?([0-9a-fA-F]{32,128}) [ *](.+)")


def check_listed(path):
    """Compare a file with the checksum that a list beside it states, if there is one.

    Parameters
    ----------
    path : Path
        File of a local archive, as the archive holds it.

    Raises
    ------
    InputError
        If the checksums differ; the caller names the file.
    """
    for listed in sorted(path.parent.glob("*sum")):
        algorithm = _ALGORITHMS.get(listed.suffix)
        stated = algorithm and _digests(listed).get(path.name)
        if not stated:
            continue
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, algorithm).hexdigest()
        if found != stated:
            raise InputError(
                f"its {algorithm} is {found} where {listed.name} beside it has {stated}; "
                "copy it again"
            )
        log.info("%s: its %s is that of %s", path, algorithm, listed.name)


@functools.cache
def _digests(path):
    """Return the digests of a list by the names of the files in its folder."""
    try:
        if path.stat().st_size > _LONGEST:
            raise OSError(f"longer than {_LONGEST} bytes")
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        log.warning("%s: a list of checksums that cannot be read (%s)", path, error)
        return {}
    pairs = (match.groups() for match in map(_LINE.fullmatch, text.splitlines()) if match)
    return {
        str(PurePosixPath(name)): digest.lower()
        for digest, name in pairs
        if PurePosixPath(name).parent == PurePosixPath()
    }
