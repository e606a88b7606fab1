"""Check the array backends against NumPy on one graphics card, and time them.

    python3 tests/benchmarks/device.py [--small] [--only PART ...] [--output FILE]
        [--budget SECONDS] [--needs-card]

Each part runs with NumPy, with PyTorch on the processor and, where there is a card, with PyTorch
and CuPy on it. Arrays start on the host and end there, as in the workflow. One JSON object is
printed: per part and backend the median of the warm wall-clock seconds, the ratio (seconds of
NumPy over those of the backend) and the largest differences from NumPy's result.

The training network learns with PyTorch alone: its ratio and its loss are compared with PyTorch
on the processor, and NumPy repeats its predictions from its weights.

The exit status is 1 if a difference exceeds its bound or a backend fails, and with --needs-card
also if a part ran on no card. `device.sh` beside this file prepares a bare machine.
"""

import argparse
import json
import os
import platform
import sys
import time
import traceback
from importlib import metadata
from pathlib import Path

from device_checks import CHECKS, find_backends

#: sizes of the whole check, and of the one that tests run
FULL = {
    "subtraction": {"side": 4096, "number": 3000},
    "coaddition": {"side": 2048, "images": 8, "number": 800},
    "neighbours": {"vectors": 200_000, "attributes": 8, "queries": 100_000, "k": 100},
    "training_network": {"number": 500, "side": 60, "bands": 5, "epochs": 6},
    "mixture_density": {"vectors": 40_000, "attributes": 12, "steps": 2000},
}
SMALL = {
    "subtraction": {"side": 300, "number": 40},
    "coaddition": {"side": 200, "images": 3, "number": 20},
    "neighbours": {"vectors": 5000, "attributes": 8, "queries": 1000, "k": 20},
    "training_network": {"number": 40, "side": 24, "bands": 2, "epochs": 3},
    "mixture_density": {"vectors": 400, "attributes": 4, "steps": 60},
}

#: parts that could use a card and that the library does not have
ABSENT = {}

#: what is told of a backend as soon as it is measured
SHOWN = ("seconds", "ratio", "within", "skipped", "error")

PACKAGES = "numpy scipy scikit-learn astropy array-api-compat torch cupy-cuda13x cupy-cuda12x"


def versions():
    """Return the versions of Python and of the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES.split():
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine(backends):
    """Return the names of the processor and of the card (None without one)."""
    card = None
    if not isinstance(backends["torch-cuda"], str):
        import torch

        card = f"{torch.cuda.get_device_name(0)}, CUDA {torch.version.cuda}"
    elif not isinstance(backends["cupy-cuda"], str):
        import cupy

        card = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return {"system": platform.platform(), "cores": os.cpu_count(), "card": card}


def rounded(value):
    """Return an entry with four digits of each number."""
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def measured(measure, name, backend, deadline):
    """Return the entry of one backend: its numbers, why it was skipped, or its error."""
    if isinstance(backend, str):
        return {"skipped": backend}
    if time.monotonic() > deadline:
        return {"skipped": "the budget of time is spent"}
    try:
        return measure(name, backend)
    except Exception as error:  # the other backends are still to be checked
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def failures(parts, needs_card):
    """Return one line per entry that failed, and with `needs_card` per part without a card."""
    lines = []
    for part, entries in parts.items():
        for name, entry in entries.items():
            if "error" in entry:
                lines.append(f"{part}: {name}: {entry['error']}")
            elif not entry.get("within", True):
                lines.append(f"{part}: {name}: a difference exceeds its bound")
        cards = [entry for name, entry in entries.items() if name.endswith("cuda")]
        if needs_card and not any("seconds" in entry for entry in cards):
            lines.append(f"{part}: ran on no card")
    return lines


def ordered(parts, backends):
    """Return pairs of part and backend, the least important ones last.

    PyTorch on the processor is the slowest. Only the training network has it as its reference.
    """
    pairs = [(part, name) for part in parts for name in backends]
    return sorted(pairs, key=lambda pair: pair[1] == "torch-cpu" and pair[0] != "training_network")


def check(sizes, options, save):
    """Run the parts with all backends and return the report.

    Parameters
    ----------
    sizes : dict of str to dict
    options : argparse.Namespace
        As from `parse`.
    save : callable
        Called with the report after each backend.
    """
    deadline = time.monotonic() + options.budget
    backends = find_backends(options.threads)
    report = {"versions": versions(), **machine(backends), "threads": options.threads}
    report |= {"sizes": sizes, "absent": ABSENT, "parts": {}}
    measures = {}
    for part, name in ordered(options.only, backends):
        start = time.monotonic()
        if part not in measures:
            measures[part] = CHECKS[part](sizes[part], options.threads)
        entry = rounded(measured(measures[part], name, backends[name], deadline))
        report["parts"].setdefault(part, {})[name] = entry
        spent = time.monotonic() - start
        shown = {key: entry[key] for key in SHOWN if key in entry}
        print(f"{part} {name}: {shown}, {spent:.1f} s in all", file=sys.stderr, flush=True)
        save(report)
    report["failures"] = failures(report["parts"], options.needs_card)
    save(report)
    return report


def parse(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="sizes for a test on the processor")
    parser.add_argument("--only", nargs="+", choices=CHECKS, default=list(CHECKS), metavar="PART")
    parser.add_argument("--output", type=Path, help="file that is written after each backend")
    parser.add_argument("--budget", type=float, default=300, help="seconds; 300 if not given")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the processor")
    parser.add_argument("--needs-card", action="store_true", help="fail without a card")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)

    def save(report):
        if options.output:
            options.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")

    sizes = SMALL if options.small else FULL
    report = check(sizes, options, save)
    print(json.dumps(report))
    return 1 if report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
