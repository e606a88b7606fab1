"""Settings of a run that follow from its configuration: checks against data, learners, tables."""

from pathlib import Path

import yaml

from redpix.config.contradictions import CATALOGUE_SOURCES
from redpix.config.schema import validated
from redpix.core.exceptions import InputError
from redpix.io.tables import read_table

# the loader in C is ten times as fast
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_schema(path):
    """Return the JSON schema in a YAML file.

    Parameters
    ----------
    path : Path
        Path of the file.

    Returns
    -------
    dict
    """
    with open(path, encoding="utf-8") as file:
        return _Loader(file).get_single_data()


def completed(config, schema, demo_epochs, count_objects=True, frames=None):
    """Return the configuration with its defaults.

    Parameters
    ----------
    config : Mapping
        Keys that the user set.
    schema : Mapping
        JSON schema of the configuration.
    demo_epochs : dict of str to int
        Epoch of each field of the demo sky; objects to learn from lie in those of epoch 1.
    count_objects : bool
        Whether a k of the user is compared with the number of training objects, for which a
        catalogue is read.
    frames : redpix.config.frames_table.FramesTable, optional
        The table that the key ``frames`` names. Its bands and fields replace those of the survey.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        One line per fault.
    """
    if frames is not None:
        config, schema = for_frames(config, schema, frames)
    # k is checked against the training set only if the user set k
    photoz = config.get("photoz")
    check_k = count_objects and isinstance(photoz, dict) and "k" in photoz

    def bound(full):
        return largest_training_set(full, list(demo_epochs.values()).count(1))

    full = validated(config, schema, bound if check_k else None)
    foreign = [field for field in full["fields"] or [] if field not in demo_epochs]
    if full["night"] is not None and full["images"] is not None:
        raise InputError(
            f"night: {full['night']} with images: {full['images']}; allowed: one of them, the "
            "other null"
        )
    if frames is not None:
        return {**full, "source": "frames"}
    if full["source"] == "demo" and foreign:
        raise InputError(
            f"fields: {foreign[0]} is not a field of the demo sky; allowed with source demo: "
            + ", ".join(demo_epochs)
        )
    return full


def for_frames(config, schema, frames):
    """Return a configuration and its schema for the bands and fields of a table of images.

    Parameters
    ----------
    config : Mapping
        Keys that the user set.
    schema : dict
        JSON schema of the configuration.
    frames : redpix.config.frames_table.FramesTable
        The table.

    Returns
    -------
    config, schema : dict
        Objects are detections unless the user names another origin. The reference band is r if the
        table has it, else the middle band.

    Raises
    ------
    InputError
        If a key contradicts the table.
    """
    bands = list(frames.bands)
    keys = dict(schema["properties"])
    chosen = config.get("bands", bands)
    listed = [band for band in bands if isinstance(chosen, list) and band in chosen] or bands
    middle = "r" if "r" in listed else listed[len(listed) // 2]
    keys["bands"] = {**keys["bands"], "items": {"enum": bands}, "default": bands, "minItems": 2}
    keys["reference_band"] = {**keys["reference_band"], "enum": bands, "default": middle}
    keys["fields"] = {**keys["fields"], "items": {"enum": list(frames.fields)}}
    for key in ("shard", "gather"):
        if config.get(key) is not None:
            raise InputError(f"{key}: {config[key]} with frames; allowed with frames: null")
    catalogue = config.get("catalogue") or {}
    if isinstance(catalogue, dict) and catalogue.get("from", "demo") == "demo":
        catalogue = {**catalogue, "from": "detections"}
    return {**config, "catalogue": catalogue}, {**schema, "properties": keys}


def largest_training_set(config, demo_fields):
    """Return the largest number of training objects, or None if it is unknown before the run.

    Parameters
    ----------
    config : dict
        The completed configuration.
    demo_fields : int
        Number of fields of the demo sky that hold objects to learn from.

    Returns
    -------
    int or None
    """
    if config["photoz"]["model"] is not None:
        return None
    origin = config["catalogue"]["from"]
    if origin == "demo":
        objects = config["demo"]["galaxies"] * demo_fields
    elif origin in CATALOGUE_SOURCES or not Path(origin).is_file():
        return None
    else:
        objects = len(read_table(origin, keep_ragged=True, allow_empty=True))
    return int(objects * (1 - config["photoz"]["test_fraction"]))


def learner_settings(config, method):
    """Return the settings of a learner of photometric redshifts.

    Parameters
    ----------
    config : dict
        The completed configuration.
    method : str
        Name of the learner.

    Returns
    -------
    dict
        An ensemble has those of its members under ``members``.
    """
    photoz, seed = config["photoz"], {"seed": config["seed"]}
    if method == "ensemble":
        members = photoz["ensemble"]["members"]
        return {"members": {name: learner_settings(config, name) for name in members}}
    if method in ("mlp", "boosting"):  # old names that mdn goes by
        networks = photoz[method].get("networks") or photoz["mdn"]["networks"]
        return {**photoz["mdn"], **seed, "networks": networks, "arrays": config["arrays"]}
    settings = {**photoz[method], **(seed if method != "knn" else {})}
    if method == "mdn":
        settings["arrays"] = config["arrays"]
    if method == "knn":
        settings["k"] = photoz["k"]
    if method == "knn" and settings["index"] == "auto" and config["arrays"] != "numpy":
        settings["index"] = config["arrays"]
    return settings


def calibration_settings(config):
    """Return the settings of the calibration of CCD images.

    Parameters
    ----------
    config : dict
        The completed configuration.

    Returns
    -------
    dict
        Mode ``simple`` does not search for cosmic rays.
    """
    photometry = config["photometry"]
    settings = {key: photometry[key] for key in ("flat", "scale_dark", "background_mesh")}
    if config["night"] is not None:  # masters have median 1; a hot pixel must not scale them
        settings["flat"] = "median"
    settings["camera"] = config["exposures"]
    settings["cosmic_rays"] = photometry["cosmic_rays"] and photometry["mode"] == "full"
    return settings


def table_of_run(key, config, folder, read, with_demo=True):
    """Return the rows of the table that a key names.

    A run of the whole demo sky has tables of its own where the key is null.

    Parameters
    ----------
    key : {"pairs", "stacks", "images"}
        Key of the configuration.
    config : dict
        The completed configuration.
    folder : Path
        Folder of redpix, which holds schemas and the demo's tables.
    read : callable
        ``read(path, schema, bands, of_demo)`` returns rows.
    with_demo : bool
        Whether the demo's own table stands in for a key that is null.

    Returns
    -------
    list

    Raises
    ------
    InputError
        One line per fault of the table, beginning with the key.
    """
    schema = read_schema(folder / f"workflow/schemas/{key}.schema.yaml")
    try:
        if config[key] is not None:
            return read(config[key], schema, config["bands"], False)
        shown = with_demo and key in config["demo"]["shows"]
        if config["source"] != "demo" or config["fields"] or not shown:
            return []
        rows = read(folder / f"resources/demo/{key}.tsv", schema, "ugriz", True)
    except InputError as error:
        lines = str(error).splitlines()
        raise InputError("\n".join(f"{key}: {line}" for line in lines)) from None
    return [row for row in rows if getattr(row, "band", config["bands"][0]) in config["bands"]]
