"""Retain: erases customers' words and names that have been kept for long enough; the figures stay."""

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, update

from monitor.jobs.outcome import Outcome
from monitor.schema import cases, events, mentions
from monitor.store import Store

BATCH = 1000


def retain(store: Store, keep_mentions: timedelta, keep_cases: timedelta, now: datetime) -> Outcome:
    """One batch of posts that are due to be forgotten: outside of cases, or in cases settled long ago."""
    settled = select(cases.c.id).where(cases.c.stopped_at < now - keep_cases)
    over = or_(
        and_(mentions.c.case_id.is_(None), mentions.c.detected_at < now - keep_mentions),
        mentions.c.case_id.in_(settled),
    )
    with store.write() as connection:
        rows = connection.execute(
            select(mentions.c.id, mentions.c.case_id)
            .where(mentions.c.erased_at.is_(None), mentions.c.triage_at.is_(None), over)
            .limit(BATCH)
        ).all()
        if not rows:
            return Outcome()
        connection.execute(
            update(mentions)
            .where(mentions.c.id.in_([row.id for row in rows]))
            .values(text="", author="", url="", erased_at=now)
        )
        for case_id in sorted({row.case_id for row in rows if row.case_id is not None}):
            connection.execute(update(cases).where(cases.c.id == case_id).values(author=f"erased-{case_id}"))
            connection.execute(update(events).where(events.c.case_id == case_id).values(actor="", detail={}))
    return Outcome(done=len(rows), more=len(rows) == BATCH)
