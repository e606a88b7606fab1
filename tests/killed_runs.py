"""Kill runs of the workflow, or single processes of them."""

import contextlib
import os
import signal
from pathlib import Path

#: longest time until a killed run has ended, s
PATIENCE = 120.0


def of_session(session):
    """Return the numbers of the processes of a session that live, without those that ended."""
    numbers = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            state = (path / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
            if os.getsid(int(path.name)) == session and state not in "ZX":
                numbers.append(int(path.name))
    return numbers


def kill(process, whom, chance):
    """Kill a run, its Snakemake or one of its other processes, and wait until it has ended.

    Parameters
    ----------
    process : subprocess.Popen
        Snakemake, which leads a session of its own.
    whom : {"everybody", "Snakemake", "one job"}
        Without a job, "one job" kills Snakemake.
    chance : random.Random
        Chooses the job.
    """
    others = [number for number in of_session(process.pid) if number != process.pid]
    with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
        if whom == "everybody":
            os.killpg(process.pid, signal.SIGKILL)
        elif whom == "one job" and others:
            os.kill(chance.choice(others), signal.SIGKILL)
        else:
            process.kill()
    process.wait(PATIENCE)
