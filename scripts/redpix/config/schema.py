"""The configuration: completed with its defaults, refused with a line for each thing wrong."""

import difflib
import json
import math
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from redpix.core.exceptions import InputError

#: most steps of the redshift grid: a PDF has a number for each
LONGEST_GRID = 10_000

#: words of `catalogue.from`; anything else there is the path of a CSV
CATALOGUE_SOURCES = ("demo", "skyserver", "detections")


def validated(config, schema, training_objects=None):
    """Configuration with every default filled in, or one line for each thing wrong with it.

    Numbers come out in their type (a whole number given as 5.0 is 5, a float given as 1 is 1.0),
    so that the same value written in two ways is the same parameter. Text that stands where a
    number, a list, true, false or null is wanted is read as JSON: ``snakemake --config
    'photoz={"k": 5}'`` delivers the 5 as text.

    Parameters
    ----------
    config : Mapping
        What the user gave; it is not changed.
    schema : Mapping
        JSON schema (draft 2020-12) of the configuration, with defaults.
    training_objects : int or callable, optional
        Most objects that training can have, where that is known before anything runs; a callable
        is given the completed configuration and returns this number, or None where not known.

    Returns
    -------
    dict
        All keys of the schema, in its order.

    Raises
    ------
    InputError
        A line for each thing wrong: key, value, what is allowed.
    """
    full = _completed(config, schema)
    errors = sorted(_Validator(schema).iter_errors(full), key=lambda error: _key(error.path))
    problems = list(dict.fromkeys(line for error in errors for line in _explained(error, schema)))
    if not problems:
        bound = training_objects(full) if callable(training_objects) else training_objects
        problems = [*_contradictions(full), *_too_many_neighbours(full, bound)]
    if problems:
        raise InputError("\n".join(problems))
    return full


def keys(schema, parent=""):
    """Dotted name and schema of every key that holds a value, as in ``photoz.k``."""
    for name, node in schema["properties"].items():
        if node.get("type") == "object":
            yield from keys(node, f"{parent}{name}.")
        else:
            yield f"{parent}{name}", node


def _whole(_, value):
    return isinstance(value, int) and not isinstance(value, bool)


def _finite(_, value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(_, value):
    # a line break would pass a pattern that ends in $
    return isinstance(value, str) and value.isprintable()


_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _whole, "number": _finite, "string": _text}
    ),
)


def _completed(value, schema):
    """`value` with the defaults of `schema` below it, its texts and numbers in their type."""
    if isinstance(value, dict) and "properties" in schema:
        full = {}
        for name, node in schema["properties"].items():
            if name in value:
                full[name] = _completed(value[name], node)
            elif "default" in node:
                full[name] = _completed(node["default"], node)
        return full | {name: rest for name, rest in value.items() if name not in full}
    value = _typed(value, _types(schema))
    if isinstance(value, list):
        return [_completed(item, schema.get("items", {})) for item in value]
    return value


def _types(schema):
    types = schema.get("type", "string")
    return [types] if isinstance(types, str) else types


def _is_other(text, types):
    if "string" not in types or (text == "null" and "null" in types):
        return True
    try:
        return "number" in types and math.isfinite(float(text))
    except ValueError:
        return False


def _typed(value, types):
    if isinstance(value, str) and _is_other(value, types):
        try:
            value = json.loads(value if value.startswith(("[", "{")) else value.lower())
        except ValueError:
            return value
    if isinstance(value, float) and "integer" in types and value.is_integer():
        return int(value)
    # larger integers may have no float of their own
    if _whole(None, value) and "number" in types and abs(value) < 2**53:
        return float(value)
    return value


def _key(path):
    """Dotted key of a place in the configuration; an item of a list goes by the list's key."""
    return ".".join(str(part) for part in path if not isinstance(part, int))


def _shown(value):
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _explained(error, schema):
    """Lines for one error of the schema's validator."""
    key, value, node = _key(error.path), error.instance, error.schema
    if error.validator == "additionalProperties":
        unknown = [name for name in value if name not in node["properties"]]
        return [_unknown_key(key, name, value[name], node, schema) for name in unknown]
    if error.validator == "required":
        absent = [name for name in error.validator_value if name not in value]
        return [f"{n}: missing; allowed: {_allowed(node['properties'][n])}" for n in absent]
    fact = ""
    if error.validator == "uniqueItems":
        fact = " names something twice"
    elif _types(node) == ["null"]:
        fact = f": this version has no {node['description']}"
    elif _types(node) == ["string"] and not isinstance(value, str) and "enum" not in node:
        fact = " is not text (put it in quotes)"
    return [f"{key}: {_shown(value)}{fact}; allowed: {_allowed(node)}"]


