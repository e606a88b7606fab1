"""Changes to Snakemake 9 that each run of the workflow makes before it reads its rules.

They keep results as they are. Two let the project lie in any folder. Two are about messages: the
time left, and reasons that fit a line. Two let contents decide where clocks mislead. The others
spare time and memory, which a survey's tens of thousands of jobs would take. One completes
Snakemake's own report.
"""

import gc
import os
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
import snakemake.persistence
import snakemake.workflow

from redpix.core.recorded_input import recorded_input

#: objects that are made before Python looks for garbage among the young ones; its own choice is 700
YOUNG_OBJECTS = 100_000

#: how far a date may lie in the future: clocks of two machines differ, s
CLOCK_TOLERANCE = 60.0

#: length of the reason for a job in the messages of a run, characters
LONGEST_REASON = 150


def fix_snakemake():
    """Make all changes of this module, once per process."""
    allow_spaces()
    let_solver_work_here()
    ignore_script_times()
    check_scripts_once()
    share_guards()
    keep_flags_of_flagged_paths()
    ask_files_in_turn()
    collect_less_garbage()
    say_time_left()
    shorten_reasons()
    compare_contents()
    accept_any_clock()
    report_results_as_they_are()


def allow_spaces():
    """Quote the path of Python, by which Snakemake starts scripts: a folder may hold a space."""
    sys.executable = shlex.quote(sys.executable)


def let_solver_work_here():
    """Let the scheduler's solver keep its files in .snakemake: it takes no blank in their paths."""
    pulp = sys.modules.get("pulp")  # Snakemake loads it where it is installed

    def work_here(solver):
        solver.tmpDir = ".snakemake" if os.path.isdir(".snakemake") else ""

    if pulp:
        pulp.LpSolver_CMD.setTmpDir = work_here


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
        return min((trusted_time(one) for one in times), default=None)

    snakemake.jobs.Job.output_mintime = property(output_mintime)


def trusted_time(written):
    """Return the time of a product that its inputs are compared with.

    Parameters
    ----------
    written : float
        Time of its last change, s since 1970.

    Returns
    -------
    float
        1 for a product from the future. All its inputs are newer then, and `compare_contents`
        decides: the clock was set back, and a changed input may look older than the product.
    """
    return written if written <= time.time() + CLOCK_TOLERANCE else 1.0


def compare_contents():
    """Let an input that looks newer than a product be a reason only if its content is another one.

    Snakemake compares checksums of small files. Records of provenance have those of all inputs.
    Times mislead if an input is dated in the future, after a copy without times, on file systems
    with coarse times, and where the clocks of two machines differ.
    """
    graph, store = snakemake.dag.DAG, snakemake.persistence.PersistenceBase
    init, checksums = graph.__init__, store.input_checksums

    def of_any_size(dag, *arguments, **keywords):
        init(dag, *arguments, **keywords)
        dag.max_checksum_file_size = sys.maxsize

    def with_records(persistence, job, path):
        noted = checksums(persistence, job, path) - {None}
        if not noted:
            values = [str(value) for value in job.wildcards_dict.values()]
            recorded = recorded_input(str(path), job.rule.name, values, str(job.output[0]))
            noted = {f"sha256:{recorded}"} if recorded else {None}
        return noted

    graph.__init__, store.input_checksums = of_any_size, with_records


def accept_any_clock():
    """Let a job succeed whose input is dated after its products, and warn once of such a date.

    Snakemake fails the job and removes the products, at each start again.
    """
    warned = []

    async def warn(dag, job, products):
        for path in job.input:
            if warned or not await path.exists_local():
                continue
            date = (await path.mtime_uncached(skip_storage=True)).local()
            if date > time.time() + CLOCK_TOLERANCE:
                warned.append(path)
                when = time.strftime("%Y-%m-%d %H:%M", time.localtime(date))
                snakemake.logging.logger.warning(
                    f"{path}: dated in the future, {when}; contents decide what is made again"
                )

    snakemake.dag.DAG.check_output_mtime = warn


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


def report_results_as_they_are(words=None):
    """Let `--report` show all results that exist, and say so in a line.

    Snakemake's report ends at a checkpoint whose code, settings or inputs have changed since, and
    does not tell what it leaves out.

    Parameters
    ----------
    words : sequence of str, optional
        Command line; that of the process by default.
    """
    words = sys.argv if words is None else words
    if not any(word == "--report" or word.startswith("--report=") for word in words):
        return
    snakemake.workflow.Workflow.rerun_triggers = property(lambda workflow: frozenset())
    message = (
        "--report: shows the results as they are; to bring them up to date, run without it first"
    )
    print(message, file=sys.stderr)
