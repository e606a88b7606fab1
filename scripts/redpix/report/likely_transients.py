"""Order in which the report lists transients."""

import numpy as np


def most_likely(transients):
    """Return transients, those that are most likely real first.

    Parameters
    ----------
    transients : DataFrame
        Detected transients, the most significant first. A table of an earlier version does not have
        the column `score`, and keeps its order.

    Returns
    -------
    DataFrame
        With the column `score`.
    """
    if "score" not in transients:
        return transients.assign(score=np.nan)
    return transients.sort_values("score", ascending=False, kind="stable")
