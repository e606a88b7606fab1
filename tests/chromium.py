"""Open a page in headless Chromium and see whether it came out whole."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")

# before the page's own policy, which would not let it run
PROBE = """<script>
const problems = [];
for (const name of ["alert", "confirm", "prompt"]) window[name] = () => problems.push(name);
addEventListener("error", e => {
  problems.push(e.message || "failed: " + e.target.outerHTML.slice(0, 200));
}, true);
addEventListener("load", function probe() {
  // plots are drawn after the page has loaded
  const explorer = document.getElementById("explore"), drawn = window.Bokeh?.documents;
  if (explorer && !explorer.dataset.ready) return setTimeout(probe, 50);
  if (drawn && !(drawn.length && drawn.every(one => one.is_idle))) return setTimeout(probe, 50);
  const images = [...document.images];
  const failed = image => !(image.complete && image.naturalWidth > 0);
  const resources = performance.getEntriesByType("resource").map(resource => resource.name);
  const found = {
    pictures: images.length,
    broken: images.filter(failed).map(image => image.alt || image.src.slice(0, 80)),
    silent: images.filter(image => !image.alt).length,
    fetched: resources.filter(name => !name.startsWith("data:")),
    problems: problems,
  };
  document.documentElement.innerHTML = "<body></body>";
  document.body.textContent = "probe=" + encodeURIComponent(JSON.stringify(found)) + "=end";
});
</script>"""


class Page(NamedTuple):
    """The state of a page after it was opened.

    Attributes
    ----------
    pictures : int
        Number of <img>.
    broken : list of str
        Those that did not load, by their alternative text.
    silent : int
        Number of those without an alternative text.
    fetched : list of str
        What the page asked for beside itself and its data: URIs.
    problems : list of str
        Errors of scripts and resources, and all that was written to the console.
    """

    pictures: int
    broken: list
    silent: int
    fetched: list
    problems: list


def find_chromium():
    """Path of the browser; without it the test fails, because the installer brings it."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return pytest.fail(f"none of {', '.join(NAMES)} is on the PATH: run envs/setup")


def open_page(path):
    """Open a copy of a page, without network, with a probe at the beginning of its head."""
    text = Path(path).read_text(encoding="utf-8")
    # the encoding has to stand in the first kilobyte
    place = next(tag for tag in ('<meta charset="utf-8">', "<head>") if tag in text)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "page.html"
        copy.write_text(text.replace(place, place + PROBE, 1), encoding="utf-8")
        command = [find_chromium(), "--headless", "--no-sandbox", "--disable-gpu"]
        command += ["--no-first-run", "--disable-background-networking", "--disable-sync"]
        command += ["--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"]
        command += [f"--user-data-dir={folder}/profile", "--enable-logging=stderr", "--v=0"]
        command += ["--virtual-time-budget=20000", "--dump-dom", copy.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    answer = re.search(r"probe=([^=]+)=end", done.stdout)
    assert answer, f"{path}: Chromium gives no answer: {done.stderr[-2000:]}"
    found = json.loads(unquote(answer[1]))
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return Page(**{**found, "problems": found["problems"] + console})


def check_page(path):
    """Assert that a page opens without an error, with every picture, and on its own.

    Returns
    -------
    int
        Number of pictures.
    """
    page = open_page(path)
    assert page.problems == []
    assert page.broken == []
    assert page.silent == 0
    assert page.fetched == []
    return page.pictures


#: waits until the page is ready, takes the steps, and writes the answer into the page
SCRIPT = """<script>
const problems = [];
addEventListener("error", e => problems.push(e.message || "failed: " + e.target.outerHTML));
addEventListener("securitypolicyviolation", e => problems.push(`line ${e.lineNumber}: policy`));
(async () => {
  const pause = ms => new Promise(go => setTimeout(go, ms));
  while (!(READY)) await pause(50);
  const answer = {};
  try {
    STEPS
  } catch (error) {
    problems.push(String(error));
  }
  await pause(300);
  answer.problems = problems;
  answer.fetched = performance.getEntriesByType("resource").map(one => one.name)
    .filter(name => !name.startsWith("data:"));
  answer.width = document.documentElement.scrollWidth;
  const text = "answer:" + encodeURIComponent(JSON.stringify(answer)) + ":end";
  if (parent !== window) return parent.postMessage(text, "*");
  document.documentElement.innerHTML = "<body></body>";
  document.body.textContent = text;
})();
</script>"""

#: width below which a window cannot be made; a narrower page stands in a frame
LEAST_WIDTH = 500

#: page with a frame of the width of a telephone, which takes its answer
FRAME = """<!DOCTYPE html><html><head><meta charset="utf-8"></head><body style="margin: 0">
<iframe src="page.htmlADDRESS" width="WIDTH" height="800" style="border: 0"></iframe>
<script>addEventListener("message", event => { document.body.textContent = event.data; });</script>
</body></html>"""


def act_on_page(path, folder, ready, steps, address="", width=1200):
    """Open a copy of a page, take steps in it, and return what they write into `answer`.

    Parameters
    ----------
    path : path-like
        Page with ``<meta charset="utf-8">`` before its policy.
    folder : Path
        Folder for the copy and the profile of the browser.
    ready, steps : str
        JavaScript: an expression that is true when the page is ready, and statements.
    address : str
        Fragment of the address, such as ``#object=1``.
    width : int
        Width of the window, pixels; below `LEAST_WIDTH` that of a frame.
    """
    text = Path(path).read_text(encoding="utf-8")
    place = '<meta charset="utf-8">'
    assert place in text
    script = SCRIPT.replace("READY", ready).replace("STEPS", steps)
    copy = folder / "page.html"
    copy.write_text(text.replace(place, f"{place}{script}", 1), encoding="utf-8")
    if width < LEAST_WIDTH:
        copy = folder / "frame.html"
        copy.write_text(FRAME.replace("ADDRESS", address).replace("WIDTH", str(width)))
        address = ""
    command = [find_chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    command += ["--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command += [f"--user-data-dir={folder}/profile", f"--window-size={max(width, LEAST_WIDTH)},900"]
    command += ["--virtual-time-budget=30000", "--dump-dom", f"{copy.as_uri()}{address}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    found = re.search(r">answer:([^:\"]+):end", done.stdout)
    assert found, done.stderr[-2000:]
    answer = json.loads(unquote(found[1]))
    assert answer["problems"] == []
    assert answer["fetched"] == []
    return answer


def printed_pages(path):
    """Return the number of pages of paper that a page is printed on."""
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder) / "page.pdf"
        command = [find_chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder}/profile"]
        command += ["--no-pdf-header-footer", "--virtual-time-budget=10000"]
        command += [f"--print-to-pdf={printed}", Path(path).resolve().as_uri()]
        subprocess.run(command, capture_output=True, timeout=180, check=True)
        return len(re.findall(rb"/Type\s*/Page[^s]", printed.read_bytes()))
