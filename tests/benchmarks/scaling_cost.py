"""Measure the cost of many fields: the graph of jobs, a second core, the overhead of Snakemake.

    .venv/bin/python tests/benchmarks/scaling_cost.py graph [--fields 10000]
    .venv/bin/python tests/benchmarks/scaling_cost.py cores [--fields 16] [--demo FOLDER]
    .venv/bin/python tests/benchmarks/scaling_cost.py overhead [--fields 40] [--demo FOLDER]

`graph` dry-runs a survey's fields, from the archive to pixel vectors, and beside it chains of plain
rules with as many jobs, and about as many files: what Snakemake itself takes for them. `cores`
works full-size fields on one core and on two: seconds on the clock, so nothing else may run
meanwhile. `overhead` works them in one run on two cores; what the scripts did after their imports
is the stages' own CPU, and all else is overhead: Snakemake, starts of Python, imports, links. The
fields are the demo sky's, under other names.
"""

import argparse
import bz2
import csv
import io
import itertools
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/workflow"), str(ROOT / "tests")]

from astropy.io import fits
from conftest import command, prepare
from field_cost import BANDS, measured
from redpix.core.field_name import parse_field
from redpix.demo.fields import FIELDS
from redpix.sdss.frames import frame_path, mask_path
from small import configuration
from survey_cost import DONE

MODELS = [field.name for field in FIELDS if field.epoch == 1]
RULES = 6  # fetch, frames, errors, registration, sources, pixels: jobs of a field


def chain(folder, jobs, files, shared):
    """CPU and wall seconds, and MB, of a dry run of chains of plain rules.

    Each job reads `files` files of the job before and `shared` ones that all share, as code is, and
    writes `files`.
    """
    folder.mkdir()
    for n in range(shared):
        (folder / f"shared{n}").touch()
    common = "".join(f"'shared{n}', " for n in range(shared))
    ends = f"expand('r{RULES - 1}/{{n}}.0', n=range({jobs // RULES}))"
    text = [f"rule all:\n    input: {ends}\n"]
    for rule in range(RULES):
        written, read = (
            "".join(f"'r{number}/{{n}}.{file}', " for file in range(files) if number >= 0)
            for number in (rule, rule - 1)
        )
        inputs = f"    input: {read}{common}\n" if read or common else ""
        outputs = f"    output: {written}\n    shell: 'touch {{output}}'\n"
        text.append(f"rule r{rule}:\n{inputs}{outputs}")
    (folder / "Snakefile").write_text("".join(text))
    words = [sys.executable, "-m", "snakemake", "--cores", "2", "-n", "--quiet=all"]
    return measured(words, folder)


def graph(folder, fields):
    """Print what a dry run of many fields takes."""
    names = [f"{1 + n // 300}-{1 + n // 50 % 6}-{11 + n % 50}" for n in range(fields)]
    results = folder / "results/many"
    # as after the download, when the whole graph is known
    (results / "frames").mkdir(parents=True)
    (results / "frames/delivered.csv").write_text(
        "field,delivered,reason\n" + "".join(f"{name},yes,\n" for name in names)
    )
    header = "id,ra,dec,redshift,redshiftError,class,run,camcol,field,u,g,r,i,z\n"
    rows = [
        f"{number},{number * 360 / fields:.3f},0,0.1,,GALAXY,{name.replace('-', ',')},,,,,\n"
        for number, name in enumerate(names, start=1)
    ]
    (folder / "many.csv").write_text(header + "".join(rows))
    config = configuration(folder / "none", folder / "many.csv", BANDS, fields=names, name="many")
    # too long for a command line
    (folder / "many.json").write_text(json.dumps(config))
    targets = [f"results/many/pixels/{name}.parquet" for name in names]
    words = command(*targets, "-n", "--quiet=all", "--configfile", "many.json")
    cost, wall, memory = measured(words, folder)
    jobs = RULES * fields
    print(
        f"redpix, {jobs} jobs of {fields} fields: {wall:.0f} s, {cost:.0f} CPU s, {memory:.0f} MB"
    )
    for name, files, shared in (("one file each", 1, 0), ("about as many files", 5, 10)):
        plain, wall, least = chain(folder / name, jobs, files, shared)
        print(
            f"{jobs} jobs of plain rules, {name}: {wall:.0f} s, {plain:.0f} CPU s, {least:.0f} MB"
        )
        print(f"  redpix: {cost / plain:.1f} times the CPU, {memory / least:.1f} times the memory")


