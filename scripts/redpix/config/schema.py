"""Complete a configuration with its defaults, and check it with one line per fault."""

import difflib
import json
import math

from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from redpix.config.contradictions import contradictions, shown, too_many_neighbours
from redpix.core.exceptions import InputError

#: maximum numbers of values and of nested levels below one key
MOST_PARTS, MOST_LEVELS = 1_000_000, 32


def validated(config, schema, training_objects=None):
    """Return a configuration with all defaults, or raise an error with one line per fault.

    Numbers get the type of their key: a whole number given as 5.0 becomes 5, a float given as 1
    becomes 1.0. The same value written in two ways is therefore the same parameter. Text is read
    as JSON if the key takes a number, a list, true, false or null: ``snakemake --config
    'photoz={"k": 5}'`` gives the 5 as text.

    Parameters
    ----------
    config : Mapping
        Configuration of the user; it is not changed.
    schema : Mapping
        JSON schema (draft 2020-12) of the configuration, with defaults.
    training_objects : int or callable, optional
        Largest possible number of training objects, if it is known before the run. A callable
        takes the completed configuration and returns this number, or None.

    Returns
    -------
    dict
        All keys of the schema, in its order.

    Raises
    ------
    InputError
        One line per fault: key, value, what is allowed.
    """
    for key, value in config.items():
        _check_extent(key, value)
    full = _completed(config, schema)
    errors = sorted(_Validator(schema).iter_errors(full), key=lambda error: _key(error.path))
    problems = list(dict.fromkeys(line for error in errors for line in _explained(error, schema)))
    if not problems:
        bound = training_objects(full) if callable(training_objects) else training_objects
        problems = [*contradictions(full), *too_many_neighbours(full, bound)]
    if problems:
        raise InputError("\n".join(problems))
    return full


def _check_extent(key, value):
    """Refuse a value of more parts or levels than a configuration needs.

    In YAML, a few lines can name the same list millions of times, or put a list into itself.
    """
    count, waiting = 0, [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        count += 1
        if count > MOST_PARTS or depth > MOST_LEVELS:
            raise InputError(
                f"{key}: more than {MOST_PARTS} parts or {MOST_LEVELS} levels; allowed: fewer"
            )
        if isinstance(part, dict | list):
            inner = part.values() if isinstance(part, dict) else part
            waiting += [(one, depth + 1) for one in inner]


def keys(schema, parent=""):
    """Yield dotted name and schema of every key that holds a value.

    Parameters
    ----------
    schema : Mapping
        JSON schema of the configuration.
    parent : str
        Dotted name of the section, with a dot at its end.

    Yields
    ------
    name : str
        Such as ``photoz.k``.
    node : Mapping
        Schema of the key.
    """
    for name, node in schema["properties"].items():
        if node.get("type") == "object":
            yield from keys(node, f"{parent}{name}.")
        else:
            yield f"{parent}{name}", node


def _whole(_, value):
    """Return whether a value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _finite(_, value):
    """Return whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(_, value):
    """Return whether a value is text on one line."""
    # a line break passes a pattern that ends in $
    return isinstance(value, str) and value.isprintable()


_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": _whole, "number": _finite, "string": _text}
    ),
)


def _completed(value, schema):
    """Return a value with the defaults of its schema, its texts and numbers in their type."""
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
        first, rest = schema.get("prefixItems", []), schema.get("items", {})
        nodes = [*first, *[rest] * (len(value) - len(first))]
        return [_completed(item, node) for item, node in zip(value, nodes, strict=False)]
    return value


def _types(schema):
    """Return the list of types of a key."""
    types = schema.get("type", "string")
    return [types] if isinstance(types, str) else types


def _is_other(text, types):
    """Return whether text stands for a value of another type."""
    if "string" not in types or (text == "null" and "null" in types):
        return True
    if "array" in types and text.startswith("["):
        return True
    try:
        return "number" in types and math.isfinite(float(text))
    except ValueError:
        return False


def _typed(value, types):
    """Return a value in the type of its key."""
    if isinstance(value, str) and _is_other(value, types):
        try:
            value = json.loads(value if value.startswith(("[", "{")) else value.lower())
        except ValueError:
            return value
    if isinstance(value, float) and "integer" in types and value.is_integer():
        return int(value)
    # larger whole numbers lose digits as a float
    if _whole(None, value) and "number" in types and abs(value) < 2**53:
        return float(value)
    return value


def _key(path):
    """Return the dotted key of a place in the configuration; for an item, the key of its list."""
    return ".".join(str(part) for part in path if not isinstance(part, int))


def _explained(error, schema):
    """Return the lines for one error of the schema's validator."""
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
    return [f"{key}: {shown(value)}{fact}; allowed: {_allowed(node)}"]


def _unknown_key(parent, name, value, node, schema):
    """Return the line for a key that the schema does not have."""
    path = f"{parent}.{name}" if parent else str(name)
    where = f" in {parent}" if parent else ""
    # a key of another section, or a key written with its dots
    meant = [key for key, _ in keys(schema) if str(name) in (key, key.rpartition(".")[2])]
    near = difflib.get_close_matches(str(name), node["properties"], n=1)
    meant += [f"{parent}.{match}" if parent else match for match in near]
    hint = f" (did you mean {_nested(meant[0])}?)" if meant else ""
    names = ", ".join(node["properties"])
    return f"{path}: unknown key, value {shown(value)}{hint}; allowed{where}: {names}"


def _nested(key):
    """Return a dotted key as YAML: ``photoz: {k: ...}``."""
    *parents, name = key.split(".")
    text = f"{name}: ..." if parents else name
    for parent in reversed(parents):
        text = f"{parent}: {{{text}}}"
    return text


def _allowed(node):
    """Return the allowed values of a key in words."""
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
    """Return the allowed lists of a key in words."""
    least, most = node.get("minItems", 0), node.get("maxItems")
    count = f" of {most}" if most == least else f" of {least} or more" if least else ""
    distinct = "no two the same, " if node.get("uniqueItems") else ""
    return f"a list{count}, {distinct}each {_allowed(node['items'])}"


def _range(node):
    """Return the limits of a number in words."""
    bounds = [
        ("minimum", "not below"),
        ("exclusiveMinimum", "above"),
        ("maximum", "not above"),
        ("exclusiveMaximum", "below"),
    ]
    words = [f"{word} {node[name]}" for name, word in bounds if name in node]
    return f" {' and '.join(words)}" if words else ""
