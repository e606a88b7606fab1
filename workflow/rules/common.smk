"""Path patterns and input functions that several stages share."""

import csv
import os
import re
import shlex
import sys
from pathlib import Path

import snakemake.jobs
import yaml

# Snakemake 9 calls a script's Python by an unquoted path: a folder's name may hold a space
sys.executable = shlex.quote(sys.executable)

# Snakemake 9 runs jobs again whose products are older than the script, as in a new checkout. Here
# the parameter `code` follows the code.
snakemake.jobs.get_script_mtime = lambda path: 0.0

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from redpix.config.contradictions import CATALOGUE_SOURCES
from redpix.config.contradictions import training_tables as tables_of_training
from redpix.config.pairs_table import (
    NO_BAND,
    Pair,
    is_field,
    pair_name,
    read_pairs,
    read_stacks,
)
from redpix.config.photoz_tables import read_listing
from redpix.config.schema import validated
from redpix.core.code_versions import code_version
from redpix.core.exceptions import InputError
from redpix.core.field_name import FIELD_PATTERN, parse_field
from redpix.core.resume import release_after_kill, retry_left_out
from redpix.core.run_summary import failed_jobs, read_left_out
from redpix.demo import fields as demo
from redpix.io.tables import read_table
from redpix.sdss.frames import frame_path, mask_path


def training_bound(config):
    """Return the largest possible number of training objects; None if it is not known yet."""
    if config["photoz"]["model"] is not None:
        return None
    origin, held_out = config["catalogue"]["from"], config["photoz"]["test_fraction"]
    if origin == "demo":
        objects = config["demo"]["galaxies"] * sum(field.epoch == 1 for field in demo.FIELDS)
    elif origin in CATALOGUE_SOURCES or not Path(origin).is_file():
        return None
    else:
        objects = len(read_table(origin, keep_ragged=True, allow_empty=True))
    return int(objects * (1 - held_out))


def checked(config):
    """The configuration with its defaults, refused where it is wrong."""
    with open(ROOT / "workflow/schemas/config.schema.yaml", encoding="utf-8") as file:
        schema = yaml.safe_load(file)
    # k is checked against the training set only if the user set k, and once per run
    photoz = config.get("photoz")
    check_k = isinstance(photoz, dict) and "k" in photoz and workflow.is_main_process
    config = validated(config, schema, training_bound if check_k else None)
    known = [field.name for field in demo.FIELDS]
    strangers = [field for field in config["fields"] or [] if field not in known]
    if config["source"] == "demo" and strangers:
        raise InputError(
            f"fields: {strangers[0]} is no field of the demo sky; allowed with source demo: "
            + ", ".join(known)
        )
    return config


# what the user's own words ask for, before every default is filled in
NAMED = frozenset(config)

try:
    config = checked(config)
    TABLES = read_listing(config["photoz"]["tables"])
except InputError as error:
    sys.exit("\n".join(f"configuration: {line}" for line in str(error).splitlines()))

RESULTS = f"results/{config['name']}"
BANDS = config["bands"]


def container_image():
    """The image that jobs run in where apptainer is asked for; else None."""
    image = config["container"]
    asked = {method.name.lower() for method in workflow.deployment_settings.deployment_method}
    if "apptainer" not in asked:
        return None
    if "://" in image:
        return image
    path = ROOT / image
    if not path.is_file():
        sys.exit(f"configuration: container: {path}: there is no such image; envs/image makes it")
    # from where the run is: Snakemake takes no path with a space in it
    return os.path.relpath(path)


def memory(megabytes, times_input=0):
    """Memory of a job in MB: a share for itself, a share of what it reads; more at each attempt."""

    def needed(wildcards, input, attempt):
        # input.size_mb would take longer than all else that Snakemake does with a job
        read = sum(os.stat(path).st_size for path in input if os.path.isfile(path)) / 1e6
        return int(attempt * (megabytes + times_input * read))

    return needed


def minutes(number):
    """Time a cluster gives a job, with room to spare; more at each attempt."""
    return lambda wildcards, attempt: attempt * number


def cards():
    """Graphics cards that a job is given whose arrays may lie on one."""
    return int(config["arrays"] != "numpy")


def own_file(path):
    """Path of a file of redpix from the folder of the run, which stays when both move."""
    return os.path.relpath(ROOT / path)


def resource(path):
    """Path of a settings file."""
    return own_file(f"resources/{path}")


def rows_of(key, read):
    """Rows of the table that a key names; with none named, the whole demo shows its own."""
    if config[key] is not None:
        return read(config[key], BANDS)
    if config["source"] != "demo" or config["fields"] or key not in config["demo"]["shows"]:
        return []
    rows = read(resource(f"demo/{key}.tsv"), "ugriz")
    return [row for row in rows if getattr(row, "band", BANDS[0]) in BANDS]


