"""What every script shares: a log, a clean end, progress."""

import contextlib
import gc
import logging
import os
import resource
import sys
import time

from redpix.core import provenance
from redpix.core.atomic_files import NO_ROOM
from redpix.core.exceptions import InputError

log = logging.getLogger("redpix")


@contextlib.contextmanager
def job(snakemake):
    """Run the body of a script with its log file open, then record where its products come from.

    Everything sent to `log` goes to the rule's log file; warnings also reach the terminal. An
    `InputError` ends the job with its one line on both and no traceback, and so does a full disk;
    any other exception leaves its traceback in the log and is raised.
    """
    path = str(snakemake.log[0])
    handler = logging.FileHandler(path, mode="w")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    terminal.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    log.addHandler(terminal)
    started, to_start = time.perf_counter(), cpu_seconds()
    try:
        yield log
        provenance.record(snakemake)
    except InputError as error:
        log.error("%s", error)
        _name_altered(snakemake)
        raise SystemExit(1) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            log.error("%s: %s; with room, the same command goes on", error.filename, error.strerror)
            raise SystemExit(1) from None
        _name_altered(snakemake)
        log.removeHandler(terminal)
        log.exception("unexpected failure; log: %s", path)
        raise
    else:
        seconds, cost = time.perf_counter() - started, cpu_seconds() - to_start
        log.info("done in %.2f s, %.2f CPU s after %.2f to start", seconds, cost, to_start)
    finally:
        log.removeHandler(handler)
        log.removeHandler(terminal)
        handler.close()
        # the script ends here: nothing is worth a last search for what may be forgotten
        gc.freeze()


def arguments(snakemake):
    """Return the named inputs, outputs and parameters of a job, as keywords of a function.

    Inputs without a name only order the jobs, and the version of the code is not for the function:
    both are left out.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake

    Returns
    -------
    dict
        A path is a str, a list of paths a list of str.

    Raises
    ------
    ValueError
        If an input, an output and a parameter share a name.
    """
    found = {}
    for group in (snakemake.input, snakemake.output):
        for name, value in group.items():
            paths = str(value) if isinstance(value, str | os.PathLike) else list(map(str, value))
            _add(found, name, paths)
    for name, value in snakemake.params.items():
        if name != "code":
            _add(found, name, value)
    return found


def _add(found, name, value):
    if name in found:
        raise ValueError(f"{name}: the name of an input, an output or a parameter, and of another")
    found[name] = value


def cpu_seconds():
    """CPU seconds of this process so far, and of all that it started and that ended."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _name_altered(snakemake):
    """Say which inputs are not as they were made: a job that fails may fail because of them."""
    for path in provenance.altered(snakemake.input, snakemake.output[0]):
        log.error("%s: is not what its job wrote; remove it, the same command makes it again", path)


def progress(items, label, seconds=3.0):
    """Yield from `items`; say on the terminal and in the log how far the work is, now and then."""
    items = list(items)
    last = time.perf_counter()
    for count, item in enumerate(items, start=1):
        yield item
        now = time.perf_counter()
        if now - last >= seconds and count < len(items):
            last = now
            log.info("%s: %d of %d", label, count, len(items))
            print(f"{label}: {count} of {len(items)}", file=sys.stderr, flush=True)
