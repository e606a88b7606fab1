"""A page in headless Chromium by its DevTools protocol: fingers, themes, widths, pictures."""

import base64
import contextlib
import json
import os
import select
import subprocess
import tempfile
import time
from pathlib import Path

from chromium import find_chromium

#: seconds after which an answer is missing
PATIENCE = 60


class Tab:
    """A page that is open in a browser.

    Attributes
    ----------
    problems : list of str
        Errors of scripts, and errors and warnings on the console.
    fetched : list of str
        Addresses that the page asked for, beside itself and its data.
    """

    def __init__(self, sent, received):
        self.sent, self.received, self.session = sent, received, None
        self.number, self.rest = 0, b""
        self.problems, self.fetched = [], []

    def send(self, method, **values):
        """Send a command, and return its result."""
        self.number += 1
        number, more = self.number, {"sessionId": self.session} if self.session else {}
        message = {"id": number, "method": method, "params": values, **more}
        os.write(self.sent, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self._next(end - time.monotonic())
            if answer and answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
        raise AssertionError(f"{method}: Chromium gives no answer")

    def _next(self, seconds):
        """Return the next message, or None after some seconds; keep the problems it reports."""
        while b"\0" not in self.rest:
            if not select.select([self.received], [], [], seconds)[0]:
                return None
            self.rest += os.read(self.received, 1 << 20)
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        values = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                details = values["exceptionDetails"]
                self.problems.append(
                    details.get("exception", {}).get("description") or details["text"]
                )
            case "Log.entryAdded" if values["entry"]["level"] in ("error", "warning"):
                self.problems.append(values["entry"]["text"])
            case "Runtime.consoleAPICalled" if values["type"] in ("error", "warning", "assert"):
                self.problems.append(str([one.get("value") for one in values["args"]]))
            case "Network.requestWillBeSent":
                address = values["request"]["url"]
                if not address.startswith(("file:", "data:", "blob:")):
                    self.fetched.append(address)
        return message

    def run(self, script):
        """Run statements in the page, which may await, and return what they return."""
        done = self.send(
            "Runtime.evaluate",
            expression=f"(async () => {{ {script} }})()",
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def wait(self, ready, seconds=PATIENCE):
        """Wait until an expression is true in the page."""
        end = time.monotonic() + seconds
        while not self.run(f"return Boolean({ready});"):
            assert time.monotonic() < end, f"{ready}: not true after {seconds} s"
            time.sleep(0.05)

    def box(self, wanted):
        """Scroll an element, by its selector, into the middle; return left, top, width, height."""
        return self.run(
            f"const one = document.querySelector({json.dumps(wanted)});"
            "one.scrollIntoView({block: 'center', behavior: 'instant'});"
            "await new Promise(go => setTimeout(go, 200));"
            "const {left, top, width, height} = one.getBoundingClientRect();"
            "return [left, top, width, height];"
        )

    def check(self):
        """Assert that the page had no problem and asked for nothing."""
        assert self.problems == []
        assert self.fetched == []

    def click(self, x, y):
        """Click a place of the window with the mouse."""
        for kind in ("mousePressed", "mouseReleased"):
            place = {"x": x, "y": y, "button": "left", "clickCount": 1}
            self.send("Input.dispatchMouseEvent", type=kind, **place)
        time.sleep(0.3)

    def touch(self, *steps):
        """Move fingers: each step has the places (x, y) of all fingers, CSS pixels of the window.

        The first step puts them down, and they are lifted after the last.
        """
        kinds = ["touchStart"] + ["touchMove"] * (len(steps) - 1)
        for kind, places in zip(kinds, steps, strict=True):
            points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(places)]
            self.send("Input.dispatchTouchEvent", type=kind, touchPoints=points)
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def swipe(self, start, end, steps=8):
        """Move one finger from a place to another, as a person does."""
        path = [
            tuple(a + (b - a) * k / steps for a, b in zip(start, end, strict=True))
            for k in range(steps + 1)
        ]
        self.touch(*([place] for place in path))
        time.sleep(0.3)  # scrolling ends

    def picture(self, path, whole=False):
        """Write a PNG of what is in sight, or of the whole page."""
        done = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        Path(path).write_bytes(base64.b64decode(done["data"]))


@contextlib.contextmanager
def open_tab(path, ready="true", width=1200, height=900, phone=False, dark=False, address=""):
    """Open a page without a network, wait until it is ready, and close it at the end.

    Parameters
    ----------
    path : path-like
        The page.
    ready : str
        JavaScript, true when the page is ready.
    width, height : int
        Size of the window, CSS pixels.
    phone : bool
        Emulate a telephone: its viewport, and fingers instead of a pointer.
    dark : bool
        Ask for the dark theme.
    address : str
        Fragment of the address, such as ``#object=1``.

    Yields
    ------
    Tab
    """
    to_browser, sent = os.pipe()
    received, from_browser = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [find_chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking"]
        command += [f"--user-data-dir={folder}", "--remote-debugging-pipe"]
        command += ["--allow-file-access-from-files", "about:blank"]
        # the browser takes its commands from descriptor 3 and answers on 4
        shell = ["bash", "-c", f'exec 3<&{to_browser} 4>&{from_browser}; exec "$@"', "chromium"]
        browser = subprocess.Popen(
            [*shell, *command],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield _opened(Tab(sent, received), path, ready, width, height, phone, dark, address)
        finally:
            browser.terminate()
            browser.wait()
            os.close(sent)
            os.close(received)


def _opened(tab, path, ready, width, height, phone, dark, address):
    """Attach to the first page of the browser, and lead it to a file."""
    target = tab.send("Target.createTarget", url="about:blank")["targetId"]
    tab.session = tab.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        tab.send(f"{domain}.enable")
    tab.send(
        "Emulation.setDeviceMetricsOverride",
        **{"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1},
        mobile=phone,
    )
    if phone:
        tab.send("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=5)
    theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    tab.send("Emulation.setEmulatedMedia", features=[theme])
    tab.send("Page.navigate", url=f"{Path(path).resolve().as_uri()}{address}")
    tab.wait(f'document.readyState === "complete" && ({ready})')
    return tab
