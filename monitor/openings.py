"""Writes what a channel is told as its quiet hours end: the cases that were held back, as they now stand."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, select

from alerts import story
from alerts.base import Notice
from alerts.case import Case, State
from alerts.words import duration
from monitor import ledger
from monitor.rooms import read_about
from monitor.routes import About
from monitor.schema import cases, outbox

LISTED = 20
"""Cases that a summary names; all are counted."""


def summary(connection: Connection, row: Row[Any], now: datetime) -> Notice | None:
    """The summary of an outbox row, without the customers' words or names: it is never edited. None: nothing waits."""
    held = outbox.c.channel == row.channel, outbox.c.held_until == row.held_until, outbox.c.kind == "step"
    about_these = cases.c.id.in_(select(outbox.c.case_id).where(*held))
    found = connection.execute(select(*ledger.COLUMNS).where(about_these).order_by(cases.c.respond_by, cases.c.id))
    everyone = [ledger.case_of(each) for each in found]
    if not everyone:
        return None
    waiting = [case for case in everyone if case.waiting]
    about, zone = read_about(connection, waiting[:LISTED]), ZoneInfo(row.body["zone"])
    lines = [_line(case, about[case.id], now, zone) for case in waiting[:LISTED]]
    more = [f"and {len(waiting) - LISTED} more"] if len(waiting) > LISTED else []
    return Notice(key=row.key, now=now, title=_title(waiting, everyone), lines=(*lines, *more), sign="🌅")


def _title(waiting: list[Case], everyone: list[Case]) -> str:
    settled = len(everyone) - len(waiting)
    waits = f"{len(waiting)} case{'s wait' if len(waiting) != 1 else ' waits'}" if waiting else "nobody waits"
    done = f", {settled} {'were' if settled != 1 else 'was'} settled" if settled else ""
    return f"While this channel was quiet: {waits}{done}"


def _line(case: Case, about: About, now: datetime, zone: ZoneInfo) -> str:
    topic = about.topic if about.topic and about.topic != "other" else ""
    late = f"{duration(now - case.respond_by)} late" if case.breached(now) else ""
    due = late or f"answer by {case.respond_by.astimezone(zone):%H:%M}"
    taken = f"claimed by {case.assignee}" if case.state is State.CLAIMED else ""
    return " · ".join(part for part in (f"case {case.id}", story.title(case), topic, due, taken) if part)
