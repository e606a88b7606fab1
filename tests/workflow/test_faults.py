"""A fault of one field leaves out that field alone, and the run names it."""

import bz2
import csv
import functools
import http.server
import io
import json
import shutil
import threading

import pytest
from astropy.io import fits
from conftest import run
from redpix.core.field_name import parse_field
from redpix.sdss.frames import frame_path, mask_path
from small import COARSE, FIELDS, configuration, copy_archive, copy_catalogue

BAD, GOOD = FIELDS


def spoil(root, fault):
    """Do to one frame of the bad field what archives and networks do."""
    field = parse_field(BAD)
    path = root / frame_path("dr17", field, "g")
    if fault == "missing":
        path.unlink()
    elif fault == "page":
        path.write_text("<!DOCTYPE html>\n<html><body>Service unavailable</body></html>")
    elif fault == "truncated":
        path.write_bytes(path.read_bytes()[:-2000])
    elif fault == "no FITS":
        path.write_bytes(bz2.compress(b"nothing of the kind" * 1000))
    elif fault == "another frame":
        path.write_bytes((root / frame_path("dr17", parse_field(GOOD), "g")).read_bytes())
    elif fault == "no place on the sky":
        with fits.open(io.BytesIO(bz2.decompress(path.read_bytes()))) as hdus:
            hdus[0].header["CTYPE1"] = "GLON-TAN"
            unpacked = io.BytesIO()
            hdus.writeto(unpacked)
        path.write_bytes(bz2.compress(unpacked.getvalue()))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("missing", "no such file"),
        ("page", "HTML page"),
        ("truncated", "truncated or corrupt"),
        ("no FITS", "does not open as FITS"),
        ("another frame", "header says RUN = 9002"),
        ("no place on the sky", "WCS of type"),
    ],
)
def test_a_bad_field_is_left_out_and_named(demo, tmp_path, fault, reason):
    root, catalogue = copy_archive(demo, tmp_path), copy_catalogue(demo, tmp_path)
    spoil(root, fault)
    config = configuration(root, catalogue, download={"retries": 1})
    words = run(tmp_path, "results/small/frames/delivered.csv", **config)
    assert any(
        line.startswith(f"Left out: field {BAD}: ") and reason in line
        for line in words.splitlines()
    )
    with open(tmp_path / "results/small/frames/delivered.csv", newline="") as file:
        rows = {row["field"]: row for row in csv.DictReader(file)}
    assert [rows[BAD]["delivered"], rows[GOOD]["delivered"]] == ["no", "yes"]
    assert reason in rows[BAD]["reason"]


def test_the_others_go_on_without_a_bad_field(demo, tmp_path):
    root, catalogue = copy_archive(demo, tmp_path), copy_catalogue(demo, tmp_path)
    spoil(root, "truncated")
    config = configuration(root, catalogue, download={"retries": 0}, registration=COARSE)
    assert f"Left out: field {BAD}: " in run(tmp_path, "photoz", **config)
    results = tmp_path / "results/small"
    assert (results / f"pixels/{GOOD}.parquet").exists()
    assert (results / "photoz/knn/objects.csv").exists()
    assert not list(results.glob(f"*/{BAD}*.parquet"))
    # asked for by name, it says why it is not to be had
    words = run(tmp_path, f"results/small/frames/{BAD}-r.fits", status=1, **config)
    assert f"results/small/logs/frames/{BAD}.names.log" in words


def test_a_field_that_was_left_out_is_asked_for_again(demo, tmp_path):
    root, catalogue = copy_archive(demo, tmp_path), copy_catalogue(demo, tmp_path)
    frame = root / frame_path("dr17", parse_field(BAD), "g")
    shutil.move(frame, tmp_path / "aside")
    target = "results/small/frames/delivered.csv"
    config = configuration(root, catalogue)
    assert f"Left out: field {BAD}" in run(tmp_path, target, **config)
    shutil.move(tmp_path / "aside", frame)
    assert "Left out" not in run(tmp_path, target, **config)
    assert f"{BAD},yes," in (tmp_path / target).read_text()


def test_a_damaged_mask_costs_a_warning(demo, tmp_path):
    root, catalogue = copy_archive(demo, tmp_path), copy_catalogue(demo, tmp_path)
    (root / mask_path("dr17", parse_field(BAD), "g")).write_text("<html>sorry</html>")
    words = run(tmp_path, "results/small/frames/delivered.csv", **configuration(root, catalogue))
    assert f"{BAD}-g: its survey mask (fpM) cannot be used" in words
    assert "Left out" not in words
    header = fits.getheader(tmp_path / f"results/small/frames/{BAD}.masks.fits", "SPANS")
    assert [header["MASKg"], header["MASKr"]] == [False, True]


class CountingHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files; knows how many requests came and how many were served at a time."""

    def do_GET(self):
        counts = self.server.counts
        with self.server.guard:
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
            counts["all"].append(self.path)
        try:
            threading.Event().wait(0.1)
            super().do_GET()
        finally:
            with self.server.guard:
                counts["now"] -= 1

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path):
    handler = functools.partial(CountingHandler, directory=tmp_path / "archive")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.counts, server.guard = {"now": 0, "most": 0, "all": []}, threading.Lock()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_over_http_frames_come_once_and_not_too_many_at_a_time(demo, tmp_path, server):
    copy_archive(demo, tmp_path)
    catalogue = copy_catalogue(demo, tmp_path)
    url = f"http://127.0.0.1:{server.server_port}"
    config = configuration(url, catalogue, download={"parallel": 1})
    run(tmp_path, "results/small/frames/delivered.csv", cores=4, **config)
    assert server.counts["most"] == 1
    assert len(server.counts["all"]) == len(set(server.counts["all"])) == 8
    status = json.loads((tmp_path / f"results/small/frames/{GOOD}.json").read_text())
    assert status["delivered"]
    # made again, the status needs no frame or mask that is here already
    for path in (tmp_path / "results/small/frames").glob("*.json"):
        path.unlink()
    run(tmp_path, "results/small/frames/delivered.csv", **config)
    assert len(server.counts["all"]) == 8


def test_a_folder_of_unpacked_frames_is_a_source(demo, tmp_path):
    archive, catalogue = copy_archive(demo, tmp_path), copy_catalogue(demo, tmp_path, [GOOD])
    flat = tmp_path / "my frames"
    flat.mkdir()
    field = parse_field(GOOD)
    for band in "gr":
        packed = (archive / frame_path("dr17", field, band)).read_bytes()
        (flat / f"{GOOD}-{band}.fits").write_bytes(bz2.decompress(packed))
    run(tmp_path, "results/small/frames/delivered.csv", **configuration(flat, catalogue))
    log = (tmp_path / f"results/small/logs/frames/{GOOD}.log").read_text()
    assert "the archive has no survey mask (fpM)" in log
    status = json.loads((tmp_path / f"results/small/frames/{GOOD}.json").read_text())
    assert status["delivered"]
