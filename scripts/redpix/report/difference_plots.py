"""Figures of a difference image: cut-outs of transients, histogram of scores, completeness."""

import numpy as np
from astropy.stats import binom_conf_interval, mad_std
from matplotlib.figure import Figure

from redpix.report.mosaics import draw_stamp, empty_mosaic
from redpix.subtraction.transient_shapes import windows
from redpix.subtraction.transients import CUT_OUT

#: distance of the bars of two bands, mag
_ASIDE = 0.04

#: space between cut-outs along x, and along y for their titles, in units of a side
_GAPS = (0.06, 0.22)

#: maximum number of transients with cut-outs in a figure
MOST = 6

#: edges of the bins of Scorr
_BINS = np.linspace(-8, 8, 81)


def triplet_figure(new, reference, difference, positions, titles):
    """Return a figure of new image, reference and difference around each transient.

    Parameters
    ----------
    new, reference, difference : ndarray, shape (ny, nx)
        On the same pixels. The first two have the same unit, and the last has unit noise.
    positions : sequence of (float, float)
        x and y of the transients, 0-based.
    titles : sequence of str
        Title of each transient.

    Returns
    -------
    Figure
    """
    x, y = np.rint(np.transpose(positions)).astype(int)
    cubes = [windows(image, x, y, CUT_OUT, np.nan) for image in (new, reference, difference)]
    side = cubes[0].shape[-1]
    axes, corners = empty_mosaic(-(-len(positions) // 2), 6, side, 8.4, _GAPS)
    for number, (*stamps, changed, title) in enumerate(zip(*cubes, titles, strict=True)):
        places = corners[3 * number : 3 * number + 3]
        sky = np.concatenate([stamp[np.isfinite(stamp)] for stamp in stamps])
        middle, noise = (np.median(sky), mad_std(sky)) if len(sky) else (0.0, 1.0)
        low = middle - 3 * noise
        high = max(min(np.max(sky, initial=middle), middle + 40 * noise), low)
        for corner, stamp in zip(places, stamps, strict=False):
            draw_stamp(axes, corner, stamp, "gray", (low, high))
        draw_stamp(axes, places[2], changed, "RdBu_r", (-12, 12))
        left, low = places[0]
        axes.text(left, low + 1.03 * side, title, fontsize=6.5, va="bottom")
    return axes.figure


def score_figure(scores):
    """Return a figure with histograms of scores and a unit Gaussian.

    Parameters
    ----------
    scores : dict of str to ndarray
        Scores of unmasked pixels, by band.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    axes = figure.subplots()
    middle = (_BINS[1:] + _BINS[:-1]) / 2
    for name, values in scores.items():
        counts, _ = np.histogram(values, _BINS)
        axes.stairs(np.maximum(counts, 0.3), _BINS, label=name, linewidth=1.1)
    total = max((len(values) for values in scores.values()), default=0)
    gauss = total * np.exp(-(middle**2) / 2) / np.sqrt(2 * np.pi) * (_BINS[1] - _BINS[0])
    axes.plot(middle, gauss, color="black", linewidth=0.9, linestyle="--", label="unit Gaussian")
    axes.set(yscale="log", ylim=(0.5, max(2 * total, 10)), xlabel="Scorr", ylabel="pixels")
    axes.legend()
    return figure


def completeness_figure(magnitudes, found):
    """Return a figure of the share of true transients that were found, against magnitude.

    Bars are 68 % intervals of the binomial distribution (Wilson 1927).

    Parameters
    ----------
    magnitudes : dict of str to ndarray
        True magnitudes, by band.
    found : dict of str to ndarray of bool
        Whether each transient was found, by band.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(10.5, 3.2), layout="constrained")
    axes = figure.subplots()
    for number, (name, values) in enumerate(magnitudes.items()):
        edges = np.arange(np.floor(2 * values.min()), np.floor(2 * values.max()) + 2) / 2
        total, _ = np.histogram(values, edges)
        hits, _ = np.histogram(values[found[name]], edges)
        filled = total > 0
        middle = ((edges[1:] + edges[:-1]) / 2)[filled]
        share = hits[filled] / total[filled]
        low, high = binom_conf_interval(hits[filled], total[filled], interval="wilson")
        bars = np.maximum([share - low, high - share], 0)
        aside = middle + _ASIDE * (number - (len(magnitudes) - 1) / 2)
        axes.errorbar(aside, share, bars, marker="o", markersize=3, elinewidth=0.8, label=name)
    axes.set(ylim=(-0.03, 1.06), xlabel="magnitude", ylabel="share found")
    axes.legend()
    return figure
