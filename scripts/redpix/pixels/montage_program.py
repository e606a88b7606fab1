"""Run Montage's mProjectPP: the program, or the same code in the Python package MontagePy."""

from redpix.core.exceptions import InputError
from redpix.core.programs import find_tool, has_tool


def run_mprojectpp(source, target, header, weight=None):
    """Resample an image from one tangent plane to another with Montage.

    Parameters
    ----------
    source : str
        FITS image in the working folder.
    target : str
        FITS image to write.
    header : str
        File of the header cards of the result.
    weight : str, optional
        FITS image with the weight of each pixel. A pixel of weight 0 is left out. The image of
        areas, which Montage writes beside the result, is weighted, too.

    Raises
    ------
    InputError
        If neither the program nor MontagePy is installed, or if Montage fails.
    """
    if has_tool("montage"):
        _run_program(source, target, header, weight)
    else:
        _run_package(source, target, header, weight)


def _run_program(source, target, header, weight):
    """Run the program through montage-wrapper."""
    # slow to import; the other engines do not need it
    from montage_wrapper.commands import mProjectPP
    from montage_wrapper.status import MontageError

    find_tool("montage")
    try:
        mProjectPP(source, target, header, weight_file=weight)
    except MontageError as error:
        raise InputError(f"mProjectPP: {error}") from None


def _run_package(source, target, header, weight):
    """Run the Python package."""
    try:
        from MontagePy.main import mProjectPP
    except ImportError:
        raise InputError(
            "montage: neither mProjectPP is on the PATH nor the package MontagePy installed; run "
            "envs/setup"
        ) from None
    result = mProjectPP(source, target, header, weight_file=weight or "")
    if str(result["status"]) != "0":
        raise InputError(f"mProjectPP (MontagePy): {result['msg']}")