def make_sky(demo, folder, fields):
    """An archive of full-size fields and its catalogue: the demo's frames under other names."""
    archive = demo / "results/demo/demo/archive"
    models = list(itertools.islice(itertools.cycle(MODELS), fields))
    names = [f"{7000 + n}-{model.split('-', 1)[1]}" for n, model in enumerate(models)]
    for band, model in itertools.product(BANDS, MODELS):
        source = frame_path("dr17", parse_field(model), band)
        whole = bz2.decompress((archive / source).read_bytes())
        with fits.open(io.BytesIO(whole)) as hdus:
            header, start = hdus[0].header, hdus[0]._header_offset
            length = hdus[0]._data_offset - start
        # a .bz2 may be of several pieces: the header's is packed again, the data's only once
        data = bz2.compress(whole[length:])
        for name in (name for name, of in zip(names, models, strict=True) if of == model):
            field = parse_field(name)
            header["RUN"] = field.run
            path = folder / "archive" / frame_path("dr17", field, band)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bz2.compress(header.tostring().encode("ascii")) + data)
            path = folder / "archive" / mask_path("dr17", field, band)
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(archive / mask_path("dr17", parse_field(model), band), path)
    with open(demo / "results/demo/catalogue/objects.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(folder / "objects.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        number = itertools.count(1)
        for name, model in zip(names, models, strict=True):
            run = name.split("-")[0]
            writer.writerows(
                {**row, "id": next(number), "run": run}
                for row in rows
                if f"{row['run']}-{row['camcol']}-{row['field']}" == model
            )
    return names


def work(folder, names, cores):
    """Work fields to pixel vectors in a new folder; CPU and wall seconds, and the results."""
    config = configuration(folder / "archive", folder / "objects.csv", BANDS, fields=names)
    # several fields lie at one place: their objects are no duplicates here
    config["catalogue"]["duplicate_radius"] = 0
    config["keep_images"] = False
    place = folder / f"{cores}"
    prepare(place)
    cost, wall, _ = measured(command("shard", "--quiet=all", cores=cores, **config), place)
    return cost, wall, place / "results/small"


def cores(folder, names):
    """Print what a second core brings."""
    cost, wall = {}, {}
    for number in (1, 2):
        before = os.getloadavg()[0]
        cost[number], wall[number], results = work(folder, names, number)
        shutil.rmtree(results)
        print(
            f"{len(names)} fields on {number}: {wall[number]:.0f} s, {cost[number]:.0f} CPU s "
            f"(load before: {before:.1f})"
        )
    print(f"speed-up: {wall[1] / wall[2]:.2f} (goal: at least 1.8)")


def overhead(folder, names):
    """Print the workflow's own share of the CPU."""
    cost, wall, results = work(folder, names, 2)
    stages, starts = {}, 0.0
    for path in (results / "logs").rglob("*.log"):
        for own, start in DONE.findall(path.read_text()):
            stage = path.parent.name
            stages[stage] = stages.get(stage, 0.0) + float(own)
            starts += float(start)
    fields = len(names)
    for stage, own in stages.items():
        print(f"{stage:24} {own / fields:6.2f} CPU s a field")
    own = sum(stages.values())
    print(f"{'starts and imports':24} {starts / fields:6.2f} CPU s a field")
    print(f"{'Snakemake, shells':24} {(cost - own - starts) / fields:6.2f} CPU s a field")
    print(f"{'all':24} {cost / fields:6.2f} CPU s a field, {wall / fields:.1f} s on 2 cores")
    print(f"overhead: {1 - own / cost:.1%} of the CPU (goal: under 15 %)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["graph", "cores", "overhead"])
    parser.add_argument("--fields", type=int, help="10000, 16 or 40 if not given")
    parser.add_argument("--demo", type=Path, help="folder in which the demo has run")
    options = parser.parse_args()
    fields = options.fields or {"graph": 10_000, "cores": 16, "overhead": 40}[options.what]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        prepare(folder)
        if options.what == "graph":
            graph(folder, fields)
            return
        demo = options.demo
        if demo is None:
            demo = folder / "demo"
            prepare(demo)
            print("running the demo first")
            measured(command("--quiet=all", cores="all"), demo)
        names = make_sky(demo, folder, fields)
        {"cores": cores, "overhead": overhead}[options.what](folder, names)


if __name__ == "__main__":
    main()
