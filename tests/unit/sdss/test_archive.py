"""Fetch from an archive: retries, resumed transfers, messages of faults."""

import base64
import bz2
import contextlib
import email.utils
import gzip
import hashlib
import http.server
import threading
import time
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from redpix.core.exceptions import InputError
from redpix.sdss import archive, download

BODY = np.random.default_rng(1).bytes(300_000)
PACKED = bz2.compress(BODY)


class Server(http.server.ThreadingHTTPServer):
    """Serve PACKED under any name; `faults` lists the faults of the first answers."""

    daemon_threads = True

    def __init__(self, faults=(), body=PACKED):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults, self.body, self.asked = list(faults), body, Counter()
        self.ranges, self.headers, self.version, self.more = [], [], None, {}
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked[self.path] += 1
        wanted = self.headers.get("Range")
        server.ranges.append(wanted)
        fault = server.faults.pop(0) if server.faults else None
        server.headers.append(self.headers)
        if isinstance(fault, int):
            self.send_error(fault)
            return
        if isinstance(fault, str) and fault.startswith("http"):
            self.send_response(302)
            self.send_header("Location", fault)
            self.end_headers()
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        body = b"<!DOCTYPE html><html>busy</html>" if fault == "html" else server.body
        if start > len(body) - 1 or fault == "416":
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if self.headers.get("If-Range") not in (None, server.version):
            start, wanted = 0, None
        self.send_response(206 if wanted else 200)
        if server.version:
            self.send_header("ETag", server.version)
        encodings = self.headers.get("Accept-Encoding", "")
        if "gzip" in encodings:  # servers compress if the client accepts it
            body, start = gzip.compress(body), 0
            self.send_header("Content-Encoding", "gzip")
        left = len(body) - start
        wrong = {"endless": "many", "huge": 10**12, "longer": left + 50, "shorter": left - 50}
        length = str(wrong.get(fault, left))
        self.send_header("Content-Length", length)
        for name, value in server.more.items():
            self.send_header(name, value)
        if fault == "slow headers":
            with contextlib.suppress(OSError):
                self.flush_headers()
                for _ in range(40):
                    self.wfile.write(b"x")
                    time.sleep(0.1)
            return
        self.end_headers()
        if fault == "cut":
            self.wfile.write(body[start : start + 70_000])
            self.wfile.flush()
            self.connection.close()
        elif fault == "drip":
            with contextlib.suppress(OSError):
                for byte in body[:40]:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.05)
        elif fault == "endless":
            with contextlib.suppress(OSError):
                while True:
                    self.wfile.write(bytes(1 << 16))
        elif fault == "stall":
            threading.Event().wait(1.5)
        else:
            self.wfile.write(body[start:])

    busy = "7"  # seconds, or a date

    def log_message(self, *_):
        pass


def fetch(server, tmp_path, retries=3, required=True, check=lambda path: None, timeout=5):
    source = archive.Archive(server.url, retries, timeout, first_wait=0.01)
    target = tmp_path / "frame.fits"
    done = source.fetch(source.locate("a/frame.fits.bz2"), target, check, required)
    return done, target


@pytest.mark.parametrize("faults", [[], [503], [503, 500, 429], ["cut"], ["cut", 503, "cut"]])
def test_comes_through_passing_faults(tmp_path, faults):
    server = Server(faults)
    done, target = fetch(server, tmp_path)
    assert done
    assert target.read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["frame.fits"]


def test_a_stalled_server_times_out_and_is_asked_again(tmp_path):
    server = Server(["stall"])
    assert fetch(server, tmp_path, timeout=0.3)[0]
    assert server.asked.total() == 2


def test_a_broken_transfer_is_taken_up_where_it_stopped(tmp_path):
    server = Server(["cut"])
    fetch(server, tmp_path)
    assert server.ranges == [None, "bytes=70000-"]


