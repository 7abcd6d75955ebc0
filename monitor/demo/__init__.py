"""The demo: an afternoon of two invented brands, replayed through the real parts with a fast clock."""

import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from threading import Event
from time import monotonic

from rich.console import Console

from alerts.base import Options
from alerts.case import NotAllowed
from monitor.app import App
from monitor.config import Config, Plugin, load
from monitor.demo import figures, people, summary
from monitor.demo.board import Board
from monitor.demo.people import Act
from monitor.demo.replay import Post, final, publish, read_posts
from monitor.demo.screen import Screen
from monitor.demo.slack_page import Reader

START = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
ZONE = timezone(timedelta(hours=2), "EET")
MINUTES = 200
TICK = 2
"""Minutes from one pass of the monitor to the next."""


@dataclass
class Clock:
    """The simulated time."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


def play(console: Console, pause: float, pages: Path = Path("build")) -> None:
    """Plays the afternoon, each of its minutes in `pause` seconds where the machine can, and leaves a page of what
    Slack would show in the folder `pages`, or in a new one where that can't be written. Raises BadModel, StoreError."""
    posts, clock = read_posts(), Clock(START)
    screen = Screen(console, clock, ZONE, people.NAMES)
    screen.intro()
    with tempfile.TemporaryDirectory(prefix="complaint-monitor-") as name:
        folder = Path(name)
        with closing(App(_config(folder, screen), clock)) as app:
            app.classifier.classify([""])
            _afternoon(app, clock, posts, folder, screen, pause)
            summary.show(console, app, final(posts))
            page = summary.write_page(_boards(app), Reader(zone=ZONE, people=people.NAMES), pages)
    summary.farewell(console, page)


def _config(folder: Path, screen: Screen) -> Config:
    """The demo's configuration, its channels kept in memory."""
    config = load(Path(__file__).parent / "config.yaml", {"DEMO": str(folder)})
    kind = partial(Board, told=screen.tell)
    board = Plugin(type="board", kind=kind, options=Options())
    return replace(config, channels=dict.fromkeys(config.channels, board))


def _boards(app: App) -> dict[str, Board]:
    return {name: channel for name, channel in app.channels.items() if isinstance(channel, Board)}


def _afternoon(app: App, clock: Clock, posts: Sequence[Post], folder: Path, screen: Screen, pause: float) -> None:
    """Minute by minute: posts appear, people act, the monitor does what is due."""
    acts, read = people.acts(final(posts).values()), set[str]()
    rest, began = Event(), monotonic()
    for _, plugin in app.config.sources.values():
        Path(plugin.options.path).touch()
    with screen.bar(MINUTES) as bar:
        for minute in range(MINUTES + 1):
            clock.now = START + timedelta(minutes=minute)
            for post in (post for post in posts if post.seen == minute):
                publish(post, folder, START)
                read.add(post.id)
            for act in (act for act in acts if act.at == minute):
                _do(app, act)
            if minute % TICK == 0:
                app.tick()
            bar.move(minute, len(read), *figures.waiting(app.store))
            rest.wait(max(0.0, began + (minute + 1) * pause - monotonic()))


def _do(app: App, act: Act) -> None:
    """Nothing where the model saw no complaint, or the brand's reply came first."""
    case_id = figures.case_of(app.store, act.post)
    if case_id is not None:
        with suppress(NotAllowed):
            app.act(case_id, act.move)
