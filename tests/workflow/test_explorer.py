"""The explorer of objects in a real browser: filter, choose, step, deep link, narrow window."""

import pandas as pd
import pytest
from chromium import act_on_page
from devtools import open_tab
from test_report import Run

HELP = """
const get = id => document.getElementById(id);
const objects = Bokeh.documents[0].get_model_by_name("objects");
const type = text => {
  get("filter").value = text;
  get("filter").dispatchEvent(new Event("input"));
};
"""


class LongIds(Run):
    """A run in which half of the ids are beyond those that a float holds."""

    def _make_objects(self):
        table, pixels = super()._make_objects()
        for rows, name in ((table, "id"), (pixels, "object_id")):
            rows[name] += 1237650000000000000 * (rows[name] % 2 == 0)
        return table, pixels


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A report with redshifts, and its objects."""
    run = LongIds(tmp_path_factory.mktemp("explored"))
    objects = pd.read_csv(run.paths.predictions[0])
    assert objects["object_id"].max() > 2**53
    return run.report(), objects


def use(page, folder, steps, address="", width=1200):
    """Take steps in a page of the explorer, and return the answer."""
    ready = 'document.getElementById("explore")?.dataset.ready'
    return act_on_page(page[0], folder, ready, HELP + steps, address, width)


def test_the_worst_outlier_its_pictures_and_a_reason_in_one_click(page, tmp_path):
    steps = """get("worst").click();
    answer.words = get("chosen").textContent;
    answer.pictures = get("chosen").querySelectorAll("img").length;
    answer.edge = get("chosen").querySelector("path").getAttribute("d").length;
    answer.why = get("chosen").querySelector(".why")?.textContent ?? "";
    const links = [...get("chosen").querySelectorAll(".compact tbody a")];
    answer.near = links.map(one => one.textContent);
    answer.row = get("chosen").querySelector("details").textContent;
    answer.hash = location.hash;
    const data = name => Bokeh.documents[0].get_model_by_name(name).data;
    const curves = [data("pdf").p, data("pixels").top, data("pdf-aperture").p];
    answer.tops = curves.map(one => Math.max(...one));
    const plot = Bokeh.documents[0].roots().find(one => one.title?.text?.startsWith("PDF of"));
    const legend = plot.below.find(one => one.type === "Legend");
    answer.legend = legend.items.map(one => one.label.value);
    const named = answer.legend.slice(2).map(name => data(`pdf-${name}`));
    answer.sums = named.map(({z, p}) => p.reduce((a, b) => a + b, 0) * (z[1] - z[0]));
    answer.means = named.map(({z, p}) => p.reduce((sum, one, k) => sum + one * z[k], 0) /
      p.reduce((a, b) => a + b, 0));"""
    answer = use(page, tmp_path, steps)
    table = page[1][(page[1]["split"] == "test") & (page[1]["class"] != "STAR")]
    off = ((table["z_phot"] - table["redshift"]) / (1 + table["redshift"])).abs()
    worst = table.loc[off.idxmax()]
    assert answer["words"].startswith(f"Object {worst['object_id']} in ")
    assert answer["hash"] == f"#object={worst['object_id']}"
    assert min(answer["tops"]) > 0
    names = answer["legend"][2:]
    assert answer["legend"][:2] == ["weighted", "pixels"]
    assert names == ["mean", "stacked", "tempered", "summary", "aperture"]
    assert answer["sums"] == pytest.approx([1] * len(names), abs=0.02)
    columns = ["z_aperture" if name == "aperture" else f"combined_{name}" for name in names]
    assert answer["means"] == pytest.approx(worst[columns].tolist(), abs=0.05)
    assert answer["pictures"] == 2
    assert answer["edge"] > 20
    assert off.max() < 0.05 or answer["why"]
    assert len(answer["near"]) == 5
    learned = page[1][(page[1]["split"] == "train") & (page[1]["class"] != "STAR")]
    assert {int(one) for one in answer["near"]} <= set(learned["object_id"])
    assert all(name in answer["row"] for name in page[1].columns)


def test_a_click_on_a_neighbour_and_on_a_point_leads_to_it(page, tmp_path):
    steps = """get("worst").click();
    const link = get("chosen").querySelector(".compact tbody a"), wanted = link.textContent;
    link.click(); await pause(300);
    answer.moved = get("chosen").textContent.startsWith(`Object ${wanted} in `);
    answer.hash = location.hash === `#object=${wanted}`;"""
    answer = use(page, tmp_path, steps)
    assert answer["moved"]
    assert answer["hash"]


def test_a_box_in_one_plot_chooses_in_all_and_in_the_table(page, tmp_path):
    table = page[1]
    limit = float(table["redshift"].median())
    steps = f"""const plots = Bokeh.documents[0].roots().filter(one => one.x_range);
    const plot = Bokeh.index.find_one(plots[0]), frame = plot.frame ?? plot.inner;
    const [left, right] = [frame.x_scale.compute({limit}), frame.x_scale.compute(9)];
    const geometry = {{type: "rect", sx0: left, sx1: right, sy0: -1e4, sy1: 1e4}};
    const tool = plot.model.toolbar.tools.find(one => one.type === "BoxSelectTool");
    plot.tool_views.get(tool)._do_select([left, right], [-1e4, 1e4], true, "replace");
    await pause(300);
    answer.chosen = objects.selected.indices.length;
    answer.count = get("count").textContent;
    answer.values = objects.selected.indices.map(row => objects.data.redshift[row]);"""
    answer = use(page, tmp_path, steps)
    wanted = int((table["redshift"] >= limit).sum())
    assert answer["chosen"] == pytest.approx(wanted, abs=1)
    assert min(answer["values"]) >= limit - 1e-3
    assert answer["count"] == f"{answer['chosen']} chosen"


def test_a_filter_a_step_and_the_choice_in_all_plots(page, tmp_path):
    limit = float(page[1]["z_phot"].median())
    steps = f"""type("z_phot > {limit}");
    answer.said = get("filtered").textContent;
    get("next").click();
    answer.chosen = objects.selected.indices.length;
    type("z_fot > 1"); answer.unknown = get("filtered").textContent;
    type("bright"); answer.unclear = get("filtered").textContent;
    type("z_phot > high"); answer.words = get("filtered").textContent;
    type("field > 3"); answer.ordered = get("filtered").textContent;
    type("z_phot < 0"); get("next").click(); answer.empty = objects.selected.indices.length;
    objects.selected.indices = [0, 1, 2]; answer.count = get("count").textContent;
    get("brush").click(); answer.none = get("count").textContent;"""
    answer = use(page, tmp_path, steps)
    above = (page[1]["z_phot"] > limit).sum()
    assert answer["said"] == f"{above} of {len(page[1])} objects"
    assert answer["chosen"] == 1
    assert answer["unknown"].startswith("unknown column: z_fot; columns: object, field, class, set")
    assert answer["unclear"] == "not understood: bright; write for example z_phot > 0.3"
    assert answer["words"] == "z_phot: high is not a number"
    assert answer["ordered"] == "field: a column of words; allowed: = and !="
    assert answer["empty"] == 0
    assert (answer["count"], answer["none"]) == ("3 chosen", "")


def test_filters_take_titles_comparisons_and_whole_numbers(page, tmp_path):
    table = page[1]
    one, pixels = table["object_id"].iloc[5], int(table["n_pixels"].iloc[5])
    limit = float(table["z_phot"].iloc[5])
    wanted = {
        f"object = {one}": 1,
        f"object != {one}": len(table) - 1,
        f"pixels = {pixels}": int((table["n_pixels"] == pixels).sum()),
        f"z_phot >= {limit!r}": int((table["z_phot"] >= limit).sum()),
        f"z_phot <= {limit!r}": int((table["z_phot"] <= limit).sum()),
        'set=test "class" = GALAXY': int(
            ((table["split"] == "test") & (table["class"] == "GALAXY")).sum()
        ),
        "z > 0": int((table["redshift"] > 0).sum()),
        'class = ""': int(table["class"].isna().sum()),
    }
    steps = f"""answer.said = {list(wanted)}.map(text => {{
      type(text);
      return get("filtered").textContent;
    }});
    type(""); objects.selected.indices = [4, 2]; get("keep").click();
    answer.kept = get("filtered").textContent;
    get("brush").click(); answer.all = get("filtered").textContent;"""
    answer = use(page, tmp_path, steps)
    assert answer["said"] == [f"{n} of {len(table)} objects" for n in wanted.values()]
    assert answer["kept"] == "2 of the 2 kept objects"
    assert answer["all"] == f"{len(table)} of {len(table)} objects"


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
    head("z").click(); await pause(100); answer.last = top();
    get("brush").click(); get("next").click(); answer.next = location.hash;
    type("");
    head("object").focus(); await pause(50);
    const press = (one, key) => one.dispatchEvent(new KeyboardEvent("keydown",
      {{key, bubbles: true, composed: true, cancelable: true}}));
    press(head("object"), "Enter"); await pause(100);
    answer.ids = seen(".slick-row").sort((a, b) => a.offsetTop - b.offsetTop).slice(0, 9)
      .map(one => one.firstChild.textContent);
    get("brush").click();
    press(seen(".slick-viewport-left")[0], "ArrowDown"); answer.down = location.hash;"""
    answer = use(page, tmp_path, steps)
    table = page[1][page[1]["z_phot"] > limit].set_index("object_id")
    assert answer["next"] == f"#object={table['redshift'].idxmax()}"
    assert answer["ids"] == [str(one) for one in sorted(page[1]["object_id"])[:9]]
    assert answer["down"] == f"#object={page[1]['object_id'].min()}"
    assert answer["least"].startswith(str(table["z_phot"].idxmin()))
    assert answer["most"].startswith(str(table["z_phot"].idxmax()))
    # a missing redshift is last in both directions
    nearest = table.index[table["redshift"] == table["redshift"].min()]
    assert answer["first"].startswith(tuple(nearest.astype(str)))
    assert answer["last"].startswith(str(table["redshift"].idxmax()))


