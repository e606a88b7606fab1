"""Figure of the cost of the stages of a run."""

import numpy as np
from matplotlib.figure import Figure

_BLUE, _ORANGE, _GREY = "#2b5c8a", "#d9822b", "#99a"


def timing_figure(table):
    """Return a figure of the time and the peak memory of each stage as horizontal bars.

    Parameters
    ----------
    table : DataFrame
        Columns stage; wall and cpu, seconds of all jobs; memory, MiB of the largest job.

    Returns
    -------
    Figure
    """
    rows = np.arange(len(table))
    figure = Figure(figsize=(10.5, 0.9 + 0.36 * len(table)), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=[2, 1])
    left.barh(rows - 0.2, table["wall"], 0.38, color=_GREY, label="wall clock, all jobs")
    left.barh(rows + 0.2, table["cpu"], 0.38, color=_BLUE, label="CPU, all jobs")
    left.set(xlabel="time (s)")
    left.set_yticks(rows, table["stage"])
    left.invert_yaxis()
    left.legend(loc="lower right")
    right.barh(rows, table["memory"], 0.6, color=_ORANGE)
    right.set(xlabel="peak memory of a job (MiB)")
    for axes in (left, right):
        axes.grid(axis="x", color="#ddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
    return figure
