"""What 300 complaints in one minute do to a Slack channel that takes one message a second, and breaks down meanwhile.

python -m benchmarks.flood

The real jobs, database and Slack client run against the strict local Slack, in a time of their own: every request takes
its time, and between two moments Slack answers 500, asks to wait, or loses its reply after the message was posted.
Beside it the same flood where nothing is known to be urgent.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from alerts import case as moves
from alerts.ladder import Ladder, Step
from alerts.slack import Options, Slack
from classifiers.base import Options as ClassifierOptions
from classifiers.base import Verdict
from connectors.base import Secret
from monitor.app import App
from monitor.config import Plugin
from monitor.queries import waiting_messages
from tests.desk import NOON, Clock, Desk, Plain, minutes
from tests.servers.slack_api import CARE, LEADS, TOKEN, SlackApi

MINUTE = timedelta(minutes=1)
PULSE = timedelta(seconds=2)
"""As the daemon's."""
REQUEST = timedelta(milliseconds=120)
LADDER = Ladder(
    target=minutes(60), steps=(Step(after=minutes(0), channel="care"), Step(after=minutes(60), channel="managers"))
)
URGENT, ORDINARY = "My parcel is broken and it burns!", "My parcel is late again."


class Alarmed(Plain):
    """Takes what burns for urgent."""

    def _verdict(self, text: str) -> Verdict:
        return replace(super()._verdict(text), severity="urgent" if text == URGENT else "ordinary")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """So many complaints in so long, every tenth of them urgent, every tenth claimed as soon as it is seen; and from
    when to when Slack fails."""

    complaints: int = 300
    lasts: timedelta = MINUTE
    breaks: tuple[timedelta, timedelta] = (timedelta(seconds=30), timedelta(seconds=90))
    known: bool = True
    """The model tells what is urgent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What came of a flood; delays in seconds, from when a post was found to when its message stood in Slack."""

    lost: int
    doubled: int
    urgent: list[float]
    ordinary: list[float]
    claims: list[float]
    """From a claim to the message that shows it."""
    until: float
    """Seconds from the first post to the last message."""
    limited: int
    """Requests that Slack answered with 429."""
    broken: int
    """Requests that failed otherwise, or whose reply was lost."""


class TroubledSlack(SlackApi):
    """Takes a message a second a channel; every request takes time, and while `troubled` four in ten go wrong."""

    def __init__(self, clock: Clock, troubled: tuple[datetime, datetime], seed: int) -> None:
        super().__init__(clock=clock, seconds=lambda: clock().timestamp())
        self._time = clock
        self._troubled = troubled
        self._random = Random(seed)
        self.limited = self.broken = 0
        self.edited: dict[str, datetime] = {}
        """When a message was edited first, by its time stamp."""

    def answer(self, method: str, arguments: dict[str, Any], token: str) -> Any:
        self._time.now += REQUEST
        if self._troubled[0] <= self._time.now < self._troubled[1] and self._random.random() < 0.4:
            self.broken += 1
            more = self._random.choice(
                [{"kind": "status", "status": 500}, {"kind": "lost"}, {"kind": "lost", "after": True}]
            )
            self.fault(method, **more)
        fault, answer = super().answer(method, arguments, token)
        self.limited += answer.get("error") == "ratelimited"
        if method == "chat.update" and (answer.get("ok") or (fault and fault.after)):
            self.edited.setdefault(str(arguments["ts"]), self._time.now)
        return fault, answer


def flood(folder: Path, how: Flood, seed: int = 1) -> Figures:
    """Lets the complaints in, and waits until the last message is settled."""
    clock = Clock()
    begin, end = (NOON + at for at in how.breaks)
    with TroubledSlack(clock, (begin, end), seed) as slack:
        desk = _desk(folder, slack, clock, how)
        posts = list(_posts(how, seed))
        claims: dict[int, datetime] = {}
        count = len(posts)
        while posts or waiting_messages(desk.app.store):
            pulse = clock.now + PULSE
            while posts and NOON + posts[0][0] <= clock.now:
                desk.post(posts.pop(0)[1], f"customer{len(posts)}")
            _pass(desk.app)
            _claim(desk.app, slack, claims)
            clock.now = max(clock.now, min(desk.app.postman.open_again() or pulse, pulse))
        found = _figures(desk, slack, claims, count)
        desk.app.close()
    return found


