"""The look of all figures, and their encoding for a page.

Figures are made without pyplot, which would keep a reference to each of them.
"""

import base64
import contextlib
import io

import matplotlib
import numpy as np
from PIL import Image

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
    "savefig.dpi": 140,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 0.05,
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
        Use WebP, which compresses noise better, instead of PNG.

    Returns
    -------
    str
    """
    data = io.BytesIO()
    if photograph:
        kind = "webp"
        figure.savefig(data, format=kind, pil_kwargs={"quality": 85})
    else:
        kind = "png"
        figure.savefig(data, format=kind, metadata={"Software": None})
    return _encoded(data, kind)


def picture_uri(values):
    """Return an array of pixels as a ``data:`` URI, with its first row at the bottom.

    Parameters
    ----------
    values : ndarray of uint8, shape (ny, nx) or (ny, nx, 3)
        Grey levels, or red, green and blue.

    Returns
    -------
    str
    """
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(values[::-1])).save(data, "webp", quality=80)
    return _encoded(data, "webp")


def _encoded(data, kind):
    """Return the bytes of a picture as a ``data:`` URI."""
    return f"data:image/{kind};base64,{base64.b64encode(data.getvalue()).decode()}"
