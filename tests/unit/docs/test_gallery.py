"""The gallery's pictures: taken out of a report, small, and all shown."""

import base64
import importlib.util
import io
import re
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
SPEC = importlib.util.spec_from_file_location("gallery_images", DOCS / "gallery_images.py")
gallery = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(gallery)


def figure(colour, kind="png", size=(1800, 600)):
    """A figure of a report, of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    content = base64.b64encode(file.getvalue()).decode()
    return f'<figure> <img src="data:image/{kind};base64,{content}" alt="a picture"></figure>'


def report(sections):
    """A page with figures below headings."""
    parts = [
        f'<h3 id="{section}">x</h3>{"".join(figures)}' for section, figures in sections.items()
    ]
    return f"<html><body>{''.join(parts)}</body></html>"


def test_pictures_are_those_of_their_sections(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "FIGURES", {"red": ("a", 1), "blue": ("b", 0)})
    page = {"a": [figure("green"), figure("red", "webp")], "b": [figure("blue", size=(60, 30))]}
    (tmp_path / "report.html").write_text(report(page))
    gallery.write_gallery(tmp_path / "report.html", tmp_path)
    red, blue = (Image.open(tmp_path / f"{name}.png") for name in ("red", "blue"))
    assert (red.size, blue.size) == ((880, 293), (60, 30))
    r, g, b = red.convert("RGB").getpixel((440, 100))
    assert r > 240
    assert max(g, b) < 15
    assert blue.convert("RGB").getpixel((30, 15)) == (0, 0, 255)


def test_a_missing_figure_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "FIGURES", {"red": ("a", 1)})
    (tmp_path / "report.html").write_text(report({"a": [figure("red")]}))
    with pytest.raises(SystemExit, match="figure 1 of section a is missing"):
        gallery.write_gallery(tmp_path / "report.html", tmp_path)


def test_every_picture_is_shown_and_small():
    pictures = list((DOCS / "images").glob("*.png"))
    assert {path.stem for path in pictures} == set(gallery.FIGURES)
    assert sum(path.stat().st_size for path in pictures) < 1.5e6
    shown = re.findall(r"!\[.+\]\(images/(\w+)\.png\)", (DOCS / "gallery.md").read_text())
    assert sorted(shown) == sorted(gallery.FIGURES)
