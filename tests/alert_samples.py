"""A customer of a brand and what becomes of her complaint, for the tests of the channels."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alerts import case
from alerts.base import Alert, Complaint, Notice
from alerts.ladder import Step
from classifiers.base import Severity, Verdict
from connectors.base import Mention

POSTED = datetime(2026, 11, 23, 11, 5, tzinfo=UTC)
TEXT = "Kolmas päev internetti pole & klienditugi <ei vasta>"
MARI = case.Case(
    id=42,
    brand="PõhjaNet",
    platform="x",
    thread_id="190",
    author="marimaasikas",
    posted_at=POSTED,
    detected_at=POSTED + timedelta(minutes=1),
    respond_by=POSTED + timedelta(hours=1),
    check_at=None,
)


def at(minutes: float) -> datetime:
    return POSTED + timedelta(minutes=minutes)


def post(
    text: str = TEXT, minutes: float = 0, *, deleted: bool = False, severity: Severity = "ordinary", **more: Any
) -> Complaint:
    facts: dict[str, Any] = {
        "author": "marimaasikas",
        "followers": 12_431,
        "lang": "et",
        "url": "https://x.com/marimaasikas/status/19",
    }
    mention = Mention(
        platform="x", external_id=f"19-{minutes}", thread_id="190", text=text, posted_at=at(minutes), **facts | more
    )
    verdict = Verdict(
        complaint=0.92,
        is_complaint=True,
        sentiment="negative",
        model="model@1",
        topic="outage",
        severity=severity,
        intent="complaint",
        why=(text[-80:],),
    )
    return Complaint(mention=mention, verdict=verdict, deleted=deleted)


def alert(minutes: float = 2, number: int | None = 0, mention: tuple[str, ...] = (), **more: Any) -> Alert:
    """Mari's case `minutes` after she posted, with step `number` due (None: no step)."""
    step = None if number is None else Step(after=timedelta(minutes=minutes), channel="care", mention=mention)
    facts: dict[str, Any] = {"case": MARI, "complaints": [post()], "timeline": [], "root": None} | more
    key = facts.pop("key", f"case:42:{facts['case'].round}:{number or 0}")
    return Alert(key=key, now=at(minutes), step=step, number=number or 0, **facts)


def claimed(minutes: float, who: str = "Kati") -> dict[str, Any]:
    moved, event = case.claim(MARI, who, at(minutes))
    return {"case": moved, "timeline": [event]}


def answered(minutes: float, who: str = "pohjanet_abi", by: case.Stop = case.Stop.BRAND_REPLY) -> dict[str, Any]:
    moved, event = case.answer(MARI, who, at(minutes), by=by)
    return {"case": moved, "timeline": [event]}


def dismissed(minutes: float, reason: str = "") -> dict[str, Any]:
    moved, event = case.dismiss(MARI, "Kati", at(minutes), reason)
    return {"case": moved, "timeline": [event]}


def withdrawn(minutes: float) -> dict[str, Any]:
    moved, event = case.withdraw(MARI, at(minutes))
    return {"case": moved, "timeline": [event]}


def snoozed(minutes: float, until: float) -> dict[str, Any]:
    moved, event = case.snooze(MARI, "Kati", at(minutes), at(until))
    return {"case": moved, "timeline": [event]}


def again(minutes: float) -> dict[str, Any]:
    settled, _ = case.answer(MARI, "Kati", at(20))
    moved, event = case.complain_again(settled, at(minutes), at(minutes + 1), at(minutes + 60))
    return {"case": moved, "timeline": [event]}


def given(minutes: float, whom: str = "U0LIIS0001") -> dict[str, Any]:
    moved, event = case.assign(MARI, "Kati", at(minutes), whom)
    return {"case": moved, "timeline": [event]}


def reminded(minutes: float) -> dict[str, Any]:
    """Kati claimed it, was silent, and is asked whether she still has it in hand."""
    held, claim = case.claim(MARI, "Kati", at(1))
    moved, event = case.remind(held, at(minutes), at(minutes + 20))
    return {"case": moved, "timeline": [claim, event]}


def handed_on(minutes: float) -> dict[str, Any]:
    held = reminded(minutes - 20)
    moved, event = case.hand_on(held["case"], at(minutes))
    return {"case": moved, "timeline": [*held["timeline"], event]}


def reopened(minutes: float) -> dict[str, Any]:
    settled, event = case.answer(MARI, "Kati", at(1))
    moved, again_ = case.reopen(settled, "Rein", at(minutes))
    return {"case": moved, "timeline": [event, again_]}


def turned_urgent(minutes: float) -> dict[str, Any]:
    climbed = case.replace(MARI, level=1)
    moved, event = case.turn_urgent(climbed, at(minutes), at(minutes + 30), at(minutes))
    return {"case": moved, "timeline": [event]}


def told_why(minutes: float, kind: case.Dismissal) -> dict[str, Any]:
    moved, event = case.dismiss(MARI, "Kati", at(minutes), kind=kind)
    return {"case": moved, "timeline": [event]}


NOTICE = Notice(key="notice:1", now=POSTED, title="X has been silent for 2 h", lines=("401 <unauthorized>", "see log"))
