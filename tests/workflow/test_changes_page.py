"""The list of changes in a real browser: sort, filter, blink, keys, marks saved and read again."""

import csv

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from chromium import act_on_page
from conftest import ROOT
from devtools import open_tab
from redpix.report import change_stamps, files
from redpix.report.page_scripts import blinking
from redpix.report.verdict_section import verdict_of

ROWS = pd.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "band": "r",
        "ra": [180.1, 180.2, 180.3, 180.4],
        "dec": 45.0,
        "x": [20.0, 40.0, 60.0, 70.0],
        "y": 30.0,
        "scorr": [50.0, -9.0, 20.0, 8.0],
        "flux": [9.0, -2.0, 5.0, 1.0],
        "mag": [19.0, 22.5, 21.0, np.nan],
        "kind": ["brighter", "fainter", "moving", "brighter"],
        "score": [0.6, 0.95, 0.2, 0.9],
        "flags": [0, 0, 0, 512],
        "features": "0 0 0 0 0 0 0 0.5",
        "known_as": "",
        "host_id": ["", "77", "", ""],
        "host_z_phot": [np.nan, 0.25, np.nan, np.nan],
    }
)

HELP = """
const get = id => document.getElementById(id);
const set = (name, value) => {
  get(name).value = value;
  get(name).dispatchEvent(new Event("input", {bubbles: true}));
};
const ids = () => [...document.querySelectorAll("#stamps > li")].map(one => one.dataset.key);
const press = key => document.activeElement.dispatchEvent(
  new KeyboardEvent("keydown", {key, bubbles: true}));
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of one pair with four changes, one of them with a light curve."""
    folder = tmp_path_factory.mktemp("changes")
    planes = [fits.PrimaryHDU()]
    for number, name in enumerate(("NEW", "REF", "D")):
        noise = np.random.default_rng(number).normal(0, 1, (60, 90)).astype("f4")
        planes.append(fits.ImageHDU(noise, name=name))
    pair = {
        **{"name": "p", "warnings": [], "bands": [], "rows": [], "n": 4, "identified": False},
        **{"scores": change_stamps.coloured(np.zeros((4, 4)), "gray")},
        **{"triplets": None, "completeness": None},
        "stamps": change_stamps.show_stamps(fits.HDUList(planes), ROWS),
    }
    home = folder / "series/s/r"
    home.mkdir(parents=True)
    (home / "series.csv").write_text("object,ra,dec\nV1,180.2,45.0\n")
    curve = [f"V1,{name},{mjd},{flux},0.5,1" for name, mjd, flux in (("p", 1, -2), ("q", 2, 3))]
    head = "object,pair,mjd,flux,flux_error,detected\n"
    (home / "light_curves.csv").write_text(head + "\n".join(curve) + "\n")
    change_stamps.add_curves([pair], [home / "series.csv"])
    template = ROOT / "workflow/report/pair.html.j2"
    content = {"version": "1", "name": "p", "science": "new", "reference": "old"}
    content["verdict"] = verdict_of([], [])
    path = folder / "pair.html"
    path.write_text(
        files.render(template, pairs=[pair], unanswered=[], **content, **blinking(template, [pair]))
    )
    return path


def use(page, folder, steps, width=1200):
    """Take steps in the page, and return the answer."""
    return act_on_page(page, folder, "window.redpixMarks", HELP + steps, width=width)


def test_changes_are_sorted_and_filtered(page, tmp_path):
    steps = """answer.first = ids();
    set("order", "doubt"); answer.doubt = ids();
    set("order", "scorr"); answer.scorr = ids();
    set("order", "mag"); answer.mag = ids();
    set("order", "host"); answer.host = ids()[0];
    set("order", "score"); get("flagged").click(); answer.flagged = ids();
    set("least", 0.5); answer.likely = ids();
    set("words", "moving"); answer.none = ids();
    set("least", 0); answer.moving = ids();
    answer.count = get("changes-count").textContent;"""
    answer = use(page, tmp_path, steps)
    lists = {name: value for name, value in answer.items() if isinstance(value, list)}
    named = {
        name: [one.split("/")[2] for one in value if "/" in one] for name, value in lists.items()
    }
    assert named["first"] == ["2", "1", "3"]
    assert named["doubt"] == ["3", "1", "2"]
    assert named["scorr"] == ["1", "3", "2"]
    assert named["mag"] == ["1", "3", "2"]
    assert answer["host"] == "p/r/2"
    assert named["flagged"] == ["2", "4", "1", "3"]
    assert named["likely"] == ["2", "4", "1"]
    assert answer["none"] == []
    assert named["moving"] == ["3"]
    assert answer["count"] == "1 of 4 changes, 0 marked"