def test_a_transfer_killed_earlier_is_taken_up(tmp_path):
    (tmp_path / "frame.fits.part").write_bytes(PACKED[:500])
    server = Server()
    assert fetch(server, tmp_path)[1].read_bytes() == BODY
    assert server.ranges == ["bytes=500-"]


def test_a_part_that_is_whole_is_not_fetched_again(tmp_path):
    (tmp_path / "frame.fits.part").write_bytes(PACKED)
    assert fetch(Server(), tmp_path)[1].read_bytes() == BODY


def test_a_file_that_changed_since_it_broke_is_fetched_afresh(tmp_path):
    server = Server(["cut"])
    server.version = '"1"'
    # the first answer breaks; the file changes before the second
    with pytest.raises(InputError, match="gave up after 1"):
        fetch(server, tmp_path, retries=0)
    assert (tmp_path / "frame.fits.part.version").read_text() == '"1"'
    other = np.random.default_rng(2).bytes(200_000)
    server.version, server.body = '"2"', bz2.compress(other)
    assert fetch(server, tmp_path, retries=0)[1].read_bytes() == other
    assert [path.name for path in tmp_path.iterdir()] == ["frame.fits"]


def test_a_server_that_sends_single_bytes_is_left(tmp_path):
    server = Server(["drip"])
    assert fetch(server, tmp_path, timeout=0.3)[1].read_bytes() == BODY
    assert server.asked.total() == 2


@pytest.mark.parametrize("fault", ["endless", "huge"])
def test_a_file_larger_than_any_frame_is_refused(tmp_path, monkeypatch, fault):
    monkeypatch.setattr(download, "LARGEST_FILE", 1_000_000)
    with pytest.raises(InputError, match=r"frame.fits.bz2: the file has more than 1000000 bytes"):
        fetch(Server([fault] * 2), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_headers_that_come_byte_by_byte_do_not_hold_the_transfer(tmp_path):
    server = Server(["slow headers"])
    start = time.monotonic()
    assert fetch(server, tmp_path, timeout=0.25)[1].read_bytes() == BODY
    assert time.monotonic() - start < 3.5  # the headers take 4 s
    assert server.asked.total() == 2


def test_a_transfer_has_a_longest_time_and_is_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "LONGEST_TRANSFER", 0.3)
    monkeypatch.setattr(download, "SLOWEST", 0)
    server = Server(["drip"])
    assert fetch(server, tmp_path)[1].read_bytes() == BODY
    assert server.ranges[1].startswith("bytes=")


@pytest.mark.parametrize("fault", ["longer", "shorter"])
def test_a_wrong_content_length_is_overcome(tmp_path, fault):
    server = Server([fault])
    assert fetch(server, tmp_path)[1].read_bytes() == BODY
    if fault == "shorter":
        with pytest.raises(InputError, match="truncated or corrupt"):
            fetch(Server([fault] * 9), tmp_path)


def test_a_range_that_is_refused_again_and_again(tmp_path):
    (tmp_path / "frame.fits.part").write_bytes(PACKED[:500])
    assert fetch(Server(["416"]), tmp_path)[1].read_bytes() == BODY
    with pytest.raises(InputError, match="gave up after 3 attempts"):
        fetch(Server(["416"] * 9), tmp_path, retries=2)


@pytest.mark.parametrize("name", ["Content-MD5", "Digest", "Repr-Digest"])
def test_the_checksum_of_the_server_is_compared(tmp_path, name):
    kind, words = ("md5", "{}") if name == "Content-MD5" else ("sha256", "sha-256={}")
    words = "sha-256=:{}:" if name == "Repr-Digest" else words
    digest = base64.b64encode(hashlib.new(kind, PACKED).digest()).decode()
    server = Server()
    server.more = {name: words.format(digest)}
    assert fetch(server, tmp_path)[1].read_bytes() == BODY
    server.more = {name: words.format(digest[::-1].lstrip("=") + "=" * digest.count("="))}
    with pytest.raises(InputError, match="is not that of the server's header; gave up"):
        fetch(server, tmp_path, retries=1)


