"""The one door through which files of the survey's archive come in: https://, http:// or file://.

A transfer that breaks is taken up again where it stopped; a file becomes visible under its name
only when it is whole, unpacked and accepted by the caller's check.
"""

import bz2
import gzip
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log

BLOCK = 1 << 16  # what is lost when a transfer breaks
LONGEST_WAIT = 60.0  # s between two attempts
UNPACK = {".bz2": bz2.decompress, ".gz": gzip.decompress}


class MissingError(InputError):
    """The archive says that it does not have the file."""


class BrokenError(Exception):
    """A transfer broke in a way that is worth another attempt."""


@dataclass(frozen=True)
class Location:
    """Where a file is: its URL and, for file://, its path."""

    url: str
    path: Path | None = None

    def identity(self):
        """What tells this file from a changed one, without reading it."""
        if self.path is None:
            return {"url": self.url}
        stat = self.path.stat()
        return {"url": self.url, "bytes": stat.st_size, "modified_ns": stat.st_mtime_ns}


class Door:
    """An archive root and how patient to be with it.

    Parameters
    ----------
    source : str
        Root URL.
    retries : int
        Further attempts after the first one fails.
    timeout : float
        Seconds without a byte after which an attempt has failed.
    first_wait : float
        Seconds before the first retry; doubled for each further one.
    """

    def __init__(self, source, retries, timeout, first_wait=1.0):
        self.source = source.rstrip("/")
        self.retries = retries
        self.timeout = timeout
        self.first_wait = first_wait
        # not by a URL parser, which would cut a path at # or ?
        local = self.source.startswith("file://")
        self.root = Path(unquote(self.source.removeprefix("file://")) or "/") if local else None
        self._session = None

    def locate(self, archive_path, flat_name=None, required=True):
        """Where the file of an archive path is.

        A local root may also hold the file unpacked, or all frames in one folder under
        `flat_name`. Returns None where a local root has none of these and it is not required.
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
        """Bring a file here, unpacked, as `target`.

        Parameters
        ----------
        location : Location
        target : Path
        check : callable
            Called with the path of the unpacked file before it gets its name; raises InputError
            to refuse it.
        required : bool
            Whether a missing file is an error.

        Returns
        -------
        bool
            False if the file is missing and not required.

        Raises
        ------
        InputError
            If the file is missing though required, cannot be had, or is refused. The message
            begins with its URL.
        """
        part = target.with_name(target.name + ".part")
        wait = self.first_wait
        attempt = 0
        while True:
            try:
                if location.path is None:
                    self._download(location.url, part)
                accept(location.path or part, location.url, target, check)
                part.unlink(missing_ok=True)
                log.info("%s -> %s: %d bytes", location.url, target, target.stat().st_size)
                return True
            except MissingError:
                if required:
                    raise
                return False
            except InputError:
                # content that is wrong as a whole: from a server it may be a passing error page
                part.unlink(missing_ok=True)
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

    def _download(self, url, part):
        """Append to `part` what is missing of the file."""
        import requests  # a local archive does without

        self._session = self._session or requests.Session()
        have = part.stat().st_size if part.exists() else 0
        # unpacking is ours: an encoding of the transfer would count other bytes
        headers = {"Accept-Encoding": "identity"}
        headers |= {"Range": f"bytes={have}-"} if have else {}
        try:
            with self._session.get(
                url, headers=headers, stream=True, timeout=self.timeout
            ) as answer:
                if answer.status_code in (404, 410):
                    raise MissingError(f"{url}: the archive answers {answer.status_code}, no file")
                if answer.status_code == 416:  # the part is whole, or longer than the file
                    total = answer.headers.get("Content-Range", "").rpartition("/")[2]
                    if total == str(have):
                        return
                    part.unlink()
                    raise BrokenError("the part fetched earlier does not fit the file")
                if answer.status_code not in (200, 206):
                    retry = answer.status_code >= 500 or answer.status_code in (408, 429)
                    kind = BrokenError if retry else InputError
                    message = f"the server answers {answer.status_code} {answer.reason}"
                    raise kind(message if retry else f"{url}: {message}")
                expected = int(answer.headers.get("Content-Length", -1))
                mode = "ab" if answer.status_code == 206 else "wb"
                received = 0
                with open(part, mode) as file:
                    for block in answer.iter_content(BLOCK):
                        received += file.write(block)
        except requests.RequestException as error:
            raise BrokenError(f"{type(error).__name__}: {error}") from None
        if expected >= 0 and received < expected:
            raise BrokenError(f"{received} of {expected} bytes came")


def door_of(snakemake):
    """The door that a job's parameters name, as patient as its resources say."""
    patience = snakemake.resources
    source = snakemake.params.source
    if "://" not in source:  # a folder of the run
        source = Path(source).absolute().as_uri()
    return Door(source, patience.download_retries, patience.download_timeout)


def accept(path, url, target, check):
    """Unpack `path`, have it checked, and give it its name."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{url}: cannot be read ({error.strerror})") from None
    if data[:512].lstrip()[:9].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise InputError(f"{url}: is an HTML page, not the file")
    unpack = UNPACK.get(Path(url).suffix)
    if unpack:
        try:
            data = unpack(data)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise InputError(f"{url}: truncated or corrupt archive ({error})") from None
    with atomic(target) as temporary:
        temporary.write_bytes(data)
        try:
            check(temporary)
        except InputError as error:
            raise InputError(f"{url}: {error}") from None
