"""Table.read of astropy gives the units of a Parquet table."""

import warnings

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.table import Table
from redpix.io.parquet_metadata import with_astropy_metadata


def test_astropy_reads_units_and_descriptions(tmp_path):
    columns = {
        "object_id": np.array([1, 2]),
        "ra": np.array([10.0, 11.0]),
        "flux_g": np.array([1, 2], np.float32),
        "flux_r": np.array([1, 2], np.float32),
        "class": np.array(["GALAXY", "QSO"]),
    }
    stated = {"flux_g": "nanomaggy", "flux_r": "count", "ra": "deg"}
    fields = [
        pa.field(name, pa.array(values).type, metadata={"unit": stated.get(name, "")})
        for name, values in columns.items()
    ]
    schema = pa.schema(fields, metadata={"grid": "[1]"})
    table = with_astropy_metadata(pa.table(columns, schema=schema))
    assert table.schema.metadata[b"grid"] == b"[1]"
    assert table.field("flux_g").metadata[b"unit"] == b"nanomaggy"
    pq.write_table(table, tmp_path / "a.parquet")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = Table.read(tmp_path / "a.parquet")
    assert made["ra"].unit == units.deg
    assert (1 * made["flux_g"].unit).to_value(units.nJy) == pytest.approx(3631)
    assert made["flux_r"].unit == units.ct
    assert made["class"].tolist() == ["GALAXY", "QSO"]
    assert made["object_id"].dtype == np.int64
    assert made["flux_g"].description == "Flux of the pixel"