def user_table(key, path, read):
    """Return the rows that ``read(path, schema)`` reads; exit if the user's table is wrong."""
    with open(ROOT / f"workflow/schemas/{key}.schema.yaml", encoding="utf-8") as file:
        schema = yaml.safe_load(file)
    try:
        return read(path, schema)
    except InputError as error:
        sys.exit("\n".join(f"{key}: {line}" for line in str(error).splitlines()))


REFERENCE = config["reference_band"]
SHOWN_FIELDS = 12 if config["keep_images"] else 0  # with pictures in the report

# detections have no redshift to learn from: they are predicted by a model trained elsewhere
LEARNABLE = config["catalogue"]["from"] != "detections" or config["photoz"]["model"] is not None
METHODS = config["photoz"]["methods"] if LEARNABLE else []


wildcard_constraints:
    field=FIELD_PATTERN,
    band="[ugriz]",


def any_of(names):
    """Pattern of a wildcard that is one of the names a user's table gives."""
    return "|".join(map(re.escape, names)) or "none"


def code_of(door):
    """Version of the code of a door, `scripts/<door>.py`, found when a job of the rule is planned."""
    return lambda wildcards: code_version(door)


def report_parts(*names):
    """Paths of pieces of the report's template."""
    return [own_file(f"workflow/report/{name}.html.j2") for name in names]


def per_band(stage, suffix=".fits"):
    """Paths of a field's files of one stage, one a band."""
    return [f"{RESULTS}/{stage}/{{field}}-{band}{suffix}" for band in BANDS]


def home(field):
    """Results that a field's files lie in: this run's, or those of the shard that is gathered."""
    if config["gather"] is None:
        return RESULTS
    place = parse_field(field)
    return f"{config['gather']}/{place.run}-{place.camcol}/{RESULTS}"


def kept(paths):
    """Images of a field, which are removed after use where the configuration says so."""
    return paths if config["keep_images"] else [temp(path) for path in paths]


def asked_fields(wildcards):
    """Names of the fields to work on: the configured ones, else all that hold an object."""
    if config["fields"] is not None:
        shard = "" if config["shard"] is None else f"{config['shard']}-"
        return [field for field in config["fields"] if field.startswith(shard)]
    with checkpoints.catalogue.get().output.frames.open() as file:
        return [f"{row['run']}-{row['camcol']}-{row['field']}" for row in csv.DictReader(file)]


def delivered_fields(wildcards):
    """Names of the fields whose frames all came and are sound."""
    with checkpoints.delivered.get().output[0].open() as file:
        return [row["field"] for row in csv.DictReader(file) if row["delivered"] == "yes"]


def demo_paths(field, path):
    """Files of a field in the demo's archive, one a band; `path` names them within it."""
    place = parse_field(field)
    archive = f"{RESULTS}/demo/archive"
    return [f"{archive}/{path(config['release'], place, band)}" for band in BANDS]


def demo_files(field):
    """Frames and masks of a field of the demo sky."""
    return demo_paths(field, frame_path) + demo_paths(field, mask_path)


def demo_products(wildcards):
    """What the demo simulates, the second epoch included, which holds no catalogued object."""
    if config["source"] != "demo" or config["fields"] is not None:
        return []
    return [path for field in demo.FIELDS for path in demo_files(field.name)]


def demo_archive(wildcards):
    """Files of the demo's archive that a field comes from; a real archive is no input."""
    return demo_files(wildcards.field) if config["source"] == "demo" else []


def catalogue_source(wildcards):
    """What the catalogue is made from."""
    origin = config["catalogue"]["from"]
    if origin == "demo":
        return f"{RESULTS}/demo/truth.csv"
    if origin == "skyserver":
        return resource("sql/objects.sql")
    if origin == "detections":
        fields = delivered_fields(wildcards)
        return [f"{home(field)}/sources/{field}.detections.csv" for field in fields]
    return origin


def pixel_tables(wildcards):
    """Pixel tables of all fields that came."""
    return [f"{home(field)}/pixels/{field}.parquet" for field in delivered_fields(wildcards)]


def pixel_counts(wildcards):
    """What became of the pixels of each field that came."""
    return [f"{home(field)}/pixels/{field}.counts.csv" for field in delivered_fields(wildcards)]


def learner_settings(method):
    """What a learner of photometric redshifts is set to."""
    photoz, seed = config["photoz"], {"seed": config["seed"]}
    if method == "ensemble":
        members = photoz["ensemble"]["members"]
        return {"members": {name: learner_settings(name) for name in members}}
    settings = {**photoz[method], **(seed if method != "knn" else {})}
    if method in ("knn", "mlp"):
        settings["k"] = photoz["k"]
    if method == "knn" and settings["index"] == "auto" and config["arrays"] != "numpy":
        settings["index"] = config["arrays"]
    return settings


