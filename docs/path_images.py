"""Take the pictures of the path from the opened page to its worst outlier.

    .venv/bin/python docs/path_images.py results/demo/report.html docs/images/path

Chromium opens the demo's report without a network, makes the clicks of each step on the page's own
elements, and takes a picture of the section that they lead to.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from gallery_images import small_picture

#: width of the page, pixels
WIDTH = 1100

#: most bytes of a picture
MOST = 150_000


class Step(NamedTuple):
    """A picture of the path.

    Attributes
    ----------
    section : str
        Id of the heading of the section that is in sight.
    clicks : tuple of str
        CSS selectors of the elements that are clicked, from the opened page on.
    height : int
        Pixels of the page from its top, or from the top of `below`.
    below : str
        CSS selector of the element where the picture begins; the page's top if empty.
    """

    section: str
    clicks: tuple
    height: int
    below: str = ""


#: pictures by name
STEPS = {
    "1_verdict": Step("verdict", (), 700),
    "2_explore": Step("explore", ('nav a[href="#explore"]',), 1180, "#explore"),
    "3_outlier": Step("explore", ('nav a[href="#explore"]', "#worst"), 1000, "#explore"),
    "4_pdf": Step("explore", ('nav a[href="#explore"]', "#worst"), 730, ".plots"),
}

SCRIPT = """<script>addEventListener("load", async () => {
  const pause = ms => new Promise(go => setTimeout(go, ms));
  document.documentElement.style.scrollBehavior = "auto";
  while (!document.getElementById("explore").dataset.ready) await pause(50);
  for (const wanted of CLICKS) {
    const place = document.querySelector(wanted);
    if (!place) document.title = "missing " + wanted;
    place.click();
    await pause(300);
  }
  for (const part of document.querySelectorAll("main > section")) {
    if (!part.querySelector("#SECTION")) part.remove();
  }
  if ("BELOW") {
    document.querySelector("header").remove();
    let part = document.querySelector("BELOW");
    for (; part.tagName !== "MAIN"; part = part.parentElement) {
      while (part.previousElementSibling) part.previousElementSibling.remove();
    }
  }
  scrollTo(0, 0);
  await pause(500);
});</script>"""


def find_browser():
    """Return the path of Chromium.

    Raises
    ------
    SystemExit
        If it is missing.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((path for path in map(shutil.which, names) if path), None)
    return path or sys.exit("Chromium is missing: run envs/setup")


def taken(report, step):
    """Return a picture of a step.

    Parameters
    ----------
    report : path
        ``report.html``.
    step : Step
        The step.

    Returns
    -------
    bytes
        PNG.
    """
    text = Path(report).read_text(encoding="utf-8")
    script = SCRIPT.replace("CLICKS", str(list(step.clicks))).replace("SECTION", step.section)
    script = script.replace("BELOW", step.below)
    # before the page's policy, which would not let it run
    text = re.sub(r'<meta charset="utf-8">', lambda found: found[0] + script, text, count=1)
    with tempfile.TemporaryDirectory() as folder:
        page, picture = Path(folder) / "page.html", Path(folder) / "page.png"
        page.write_text(text, encoding="utf-8")
        command = [find_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        command += ["--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND"]
        command += [f"--user-data-dir={folder}/profile", f"--window-size={WIDTH},{step.height}"]
        command += ["--virtual-time-budget=10000", f"--screenshot={picture}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        return picture.read_bytes()


def write_path(report, folder):
    """Write the pictures of all steps.

    Parameters
    ----------
    report : path
        ``report.html`` of the demo.
    folder : path
        Folder of the PNGs; must exist.

    Raises
    ------
    SystemExit
        If a picture is too large for a page.
    """
    for name, step in STEPS.items():
        content = small_picture(taken(report, step))
        if len(content) > MOST:
            sys.exit(f"{name}: {len(content)} bytes; allowed: at most {MOST}")
        Path(folder, f"{name}.png").write_bytes(content)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    write_path(*sys.argv[1:])
