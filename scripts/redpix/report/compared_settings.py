"""Differences between two runs: configuration, versions, code and input files."""

import hashlib
from pathlib import Path

from redpix.core import provenance
from redpix.core.exceptions import InputError

#: text for a key or file that a run does not have
ABSENT = "–"

#: parameters of the report that hold the configuration of its run
_REPORT = ("report", "settings")


def check_runs(runs, folder):
    """Refuse runs that cannot be compared.

    Parameters
    ----------
    runs : list of str or None
        Names of two runs.
    folder : Path
        Folder ``results``.

    Raises
    ------
    InputError
        If two different runs with products are not named.
    """
    there = sorted(path.parent.name for path in folder.glob(f"*/{provenance.FOLDER}"))
    allowed = f"allowed: two of {', '.join(there)}" if len(there) > 1 else "allowed: two runs"
    if not runs:
        raise InputError(f"runs: null: the target compare needs the names of two runs; {allowed}")
    if runs[0] == runs[1]:
        raise InputError(f"runs: {runs[0]} twice; allowed: two different runs")
    for run in runs:
        if not (folder / run).is_dir():
            raise InputError(f"runs: {run}: {folder / run} does not exist; {allowed}")
        if run not in there:
            raise InputError(
                f"runs: {run}: {folder / run / provenance.FOLDER} does not exist, because no job "
                f"of this run has ended; {allowed}"
            )


def read_records(folder):
    """Return what the jobs of a run recorded.

    Parameters
    ----------
    folder : Path
        ``results/<name>``.

    Returns
    -------
    dict
        `settings`: the configuration by dotted key, or the parameters by rule and key if the run
        has no report; `from`: "configuration" or "parameters"; `versions`, `programs`, `code` and
        `inputs`: texts by name. Inputs are files of the user alone.
    """
    found = {"settings": {}, "from": "parameters", "versions": {}, "code": {}}
    found |= {"programs": {}, "inputs": {}}
    products, inputs, parameters, commits = set(), {}, {}, set()
    for record in provenance.records(folder):
        products |= set(record["outputs"])
        inputs |= record["inputs"]
        found["code"] |= {name: digest[:12] for name, digest in record["code"].items()}
        found["programs"] |= {name: digest[:12] for name, digest in record["programs"].items()}
        commits.add(str(record.get("commit")))
        for package, one in record["versions"].items():
            found["versions"].setdefault(package, set()).add(one["version"])
        if record["rule"] == _REPORT[0]:
            found["settings"] = dict(flat(record["parameters"][_REPORT[1]]))
            found["from"] = "configuration"
        wildcards = ",".join(map(str, record["wildcards"].values()))
        parameters |= flat(record["parameters"], f"{record['rule']} {wildcards}".strip())
    if found["from"] == "parameters":
        found["settings"] = parameters
    found["settings"].pop("name", None)  # differs always
    found["versions"] = {name: ", ".join(sorted(all_)) for name, all_ in found["versions"].items()}
    found["versions"]["commit of redpix"] = ", ".join(sorted(commits))
    of_user = [
        name
        for name in inputs
        if name not in products and not name.startswith((provenance.OWN, "results/"))
    ]
    found["inputs"] = {name: inputs[name][:12] for name in of_user}
    return found


def flat(values, parent=""):
    """Return nested values by dotted key, as text.

    Parameters
    ----------
    values : dict
        Values and dictionaries.
    parent : str
        Key above.

    Returns
    -------
    dict of str to str
    """
    found = {}
    for key, value in values.items():
        name = f"{parent}.{key}" if parent else str(key)
        if isinstance(value, dict) and value:
            found |= flat(value, name)
        else:
            found[name] = "null" if value is None else str(value)
    return found


def differences(first, second):
    """Return the names whose texts differ between two runs.

    Parameters
    ----------
    first, second : dict of str to str
        Texts of each run by name.

    Returns
    -------
    list of (str, str, str)
        Name and both texts, in the order of the first; `ABSENT` where a run does not have it.
    """
    names = dict.fromkeys([*first, *second])
    rows = [(name, first.get(name, ABSENT), second.get(name, ABSENT)) for name in names]
    return [row for row in rows if row[1] != row[2]]


def compare_settings(first, second):
    """Return the tables of what differs between two runs.

    Parameters
    ----------
    first, second : Path
        ``results/<name>`` of each.

    Returns
    -------
    list of dict
        `title`, `rows` from `differences`, and `n`, how many names were compared.
    """
    runs = [read_records(folder) for folder in (first, second)]
    if runs[0]["from"] != runs[1]["from"]:
        # keys of a configuration and parameters of rules have different names
        runs = [one | {"settings": {}} for one in runs]
    titles = {
        "settings": runs[0]["from"].capitalize(),
        "versions": "Versions",
        "programs": "Programs (SHA-256)",
        "inputs": "Input files (SHA-256)",
        "code": "Modules of redpix (SHA-256)",
    }
    return [
        {
            "title": title,
            "rows": differences(runs[0][key], runs[1][key]),
            "n": len(runs[0][key].keys() | runs[1][key].keys()),
        }
        for key, title in titles.items()
    ]


def digest_of(folder):
    """Return a text that changes when a job of a run has written new products.

    Parameters
    ----------
    folder : Path
        ``results/<name>``.

    Returns
    -------
    str
    """
    digest = hashlib.sha256()
    for path in sorted((Path(folder) / provenance.FOLDER).rglob("*.json")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
