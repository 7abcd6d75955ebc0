"""Parting: a person's word that a case holds two matters, or that two cases are one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select, update

from alerts import case as moves
from alerts.case import Case, Dismissal, Event, NotAllowed, State, Stop
from alerts.ladder import Ladder
from monitor import ledger
from monitor.jobs import casework
from monitor.jobs.replies import heed_later, look_back
from monitor.schema import cases, mentions, verdicts
from monitor.store import Store

ALIVE = frozenset({State.OPEN, State.CLAIMED, State.ANSWERED})


def split(store: Store, case_id: int, post_id: int, ladder: Callable[[str], Ladder], who: str, now: datetime) -> Case:
    """Gives the thread of a post, and what the customer wrote there, a case of its own; that case.

    Both clocks count from the earliest complaint that each then has, and each is answered only by a reply in its own
    threads. Raises NotAllowed.
    """
    with store.write() as connection:
        case = _alive(connection, case_id)
        post = connection.execute(select(mentions).where(mentions.c.id == post_id)).one_or_none()
        if post is None or post.case_id != case.id or post.by_brand:
            raise NotAllowed(f"post {post_id} is no customer's post of case {case.id}")
        if (post.platform, post.thread_id) == (case.platform, case.thread_id):
            raise NotAllowed(f"post {post_id} is in the thread that case {case.id} began with: split off the other one")
        first = _first_complaint(connection, case.id, _thread(post))
        if first is None:
            raise NotAllowed(f"there is no complaint in the thread of post {post_id}")
        rules = ladder(case.brand)
        answered_there = case.stopped_by is Stop.BRAND_REPLY and _replied(connection, case, _thread(post))
        new = _case_for(store, connection, first, who, rules, now)
        _move(connection, _thread(post) & (mentions.c.case_id == case.id), new)
        new = _heed_urgent(connection, new, rules, now)
        detail = {"case": new.id, "platform": post.platform, "post": post.id}
        _recount(connection, case, Event(at=now, kind="split", actor=who, detail=detail), rules, now)
        ledger.log(connection, [(new.id, Event(at=now, kind="split_off", actor=who, detail={"case": case.id}))])
        if answered_there:
            _reopen(connection, case.id, who, rules, now)
        look_back(connection, [new], rules, now)
        return ledger.lock(connection, cases.c.id == new.id)[0]


def merge(store: Store, case_id: int, other_id: int, ladder: Callable[[str], Ladder], who: str, now: datetime) -> Case:
    """Makes another case part of this one and dismisses it as a duplicate; this one. Raises NotAllowed."""
    if case_id == other_id:
        raise NotAllowed("a case can't be joined to itself")
    with store.write() as connection:
        ledger.lock(connection, cases.c.id.in_((case_id, other_id)))
        case, other = _alive(connection, case_id), _alive(connection, other_id)
        if case.brand != other.brand:
            raise NotAllowed(f"case {case.id} is about {case.brand}, case {other.id} about {other.brand}")
        rules = ladder(case.brand)
        if not other.waiting:
            other = ledger.store(connection, other, moves.reopen(other, who, now))
        gone = moves.dismiss(other, who, now, f"joined to case {case.id}", Dismissal.DUPLICATE)
        _move(connection, mentions.c.case_id == other.id, case)
        ledger.store(connection, other, gone)
        ledger.log(connection, [(other.id, Event(at=now, kind="merged_into", actor=who, detail={"case": case.id}))])
        merged = Event(at=now, kind="merged", actor=who, detail={"case": other.id})
        case = _heed_urgent(connection, _recount(connection, case, merged, rules, now), rules, now)
        heed_later(connection, case, rules, now)
        (case,) = ledger.lock(connection, cases.c.id == case.id)
        if case.waiting:
            look_back(connection, [case], rules, now)
        return ledger.lock(connection, cases.c.id == case.id)[0]


def _alive(connection: Connection, case_id: int) -> Case:
    found = ledger.lock(connection, cases.c.id == case_id)
    if not found:
        raise NotAllowed(f"there is no case {case_id}")
    if found[0].state not in ALIVE:
        raise NotAllowed(f"case {case_id} is {found[0].state}; reopen it first")
    return found[0]


def _case_for(store: Store, connection: Connection, first: Row[Any], who: str, ladder: Ladder, now: datetime) -> Case:
    """A case for the thread of a complaint: a new one, or the one that the thread had before it was joined."""
    row = casework.new_case(first, ladder, now, urgent=first.severity == "urgent")
    fresh = store.insert_new(connection, cases, [row], ["brand", "platform", "thread_id", "author"])
    if fresh:
        case = ledger.case_of(fresh[0])
        ledger.log(connection, [(case.id, event) for event in casework.beginning(first)])
        return case
    own = and_(*(cases.c[name] == row[name] for name in ("brand", "platform", "thread_id", "author")))
    (case,) = ledger.lock(connection, own)
    if not case.waiting:
        case = ledger.store(connection, case, moves.reopen(case, who, now))
        ledger.revive(connection, case)
    return case


def _recount(connection: Connection, case: Case, event: Event, ladder: Ladder, now: datetime) -> Case:
    """Has the clock of a case count from the earliest complaint that it holds."""
    first = _first_complaint(connection, case.id)
    posted_at = first.posted_at if first is not None else case.posted_at
    return casework.recount(connection, case, posted_at, event, ladder, now)


def _heed_urgent(connection: Connection, case: Case, ladder: Ladder, now: datetime) -> Case:
    """A case that has come to hold an urgent complaint climbs the urgent ladder."""
    posts = select(mentions.c.posted_at).join(verdicts, verdicts.c.mention_id == mentions.c.id)
    urgent = (verdicts.c.is_complaint, verdicts.c.severity == "urgent", mentions.c.deleted_at.is_(None))
    since = connection.scalar(posts.where(mentions.c.case_id == case.id, *urgent).order_by(mentions.c.posted_at))
    return case if since is None else casework.turn_urgent(connection, case, since, ladder, now)


def _reopen(connection: Connection, case_id: int, who: str, ladder: Ladder, now: datetime) -> None:
    """What answered the case went with the split: it waits again, unless a reply in its own threads answered too."""
    (case,) = ledger.lock(connection, cases.c.id == case_id)
    case = ledger.store(connection, case, moves.reopen(case, who, now))
    ledger.revive(connection, case)
    look_back(connection, [case], ladder, now)


def _replied(connection: Connection, case: Case, thread: Any) -> bool:
    """The reply that stopped the clock stands in the thread."""
    reply = (mentions.c.case_id == case.id, mentions.c.by_brand, mentions.c.posted_at == case.stopped_at)
    return bool(connection.scalar(select(func.count()).where(thread, *reply)))


def _first_complaint(connection: Connection, case_id: int, *where: Any) -> Row[Any] | None:
    posts = select(mentions, verdicts.c.severity).join(verdicts, verdicts.c.mention_id == mentions.c.id)
    theirs = (mentions.c.case_id == case_id, ~mentions.c.by_brand, verdicts.c.is_complaint, *where)
    alive_first = (mentions.c.deleted_at.is_not(None), mentions.c.posted_at, mentions.c.id)
    return connection.execute(posts.where(*theirs).order_by(*alive_first).limit(1)).one_or_none()


def _move(connection: Connection, which: Any, case: Case) -> None:
    connection.execute(update(mentions).where(which).values(case_id=case.id))


def _thread(post: Row[Any]) -> Any:
    return and_(*(mentions.c[name] == getattr(post, name) for name in ("brand", "platform", "thread_id")))
