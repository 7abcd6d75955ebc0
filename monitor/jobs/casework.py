"""What posts mean for the cases of their threads: complaints open or extend one, the brand's reply answers one."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, select, update

from alerts import case as moves
from alerts.case import Case, Event, Stop
from alerts.ladder import Ladder
from classifiers.base import Verdict
from monitor import kin, ledger
from monitor.schema import cases, mentions, verdicts
from monitor.store import Store

Thread = tuple[str, str, str]
"""Brand, platform and the platform's own id of the thread."""

LONGEST_CHAIN = 30
"""Replies of the brand to itself that are followed up to find the customer they answer."""


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
    first: list[tuple[Row[Any], Verdict]] = []
    begun: set[int] = set()
    for post, verdict in posts:
        complaint = verdict if verdict is not None and verdict.is_complaint else None
        marked = set(kin.marks(post)) if complaint else set()
        if _thread(post) in known or marked & begun:
            _open(store, connection, first, ladder, now)
            first, begun = [], set()
            _settle(store, connection, post, verdict, ladder, now)
        elif complaint and (case := kin.find(connection, post)):
            join(store, connection, case, post, ladder(post.brand), now)
        elif complaint:
            first.append((post, complaint))
            begun |= marked
        if complaint:
            known.add(_thread(post))
    _open(store, connection, first, ladder, now)


def _with_cases(connection: Connection, posts: Sequence[Row[Any]]) -> set[Thread]:
    """Those of the posts' threads that have a case."""
    columns = (mentions.c.brand, mentions.c.platform, mentions.c.thread_id)
    threads = select(*columns).where(_in_threads(posts), mentions.c.case_id.is_not(None)).distinct()
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
        _brand_replied(connection, post, ladder, now)
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
    elif verdict.is_complaint and (case := kin.find(connection, post)):
        join(store, connection, case, post, ladder(post.brand), now)
    elif verdict.is_complaint:
        _open(store, connection, [(post, verdict)], ladder, now)


def join(store: Store, connection: Connection, case: Case, post: Row[Any], ladder: Ladder, now: datetime) -> None:
    """A complaint in another thread becomes part of a case: whoever is answered in one of its threads is answered."""
    attach(store, connection, [(post, case)])
    earliest = min(case.posted_at, post.posted_at)
    after = moves.recount(case, earliest, earliest + ladder.target, now)
    detail = {"platform": post.platform, "post": post.id}
    event = Event(at=post.detected_at, kind="joined", actor=post.author, detail=detail)
    verify_at = {"verify_at": ledger.verify_time(after, ladder)} if after.waiting else {}
    ledger.store(connection, case, (after, event), **verify_at)
    look_back(connection, [after], ladder, now)


def _brand_replied(connection: Connection, reply: Row[Any], ladder: Callable[[str], Ladder], now: datetime) -> None:
    """The brand spoke in a thread: the cases that it answered stop their clock at the time of the reply."""
    asked = _in_threads([reply]) & ~mentions.c.by_brand & (mentions.c.posted_at <= reply.posted_at)
    for case in ledger.lock(connection, cases.c.id.in_(select(mentions.c.case_id).where(asked))):
        if case.posted_at <= reply.posted_at and _answers(connection, reply, case):
            _answered(connection, case, reply, ladder(reply.brand), now)


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
    rows = [new_case(post, ladder(post.brand), now) for post, _ in posts]
    stored = store.insert_new(connection, cases, rows, ["brand", "platform", "thread_id", "author"])
    opened = {_thread(row): ledger.case_of(row) for row in stored}
    for post, verdict in posts:
        if _thread(post) not in opened:  # another process was first, with another post of the same customer
            _customer_posted(store, connection, post, verdict, ladder, now)
    held = [(post, opened[_thread(post)]) for post, _ in posts if _thread(post) in opened]
    if held:
        attach(store, connection, held)
        ledger.log(connection, [(case.id, event) for post, case in held for event in beginning(post)])
        for brand in {case.brand for _, case in held}:
            look_back(connection, [case for _, case in held if case.brand == brand], ladder(brand), now)


