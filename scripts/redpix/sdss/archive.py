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

#: bytes per write to the disk: a transfer that breaks loses at most this
BLOCK = 1 << 16

#: maximum wait between two attempts, seconds
LONGEST_WAIT = 60.0

#: functions that open packed files, by the ending of the file name
UNPACK = {".bz2": bz2.open, ".gz": gzip.open}

#: maximum size of an unpacked file, bytes; frames have 12.5 million
LARGEST = 2**27


class MissingError(InputError):
    """The archive does not have the file."""


class BrokenError(Exception):
    """A transfer broke, and another attempt may succeed."""


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
                    self._download(location.url, partial)
                accept(location.path or partial, location.url, target, check)
                partial.unlink(missing_ok=True)
                log.info("%s -> %s: %d bytes", location.url, target, target.stat().st_size)
                return True
            except MissingError:
                if required:
                    raise
                return False
            except InputError:
                # a server may send a temporary error page instead of the file: one more attempt
                partial.unlink(missing_ok=True)
                if location.path is not None or attempt == self.retries or attempt >= 1:
                    raise
            except BrokenError as error:
                if attempt == self.retries:
                    raise InputError(
                        f"{location.url}: {error}; gave up after {attempt + 1} attempts"
                    ) from None
                log.info("%s: %s; next attempt in %.0f s", location.url, error, wait)
            time.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
            attempt += 1

    def _download(self, url, partial):
        """Append the missing bytes of a file to `partial`."""
        import requests  # slow to import; a local archive does not need it

        self._session = self._session or requests.Session()
        have = partial.stat().st_size if partial.exists() else 0
        # with an encoded transfer the byte counts would differ from those of the file
        headers = {"Accept-Encoding": "identity"}
        headers |= {"Range": f"bytes={have}-"} if have else {}
        try:
            with self._session.get(
                url, headers=headers, stream=True, timeout=self.timeout
            ) as answer:
                if answer.status_code == 416 and _is_complete(answer, partial):
                    return
                _refuse_failure(answer, url)
                expected = int(answer.headers.get("Content-Length", -1))
                mode = "ab" if answer.status_code == 206 else "wb"
                received = 0
                with open(partial, mode) as file:
                    for block in answer.iter_content(BLOCK):
                        received += file.write(block)
        except requests.RequestException as error:
            raise BrokenError(f"{type(error).__name__}: {error}") from None
        if expected >= 0 and received < expected:
            raise BrokenError(f"{received} of {expected} bytes came")


def _is_complete(answer, partial):
    """Return True if the requested range begins at the end of the file; else drop `partial`."""
    total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if total == str(partial.stat().st_size):
        return True
    partial.unlink()
    raise BrokenError("the part fetched earlier does not fit the file")


def _refuse_failure(answer, url):
    """Raise the error of an answer that does not bring the file."""
    if answer.status_code in (404, 410):
        raise MissingError(f"{url}: the archive answers {answer.status_code}, no file")
    if answer.status_code not in (200, 206):
        message = f"the server answers {answer.status_code} {answer.reason}"
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            raise BrokenError(message)
        raise InputError(f"{url}: {message}")


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
