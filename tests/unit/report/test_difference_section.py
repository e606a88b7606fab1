"""The section of changes is bounded, however many pairs a run has."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from redpix.report import difference_section

FACTS = {"SCORRSTD": 1.0, "FLXRATIO": 1.0, "FLXSCAT": 0.0, "REGRMSX": 0.1, "REGRMSY": 0.1}
FACTS |= {"NSTARS": 9, "FWHMNEW": 3.0, "FWHMREF": 3.0, "PSF": "psfex"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Paths of the differences and of the transients of three pairs with twenty changes each."""
    folder, differences, tables = tmp_path_factory.mktemp("pairs"), [], []
    rng = np.random.default_rng(1)
    for name in "abc":
        home = folder / name / "r"
        home.mkdir(parents=True)
        hdus = [fits.PrimaryHDU(), fits.ImageHDU(np.zeros((60, 60), np.int16), name="MASK")]
        for plane in ("NEW", "REF", "D", "SCORR", "ALPHA_ERR"):
            hdus.append(fits.ImageHDU(rng.normal(size=(60, 60)).astype("f4"), name=plane))
        hdus[4].header.update(FACTS)
        fits.HDUList(hdus).writeto(home / "difference.fits")
        x, y = rng.uniform(5, 55, (2, 20))
        rows = {"id": range(20), "band": "r", "x": x, "y": y, "ra": 180.0, "dec": 45.0}
        rows |= {"scorr": 9.0, "flux": 1.0, "mag": 20.0, "kind": "brighter", "flags": 0}
        pd.DataFrame(rows | {"score": 0.9, "features": ""}).to_csv(
            folder / name / "transients.csv", index=False
        )
        differences.append(str(home / "difference.fits"))
        tables.append(str(folder / name / "transients.csv"))
    return differences, tables


def test_pairs_beyond_a_number_have_facts_and_fewer_cut_outs(pairs, monkeypatch):
    monkeypatch.setattr(difference_section, "MOST_DRAWN", 2)
    monkeypatch.setattr(difference_section, "MOST_CHANGES", 24)
    shown = difference_section.show_pairs(*pairs, None)
    assert [one["scores"] is not None for one in shown] == [True, True, False]
    assert shown[2]["triplets"] is None
    assert [len(one["stamps"]) for one in shown] == [8, 8, 8]
    assert [one["n"] for one in shown] == [20, 20, 20]
    assert all(one["bands"][0]["facts"]["transients"] == "20, 20 without a flag" for one in shown)


def test_a_pair_without_changes_is_shown(pairs, tmp_path):
    differences, tables = pairs
    table = tmp_path / Path(tables[0]).parent.name / "transients.csv"
    table.parent.mkdir()
    pd.read_csv(tables[0]).head(0).to_csv(table, index=False)
    home = table.parent / "r"
    home.symlink_to(Path(differences[0]).parent)
    (shown,) = difference_section.show_pairs([str(home / "difference.fits")], [str(table)], None)
    assert (shown["n"], shown["stamps"], shown["rows"]) == (0, [], [])
    assert shown["scores"]
