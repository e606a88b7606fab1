"""Contradictions of a configuration that a single key does not show, and files that are missing."""

import difflib
import json
from pathlib import Path

from redpix.config.file_paths import injection_tables, path_faults, training_tables
from redpix.config.name_clashes import target_faults
from redpix.config.pairs_table import wrong_properties
from redpix.config.sfd_files import sfd_files
from redpix.io.image_path import is_packet

#: largest number of steps of the redshift grid: a PDF has one value per step
LONGEST_GRID = 10_000

#: allowed values of keys of ``injection`` that name files
_INJECTED = {
    "galaxies": "demo, or the path of a table of galaxies",
    "points": "demo, or the path of a table of points",
    "filters": "filters of speclite, or paths of tables",
}

#: words of `catalogue.from`; any other value is the path of a table
CATALOGUE_SOURCES = ("demo", "skyserver", "detections")


def contradictions(config):
    """Yield a line per contradiction of a configuration that its schema allows.

    Parameters
    ----------
    config : Mapping
        Completed configuration.

    Yields
    ------
    str
        ``key: value: fact; allowed: ...``
    """
    photoz = config["photoz"]
    yield from _area_faults(config["catalogue"]["area"])
    yield from _catalogue_faults(config)
    yield from _shard_faults(config)
    if config["reference_band"] not in config["bands"]:
        yield (
            f"reference_band: {shown(config['reference_band'])} is not one of the bands of this "
            f"run; allowed: one of {', '.join(config['bands'])}"
        )
    sources = config["sources"]
    if sources["detection"] == "band" and sources["detection_image"] != "reference":
        yield (
            f"sources.detection_image: {shown(sources['detection_image'])} with "
            'sources.detection "band", which detects in each band alone; allowed: reference'
        )
    yield from _range_faults(config["training_images"])
    yield from _grid_faults(photoz["grid"])
    yield from _attribute_faults(photoz, config["bands"])
    yield from _map_faults(photoz["som"])
    yield from _absent_files(config)
    yield from path_faults(config)
    yield from target_faults(config["photometry"]["targets"])
    if config["subtraction"]["psf"] == "psfield" and config["source"] == "demo":
        yield (
            'subtraction.psf: "psfield" with source "demo", which does not have psField files; '
            "allowed: psfex"
        )
    for section in ("science", "reference"):
        for why in wrong_properties(
            config["subtraction"][section], lambda path: Path(path).is_file()
        ):
            yield f"subtraction.{section}.{why}"
    for key, other in (("science", "reference"), ("reference", "science")):
        both = key == "science" and config[key] is not None and is_packet(config[key])
        if config[key] is not None and config[other] is None and not both:
            yield f"{other}: null with a {key}; allowed: the path of a FITS image"


def too_many_neighbours(config, training_objects):
    """Yield a line if `photoz.k` is larger than the training set.

    Parameters
    ----------
    config : Mapping
        Completed configuration.
    training_objects : int or None
        Largest possible number of training objects; None if it is not known.

    Yields
    ------
    str
        ``key: value: fact; allowed: ...``
    """
    k = config["photoz"]["k"]
    if training_objects is not None and k is not None and k > training_objects:
        yield (
            f"photoz.k: {k} is larger than the training set; allowed: a whole "
            f"number from 1 to {training_objects}, the largest possible number of its objects"
        )


def shown(value):
    """Return a value of the configuration as JSON of at most 80 characters.

    Parameters
    ----------
    value : object
        Any value that YAML can have.

    Returns
    -------
    str
    """
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _area_faults(area):
    """Yield a line per axis of the region whose edges are not in order."""
    for axis, advice in (
        ("ra", "a region across RA 0 is two runs, such as [359, 360] and [0, 1]"),
        ("dec", "southern edge first"),
    ):
        low, high = area[axis]
        if low >= high:
            yield (
                f"catalogue.area.{axis}: {shown([low, high])} is not in order; allowed: "
                f"[smallest, largest] in degrees ({advice})"
            )


