"""Opening hours: only the time in which people are at work counts, whatever the clocks and the calendar do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.hours import Hours, clock_shows, shifts, weekday, weekdays

TALLINN = ZoneInfo("Europe/Tallinn")
MINUTE = timedelta(minutes=1)


def hours(days: str = "mon-fri", words: str = "09:00-17:00", zone: ZoneInfo = TALLINN, **more: object) -> Hours:
    week = tuple(shifts(words) if day in weekdays(days) else () for day in range(7))
    return Hours(zone=zone, week=week, **more)  # type: ignore[arg-type]


def local(words: str, zone: ZoneInfo = TALLINN) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=zone)


def test_what_came_in_late_on_friday_is_due_on_monday_morning() -> None:
    assert hours().add(local("2026-11-20 16:45"), 30 * MINUTE) == local("2026-11-23 09:15")


def test_a_time_that_ends_with_the_day_is_due_at_closing_and_not_the_next_morning() -> None:
    assert hours().add(local("2026-11-20 16:30"), 30 * MINUTE) == local("2026-11-20 17:00")
    assert hours().add(local("2026-11-20 16:30"), 30 * MINUTE + timedelta(seconds=1)) == local("2026-11-23 09:00:01")


def test_no_time_has_passed_at_once_whether_people_are_at_work_or_not() -> None:
    night = local("2026-11-22 03:00")
    assert hours().add(night, timedelta()) == night


def test_lunch_does_not_count() -> None:
    split = hours(words="09:00-12:30, 13:30-17:00")
    assert split.add(local("2026-11-20 12:15"), 30 * MINUTE) == local("2026-11-20 13:45")
    assert split.between(local("2026-11-20 09:00"), local("2026-11-20 17:00")) == timedelta(hours=7)
    assert split.next_opening(local("2026-11-20 12:30")) == local("2026-11-20 13:30")


def test_the_next_opening_is_now_while_people_are_at_work() -> None:
    assert hours().next_opening(local("2026-11-20 09:00")) == local("2026-11-20 09:00")
    assert hours().next_opening(local("2026-11-20 17:00")) == local("2026-11-23 09:00")


@pytest.mark.parametrize(
    ("words", "at", "opens"),
    [
        ("09:00-17:00", "2026-11-20 11:00", "2026-11-23 09:00"),
        ("09:00-17:00", "2026-11-20 03:00", "2026-11-20 09:00"),
        ("09:00-12:30, 13:30-17:00", "2026-11-20 11:00", "2026-11-20 13:30"),
        ("00:00-08:00, 20:00-24:00", "2026-11-18 21:00", "2026-11-19 20:00"),
    ],
)
def test_people_begin_again_after_their_next_rest(words: str, at: str, opens: str) -> None:
    assert hours(words=words).opens_after(local(at)) == local(opens)


def test_who_never_rests_never_begins_again() -> None:
    assert hours("mon-sun", "00:00-24:00").opens_after(local("2026-11-20 11:00")) is None


@pytest.mark.parametrize(
    ("country", "before", "due"),
    [
        ("EE", "2026-02-23 16:45", "2026-02-25 09:15"),  # Independence Day
        ("LV", "2026-11-17 16:45", "2026-11-19 09:15"),  # Proclamation Day
        ("LT", "2026-03-10 16:45", "2026-03-12 09:15"),  # Restoration of Independence
        ("FI", "2026-01-05 16:45", "2026-01-07 09:15"),  # Epiphany
    ],
)
def test_nobody_is_waited_for_on_a_public_holiday(country: str, before: str, due: str) -> None:
    assert hours(holidays=(country,)).add(local(before), 30 * MINUTE) == local(due)
    assert hours().add(local(before), 30 * MINUTE) < local(due)


def test_days_of_ones_own_are_closed_too() -> None:
    away = hours(closed=frozenset({date(2026, 11, 23), date(2026, 11, 24)}))
    assert away.add(local("2026-11-20 16:45"), 30 * MINUTE) == local("2026-11-25 09:15")


def test_a_shift_loses_the_hour_that_the_clocks_jump_over_in_spring() -> None:
    night = hours("sun", "00:00-06:00")
    assert night.between(local("2026-03-29 00:00"), local("2026-03-29 06:00")) == timedelta(hours=5)
    assert night.add(local("2026-03-29 02:30"), 60 * MINUTE) == local("2026-03-29 04:30")


def test_a_shift_has_an_hour_more_when_the_clocks_go_back_in_autumn() -> None:
    night = hours("sun", "00:00-06:00")
    assert night.between(local("2026-10-25 00:00"), local("2026-10-25 06:00")) == timedelta(hours=7)
    assert night.add(local("2026-10-25 02:30"), 120 * MINUTE) == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )  # 03:30 again


def test_a_shift_that_begins_in_the_hour_that_is_jumped_over_begins_when_the_clocks_have_jumped() -> None:
    assert clock_shows(date(2026, 3, 29), 3 * 60 + 30, TALLINN) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    gone = hours("sun", "03:00-04:00")
    assert gone.between(local("2026-03-29 00:00"), local("2026-03-29 12:00")) == timedelta()
    assert gone.next_opening(local("2026-03-29 00:00")) == local("2026-04-05 03:00")


def test_nine_to_five_stays_nine_to_five_on_both_sides_of_a_change() -> None:
    assert hours().add(local("2026-03-27 16:45"), 30 * MINUTE) == local("2026-03-30 09:15")
    assert hours().add(local("2026-10-23 16:45"), 30 * MINUTE) == local("2026-10-26 09:15")
    assert local("2026-03-30 09:15").astimezone(UTC).hour == 6
    assert local("2026-10-26 09:15").astimezone(UTC).hour == 7


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("09:00-12:30, 12:00-17:00", "begins before the one in front of it has ended"),
        ("22:00-06:00", "write one that runs past midnight as two, the first to 24:00"),
        ("09:00-25:00", "'25:00' is no time of the day"),
        ("24:30-25:00", "no time of the day"),
        ("09:00", "is no shift such as 09:00-17:00"),
        ("", "is no shift"),
    ],
)
def test_a_shift_that_makes_no_sense_is_told(words: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        shifts(words)


def test_days_are_named_alone_or_in_a_row() -> None:
    assert list(weekdays("mon-fri")) == [0, 1, 2, 3, 4]
    assert list(weekdays("sunday")) == [6]
    assert weekday("Tuesday") == 1
    for wrong in ("fri-mon", "funday", "mon-", "-fri"):
        with pytest.raises(ValueError, match=r"runs backwards|no day of the week"):
            weekdays(wrong) if wrong != "mon-" else weekday("")


# An independent judge: it walks through the time minute by minute and only ever reads a clock on the wall. A clock that
# goes back an hour does not make a time that has passed come again.


class Judge:
    """Says of each minute whether people are at work."""

    def __init__(self, zone: ZoneInfo, words: dict[int, list[tuple[int, int]]], closed: set[date]) -> None:
        self.zone, self.words, self.closed = zone, words, closed
        self.shown: dict[date, int] = {}

    def is_open(self, minute: datetime) -> bool:
        wall = minute.astimezone(self.zone)
        day = wall.date()
        self.shown[day] = max(self.shown.get(day, 0), wall.hour * 60 + wall.minute)
        if day in self.closed:
            return False
        return any(begin <= self.shown[day] < end for begin, end in self.words.get(day.weekday(), []))


ZONES = st.sampled_from([TALLINN, ZoneInfo("Europe/Helsinki"), ZoneInfo("America/New_York"), ZoneInfo("UTC")])
EDGES = st.lists(st.integers(0, 96).map(lambda quarter: 15 * quarter), min_size=2, max_size=6, unique=True).map(sorted)
WEEKS = st.dictionaries(st.integers(0, 6), EDGES.map(lambda e: list(zip(e[::2], e[1::2], strict=False))), min_size=1)
STARTS = st.sampled_from(["2026-03-28", "2026-10-24", "2026-03-07", "2026-10-31", "2026-11-20"]).map(
    lambda day: datetime.fromisoformat(day).replace(tzinfo=UTC)
)


@given(
    zone=ZONES, week=WEEKS, start=STARTS, offset=st.integers(0, 1500), amount=st.integers(1, 900), shut=st.booleans()
)
@settings(max_examples=40, deadline=None)
def test_a_judge_who_walks_through_every_minute_finds_the_same(
    zone: ZoneInfo, week: dict[int, list[tuple[int, int]]], start: datetime, offset: int, amount: int, shut: bool
) -> None:
    closed = {(start + timedelta(days=1)).date()} if shut else set()
    mine = Hours(zone=zone, week=tuple(tuple(week.get(day, ())) for day in range(7)), closed=frozenset(closed))
    judge = Judge(zone, week, closed)
    moment = start + offset * MINUTE
    for early in range(2 * 1440):  # the judge has watched the clocks since before
        judge.is_open(moment - 2 * 1440 * MINUTE + early * MINUTE)
    due = mine.add(moment, amount * MINUTE)
    left, at, opened = amount, moment, None
    while left and at < moment + timedelta(days=4):
        if judge.is_open(at):
            opened = opened or at
            left -= 1
        at += MINUTE
    assert mine.between(moment, at) == (amount - left) * MINUTE
    assert due == at if not left else due > at
    assert opened is None or mine.next_opening(moment) == opened
