"""One line per job on the terminal: the time, the jobs that have ended, the time left, the message.

The log of a run, a dry run and the options --verbose, --printshellcmds and --quiet have Snakemake's
own lines.
"""

import logging
import time

import snakemake.logging
from snakemake.logging import LogEvent
from snakemake.settings.enums import Quietness

from redpix.core.snakemake_fixes import time_left

#: starts of messages that tell a person nothing
_IDLE = (
    "Select jobs to execute",
    "Execute ",
    "Conda environments: ignored",
    "Singularity containers: ignored",
    "Assuming unrestricted shared filesystem usage",
    "Using shell: ",
)

#: events without a line of their own
_SILENT = (LogEvent.JOB_FINISHED, LogEvent.RESOURCES_INFO)


class TerminalLines(logging.Filter):
    """Choose the messages of a run that its terminal shows, and count its jobs.

    Attributes
    ----------
    done, total : int
        Jobs that have ended, and jobs of the run as far as they are known.
    start : float
        Time of the start by `time.monotonic`, s.
    """

    def __init__(self):
        super().__init__()
        self.done, self.total, self.start = 0, 0, time.monotonic()

    def filter(self, record):
        """Return whether the terminal shows a message of Snakemake."""
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            self.total = record.__dict__.get("stats", {}).get("total", self.total)
        if event == LogEvent.PROGRESS:
            self.done, self.total = record.done, record.total
            return self.done == self.total
        if event == LogEvent.JOB_INFO:
            return bool(record.rule_msg or record.output)  # others are names of targets
        return event not in _SILENT and not str(record.msg).startswith(_IDLE)

    def format_job(self, message):
        """Return the line of a job that starts.

        Parameters
        ----------
        message : Mapping
            ``rule_msg`` or, without it, ``rule_name``.

        Returns
        -------
        str
        """
        percent = 100 * self.done // max(self.total, 1)
        seconds = time.monotonic() - self.start
        left = time_left(seconds * (self.total - self.done) / self.done) if self.done else ""
        words = message["rule_msg"] or message["rule_name"]
        clock = time.strftime("%H:%M:%S")
        return f"[{clock}] {self.done} of {self.total} ({percent}%){left}: {words}"


class TerminalFormatter(snakemake.logging.DefaultFormatter):
    """Format messages as Snakemake does, but jobs in one line.

    Parameters
    ----------
    lines : TerminalLines
        Counts of the run.
    """

    def __init__(self, lines):
        super().__init__()
        self.lines = lines

    def format_job_info(self, msg):
        """Return the line of a job."""
        return self.lines.format_job(msg)


def shorten_terminal():
    """Let the terminal of this run show one line per job, unless an option asks for more."""
    for handler in snakemake.logging.logger.handlers:
        if handler.name != "DefaultStreamHandler":
            continue
        asked = [one for one in handler.filters if isinstance(one, snakemake.logging.DefaultFilter)]
        if any(_wants_more(one) for one in asked):
            continue
        lines = TerminalLines()
        handler.addFilter(lines)
        formatter = TerminalFormatter(lines)
        formatter.show_failed_logs = getattr(handler.formatter, "show_failed_logs", False)
        handler.setFormatter(formatter)


def _wants_more(options):
    """Return whether the options of a run ask for Snakemake's own lines."""
    other = {*options.quiet} - {Quietness.HOST}
    return bool(options.verbose or options.dryrun or options.printshellcmds or other)
