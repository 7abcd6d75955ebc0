"""The figures: each as its definition says, and equal to the same counted another way over random weeks."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from monitor import metrics
from monitor.measures import Period, Volume, backlog, volume, volume_by_hour, waits
from monitor.metrics import METRICS, Replies, Times, Wait, grouped
from monitor.schema import cases, events, feedback, mentions, verdicts
from monitor.store import Store
from tests.databases import fresh
from tests.weeks import Weeks, at_random

MONDAY = datetime(2026, 11, 15, 22, 0, tzinfo=UTC)  # as it begins in Tallinn
WEEK = Period(since=MONDAY, until=MONDAY + timedelta(weeks=1), brand="Lainepost")
NOW = MONDAY + timedelta(days=7, hours=8)
TALLINN = ZoneInfo("Europe/Tallinn")


@pytest.fixture
def weeks(tmp_path: Path) -> Iterator[Weeks]:
    store = Store(fresh(tmp_path))
    yield Weeks(store)
    store.close()


def read(weeks: Weeks, period: Period = WEEK) -> list[Wait]:
    weeks.write()
    with weeks.store.read() as connection:
        return waits(connection, period)


def test_every_complaint_is_in_the_denominator_also_those_that_wait(weeks: Weeks) -> None:
    quick = weeks.case(MONDAY, 20)
    late = weeks.case(MONDAY, 90)
    overdue = weeks.case(MONDAY + timedelta(days=2))
    pending = weeks.case(NOW - timedelta(hours=9), respond_by=NOW + timedelta(minutes=5))
    weeks.case(MONDAY, 5, state="dismissed")
    weeks.case(MONDAY, 5, state="withdrawn")
    target = metrics.answered_in_time(read(weeks), NOW)
    assert (target.in_time, target.late, target.overdue, target.pending) == ((quick,), (late,), (overdue,), (pending,))
    assert target.missed == (late, overdue)
    assert target.share.value == 0.25


def test_whoever_still_waits_makes_the_usual_wait_longer(weeks: Weeks) -> None:
    weeks.case(MONDAY, 10)
    weeks.case(MONDAY, 30)
    weeks.case(MONDAY + timedelta(days=3))
    replies = metrics.reply_time(read(weeks), NOW)
    assert replies.within(0.5) == timedelta(minutes=30)
    assert replies.within(0.9) is None
    assert replies.cases == (1, 2, 3)


def test_a_deleted_complaint_counts_for_as_long_as_it_waited(weeks: Weeks) -> None:
    weeks.case(MONDAY, 10)
    weeks.case(MONDAY, 20, state="withdrawn")
    weeks.case(MONDAY, 30)
    curve = metrics.reply_time(read(weeks), NOW).curve
    assert [length for length, _ in curve] == [timedelta(minutes=10), timedelta(minutes=30)]
    assert [round(waiting, 9) for _, waiting in curve] == [round(2 / 3, 9), 0.0]


def test_an_answer_that_did_not_hold_is_told(weeks: Weeks) -> None:
    back = weeks.case(MONDAY, 10)
    weeks.event(back, "reopened", MONDAY)
    again = weeks.case(MONDAY, 10, round=2)
    weeks.case(MONDAY, 10)
    assert metrics.reopened(read(weeks), NOW).part == (back, again)


def test_the_model_is_held_to_account_only_for_what_was_no_complaint(weeks: Weeks) -> None:
    weeks.case(MONDAY, 10)
    wrong = weeks.case(MONDAY, 10, state="dismissed")
    weeks.judge(2, "dismissed", MONDAY)
    duplicate = weeks.case(MONDAY, 10, state="dismissed")
    found = read(weeks)
    assert metrics.precision(found, NOW).whole == (1, wrong)
    assert metrics.dismissed(found, NOW).part == (wrong, duplicate)


def test_a_post_counts_on_the_day_and_hour_of_the_brands_own_clock(weeks: Weeks) -> None:
    weeks.case(datetime(2026, 11, 15, 22, 30, tzinfo=UTC), 10)  # Monday 00:30 in Tallinn
    weeks.post(datetime(2026, 11, 22, 21, 59, tzinfo=UTC))  # Sunday 23:59
    weeks.post(datetime(2026, 11, 22, 22, 0, tzinfo=UTC))  # the next Monday
    found = read(weeks)
    assert [*grouped(found, "weekday", TALLINN)] == [1]
    assert [*grouped(found, "hour", TALLINN)] == [0]
    with weeks.store.read() as connection:
        cells = volume_by_hour(connection, WEEK, TALLINN)
    assert cells == {(1, 0): Volume(posts=1, complaints=1), (7, 23): Volume(posts=1)}


def test_the_brands_own_posts_and_those_left_out_are_no_volume(weeks: Weeks) -> None:
    weeks.post(MONDAY, is_complaint=True)
    weeks.post(MONDAY)
    weeks.post(MONDAY, judged=False)
    weeks.post(MONDAY, by_brand=True)
    weeks.post(MONDAY, skipped="ads")
    weeks.write()
    with weeks.store.read() as connection:
        said = volume(connection, WEEK)["Lainepost"]
    assert (said.posts, said.complaints) == (3, 1)
    assert said.rate == 1 / 3


def test_the_backlog_is_who_waited_at_that_moment(weeks: Weeks) -> None:
    noon = MONDAY + timedelta(hours=12)
    waiting = weeks.case(MONDAY)
    later = weeks.case(noon - timedelta(minutes=10), 30)
    weeks.case(MONDAY, 30)
    weeks.case(noon + timedelta(minutes=1))
    weeks.write()
    with weeks.store.read() as connection:
        assert backlog(connection, noon, "Lainepost") == (waiting, later)
        assert backlog(connection, noon, "another") == ()


def test_a_quantile_is_a_time_that_somebody_took() -> None:
    times = Times(spans=tuple((timedelta(minutes=n), n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)))
    assert times.quantile(0.5) == timedelta(minutes=5)
    assert times.quantile(0.9) == timedelta(minutes=9)
    assert Times(spans=()).quantile(0.5) is None


def test_the_page_of_the_metrics_says_what_the_code_does() -> None:
    page = " ".join(Path("docs/metrics.md").read_text(encoding="utf-8").split())
    said = [*METRICS.items(), ("backlog", backlog), ("volume", volume), ("complaint_rate", Volume.rate)]
    said += [(each.__name__, each) for each in (metrics.answered_within, metrics.while_closed)]
    for name, metric in said:
        assert f"### `{name}`" in page
        assert re.sub(r"\s+", " ", metric.__doc__ or "no words") in page, name


# the same, counted another way


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), posts=st.integers(0, 40))
def test_the_figures_are_those_that_a_plain_count_over_the_rows_gives(
    tmp_path_factory: pytest.TempPathFactory, random: Random, posts: int
) -> None:
    store = Store(fresh(tmp_path_factory.mktemp("random")))
    try:
        _compare(Weeks(store), random, posts)
    finally:
        store.close()


def test_the_figures_are_the_same_on_every_database(database: str) -> None:
    store = Store(database)
    store.prepare()
    try:
        _compare(Weeks(store), Random(11), 400)
    finally:
        store.close()


def _compare(weeks: Weeks, random: Random, posts: int) -> None:
    at_random(weeks, random, MONDAY - timedelta(days=3), 14, posts)
    found = read(weeks)
    rows = {table.name: _all(weeks.store, table) for table in (cases, mentions, verdicts, events, feedback)}
    mine = [row for row in rows["cases"] if WEEK.since <= row["posted_at"] < WEEK.until]
    real = [row for row in mine if row["state"] in ("open", "claimed", "answered")]
    done = [row for row in real if row["state"] == "answered"]

    assert metrics.complaints(found, NOW) == _ids(real)
    target = metrics.answered_in_time(found, NOW)
    assert target.in_time == _ids(row for row in done if row["stopped_at"] <= row["respond_by"])
    assert target.late == _ids(row for row in done if row["stopped_at"] > row["respond_by"])
    assert target.overdue == _ids(row for row in real if row not in done and row["respond_by"] < NOW)
    assert target.all == _ids(real)
    back = {row["case_id"] for row in rows["events"] if row["kind"] == "reopened"}
    assert metrics.reopened(found, NOW).part == _ids(row for row in real if row["id"] in back or row["round"] > 1)
    gone = [row for row in mine if row["state"] == "dismissed"]
    assert metrics.dismissed(found, NOW).part == _ids(gone)
    case_of = {row["id"]: row["case_id"] for row in rows["mentions"]}
    wrong = {case_of[row["mention_id"]] for row in rows["feedback"]}
    assert metrics.precision(found, NOW).whole == _ids([*done, *(row for row in gone if row["id"] in wrong)])
    lags = sorted((row["detected_at"] - row["posted_at"]) for row in mine)
    assert [span for span, _ in metrics.detection_lag(found, NOW).spans] == lags
    assert len(metrics.alert_lag(found, NOW).spans) == sum(row["alerted_at"] is not None for row in mine)
    _same_curve(metrics.reply_time(found, NOW), [row for row in mine if row not in gone])

    _same_groups(weeks, found, rows, mine)


def _same_groups(weeks: Weeks, found: list[Wait], rows: dict[str, list[dict[str, Any]]], mine: list[Any]) -> None:
    said = {row["mention_id"]: row for row in rows["verdicts"]}
    in_order = sorted(rows["mentions"], key=lambda row: (row["posted_at"], row["id"]))
    first: dict[int, Any] = {}
    for row in in_order:
        if row["id"] in said and said[row["id"]]["is_complaint"]:
            first.setdefault(row["case_id"], row)
    topics = Counter(said[first[row["id"]]["id"]]["topic"] or "other" for row in mine)
    tongues = Counter(said[first[row["id"]]["id"]]["language"] or first[row["id"]]["lang"] or "" for row in mine)
    hours = Counter(row["posted_at"].astimezone(TALLINN).hour for row in mine)
    for by, counted in {"topic": topics, "language": tongues, "hour": hours}.items():
        assert {key: len(part) for key, part in grouped(found, by, TALLINN).items()} == dict(counted)
    heard = [
        row
        for row in rows["mentions"]
        if WEEK.since <= row["posted_at"] < WEEK.until and not row["by_brand"] and row["skipped"] is None
    ]
    with weeks.store.read() as connection:
        platforms, cells = volume(connection, WEEK, "platform"), volume_by_hour(connection, WEEK, TALLINN)
    assert {key: part.posts for key, part in platforms.items()} == Counter(row["platform"] for row in heard)
    complained = Counter(row["platform"] for row in heard if row["id"] in said and said[row["id"]]["is_complaint"])
    assert {key: part.complaints for key, part in platforms.items() if part.complaints} == complained
    local = [row["posted_at"].astimezone(TALLINN) for row in heard]
    assert {key: part.posts for key, part in cells.items()} == Counter((at.isoweekday(), at.hour) for at in local)


def _same_curve(replies: Replies, rows: list[dict[str, Any]]) -> None:
    """The same curve by B. Efron's way: whoever leaves unanswered hands on his weight to those who wait longer."""
    ends = sorted(
        ((row["stopped_at"] or NOW) - row["posted_at"], row["state"] != "answered", row["id"]) for row in rows
    )
    weight = {case_id: 1 / len(ends) for _, _, case_id in ends}
    waiting, curve = 1.0, {}
    for place, (length, censored, case_id) in enumerate(ends):
        if censored:
            rest = ends[place + 1 :]
            for _, _, other in rest:
                weight[other] += weight[case_id] / len(rest)
        else:
            waiting -= weight[case_id]
            curve[length] = waiting
    assert [length for length, _ in replies.curve] == [*curve]
    assert [share for _, share in replies.curve] == pytest.approx([*curve.values()], abs=1e-9)


def _ids(rows: Any) -> tuple[int, ...]:
    return tuple(sorted(row["id"] for row in rows))


def _all(store: Store, table: Any) -> list[dict[str, Any]]:
    with store.read() as connection:
        return [dict(row._mapping) for row in connection.execute(select(table))]
