"""A real Chromium for the stories that people live through on the screen."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Raises FileNotFoundError with the command that installs it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise FileNotFoundError("there is no Chromium on this computer: run `sudo apt-get install chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def faults(page: Page) -> list[str]:
    """What axe finds on the page that keeps people from using it."""
    page.evaluate(_axe().read_text(encoding="utf-8"))
    found: Any = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{each['impact']} {each['id']}: {each['help']}: {each['nodes'][0]['html'][:200]}"
        for each in found["violations"]
    ]


def _axe() -> Path:
    """What `npm install axe-core` left beside the interpreter or in the checkout."""
    for folder in (Path(sys.prefix), Path(".venv"), Path()):
        script = folder / "node_modules/axe-core/axe.min.js"
        if script.exists():
            return script
    raise FileNotFoundError("axe-core is not installed: run `make check`")
