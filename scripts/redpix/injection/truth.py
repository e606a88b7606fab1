"""Join the truth tables of all fields."""

import pandas as pd

from redpix.core.atomic_files import atomic
from redpix.core.job import log


def join_truth(tables, truth):
    """Write the truth of all fields as one table.

    Parameters
    ----------
    tables : list of str
        CSVs of the injected sources, one per field.
    truth : str
        CSV that is written; its columns are those of the tables.
    """
    # as text, so that each value is copied unchanged
    fields = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in tables]
    joined = pd.concat(fields, ignore_index=True)
    with atomic(truth) as temporary:
        joined.to_csv(temporary, index=False)
    log.info("%s: %d sources in %d fields", truth, len(joined), len(fields))
