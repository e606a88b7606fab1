"""Find the programs that the workflow calls, under their names on different systems."""

import shutil

from redpix.core.exceptions import InputError
from redpix.core.provenance import note_program

#: names of each program on different systems, in the order in which they are tried
NAMES = {
    "sextractor": ("source-extractor", "sex", "sextractor"),
    "psfex": ("psfex", "PSFEx"),
    "swarp": ("SWarp", "swarp"),
    "montage": ("mProjectPP",),
}


def find_tool(tool):
    """Return the path of a program, and note it for the record of the job.

    Parameters
    ----------
    tool : str
        A key of `NAMES`.

    Returns
    -------
    str

    Raises
    ------
    InputError
        If the PATH has no program with one of its names.
    """
    for name in NAMES[tool]:
        path = shutil.which(name)
        if path:
            note_program(path)
            return path
    raise InputError(f"{tool}: none of {', '.join(NAMES[tool])} is on the PATH; run envs/setup")
