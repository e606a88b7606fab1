"""Compare the cost of the workflow with that of the bare tools on the same files.

    .venv/bin/python tests/benchmarks/field_cost.py [--demo FOLDER] [--fields 4]

Up to four full-size fields of the demo sky go from .bz2 to pixel vectors, Snakemake included. The
same files then go through bunzip2, mProjectPP (image and variance) and source-extractor alone. The
workflow registers with drizzle and with Montage. Printed are CPU seconds (user and system, of all
processes) and their ratio, and the largest memory of a job.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/workflow"), str(ROOT / "tests")]

from astropy.io import fits
from conftest import command, prepare
from redpix.core.field_name import parse_field
from redpix.core.programs import find_tool
from redpix.demo.fields import FIELDS
from redpix.sdss.frames import frame_path
from small import configuration

BANDS = "ugriz"


def measured(words, folder, stdout=subprocess.DEVNULL):
    """Run a command; returns its CPU seconds, wall seconds and largest memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen([str(word) for word in words], cwd=folder, stdout=stdout)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{words[:4]} ended with status {process.returncode}")
    wall = time.perf_counter() - started
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def objects_of_all_fields(demo, path):
    """The demo catalogue, with the objects of the first field in the second epoch too."""
    with open(demo / "results/demo/catalogue/objects.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    first, last = FIELDS[0], FIELDS[-1]
    key = (str(first.run), str(first.camcol), str(first.field))
    again = [
        {
            **row,
            "id": str(10**6 + int(row["id"])),
            "run": last.run,
            "camcol": last.camcol,
            "field": last.field,
        }
        for row in rows
        if (row["run"], row["camcol"], row["field"]) == key
    ]
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows + again)


def through_workflow(demo, folder, engine, fields):
    """Run all fields to pixel vectors; returns CPU and wall seconds, and MB of the largest job."""
    objects = folder / "objects.csv"
    objects_of_all_fields(demo, objects)
    names = [field.name for field in fields]
    config = configuration(demo / "results/demo/demo/archive", objects, BANDS, fields=names)
    # objects of two epochs at one place are no duplicates here
    config["catalogue"]["duplicate_radius"] = 0
    config["registration"] = {"engine": engine}
    targets = [f"results/small/pixels/{name}.parquet" for name in names]
    cost, wall, _ = measured(command("--quiet=all", *targets, **config), folder)
    memory = [
        float(line.split("\t")[2])
        for path in (folder / "results/small/benchmarks").rglob("*.tsv")
        for line in path.read_text().splitlines()[1:]
    ]
    return cost, wall, max(memory)


def through_bare_tools(demo, done, folder, names):
    """CPU seconds of bunzip2, mProjectPP and source-extractor on the same files.

    Two fields are worked at a time, as in the workflow: two that share a processor both take more.
    """
    work = partial(bare_field, demo / "results/demo/demo/archive", done, folder)
    with ThreadPoolExecutor(2) as pool:
        fields = list(pool.map(work, names))
    return {tool: sum(costs[tool] for costs in fields) for tool in fields[0]}


def bare_field(archive, done, parent, name):
    """CPU seconds of each tool on one field."""
    costs = dict.fromkeys(("bunzip2", "mProjectPP", "source-extractor"), 0.0)
    folder = parent / f"bare-{name}"
    folder.mkdir()
    settings = ROOT / "resources/sextractor"
    parameters = (settings / "detections.param").read_text().replace("IMAFLAGS_ISO\n", "")
    (folder / "bare.param").write_text(parameters)
    for file in ("sources.sex", "sources.conv"):  # SExtractor splits paths at spaces
        shutil.copy(settings / file, folder)

    def call(tool, *words, stdout=subprocess.DEVNULL):
        costs[tool] += measured(words, folder, stdout)[0]

    for band in BANDS:
        packed = archive / frame_path("dr17", parse_field(name), band)
        with open(folder / "image.fits", "wb") as unpacked:
            call("bunzip2", "bunzip2", "-kc", packed, stdout=unpacked)
        header = fits.getheader(done / f"results/small/registered/{name}-{band}.fits")
        keep = ("SIMPLE", "NAXIS", "CTYPE", "CRVAL", "CRPIX", "CD", "EQUINOX")
        cards = [card for card in header.cards if card.keyword.startswith(keep)]
        cards.insert(1, ("BITPIX", -64))
        fits.Header(cards).tofile(
            folder / "grid.hdr", sep="\n", padding=False, endcard=True, overwrite=True
        )
        error = fits.getdata(done / f"results/small/errors/{name}-{band}.fits")
        fits.PrimaryHDU(error**2, fits.getheader(folder / "image.fits")).writeto(
            folder / "variance.fits", overwrite=True
        )
        for image in ("image", "variance"):
            call("mProjectPP", "mProjectPP", f"{image}.fits", f"{image}.out.fits", "grid.hdr")
        call(
            *("source-extractor", find_tool("sextractor"), "image.out.fits"),
            *("-c", "sources.sex", "-FILTER_NAME", "sources.conv"),
            *("-PARAMETERS_NAME", "bare.param", "-CATALOG_NAME", "bare.cat"),
            *("-CHECKIMAGE_TYPE", "SEGMENTATION", "-CHECKIMAGE_NAME", "seg.fits"),
        )
    return costs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--demo", type=Path, help="folder in which the demo has run")
    parser.add_argument("--fields", type=int, default=len(FIELDS), choices=range(1, 5))
    options = parser.parse_args()
    demo, chosen = options.demo, FIELDS[: options.fields]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        prepare(folder)
        if demo is None:
            demo = folder / "demo"
            prepare(demo)
            print("running the demo first")
            measured(command("--quiet=all", cores="all"), demo)
        costs = {}
        for engine in ("drizzle", "montage"):  # the bare tools take the files of the last
            shutil.rmtree(folder / "results", ignore_errors=True)
            costs[engine] = through_workflow(demo, folder, engine, chosen)
        bare = through_bare_tools(demo, folder, folder, [field.name for field in chosen])
        fields = len(chosen)
        for tool, seconds in bare.items():
            print(f"{tool:18} {seconds / fields:6.2f} CPU s a field")
        print(f"{'bare tools':18} {sum(bare.values()) / fields:6.2f} CPU s a field")
        for engine, (cost, wall, memory) in costs.items():
            seconds = f"{cost / fields:6.2f} CPU s a field, {wall / fields:.1f} s on 2 cores"
            print(f"workflow, {engine:8} {seconds}")
            goal = {"montage": 1.35, "drizzle": 0.85}[engine]
            ratio = cost / sum(bare.values())
            print(f"{engine} / bare tools: {ratio:.2f} (goal: at most {goal})")
            print(f"largest memory of a job: {memory:.0f} MB (goal: under 500)")


if __name__ == "__main__":
    main()
