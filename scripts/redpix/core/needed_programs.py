"""Find the programs that a run will call and the PATH lacks, before its first job."""

import importlib.util

from redpix.core.exceptions import InputError
from redpix.core.programs import NAMES, has_tool

#: programs of the jobs of a rule; those of registration depend on the configuration
PROGRAMS = {
    "sources": ("sextractor",),
    "detections": ("sextractor",),
    "subtraction": ("sextractor",),
    "coaddition": ("sextractor",),
}

#: rules whose jobs follow a checkpoint, and are unknown before it has ended
AFTER = {"delivered": ("registration", "sources"), "exposures": ("subtraction", "coaddition")}

#: rules that do without their program if the user gives the PSFs
MAYBE = ("subtraction", "coaddition")


def missing_programs(rules, engine):
    """Return the programs that the PATH lacks, with the rules that call them.

    Parameters
    ----------
    rules : iterable of str
        Names of the rules with a job in the plan.
    engine : str
        Configuration key registration.engine.

    Returns
    -------
    dict of str to list of str
        Rules by the key of the program in `redpix.core.programs.NAMES`.
    """
    planned = set(rules)
    for checkpoint in planned & AFTER.keys():
        planned |= set(AFTER[checkpoint])
    called = PROGRAMS | {"registration": (engine,) if engine in NAMES else ()}
    missing = {}
    for rule in sorted(planned & called.keys()):
        for tool in called[rule]:
            if not _is_there(tool):
                missing.setdefault(tool, []).append(rule)
    return missing


def check_programs(rules, engine):
    """Refuse a run whose jobs need a program that the PATH lacks.

    Parameters
    ----------
    rules, engine
        As of `missing_programs`.

    Returns
    -------
    list of str
        One line per program that jobs may need.

    Raises
    ------
    InputError
        One line per program that jobs need in any case.
    """
    missing = missing_programs(rules, engine)
    lines = {
        tool: f"{tool}: none of {', '.join(NAMES[tool])} is on the PATH, and jobs of "
        f"{', '.join(callers)} call it; run envs/setup"
        for tool, callers in missing.items()
    }
    needed = [lines[tool] for tool, callers in missing.items() if set(callers) - set(MAYBE)]
    if needed:
        raise InputError("\n".join(needed))
    return list(lines.values())


def _is_there(tool):
    """Return whether a program is on the PATH; a Python package stands in for Montage."""
    package = tool == "montage" and importlib.util.find_spec("MontagePy") is not None
    return package or has_tool(tool)
