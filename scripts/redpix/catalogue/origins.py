"""Make the object catalogue: from a CSV, SkyServer, the demo's truth or detections."""

import gzip
import re
import time
import zlib
from pathlib import Path

import pandas as pd
import yaml

from redpix.catalogue.build import (
    SKYSERVER_ROWS,
    build,
    demo_table,
    field_names,
    frames,
    merge_detections,
    of_shard,
    skyserver_query,
)
from redpix.core.atomic_files import atomic
from redpix.core.exceptions import InputError
from redpix.core.job import log
from redpix.io.number_tables import read_table

#: seconds to wait before each further attempt at SkyServer
WAITS = (5, 20, 60)

#: seconds SkyServer may take; its own limit is 600
SKYSERVER_TIMEOUT = 660


def read_csv(path):
    """A table from a CSV, plain or .gz."""
    opened = gzip.open if str(path).endswith(".gz") else open
    try:
        # utf-8-sig: spreadsheets begin a CSV with a byte order mark
        with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
            return read_table(file, str(path))
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def ask_skyserver(query, release):
    """The answer of SkyServer to a query, as CSV text.

    Raises
    ------
    InputError
        If it refuses the query, or gives no answer in all attempts.
    """
    # only here: astroquery takes most of a second to import
    import requests
    from astroquery.sdss import SDSS

    for wait in (*WAITS, None):
        try:
            # the answer as it came: astroquery's own reader passes ids through a table's types
            answer = SDSS.query_sql_async(
                query, data_release=release, timeout=SKYSERVER_TIMEOUT, cache=False
            )
            flaw = answer_flaw(answer.status_code, answer.text)
        except requests.RequestException as error:
            flaw = f"{type(error).__name__}: {error}"
        else:
            if not flaw:
                return answer.text
            if answer.status_code < 500 and not is_page(answer.text):
                raise InputError(f"SkyServer (skyserver.sdss.org) refuses the query: {flaw}")
        if wait is not None:
            log.warning("SkyServer: %s; trying again in %d s", one_line(flaw), wait)
            time.sleep(wait)
    raise InputError(
        f"SkyServer (skyserver.sdss.org) gives no answer in {len(WAITS) + 1} attempts, the last "
        f"time {one_line(flaw)}; check the network, try later, or give a CSV as catalogue.from"
    )


def answer_flaw(status, text):
    """What is wrong with an answer of SkyServer; empty if it is a table."""
    if status == 200 and not is_page(text) and "error_message" not in text.lower():
        return ""
    return f"status {status}, {one_line(text)}"


def is_page(text):
    return text.lstrip().startswith("<")


def one_line(text):
    """The words of a message or a web page, on one line of bounded length."""
    text = re.sub(r"<(style|script|head)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.I)
    text = " ".join(text.split())
    return text if len(text) <= 200 else f"{text[:197]}..."


def skyserver_table(template, area, limit, release):
    """A table of what SkyServer knows about a region."""
    query = skyserver_query(template, area["ra"], area["dec"], limit)
    log.info("SkyServer, release %s: %s", release, " ".join(query.split()))
    text = ask_skyserver(query, int(release.removeprefix("dr")))
    table = read_table(text.splitlines(keepends=True), "SkyServer's answer")
    log.info("SkyServer: %d rows", len(table.rows))
    if len(table.rows) >= SKYSERVER_ROWS:
        raise InputError(
            f"catalogue.area: SkyServer cuts its answers off at {SKYSERVER_ROWS} rows and this one "
            "is so long; allowed: a smaller area, or catalogue.limit"
        )
    if table.rows.empty:
        raise InputError(
            f"catalogue.area: SkyServer has no object with a redshift in RA {area['ra']}, "
            f"Dec {area['dec']}; allowed: a region that the survey's spectrographs covered"
        )
    return table


def read_detections(paths):
    """Detections by field, which is in the file's name."""
    lists = {}
    for path in map(Path, paths):
        field = tuple(map(int, path.name.removesuffix(".detections.csv").split("-")))
        sources = pd.read_csv(path)
        lists[field] = sources.set_axis(sources.index + 2)  # line 1 is the header
    return lists


def catalogue(origin, inputs, params):
    """The catalogue from wherever the configuration says."""
    schema = yaml.safe_load(Path(inputs.schema).read_text(encoding="utf-8"))
    radius = params.duplicate_radius
    if origin == "detections":
        lists = read_detections(inputs.source)
        log.info("%d detections in %d fields", sum(map(len, lists.values())), len(lists))
        return merge_detections(lists, schema, params.reference_band, radius)
    path = str(inputs.source)
    log.info("catalogue from %s: %s", origin, path)
    if origin == "skyserver":
        template = Path(path).read_text(encoding="utf-8")
        table = skyserver_table(template, params.area, params.limit, params.release)
    elif origin == "demo":
        table = demo_table(read_csv(path))
    else:
        table = read_csv(path)
    return build(table, schema, path, radius, params.fields)


def report(result, asked):
    """Say in the log what was kept and what was not."""
    objects, rejected, cleared = result
    known = objects["redshift"].notna().sum()
    held = frames(objects)
    log.info("%d objects, %d with a redshift, in %d frames", len(objects), known, len(held))
    for reason, count in rejected["reason"].value_counts(sort=False).sort_index().items():
        log.info("left out: %d rows: %s", count, reason)
    if cleared:
        log.info("%d magnitudes are none (as -9999) and are taken as unknown", cleared)
    if asked is not None:
        empty = [field for field in asked if field not in set(field_names(held))]
        if empty:
            log.warning("fields that hold no object: %s", ", ".join(empty))


def main(snakemake):
    params, output = snakemake.params, snakemake.output
    result = catalogue(params.origin, snakemake.input, params)
    if params.shard is not None:
        result = of_shard(result, params.shard)
    report(result, params.fields)
    if len(result.rejected) and params.origin not in ("demo", "detections"):
        log.warning("%d rows left out, listed in %s", len(result.rejected), output.rejected)
    tables = (
        (output.objects, result.objects),
        (output.frames, frames(result.objects)),
        (output.rejected, result.rejected),
    )
    for path, table in tables:
        with atomic(path) as temporary:
            table.to_csv(temporary, index=False, lineterminator="\n")
        log.info("%s: %d rows", path, len(table))
