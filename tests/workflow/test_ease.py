"""The report in light and dark, by keyboard, read aloud and on paper, in a real browser."""

import pytest
from chromium import act_on_page, printed_pages
from test_report import Run

#: lists texts whose contrast with their background is below that of WCAG 2.2 AA
CONTRAST = """
const light = ([r, g, b]) => {
  const linear = one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
  const [x, y, z] = [r, g, b].map(one => linear(one / 255));
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
const parts = colour => (colour.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
const behind = one => {
  for (; one; one = one.parentElement) {
    const colour = parts(getComputedStyle(one).backgroundColor);
    if (colour.length < 4 || colour[3] > 0.99) return colour;
  }
  return [255, 255, 255];
};
answer.faint = [];
answer.texts = 0;
for (const one of document.querySelectorAll("body *")) {
  const words = [...one.childNodes].filter(node => node.nodeType === 3 && node.data.trim());
  if (!words.length || !one.checkVisibility() || one.closest("script, style, option")) continue;
  const style = getComputedStyle(one), size = parseFloat(style.fontSize);
  const colours = one.closest("svg") ? style.fill : style.color;
  const [high, low] = [light(parts(colours)), light(behind(one))].sort((a, b) => b - a);
  const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
  answer.texts++;
  if ((high + 0.05) / (low + 0.05) >= least) continue;
  answer.faint.push(`${one.tagName} ${words[0].data.slice(0, 40)}`);
}
"""

#: lists pictures and controls without a name, and controls that the keyboard does not reach
NAMES = """
const named = one => one.getAttribute("aria-label") || one.labels?.length ||
  one.textContent.trim() || one.closest("label");
const seen = wanted => [...document.querySelectorAll(wanted)]
  .filter(one => one.checkVisibility() && !one.closest(".drawn"));
answer.nameless = seen("input, select, button, canvas, svg[role=img]")
  .filter(one => !named(one)).map(one => one.outerHTML.slice(0, 90));
answer.silent = [...document.images].filter(one => !one.alt).length;
answer.unreached = seen("canvas, button, summary, select").filter(one => one.tabIndex < 0).length;
answer.language = document.documentElement.lang;
const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map(one => Number(one.tagName[1]));
answer.jumps = levels.filter((level, k) => k && level > levels[k - 1] + 1).length;
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report with fields, redshifts and the explorer."""
    return Run(tmp_path_factory.mktemp("ease")).report()


def dark(page, folder):
    """A copy of a page as a browser with a dark theme shows it."""
    text = page.read_text(encoding="utf-8")
    assert "@media (prefers-color-scheme: dark)" in text
    copy = folder / "dark.html"
    copy.write_text(text.replace("@media (prefers-color-scheme: dark)", "@media all"))
    return copy


READY = 'document.getElementById("explore")?.dataset.ready'


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_has_enough_contrast(page, tmp_path, theme):
    shown = page if theme == "light" else dark(page, tmp_path)
    answer = act_on_page(shown, tmp_path, READY, CONTRAST)
    assert answer["texts"] > 200
    assert answer["faint"] == []


def test_pictures_and_controls_have_names_and_keys(page, tmp_path):
    answer = act_on_page(page, tmp_path, READY, NAMES)
    assert answer["nameless"] == []
    assert (answer["silent"], answer["unreached"], answer["jumps"]) == (0, 0, 0)
    assert answer["language"] == "en"


def test_the_page_fits_on_few_sheets(page):
    assert 1 <= printed_pages(page) <= 6
