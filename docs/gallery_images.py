"""Take the pictures of the gallery out of the demo's report.

    .venv/bin/python docs/gallery_images.py results/demo/report.html docs/images

Each picture is scaled down to `WIDTH` pixels and stored as a PNG of `COLOURS` colours.
"""

import base64
import io
import sys
from html.parser import HTMLParser
from pathlib import Path

from PIL import Image

#: section of the report and 0-based number of the figure in that section, by name of the picture
FIGURES = {
    "field": ("field-9001-3-100", 0),
    "frame": ("field-9001-3-100", 1),
    "redshifts": ("method-knn", 0),
    "pdf_calibration": ("method-knn", 1),
    "pdfs": ("method-knn", 2),
    "coadd": ("coadd-epochs-r", 0),
    "transients": ("pair-second_epoch", 0),
    "scores": ("pair-second_epoch", 1),
    "completeness": ("pair-second_epoch", 2),
    "calibration": ("image-exposure_1", 0),
    "stars": ("image-exposure_1", 1),
    "psf": ("image-exposure_1", 3),
    "flux_errors": ("image-exposure_3", 4),
    "scatter": ("light-curves-all", 0),
    "light_curves": ("light-curves-all", 1),
    "training_images": ("training", 0),
}

#: width of a picture, pixels
WIDTH = 880

#: number of colours of a picture; more colours make larger files
COLOURS = 200


class Figures(HTMLParser):
    """Collect a report's embedded images by section.

    Attributes
    ----------
    images : dict of str to list of bytes
        Encoded images by the id of the nearest heading above.
    """

    def __init__(self):
        super().__init__()
        self.images = {}
        self._section = None

    def handle_starttag(self, tag, attrs):
        """Note the section of a heading; keep the image of an ``img``."""
        attributes = dict(attrs)
        if tag in ("h2", "h3") and "id" in attributes:
            self._section = attributes["id"]
        if tag == "img" and attributes["src"].startswith("data:image/"):
            content = attributes["src"].split(";base64,", 1)[1]
            self.images.setdefault(self._section, []).append(base64.b64decode(content))


def figures_of(page):
    """Return the embedded images of a report by section.

    Parameters
    ----------
    page : str
        HTML.

    Returns
    -------
    dict of str to list of bytes
    """
    parser = Figures()
    parser.feed(page)
    return parser.images


def small_picture(image):
    """Return an encoded image as a small PNG.

    Parameters
    ----------
    image : bytes
        PNG or WebP.

    Returns
    -------
    bytes
    """
    picture = Image.open(io.BytesIO(image)).convert("RGB")
    width = min(WIDTH, picture.width)
    height = round(picture.height * width / picture.width)
    picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    picture.quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def write_gallery(report, folder):
    """Write the pictures of the gallery.

    Parameters
    ----------
    report : path
        ``report.html`` of the demo.
    folder : path
        Folder of the PNGs; must exist.

    Raises
    ------
    SystemExit
        If the report lacks a figure.
    """
    images = figures_of(Path(report).read_text(encoding="utf-8"))
    for name, (section, number) in FIGURES.items():
        if number >= len(images.get(section, [])):
            sys.exit(f"{report}: figure {number} of section {section} is missing")
        Path(folder, f"{name}.png").write_bytes(small_picture(images[section][number]))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write_gallery(*sys.argv[1:])