def test_a_card_has_its_triplet_host_and_light_curve_and_blinks(page, tmp_path):
    steps = """const card = document.querySelector('[data-key="p/r/2"]');
    answer.words = card.textContent;
    answer.pictures = card.querySelectorAll("img").length;
    answer.points = card.querySelectorAll(".curve circle").length;
    answer.others = document.querySelectorAll(".curve").length;
    const rules = [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]);
    const rule = rules.find(one => one.selectorText?.startsWith(".blink:hover img:last-child"));
    answer.blink = rule.style.animationName;
    answer.frames = rules.some(one => one.name === rule.style.animationName);
    const second = card.querySelector(".blink img:last-child");
    answer.hidden = getComputedStyle(second).visibility;
    card.focus(); answer.byKeys = getComputedStyle(second).animationName;"""
    answer = use(page, tmp_path, steps)
    assert "host 77 at z 0.250" in answer["words"]
    assert "-9.0 sigma, score 0.95" in answer["words"]
    assert (answer["pictures"], answer["points"], answer["others"]) == (4, 2, 1)
    assert (answer["blink"], answer["frames"], answer["hidden"]) == ("blink", True, "hidden")
    assert answer["byKeys"] == "blink"


def test_marks_by_keys_and_buttons_are_saved_with_what_a_run_learns_from(page, tmp_path):
    steps = """const leaves = () => {
      const event = new Event("beforeunload", {cancelable: true});
      return dispatchEvent(event);
    };
    press("r"); answer.before = [redpixMarks.table().split("\\n").length, leaves()];
    press("n"); press("r"); answer.unsaved = leaves();
    get("save-marks").focus(); press("b"); press("n"); // keys of a button
    document.querySelector('[data-key="p/r/2"]').focus();
    press("n"); press("b"); press("n"); press("r"); press("u");
    const note = document.querySelector('[data-key="p/r/1"] input');
    note.value = 'a "note", long'; note.dispatchEvent(new Event("change"));
    answer.border = document.querySelector('[data-key="p/r/2"]').dataset.mark;
    answer.count = get("changes-count").textContent;
    answer.table = redpixMarks.table();
    let saved = "";
    URL.createObjectURL = () => "#";
    const Whole = Blob; // its text is read without a wait, which virtual time would not know
    window.Blob = function (parts, kind) { saved = parts.join(""); return new Whole(parts, kind); };
    get("save-marks").click();
    answer.same = saved === answer.table;
    answer.saved = leaves();
    press("p"); press("u"); press("p"); press("u");
    answer.emptied = get("changes-count").textContent;
    redpixMarks.read("\\ufeff" + answer.table.replaceAll('","', '";"').replaceAll("\\n", "\\r\\n")
      .replace("pair,band,id,ra,dec,x,y,mark,note,features", head => head.replaceAll(",", ";")));
    answer.spreadsheet = redpixMarks.table() === answer.table;
    for (const one of ids()) { document.querySelector(`[data-key="${one}"]`).focus(); press("u"); }
    redpixMarks.read(answer.table + '"other","r","9","1","1","1","1","real","",""\\n');
    answer.read = get("changes-count").textContent;
    answer.again = redpixMarks.table() === answer.table;"""
    answer = use(page, tmp_path, steps)
    rows = list(csv.DictReader(answer["table"].splitlines()))
    marks = {row["id"]: (row["mark"], row["note"]) for row in rows}
    assert marks == {"2": ("real", ""), "1": ("bogus", 'a "note", long')}
    two = next(row for row in rows if row["id"] == "2")
    assert (two["pair"], two["band"], float(two["ra"]), float(two["x"])) == ("p", "r", 180.2, 40)
    assert two["features"] == "0 0 0 0 0 0 0 0.5"
    assert answer["border"] == "real"
    assert answer["before"] == [2, True]  # a key without a card marks nothing
    assert (answer["unsaved"], answer["saved"]) == (False, True)
    assert answer["count"] == "3 of 4 changes, 2 marked"
    assert answer["same"]
    assert answer["spreadsheet"]  # semicolons, CRLF and a byte order mark
    assert answer["read"].endswith("2 marks read, 1 of other changes left out")
    assert answer["again"]


def test_a_telephone_shows_changes_below_each_other(page, tmp_path):
    steps = """const cards = [...document.querySelectorAll("#stamps > li")];
    answer.lines = new Set(cards.map(one => one.offsetLeft)).size;
    answer.small = Math.min(...cards.map(one => one.querySelector("img").clientWidth));"""
    answer = use(page, tmp_path, steps, width=390)
    assert answer["width"] <= 390
    assert answer["lines"] == 1
    assert answer["small"] > 80


def test_a_tap_blinks_a_card_and_a_swipe_scrolls_the_list(page):
    with open_tab(page, "window.redpixMarks", width=390, height=500, phone=True) as tab:
        left, top, width, height = tab.box("#stamps > li .blink")
        tab.touch([(left + width / 2, top + height / 2)])
        second = "document.querySelector('#stamps > li .blink img:last-child')"
        assert tab.run(f"return getComputedStyle({second}).animationName;") == "blink"
        left, top, width, height = tab.box("#stamps")
        assert height <= 0.66 * 500  # the page can be scrolled beside the list
        tab.swipe((left + 100, top + height / 2), (left + 100, top + height / 2 - 120))
        assert tab.run("return document.getElementById('stamps').scrollTop;") > 60
        left, top, width, height = tab.box("#stamps > li button")
        tab.touch([(left + width / 2, top + height / 2)])
        assert "1 marked" in tab.run("return document.getElementById('changes-count').textContent;")
        tab.check()
