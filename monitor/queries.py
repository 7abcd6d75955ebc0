"""Reads for people: the queue and one case's story. Writes nothing."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case as when
from sqlalchemy import func, or_, select

from alerts.base import Complaint
from alerts.case import WAITING, Case, Event, State
from monitor import ledger
from monitor.letters import read_complaints, read_timeline
from monitor.schema import cases, mentions, outbox, problems, sources
from monitor.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One case with all that is known of it."""

    case: Case
    complaints: tuple[Complaint, ...]
    timeline: tuple[Event, ...]


def due(case: Case) -> datetime:
    return case.respond_by


def queue(
    store: Store,
    *,
    states: Sequence[State] = tuple(WAITING),
    brand: str | None = None,
    limit: int = 50,
    place: Callable[[Case], datetime] = due,
) -> list[Story]:
    """Cases in these states, the waiting first, the one whose `place` in time is earliest on top."""
    statement = select(*ledger.COLUMNS).where(cases.c.state.in_(states))
    if brand is not None:
        statement = statement.where(cases.c.brand == brand)
    in_order = statement.order_by(cases.c.respond_by, cases.c.id)
    with store.read() as connection:
        waiting = [ledger.case_of(row) for row in connection.execute(in_order.where(cases.c.state.in_(WAITING)))]
        first = sorted(waiting, key=place)[:limit]
        rest = connection.execute(in_order.where(cases.c.state.not_in(WAITING)).limit(limit - len(first)))
        return [
            Story(case=case, complaints=read_complaints(connection, case), timeline=())
            for case in [*first, *map(ledger.case_of, rest)]
        ]


def look_up(
    store: Store,
    *,
    brands: Collection[str] | None = None,
    assignee: str = "",
    words: str = "",
    skip: int = 0,
    limit: int,
    place: Callable[[Case], datetime] = due,
) -> tuple[list[Story], int]:
    """Cases after the first `skip`, and how many there are in all.

    The waiting ones, of one colleague if `assignee`, the one whose `place` in time is earliest on top; with `words` all
    in whose posts each word stands, the settled after the waiting, the latest first.
    """
    waits = cases.c.state.in_(WAITING)
    which = [_holds(word) for word in words.split()] or [waits]
    which += [cases.c.brand.in_(brands)] if brands is not None else []
    which += [cases.c.assignee == assignee] if assignee else []
    in_order = select(*ledger.COLUMNS).where(*which).order_by(cases.c.respond_by, cases.c.id)
    settled = select(*ledger.COLUMNS).where(*which, ~waits).order_by(cases.c.respond_by.desc(), cases.c.id)
    with store.read() as connection:
        count = connection.scalar(select(func.count()).select_from(cases).where(*which)) or 0
        waiting = sorted((ledger.case_of(row) for row in connection.execute(in_order.where(waits))), key=place)
        found = waiting[skip : skip + limit]
        if words:
            rest = settled.offset(max(0, skip - len(waiting))).limit(limit - len(found))
            found += [ledger.case_of(row) for row in connection.execute(rest)]
        return [
            Story(
                case=case,
                complaints=read_complaints(connection, case),
                timeline=read_timeline(connection, case.id),
            )
            for case in found
        ], count


def _holds(word: str) -> Any:
    """A case has a post, or an author, with this word, in small letters or capitals."""
    forms = {word, word.lower(), word.upper(), word.capitalize()}
    columns = mentions.c.text, mentions.c.author
    shows = or_(*(column.contains(form, autoescape=True) for column in columns for form in sorted(forms)))
    return cases.c.id.in_(select(mentions.c.case_id).where(mentions.c.case_id.is_not(None), shows))


def first_messages(store: Store, case_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Where each of these cases was first shown: the channel and the message's reference there."""
    shown = outbox.c.case_id.in_(case_ids), outbox.c.reference.is_not(None), outbox.c.kind == "step"
    statement = select(outbox.c.case_id, outbox.c.channel, outbox.c.reference).where(*shown)
    with store.read() as connection:
        rows = connection.execute(statement.order_by(outbox.c.id.desc())).all()
    return {row.case_id: (row.channel, row.reference) for row in rows}


def story(store: Store, case_id: int) -> Story | None:
    """One case with its posts and its timeline; None when there is no such case."""
    with store.read() as connection:
        row = connection.execute(select(*ledger.COLUMNS).where(cases.c.id == case_id)).one_or_none()
        if row is None:
            return None
        case = ledger.case_of(row)
        return Story(
            case=case,
            complaints=read_complaints(connection, case),
            timeline=read_timeline(connection, case_id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """How one source does."""

    name: str
    posts: int
    ok_at: datetime | None
    next_poll_at: datetime
    failures: int
    error: str | None
    broken: int
    gaps: int


def source_health(store: Store) -> list[SourceHealth]:
    """Every source that was ever polled, with how much it brought and what went wrong."""
    counted = select(mentions.c.source, func.count().label("posts")).group_by(mentions.c.source).subquery()
    wrong = (
        select(
            problems.c.source,
            func.sum(when((problems.c.kind == "broken", 1), else_=0)).label("broken"),
            func.sum(when((problems.c.kind == "gap", 1), else_=0)).label("gaps"),
        )
        .group_by(problems.c.source)
        .subquery()
    )
    statement = (
        select(sources, counted.c.posts, wrong.c.broken, wrong.c.gaps)
        .outerjoin(counted, counted.c.source == sources.c.name)
        .outerjoin(wrong, wrong.c.source == sources.c.name)
        .order_by(sources.c.name)
    )
    with store.read() as connection:
        return [_health(row) for row in connection.execute(statement)]


def _health(row: Any) -> SourceHealth:
    return SourceHealth(
        name=row.name,
        posts=row.posts or 0,
        ok_at=row.ok_at,
        next_poll_at=row.next_poll_at,
        failures=row.failures,
        error=row.error,
        broken=row.broken or 0,
        gaps=row.gaps or 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a source could not read or reach."""

    source: str
    kind: str
    """`broken`: a post that can't be read, or a part that can't be asked; `gap`: a time out of reach."""
    place: str
    why: str
    noted_at: datetime


def left_out(store: Store, now: datetime, limit: int = 100) -> list[Problem]:
    """What sources could not read or reach in the last week, the latest first."""
    told = (problems.c.noted_at > now - timedelta(days=7), problems.c.kind.in_(("broken", "gap")))
    statement = select(problems).where(*told).order_by(problems.c.noted_at.desc(), problems.c.id.desc()).limit(limit)
    with store.read() as connection:
        return [
            Problem(source=row.source, kind=row.kind, place=row.place, why=row.why, noted_at=row.noted_at)
            for row in connection.execute(statement)
        ]


def waiting_messages(store: Store) -> int:
    """Messages that have not been settled yet."""
    with store.read() as connection:
        return connection.scalar(select(func.count()).where(outbox.c.due_at.is_not(None))) or 0
