"""Download one file over http, and continue a transfer that broke."""

import base64
import contextlib
import hashlib
import re
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.core.version import NAME, redpix_version

#: maximum bytes per write to the disk
BLOCK = 1 << 16

#: maximum size of a file, bytes: four times that of an unpacked frame
LARGEST_FILE = 50_000_000

#: slowest mean rate of a transfer, bytes per second, after the first `timeout` seconds
SLOWEST = 2000

#: longest time of a transfer, seconds; the next attempt continues it
LONGEST_TRANSFER = 1800.0

#: longest time until the headers of an answer are complete, in units of `timeout`
_HEADERS = 4

#: digests by the names of the headers and of the algorithms in them
_DIGESTS = {"md5": "md5", "sha": "sha1", "sha-256": "sha256", "sha-512": "sha512"}

#: answers after which the same request may succeed
_PASSING = (408, 425, 429)


class MissingError(InputError):
    """The archive does not have the file."""


class BrokenError(Exception):
    """A transfer broke, and another attempt may succeed.

    Attributes
    ----------
    wait : float
        Seconds that the server asks to wait before the next attempt; 0 if it does not.
    """

    def __init__(self, message, wait=0.0):
        super().__init__(message)
        self.wait = wait


def open_session():
    """Return a session of requests that names redpix to the server.

    Returns
    -------
    requests.Session
    """
    import requests  # slow to import; a local archive does not need it

    session = requests.Session()
    session.headers["User-Agent"] = f"{NAME}/{redpix_version()}"
    # with an encoded transfer the byte counts would differ from those of the file
    session.headers["Accept-Encoding"] = "identity"
    return session


def download(session, url, partial, timeout):
    """Append the missing bytes of a file to `partial`.

    A file that changed on the server since its first bytes came is fetched afresh.

    Parameters
    ----------
    session : requests.Session
        Session of `open_session`.
    url : str
        URL of the file.
    partial : Path
        The part of the file that is here; it may be missing.
    timeout : float
        Seconds without a byte after which the attempt fails.

    Raises
    ------
    BrokenError
        If another attempt may succeed.
    InputError
        If the server refuses the request, sends it to another site, or sends too large a file.
    """
    import requests
    import urllib3

    have = partial.stat().st_size if partial.exists() else 0
    headers = _range_headers(partial, have)
    try:
        with _answer(session, url, headers, timeout) as answer:
            _refuse_other_site(answer, url)
            if answer.status_code == 416 and _is_complete(answer, partial):
                return
            _refuse_failure(answer, url)
            _receive(answer, url, partial, have, timeout)
            _check_digest(answer, partial)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise BrokenError(f"{type(error).__name__}: {error}") from None


def _answer(session, url, headers, timeout):
    """Return the answer to a request, whose headers must be complete in bounded time.

    The time-out of a socket begins anew with each byte, so that a server that sends its headers
    byte by byte would hold the request for hours. Such a request is left to a thread that ends with
    the program.
    """
    found = {}

    def ask():
        try:
            found["answer"] = session.get(url, headers=headers, stream=True, timeout=timeout)
        except Exception as error:  # raised again below
            found["error"] = error

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_HEADERS * timeout)
    if "error" in found:
        raise found["error"]
    if "answer" not in found:
        raise BrokenError(f"the answer did not begin in {_HEADERS * timeout:.0f} s")
    return found["answer"]


def discard(partial):
    """Remove the part of a file that is here, and what is known of its version.

    Parameters
    ----------
    partial : Path
        The part of the file that is here; it may be missing.
    """
    partial.unlink(missing_ok=True)
    _version_file(partial).unlink(missing_ok=True)


def _receive(answer, url, partial, have, timeout):
    """Write the bytes of an answer to a file, within bounds of size and time."""
    expected = _number(answer.headers.get("Content-Length"))
    continues = answer.status_code == 206
    if continues and _range_start(answer) not in (None, have):
        discard(partial)
        raise BrokenError("the server sends another part of the file than asked for")
    before = have if continues else 0
    if expected is not None:
        _refuse_size(url, before + expected)
    if not continues:
        _keep_version(answer, partial)
    received, start = 0, time.monotonic()
    with open(partial, "ab" if continues else "wb") as file:
        # read1 returns what has come: a server that sends single bytes cannot hold a read
        while block := answer.raw.read1(BLOCK):
            received += file.write(block)
            _refuse_size(url, before + received)
            elapsed = time.monotonic() - start
            if elapsed > timeout and received < SLOWEST * elapsed:
                raise BrokenError(f"only {received} bytes came in {elapsed:.0f} s")
            if elapsed > LONGEST_TRANSFER:
                raise BrokenError(f"not complete after {elapsed:.0f} s")
    if expected is not None and received < expected:
        raise BrokenError(f"{received} of {expected} bytes came")


