"""Writes what a channel is told as its quiet hours end: the cases that were held back, as they now stand."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from alerts import story
from alerts.base import Notice
from alerts.case import Case, State
from alerts.voice import Voice
from alerts.words import line
from monitor import ledger
from monitor.rooms import read_about
from monitor.routes import About
from monitor.schema import cases, outbox

LISTED = 20
"""Cases that a summary names; all are counted."""


def summary(connection: Connection, row: Row[Any], now: datetime, say: Voice) -> Notice | None:
    """The summary of an outbox row, without the customers' words or names: it is never edited. None: nothing waits."""
    held = outbox.c.channel == row.channel, outbox.c.held_until == row.held_until, outbox.c.kind == "step"
    about_these = cases.c.id.in_(select(outbox.c.case_id).where(*held))
    found = connection.execute(select(*ledger.COLUMNS).where(about_these).order_by(cases.c.respond_by, cases.c.id))
    everyone = [ledger.case_of(each) for each in found]
    if not everyone:
        return None
    waiting = [case for case in everyone if case.waiting]
    about, zone = read_about(connection, waiting[:LISTED]), ZoneInfo(row.body["zone"])
    lines = [_line(case, about[case.id], now, zone, say) for case in waiting[:LISTED]]
    more = [say.many("and {number} more", "and {number} more", len(waiting) - LISTED)] if len(waiting) > LISTED else []
    return Notice(key=row.key, now=now, title=_title(waiting, everyone, say), lines=(*lines, *more), sign="🌅")


def _title(waiting: list[Case], everyone: list[Case], say: Voice) -> str:
    settled = len(everyone) - len(waiting)
    waits = say.many("{number} case waits", "{number} cases wait", len(waiting)) if waiting else say("nobody waits")
    done = say.many(", {number} was settled", ", {number} were settled", settled) if settled else ""
    return say("While this channel was quiet: {what}", what=waits + done)


def _line(case: Case, about: About, now: datetime, zone: ZoneInfo, say: Voice) -> str:
    topic = say.topic(about.topic) if about.topic and about.topic != "other" else ""
    if case.breached(now):
        due = say("{time} late", time=say.duration(now - case.respond_by))
    else:
        due = say("answer by {when}", when=f"{case.respond_by.astimezone(zone):%H:%M}")
    taken = say("claimed by {who}", who=line(case.assignee or "", 80)) if case.state is State.CLAIMED else ""
    parts = say("case {number}", number=case.id), story.title(case, say), topic, due, taken
    return " · ".join(part for part in parts if part)
