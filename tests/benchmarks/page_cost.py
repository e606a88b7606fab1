"""Time of a page with many objects and transients in a browser, beside a plain page.

    .venv/bin/python tests/benchmarks/page_cost.py [--objects 100000] [--transients 2000]

The page has the explorer of objects and the cut-outs of transients of the report, with simulated
values. Each time is the median of three openings in headless Chromium. The plain page has a table
of 200 rows and one picture. Ratios are those to the first paint of the plain page.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import jinja2
import numpy as np
import pandas
from chromium import find_chromium
from redpix.report import change_stamps, explorer_section, object_explorer
from redpix.report.page_scripts import own_script

#: steps in the page: waits until it is ready, sorts, filters, chooses
PROBE = """<script>
(async () => {
  const frame = () => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)));
  const pause = ms => new Promise(go => setTimeout(go, ms));
  const all = node => [...node.querySelectorAll("*")].flatMap(one =>
    [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
  const timed = async act => {
    const start = performance.now();
    act();
    await frame();
    return performance.now() - start;
  };
  const found = {};
  while (document.readyState !== "complete") await pause(20);
  const explorer = document.getElementById("explore");
  while (explorer && !explorer.dataset.ready) await pause(20);
  if (explorer) {
    found.ready = performance.now();
    await pause(500);
    const head = all(document).filter(one => one.matches(".slick-header-column"));
    found.sort = await timed(() => head.find(one => one.textContent.includes("z_phot")).click());
    found.ids = await timed(() => head.find(one => one.textContent === "object").click());
    const filter = document.getElementById("filter");
    filter.value = "z_phot > 0.3";
    found.filter = await timed(() => filter.dispatchEvent(new Event("input")));
    const drawn = Bokeh.documents[0].get_model_by_name("drawn"), before = drawn.indices;
    const start = performance.now();
    while (drawn.indices === before && performance.now() < start + 20000) await pause(10);
    await frame();
    found.plots = found.filter + performance.now() - start;
    found.choose = await timed(() => document.getElementById("worst").click());
    const least = document.getElementById("least");
    least.value = 0.5;
    found.stamps = await timed(() => least.dispatchEvent(new Event("input")));
  }
  await pause(500);
  found.paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  fetch("/", {method: "POST", body: JSON.stringify(found)});
})();
</script>"""

SKELETON = """{% from "macros.html.j2" import heading, figure, facts %}
<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
<style>{% include "style.css" %}</style></head><body><header><h1>Many objects</h1></header><main>
{% include "explore.html.j2" %}</main>
{% for script in scripts %}<script>{{ script | safe }}</script>{% endfor %}</body></html>"""

PLAIN = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"></head><body><h1>Plain</h1>
<table>{rows}</table></body></html>"""


def objects(count):
    """Return simulated objects with the columns of the explorer, their PDFs and the grid."""
    rng = np.random.default_rng(1)
    grid = np.arange(0, 1.2, 0.01)
    true = rng.uniform(0.02, 1.0, count)
    predicted = np.clip(true + rng.normal(0, 0.03, count) * (1 + true), 0.01, 1.15)
    table = pandas.DataFrame(
        {
            "object_id": 10**15 + np.arange(count),
            "field": rng.choice(["9001-3-100", "9002-4-57"], count),
            "class": rng.choice(["GALAXY", "STAR", "QSO"], count),
            "split": rng.choice(["train", "test"], count),
            "n_pixels": rng.integers(5, 400, count),
            "magnitude": rng.uniform(15, 22, count),
            "redshift": true,
            "z_phot": predicted,
            "z_error": 0.03 * (1 + true),
            "deviation": (predicted - true) / (1 + true),
            "pit": rng.uniform(0, 1, count),
            "ra": rng.uniform(180, 181, count),
            "dec": rng.uniform(45, 46, count),
            "g-r": rng.normal(0.7, 0.3, count),
            "r-i": rng.normal(0.3, 0.2, count),
        }
    )
    table["object"] = table["object_id"].astype(str)
    pdfs = np.exp(-0.5 * ((grid - predicted[:, None]) / 0.05) ** 2)
    return table, pdfs, grid


