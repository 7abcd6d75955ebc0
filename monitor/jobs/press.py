"""Draws the digests in the outbox before their turn to be sent comes: a delivery has no time for charts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select

from alerts.base import Digest, Permanent
from monitor.digest.week import Week
from monitor.jobs.outcome import Outcome
from monitor.schema import outbox
from monitor.store import Store

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=10)
"""A digest drawn longer ago is drawn again: what a customer has deleted since is no longer in it."""

Subject = tuple[str, Week, str]
"""A brand, a week, and the department whose slice it is, "" for the whole."""


@dataclass(slots=True)
class Press:
    """What this process has drawn. Nothing is lost with it: whoever finds a digest undrawn draws it."""

    _drawn: dict[str, tuple[datetime, Digest | Exception]] = field(default_factory=dict)

    def ready(self, now: datetime) -> list[str]:
        """The keys of what has been drawn lately."""
        return [key for key, (at, _) in self._drawn.items() if now - at < FRESH]

    def take(self, key: str) -> Digest:
        """Raises what went wrong when it was drawn."""
        _, drawn = self._drawn[key]
        if isinstance(drawn, Exception):
            raise drawn
        return drawn

    def put(self, key: str, drawn: Digest | Exception, now: datetime) -> None:
        """Instead of what has been drawn before; what is too old to be sent is thrown away."""
        fresh = self.ready(now)
        self._drawn = {name: found for name, found in self._drawn.items() if name in fresh} | {key: (now, drawn)}


def draw(store: Store, press: Press, paint: Callable[[Subject], Callable[[str], Digest]], now: datetime) -> Outcome:
    """Draws what is due and has not been drawn lately. `paint` draws a subject once, and what it gives back puts a
    key to it. What can't be drawn is told when its turn to be sent comes, which then fails or is put off."""
    due = select(outbox.c.key, outbox.c.body).where(outbox.c.kind == "digest", outbox.c.due_at <= now)
    with store.read() as connection:
        rows = connection.execute(due.order_by(outbox.c.id)).all()
    ready = press.ready(now)
    wanted: dict[Subject, list[str]] = {}
    for row in rows:
        if row.key not in ready:
            subject = row.body["brand"], Week.named(row.body["week"]), row.body.get("department", "")
            wanted.setdefault(subject, []).append(row.key)
    for subject, keys in wanted.items():
        try:
            addressed = paint(subject)
            for key in keys:
                press.put(key, addressed(key), now)
        except Exception as error:
            if not isinstance(error, Permanent):
                log.exception("digest of %s, %s", subject[0], subject[1].name)
            for key in keys:
                press.put(key, error, now)
    return Outcome(done=sum(map(len, wanted.values())))