def _desk(folder: Path, slack: SlackApi, clock: Clock, how: Flood) -> Desk:
    desk = Desk(f"sqlite:///{folder / 'flood.db'}", folder, LADDER, clock)
    desk.app.close()
    channels = {
        name: Plugin(type="slack", kind=Slack, options=Options(token=Secret(TOKEN), channel=room, base_url=slack.url))
        for name, room in (("care", CARE), ("managers", LEADS))
    }
    source, plugin = desk.config.sources["chat"]
    kind = Alarmed if how.known else Plain
    desk.config = replace(
        desk.config,
        channels=desk.config.channels | channels,
        sources={"chat": (replace(source, every=PULSE), plugin)},
        classifier=Plugin(type="plain", kind=kind, options=ClassifierOptions()),
    )
    desk.app = App(desk.config, clock)
    return desk


def _posts(how: Flood, seed: int) -> Iterator[tuple[timedelta, str]]:
    chance = Random(seed)
    for number, at in enumerate(sorted(chance.random() for _ in range(how.complaints))):
        yield how.lasts * at, URGENT if number % 10 == 5 else ORDINARY


def _pass(app: App) -> None:
    """What the daemon does at one pulse."""
    for job in (app.collect_due, app.triage, app.escalate, app.deliver):
        while job().more:
            pass


def _claim(app: App, slack: TroubledSlack, claims: dict[int, datetime]) -> None:
    """Somebody claims every tenth case of which the team has heard."""
    for number in map(_case, _alerts(slack)):
        if number % 10 == 0 and number not in claims:
            app.act(number, lambda case, now: moves.claim(case, "U0KATI00001", now))
            claims[number] = app.clock()


def _figures(desk: Desk, slack: TroubledSlack, claims: dict[int, datetime], count: int) -> Figures:
    arrived: dict[int, list[dict[str, Any]]] = {}
    for post in _alerts(slack):
        arrived.setdefault(_case(post), []).append(post)
    delays: dict[str, list[float]] = {URGENT: [], ORDINARY: []}
    for story in desk.stories:
        if story.case.id in arrived:
            text = story.complaints[0].mention.text
            stamp = float(arrived[story.case.id][0]["ts"])
            delays[text].append(stamp - story.case.detected_at.timestamp())
    return Figures(
        lost=count - len(arrived),
        doubled=sum(len(posts) - 1 for posts in arrived.values()),
        urgent=delays[URGENT],
        ordinary=delays[ORDINARY],
        claims=[(slack.edited[arrived[each][0]["ts"]] - at).total_seconds() for each, at in claims.items()],
        until=max(float(posts[-1]["ts"]) for posts in arrived.values()) - NOON.timestamp(),
        limited=slack.limited,
        broken=slack.broken,
    )


def _alerts(slack: SlackApi) -> list[dict[str, Any]]:
    """The first messages of cases, without the prepared answers in their threads."""
    return [post for post in slack.messages("care") if "thread_ts" not in post]


def _case(post: dict[str, Any]) -> int:
    return int(post["metadata"]["event_payload"]["key"].split(":")[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--complaints", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    ran = []
    for known in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            ran.append(flood(Path(folder), Flood(complaints=given.complaints, known=known), given.seed))
    table = Table("", "urgent first", "nothing known urgent", box=None)
    table.add_row("complaints lost / told twice", *(f"{each.lost} / {each.doubled}" for each in ran))
    for name in ("urgent", "ordinary", "claims"):
        delays = [getattr(each, name) for each in ran]
        what = {"claims": "claim until it is shown"}.get(name, f"{name} alert, from found to told")
        table.add_row(f"{what}: median", *(f"{median(each):.1f} s" for each in delays))
        table.add_row(f"{what}: worst", *(f"{max(each):.1f} s" for each in delays))
    table.add_row("first post to last message", *(f"{each.until:.0f} s" for each in ran))
    table.add_row("requests answered with 429", *(str(each.limited) for each in ran))
    table.add_row("requests that failed or lost their reply", *(str(each.broken) for each in ran))
    Console().print(table)


if __name__ == "__main__":
    main()
