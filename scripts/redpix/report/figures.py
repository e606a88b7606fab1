"""The look of all figures, and their encoding for a page.

Figures are made without pyplot, which would keep a reference to each of them.
"""

import base64
import contextlib
import io

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

#: resolution of a figure, pixels per inch
_DPI = 140

#: margin around what is drawn, inches
_MARGIN = 0.05

#: settings of matplotlib for all figures
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.edgecolor": "#667",
    "axes.linewidth": 0.7,
    "axes.labelcolor": "#223",
    "text.color": "#223",
    "xtick.color": "#445",
    "ytick.color": "#445",
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "image.interpolation": "nearest",
}


@contextlib.contextmanager
def house_style():
    """Apply the look of all figures, in place of the user's settings of matplotlib.

    Make and encode figures inside this context.
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        yield


def data_uri(figure, photograph=False):
    """Return a figure as a ``data:`` URI, with the same bytes for the same figure.

    Parameters
    ----------
    figure : Figure
        The figure to encode.
    photograph : bool
        Lose what the eye does not see, which makes pictures of noise small.

    Returns
    -------
    str
    """
    pixels = drawn(figure)
    if not photograph:
        return lossless_uri(pixels)
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "webp", quality=85)
    return _encoded(data)


def drawn(figure):
    """Return the pixels of a figure without its empty border.

    matplotlib's ``savefig`` with a tight border draws a figure twice; here it is drawn once.

    Parameters
    ----------
    figure : Figure
        On white.

    Returns
    -------
    ndarray of uint8, shape (ny, nx, 3)
        The first row is at the top.
    """
    figure.set_dpi(_DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    inked = pixels.min(axis=2) < 255
    if inked[[0, -1]].any() or inked[:, [0, -1]].any():
        pixels = _beyond_the_canvas(figure)
        inked = pixels.min(axis=2) < 255
    margin = round(_DPI * _MARGIN)
    window = tuple(_around(np.flatnonzero(inked.any(axis=axis)), margin) for axis in (1, 0))
    return np.ascontiguousarray(pixels[window])


def _beyond_the_canvas(figure):
    """Return the pixels of a figure that is larger than its canvas, such as by a title."""
    figure.set_layout_engine(None)  # all is in its place
    window = figure.get_tightbbox(figure.canvas.get_renderer()).padded(_MARGIN)
    data = io.BytesIO()
    figure.savefig(data, dpi=_DPI, bbox_inches=window, pil_kwargs={"compress_level": 1})
    return np.asarray(Image.open(data).convert("RGB"))


def _around(places, margin):
    """Return the slice from the first to the last place, with a margin on both sides."""
    if not len(places):
        return slice(None)
    return slice(max(0, places[0] - margin), places[-1] + margin + 1)


def lossless_uri(values):
    """Return pixels as a ``data:`` URI that keeps each value.

    Parameters
    ----------
    values : ndarray of uint8, shape (ny, nx) or (ny, nx, 3)
        Grey levels, or red, green and blue, from the top.

    Returns
    -------
    str
    """
    data = io.BytesIO()
    picture = Image.fromarray(np.ascontiguousarray(values)).convert("RGB")
    picture.save(data, "webp", lossless=True, quality=20, method=1)
    return _encoded(data)


def _encoded(data):
    """Return the bytes of a WebP picture as a ``data:`` URI."""
    return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"
