"""The viewer of images in a real browser: values, coordinates, layers, zoom, marks, curves."""

import json

import numpy as np
import pytest
from chromium import act_on_page
from conftest import ROOT
from devtools import open_tab
from redpix.report import pixel_layers, pixel_viewer
from redpix.report.field_tiles import choose_tiles
from redpix.report.page_policy import policy
from redpix.report.tiled_layers import image_layer, mask_layer
from test_report import Run, make_wcs

#: a viewer starts when it comes into sight, or when it is called
READY = """(() => {
  const place = document.querySelector("[data-viewer]");
  if (place && !place.viewer && window.redpixViewer) redpixViewer(place);
  return place?.viewer?.loaded;
})()"""

#: moves the pointer to a pixel of the layers, and reads the words
HELP = """
const place = document.querySelector("[data-viewer]"), canvas = place.querySelector("canvas");
const said = () => place.querySelector("output").textContent;
const event = (kind, at, more) => {
  const box = canvas.getBoundingClientRect(), ratio = canvas.width / box.width;
  canvas.dispatchEvent(new PointerEvent(kind, {pointerId: 1, bubbles: true,
    clientX: box.left + at[0] / ratio, clientY: box.top + at[1] / ratio, ...more}));
};
const point = (x, y) => {
  const {view} = place.viewer, height = SIZE;
  return [view.x + (x + 0.5) * view.scale, view.y + (height - 0.5 - y) * view.scale];
};
canvas.setPointerCapture = () => {};
const layer = async k => {
  const choice = place.querySelector("select");
  choice.value = k;
  choice.dispatchEvent(new Event("change"));
  for (let tries = 0; tries < 400 && !place.viewer.loaded; tries++) await pause(25);
};
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A page with one image of known values, two marks and two light curves."""
    folder = tmp_path_factory.mktemp("viewer")
    image = np.random.default_rng(1).normal(0, 1.0, (60, 80))
    image[20, 30] = 500.0
    mask = np.zeros((60, 80), int)
    mask[5, 7] = 4 + 16
    layers = [
        pixel_layers.asinh_layer("image", image, "counts"),
        pixel_layers.mask_layer("mask", mask, ["A", "B", "SATURATED", "C", "COSMIC_RAY"]),
    ]
    marks = [
        {"x": 31.0, "y": 21.0, "r": 4, "colour": "#0f0", "text": "the bright star", "key": "m 1"},
        {"x": 70.0, "y": 50.0, "r": 4, "colour": "#0f0", "text": "another star", "key": "m 2"},
    ]
    content = {
        "viewers": [pixel_viewer.viewer("one", image.shape, layers, marks=marks)],
        "curves": {
            f"m {k}": {
                "t": [58000.5, 58000.6],
                "flux": [1, 1.1],
                "error": [0.1, 0.1],
                "flags": [0, 0],
            }
            for k in (1, 2)
        },
        "scatter": [["m 1", 12.0, 0.05, 0.05, False], ["m 2", 13.0, 0.3, 0.05, False]],
    }
    return write_page(folder / "small.html", content)


def write_page(path, content):
    """Write a page with a viewer of some content, and return its path."""
    script = (ROOT / "workflow/report/viewer.js").read_text()
    path.write_text(
        f"""<!DOCTYPE html><html><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy([script])}">
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><div data-viewer="0"></div><figure id="star-charts"><svg></svg><svg></svg></figure>
<p id="star-told"></p>
<script type="application/json" id="viewer-data">{json.dumps(content)}</script>
<script>{script}</script></body></html>"""
    )
    return path


def use(page, folder, steps, size=60, width=1200):
    """Take steps in a page, and return the answer."""
    return act_on_page(page, folder, READY, HELP.replace("SIZE", str(size)) + steps, width=width)


def test_the_value_under_the_pointer_is_that_of_the_image(small, tmp_path):
    steps = """event("pointermove", point(30, 20)); answer.star = said();
    await layer(1);
    event("pointermove", point(7, 5)); answer.masked = said();
    event("pointermove", point(8, 5)); answer.clean = said();
    event("pointermove", [-5, -5]); answer.outside = said();"""
    answer = use(small, tmp_path, steps)
    place, value, mark = answer["star"].split(" · ")
    assert place == "x 30.0, y 20.0"
    assert float(value.removesuffix(" counts")) == pytest.approx(500, rel=0.02)
    assert mark == "the bright star"
    assert answer["masked"].endswith("SATURATED COSMIC_RAY")
    assert answer["clean"].endswith("not masked")
    assert answer["outside"] == ""


