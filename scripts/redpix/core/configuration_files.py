"""Check configuration files before Snakemake reads them.

Snakemake ends with a traceback where a file cannot be decoded, is a folder, or is missing. It takes
the last of two values of a key without a word, and runs the Python code of a YTE template.
"""

import json
import re
from pathlib import Path

import yaml

from redpix.core.damaged_files import check_file, readable
from redpix.core.exceptions import InputError, refusals

#: longest configuration file, bytes; Snakemake reads 0.1 MB per second
LONGEST = 5_000_000

#: most lists and mappings that lie in one another
DEEPEST = 32

# tags of YAML's own types; other tags make objects of Python
_PLAIN_TAG = re.compile(r"!|tag:yaml\.org,2002:[a-z]+")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_configuration(path):
    """Refuse a file that Snakemake cannot take as a configuration.

    Parameters
    ----------
    path : str or path-like
        YAML or JSON file.

    Raises
    ------
    InputError
        One line that names the file, the place and what is allowed.
    """
    with readable(path, "a configuration"):
        check_file(path)
        text = _text(Path(path))
        try:
            found = json.loads(text, object_pairs_hook=_once_each)
        except (ValueError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            found = _from_yaml(text)
        if not isinstance(found, dict):
            kind = (
                "a list" if isinstance(found, list) else "nothing" if found is None else "one value"
            )
            raise InputError(f"holds {kind}; allowed: keys with values, such as 'name: demo'")
        if "__use_yte__" in found:
            raise InputError(
                "__use_yte__: Snakemake would run Python code of the file; allowed: plain values"
            )


def check_named_configurations():
    """Check each file of --configfile before Snakemake reads it.

    The workflow's profiles call this function, because Snakemake reads these files before the
    Snakefile.
    """
    import snakemake.settings.types as settings

    read = settings.load_configfile

    def checked(path):
        with refusals(""):
            if not Path(path).exists():
                raise InputError(
                    f"{path}: the file does not exist; allowed: the path of a configuration, "
                    "and -- before a target that follows it"
                )
            check_configuration(path)
        return read(path)

    settings.load_configfile = checked


def _text(path):
    """Return the content of a file in UTF-8."""
    size = path.stat().st_size
    if size > LONGEST:
        raise InputError(f"{size} bytes; allowed: up to {LONGEST} bytes")
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        raise InputError(
            f"line {line}: {'UTF-16' if wide else error}; allowed: text in UTF-8, such as "
            f"'iconv -f {'UTF-16' if wide else 'LATIN1'} -t UTF-8' makes"
        ) from None


def _once_each(pairs):
    """Return a dictionary of pairs whose keys differ."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InputError(f"{twice}: stands twice; allowed: once")
    return found


def _from_yaml(text):
    """Return the value of a text in YAML."""
    try:
        _check_events(text)
        return _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        problem = " ".join(str(error.problem or error.context).split())
        raise InputError(
            f"{place}{problem}; allowed: YAML, indented with spaces, or JSON"
        ) from None
    except yaml.YAMLError as error:  # a character that YAML excludes
        problem = " ".join(str(error).split())
        raise InputError(f"{problem}; allowed: YAML or JSON") from None


def _check_events(text):
    """Refuse keys that stand twice, tags of objects and deep nests; nothing is built for it."""
    levels = []  # of each open mapping: lines of its keys, and whether a key comes next
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1
        tag = getattr(event, "tag", None)
        if tag and not _PLAIN_TAG.fullmatch(tag):
            raise InputError(f"line {line}: the tag {tag}; allowed: values without such a tag")
        if isinstance(event, yaml.CollectionEndEvent):
            levels.pop()
        elif isinstance(event, yaml.NodeEvent):
            _note_key(levels, event, line)
            if isinstance(event, yaml.CollectionStartEvent):
                keys = {} if isinstance(event, yaml.MappingStartEvent) else None
                levels.append([keys, True])
                if len(levels) > DEEPEST:
                    raise InputError(f"line {line}: {DEEPEST} levels; allowed: fewer")


def _note_key(levels, event, line):
    """Note a key of the innermost mapping, and refuse it where it stands there already."""
    if not levels or levels[-1][0] is None:
        return
    keys, is_key = levels[-1]
    levels[-1][1] = not is_key
    key = getattr(event, "value", None)
    if not is_key or key is None or key == "<<":
        return
    if key in keys:
        raise InputError(f"{key}: stands twice, in lines {keys[key]} and {line}; allowed: once")
    keys[key] = line
