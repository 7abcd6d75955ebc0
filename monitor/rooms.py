"""Puts steps before people: into the channel that the case belongs to, at once or when that channel opens."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, select, update

from alerts.case import Case
from alerts.ladder import Rung
from monitor import incidents, ledger
from monitor.quiet import Quiet
from monitor.routes import About, Route, routed
from monitor.schema import mentions, outbox, verdicts
from monitor.store import Store

SUMMARY = "summary"
"""The kind of the message that tells a channel, as it opens, what has been held back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """The channels as they are configured: which cases belong where, and who is quiet when."""

    routes: tuple[Route, ...] = ()
    quiet: Mapping[str, Quiet] = field(default_factory=dict)
    suggesting: Collection[str] = ()
    """Channels that show prepared answers in messages of their own."""

    def show(
        self, store: Store, connection: Connection, steps: Sequence[tuple[Case, int, Rung]], now: datetime
    ) -> None:
        """Puts steps, each with its place in the ladder, into the outbox.

        A quiet channel's are held until it opens, with a summary to come first. Loud steps and those of an urgent case
        break through, with all that has been held of the case. The first step of a case that is part of a storm is said
        in the storm's thread.
        """
        raging = incidents.raging(connection, {case.brand for case, index, _ in steps if index == 0})
        known = self.routes or self.quiet or raging
        about = read_about(connection, [case for case, _, _ in steps]) if known else {}
        placed = []
        for case, index, rung in steps:
            named = rung.step.channel
            storm = self._storm(raging, case, about[case.id], named) if raging and index == 0 else None
            channel = routed(named, about[case.id], self.routes) if about else named
            channel = storm.channel if storm is not None else channel
            held = self._held(channel, now) if about and not rung.loud and not about[case.id].urgent else None
            storm_id = storm.id if storm is not None else None
            placed.append(ledger.Placed(case=case, index=index, channel=channel, held=held, storm_id=storm_id))
        loud = {(step.case.id, step.channel) for step in placed if step.held is None} if self.quiet else set()
        release(connection, loud, now)
        openings = {(step.channel, step.held) for step in placed if step.held is not None}
        rows = [self._summary(channel, opening, now) for channel, opening in sorted(openings)]
        store.insert_new(connection, outbox, rows, ["key"])
        ledger.send_steps(connection, placed, now)
        answers = [_answer(step, now) for step in placed if step.channel in self.suggesting]
        store.insert_new(connection, outbox, answers, ["key"])

    def usual(self, channel: str, brand: str, topic: str) -> str:
        """Where steps that name this channel go, for cases of that brand and topic that nothing sets apart."""
        return routed(channel, About(brand=brand, topic=topic or None, language=None), self.routes)

    def break_through(self, store: Store, now: datetime) -> None:
        """Lets go of what has been held of cases that have become urgent since."""
        if not self.quiet:
            return
        urgent = exists().where(
            mentions.c.case_id == outbox.c.case_id,
            mentions.c.deleted_at.is_(None),
            verdicts.c.mention_id == mentions.c.id,
            verdicts.c.severity == "urgent",
        )
        waits = outbox.c.due_at > now, outbox.c.held_until > now
        with store.read() as connection:
            found = connection.execute(select(outbox.c.case_id, outbox.c.channel).where(*waits, urgent)).all()
        if found:
            with store.write() as connection:
                release(connection, {(row.case_id, row.channel) for row in found}, now)

    def _storm(
        self, raging: Mapping[tuple[str, str], Row[Any]], case: Case, about: About, named: str
    ) -> Row[Any] | None:
        """The storm in whose thread a case's first step is said, if in one.

        Never an urgent case, one that was shown before, or one that a route takes to people of its own.
        """
        storm = raging.get((case.brand, about.topic or ""))
        if storm is None or case.posted_at < storm.started_at or case.round > 1 or about.urgent:
            return None
        elsewhere = routed(named, about, self.routes) != self.usual(named, case.brand, storm.topic)
        return None if elsewhere else storm

    def _held(self, channel: str, now: datetime) -> datetime | None:
        quiet = self.quiet.get(channel)
        return quiet.opens(now) if quiet else None

    def _summary(self, channel: str, opening: datetime, now: datetime) -> dict[str, Any]:
        return {
            "key": f"quiet:{channel}:{opening:%Y-%m-%dT%H:%M}",
            "kind": SUMMARY,
            "channel": channel,
            "body": {"zone": self.quiet[channel].zone},
            "state": "pending",
            "due_at": opening,
            "held_until": opening,
            "created_at": now,
            "round": 0,
            "step": 0,
            "attempts": 0,
        }


def _answer(shown: ledger.Placed, now: datetime) -> dict[str, Any]:
    """The prepared answer of the case's present round, to follow its first step."""
    case = shown.case
    return {
        "key": f"answer:{case.id}:{case.round}",
        "kind": "answer",
        "case_id": case.id,
        "channel": shown.channel,
        "round": case.round,
        "step": 0,
        "state": "pending",
        "due_at": shown.held or now,
        "held_until": shown.held,
        "created_at": now,
        "attempts": 0,
    }


def release(connection: Connection, loud: Iterable[tuple[int, str]], now: datetime) -> None:
    """Lets go of what has been held of these cases, each with its channel."""
    for case_id, channel in sorted(loud):
        held = outbox.c.case_id == case_id, outbox.c.channel == channel, outbox.c.held_until > now
        free = {"due_at": now, "held_until": None}
        connection.execute(update(outbox).where(*held, outbox.c.due_at.is_not(None)).values(free))


def read_about(connection: Connection, read: Sequence[Case]) -> dict[int, About]:
    """What routes want to know of each case."""
    said = (
        select(mentions.c.case_id, mentions.c.lang, mentions.c.deleted_at, verdicts.c.topic, verdicts.c.language,
               verdicts.c.severity, verdicts.c.is_complaint)
        .join(verdicts, verdicts.c.mention_id == mentions.c.id)
        .where(mentions.c.case_id.in_({case.id for case in read}), ~mentions.c.by_brand)
        .order_by(~verdicts.c.is_complaint, mentions.c.posted_at, mentions.c.id)
    )  # fmt: skip
    posts: dict[int, list[Any]] = {case.id: [] for case in read}
    for row in connection.execute(said):
        posts[row.case_id].append(row)
    return {case.id: _about(case, posts[case.id]) for case in read}


def _about(case: Case, posts: Sequence[Any]) -> About:
    first = posts[0] if posts else None
    return About(
        brand=case.brand,
        topic=first and first.topic,
        language=first and (first.language or (first.lang or "").partition("-")[0].lower() or None),
        urgent=any(post.severity == "urgent" and post.deleted_at is None for post in posts),
    )
