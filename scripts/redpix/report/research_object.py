"""Write the records of a run as a Research Object Crate (Process Run Crate 0.5)."""

import json

from redpix.core.atomic_files import write_text
from redpix.core.exceptions import InputError
from redpix.core.provenance import records
from redpix.core.version import redpix_version

#: profile of a crate whose actions are runs of programs
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"

#: identifiers of redpix and of the profile's terms
SOFTWARE = "#redpix"

#: types of files by suffix
_MEDIA = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".html": "text/html",
    ".fits": "application/fits",
    ".parquet": "application/vnd.apache.parquet",
    ".vot": "application/x-votable+xml",
    ".hdf5": "application/x-hdf5",
    ".png": "image/png",
}


def write_crate(results):
    """Write ``ro-crate-metadata.json`` into the folder of a run.

    Parameters
    ----------
    results : Path
        ``results/<name>``, relative to the folder of the run.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the package rocrate is not installed, or the folder has no records.
    """
    try:
        from rocrate.rocrate import ROCrate  # optional, and only this command needs it
    except ImportError:
        raise InputError(
            "the package rocrate is not installed; run .venv/bin/pip install rocrate==0.16.0"
        ) from None
    entries = list(records(results))
    if not entries:
        raise InputError(f"{results}: no records of provenance; allowed: results/<name> of a run")
    crate = ROCrate()
    crate.name = f"redpix: {results.name}"
    crate.description = f"Results of redpix {redpix_version()} with the records of their origin"
    _add(crate, PROFILE, "CreativeWork", name="Process Run Crate", version="0.5")
    crate.root_dataset["conformsTo"] = {"@id": PROFILE}
    _add(crate, SOFTWARE, "SoftwareApplication", name="redpix", version=redpix_version())
    files = _Files(crate, results)
    actions = [_add_action(crate, files, entry) for entry in entries]
    crate.root_dataset["mentions"] = [{"@id": action} for action in actions]
    path = results / "ro-crate-metadata.json"
    write_text(path, json.dumps(crate.metadata.generate(), indent=1, default=str) + "\n")
    return path


def _add(crate, identifier, kind, **properties):
    """Add an entity that is not a file."""
    from rocrate.model.contextentity import ContextEntity

    crate.add(ContextEntity(crate, identifier, properties={"@type": kind, **properties}))
    return identifier


def _add_action(crate, files, entry):
    """Add a job of the run, and return its identifier."""
    job = ",".join([entry["rule"], *entry["wildcards"].values()])
    parameters = [
        _add(crate, f"#{job}/{name}", "PropertyValue", name=name, value=json.dumps(value))
        for name, value in entry["parameters"].items()
    ]
    inputs = [files.of_input(name, digest) for name, digest in entry["inputs"].items()]
    products = [files.of_product(name, facts) for name, facts in entry["outputs"].items()]
    return _add(
        crate,
        f"#{job}",
        "CreateAction",
        name=job,
        instrument={"@id": SOFTWARE},
        object=[{"@id": name} for name in dict.fromkeys([*inputs, *parameters])],
        result=[{"@id": name} for name in products],
    )


class _Files:
    """Files of a crate, each once: products below the folder, and inputs from elsewhere."""

    def __init__(self, crate, results):
        self._crate, self._results, self._known = crate, results, set()

    def of_product(self, name, facts):
        """Return the identifier of a product, which is a part of the crate."""
        from rocrate.model.file import File

        inside = self._inside(name)
        suffix = name[name.rfind(".") :]
        properties = {"sha256": facts["sha256"], "contentSize": str(facts["bytes"])}
        if suffix in _MEDIA:
            properties["encodingFormat"] = _MEDIA[suffix]
        if inside not in self._known:
            self._known.add(inside)
            self._crate.add(File(self._crate, None, inside, properties=properties))
        return inside

    def of_input(self, name, digest):
        """Return the identifier of an input: a product of another job, or a file from elsewhere."""
        inside = self._inside(name)
        if inside != name:
            return inside
        identifier = f"#input/{name}"
        if identifier not in self._known:
            self._known.add(identifier)
            _add(self._crate, identifier, "CreativeWork", name=name, sha256=digest)
        return identifier

    def _inside(self, name):
        """Return the path of a file below the folder of the crate, or its name."""
        return name.removeprefix(f"{self._results.as_posix()}/")
