"""Programs that the workflow calls, found whatever they are called on this machine."""

import shutil

from redpix.core.exceptions import InputError
from redpix.core.provenance import note_program

NAMES = {
    "sextractor": ("source-extractor", "sex", "sextractor"),
    "psfex": ("psfex", "PSFEx"),
    "swarp": ("SWarp", "swarp"),
    "montage": ("mProjectPP",),
}


def find_tool(tool):
    """Path of a program, which the record of the job will name.

    Raises
    ------
    InputError
        If no program of its names is on the PATH.
    """
    for name in NAMES[tool]:
        path = shutil.which(name)
        if path:
            note_program(path)
            return path
    raise InputError(f"{tool}: none of {', '.join(NAMES[tool])} is on the PATH; run envs/setup")
