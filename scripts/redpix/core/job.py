"""Run the body of a script: log, errors, record of its products, progress."""

import contextlib
import errno
import gc
import logging
import os
import resource
import sys
import tempfile
import time

from redpix.core import provenance
from redpix.core.atomic_files import full_disk
from redpix.core.damaged_files import REMEDY
from redpix.core.exceptions import InputError

log = logging.getLogger("redpix")

#: number of times that a job starts again after a stale file handle, and the first pause, seconds
_STARTS, _PAUSE = 3, 1.0

#: variable of the environment that counts these starts
_STARTED = "REDPIX_STARTED_AGAIN"


@contextlib.contextmanager
def job(snakemake):
    """Run the body of a script with its log file open, then record the origin of its products.

    `log` writes to the log file of the rule, and warnings also to the terminal. An `InputError`
    or a full disk ends the job with one line on both, without a traceback. Any other exception
    leaves its traceback in the log. It is raised, unless an input changed after its job wrote it:
    a line on the terminal then names that input.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake
        The job, from Snakemake.

    Yields
    ------
    logging.Logger

    Raises
    ------
    SystemExit
        With status 1, after an `InputError`, on a full disk, or with a changed input.
    """
    path = str(snakemake.log[0])
    handler = _log_file(path)
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
        if full_disk(error):
            _name_full_disk(error, snakemake.output[0])
            raise SystemExit(1) from None
        _start_again_if_stale(error)
        altered = _name_altered(snakemake)
        log.removeHandler(terminal)
        log.exception("unexpected failure; log: %s", path)
        if altered:
            raise SystemExit(1) from None
        raise
    else:
        seconds, cost = time.perf_counter() - started, cpu_seconds() - to_start
        log.info("done in %.2f s, %.2f CPU s after %.2f to start", seconds, cost, to_start)
    finally:
        log.removeHandler(handler)
        log.removeHandler(terminal)
        with contextlib.suppress(OSError):  # a full disk
            handler.close()
        # skip garbage collection: the process ends
        gc.freeze()


class _LogFile(logging.FileHandler):
    """Write a log as long as the disk takes it: the terminal has the words, too."""

    def handleError(self, record):
        """Drop a record that the disk did not take."""


def _log_file(path):
    """Return the handler of a log file; of nothing if the disk takes no file."""
    try:
        return _LogFile(path, mode="w")
    except OSError as error:
        if not full_disk(error):
            raise
        return logging.NullHandler()


def _name_full_disk(error, product):
    """Log which file, or else which folders, the disk did not take."""
    named = getattr(error, "filename", None)
    place = named or f"{product}, or the temporary folder {tempfile.gettempdir()}"
    words = os.strerror(full_disk(error))
    log.error("%s: %s; free space, then run the same command to continue", place, words)


def _start_again_if_stale(error):
    """Run the script again, up to `_STARTS` times, after a stale handle of a network file system.

    Products are written atomically, so a job can start again at any moment.
    """
    starts = int(os.environ.get(_STARTED, "0"))
    if not (isinstance(error, OSError) and error.errno == errno.ESTALE) or starts >= _STARTS:
        return
    log.warning("%s: %s; the job starts again", error.filename, error.strerror)
    time.sleep(_PAUSE * 2**starts)
    os.environ[_STARTED] = str(starts + 1)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def arguments(snakemake):
    """Return the named inputs, outputs and parameters of a job, as keywords of a function.

    Inputs without a name, which only order the jobs, and the version of the code are left out.

    Parameters
    ----------
    snakemake : snakemake.script.Snakemake
        The job, from Snakemake.

    Returns
    -------
    dict
        A path is a str, a list of paths a list of str.

    Raises
    ------
    ValueError
        If an input, an output and a parameter share a name.
    """
    keywords = {}
    for group in (snakemake.input, snakemake.output):
        for name, value in group.items():
            paths = str(value) if isinstance(value, str | os.PathLike) else list(map(str, value))
            _add(keywords, name, paths)
    for name, value in snakemake.params.items():
        if name != "code":
            _add(keywords, name, value)
    return keywords


def _add(keywords, name, value):
    """Add a keyword with a new name."""
    if name in keywords:
        raise ValueError(f"{name}: two inputs, outputs or parameters have this name")
    keywords[name] = value


def cpu_seconds():
    """Return the CPU seconds of this process and of its finished children."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _name_altered(snakemake):
    """Log the inputs that changed after their jobs, as they may be the cause; return them."""
    altered = list(provenance.altered(snakemake.input, snakemake.output[0]))
    for path in altered:
        log.error("%s: changed after its job wrote it; %s", path, REMEDY)
    return altered


def progress(items, label, seconds=3.0):
    """Yield items, and report the progress on the terminal and in the log.

    Parameters
    ----------
    items : iterable
        The items of the work.
    label : str
        Name of the work.
    seconds : float
        Minimum time between reports.

    Yields
    ------
    object
    """
    items = list(items)
    last = time.perf_counter()
    for count, item in enumerate(items, start=1):
        yield item
        now = time.perf_counter()
        if now - last >= seconds and count < len(items):
            last = now
            log.info("%s: %d of %d", label, count, len(items))
            print(f"{label}: {count} of {len(items)}", file=sys.stderr, flush=True)
