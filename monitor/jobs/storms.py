"""Storms: notices when many complain of one thing at once, shows it as one incident, and ends it when it is over.

What is usual is learnt from the brand's own posts and kept in a row, and so is a storm. While it is on, the first step
of each new case of its brand and topic is said in its thread; cases keep their clocks and their later steps.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from alerts.storm import FIRST_DAY, MEMORY, SIGHT, Usual, breaks_out, calmed, learn
from monitor import incidents, ledger
from monitor.config.model import Storms
from monitor.jobs.outcome import Outcome
from monitor.schema import cases, mentions, outbox, storms, usuals, verdicts
from monitor.store import Store

Where = Callable[[str, str], str]
"""The channel in which a storm of a brand and a topic is shown."""

EDITS_APART = timedelta(minutes=1)
"""A storm's message is drawn anew no more often than that."""
AFTERWARDS = timedelta(days=1)
"""So long after its end a storm's message still counts the answers."""
LEAST_LASTING = timedelta(minutes=30)
"""No storm ends sooner after it was noticed."""


def watch(store: Store, watched: Mapping[str, Storms], where: Where, now: datetime) -> Outcome:
    """Looks at each watched brand once: storms that begin, that go on and that end. How many messages are due."""
    told = 0
    for brand, settings in watched.items():
        with store.write() as connection:
            known = _known(store, connection, brand, now)
            if known is not None:
                told += _look(connection, brand, settings, where, known, now)
    return Outcome(done=told)


def _known(store: Store, connection: Connection, brand: str, now: datetime) -> dict[str, Usual] | None:
    """What is usual by topic, learnt anew when it is due; None while the brand is too new. Holds the brand's row."""
    row = connection.execute(select(usuals).where(usuals.c.brand == brand).with_for_update()).one_or_none()
    if row is None:
        first = connection.scalar(select(func.min(mentions.c.detected_at)).where(mentions.c.brand == brand))
        if first is not None:
            store.insert_new(connection, usuals, [{"brand": brand, "known_since": first, "rates": {}}], ["brand"])
        return None
    if now - row.known_since < FIRST_DAY:
        return None
    rates = row.rates
    if row.learnt_at is None or now - row.learnt_at >= _learning_lasts(now - row.known_since):
        rates = _learn(connection, brand, row.known_since, now)
        learnt = {"learnt_at": now, "rates": rates}
        connection.execute(update(usuals).where(usuals.c.brand == brand).values(learnt))
    return defaultdict(
        lambda: learn((), row.known_since, now),
        {topic: Usual(rates=tuple(kept["rates"]), bunched=kept["bunched"]) for topic, kept in rates.items()},
    )


def _learning_lasts(known_for: timedelta) -> timedelta:
    """From an hour in the beginning to a day after four weeks."""
    return min(max(known_for / 28, timedelta(hours=1)), timedelta(days=1))


def _learn(connection: Connection, brand: str, since: datetime, now: datetime) -> dict[str, Any]:
    """For each topic of which people have complained: rates and bunching, earlier storms left out."""
    lasted = defaultdict(list)
    for storm in connection.execute(select(storms).where(storms.c.brand == brand)):
        lasted[storm.topic].append((storm.started_at, storm.ended_at or now))
    learnt = {}
    for topic, moments in _people(connection, brand, max(since, now - MEMORY)).items():
        usual = learn(moments, since, now, storms=lasted[topic])
        learnt[topic] = {"rates": [round(rate, 4) for rate in usual.rates], "bunched": round(usual.bunched, 4)}
    return learnt


def _people(connection: Connection, brand: str, since: datetime) -> dict[str, list[datetime]]:
    """When people complained, by topic and in order: one moment for each case, that of its first complaint since."""
    recent = _complaints().where(mentions.c.brand == brand, mentions.c.posted_at >= since)
    first: dict[int, Row[Any]] = {}
    for post in connection.execute(recent):
        first.setdefault(post.case_id, post)
    found = defaultdict(list)
    for post in first.values():
        found[post.topic or ""].append(post.posted_at)
    return found


