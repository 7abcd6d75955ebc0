"""Reads for the inbox: the list of cases by filter and words, its counts, and the words' index."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    exists,
    false,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.sql.expression import literal

from alerts.base import Complaint
from alerts.case import WAITING, Case, State
from connectors.base import storable
from monitor import ledger
from monitor.letters import complaints_of
from monitor.metrics import Ids
from monitor.schema import cases, events, mentions, verdicts
from monitor.store import Store

Shelf = Literal["waiting", "late", "open", "claimed", "answered", "dismissed", "withdrawn", "all"]
"""Which cases: those of one state, all, or those whose customer waits, and of these the ones past their target."""

NOBODY = "-"
"""As assignee: nobody has claimed it."""
MOST_WORDS = 8
"""Words that are looked for; the others are passed over."""
INDEXED = 20_000
"""Characters of a post whose words can be found on PostgreSQL, as its index has it."""
EXPORTED = 500
"""Cases read at once for an export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which cases are wanted; "" is any."""

    state: Shelf = "waiting"
    brand: str = ""
    platform: str = ""
    topic: str = ""
    language: str = ""
    severity: str = ""
    assignee: str = ""
    words: str = ""
    """Beginnings of words that a post of the case, or its author's name, must have; or `#` and the case's number."""
    among: Ids | None = None
    """Only these cases; None: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One case in the list."""

    case: Case
    complaints: tuple[Complaint, ...]
    """The customer's posts, oldest first."""

    @property
    def platforms(self) -> list[str]:
        """Where the customer wrote: first where the case began."""
        return list(dict.fromkeys((self.case.platform, *(each.mention.platform for each in self.complaints))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How the team stands."""

    waiting: int
    late: int
    unclaimed: int
    answered_today: int


def entries(store: Store, wanted: Filter, now: datetime, *, limit: int, offset: int = 0) -> list[Entry]:
    """Cases in the order in which they want to be seen: the waiting by what time is left, others the latest first."""
    statement = _found(store, wanted, now).order_by(*_order(wanted.state)).limit(limit).offset(offset)
    with store.read() as connection:
        return _entries(connection, statement)


def every_entry(store: Store, wanted: Filter, now: datetime) -> Iterator[Entry]:
    """All of them by number, read in portions: a long export holds up nobody who writes."""
    last = 0
    while True:
        statement = _found(store, wanted, now).where(cases.c.id > last).order_by(cases.c.id).limit(EXPORTED)
        with store.read() as connection:
            portion = _entries(connection, statement)
        yield from portion
        if len(portion) < EXPORTED:
            return
        last = portion[-1].case.id


def counts(store: Store, now: datetime, today: datetime) -> Counts:
    """How many wait now, and how many have been answered since `today` began."""
    waiting = cases.c.state.in_(WAITING)
    asked = {
        "waiting": waiting,
        "late": waiting & (cases.c.respond_by < now),
        "unclaimed": cases.c.state == State.OPEN,
        "answered_today": (cases.c.state == State.ANSWERED) & (cases.c.stopped_at >= today),
    }
    numbers = (select(func.count()).where(which).scalar_subquery().label(name) for name, which in asked.items())
    with store.read() as connection:
        return Counts(**connection.execute(select(*numbers)).one()._mapping)


def holders(store: Store) -> list[str]:
    """Who has cases in hand."""
    claimed = select(cases.c.assignee).where(cases.c.state == State.CLAIMED, cases.c.assignee.is_not(None))
    with store.read() as connection:
        return sorted(connection.scalars(claimed.distinct()))


def brand_replies(store: Store, case: Case) -> list[tuple[datetime, str, str, str, str]]:
    """What the brand wrote in a case's threads, oldest first: when, on which platform, who, text and address."""
    place = ("brand", "platform", "thread_id")
    hers = select(*(mentions.c[name] for name in place)).where(mentions.c.case_id == case.id, ~mentions.c.by_brand)
    threads = hers.distinct().subquery()
    said = (
        select(*(mentions.c[name] for name in ("posted_at", "platform", "author", "text", "url")))
        .join(threads, and_(*(threads.c[name] == mentions.c[name] for name in place)))
        .where(mentions.c.by_brand, mentions.c.erased_at.is_(None))
    )
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(said.order_by(mentions.c.posted_at, mentions.c.id))]


def pulse(store: Store) -> str:
    """Changes whenever a case does: what every change leaves is an event, and the version of a case that waits."""
    standing = select(func.count(), func.sum(cases.c.version)).where(cases.c.state.in_(WAITING))
    with store.read() as connection:
        number, versions = connection.execute(standing).one()
        last = connection.scalar(select(func.max(events.c.id)))
    return f"{last or 0}-{number}-{versions or 0}"


def _found(store: Store, wanted: Filter, now: datetime) -> Select[Any]:
    statement = select(*ledger.COLUMNS).where(_on(wanted.state, now))
    if wanted.brand:
        statement = statement.where(cases.c.brand == storable(wanted.brand))
    if wanted.platform:
        statement = statement.where(_written_on(storable(wanted.platform)))
    if wanted.assignee:
        nobody = wanted.assignee == NOBODY
        held = cases.c.assignee.is_(None) if nobody else cases.c.assignee == storable(wanted.assignee)
        statement = statement.where(held)
    if wanted.among is not None:
        statement = statement.where(cases.c.id.in_(wanted.among))
    judged = _judged(wanted)
    if judged is not None:
        statement = statement.where(judged)
    if wanted.words.strip():
        statement = statement.where(_said(store, storable(wanted.words)))
    return statement


def _on(shelf: Shelf, now: datetime) -> ColumnElement[bool]:
    match shelf:
        case "waiting":
            return cases.c.state.in_(WAITING)
        case "late":
            return cases.c.state.in_(WAITING) & (cases.c.respond_by < now)
        case "all":
            return cases.c.id > 0
        case state:
            return cases.c.state == state


def _order(shelf: Shelf) -> Sequence[Any]:
    if shelf in ("waiting", "late", "open", "claimed"):
        return cases.c.respond_by, cases.c.id
    latest = cases.c.posted_at if shelf == "all" else cases.c.stopped_at
    return latest.desc(), cases.c.id.desc()


def _written_on(platform: str) -> ColumnElement[bool]:
    """The customer wrote there: a joined case is on several platforms.

    Asked case by case: an `exists` has PostgreSQL read all that was ever written there before the first case is shown.
    """
    hers = select(mentions.c.platform).where(mentions.c.case_id == cases.c.id, ~mentions.c.by_brand)
    return (cases.c.platform == platform) | literal(platform).in_(hers)


def _judged(wanted: Filter) -> ColumnElement[bool] | None:
    """One complaint of the case has this topic, language and severity."""
    asked = [(verdicts.c.topic, wanted.topic), (verdicts.c.severity, wanted.severity)]
    wishes = [column == storable(value) for column, value in asked if value]
    if spoken := storable(wanted.language):
        unsaid = verdicts.c.language.is_(None) & (mentions.c.lang == spoken)
        wishes.append((verdicts.c.language == spoken) | unsaid)
    if not wishes:
        return None
    joined = and_(mentions.c.case_id == cases.c.id, verdicts.c.mention_id == mentions.c.id, verdicts.c.is_complaint)
    return exists().where(joined, *wishes)


def _said(store: Store, wish: str) -> ColumnElement[bool]:
    if number := re.fullmatch(r"\s*#\s*(\d{1,9})\s*", wish):
        return cases.c.id == int(number[1])
    words = re.findall(r"\w+", wish.replace("_", " "))[:MOST_WORDS]
    if not words:
        return false()
    if store.sqlite:
        query = " ".join(f'"{word}"*' for word in words)
        rows: Select[Any] = select(literal_column("rowid")).select_from(text("post_words"))
        posts = mentions.c.id.in_(rows.where(text("post_words MATCH :wish").bindparams(wish=query)))
    else:
        query = " & ".join(f"'{word}':*" for word in words)
        indexed = func.to_tsvector(
            literal_column("'simple'"),
            mentions.c.author.op("||")(literal_column("' '")).op("||")(
                func.left(mentions.c.text, literal_column(str(INDEXED)))
            ),
        )
        posts = indexed.op("@@")(func.to_tsquery(literal_column("'simple'"), literal(query)))
    found = select(mentions.c.case_id).where(mentions.c.case_id.is_not(None), posts)
    # The plus has SQLite walk the cases in the list's order and stop, rather than sort all that a common word is in.
    return literal_column("+cases.id" if store.sqlite else "cases.id", Integer).in_(found)


def _entries(connection: Connection, statement: Select[Any]) -> list[Entry]:
    found = [ledger.case_of(row) for row in connection.execute(statement)]
    said: Mapping[int, list[Complaint]] = defaultdict(list)
    for case_id, complaint in complaints_of(connection, [case.id for case in found]):
        said[case_id].append(complaint)
    return [Entry(case=case, complaints=tuple(said[case.id])) for case in found]