def test_an_address_leads_to_an_object(page, tmp_path):
    wanted = page[1]["object_id"].iloc[3]
    answer = use(page, tmp_path, 'answer.words = get("chosen").textContent;', f"#object={wanted}")
    assert answer["words"].startswith(f"Object {wanted} in ")


def test_an_address_of_an_unknown_object_is_named(page, tmp_path):
    answer = use(page, tmp_path, 'answer.words = get("chosen").textContent;', "#object=%")
    assert answer["words"] == f"Object % is not among the {len(page[1])} objects of this page."


def test_a_telephone_shows_the_page_without_scrolling_sideways(page, tmp_path):
    steps = """get("worst").click(); await pause(200);
    answer.inner = innerWidth;
    const wide = one => one.getBoundingClientRect().right > innerWidth + 1;
    answer.wide = [...document.querySelectorAll("figure, canvas, .stamps")].filter(wide).length;
    // figures are wide enough for their words, and scroll by themselves
    const figures = [...document.querySelectorAll("figure > img")].filter(one =>
      one.checkVisibility() && !one.closest(".narrow"));
    answer.small = figures.filter(one => one.clientWidth < 800).length;
    answer.scrolled = figures.every(one => one.parentElement.scrollWidth > 390);
    answer.figures = figures.length;
    const plots = [...document.querySelectorAll(".plots > *")];
    answer.plots = plots.filter(wide).length;
    answer.lines = new Set(plots.map(one => one.offsetLeft)).size;
    const inside = node => [...node.querySelectorAll("*")].flatMap(one =>
      [one, ...(one.shadowRoot ? inside(one.shadowRoot) : [])]);
    answer.columns = inside(document).filter(one => one.matches(".slick-header-column"))
      .map(one => one.offsetWidth);
    answer.verdict = [...document.querySelectorAll(".verdict td")].filter(wide).length;
    answer.words = get("chosen").textContent;"""
    answer = use(page, tmp_path, steps, width=390)
    assert min(answer["columns"]) > 50
    assert answer["verdict"] == 0
    assert answer["inner"] == 390
    assert answer["width"] <= 390
    assert (answer["wide"], answer["small"], answer["plots"]) == (0, 0, 0)
    assert answer["figures"] > 5
    assert answer["scrolled"]
    assert answer["lines"] == 1
    assert answer["words"].startswith("Object ")