def _complaints() -> Any:
    """The posts of cases that were taken for complaints, oldest first."""
    columns = (mentions.c.case_id, mentions.c.brand, mentions.c.posted_at, verdicts.c.topic, verdicts.c.severity)
    return (
        select(*columns)
        .join(verdicts, verdicts.c.mention_id == mentions.c.id)
        .where(verdicts.c.is_complaint, mentions.c.case_id.is_not(None))
        .order_by(mentions.c.posted_at, mentions.c.id)
    )


def _look(
    connection: Connection, brand: str, settings: Storms, where: Where, known: Mapping[str, Usual], now: datetime
) -> int:
    """Begins, goes on with and ends the storms of one brand."""
    people = _people(connection, brand, now - SIGHT)
    recent = or_(storms.c.ended_at.is_(None), storms.c.ended_at > now - AFTERWARDS)
    held = list(connection.execute(select(storms).where(storms.c.brand == brand, recent).order_by(storms.c.id)))
    ended = {storm.topic: storm.ended_at for storm in held}
    for topic, moments in people.items():
        if topic in ended and ended[topic] is None:
            continue
        news = [moment for moment in moments if topic not in ended or moment > ended[topic]]
        surge = breaks_out(news, known[topic], now, settings.sensitivity, settings.at_least)
        if surge is not None:
            an_hour = known[topic].rates[now.weekday() * 24 + now.hour]
            held.append(_begin(connection, brand, topic, where(brand, topic), surge.since, an_hour, now))
    told = 0
    for storm in held:
        _gather(connection, storm)
        long_enough = storm.ended_at is None and now - storm.noticed_at >= LEAST_LASTING
        over = long_enough and calmed(people.get(storm.topic, []), known[storm.topic], now)
        told += _tell(connection, storm, over=over, now=now)
    return told


def _begin(
    connection: Connection, brand: str, topic: str, channel: str, since: datetime, usual: float, now: datetime
) -> Row[Any]:
    row = {"brand": brand, "topic": topic, "channel": channel, "started_at": since, "noticed_at": now, "usual": usual}
    new = insert(storms).values(**row, told_at=now, told=[], version=0).returning(storms)
    storm = connection.execute(new).one()
    _say(connection, storm, "storm", f"storm:{storm.id}", now)
    return storm


def _gather(connection: Connection, storm: Row[Any]) -> None:
    """Makes the cases of those who complained of it while it was on part of the storm."""
    posts = select(mentions.c.case_id).join(verdicts, verdicts.c.mention_id == mentions.c.id)
    theirs = posts.where(
        mentions.c.brand == storm.brand,
        mentions.c.posted_at >= storm.started_at,
        verdicts.c.is_complaint,
        verdicts.c.topic.is_not_distinct_from(storm.topic or None),
    )
    if storm.ended_at is not None:
        theirs = theirs.where(mentions.c.posted_at <= storm.ended_at)
    connection.execute(
        update(cases).where(cases.c.id.in_(theirs), cases.c.storm_id.is_(None)).values(storm_id=storm.id)
    )


def _tell(connection: Connection, storm: Row[Any], *, over: bool, now: datetime) -> int:
    """Has the storm's message drawn anew when its figures have changed; at its end at once, and said in its thread."""
    told = incidents.figures(connection, storm.id, now)
    due = over or (told != storm.told and now - storm.told_at >= EDITS_APART)
    if storm.version and not due:
        return 0
    changed = {"told_at": now, "told": told, "version": storm.version + 1} | ({"ended_at": now} if over else {})
    connection.execute(update(storms).where(storms.c.id == storm.id).values(changed))
    if storm.version:
        _say(connection, storm, "update", f"storm:{storm.id}:v{storm.version + 1}", now)
    if over:
        _say(connection, storm, "storm", f"storm:{storm.id}:end", now)
    return 1


def _say(connection: Connection, storm: Row[Any], kind: str, key: str, now: datetime) -> None:
    priority = ledger.FIRST if kind == "storm" else ledger.ORDINARY
    row = {"key": key, "kind": kind, "storm_id": storm.id, "channel": storm.channel, "priority": priority}
    connection.execute(insert(outbox).values(**row, state="pending", due_at=now, created_at=now))
