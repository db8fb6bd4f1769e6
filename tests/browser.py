"""A real browser without a window, driven over two pipes: no port, no package."""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars"),
    # The network is off: every name is unknown; what needs none goes to a proxy that is not.
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9"),
    "--remote-debugging-pipe",
)


@contextlib.contextmanager
def browser(profile: Path) -> Iterator["Browser"]:
    """Start a browser that has no network; skip the test where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    shell = shutil.which("bash")  # plain sh may know no descriptors beyond 9
    if found is None or shell is None or sys.platform == "win32":
        pytest.skip("no Chromium, or no bash, is found: no browser looks at the page")
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()
    # The browser reads from descriptor 3 and writes to 4.
    script = f'exec "$@" 3<&{to_read} 4>&{from_write} 2>/dev/null'
    command = [shell, "-c", script, "sh", found, *_FLAGS, f"--user-data-dir={profile}"]
    process = subprocess.Popen(
        command,
        pass_fds=(to_read, from_write),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(from_write)
    try:
        yield Browser(to_write, from_read)
    finally:
        os.close(to_write)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(from_read)


class Browser:
    """What is asked of a browser, and what it said meanwhile."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self.to_browser, self.from_browser = to_browser, from_browser
        self.buffer = b""
        self.number = 0
        self.events: list[dict[str, Any]] = []
        self.session = ""

    def open(
        self, address: str, width: int, height: int = 900, *, scripts: bool = True
    ) -> float:
        """Open a page in a new tab; return after how many seconds it was loaded."""
        self.events.clear()
        self.session = ""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.ask(f"{domain}.enable")
        self.ask("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.events.clear()
        start = time.monotonic()
        self.ask("Page.navigate", url=address)
        self.wait_for("Page.loadEventFired")
        return time.monotonic() - start

    def run(self, expression: str) -> Any:
        """Evaluate an expression in the page; a promise is awaited."""
        found = self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Write what the page looks like as PNG."""
        data = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def requests(self) -> list[str]:
        """Return the addresses of what the page asked for, but for what it holds itself."""
        sent = (e["params"]["request"]["url"] for e in self._of("Network.requestWillBeSent"))
        return [url for url in sent if not url.startswith(("data:", "blob:"))]

    def complaints(self) -> list[str]:
        """Return errors and warnings of the page's scripts and of the browser about it."""
        said = [
            str(e["params"]["args"])
            for e in self._of("Runtime.consoleAPICalled")
            if e["params"]["type"] in ("error", "warning", "assert")
        ]
        said += [
            str(e["params"]["exceptionDetails"]) for e in self._of("Runtime.exceptionThrown")
        ]
        entries = (e["params"]["entry"] for e in self._of("Log.entryAdded"))
        return said + [
            str(entry) for entry in entries if entry["level"] in ("error", "warning")
        ]

    def _of(self, method: str) -> Iterator[dict[str, Any]]:
        return (event for event in self.events if event["method"] == method)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def wait_for(self, method: str) -> None:
        """Wait until the browser reports this event."""
        while not any(self._of(method)):
            self._next()

    def _next(self, seconds: float = 60) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            assert select.select([self.from_browser], [], [], seconds)[0], "no answer"
            read = os.read(self.from_browser, 1 << 20)
            assert read, "the browser ended"
            self.buffer += read
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message