def test_wheel_drag_and_keys_move_the_image(small, tmp_path):
    steps = """const start = {...place.viewer.view}, at = point(30, 20);
    const wheel = new WheelEvent("wheel", {deltaY: -1, cancelable: true});
    answer.scrolls = canvas.dispatchEvent(wheel) && place.viewer.view.scale === start.scale;
    answer.touch = [canvas.style.touchAction];
    canvas.focus();
    canvas.dispatchEvent(new WheelEvent("wheel", {deltaY: -1, cancelable: true}));
    answer.touch.push(canvas.style.touchAction);
    answer.zoomed = place.viewer.view.scale / start.scale;
    canvas.dispatchEvent(new KeyboardEvent("keydown", {key: "0"}));
    answer.back = place.viewer.view.scale / start.scale;
    event("pointerdown", at); event("pointermove", [at[0] + 40, at[1] + 10]);
    event("pointerup", [at[0] + 40, at[1] + 10]);
    answer.dragged = [place.viewer.view.x - start.x, place.viewer.view.y - start.y];
    canvas.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowLeft"}));
    answer.stepped = place.viewer.view.x - start.x > answer.dragged[0];
    answer.told = place.querySelector(".told").textContent;"""
    answer = use(small, tmp_path, steps)
    assert answer["scrolls"]  # the wheel belongs to the page until the image has the focus
    assert answer["touch"] == ["pan-y", "none"]
    assert answer["zoomed"] == pytest.approx(1.2)
    assert answer["back"] == 1
    assert answer["dragged"] == pytest.approx([40, 10])
    assert answer["stepped"]
    assert answer["told"] == "another star"  # the most unusual star, chosen at first


def test_a_click_on_a_star_shows_its_light_curve(small, tmp_path):
    steps = """answer.first = document.getElementById("star-told").textContent;
    const at = point(31, 21);
    event("pointerdown", at); event("pointerup", at);
    answer.told = place.querySelector(".told").textContent;
    answer.curve = document.getElementById("star-told").textContent;
    answer.label = document.querySelectorAll("#star-charts svg")[1].getAttribute("aria-label");
    document.querySelectorAll("#star-charts svg .star")[1].dispatchEvent(new MouseEvent("click"));
    answer.other = place.querySelector(".told").textContent;"""
    answer = use(small, tmp_path, steps)
    assert answer["first"].startswith("Star 2 of m, 2 exposures")
    assert answer["told"] == "the bright star"
    assert answer["curve"].startswith("Star 1 of m, ")
    assert answer["label"] == "Light curve of star 1 of m"
    assert answer["other"] == "another star"


def test_a_large_field_has_its_pixels_in_tiles_and_means_elsewhere(tmp_path):
    image = np.random.default_rng(1).normal(0, 1.0, (60, 80)).astype(np.float32)
    image[20, 30] = 500.0
    image[50:54, 70:74] = 40.0
    tiling = choose_tiles(np.isfinite(image), np.array([30]), np.array([20]), np.array([1]), 1100)
    layers = [image_layer(image, "counts", tiling)]
    mask = np.zeros(image.shape, np.int32)
    mask[57, 77] = 16
    layers.append(mask_layer("mask", mask, ["A", "B", "C", "D", "COSMIC_RAY"], tiling))
    content = pixel_viewer.viewer("one", image.shape, layers, tiles=tiling.about(image.shape))
    page = write_page(tmp_path / "tiles.html", {"viewers": [content], "curves": {}, "scatter": []})
    steps = """const colour = (x, y) => {
      const [left, top] = point(x, y).map(Math.round);
      return canvas.getContext("2d").getImageData(left, top, 1, 1).data[0];
    };
    event("pointermove", point(30, 20)); answer.star = said();
    event("pointermove", point(71, 52)); answer.block = said();
    answer.colours = [[30, 20], [71, 52], [75, 10]].map(at => colour(...at));
    await layer(1);
    event("pointermove", point(76, 57)); answer.masked = said();
    event("pointermove", point(2, 2)); answer.clean = said();"""
    answer = use(page, tmp_path, steps)
    assert tiling.factor == 3
    place, value = answer["star"].split(" · ")
    assert place == "x 30.0, y 20.0"
    assert float(value.removesuffix(" counts")) == pytest.approx(500, rel=0.02)
    value = answer["block"].split(" · ")[1].removesuffix(" counts, mean of 3 × 3 pixels")
    assert float(value) == pytest.approx(image[51:54, 69:72].mean(), rel=0.05)
    assert answer["colours"][0] > answer["colours"][1] > answer["colours"][2] + 10
    assert answer["masked"].endswith("COSMIC_RAY, any of 3 × 3 pixels")
    assert answer["clean"].endswith("not masked, any of 3 × 3 pixels")