def test_a_server_may_not_send_the_request_to_another_site(tmp_path):
    other = Server()
    there = other.url.replace("127.0.0.1", "localhost")
    with pytest.raises(InputError, match="sends the request to http://localhost"):
        fetch(Server([there] * 2), tmp_path)
    assert fetch(Server([other.url]), tmp_path)[1].read_bytes() == BODY


def test_the_wait_that_a_server_asks_for_is_kept(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(archive, "time", SimpleNamespace(sleep=waits.append))
    monkeypatch.setattr(Handler, "send_error", _busy)
    assert fetch(Server([429]), tmp_path)[0]
    assert waits == [7]


def test_a_wait_until_a_date_is_kept_and_a_long_one_is_said(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(archive, "time", SimpleNamespace(sleep=waits.append))
    monkeypatch.setattr(Handler, "send_error", _busy)
    monkeypatch.setattr(Handler, "busy", email.utils.formatdate(time.time() + 200, usegmt=True))
    assert fetch(Server([503]), tmp_path)[0]
    assert waits == [pytest.approx(200, abs=20)]
    monkeypatch.setattr(Handler, "busy", "86400")
    with pytest.raises(InputError, match="429.*asks to wait 86400 s; try later"):
        fetch(Server([429] * 9), tmp_path)


def _busy(handler, code):
    """Answer that the server is busy for some time, 7 s if nothing else is set."""
    handler.send_response(code)
    handler.send_header("Retry-After", handler.busy)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_the_server_learns_who_asks(tmp_path):
    server = Server()
    fetch(server, tmp_path)
    assert server.headers[0]["User-Agent"].startswith("redpix/")


def test_gives_up_with_the_url_and_the_reason(tmp_path):
    server = Server([503] * 9)
    with pytest.raises(InputError, match=r"http://.*frame.fits.bz2: .*503.*gave up after 3"):
        fetch(server, tmp_path, retries=2)
    assert server.asked.total() == 3


def test_a_missing_file_is_asked_for_once(tmp_path):
    server = Server([404] * 9)
    with pytest.raises(InputError, match="404"):
        fetch(server, tmp_path)
    assert server.asked.total() == 1
    assert fetch(Server([404]), tmp_path, required=False)[0] is False


def test_a_refusal_is_not_repeated(tmp_path):
    server = Server([403] * 9)
    with pytest.raises(InputError, match="403"):
        fetch(server, tmp_path, retries=0)


def test_a_passing_error_page_is_overcome(tmp_path):
    assert fetch(Server(["html"]), tmp_path)[1].read_bytes() == BODY


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html><body>moved</body></html>", "HTML page"),
        (PACKED[:-300], "truncated or corrupt"),
        (PACKED[:2000] + b"x" * 50 + PACKED[2050:], "truncated or corrupt"),
        (b"no archive at all", "truncated or corrupt"),
    ],
)
def test_wrong_content_is_refused_and_leaves_nothing(tmp_path, body, message):
    server = Server(body=body)
    with pytest.raises(InputError, match=message):
        fetch(server, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert server.asked.total() == 2


def test_a_refused_check_leaves_nothing(tmp_path):
    def check(path):
        assert path.read_bytes() == BODY
        raise InputError("not the frame it is named for")

    with pytest.raises(InputError, match="frame.fits.bz2: not the frame"):
        fetch(Server(), tmp_path, check=check)
    assert list(tmp_path.iterdir()) == []


def test_packed_files_are_unpacked_once(tmp_path):
    source = archive.Archive(Server(body=gzip.compress(BODY)).url, 0, 5)
    target = tmp_path / "mask.fit"
    source.fetch(source.locate("a/mask.fit.gz"), target, lambda _: None)
    assert target.read_bytes() == BODY


def test_a_damaged_gz_is_refused(tmp_path):
    packed = bytearray(gzip.compress(BODY))
    packed[20:60] = bytes(40)
    source = archive.Archive(Server(body=bytes(packed)).url, 0, 5)
    with pytest.raises(InputError, match="truncated or corrupt"):
        source.fetch(source.locate("a/mask.fit.gz"), tmp_path / "mask.fit", lambda _: None)


def test_a_local_path_is_taken_whole(tmp_path):
    root = tmp_path / "a#b?c"
    root.mkdir()
    (root / "frame.fits").write_bytes(BODY)
    for url in (root.as_uri(), f"file://{root}"):
        location = archive.Archive(url, 0, 1).locate("frame.fits.bz2", "frame.fits")
        assert location.path == root / "frame.fits"


def test_local_archives(tmp_path):
    root = tmp_path / "my archive"
    (root / "a").mkdir(parents=True)
    source = archive.Archive(root.as_uri(), 0, 1)
    with pytest.raises(InputError, match="no such file"):
        source.locate("a/frame.fits.bz2", "3813-5-23-r.fits")
    assert source.locate("a/mask.fit.gz", required=False) is None
    (root / "3813-5-23-r.fits").write_bytes(BODY)  # a folder of unpacked frames
    target = tmp_path / "out" / "r.fits"
    source.fetch(source.locate("a/frame.fits.bz2", "3813-5-23-r.fits"), target, lambda _: None)
    assert target.read_bytes() == BODY
    (root / "a/frame.fits.bz2").write_bytes(PACKED)  # the path of the archive has priority
    location = source.locate("a/frame.fits.bz2", "3813-5-23-r.fits")
    assert location.url.endswith("a/frame.fits.bz2")
    source.fetch(location, target, lambda _: None)
    assert target.read_bytes() == BODY


def test_a_changed_local_file_is_another_file(tmp_path):
    path = tmp_path / "frame.fits.bz2"
    path.write_bytes(PACKED)
    source = archive.Archive(tmp_path.as_uri(), 0, 1)
    before = source.locate("frame.fits.bz2").identity()
    path.write_bytes(PACKED + b"0")
    assert source.locate("frame.fits.bz2").identity() != before


@pytest.mark.parametrize(
    ("name", "algorithm", "line"),
    [
        ("6.sha1sum", "sha1", "{}  frame.fits.bz2"),
        ("frames-dr17.sha1sum", "sha1", "{} *./frame.fits.bz2"),
        ("x.sha256sum", "sha256", "{}  frame.fits.bz2"),
        ("x.md5sum", "md5", "{}  frame.fits.bz2"),
    ],
)
def test_a_list_of_checksums_beside_a_local_file_is_heeded(tmp_path, name, algorithm, line):
    """Lists as the program sha1sum writes them, and the archive's folders have them."""
    folder = tmp_path / "sas/a"
    folder.mkdir(parents=True)
    (folder / "frame.fits.bz2").write_bytes(PACKED)
    digest = hashlib.new(algorithm, PACKED).hexdigest()
    others = f"{'0' * 40}  other.fits.bz2\n{'0' * 40}  below/frame.fits.bz2\nno line of a list\n"
    (folder / name).write_text(f"{others}{line.format(digest)}\n")
    source = archive.archive_of(str(tmp_path / "sas"), 0, 1)
    target = tmp_path / "frame.fits"
    assert source.fetch(source.locate("a/frame.fits.bz2"), target, lambda _: None)
    assert target.read_bytes() == BODY
    (folder / "frame.fits.bz2").write_bytes(bz2.compress(BODY[:-1]))
    words = f"^file:.*frame.fits.bz2: its {algorithm} is .* where {name} beside it has {digest}"
    with pytest.raises(InputError, match=words):
        source.fetch(source.locate("a/frame.fits.bz2"), target, lambda _: None)
