"""Memory and time that a job asks a cluster for; both grow with each attempt."""

import inspect
import os
import stat

#: endings of files whose content is packed, and how much larger it is unpacked
PACKED, PACKING = (".gz", ".bz2", ".xz", ".parquet"), 4


def memory(megabytes, times_input=0):
    """Return a function of a job that gives its memory in MB, a whole number.

    Parameters
    ----------
    megabytes : float
        Memory of a job without input, MB.
    times_input : float, optional
        Further memory per size of the input files; packed ones count `PACKING` times.

    Returns
    -------
    callable
        ``needed(wildcards, input, attempt)``, as Snakemake calls it.
    """

    def needed(wildcards, input, attempt):
        # Snakemake's input.size_mb takes longer than everything else that it does with a job
        read = sum(map(_size, input)) / 1e6 if times_input else 0
        return int(attempt * (megabytes + times_input * read))

    return keep_signature(needed)


def minutes(number):
    """Return a function of a job that gives its time limit in minutes.

    Parameters
    ----------
    number : int
        Limit of the first attempt, minutes.

    Returns
    -------
    callable
        ``limit(wildcards, attempt)``, as Snakemake calls it.
    """
    return keep_signature(lambda wildcards, attempt: attempt * number)


def keep_signature(function):
    """Return a function that holds its signature, which Snakemake asks for several times per job.

    Parameters
    ----------
    function : callable
        Function of a rule.

    Returns
    -------
    callable
        The same function.
    """
    function.__signature__ = inspect.signature(function)
    return function


def _size(path):
    """Return the size of a file in bytes, or 0 before the file exists."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return 0
    if not stat.S_ISREG(found.st_mode):
        return 0
    return found.st_size * (PACKING if str(path).endswith(PACKED) else 1)
