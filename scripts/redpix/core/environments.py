"""Choose the conda environment of jobs that work images, by what has builds for the platform."""

import os
import platform

#: platforms for which conda has no PSFEx, and their environment: without it
_WITHOUT_PSFEX = {"osx-arm64": "images_arm.yaml"}


def images_environment():
    """Return the name of the environment's file in ``envs``.

    Returns
    -------
    str
    """
    return _WITHOUT_PSFEX.get(conda_platform(), "images.yaml")


def conda_platform():
    """Return the platform for which conda installs, such as ``osx-arm64``.

    Returns
    -------
    str
        CONDA_SUBDIR if it is set, otherwise that of this machine.
    """
    system = {"Darwin": "osx", "Linux": "linux"}.get(platform.system(), platform.system().lower())
    machine = platform.machine()
    bits = {"x86_64": "64", "arm64": "arm64" if system == "osx" else "aarch64"}.get(
        machine, machine
    )
    return os.environ.get("CONDA_SUBDIR") or f"{system}-{bits}"


#: environment of jobs that work images, relative to the rules
IMAGES_ENVIRONMENT = f"../../envs/{images_environment()}"
