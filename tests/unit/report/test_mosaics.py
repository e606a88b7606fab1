"""Stamps of a mosaic stand line by line from the top, apart, and marks lie on their pixels."""

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from redpix.report import mosaics
from redpix.report.figures import drawn
from redpix.report.photometry_plots import stamps_figure


def test_places_are_apart_and_the_first_is_at_the_top():
    axes, corners = mosaics.empty_mosaic(2, 3, side=10, width=6.0, gaps=(0.1, 0.3))
    assert corners[:, 0].tolist() == [0, 11, 22, 0, 11, 22]
    assert corners[:, 1].tolist() == [13, 13, 13, 0, 0, 0]
    assert axes.get_xlim() == (0, 32)
    assert axes.get_ylim() == (0, 26)


def test_a_stamp_is_drawn_at_its_place():
    axes, corners = mosaics.empty_mosaic(1, 2, side=10, width=4.0)
    stamp = np.zeros((10, 10))
    stamp[7, 2] = 1.0
    mosaics.draw_stamp(axes, corners[1], stamp, "gray", (0, 1))
    x, y = mosaics.place_on(corners[1], 2, 7)
    canvas = FigureCanvasAgg(axes.figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[::-1, :, 0]
    column, row = np.rint(axes.transData.transform((x, y))).astype(int)
    assert pixels[row, column] == 255
    column, row = np.rint(axes.transData.transform((x + 1.5, y))).astype(int)
    assert pixels[row, column] == 0


def test_a_star_is_marked_at_its_centroid():
    stars = pd.DataFrame(
        {"peak_x": [20, 3], "peak_y": [30, 3], "centroid_x": [20.4, 3.0], "centroid_y": [29.7, 3.0]}
    )
    image = np.random.default_rng(1).normal(size=(60, 60))
    axes = stamps_figure(image, stars).axes[0]
    peak, centroid = axes.lines
    assert len(axes.images) == 1  # the other is incomplete
    assert centroid.get_xdata() - peak.get_xdata() == np.float64(20.4) - 20
    assert np.isclose(centroid.get_ydata() - peak.get_ydata(), -0.3)
    assert stamps_figure(image, stars.head(0)).axes
    assert drawn(stamps_figure(image, stars)).ndim == 3
