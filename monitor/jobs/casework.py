"""What posts mean for the cases of their threads: complaints open, join or extend one, deletions withdraw one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, exists, select, update

from alerts import case as moves
from alerts.case import Case, Event
from alerts.ladder import Ladder
from classifiers.base import Verdict
from monitor import kin, ledger
from monitor.jobs.replies import Thread, brand_replied, complained_again, in_threads, look_back, thread
from monitor.schema import cases, mentions, verdicts
from monitor.store import Store


def settle(
    store: Store,
    connection: Connection,
    posts: Sequence[tuple[Row[Any], Verdict | None]],
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    """Does what new, edited and deleted posts mean, in their order.

    A post in a thread without a case means nothing unless it is a complaint. Such complaints open their cases
    together, before the next post of a thread that has one.
    """
    known = _with_cases(connection, [post for post, _ in posts])
    borne = kin.shared(connection, [post for post, verdict in posts if verdict is not None and verdict.is_complaint])
    first: list[tuple[Row[Any], Verdict]] = []
    begun: set[int] = set()
    for post, verdict in posts:
        complaint = verdict if verdict is not None and verdict.is_complaint else None
        marked = set(kin.marks(post)) if complaint else set()
        if thread(post) in known or marked & begun:
            _open(store, connection, first, ladder, now)
            _settle(store, connection, post, verdict, ladder, now)
            borne |= begun | marked
            first, begun = [], set()
        elif complaint and marked & borne and (case := kin.find(connection, post, complaint.topic)):
            join(store, connection, case, post, complaint, ladder(post.brand), now)
            borne |= marked
        elif complaint:
            first.append((post, complaint))
            begun |= marked
        if complaint:
            known.add(thread(post))
    _open(store, connection, first, ladder, now)


def _with_cases(connection: Connection, posts: Sequence[Row[Any]]) -> set[Thread]:
    """Those of the posts' threads that have a case."""
    columns = (mentions.c.brand, mentions.c.platform, mentions.c.thread_id)
    threads = select(*columns).where(in_threads(posts), mentions.c.case_id.is_not(None)).distinct()
    return {(row.brand, row.platform, row.thread_id) for row in connection.execute(threads)}


