"""The memory that the rules of tables ask for is enough, at two sizes of the tables."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT
from redpix.core.job_resources import memory
from table_runs import FILES, PARAMS, sky

#: run a function in a process of its own, and print the largest memory that it has held, MB
MEASURE = r"""
import pathlib, re, sys
sys.path.insert(0, {scripts!r})
from {module} import {function}
{function}(*{args!r}, **{kwargs!r})
# of this program alone: ru_maxrss begins with the memory of the process that started it
status = pathlib.Path("/proc/self/status").read_text()
print("peak", int(re.search(r"VmHWM:\s+([0-9]+) kB", status)[1]) / 1024)
"""

SIZES = (1000, 8000)


def peak_of(module, function, args, kwargs):
    """Return the largest memory of a function's process, MB."""
    scripts = str(ROOT / "scripts")
    call = {"module": module, "function": function, "args": args, "kwargs": kwargs}
    code = MEASURE.format(scripts=scripts, **call)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(re.search(r"peak ([0-9.]+)", out.stdout)[1])


def asked(rules, rule, paths):
    """Return the memory that a rule asks for with these input files, MB, and that per row."""
    text = (ROOT / f"workflow/rules/{rules}.smk").read_text(encoding="utf-8")
    text = text[re.search(rf"(rule|checkpoint) {rule}:", text).start() :]
    base, times = re.search(r"mem_mb=memory\(([0-9]+), times_input=([0-9]+)\)", text).groups()
    whole = memory(int(base), times_input=int(times))({}, paths, 1)
    return whole, (whole - int(base))


def check(measured, wanted):
    """Assert that the memory, and its growth, are within what is asked for."""
    for peak, (whole, _) in zip(measured, wanted, strict=True):
        assert peak < whole
    assert measured[1] - measured[0] < wanted[1][1] - wanted[0][1] + 150  # blocks fill up


@pytest.mark.skipif(sys.platform != "linux", reason="Linux states the peak of a process")
def test_a_table_of_magnitudes(tmp_path):
    measured, wanted = [], []
    for size in SIZES:
        folder = tmp_path / str(size)
        (folder / "t/knn").mkdir(parents=True)
        paths = [str(folder / "a.csv"), str(folder / "b.csv")]
        sky(size, 1).to_csv(paths[0], index=False)
        sky(size, 2, first=10**8).to_csv(paths[1], index=False)
        outputs = {name: str(folder / "t/knn" / file) for name, file in FILES.items()}
        params = {**PARAMS, "settings": {"k": 10, "mode": "mean"}, "grid": "auto"}
        args = ("redpix.photoz.run_catalogue", "estimate_from_table", (paths,))
        measured.append(peak_of(*args, {**outputs, **params}))
        wanted.append(asked("photoz", "photoz_table", paths))
    check(measured, wanted)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux states the peak of a process")
def test_a_catalogue(tmp_path):
    measured, wanted = [], []
    for size in SIZES:
        path = tmp_path / f"{size}.csv"
        generator = np.random.default_rng(1)
        places = zip(generator.uniform(0, 360, size), generator.uniform(-60, 60, size), strict=True)
        lines = [
            f"{10**18 + n},{ra:.6f},{dec:.6f},752,3,{n % 900 + 1},0.1,GALAXY,19,18,17,16,15"
            for n, (ra, dec) in enumerate(places)
        ]
        header = "id,ra,dec,run,camcol,field,redshift,class,u,g,r,i,z"
        path.write_text("\n".join([header, *lines]) + "\n")
        schema = str(ROOT / "workflow/schemas/objects.schema.yaml")
        products = [str(tmp_path / f"{size}.{name}.csv") for name in ("objects", "frames", "bad")]
        args = (str(path), schema, *products, str(path), 1.0, None, None)
        measured.append(peak_of("redpix.catalogue.origins", "make_catalogue", args, {}))
        wanted.append(asked("catalogue", "catalogue", [str(path)]))
    check(measured, wanted)
