"""Where cases are shown: routes take them to channels of their own, quiet channels hear of them as they open."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.base import Alert, Notice, Options
from classifiers.base import Verdict
from monitor.config import ConfigError, Plugin, load
from monitor.quiet import Quiet
from monitor.routes import About, Route, routed
from tests.databases import fresh
from tests.desk import NOON, Desk, Paper, Plain, minutes
from tests.test_config import SHIPPED

NIGHT = Quiet(quiet="22:00-08:00", zone="Europe/Tallinn")
OPENING = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
"""08:00 in Tallinn of the night that follows NOON."""
ROUTES = (
    Route(severity="urgent", channel="managers"),
    Route(topic=("billing", "refund"), language="et", channel="money"),
    Route(language="ru", channel="russian"),
)


class Knowing(Plain):
    """Reads topic, language and severity off the text: `late refund ru urgent`."""

    def _verdict(self, text: str) -> Verdict:
        words = text.split()
        return replace(
            super()._verdict(text),
            topic="refund" if "refund" in words else "delivery",
            language=next((word for word in words if word in ("et", "ru", "en")), None),
            severity="urgent" if "urgent" in words else "ordinary",
        )


def care_desk(url: str, folder: Path, **rooms: Any) -> Desk:
    desk = Desk(url, folder)
    desk.config = replace(
        desk.config,
        **rooms,
        classifier=replace(desk.config.classifier, kind=Knowing),
        channels={
            name: Plugin(type="paper", kind=Paper, options=Options())
            for name in ("care", "managers", "duty", "money", "russian")
        },
    )
    desk.restart()
    desk.app.__dict__.pop("channels")
    return desk


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Desk]:
    """23:00 in Tallinn at a desk whose care channel sleeps."""
    desk = care_desk(fresh(tmp_path), tmp_path, quiet={"care": NIGHT})
    desk.clock.now = NOON + timedelta(hours=9)
    yield desk
    desk.app.close()


def until_opening(desk: Desk, after: float = 0) -> None:
    desk.clock.now = OPENING + minutes(after)
    desk.app.tick()


def said(desk: Desk, channel: str) -> list[str]:
    return desk.paper(channel).keys


# Routes


@pytest.mark.parametrize(
    ("about", "channel"),
    [
        (About(brand="b", topic="refund", language="et"), "money"),
        (About(brand="b", topic="refund", language="ru"), "russian"),
        (About(brand="b", topic="refund", language="ru", urgent=True), "managers"),
        (About(brand="b", topic="refund", language=None), "care"),
        (About(brand="b", topic=None, language=None), "care"),
    ],
)
def test_the_first_route_that_fits_takes_the_case(about: About, channel: str) -> None:
    assert routed("care", about, ROUTES) == channel


def test_a_step_that_names_another_channel_stays_there() -> None:
    assert routed("managers", About(brand="b", topic="refund", language="et"), ROUTES) == "managers"


def test_a_brand_may_have_a_channel_of_its_own() -> None:
    routes = (Route(brand="Lainepost", channel="laine"), Route(channel="rest"))
    assert routed("care", About(brand="Lainepost", topic=None, language=None), routes) == "laine"
    assert routed("care", About(brand="Other", topic=None, language=None), routes) == "rest"


def test_each_case_is_told_in_its_own_channel_and_its_reminders_follow_it(database: str, tmp_path: Path) -> None:
    desk = care_desk(database, tmp_path, routes=ROUTES)
    desk.post("late et", "mari")
    desk.post("refund et", "juri")
    desk.post("late ru", "olga")
    desk.ticks([0, 31])
    assert said(desk, "care") == ["case:1:1:0", "case:1:1:1"]
    assert said(desk, "money") == ["case:2:1:0", "case:2:1:1"]
    assert said(desk, "russian") == ["case:3:1:0", "case:3:1:1"]
    desk.app.close()


def test_a_case_that_becomes_urgent_goes_where_urgent_ones_go_with_a_link_to_where_it_was(tmp_path: Path) -> None:
    desk = care_desk(fresh(tmp_path), tmp_path, routes=ROUTES)
    first = desk.post("late et", "mari")
    desk.tick()
    desk.post("late urgent et", "mari", thread=first.thread_id)
    desk.ticks([5, 31])
    (letter,) = desk.paper("managers").letters
    shown = letter.shown[0]
    assert isinstance(shown, Alert)
    assert (letter.key, shown.elsewhere) == ("case:1:1:1", "https://paper.example/care/0")
    desk.app.close()


def test_the_platforms_guess_of_the_language_serves_where_the_model_says_none(tmp_path: Path) -> None:
    desk = care_desk(fresh(tmp_path), tmp_path, routes=ROUTES)
    desk.post("late", "olga", lang="ru-RU")
    desk.tick()
    assert said(desk, "russian") == ["case:1:1:0"]
    desk.app.close()


# Quiet hours


def test_a_complaint_at_night_is_told_when_the_channel_opens_after_a_summary(database: str, tmp_path: Path) -> None:
    desk = care_desk(database, tmp_path, quiet={"care": NIGHT})
    desk.clock.now = NOON + timedelta(hours=9)
    desk.post("late et", "mari")
    desk.ticks([9 * 60, 9 * 60 + 31, 9 * 60 + 46])
    assert said(desk, "care") == []
    until_opening(desk)
    assert said(desk, "care") == ["quiet:care:2026-11-24T06:00", "case:1:1:0", "case:1:1:1", "case:1:1:2"]
    summary = desk.paper("care").letters[0].shown[0]
    assert isinstance(summary, Notice)
    assert summary.title == "While this channel was quiet: 1 case waits"
    assert summary.lines == ("case 1 · Lainepost on Chat · delivery · 8 h late",)
    desk.app.close()


def test_the_missed_target_is_never_held_and_takes_along_what_was(night: Desk) -> None:
    ladder = night.config.ladders["default"]
    steps = (*ladder.steps[:-1], replace(ladder.steps[-1], channel="care"))
    night.config = replace(night.config, ladders={"default": replace(ladder, steps=steps)})
    night.restart()
    night.post("late et", "mari")
    night.ticks([9 * 60, 9 * 60 + 46, 9 * 60 + 61])
    assert said(night, "care") == ["case:1:1:0", "case:1:1:1", "case:1:1:2", "case:1:1:3"]
    until_opening(night)
    assert len(said(night, "care")) == 4


def test_an_urgent_complaint_breaks_through(night: Desk) -> None:
    night.post("late urgent et", "mari")
    night.tick()
    assert said(night, "care") == ["case:1:1:0"]


def test_a_case_that_becomes_urgent_breaks_through_at_once(night: Desk) -> None:
    post = night.post("late et", "mari")
    night.tick()
    assert said(night, "care") == []
    night.post("late urgent et", "mari", thread=post.thread_id)
    night.tick(1)
    assert said(night, "care") == ["case:1:1:0"]
    until_opening(night)
    assert "quiet:care:2026-11-24T06:00" not in said(night, "care")


def test_what_was_answered_overnight_is_only_counted(night: Desk) -> None:
    for name in ("mari", "juri"):
        night.post("late et", name)
    night.tick()
    night.post("sorry!", "lainepost", thread="p1", reply_to="p1")
    night.tick(5)
    until_opening(night)
    assert [key for key in said(night, "care") if not key.startswith("case:2")] == ["quiet:care:2026-11-24T06:00"]
    summary = night.paper("care").letters[0].shown[0]
    assert isinstance(summary, Notice)
    assert summary.title == "While this channel was quiet: 1 case waits, 1 was settled"


def test_the_summary_names_no_customer(night: Desk) -> None:
    night.post("late et, ask Mari Maasikas", "marimaasikas")
    night.tick()
    until_opening(night)
    assert "mari" not in str(night.paper("care").letters[0].shown[0]).casefold()


def test_a_restart_in_the_night_loses_nothing(night: Desk) -> None:
    night.post("late et", "mari")
    night.tick()
    night.restart()
    until_opening(night)
    assert said(night, "care")[:2] == ["quiet:care:2026-11-24T06:00", "case:1:1:0"]


def test_the_audit_takes_nothing_amiss_that_only_waits_for_the_opening(night: Desk) -> None:
    post = night.post("late et", "mari")
    night.tick()
    night.post("still no answer et", "mari", thread=post.thread_id)
    night.tick(1)
    night.tick(40)
    assert night.app.audit() == []
    night.clock.now = OPENING + minutes(6)
    assert {finding.kind for finding in night.app.audit()} >= {"messages not sent"}


def test_a_channel_that_is_not_quiet_hears_at_once(night: Desk) -> None:
    night.clock.now = NOON
    night.post("late et", "mari")
    night.tick()
    assert said(night, "care") == ["case:1:1:0"]


@given(
    begins=st.times(), ends=st.times(),
    now=st.timedeltas(timedelta(), timedelta(days=700)).map(lambda passed: NOON + passed),
    zone=st.sampled_from(["Europe/Tallinn", "Europe/Riga", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)  # fmt: skip
def test_a_quiet_channel_opens_within_a_day_and_is_open_then(begins: Any, ends: Any, now: datetime, zone: str) -> None:
    hours = f"{begins:%H:%M}-{ends:%H:%M}"
    if f"{begins:%H:%M}" == f"{ends:%H:%M}":
        return
    quiet = Quiet(quiet=hours, zone=zone)
    opening = quiet.opens(now)
    if opening is not None:
        assert now < opening <= now + timedelta(hours=26)
        assert quiet.opens(opening) is None
        assert quiet.opens(opening - timedelta(minutes=1)) == opening or opening - now < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("hours", "now", "opening"),
    [
        ("22:00-08:00", datetime(2026, 3, 28, 21, 0, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),
        ("22:00-03:30", datetime(2026, 3, 28, 23, 0, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("22:00-03:30", datetime(2026, 10, 25, 0, 45, tzinfo=UTC), None),
        ("22:00-03:30", datetime(2026, 10, 25, 1, 15, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("12:00-13:00", datetime(2026, 6, 1, 9, 0, tzinfo=UTC), datetime(2026, 6, 1, 10, 0, tzinfo=UTC)),
        ("12:00-13:00", datetime(2026, 6, 1, 10, 0, tzinfo=UTC), None),
    ],
)
def test_quiet_hours_keep_to_the_clock_on_the_wall(hours: str, now: datetime, opening: datetime | None) -> None:
    assert Quiet(quiet=hours, zone="Europe/Tallinn").opens(now) == opening


# What is told of mistakes

CARE = "  care:\n    type: console\n"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("routes:\n  - {language: ru, channel: manager}\n",
         "routes.0.channel: there is no channel 'manager'; did you mean 'managers'?"),
        ("routes:\n  - {language: rus, channel: managers}\n",
         "routes.0.language: there is no language 'rus'; did you mean 'ru'?"),
        ("routes:\n  - {topic: [billing, refunds], channel: managers}\n",
         "routes.0.topic: there is no topic 'refunds'; did you mean 'refund'?"),
        ("routes:\n  - {severity: high, channel: managers}\n", "routes.0.severity: there is no severity 'high'"),
        ("routes:\n  - {brand: Lainepost, channel: managers}\n", "routes.0.brand: there is no brand 'Lainepost'"),
        ("routes:\n  - {channel: managers}\n  - {language: ru, channel: managers}\n",
         "routes.0: takes every case, so those after it are never asked: put it last"),
        ("routes:\n  - {language: 7, channel: managers}\n", "routes.0.language: must be text"),
        ("routes:\n  - {language: ru, channels: managers}\n", "unknown key; did you mean 'channel'?"),
        ("routes: care\n", "routes: must be a list such as"),
    ],
)  # fmt: skip
def test_a_route_that_leads_nowhere_is_told_with_its_line(tmp_path: Path, written: str, told: str) -> None:
    text = SHIPPED + written
    line = SHIPPED.count("\n") + (2 if "- " in written else 1)
    assert f":{line}: " in mistake(tmp_path, text)
    assert told in mistake(tmp_path, text)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("quiet: 22-8, zone: Europe/Tallinn", "quiet must be hours such as 22:00-08:00, not '22-8'"),
        ("quiet: 22:00-25:00, zone: Europe/Tallinn", "quiet must be hours such as 22:00-08:00"),
        ("quiet: 22:00-22:00, zone: Europe/Tallinn", "begins when it ends"),
        ("quiet: 22:00-08:00, zone: Tallinn", "zone must be a time zone such as Europe/Tallinn, not 'Tallinn'"),
        ("quiet: 22:00-08:00", "channels.care.zone: is missing"),
        ("zone: Europe/Tallinn", "channels.care.quiet: is missing"),
    ],
)
def test_quiet_hours_that_are_none_are_told_of(tmp_path: Path, written: str, told: str) -> None:
    text = SHIPPED.replace(CARE, f"  care: {{type: console, {written}}}\n")
    assert told in mistake(tmp_path, text)


def test_routes_need_the_channel_that_they_lead_away_from(tmp_path: Path) -> None:
    text = SHIPPED.replace("care", "team") + "routes:\n  - {language: ru, channel: managers}\n"
    assert "routes: take cases from the channel 'care', and there is none of that name" in mistake(tmp_path, text)


def mistake(folder: Path, text: str) -> str:
    file = folder / "config.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as raised:
        load(file, {})
    return str(raised.value)
