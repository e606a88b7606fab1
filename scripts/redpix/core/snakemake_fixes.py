"""Changes to Snakemake 9 that each run of the workflow makes before it reads its rules.

They keep results as they are. Two let the project lie in any folder. Two are about messages: the
time left, and reasons that fit a line. The others spare time and memory, which a survey's tens of
thousands of jobs would take.
"""

import gc
import shlex
import sys
import textwrap
import time

import snakemake.api  # first: Snakemake's other modules cannot be imported by themselves
import snakemake.dag
import snakemake.io
import snakemake.iocontainers
import snakemake.jobs
import snakemake.logging

#: objects that are made before Python looks for garbage among the young ones; its own choice is 700
YOUNG_OBJECTS = 100_000

#: length of the reason for a job in the messages of a run, characters
LONGEST_REASON = 150


def fix_snakemake():
    """Make all changes of this module, once per process."""
    allow_spaces()
    ignore_script_times()
    check_scripts_once()
    share_guards()
    keep_flags_of_flagged_paths()
    ask_files_in_turn()
    collect_less_garbage()
    say_time_left()
    shorten_reasons()


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


class FlagsToCome(dict):
    """Flags of a path without any: with the first one, the path gets a table of flags.

    Parameters
    ----------
    path : snakemake.io.AnnotatedString
    """

    def __init__(self, path):
        super().__init__()
        self.path = path

    def __setitem__(self, name, value):
        super().__setitem__(name, value)
        self.path.flags = dict(self)

    def update(self, *flags, **named):
        super().update(*flags, **named)
        self.path.flags = dict(self)


def keep_flags_of_flagged_paths():
    """Let a path have attributes of its own only with flags such as temp(): few paths have any."""

    def init(path, value):
        if snakemake.io.is_callable(value):
            path.callable = value

    def flags(path):
        return FlagsToCome(path) if path._flags is None else path._flags

    def set_flags(path, flags):
        if flags or path._flags is not None:
            path._flags = flags

    paths = snakemake.io.AnnotatedString
    paths._flags = paths.callable = None
    paths.__init__, paths.flags = init, property(flags, set_flags)


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


def say_time_left():
    """Let each line of progress end with the time left, from the jobs that have ended."""
    progress = snakemake.logging.DefaultFormatter.format_progress
    start = time.monotonic()

    def with_time_left(formatter, message):
        line = progress(formatter, message)
        done, total = message["done"], message["total"]
        seconds = (time.monotonic() - start) * (total - done) / max(done, 1)
        return f"{line}{time_left(seconds)}"

    snakemake.logging.DefaultFormatter.format_progress = with_time_left


def time_left(seconds):
    """Return words for the time that a run will still take.

    Parameters
    ----------
    seconds : float
        Estimate, s.

    Returns
    -------
    str
        Empty below a minute, else such as ``, about 5 min left``.
    """
    minutes = round(seconds / 60)
    if minutes < 1:
        return ""
    return f", about {minutes} min left" if minutes < 120 else f", about {minutes / 60:.0f} h left"


def shorten_reasons():
    """Let a job state its reason in one line: it may name hundreds of files."""
    job_info = snakemake.logging.DefaultFormatter.format_job_info

    def with_short_reason(formatter, message):
        reason = textwrap.shorten(str(message["reason"]), LONGEST_REASON, placeholder=" ...")
        return job_info(formatter, {**message, "reason": reason})

    snakemake.logging.DefaultFormatter.format_job_info = with_short_reason