def pairs(count):
    """Return a pair with simulated transients and their cut-outs."""
    rng = np.random.default_rng(2)
    stamps = []
    for number in range(count):
        planes = rng.normal(0, 1, (3, 31, 31))
        stamps.append(
            {
                **{"id": number, "band": "r", "ra": 180.0, "dec": 45.0, "scorr": 9.0},
                **{"flux": 3.0, "mag": 21.0, "kind": "positive", "score": float(rng.uniform())},
                **{
                    "flags": [],
                    "x": 9.0,
                    "y": 9.0,
                    "features": "",
                    "host_id": "",
                    "host_z_phot": None,
                },
                **change_stamps.stamp_pictures(*planes),
            }
        )
    return [{"name": "pair", "warnings": [], "bands": [], "rows": [], "stamps": stamps}]


def write_page(path, count, transients):
    """Write the page with many objects and transients."""
    table, pdfs, grid = objects(count)
    script, div = object_explorer.explore(table, "r", ("g-r", "r-i"), float(grid[-1]))
    template = ROOT / "workflow/report/report.html.j2"
    shown = {"div": div, "method": "knn", "n": count, "pictures": 0, "span": (0.0, 1.0)}
    shown |= {"combiner": "summary", "others": [], "drawn": min(count, object_explorer.MOST_DRAWN)}
    shown["data"] = explorer_section.page_data(table, pdfs, grid, {}, (0.0, 1.0))
    scripts = [*object_explorer.library(), script]
    scripts += [own_script(template, name) for name in ("conditions.js", "objects.js")]
    loader = jinja2.ChoiceLoader(
        [jinja2.DictLoader({"page": SKELETON}), jinja2.FileSystemLoader(template.parent)]
    )
    environment = jinja2.Environment(loader=loader, autoescape=True)
    environment.filters["grouped"] = "{:,.0f}".format
    text = environment.get_template("page").render(
        explorer=shown,
        pairs=[],
        stamps="",
        scripts=scripts,
    )
    if transients:
        stamps = change_stamps.stamps_json(pairs(transients))
        tools = (ROOT / "workflow/report/changes.html.j2").read_text(encoding="utf-8")
        tools = tools.split("{% if stamps %}")[1].split("{% endif %}")[0]
        tools = tools[tools.index("<p") :].replace("{{ stamps | safe }}", stamps)
        changes = own_script(template, "changes.js")
        text = text.replace("</main>", f"{tools}</main>")
        text = text.replace("</body>", f"<script>{changes}</script></body>")
    path.write_text(text.replace("<style>", f"{PROBE}<style>", 1), encoding="utf-8")


def write_plain(path):
    """Write the plain page."""
    rows = "".join(f"<tr><td>{n}</td><td>{n * n}</td></tr>" for n in range(200))
    path.write_text(PLAIN.format(rows=rows).replace("</head>", f"{PROBE}</head>"), encoding="utf-8")


def opened(path, seconds=120):
    """Open a page from a server on this machine, and return what it measured, in ms."""
    answer, came = {}, threading.Event()

    class Server(BaseHTTPRequestHandler):
        """Give the page and take its answer."""

        def do_GET(self):
            """Send the page."""
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(path.read_bytes() if self.path == "/" else b"")

        def do_POST(self):
            """Take the answer."""
            length = int(self.headers["Content-Length"])
            answer.update(json.loads(self.rfile.read(length)))
            self.send_response(204)
            self.end_headers()
            came.set()

        def log_message(self, *words):
            """Stay silent."""

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [find_chromium(), "--headless", "--no-sandbox", "--disable-gpu"]
        command += ["--no-first-run", f"--user-data-dir={folder}", "--window-size=1300,900"]
        command += ["--remote-debugging-port=0", f"http://127.0.0.1:{server.server_port}/"]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        came.wait(seconds)
        browser.terminate()
        browser.wait()
    server.shutdown()
    return answer


def main():
    """Print the times of both pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--transients", type=int, default=2000)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        plain, full = Path(folder) / "plain.html", Path(folder) / "full.html"
        write_plain(plain)
        write_page(full, given.objects, given.transients)
        print(f"page: {full.stat().st_size / 1e6:.1f} MB")
        found = {"plain": [], "full": []}
        for _ in range(given.times):
            found["plain"].append(opened(plain))
            found["full"].append(opened(full))
    base = statistics.median(one["paint"] for one in found["plain"])
    print(f"plain page: first paint {base:.0f} ms")
    for name in ("paint", "ready", "sort", "ids", "filter", "plots", "choose", "stamps"):
        times = [one[name] for one in found["full"] if one.get(name)]
        if times:
            value = statistics.median(times)
            print(f"{name}: {value:.0f} ms, {value / base:.1f} of the plain page's first paint")


if __name__ == "__main__":
    main()
