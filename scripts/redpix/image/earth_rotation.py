"""Rotation of the Earth from the tables that astropy brings; nothing is downloaded."""

import contextlib
import warnings


@contextlib.contextmanager
def rotation_tables():
    """Take the rotation of the Earth from astropy's own tables in a ``with`` block.

    Later than the tables, the rotation changes a barycentric time by less than a microsecond.
    """
    from astropy.utils import iers  # its import takes 0.1 s

    with (
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("iers_degraded_accuracy", "warn"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield
