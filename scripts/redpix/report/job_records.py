"""Read when each job of a run began and ended, as Snakemake recorded it."""

import base64
import binascii
import json
from pathlib import Path
from typing import NamedTuple

from redpix.core import provenance
from redpix.core.job import log

#: folder of Snakemake's records, relative to the folder of the run
METADATA = ".snakemake/metadata"

#: rules that are left out, because their record is that of an earlier page
_PAGES = {"report", "report_pair", "compare"}

#: rules that stand once per field of the demo
_DEMO = "demo_field"


class JobTime(NamedTuple):
    """Time of one job.

    Attributes
    ----------
    rule : str
        Name of the rule.
    name : str
        Product of the job, relative to ``results/<name>``.
    start, end : float
        Unix time, seconds.
    cores : int
        Number of cores that Snakemake gave to the job.
    """

    rule: str
    name: str
    start: float
    end: float
    cores: int


def product_of(record, metadata):
    """Return the product that a record of Snakemake describes.

    Parameters
    ----------
    record : Path
        Its name is the path of the product in base 64; a long name is cut into folders that begin
        with ``@``.
    metadata : Path
        Folder of the records.

    Returns
    -------
    str
        Empty if the file is not a record.
    """
    parts = [part.removeprefix("@") for part in record.relative_to(metadata).parts]
    try:
        return base64.urlsafe_b64decode("".join(parts)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""


def read_jobs(folder, metadata=METADATA):
    """Return the times of the jobs whose products are in a folder.

    Parameters
    ----------
    folder : str
        Folder of the results, relative to the folder of the run.
    metadata : str
        Folder of Snakemake's records.

    Returns
    -------
    list of JobTime
        In the order of their start. Empty without records.
    """
    metadata, folder = Path(metadata), Path(folder)
    cores = cores_of_products(folder)
    jobs = {}
    for path in sorted(metadata.rglob("*")):
        product = product_of(path, metadata) if path.is_file() else ""
        if not Path(product).is_relative_to(folder):
            continue
        record = _record(path)
        start, end = record.get("starttime"), record.get("endtime")
        if record.get("incomplete") or not start or not end or record["rule"] in _PAGES:
            continue
        # several products of a job have the same log
        key = (record["rule"], tuple(record.get("log") or [product]))
        name = str(Path(product).relative_to(folder))
        rule = _DEMO if record["rule"].startswith(_DEMO) else record["rule"]
        job = JobTime(rule, name, float(start), float(end), cores.get(product, 1))
        jobs.setdefault(key, job)
    return sorted(jobs.values(), key=lambda job: (job.start, job.end, job.name))


def _record(path):
    """Return a record of Snakemake; an empty one if it is damaged."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(record["rule"], str) and isinstance(record.get("log") or [], list):
            float(record.get("starttime") or 0), float(record.get("endtime") or 0)
            return record
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        pass
    log.warning("%s: a damaged record of Snakemake is left out of the times of jobs", path)
    return {}


def cores_of_products(folder):
    """Return the number of cores of the job of each product, from the records of provenance.

    Parameters
    ----------
    folder : Path
        ``results/<name>``.

    Returns
    -------
    dict of str to int
    """
    found = {}
    for record in provenance.records(folder):
        found |= dict.fromkeys(record["outputs"], int(record.get("threads", 1)))
    return found