def _check_digest(answer, partial):
    """Compare a complete file with the checksum that the server states, if it does."""
    stated = [("md5", answer.headers.get("Content-MD5", ""))] if answer.status_code == 200 else []
    for name in ("Digest", "Repr-Digest"):
        stated += re.findall(r"([A-Za-z0-9-]+)=:?([A-Za-z0-9+/]+=*)", answer.headers.get(name, ""))
    for algorithm, text in stated:
        if text and algorithm.lower() in _DIGESTS:
            with open(partial, "rb") as file:
                digest = hashlib.file_digest(file, _DIGESTS[algorithm.lower()]).digest()
            if base64.b64encode(digest).decode() != text:
                discard(partial)
                raise BrokenError(f"its {algorithm} is not that of the server's header")


def _refuse_size(url, size):
    """Raise InputError if a file is larger than those of the archive."""
    if size > LARGEST_FILE:
        raise InputError(f"{url}: the file has more than {LARGEST_FILE} bytes; allowed: a frame")


def _range_headers(partial, have):
    """Return the headers that ask for the missing bytes of the same version of a file."""
    if not have:
        return {}
    headers = {"Range": f"bytes={have}-"}
    with contextlib.suppress(FileNotFoundError):
        headers["If-Range"] = _version_file(partial).read_text(encoding="ascii")
    return headers


def _version_file(partial):
    """Return the path of the file that holds the version of a part."""
    return partial.with_name(f"{partial.name}.version")


def _keep_version(answer, partial):
    """Note the version of a file that begins to arrive: its strong ETag, else its date."""
    tag = answer.headers.get("ETag", "")
    version = tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
    if version and version.isascii():
        _version_file(partial).write_text(version, encoding="ascii")
    else:
        _version_file(partial).unlink(missing_ok=True)


def _number(text):
    """Return the whole number of a header; None for other text."""
    return int(text) if text and text.strip().isdecimal() else None


def _range_start(answer):
    """Return the number of the first byte of a partial answer; None if it is not stated."""
    words = answer.headers.get("Content-Range", "").removeprefix("bytes").strip()
    return _number(words.partition("-")[0])


def _is_complete(answer, partial):
    """Return True if the requested range begins at the end of the file; else drop `partial`."""
    total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if partial.exists() and total == str(partial.stat().st_size):
        return True
    discard(partial)
    raise BrokenError("the part fetched earlier does not fit the file")


def _refuse_other_site(answer, url):
    """Raise InputError if the server sent the request to another site, or out of https."""
    asked, given = urlsplit(url), urlsplit(answer.url)
    if _site(asked) != _site(given) or (asked.scheme == "https" and given.scheme != "https"):
        raise InputError(
            f"{url}: the server sends the request to {given.scheme}://{given.hostname}; "
            "allowed: the same site as source"
        )
    if asked.hostname != given.hostname:
        log.info("%s: the server sends the request to %s", url, given.hostname)


def _site(parts):
    """Return the last two names of a host, which hosts of one site share."""
    host = parts.hostname or ""
    return host if host.replace(".", "").isdecimal() else ".".join(host.split(".")[-2:])


def _refuse_failure(answer, url):
    """Raise the error of an answer that does not bring the file."""
    if answer.status_code in (404, 410):
        raise MissingError(f"{url}: the archive answers {answer.status_code}, no file")
    if answer.status_code not in (200, 206):
        message = f"the server answers {answer.status_code} {answer.reason}"
        if answer.status_code >= 500 or answer.status_code in _PASSING:
            raise BrokenError(message, wait=_wait_of(answer.headers.get("Retry-After", "")))
        raise InputError(f"{url}: {message}")


def _wait_of(text):
    """Return the seconds that a Retry-After header asks for, as a number or until a date."""
    with contextlib.suppress(ValueError, TypeError):
        if not text.strip().isdecimal():
            return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    return float(_number(text) or 0)