def _settle(
    store: Store,
    connection: Connection,
    post: Row[Any],
    verdict: Verdict | None,
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    if post.deleted_at is not None:
        _deleted(connection, post, now)
    elif post.by_brand:
        brand_replied(connection, post, ladder, now)
    elif verdict is not None:
        _customer_posted(store, connection, post, verdict, ladder, now)


def _customer_posted(
    store: Store,
    connection: Connection,
    post: Row[Any],
    verdict: Verdict,
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    """A customer's post, new or edited, with its verdict."""
    found = ledger.lock(
        connection, cases.c.id.in_(_cases_of(post)) | (_in_thread(post) & (cases.c.author == _customer(post)))
    )
    if found:
        _extend(store, connection, found[0], post, verdict, ladder(post.brand), now)
    elif verdict.is_complaint and (case := kin.find(connection, post, verdict.topic)):
        join(store, connection, case, post, verdict, ladder(post.brand), now)
    elif verdict.is_complaint:
        _open(store, connection, [(post, verdict)], ladder, now)


def join(
    store: Store,
    connection: Connection,
    case: Case,
    post: Row[Any],
    verdict: Verdict,
    ladder: Ladder,
    now: datetime,
) -> None:
    """A complaint in another thread becomes part of a case: whoever is answered in one of its threads is answered."""
    hold(store, connection, [(post, case)])
    earliest = min(case.posted_at, post.posted_at)
    detail = {"platform": post.platform, "post": post.id}
    joined = Event(at=post.detected_at, kind="joined", actor=post.author, detail=detail)
    after = recount(connection, case, earliest, joined, ladder, now)
    if _urgent(verdict):
        after = turn_urgent(connection, after, post.posted_at, ladder, now)
    look_back(connection, [after], ladder, now)


def recount(
    connection: Connection, case: Case, posted_at: datetime, event: Event, ladder: Ladder, now: datetime
) -> Case:
    """Has the clock of a case count from `posted_at`, the earliest complaint that it now holds."""
    climbed = ladder.chain(urgent=case.urgent)
    after = moves.recount(case, posted_at, climbed.later(posted_at, climbed.target), now)
    verify_at = {"verify_at": ledger.verify_time(after, ladder)} if after.waiting else {}
    return ledger.store(connection, case, (after, event), **verify_at)


def turn_urgent(connection: Connection, case: Case, posted_at: datetime, ladder: Ladder, now: datetime) -> Case:
    """An urgent post of another thread moves a waiting case to the urgent ladder, from its bottom.

    Where steps have been climbed already the post counts from when it is known, so that no urgent step is passed over.
    """
    if case.urgent or not case.waiting:
        return case
    climbed = ladder.chain(urgent=True)
    since = now if case.level else posted_at
    move = moves.turn_urgent(case, since, climbed.later(posted_at, climbed.target), now)
    return ledger.store(connection, case, move, verify_at=ledger.verify_time(move[0], ladder))


def _deleted(connection: Connection, post: Row[Any], now: datetime) -> None:
    """A post is gone from the platform: its case forgets it, and is withdrawn when no complaint is left."""
    if post.case_id is None:
        return
    for case in ledger.lock(connection, cases.c.id == post.case_id):
        left = exists().where(
            mentions.c.case_id == case.id,
            mentions.c.deleted_at.is_(None),
            verdicts.c.mention_id == mentions.c.id,
            verdicts.c.is_complaint,
        )
        if connection.scalar(select(left)):
            ledger.touch(connection, [(case, Event(at=now, kind="post_deleted"))])
            continue
        forgotten = {"author": f"deleted-{case.id}"}
        if case.waiting:
            ledger.store(connection, case, moves.withdraw(case, now), **forgotten)
        else:
            connection.execute(update(cases).where(cases.c.id == case.id).values(forgotten))
            ledger.touch(connection, [(case, Event(at=now, kind="post_deleted"))])


def _open(
    store: Store,
    connection: Connection,
    posts: Sequence[tuple[Row[Any], Verdict]],
    ladder: Callable[[str], Ladder],
    now: datetime,
) -> None:
    """Opens the cases of complaints, each of another thread."""
    rows = [new_case(post, ladder(post.brand), now, urgent=_urgent(verdict)) for post, verdict in posts]
    stored = store.insert_new(connection, cases, rows, ["brand", "platform", "thread_id", "author"])
    opened = {thread(row): ledger.case_of(row) for row in stored}
    for post, verdict in posts:
        if thread(post) not in opened:  # another process was first, with another post of the same customer
            _customer_posted(store, connection, post, verdict, ladder, now)
    held = [(post, opened[thread(post)]) for post, _ in posts if thread(post) in opened]
    if held:
        hold(store, connection, held)
        ledger.log(connection, [(case.id, event) for post, case in held for event in beginning(post)])
        for brand in {case.brand for _, case in held}:
            look_back(connection, [case for _, case in held if case.brand == brand], ladder(brand), now)


def new_case(post: Row[Any], ladder: Ladder, now: datetime, *, urgent: bool) -> dict[str, Any]:
    climbed = ladder.chain(urgent=urgent)
    case = Case(
        id=0,
        brand=post.brand,
        platform=post.platform,
        thread_id=post.thread_id,
        author=_customer(post),
        posted_at=post.posted_at,
        detected_at=post.detected_at,
        respond_by=climbed.later(post.posted_at, climbed.target),
        check_at=now,
        urgent_at=post.posted_at if urgent else None,
    )
    row = {name: getattr(case, name) for name in ledger.FIELDS if name != "id"}
    return row | {"verify_at": ledger.verify_time(case, ladder), "attempts": 0}


def beginning(post: Row[Any]) -> tuple[Event, Event]:
    complained = Event(at=post.posted_at, kind="complained", actor=post.author)
    return complained, Event(at=post.detected_at, kind="detected")


def _extend(
    store: Store,
    connection: Connection,
    case: Case,
    post: Row[Any],
    verdict: Verdict,
    ladder: Ladder,
    now: datetime,
) -> None:
    if post.case_id == case.id:
        _tell(connection, case, Event(at=now, kind="edited", actor=post.author), verdict, ladder, now, now)
        return
    if verdict.is_complaint:
        hold(store, connection, [(post, case)])
    else:
        ledger.attach(connection, [(post, case)])
    stopped = case.stopped_at
    if verdict.is_complaint and stopped is not None and post.posted_at > stopped:
        complained_again(connection, case, post.posted_at, ladder, now, urgent=_urgent(verdict))
    else:
        wrote = Event(at=post.posted_at, kind="wrote_again", actor=post.author)
        _tell(connection, case, wrote, verdict, ladder, post.posted_at, now)


def _tell(
    connection: Connection, case: Case, event: Event, verdict: Verdict, ladder: Ladder, since: datetime, now: datetime
) -> None:
    """Has a case say what is new of it; a post that is urgent `since` then moves it to the urgent ladder."""
    if case.urgent or not case.waiting or not _urgent(verdict):
        ledger.touch(connection, [(case, event)])
        return
    climbed = ladder.chain(urgent=True)
    move = moves.turn_urgent(case, since, climbed.later(since, climbed.target), now)
    ledger.log(connection, [(case.id, event)])
    ledger.store(connection, case, move, verify_at=ledger.verify_time(move[0], ladder))


def _urgent(verdict: Verdict) -> bool:
    return verdict.is_complaint and verdict.severity == "urgent"


def hold(store: Store, connection: Connection, held: Sequence[tuple[Row[Any], Case]]) -> None:
    """Makes complaints part of cases, and lets others like them be found by them."""
    ledger.attach(connection, held)
    kin.remember(store, connection, [post for post, _ in held])


def _customer(post: Row[Any]) -> str:
    """The name that the case of a post's author goes by."""
    return post.author or f"unknown-{post.id}"


def _in_thread(near: Any) -> Any:
    """The cases that began in the thread of this post."""
    return and_(*(cases.c[name] == getattr(near, name) for name in ("brand", "platform", "thread_id")))


def _cases_of(post: Row[Any]) -> Any:
    """The ids of cases that the post is part of, or other posts of its author in the thread."""
    hers = mentions.c.author == post.author if post.author else mentions.c.id == post.id
    return select(mentions.c.case_id).where(
        in_threads([post]), hers | (mentions.c.id == post.id), ~mentions.c.by_brand, mentions.c.case_id.is_not(None)
    )