def photoz_products(file):
    """An input function for a product of each method; without a field there is none."""
    return lambda wildcards: [
        f"{RESULTS}/photoz/{method}/{file}" for method in METHODS if delivered_fields(wildcards)
    ]


def table_products(file):
    """A product of each method on each table of objects."""
    methods = config["photoz"]["methods"]
    return [f"{RESULTS}/tables/{table}/{method}/{file}" for table in TABLES for method in methods]


def mlz_products(wildcards):
    """Inputs of MLZ for the objects of the sky, where there are any to learn from, and of tables."""
    sky = [f"{RESULTS}/photoz/mlz/objects.inputs"]
    tables = [f"{RESULTS}/tables/{table}/mlz/objects.inputs" for table in TABLES]
    return (sky if LEARNABLE and delivered_fields(wildcards) else []) + tables


def table_files(wildcards):
    """The catalogues of a table: what is learnt from, and what is predicted where it is given."""
    return [path for path in TABLES[wildcards.table][:2] if path]


def shown(stage, bands):
    """An input function for the images of the fields that the report shows."""
    return lambda wildcards: [
        f"{home(field)}/{stage}/{field}-{band}.fits"
        for field in delivered_fields(wildcards)[:SHOWN_FIELDS]
        for band in bands
    ]


def injected_name(wildcards):
    """Name of the field that a file of the injected archive is of."""
    return f"{int(wildcards.run_filled)}-{wildcards.camcol}-{int(wildcards.field_filled)}"


def injected_field(wildcards):
    """What a frame with injected sources is made from."""
    field = injected_name(wildcards)
    return {
        "frame": f"{RESULTS}/frames/{field}-{wildcards.band}.fits",
        "masks": f"{RESULTS}/frames/{field}.masks.fits",
        "sources": f"{RESULTS}/injection/sources/{field}.csv",
        "psf": f"{RESULTS}/injection/psf/{field}.fits",
    }


def injection_tables(wildcards):
    """The user's tables of what to inject."""
    return [path for key in ("galaxies", "points") if (path := config["injection"][key]) != "demo"]


def injected_archive(wildcards):
    """Frames and masks of every field that came, with injected sources."""
    archive = f"{RESULTS}/injection/archive"
    return [
        f"{archive}/{path(config['release'], parse_field(field), band)}"
        for field in delivered_fields(wildcards)
        for band in BANDS
        for path in (frame_path, mask_path)
    ]


def training_products(wildcards):
    """Training images, where the configuration names them or the demo shows them."""
    shown = config["source"] == "demo" and not config["fields"]
    shown = shown and "training_images" in config["demo"]["shows"]
    if not (shown or "training_images" in NAMED):
        return []
    names = ("inputs.npy", "targets.npy", "truth.csv", "settings.json")
    return [f"{RESULTS}/training_images/{name}" for name in names]


def network_products(wildcards):
    """What came of the network, where the configuration names it."""
    names = ("metrics.json", "predictions.npy", "plain.npy", "held_out.csv")
    return [f"{RESULTS}/network/{name}" for name in names if "network" in NAMED]


def training_tables(wildcards):
    """The user's tables that training images are made from."""
    return [path for _, path in tables_of_training(config["training_images"])]


def closing_words(folder):
    """What the run's end says: what was left out, and where to look."""
    lines = []
    delivered = folder / "frames/delivered.csv"
    if delivered.exists():
        missing = read_left_out(delivered).items()
        lines += [f"Left out: field {field}: {reason}" for field, reason in missing]
    lines += [f"Left out: {what}: {reason}" for what, reason in left_out_of_changes(folder)]
    if not METHODS and not ALONE:
        lines.append("No redshift is predicted: detections need a model, photoz.model")
    page = folder / (f"subtraction/{PAIRS[0].pair}/report.html" if ALONE else "report.html")
    lines.append(f"Report: {page.resolve()}" if page.exists() else f"Results: {folder}")
    return "\n".join(lines)


def words_of_failure(logs):
    """What the end of a run that failed says: which jobs failed, of which fields."""
    ending = f"Messages are above, logs under {RESULTS}/logs. The same command goes on from there."
    return "\n".join([*(f"Failed: {job}" for job in failed_jobs(logs)), ending])


workflow.global_resources["downloads"] = config["download"]["parallel"]
if workflow.is_main_process:
    held_lock, alone = release_after_kill(Path(".snakemake"))
    if alone:
        retry_left_out(Path(RESULTS) / "frames")
