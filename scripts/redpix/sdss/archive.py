"""Fetch files from the survey's archive at https://, http:// or file://.

A broken transfer resumes where it stopped. A file gets its name only when it is complete,
unpacked and accepted by the caller's check.
"""

import bz2
import gzip
import io
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.compression import check_members
from redpix.sdss.checksum_lists import check_listed
from redpix.sdss.download import BrokenError, MissingError, discard, download, open_session

#: maximum wait between two attempts, seconds
LONGEST_WAIT = 60.0

#: longest wait that a server may ask for, seconds
LONGEST_ASKED = 900.0

#: functions that open packed files, by the ending of the file name
UNPACK = {".bz2": bz2.open, ".gz": gzip.open}

#: maximum size of an unpacked file, bytes; frames have 12.5 million
LARGEST = 2**27


@dataclass(frozen=True)
class Location:
    """Location of a file in an archive.

    Attributes
    ----------
    url : str
    path : Path or None
        Path of a local file (file://); None for a remote one.
    """

    url: str
    path: Path | None = None

    def identity(self):
        """Return what identifies the file and its version, without reading the file.

        Returns
        -------
        dict
            url; for a local file also bytes and modified_ns.
        """
        if self.path is None:
            return {"url": self.url}
        stat = self.path.stat()
        return {"url": self.url, "bytes": stat.st_size, "modified_ns": stat.st_mtime_ns}


class Archive:
    """An archive with its rules for retries.

    Parameters
    ----------
    source : str
        Root URL.
    retries : int
        Number of attempts after the first one fails.
    timeout : float
        Seconds without a byte after which an attempt fails.
    first_wait : float
        Seconds before the first retry. Each further wait is twice as long.
    """

    def __init__(self, source, retries, timeout, first_wait=1.0):
        self.source = source.rstrip("/")
        self.retries = retries
        self.timeout = timeout
        self.first_wait = first_wait
        # a URL parser would cut a path at # or ?
        local = self.source.startswith("file://")
        self.root = Path(unquote(self.source.removeprefix("file://")) or "/") if local else None
        self._session = None

    def locate(self, archive_path, flat_name=None, required=True):
        """Return the location of a file.

        A local archive may hold the file unpacked, or all frames in one folder.

        Parameters
        ----------
        archive_path : str
            Path below the root, as in the survey's archive.
        flat_name : str, optional
            Name of the file in a local archive that is one folder of unpacked files.
        required : bool, optional
            Whether a missing local file is an error.

        Returns
        -------
        Location or None
            None if a local file is missing and not required. A remote file is not looked up.

        Raises
        ------
        InputError
            If a required local file is missing.
        """
        if self.root is None:
            return Location(f"{self.source}/{quote(archive_path)}")
        candidates = [archive_path, archive_path.removesuffix(".bz2").removesuffix(".gz")]
        candidates += [flat_name] if flat_name else []
        for candidate in candidates:
            path = self.root / candidate
            if path.is_file():
                return Location(f"{self.source}/{candidate}", path)
        if required:
            raise InputError(f"{self.source}/{archive_path}: no such file (nor {candidates[1:]})")
        return None

    def fetch(self, location, target, check, required=True):
        """Fetch a file, unpack it and check it.

        Parameters
        ----------
        location : Location
            Result of `locate`.
        target : Path
            File to write.
        check : callable
            Called with the path of the unpacked file before the file gets its name. It raises
            InputError to refuse the file.
        required : bool, optional
            Whether a missing file is an error.

        Returns
        -------
        bool
            False if the file is missing and not required.

        Raises
        ------
        InputError
            If a required file is missing, cannot be fetched, or is refused. The message begins
            with its URL.
        """
        partial = target.with_name(target.name + ".part")
        wait = self.first_wait
        attempt = 0
        while True:
            try:
                if location.path is None:
                    self._session = self._session or open_session()
                    download(self._session, location.url, partial, self.timeout)
                else:
                    _check_local(location)
                accept(location.path or partial, location.url, target, check)
                discard(partial)
                log.info("%s -> %s: %d bytes", location.url, target, target.stat().st_size)
                return True
            except MissingError:
                if required:
                    raise
                return False
            except InputError:
                # a server may send a temporary error page instead of the file: one more attempt
                discard(partial)
                if location.path is not None or attempt == self.retries or attempt >= 1:
                    raise
            except BrokenError as error:
                if attempt == self.retries:
                    raise InputError(
                        f"{location.url}: {error}; gave up after {attempt + 1} attempts"
                    ) from None
                wait = max(wait, _asked_wait(location.url, error))
                log.info("%s: %s; next attempt in %.0f s", location.url, error, wait)
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
            attempt += 1


def _check_local(location):
    """Refuse a local file whose checksum is not that of a list beside it."""
    try:
        check_listed(location.path)
    except OSError as error:
        raise InputError(f"{location.url}: cannot be read ({error.strerror})") from None
    except InputError as error:
        raise InputError(f"{location.url}: {error}") from None


def _asked_wait(url, error):
    """Return the seconds that a server asks to wait; raise InputError if they are too many."""
    if error.wait > LONGEST_ASKED:
        raise InputError(
            f"{url}: {error}, and asks to wait {error.wait:.0f} s; try later"
        ) from None
    return error.wait


def archive_of(source, retries, timeout):
    """Return the archive of a URL or of a local folder.

    Parameters
    ----------
    source : str
        URL, or path of a folder.
    retries : int
        Number of attempts after the first one fails.
    timeout : float
        Seconds without a byte after which an attempt fails.

    Returns
    -------
    Archive
    """
    if "://" not in source:
        source = Path(source).absolute().as_uri()
    return Archive(source, retries, timeout)


def accept(path, url, target, check):
    """Unpack a file, check it, and write it under its name.

    Parameters
    ----------
    path : Path
        File as the archive holds it.
    url : str
        URL of the file: its ending tells how it is packed, and messages begin with it.
    target : Path
        File to write.
    check : callable
        Raises InputError to refuse the unpacked file.

    Raises
    ------
    InputError
        If the file cannot be read or unpacked, is an HTML page, or is refused.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{url}: cannot be read ({error.strerror})") from None
    if data[:512].lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise InputError(f"{url}: is an HTML page, not the file")
    unpack = UNPACK.get(Path(url).suffix)
    if unpack:
        try:
            check_members(data)
            with unpack(io.BytesIO(data)) as file:
                data = file.read(LARGEST + 1)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise InputError(f"{url}: truncated or corrupt archive ({error})") from None
        if len(data) > LARGEST:
            raise InputError(f"{url}: unpacks to more than {LARGEST} bytes")
    with atomic(target) as temporary:
        temporary.write_bytes(data)
        try:
            check(temporary)
        except InputError as error:
            raise InputError(f"{url}: {error}") from None
