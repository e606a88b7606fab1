"""Configuration, plan of the run, path patterns and input functions that several stages share."""

import functools
import os
import re
import sys
from pathlib import Path

# of this file: another workflow may use redpix as a module
ROOT = Path(workflow.current_basedir).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from redpix.config import run_settings
from redpix.config.exposure_plan import ExposurePlan
from redpix.config.file_paths import check_folder
from redpix.config.frames_table import read_frames_table
from redpix.config.given_cameras import camera_of_stack, cameras_of_pair
from redpix.config.photoz_tables import read_listing
from redpix.config.run_input import read_run_input
from redpix.config.sfd_files import sfd_files
from redpix.core.code_versions import code_version
from redpix.core.environments import IMAGES_ENVIRONMENT
from redpix.core.exceptions import refusals
from redpix.core.field_name import FIELD_PATTERN, parse_field
from redpix.core.job_resources import keep_signature, memory, minutes
from redpix.core.report_products import shown_in_report
from redpix.core.run_summary import read_delivered, read_left_out
from redpix.core.snakemake_fixes import fix_snakemake
from redpix.demo import fields as demo
from redpix.io.image_path import image_file
from redpix.sdss.frames import frame_path, mask_path

fix_snakemake()

with refusals(""):
    check_folder("folder of redpix", ROOT)

# the code is read once for all jobs of a script
version_of = functools.cache(code_version)

# keys that the user set, with their values
GIVEN = dict(config)

with refusals("configuration: "):
    schema = run_settings.read_schema(ROOT / "workflow/schemas/config.schema.yaml")
    # images of any survey by field and band, or None for frames of SDSS
    FRAMES = None
    if config.get("frames") is not None:
        row = run_settings.read_schema(ROOT / "workflow/schemas/frames.schema.yaml")
        FRAMES = read_frames_table(config["frames"], row)
    # jobs read the configuration again: the run itself has counted the catalogue's objects
    config = run_settings.completed(
        config,
        schema,
        {field.name: field.epoch for field in demo.FIELDS},
        count_objects=workflow.is_main_process,
        frames=FRAMES,
    )
    TABLES = read_listing(config["photoz"]["tables"])

RESULTS = f"results/{config['name']}"
if FRAMES is not None:
    FRAMES = FRAMES.only(config["bands"])
BANDS = config["bands"] if FRAMES is None else list(FRAMES.bands)
REFERENCE = config["reference_band"]
SHOWN_FIELDS = 12 if config["keep_images"] else 0  # with pictures in the report

# detections have no redshift to learn from: they are predicted by a model trained elsewhere
LEARNABLE = config["catalogue"]["from"] != "detections" or config["photoz"]["model"] is not None
METHODS = config["photoz"]["methods"] if LEARNABLE else []


with refusals(""):
    INPUT = read_run_input(config, GIVEN, ROOT, RESULTS, by_frames=FRAMES is not None)
    PLAN = ExposurePlan(
        INPUT.pairs,
        INPUT.stacks,
        RESULTS,
        survey_psf=config["subtraction"]["psf"] == "psfield",
    )

OWN = INPUT.own  # the user brings all input: no field of a sky is needed
WHOLE_DEMO = config["source"] == "demo" and not config["fields"] and not OWN


def any_of(names):
    """Return the pattern of a wildcard that is one of the names in a user's table."""
    return "|".join(map(re.escape, names)) or "none"


wildcard_constraints:
    field=FIELD_PATTERN if FRAMES is None else any_of(FRAMES.fields),
    band="[ugriz]",


def cards():
    """Return the number of graphics cards of a job whose arrays may lie on one."""
    return int(config["arrays"] != "numpy")


def own_file(path):
    """Return the path of a file of redpix: relative where both move as one, else absolute."""
    whole = ROOT / path
    return os.path.relpath(whole) if Path.cwd().is_relative_to(ROOT) else str(whole)


def resource(path):
    """Return the path of a settings file."""
    return own_file(f"resources/{path}")


def code_of(door):
    """Return a function that gives the version of the code of a door, `scripts/<door>.py`."""
    return keep_signature(lambda wildcards: version_of(door))


def per_band(stage, suffix=".fits", bands=BANDS):
    """Return the paths of a field's files of one stage, one per band."""
    return [f"{RESULTS}/{stage}/{{field}}-{band}{suffix}" for band in bands]


def home(field):
    """Return the results folder of a field: that of this run, or of the shard that is gathered."""
    if config["gather"] is None:
        return RESULTS
    place = parse_field(field)
    return f"{config['gather']}/{place.run}-{place.camcol}/{RESULTS}"


def image_home(field):
    """Return the results folder of a field's images; some shards do not keep them."""
    return home(field) if config["keep_images"] else RESULTS


def kept(paths):
    """Return the images of a field, temporary if the configuration does not keep images."""
    return paths if config["keep_images"] else [temp(path) for path in paths]


def delivered_fields(wildcards):
    """Return the names of the fields whose frames were all delivered and are sound."""
    with refusals(""):
        return read_delivered(checkpoints.delivered.get().output[0])


def not_delivered(wildcards=None):
    """Return the reason for each field of a pair or stack that was not delivered."""
    with refusals(""):
        return read_left_out(checkpoints.exposures.get().output[0]) if PLAN.fields else {}
