"""Find benchmark records that are not of this run, or whose CPU time cannot be right."""

import re

from redpix.core.field_name import FIELD_PATTERN

#: smallest ratio of CPU time to wall-clock time that is not named, and wall-clock time from which
#: it is tested, seconds
LEAST_SHARE, LEAST_WALL = 0.05, 2.0

#: maximum number of jobs that a remark names
_NAMED = 5


def of_this_run(benchmarks, fields):
    """Return the benchmarks of this run, and those of fields that the run does not have.

    A change of the configuration leaves records of earlier runs in the folder.

    Parameters
    ----------
    benchmarks : list of DataFrame
        One per job, with the columns stage and job.
    fields : set of str
        Names of the fields of the run; empty if they are unknown, and then all records stay.

    Returns
    -------
    kept, others : list of DataFrame
    """
    kept, others = [], []
    for record in benchmarks:
        field = re.match(FIELD_PATTERN, record["job"].iloc[0])
        unknown = fields and field and field[0] not in fields
        (others if unknown else kept).append(record)
    return kept, others


def remarks(kept, others):
    """Return sentences on records that mislead.

    Parameters
    ----------
    kept, others : list of DataFrame
        From `of_this_run`; s and cpu_time in seconds.

    Returns
    -------
    list of str
    """
    sentences = []
    if others:
        names = [job_name(record) for record in others]
        sentences.append(
            f"{counted(names, 'record')} of fields of earlier runs left out: {listed(names)}."
        )
    idle = []
    for record in kept:
        wall, cpu = float(record["s"].iloc[-1]), float(record["cpu_time"].iloc[-1])
        if wall >= LEAST_WALL and not cpu >= LEAST_SHARE * wall:
            shown = f"{cpu:.2f}" if cpu == cpu else "an unknown number"
            idle.append(f"{job_name(record)} ({shown} of {wall:.1f} s)")
    if idle:
        sentences.append(
            f"{counted(idle, 'job')} with less than {100 * LEAST_SHARE:.0f} % of the wall-clock "
            f"time as CPU time: {listed(idle)}. These waited, or Snakemake missed their processes; "
            "their CPU time and memory are not to be trusted."
        )
    return sentences


def job_name(record):
    """Return the name of a job: its stage, and what it made.

    Parameters
    ----------
    record : DataFrame
        Its benchmark.

    Returns
    -------
    str
    """
    stage, job = record["stage"].iloc[0], record["job"].iloc[0]
    return stage if stage == job else f"{stage} {job}"


def counted(names, word):
    """Return the number of some names with their word.

    Parameters
    ----------
    names : list
        The names.
    word : str
        Their word in the singular.

    Returns
    -------
    str
    """
    return f"{len(names)} {word}{'s' * (len(names) != 1)}"


def listed(names):
    """Return the first of some names as a list in words.

    Parameters
    ----------
    names : list of str
        The names.

    Returns
    -------
    str
    """
    further = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {further} more" if further > 0 else "")