def _catalogue_faults(config):
    """Yield a line if the catalogue's origin does not exist or does not suit the source."""
    origin, source = config["catalogue"]["from"], config["source"]
    if origin not in CATALOGUE_SOURCES and not Path(origin).is_file():
        near = difflib.get_close_matches(origin, CATALOGUE_SOURCES, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        yield (
            f"catalogue.from: {shown(origin)}: the file does not exist{hint}; allowed: "
            f"{', '.join(CATALOGUE_SOURCES)}, or the path of a table"
        )
    maps = config["catalogue"]["sfd_maps"]
    if maps is not None and not sfd_files(maps):
        yield (
            f"catalogue.sfd_maps: {shown(maps)}: the folder has no map; allowed: null, or a folder "
            "with SFD_dust_4096_ngp.fits and SFD_dust_4096_sgp.fits"
        )
    if origin == "demo" and source != "demo":
        yield (
            f'catalogue.from: "demo" has only the objects of the demo sky, and source is '
            f"{shown(source)}; allowed: skyserver, detections, or the path of a table"
        )
    if config["frames"] is not None:
        return  # it has its own fields
    if origin == "skyserver" and source == "demo":
        yield (
            'catalogue.from: "skyserver" does not have the objects of the demo sky, and source is '
            '"demo"; allowed: demo, detections, or the path of a table'
        )
    if origin == "detections" and config["fields"] is None:
        yield (
            'fields: null with catalogue.from "detections", which needs the fields to detect in; '
            "allowed: a list of fields, such as [2820-3-122]"
        )


def _shard_faults(config):
    """Yield a line if shard and gather contradict, or if the folder of the shards is missing."""
    shard, gather = config["shard"], config["gather"]
    if shard is not None and gather is not None:
        yield (
            f"shard: {shown(shard)} with gather: a run makes a shard or gathers shards; allowed: "
            "one of the two"
        )
    if gather is not None and not Path(gather).is_dir():
        yield (
            f"gather: {shown(gather)}: the folder does not exist; allowed: null, or the folder "
            "with the results of the shards"
        )


def _attribute_faults(photoz, bands):
    """Yield a line per list of attributes that the bands cannot give, or that has one twice."""
    if photoz["attributes"] == ["colours"] and len(bands) == 1:
        yield (
            f"photoz.attributes: {shown(photoz['attributes'])}: a colour needs two bands; "
            "allowed: magnitudes, or more bands"
        )
    for key in ("attributes", "table_attributes"):
        if {"magnitudes", "brightness"} <= set(photoz[key]):
            yield (
                f"photoz.{key}: {shown(photoz[key])}: brightness is one of the magnitudes; "
                "allowed: only one of the two"
            )


def _absent_files(config):
    """Yield a line per file of the configuration that does not exist."""
    photoz = config["photoz"]
    paths = {
        "frames": (config["frames"], "null, or the path of a TSV of images by field and band"),
        "pairs": (config["pairs"], "null, or the path of a TSV of pairs"),
        "stacks": (config["stacks"], "null, or the path of a TSV of stacks"),
        "photoz.tables": (
            photoz["tables"],
            "null, or the path of a TSV with the columns name, train or model, test",
        ),
        "photoz.model": (photoz["model"], "null, or the path of a model.npz of another run"),
        "subtraction.marks": (
            config["subtraction"]["marks"],
            "null, or the path of a table of marks, as the report saves it",
        ),
    }
    for path in config["subtraction"]["identify"]["lists"]:
        if not Path(path).is_file():
            yield (
                f"subtraction.identify.lists: {shown(path)}: the file does not exist; allowed: a "
                "list of paths of tables"
            )
    for key, (path, allowed) in paths.items():
        if path is not None and not Path(path).is_file():
            yield f"{key}: {shown(path)}: the file does not exist; allowed: {allowed}"
    for key, path in injection_tables(config["injection"]):
        if not Path(path).is_file():
            allowed = _INJECTED[key]
            yield f"injection.{key}: {shown(path)}: the file does not exist; allowed: {allowed}"
    for key, path in training_tables(config["training_images"]):
        if not Path(path).is_file():
            yield (
                f"training_images.{key}: {shown(path)}: the file does not exist; allowed: the "
                "path of a table"
            )


def _range_faults(training):
    """Yield a line per range of the training images whose ends are not in order."""
    for key in ("z_in", "z_out", "magnitude", "radius", "sersic", "axis_ratio"):
        low, high = training[key]
        if low > high:
            yield (
                f"training_images.{key}: {shown([low, high])} is not in order; allowed: "
                "[smallest, largest]"
            )


def _map_faults(som):
    """Yield a line if the size of a self-organising map does not suit its topology."""
    size, spherical = som["size"], som["topology"] == "spherical"
    if size is not None and (size & (size - 1) if spherical else size < 2):
        allowed = "1, 2, 4, 8, 16, 32 or 64" if spherical else "2 to 64"
        yield (
            f"photoz.som.size: {size} with photoz.som.topology {som['topology']}; allowed: "
            f"{allowed}, or null"
        )


def _grid_faults(grid):
    """Yield a line if a redshift grid does not consist of whole steps, or of too many."""
    if grid == "auto":
        return
    low, high, step = grid
    if not 0 < step <= high - low:
        yield (
            f"photoz.grid: {shown(grid)} is not a grid; allowed: [smallest, largest, step] with "
            "smallest below largest and step above 0 and not above their difference"
        )
        return
    cells = (high - low) / step
    if cells < 2 or abs(cells - round(cells)) > 1e-6 or cells > LONGEST_GRID:
        yield (
            f"photoz.grid: {shown(grid)} is not a grid; allowed: a whole number of steps from "
            f"smallest to largest, 2 to {LONGEST_GRID}"
        )
