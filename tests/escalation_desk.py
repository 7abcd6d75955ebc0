"""A care desk whose ladders keep opening hours, know urgent cases, end silent claims and call who is on call."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from alerts.hours import Hours, shifts, weekdays
from alerts.ladder import Ladder, Step
from alerts.rotation import Rotation
from classifiers.base import Options, Verdict
from monitor.app import App
from monitor.config import Plugin
from tests.databases import fresh
from tests.desk import Desk, Plain, minutes

TALLINN = ZoneInfo("Europe/Tallinn")
CARE = Rotation(
    name="care", people=("anna", "boris", "cilla"), start=date(2026, 1, 5), handover=9 * 60, days=7, zone=TALLINN
)
URGENT = Ladder(
    target=minutes(30),
    steps=(
        Step(after=minutes(0), channel="care", mention=("on-call care",)),
        Step(after=minutes(10), channel="care", mention=("lead",)),
        Step(after=minutes(30), channel="managers", mention=("head",)),
    ),
)


class Stern(Plain):
    """Takes what has a lawyer in it for urgent."""

    def _verdict(self, text: str) -> Verdict:
        verdict = super()._verdict(text)
        return replace(verdict, severity="urgent") if "lawyer" in text else verdict


def office(words: str = "09:00-17:00", days: str = "mon-fri", **more: Any) -> Hours:
    week = tuple(shifts(words) if day in weekdays(days) else () for day in range(7))
    return Hours(zone=TALLINN, week=week, **more)


def ladder(**more: Any) -> Ladder:
    facts: dict[str, Any] = {
        "target": minutes(60),
        "steps": (
            Step(after=minutes(0), channel="care"),
            Step(after=minutes(30), channel="care", mention=("on-call care",)),
            Step(after=minutes(45), channel="care", mention=("lead",)),
            Step(after=minutes(60), channel="managers"),
        ),
        "urgent": URGENT,
    }
    return Ladder(**facts | more)


def escalation_desk(folder: Path, url: str | None = None, **more: Any) -> Desk:
    desk = Desk(url or fresh(folder), folder, ladder(**more))
    desk.app.close()
    stern = Plugin(type="stern", kind=Stern, options=Options())
    desk.config = replace(desk.config, rotations={"care": CARE}, classifier=stern)
    desk.app = App(desk.config, desk.clock)
    return desk


def at(words: str) -> datetime:
    """A moment by the clocks of Tallinn."""
    return datetime.fromisoformat(words).replace(tzinfo=TALLINN).astimezone(ZoneInfo("UTC"))


def every(desk: Desk, length: float, until: datetime) -> None:
    """Ticks every so many minutes until then."""
    while desk.clock.now < until:
        desk.clock.now = min(until, desk.clock.now + timedelta(minutes=length))
        desk.app.tick()


def called(desk: Desk, paper: str = "care") -> list[tuple[str, ...]]:
    """Whom each message's step called."""
    shown = [letter.shown[0] for letter in desk.paper(paper).letters]
    return [message.step.mention for message in shown if getattr(message, "step", None)]  # type: ignore[union-attr]
