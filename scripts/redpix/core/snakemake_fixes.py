"""Changes to Snakemake 9 that each run of the workflow makes before it reads its rules.

They keep results as they are. Two let the project lie in any folder. The others spare time and
memory, which a survey's tens of thousands of jobs would take.
"""

import gc
import shlex
import sys

import snakemake.api  # first: Snakemake's other modules cannot be imported by themselves
import snakemake.dag
import snakemake.iocontainers
import snakemake.jobs

#: objects that are made before Python looks for garbage among the young ones; its own choice is 700
YOUNG_OBJECTS = 100_000


def fix_snakemake():
    """Make all changes of this module, once per process."""
    allow_spaces()
    ignore_script_times()
    check_scripts_once()
    share_guards()
    ask_files_in_turn()
    collect_less_garbage()


def allow_spaces():
    """Quote the path of Python, by which Snakemake starts scripts: a folder may hold a space."""
    sys.executable = shlex.quote(sys.executable)


def ignore_script_times():
    """Let products be older than their script, as in a new checkout: `params.code` follows code."""
    snakemake.jobs.get_script_mtime = lambda path: 0.0


def check_scripts_once():
    """Let Snakemake read a rule's script once to see that it is there, not once for each job."""
    check = snakemake.dag.ScriptProcessor.process_job
    checked = set()

    def check_once(processor, job):
        if (processor.script_type, job.rule.name) not in checked:
            check(processor, job)
            checked.add((processor.script_type, job.rule.name))

    snakemake.dag.ScriptProcessor.process_job = check_once


def share_guards():
    """Let all lists of files of a graph share the two objects that guard their names."""
    shared = {}

    def guard(cls, *name):
        # a copy or an unpickled guard comes without a name
        if not name:
            return object.__new__(cls)
        return shared.setdefault(name, object.__new__(cls))

    snakemake.iocontainers.AttributeGuard.__new__ = guard


def ask_files_in_turn():
    """Let Snakemake ask a job's files for their times in turn, not all files of a run at once."""

    async def output_mintime(job):
        files = [*job.output, job.benchmark] if job.benchmark else job.output
        times = [(await path.mtime()).local_or_storage() for path in files if await path.exists()]
        return min(times, default=None)

    snakemake.jobs.Job.output_mintime = property(output_mintime)


def collect_less_garbage():
    """Let Python look for garbage less often: nearly all objects of a graph live on."""
    gc.set_threshold(YOUNG_OBJECTS, 50, 100)
