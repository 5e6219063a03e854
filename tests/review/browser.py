"""Chromium without a screen, and the server that it looks at, as a person would start them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Any, TypeVar

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.ui import WebDriverWait

from tests.place import Place

Found = TypeVar("Found")
PATIENCE_S = 120.0
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
# A package of the extra 'dev' brings this script along; its own code is not used.
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js")
needed = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="There is no chromium with its chromedriver; 'apt-get install chromium chromium-driver'.",
)


class Served:
    """A server of the review page in a process of its own, killed and started again at the same address."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._port = 0
        self.address = ""
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        self._process = self._place.start(
            "review", "--port", str(self._port), "--rater", "ann", REVIEW__FOLD_SECONDS="3600",
            CLIPS__MIN_SECONDS="1.5", CLIPS__MAX_SECONDS="2.0",
        )  # fmt: skip
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.startswith("Review page: "):
                break
        else:
            pytest.fail("".join(lines))
        # What it says later must not stop it.
        threading.Thread(target=self._process.stdout.read, daemon=True).start()
        self.address = lines[-1].split()[2].rstrip("/")
        self._port = int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        """As a machine dies: without a word."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        """As a person ends it; then everything is in the lake."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE_S)


@contextmanager
def browser(width: int = 1280, height: int = 800, *, dark: bool = False) -> Iterator[Browser]:
    """A browser with a profile of its own."""
    options = Options()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--window-size={width},{height}",
        "--disable-background-networking", "--no-first-run",
    ):  # fmt: skip
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(str(DRIVER)))
    try:
        if dark:
            told = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", told)
        if width < 600:  # a window is never so narrow, a screen may be
            screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        yield Browser(driver)
    finally:
        driver.quit()


class Browser:
    """A browser, by what a person does with it."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        self.driver.get(address)

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def ask(self, script: str, *arguments: object) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def until(self, wanted: Callable[[], Found], what: str) -> Found:
        """Wait until something is so; what it is then."""
        return WebDriverWait(self.driver, PATIENCE_S, 0.05).until(lambda _: wanted(), what)

    def text(self, selector: str) -> str:
        return str(self.ask("return document.querySelector(arguments[0])?.textContent ?? ''", selector))

    def data(self, name: str) -> str:
        """A value that the judging page tells of itself."""
        return str(self.ask("return document.getElementById('main')?.dataset[arguments[0]] ?? ''", name))

    def wrong(self) -> list[str]:
        """What stands in the console, but that a server died while something was loaded from it."""
        said = [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[attr-defined]
        return [line for line in said if "Failed to load resource: net::ERR_" not in line]

    def barriers(self) -> list[str]:
        """What axe-core finds on the page that keeps people out seriously, each with where it is."""
        self.driver.execute_script(AXE.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, { resultTypes: ['violations'] }).then((r) => done(r.violations));"
        )
        return [
            f"{v['id']} ({v['impact']}): {v['help']}: {', '.join(n['html'][:120] for n in v['nodes'][:3])}"
            for v in found
            if v["impact"] in ("serious", "critical")
        ]
