"""Draws the pictures of the inbox: the demo's afternoon, served for real, in a headless Chromium.

python docs/pictures/inbox.py        (Debian: apt-get install chromium fonts-dejavu fonts-noto-color-emoji)
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, BrowserContext

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from alerts import case as moves  # noqa: E402
from benchmarks.year import Year, fill  # noqa: E402
from monitor import accounts  # noqa: E402
from monitor.accounts import Role  # noqa: E402
from monitor.app import App  # noqa: E402
from monitor.config import load  # noqa: E402
from monitor.config.model import Web  # noqa: E402
from monitor.demo.replay import publish, read_posts  # noqa: E402
from monitor.queries import queue  # noqa: E402
from monitor.web.server import Server  # noqa: E402
from tests.browser import chromium  # noqa: E402

START = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
SHOWN = 101
"""The minute of the afternoon that the pictures show."""
PASSWORD = "for a picture only"
WRONG = moves.Dismissal.NOT_A_COMPLAINT


class Afternoon:
    """The demo's afternoon up to a minute."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        config = load(HERE.parent.parent / "monitor/demo/config.yaml", {"DEMO": str(folder)})
        self.app = App(replace(config, web=Web(listen="127.0.0.1:0")), lambda: self.now)
        coming = read_posts()
        self._no_complaints = {post.id for post in coming if post.complaint is False}
        for source in config.sources:
            (folder / f"{source}.jsonl").touch()
        for minute in range(SHOWN + 1):
            self.now = START + timedelta(minutes=minute)
            for post in [each for each in coming if each.seen == minute]:
                publish(post, folder, START)
            self.app.tick()
            self._work(minute)

    def _praise(self, thread: str) -> bool:
        """The model took it for a complaint, and it is none."""
        return thread in self._no_complaints

    def _work(self, minute: int) -> None:
        """What the team does of itself."""
        waiting = [each.case for each in queue(self.app.store)]
        for number, case in enumerate(waiting):
            if self._praise(case.thread_id) and self.now - case.posted_at > timedelta(minutes=5):
                self.app.act(case.id, lambda each, now: moves.dismiss(each, "kati", now, kind=WRONG))
                continue
            waits = (self.now - case.posted_at) / timedelta(minutes=1)
            if case.state == "open" and case.id % 3 == 0 and waits > 12:
                self.app.act(
                    case.id, lambda each, now, who=("kati", "rasmus")[case.id % 2]: moves.claim(each, who, now)
                )
            if waits > 52 and (number + minute) % 4 == 0 and case.id > 2:
                self.app.act(case.id, lambda each, now: moves.answer(each, "rasmus", now))


@contextmanager
def signed_in(browser: Browser, server: Server, **more: object) -> Iterator[BrowserContext]:
    context = browser.new_context(timezone_id="Europe/Tallinn", device_scale_factor=1.5, **more)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("Name").fill("kati")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Inbox").wait_for(state="attached")
    page.get_by_text("Live", exact=True).wait_for()
    yield context
    context.close()


def main(folder: Path = HERE) -> None:
    with tempfile.TemporaryDirectory() as state, redirect_stdout(StringIO()), chromium() as browser:
        app = Afternoon(Path(state)).app
        for name in ("kati", "rasmus"):
            accounts.add_user(app.store, name, Role.ADMIN, app.clock(), password=PASSWORD)
        server = Server(app)
        thread = Thread(target=server.run, daemon=True)
        thread.start()
        pictures = (
            ("inbox.png", "/", {"viewport": {"width": 1240, "height": 860}}),
            ("inbox-case.png", "greta_s", {"viewport": {"width": 1240, "height": 800}, "color_scheme": "dark"}),
            ("inbox-answer.png", "answer", {"viewport": {"width": 1240, "height": 900}}),
            ("inbox-phone.png", "/", {"viewport": {"width": 360, "height": 780}}),
        )
        for name, path, looks in pictures:
            with signed_in(browser, server, **looks) as context:
                page = context.pages[0]
                if path != "/":
                    asked = "" if path == "answer" else f"state=all&q={path}"
                    page.goto(f"{server.url}/?{asked}")
                    page.locator(".case .open").first.click()
                    page.get_by_role("heading", name="What was said").wait_for()
                    page.get_by_text("Live", exact=True).wait_for()
                page.screenshot(path=folder / name)
        server.stop()
        thread.join()
        app.close()
    draw_figures(folder)


def draw_figures(folder: Path) -> None:
    """A month of a simulated brand."""
    with tempfile.TemporaryDirectory() as state, chromium() as browser:
        config = load(HERE.parent.parent / "monitor/demo/config.yaml", {"DEMO": state})
        now = START + timedelta(hours=3)
        app = App(replace(config, web=Web(listen="127.0.0.1:0")), lambda: now)
        fill(app.store, Year(end=now, days=28, posts=14_000, cases=1100, waiting=25, brands=tuple(config.brands)))
        accounts.add_user(app.store, "kati", Role.ADMIN, now, password=PASSWORD)
        server = Server(app)
        thread = Thread(target=server.run, daemon=True)
        thread.start()
        for name, looks in (
            ("figures.png", {"viewport": {"width": 1240, "height": 1010}}),
            ("figures-night.png", {"viewport": {"width": 1240, "height": 1010}, "color_scheme": "dark"}),
            ("figures-phone.png", {"viewport": {"width": 360, "height": 780}}),
        ):
            with signed_in(browser, server, **looks) as context:
                page = context.pages[0]
                page.goto(f"{server.url}/figures?by=topic")
                page.screenshot(path=folder / name, full_page=name != "figures-phone.png")
        server.stop()
        thread.join()
        app.close()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
