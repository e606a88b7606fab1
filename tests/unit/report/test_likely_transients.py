"""The report lists the transients that are most likely real first."""

import numpy as np
import pandas as pd
from redpix.report.likely_transients import most_likely


def test_flagged_rows_are_listed_by_their_score():
    rows = pd.DataFrame({"id": [1, 2, 3], "flags": [0, 512, 0], "score": [0.4, 0.9, 0.97]})
    assert list(most_likely(rows)["id"]) == [3, 2, 1]


def test_a_table_without_scores_keeps_its_order():
    rows = most_likely(pd.DataFrame({"id": [1, 2], "flags": [0, 0]}))
    assert list(rows["id"]) == [1, 2]
    assert np.isnan(rows["score"]).all()
