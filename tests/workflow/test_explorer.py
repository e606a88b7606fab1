"""The explorer of objects in a real browser: filter, choose, step, deep link, narrow window."""

import pandas as pd
import pytest
from chromium import act_on_page
from test_report import Run

HELP = """
const get = id => document.getElementById(id);
const objects = Bokeh.documents[0].get_model_by_name("objects");
const type = text => {
  get("filter").value = text;
  get("filter").dispatchEvent(new Event("input"));
};
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report with redshifts, and its objects."""
    run = Run(tmp_path_factory.mktemp("explored"))
    return run.report(), pd.read_csv(run.paths.predictions[0])


def use(page, folder, steps, address="", width=1200):
    """Take steps in a page of the explorer, and return the answer."""
    ready = 'document.getElementById("explore")?.dataset.ready'
    return act_on_page(page[0], folder, ready, HELP + steps, address, width)


def test_the_worst_outlier_in_one_click(page, tmp_path):
    steps = """get("worst").click();
    answer.words = get("chosen").textContent;
    answer.pictures = get("chosen").querySelectorAll("img").length;
    answer.hash = location.hash;
    answer.pdf = Math.max(...Bokeh.documents[0].get_model_by_name("pdf").data.p);"""
    answer = use(page, tmp_path, steps)
    table = page[1][page[1]["split"] == "test"]
    off = ((table["z_phot"] - table["redshift"]) / (1 + table["redshift"])).abs()
    worst = table["object_id"][off.idxmax()]
    assert answer["words"].startswith(f"Object {worst} in ")
    assert answer["hash"] == f"#object={worst}"
    assert answer["pdf"] > 0
    assert answer["pictures"] >= 1


def test_a_filter_a_step_and_the_choice_in_all_plots(page, tmp_path):
    limit = float(page[1]["z_phot"].median())
    steps = f"""type("z_phot > {limit}");
    answer.said = get("filtered").textContent;
    get("next").click();
    answer.chosen = objects.selected.indices.length;
    type("z_fot > 1"); answer.unknown = get("filtered").textContent;
    type("bright"); answer.unclear = get("filtered").textContent;
    objects.selected.indices = [0, 1, 2]; answer.count = get("count").textContent;
    get("brush").click(); answer.none = get("count").textContent;"""
    answer = use(page, tmp_path, steps)
    above = (page[1]["z_phot"] > limit).sum()
    assert answer["said"] == f"{above} of {len(page[1])} objects"
    assert answer["chosen"] == 1
    assert answer["unknown"] == "unknown column: z_fot"
    assert answer["unclear"] == "not understood: bright"
    assert (answer["count"], answer["none"]) == ("3 chosen", "")


def test_a_click_on_a_column_sorts_what_passes_the_filter(page, tmp_path):
    limit = float(page[1]["z_phot"].median())
    steps = f"""const all = node => [...node.querySelectorAll("*")].flatMap(one =>
      [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
    const seen = wanted => all(document).filter(one => one.matches(wanted));
    const top = () => seen(".slick-row").sort((a, b) => a.offsetTop - b.offsetTop)[0].textContent;
    const head = name => seen(".slick-header-column").find(one => one.textContent === name);
    type("z_phot > {limit}");
    await pause(100);
    head("z_phot").click(); await pause(100); answer.least = top();
    head("z_phot").click(); await pause(100); answer.most = top();
    head("z").click(); await pause(100); answer.first = top();
    head("z").click(); await pause(100); answer.last = top();"""
    answer = use(page, tmp_path, steps)
    table = page[1][page[1]["z_phot"] > limit].set_index("object_id")
    assert answer["least"].startswith(str(table["z_phot"].idxmin()))
    assert answer["most"].startswith(str(table["z_phot"].idxmax()))
    # a missing redshift is last in both directions
    assert answer["first"].startswith(str(table["redshift"].idxmin()))
    assert answer["last"].startswith(str(table["redshift"].idxmax()))


def test_an_address_leads_to_an_object(page, tmp_path):
    wanted = page[1]["object_id"].iloc[3]
    answer = use(page, tmp_path, 'answer.words = get("chosen").textContent;', f"#object={wanted}")
    assert answer["words"].startswith(f"Object {wanted} in ")


def test_a_telephone_shows_the_page_without_scrolling_sideways(page, tmp_path):
    assert use(page, tmp_path, "", width=500)["width"] <= 500
