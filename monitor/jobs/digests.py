"""Digests: puts each brand's digest of the week that is over into the outbox, once, when its day and hour have come."""

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta

from sqlalchemy import select

from monitor.config import Digests
from monitor.digest.week import Week
from monitor.jobs.outcome import Outcome
from monitor.measures import first_post
from monitor.schema import outbox
from monitor.store import Store

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def digests(
    store: Store, plan: Digests, brands: Iterable[str], keep: Callable[[str, Week], None], now: datetime
) -> Outcome:
    """The latest digest that is due of every brand that was heard by the end of its week. One whose time was missed
    is made up as long as no later one is due. `keep` is told of each before it is sent."""
    week = latest(plan, now)
    sent = [post(store, plan, brand, week, keep, now) for brand in brands if _heard(store, plan, brand, week)]
    return Outcome(
        done=sum(each.done for each in sent), failures=tuple(failure for each in sent for failure in each.failures)
    )


def post(
    store: Store, plan: Digests, brand: str, week: Week, keep: Callable[[str, Week], None], now: datetime
) -> Outcome:
    """Puts one digest into the outbox for each of the channels that it was not sent to before."""
    wanted = [channel for channel in plan.channels if not _known(store, _key(brand, week, channel))]
    if not wanted:
        return Outcome()
    failures: tuple[str, ...] = ()
    try:
        keep(brand, week)
    except OSError as error:  # the page is a convenience; the digest is sent all the same
        failures = (f"digest of {brand}: its page can't be kept: {error.strerror}",)
    rows = [_row(brand, week, channel, now) for channel in wanted]
    with store.write() as connection:
        return Outcome(done=len(store.insert_new(connection, outbox, rows, ["key"])), failures=failures)


def latest(plan: Digests, now: datetime) -> Week:
    """The last week that was over when the digest's time last came."""
    zone = plan.clock
    today = now.astimezone(zone).date()
    day = today - timedelta(days=(today.weekday() - DAYS.index(plan.day)) % 7)
    if datetime.combine(day, time(plan.hour), zone) > now:
        day -= timedelta(weeks=1)
    return Week(day - timedelta(days=day.weekday())).later(-1)


def _row(brand: str, week: Week, channel: str, now: datetime) -> dict[str, object]:
    row = {"key": _key(brand, week, channel), "kind": "digest", "channel": channel, "state": "pending"}
    body = {"brand": brand, "week": week.name}
    return row | {"body": body, "due_at": now, "created_at": now, "round": 0, "step": 0, "attempts": 0}


def _key(brand: str, week: Week, channel: str) -> str:
    return f"digest:{brand}:{week.name}:{channel}"


def _known(store: Store, key: str) -> bool:
    with store.read() as connection:
        return connection.scalar(select(outbox.c.id).where(outbox.c.key == key)) is not None


def _heard(store: Store, plan: Digests, brand: str, week: Week) -> bool:
    with store.read() as connection:
        first = first_post(connection, brand)
    return first is not None and first < week.ends(plan.clock)
