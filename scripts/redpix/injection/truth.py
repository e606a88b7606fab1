"""Put the truth of all fields into one table, in the columns of objects.csv and more."""

import pandas as pd

from redpix.core.atomic_files import atomic
from redpix.core.job import log


def main(snakemake):
    # as text: what a field's table says is said again
    tables = [
        pd.read_csv(path, dtype=str, keep_default_na=False) for path in snakemake.input.tables
    ]
    table = pd.concat(tables, ignore_index=True)
    with atomic(snakemake.output[0]) as temporary:
        table.to_csv(temporary, index=False)
    log.info("%s: %d sources in %d fields", snakemake.output[0], len(table), len(tables))
