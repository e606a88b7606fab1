"""A file that went bad, a full disk, a folder that cannot be written: named, mended by a rerun."""

import os
import shutil
import subprocess

import pytest
from conftest import command, run, run_words
from small import COARSE, configuration, copy_archive, copy_catalogue, products

FIELD = "9001-3-100"


@pytest.fixture(scope="module")
def settings(demo, tmp_path_factory):
    """A run of one field in one band."""
    folder = tmp_path_factory.mktemp("damage")
    root, catalogue = (
        copy_archive(demo, folder, [FIELD], "r"),
        copy_catalogue(demo, folder, [FIELD]),
    )
    registration = COARSE | {"pixel_scale": 0.7}  # the images are larger than the frames
    photoz = {"k": 5, "attributes": ["magnitudes"]}
    return configuration(root, catalogue, "r", photoz=photoz, registration=registration)


@pytest.fixture(scope="module")
def whole(settings, tmp_path_factory):
    """That run, finished."""
    folder = tmp_path_factory.mktemp("whole")
    run(folder, "shard", **settings)
    return folder


@pytest.mark.parametrize("damage", ["cut short", "wrong bytes"])
def test_a_product_that_went_bad_is_named_and_made_again(whole, settings, tmp_path, damage):
    folder = tmp_path / "run"
    shutil.copytree(whole, folder, symlinks=True)
    image = folder / f"results/small/registered/{FIELD}-r.fits"
    before = image.stat()
    if damage == "cut short":
        os.truncate(image, before.st_size // 2)
    else:
        with open(image, "r+b") as file:
            file.write(b"\0" * 2880)
    os.utime(image, ns=(before.st_atime_ns, before.st_mtime_ns - 10**9))
    shutil.rmtree(folder / "results/small/sources")
    (folder / f"results/small/pixels/{FIELD}.parquet").unlink()
    words = run(folder, "shard", status=1, **settings)
    assert f"results/small/registered/{FIELD}-r.fits: changed after its job wrote it" in words
    assert "Traceback" not in words
    assert f"Failed: field {FIELD}: sources" in words.splitlines()
    assert not (folder / f"results/small/pixels/{FIELD}.parquet").exists()
    image.unlink()
    run(folder, "shard", **settings)
    assert products(folder) == products(whole)


def test_a_full_disk_is_told_and_costs_nothing(whole, settings, tmp_path):
    """A limit on the size of files stands for the disk: frames fit, registered images do not."""
    words = command("shard", **settings)
    limited = ["bash", "-c", 'ulimit -f 14000; exec "$@"', "-", *words]
    said = run_words(limited, tmp_path, status=1)
    assert FIELD in said
    full = ("File too large", "is full; free space", "No space left on device; free space")
    assert any(words in said for words in full), said[-3000:]
    assert not list((tmp_path / "results/small").glob("registered/*"))
    run(tmp_path, "shard", **settings)
    assert products(tmp_path) == products(whole)


def read_only(folder, words):
    """A command that runs words where `folder` cannot be written; None where that cannot be had."""
    if os.geteuid() != 0:
        folder.chmod(0o555)
        return words
    mount = f'mount --bind "{folder}" "{folder}" && mount -o remount,ro,bind "{folder}"'
    inside = ["unshare", "--mount", "bash", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*inside, mount]).returncode:
        return None
    return [*inside, f'{mount} && exec "$@"', "-", *words]


def test_results_that_cannot_be_written_are_named(whole, settings, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(whole, folder, symlinks=True)
    results = folder / "results"
    (results / f"small/pixels/{FIELD}.parquet").unlink()
    words = read_only(results, command("shard", **settings))
    if words is None:
        pytest.skip("root writes everywhere here, and may not mount")
    said = run_words(words, folder, status=1)
    results.chmod(0o755)
    assert "Write-protected output files" in said  # Snakemake looks before it starts
    assert f"results/small/pixels/{FIELD}.counts.csv" in said
    run(folder, "shard", **settings)
    assert products(folder) == products(whole)