def test_a_field_of_the_report_has_its_layers_and_coordinates(tmp_path):
    run = Run(tmp_path)
    page = run.report()
    steps = """event("pointermove", point(40, 60)); answer.star = said();
    answer.layers = [...place.querySelectorAll("option")].map(one => one.textContent);
    answer.reserved = parseFloat(place.style.minHeight) / place.scrollHeight;
    answer.downloads = [...document.querySelectorAll("a[download]")].map(one => one.download);"""
    answer = use(page, tmp_path, steps, size=120, width=500)
    place, sky, value = answer["star"].split(" · ")[:3]
    ra, dec = make_wcs(0).all_pix2world(40, 60, 0)
    assert place == "x 40.0, y 60.0"
    assert sky == f"RA {float(ra):.6f}°, Dec {float(dec):.6f}°"
    assert float(value.removesuffix(" nanomaggies")) == pytest.approx(5, rel=0.02)
    assert answer["layers"][:2] == ["image", "segments"]
    assert answer["reserved"] > 0.85  # the page does not jump when a viewer starts
    assert answer["downloads"][:2] == ["3813-5-20.reg", "3813-5-20.moc.fits"]
    assert answer["width"] <= 500


def test_fingers_zoom_and_move_the_image_and_scroll_the_page(small):
    with open_tab(
        small, f"window.redpixViewer && {READY}", width=390, height=700, phone=True
    ) as tab:
        tab.run(
            "document.body.append(Object.assign(document.createElement('p'), "
            "{style: 'height: 2000px', textContent: 'below'}));"
        )
        left, top, width, height = tab.box("canvas")
        middle = (left + width / 2, top + height / 2)

        def view():
            return tab.run("return document.querySelector('[data-viewer]').viewer.view;")

        start = view()
        tab.swipe(middle, (middle[0], middle[1] - 120))
        assert tab.run("return scrollY;") > 60
        assert view() == start
        tab.run("scrollTo(0, 0);")
        tab.touch(*([(middle[0] - d, middle[1]), (middle[0] + d, middle[1])] for d in (20, 30, 40)))
        zoomed = view()
        assert zoomed["scale"] > 1.5 * start["scale"]
        assert tab.run("return visualViewport.scale;") == 1
        tab.swipe(middle, (middle[0] - 40, middle[1] - 30))
        moved = view()
        assert [moved[axis] - zoomed[axis] for axis in "xy"] == pytest.approx([-80, -60], abs=8)
        for _ in range(6):  # the image cannot be lost
            tab.swipe(middle, (middle[0] - 150, middle[1]))
        assert view()["x"] + 80 * moved["scale"] >= width
        assert tab.run("return scrollY;") == 0
        tab.run("document.querySelector('[data-viewer] button').click();")
        x, y = tab.run(
            "const {viewer} = document.querySelector('[data-viewer]'), box = "
            "document.querySelector('canvas').getBoundingClientRect(); return "
            "viewer.canvasPlace({x: 31, y: 21}).map((one, k) => one / devicePixelRatio + "
            "(k ? box.top : box.left));"
        )
        tab.touch([(x, y)])
        assert tab.run("return document.querySelector('.told').textContent;") == "the bright star"
        assert "x 31" in tab.run("return document.querySelector('output').textContent;")
        tab.check()