def test_a_finger_scrolls_over_plots_taps_points_and_draws_boxes_with_a_tool(page):
    ready = 'document.getElementById("explore")?.dataset.ready'
    with open_tab(page[0], ready, width=390, height=800, phone=True) as tab:
        for number in range(6):
            left, top, width, height = tab.box(f".plots > :nth-child({number + 1}) > *")
            before = tab.run("return scrollY;")
            tab.swipe((left + 150, top + 150), (left + 150, top + 50))
            assert tab.run("return scrollY;") > before + 50
        tab.box(".plots > :first-child > *")
        x, y, wanted = tab.run(
            HELP + "const plot = Bokeh.index.find_one(Bokeh.documents[0].roots()[0]);"
            "const {frame, model} = plot, box = plot.el.getBoundingClientRect(), {data} = objects;"
            "const row = data.redshift.findIndex(Number.isFinite);"
            "return [box.left + frame.x_scale.compute(data.redshift[row]), "
            "box.top + frame.y_scale.compute(data.z_phot[row]), data.object[row]];"
        )
        tab.touch([(x, y)])
        tab.wait("document.getElementById('count').textContent.endsWith('chosen')", 5)
        near = tab.run(HELP + "return objects.selected.indices.map(k => objects.data.object[k]);")
        assert wanted in near
        left, top, width, height = tab.box(".plots > :first-child > *")
        x, y = tab.run(
            HELP + "get('brush').click(); const all = node => [...node.querySelectorAll('*')]"
            ".flatMap(one => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);"
            "const button = all(document).find(one => one.title === 'Box Select');"
            "const box = button.getBoundingClientRect(); return [box.left + 15, box.top + 15];"
        )
        tab.touch([(x, y)])
        plot = "document.querySelector('.plots > :first-child > *')"
        above = f"return {plot}.getBoundingClientRect().top;"
        before = tab.run(above)
        tab.swipe((left + 80, top + 40), (left + width - 60, top + height - 60))
        assert tab.run(above) == pytest.approx(before, abs=2)  # the page stays
        assert tab.run(HELP + "return objects.selected.indices.length;") > 10
        left, top, width, height = tab.box(".rows")
        tab.swipe((left + 150, top + 200), (left + 150, top + 60))
        inside = "Bokeh.index.find_one(Bokeh.documents[0].get_model_by_name('table')).shadow_el"
        wanted = f"return {inside}.querySelector('.slick-viewport-left').scrollTop;"
        assert tab.run(wanted) > 60
        tab.check()


def test_two_clicks_from_the_opened_page_lead_to_the_outlier_in_sight(page):
    ready = 'document.getElementById("explore")?.dataset.ready'
    with open_tab(page[0], ready) as tab:
        for wanted in ('nav a[href="#explore"]', "#worst"):
            x, y, width, height = tab.run(
                "document.documentElement.style.scrollBehavior = 'auto';"
                f"const box = document.querySelector({wanted!r}).getBoundingClientRect();"
                "return [box.left, box.top, box.width, box.height];"
            )
            assert 0 <= y <= 900 - height
            tab.click(x + width / 2, y + height / 2)
        seen = tab.run(
            "const parts = [...document.querySelectorAll('#chosen p, #chosen img')];"
            "return parts.map(one => one.getBoundingClientRect()).every("
            "box => box.top >= 0 && box.bottom <= innerHeight) && parts.length;"
        )
        assert seen >= 3  # its values and both pictures
        tab.check()