def new_case(post: Row[Any], ladder: Ladder, now: datetime) -> dict[str, Any]:
    case = Case(
        id=0,
        brand=post.brand,
        platform=post.platform,
        thread_id=post.thread_id,
        author=_customer(post),
        posted_at=post.posted_at,
        detected_at=post.detected_at,
        respond_by=post.posted_at + ladder.target,
        check_at=now,
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
        ledger.touch(connection, [(case, Event(at=now, kind="edited", actor=post.author))])
        return
    if verdict.is_complaint:
        attach(store, connection, [(post, case)])
    else:
        _attach(connection, [(post, case)])
    stopped = case.stopped_at
    if verdict.is_complaint and stopped is not None and post.posted_at > stopped:
        _again(connection, case, post.posted_at, ladder, now)
    else:
        ledger.touch(connection, [(case, Event(at=post.posted_at, kind="wrote_again", actor=post.author))])


def _again(connection: Connection, case: Case, posted_at: datetime, ladder: Ladder, now: datetime) -> None:
    """The customer complained after the case was settled: another round."""
    move = moves.complain_again(case, posted_at, now, posted_at + ladder.target)
    case = ledger.store(connection, case, move, verify_at=ledger.verify_time(move[0], ladder))
    look_back(connection, [case], ladder, now)


def look_back(connection: Connection, asked: Sequence[Case], ladder: Ladder, now: datetime) -> None:
    """The brand's reply may have been seen before the complaint that it answers, in any thread of these cases."""
    theirs = mentions.alias("theirs")
    replies = (
        select(mentions, theirs.c.case_id.label("to_case"))
        .join(theirs, and_(*(theirs.c[name] == mentions.c[name] for name in ("brand", "platform", "thread_id"))))
        .where(
            theirs.c.case_id.in_([case.id for case in asked]),
            ~theirs.c.by_brand,
            theirs.c.posted_at <= mentions.c.posted_at,
            mentions.c.by_brand,
            mentions.c.deleted_at.is_(None),
            mentions.c.posted_at >= min(case.posted_at for case in asked),
        )
        .order_by(mentions.c.posted_at, mentions.c.id)
    )
    waiting = {case.id: case for case in asked}
    for reply in connection.execute(replies).all():
        case = waiting.get(reply.to_case)
        if case is not None and case.posted_at <= reply.posted_at and _answers(connection, reply, case):
            del waiting[case.id]
            _answered(connection, case, reply, ladder, now)


def _answered(connection: Connection, case: Case, reply: Row[Any], ladder: Ladder, now: datetime) -> None:
    detail = {"url": reply.url} if reply.url else {}
    _attach(connection, [(reply, case)])
    if case.waiting:
        after, event = moves.answer(case, reply.author, reply.posted_at, by=Stop.BRAND_REPLY)
        event = Event(at=event.at, kind=event.kind, actor=event.actor, detail=detail)
        heed_later(connection, ledger.store(connection, case, (after, event)), ladder, now)
    elif case.stopped_by is Stop.PERSON:
        event = Event(at=reply.posted_at, kind="brand_reply", actor=reply.author, detail=detail)
        ledger.log(connection, [(case.id, event)])


def heed_later(connection: Connection, case: Case, ladder: Ladder, now: datetime) -> None:
    """The customer of an answered case may have complained again since, as is known already."""
    if case.waiting or case.stopped_at is None:
        return
    posts = select(func.min(mentions.c.posted_at)).join(verdicts, verdicts.c.mention_id == mentions.c.id)
    since = (mentions.c.posted_at > case.stopped_at, mentions.c.deleted_at.is_(None), verdicts.c.is_complaint)
    later = connection.scalar(posts.where(mentions.c.case_id == case.id, ~mentions.c.by_brand, *since))
    if later is not None:
        _again(connection, case, later, ladder, now)


def _answers(connection: Connection, reply: Row[Any], case: Case) -> bool:
    """The reply speaks to the case's author.

    To whom it speaks is told by the post that it answers, followed up through the brand's own posts; where that post
    is not known, by the handles it begins with; where there are none, it speaks to everybody in the thread.
    """
    if reply.reply_to is None and reply.thread_id == reply.external_id:
        return False  # a new thread of the brand's own
    parent_id = reply.reply_to
    for _ in range(LONGEST_CHAIN):
        parent = _post(connection, reply, parent_id) if parent_id else None
        if parent is None:
            break
        if not parent.by_brand:
            return bool(parent.case_id == case.id or parent.author in _authors(connection, reply, case))
        parent_id = parent.reply_to
    named = [handle.casefold() for handle in re.findall(r"@([\w.-]+\w)", _opening(reply.text))]
    return any(author.casefold() in named for author in _authors(connection, reply, case)) if named else True


def _authors(connection: Connection, reply: Row[Any], case: Case) -> set[str]:
    """The names that the case's customer goes by in the thread."""
    here = select(mentions.c.author).where(_in_threads([reply]), mentions.c.case_id == case.id, ~mentions.c.by_brand)
    return {author for author in connection.scalars(here) if author} or {case.author}


def _opening(text: str) -> str:
    """The handles that a reply begins with."""
    match = re.match(r"(?:\s*@[\w.-]+[,:]?)*", text)
    return match.group(0) if match else ""


def _post(connection: Connection, near: Row[Any], external_id: str) -> Any:
    statement = select(mentions.c.author, mentions.c.by_brand, mentions.c.reply_to, mentions.c.case_id).where(
        mentions.c.brand == near.brand, mentions.c.platform == near.platform, mentions.c.external_id == external_id
    )
    return connection.execute(statement).one_or_none()


def attach(store: Store, connection: Connection, held: Sequence[tuple[Row[Any], Case]]) -> None:
    """Makes complaints part of cases, and lets others like them be found by them."""
    _attach(connection, held)
    kin.remember(store, connection, [post for post, _ in held])


def _attach(connection: Connection, held: Sequence[tuple[Row[Any], Case]]) -> None:
    """Makes posts part of cases; from now on they are looked up again, since people see them."""
    rows = [{"post": post.id, "case_id": case.id, "recheck_at": post.detected_at} for post, case in held]
    connection.execute(update(mentions).where(mentions.c.id == bindparam("post")), rows)


def _customer(post: Row[Any]) -> str:
    """The name that the case of a post's author goes by."""
    return post.author or f"unknown-{post.id}"


def _thread(near: Any) -> Thread:
    return near.brand, near.platform, near.thread_id


def _in_thread(near: Any) -> Any:
    """The cases that began in the thread of this post."""
    return and_(*(cases.c[name] == getattr(near, name) for name in ("brand", "platform", "thread_id")))


def _cases_of(post: Row[Any]) -> Any:
    """The ids of cases that the post is part of, or other posts of its author in the thread."""
    hers = mentions.c.author == post.author if post.author else mentions.c.id == post.id
    return select(mentions.c.case_id).where(
        _in_threads([post]), hers | (mentions.c.id == post.id), ~mentions.c.by_brand, mentions.c.case_id.is_not(None)
    )


def _in_threads(near: Sequence[Any]) -> Any:
    """The posts in the threads of these.

    Where these are of several brands or platforms, there may be others with them: of one's thread by another's id.
    """
    return and_(
        mentions.c.brand.in_({item.brand for item in near}),
        mentions.c.platform.in_({item.platform for item in near}),
        mentions.c.thread_id.in_({item.thread_id for item in near}),
    )