def _unknown_key(parent, name, value, node, schema):
    path = f"{parent}.{name}" if parent else str(name)
    where = f" in {parent}" if parent else ""
    # a key of another group, or one written with its dots
    meant = [known for known, _ in keys(schema) if str(name) in (known, known.rpartition(".")[2])]
    near = difflib.get_close_matches(str(name), node["properties"], n=1)
    meant += [f"{parent}.{match}" if parent else match for match in near]
    hint = f" (did you mean {_nested(meant[0])}?)" if meant else ""
    names = ", ".join(node["properties"])
    return f"{path}: unknown key, value {_shown(value)}{hint}; allowed{where}: {names}"


def _nested(key):
    """A dotted key as one writes it in YAML: ``photoz: {k: ...}``."""
    *parents, name = key.split(".")
    text = f"{name}: ..." if parents else name
    for parent in reversed(parents):
        text = f"{parent}: {{{text}}}"
    return text


def _allowed(node):
    """What a key takes, in words."""
    if "enum" in node:
        return f"one of {', '.join(node['enum'])}"
    types = _types(node)
    words = {
        "object": lambda: f"keys and values of {', '.join(node['properties'])}",
        "array": lambda: _allowed_list(node),
        "string": lambda: node["allowed"] if "allowed" in node else node["description"],
        "integer": lambda: f"a whole number{_range(node)}",
        "number": lambda: f"a number{_range(node)}",
        "boolean": lambda: "true or false",
        "null": lambda: "null",
    }
    return " or ".join(words[name]() for name in types)


def _allowed_list(node):
    least, most = node.get("minItems", 0), node.get("maxItems")
    count = f" of {most}" if most == least else f" of {least} or more" if least else ""
    distinct = "no two the same, " if node.get("uniqueItems") else ""
    return f"a list{count}, {distinct}each {_allowed(node['items'])}"


def _range(node):
    bounds = [
        ("minimum", "not below"),
        ("exclusiveMinimum", "above"),
        ("maximum", "not above"),
        ("exclusiveMaximum", "below"),
    ]
    words = [f"{word} {node[name]}" for name, word in bounds if name in node]
    return f" {' and '.join(words)}" if words else ""


