"""Path patterns and input functions that several stages share."""

import csv
import sys
from pathlib import Path

import yaml

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from redpix import demo
from redpix.configuration import validated
from redpix.exceptions import InputError
from redpix.frames import FIELD_PATTERN
from resume import release_after_kill


def training_bound(config):
    """Most objects that training can have, where it is known before anything runs."""
    if config["catalogue"]["from"] != "demo":
        return None
    fields = [field for field in demo.FIELDS if field.epoch == 1]
    return len(fields) * (config["demo"]["galaxies"] + config["demo"]["stars"])


with open(ROOT / "workflow/schemas/config.schema.yaml", encoding="utf-8") as file:
    schema = yaml.safe_load(file)
try:
    config = validated(config, schema, training_bound)
except InputError as error:
    sys.exit("\n".join(f"configuration: {line}" for line in str(error).splitlines()))

RESULTS = f"results/{config['name']}"
BANDS = config["bands"]
REFERENCE = config["reference_band"]


wildcard_constraints:
    field=FIELD_PATTERN,
    band="[ugriz]",


def library(*modules):
    """Paths of library modules: as inputs they make a rule run again when they change."""
    return [str(SCRIPTS / "redpix" / f"{module}.py") for module in modules]


def shared_scripts(*names):
    """Paths of modules that scripts share; inputs for the same reason."""
    return [str(SCRIPTS / f"{name}.py") for name in names]


def resource(path):
    """Path of a settings file."""
    return str(ROOT / "resources" / path)


def per_band(stage, suffix=".fits"):
    """Paths of a field's files of one stage, one a band."""
    return [f"{RESULTS}/{stage}/{{field}}-{band}{suffix}" for band in BANDS]


def asked_fields(wildcards):
    """Names of the fields to work on: the configured ones, else all that hold an object."""
    if config["fields"] is not None:
        return config["fields"]
    with checkpoints.catalogue.get().output.frames.open() as file:
        return [f"{row['run']}-{row['camcol']}-{row['field']}" for row in csv.DictReader(file)]


def delivered_fields(wildcards):
    """Names of the fields whose frames all came and are sound."""
    with checkpoints.delivered.get().output[0].open() as file:
        return [row["field"] for row in csv.DictReader(file) if row["delivered"] == "yes"]


def closing_words(folder):
    """What the run's end says: what was left out, and where to look."""
    lines = []
    delivered = folder / "frames/delivered.csv"
    if delivered.exists():
        with open(delivered, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["delivered"] != "yes":
                    lines.append(f"Left out: field {row['field']}: {row['reason']}")
    page = folder / "report.html"
    lines.append(f"Report: {page.resolve()}" if page.exists() else f"Results: {folder}")
    return "\n".join(lines)


workflow.global_resources["downloads"] = config["download"]["parallel"]
held_lock = release_after_kill(Path(".snakemake")) if workflow.is_main_process else None
