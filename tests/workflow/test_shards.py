"""A survey worked in shards, each in its own folder, and gathered, is the survey worked at once."""

from conftest import prepare, run
from small import COARSE, configuration, copy_archive, copy_catalogue, products

FIELDS = ("9001-3-100", "9002-4-57")


def test_gathered_shards_are_the_whole(demo, tmp_path):
    root = copy_archive(demo, tmp_path, FIELDS, "r")
    settings = configuration(
        root,
        copy_catalogue(demo, tmp_path, FIELDS),
        "r",
        photoz={"k": 5, "attributes": ["magnitudes"]},
        registration=COARSE,
    )
    whole = tmp_path / "whole"
    whole.mkdir()
    run(whole, "photoz", **settings)

    gathered = tmp_path / "gathered"
    for shard in ("9001-3", "9002-4"):
        folder = gathered / "shards" / shard
        folder.mkdir(parents=True)
        run(folder, "shard", **settings, shard=shard, keep_images=False)
        made = {path.name for path in (folder / "results/small/pixels").glob("*.parquet")}
        assert made == {f"{field}.parquet" for field in FIELDS if field.startswith(shard)}
    words = run(gathered, "photoz", "report", **settings, gather="shards", keep_images=False)
    assert "rule fetch" not in words
    here, there = products(whole), products(gathered)
    tables = {path for path in here if path.startswith(("photoz", "catalogue"))}
    assert {path for path in tables if here[path] != there[path]} == set()
    assert "photoz/knn/objects.csv" in tables
    assert (gathered / "results/small/report.html").exists()


def test_a_shard_that_was_not_worked_is_named(demo, tmp_path):
    prepare(tmp_path)
    (tmp_path / "shards").mkdir()
    root = copy_archive(demo, tmp_path, FIELDS[:1], "r")
    catalogue = copy_catalogue(demo, tmp_path, FIELDS[:1])
    settings = configuration(root, catalogue, "r", gather="shards")
    words = run(tmp_path, "photoz", status=1, **settings)
    assert "shards/9001-3/results/small/frames/9001-3-100.json" in words


def test_images_that_were_removed_are_made_again_where_they_are_needed(demo, tmp_path):
    prepare(tmp_path)
    root = copy_archive(demo, tmp_path, FIELDS[:1], "r")
    catalogue = copy_catalogue(demo, tmp_path, FIELDS[:1])
    settings = configuration(root, catalogue, "r", registration=COARSE)
    run(tmp_path, "shard", **settings, keep_images=False)
    results = tmp_path / "results/small"
    pixels = results / f"pixels/{FIELDS[0]}.parquet"
    before = pixels.read_bytes()
    assert not list(results.glob("frames/**/*-r.fits"))
    assert "rule fetch" not in run(tmp_path, "shard", **settings, keep_images=False)
    # another threshold needs the frames anew
    changed = {**settings, "sources": {"threshold": 3.0}}
    run(tmp_path, "shard", **changed, keep_images=False)
    assert pixels.read_bytes() != before
    # as does who wants to keep them after all
    run(tmp_path, "shard", **settings)
    assert (results / f"registered/{FIELDS[0]}-r.fits").exists()
    assert pixels.read_bytes() == before