def _contradictions(config):
    """What no single key shows: values that do not go together, files that are not there."""
    catalogue, photoz = config["catalogue"], config["photoz"]
    for axis, advice in (
        ("ra", "a region across RA 0 is two runs, such as [359, 360] and [0, 1]"),
        ("dec", "southern edge first"),
    ):
        low, high = catalogue["area"][axis]
        if low >= high:
            yield (
                f"catalogue.area.{axis}: {_shown([low, high])} is not in order; allowed: "
                f"[smallest, largest] in degrees ({advice})"
            )
    origin = catalogue["from"]
    if origin not in CATALOGUE_SOURCES and not Path(origin).is_file():
        near = difflib.get_close_matches(origin, CATALOGUE_SOURCES, n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        yield (
            f"catalogue.from: {_shown(origin)}: there is no such file{hint}; allowed: "
            f"{', '.join(CATALOGUE_SOURCES)}, or the path of a CSV"
        )
    if origin == "demo" and config["source"] != "demo":
        yield (
            f'catalogue.from: "demo" knows only the objects of the demo sky, and source is '
            f"{_shown(config['source'])}; allowed: skyserver, detections, or the path of a CSV"
        )
    if origin == "skyserver" and config["source"] == "demo":
        yield (
            'catalogue.from: "skyserver" has no objects of the demo sky, and source is "demo"; '
            "allowed: demo, detections, or the path of a CSV"
        )
    if origin == "detections" and config["fields"] is None:
        yield (
            'fields: null with catalogue.from "detections" names no field to detect in; '
            "allowed: a list of fields, such as [2820-3-122]"
        )
    if config["shard"] is not None and config["gather"] is not None:
        yield (
            f"shard: {_shown(config['shard'])} with gather: a shard is worked, or shards are "
            "gathered; allowed: one of the two"
        )
    if config["gather"] is not None and not Path(config["gather"]).is_dir():
        yield (
            f"gather: {_shown(config['gather'])}: there is no such folder; allowed: null, or the "
            "folder in which the shards were worked"
        )
    if config["reference_band"] not in config["bands"]:
        yield (
            f"reference_band: {_shown(config['reference_band'])} is none of the bands of this "
            f"run; allowed: one of {', '.join(config['bands'])}"
        )
    yield from _range_flaws(config["training_images"])
    yield from _grid_flaws(photoz["grid"])
    if photoz["attributes"] == ["colours"] and len(config["bands"]) == 1:
        yield (
            f"photoz.attributes: {_shown(photoz['attributes'])}: one band has no colour; "
            "allowed: magnitudes, or more bands"
        )
    for key in ("attributes", "table_attributes"):
        if {"magnitudes", "brightness"} <= set(photoz[key]):
            yield (
                f"photoz.{key}: {_shown(photoz[key])}: brightness is one of the magnitudes; "
                "allowed: only one of the two"
            )
    yield from _map_flaws(photoz["som"])
    yield from _absent_files(config)
    if config["subtraction"]["psf"] == "psfield" and config["source"] == "demo":
        yield (
            'subtraction.psf: "psfield" with source "demo", which has no such files; allowed: psfex'
        )
    for key, other in (("science", "reference"), ("reference", "science")):
        if config[key] is not None and config[other] is None:
            yield f"{other}: null with a {key}; allowed: the path of a FITS image"


def _absent_files(config):
    """Files that the configuration names and that are not there."""
    photoz = config["photoz"]
    named = {
        "pairs": (config["pairs"], "null, or the path of a TSV of pairs"),
        "stacks": (config["stacks"], "null, or the path of a TSV of stacks"),
        "photoz.tables": (
            photoz["tables"],
            "null, or the path of a TSV with the columns name, train, test",
        ),
        "photoz.model": (photoz["model"], "null, or the path of a model.npz of another run"),
    }
    for key in ("galaxies", "points"):
        path = config["injection"][key]
        if path != "demo":
            named[f"injection.{key}"] = (path, f"demo, or the path of a CSV of {key}")
    for key, (path, allowed) in named.items():
        if path is not None and not Path(path).is_file():
            yield f"{key}: {_shown(path)}: there is no such file; allowed: {allowed}"
    for key, path in training_tables(config["training_images"]):
        if not Path(path).is_file():
            yield (
                f"training_images.{key}: {_shown(path)}: there is no such file; allowed: the path "
                "of a CSV"
            )


def training_tables(training):
    """Key and path of every table that training images are made from."""
    if training["table"] is not None:
        yield "table", training["table"]
    for key in ("cosmology", "bands", "spectra"):
        names = [training[key]] if isinstance(training[key], str) else training[key]
        yield from ((key, name) for name in names if name.endswith(".csv"))


def _range_flaws(training):
    """Ranges of training images whose ends are not in order."""
    for key in ("z_in", "z_out", "magnitude", "radius", "sersic", "axis_ratio"):
        low, high = training[key]
        if low > high:
            yield (
                f"training_images.{key}: {_shown([low, high])} is not in order; allowed: "
                "[smallest, largest]"
            )


def _map_flaws(som):
    """What is wrong with the size of a self-organising map."""
    size, spherical = som["size"], som["topology"] == "spherical"
    if size is not None and (size & (size - 1) if spherical else size < 2):
        allowed = "1, 2, 4, 8, 16, 32 or 64" if spherical else "2 to 64"
        yield (
            f"photoz.som.size: {size} with photoz.som.topology {som['topology']}; allowed: "
            f"{allowed}, or null"
        )


def _grid_flaws(grid):
    """What is wrong with a redshift grid."""
    low, high, step = grid
    if not 0 < step <= high - low:
        yield (
            f"photoz.grid: {_shown(grid)} is no grid; allowed: [smallest, largest, step] with "
            "smallest below largest and step above 0 and not above their difference"
        )
        return
    cells = (high - low) / step
    if cells < 2 or abs(cells - round(cells)) > 1e-6 or cells > LONGEST_GRID:
        yield (
            f"photoz.grid: {_shown(grid)} is no grid; allowed: a whole number of steps from "
            f"smallest to largest, 2 to {LONGEST_GRID}"
        )


def _too_many_neighbours(config, training_objects):
    k = config["photoz"]["k"]
    if training_objects is not None and k is not None and k > training_objects:
        yield (
            f"photoz.k: {k} is larger than the training set; allowed: a whole "
            f"number from 1 to {training_objects}, the most objects that it can have"
        )
