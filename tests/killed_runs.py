"""Kill runs of the workflow, or single processes of them."""

import contextlib
import os
import signal
from pathlib import Path

from warm_python import NAME_OF_FORK

#: longest time until a killed run has ended, s
PATIENCE = 120.0


def processes():
    """Return the parent and the name of each process that lives, without those that ended."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            words, _, rest = path.read_text(errors="replace").rpartition(")")
            state, parent = rest.split()[:2]
            if state not in "ZX":
                found[int(path.parent.name)] = int(parent), words.partition("(")[2]
    return found


def of_run(leader):
    """Return the numbers of the living processes of a run.

    These are the descendants of the leader. The fork of a warm Python does the work of the process
    that asked for it, and belongs to it.

    Parameters
    ----------
    leader : int
        Number of the first process.

    Returns
    -------
    list of int
        The leader is the first.
    """
    living, members = processes(), [leader]
    for member in members:
        fork = NAME_OF_FORK.format(member)
        members += [
            number
            for number, (parent, name) in living.items()
            if number not in members and (parent == member or name == fork)
        ]
    return members


def kill(process, whom, chance):
    """Kill a run, its Snakemake or one of its other processes, and wait until it has ended.

    Parameters
    ----------
    process : subprocess.Popen
        Python or warm Python that runs Snakemake.
    whom : {"everybody", "Snakemake", "one job"}
        Without a job, "one job" kills Snakemake.
    chance : random.Random
        Chooses the job.
    """
    members = of_run(process.pid)
    fork = NAME_OF_FORK.format(process.pid)
    forks = [number for number, (_, name) in processes().items() if name == fork]
    # a warm Python waits for its fork, and dies as it dies
    snakemake = forks[0] if forks else process.pid
    jobs = [number for number in members if number not in (process.pid, snakemake)]
    if whom == "everybody":
        victims = members
    else:
        victims = [chance.choice(jobs)] if whom == "one job" and jobs else [snakemake]
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(victim, signal.SIGKILL)
    process.wait(PATIENCE)
