"""The gallery's pictures: taken out of a report, small, and all shown."""

import base64
import importlib.util
import io
import re
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"


def imported(name):
    """A script of the pages, which may import its neighbours."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


gallery = imported("gallery_images")


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


def test_the_path_to_the_worst_outlier_is_shown_in_few_clicks():
    path = imported("path_images")
    pictures = {one.stem: one for one in (DOCS / "images/path").glob("*.png")}
    assert sorted(pictures) == sorted(path.STEPS)
    assert max(one.stat().st_size for one in pictures.values()) <= path.MOST
    assert max(len(step.clicks) for step in path.STEPS.values()) <= 6
    guide = (DOCS / "guides/quick_start.md").read_text()
    assert re.findall(r"!\[.+\]\(../images/path/(\w+)\.png\)", guide) == list(path.STEPS)


def test_a_step_of_the_path_is_a_picture_after_its_clicks(tmp_path):
    path = imported("path_images")
    page = tmp_path / "page.html"
    page.write_text(
        """<html><head><meta charset="utf-8"></head><body><header>top</header><main>
<section><h2 id="other" style="background: lime">x</h2></section>
<section><h2 id="explore" data-ready="yes">y</h2><button id="worst">go</button>
<div id="chosen" style="height: 4000px"></div></section></main>
<script>document.getElementById("worst").addEventListener("click", () => {
  document.getElementById("chosen").style.background = "red"; });</script></body></html>"""
    )
    step = path.Step("explore", ("#worst",), 500, "#chosen")
    picture = Image.open(io.BytesIO(path.taken(page, step))).convert("RGB")
    assert picture.size == (path.WIDTH, 500)
    assert picture.getpixel((500, 400)) == (255, 0, 0)
    before = Image.open(io.BytesIO(path.taken(page, step._replace(clicks=())))).convert("RGB")
    assert before.getpixel((500, 400)) == (255, 255, 255)
    assert (0, 255, 0) not in {colour for _, colour in picture.getcolors(10**6)}
