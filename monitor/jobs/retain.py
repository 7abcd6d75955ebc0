"""Retain: erases customers' words and names that have been kept for long enough; the figures stay."""

from datetime import datetime, timedelta

from sqlalchemy import and_, select, update

from monitor import ledger
from monitor.jobs.outcome import Outcome
from monitor.schema import cases, events, feedback, mentions
from monitor.store import Store

BATCH = 1000


def retain(store: Store, keep_mentions: timedelta, keep_cases: timedelta, now: datetime) -> Outcome:
    """One batch of posts that are due to be forgotten: outside of cases, or in cases settled long ago."""
    kept = and_(mentions.c.erased_at.is_(None), mentions.c.triage_at.is_(None))
    loose = select(mentions.c.id).where(
        kept, mentions.c.case_id.is_(None), mentions.c.detected_at < now - keep_mentions
    )
    old = select(mentions.c.id, mentions.c.case_id).join(cases, cases.c.id == mentions.c.case_id)
    with store.write() as connection:
        alone = connection.scalars(loose.limit(BATCH)).all()
        told = connection.execute(old.where(kept, cases.c.stopped_at < now - keep_cases).limit(BATCH)).all()
        erased = [*alone, *(row.id for row in told)]
        ledger.forget(connection, erased, now)
        connection.execute(update(feedback).where(feedback.c.mention_id.in_(erased)).values(by=""))
        for case_id in sorted({row.case_id for row in told}):
            connection.execute(update(cases).where(cases.c.id == case_id).values(author=f"erased-{case_id}"))
            connection.execute(update(events).where(events.c.case_id == case_id).values(actor="", detail={}))
    return Outcome(done=len(erased), more=BATCH in (len(alone), len(told)))
