"""Storms: many complain of one thing at once. When that is noticed, how it is shown, and how it ends."""

import random
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom
from sqlalchemy import func, select

from alerts import blocks, incident
from alerts.base import Alert, Incident, Permanent, Transient
from alerts.case import State
from alerts.console import Console
from alerts.storm import MEMORY, Usual, breaks_out, by_chance, calmed, learn
from alerts.voice import Voice
from benchmarks.storms import BRANDS, START, TOPICS, WEEK, Brand, Watcher, alarms, delay, weeks_of
from monitor.app import App
from monitor.config.model import Storms
from monitor.schema import storms
from tests.desk import NOON, OPTIONS, Clock, Desk, minutes
from tests.servers.slack_rules import check_message
from tests.test_config import changed, mistakes
from tests.test_slack import VOICES

DAY = 24 * 60


def flat(rate: float, bunched: float = 0.25) -> Usual:
    return Usual(rates=(rate,) * 168, bunched=bunched)


def every(gap: float, number: int) -> list[Any]:
    """So many complaints, the last one now."""
    return [NOON - minutes(gap * back) for back in range(number)][::-1]


# the test itself


def test_many_at_once_are_a_storm_and_the_usual_is_none() -> None:
    surge = breaks_out(every(1, 8), flat(0.5), NOON, "normal", 6)
    assert surge is not None
    assert (surge.people, surge.since) == (8, NOON - minutes(7))
    assert breaks_out(every(1, 8), flat(60), NOON, "normal", 6) is None
    assert breaks_out(every(1, 5), flat(0.01), NOON, "normal", 6) is None
    assert breaks_out(every(6, 9), flat(0.3), NOON, "normal", 6) is not None


def test_what_was_the_case_just_before_is_no_news() -> None:
    busy = every(2, 100)
    assert breaks_out(busy, flat(1), NOON, "normal", 6) is None
    assert breaks_out([*busy[:-30], *every(0.2, 60)], flat(1), NOON, "normal", 6) is not None


def test_the_sensitivities_stand_in_their_order() -> None:
    found = [
        [breaks_out(every(60 / number, number), flat(2), NOON, said, 3) is not None for number in range(3, 40)].index(
            True
        )
        for said in ("high", "normal", "low")
    ]
    assert found == sorted(set(found))


@given(st.integers(0, 400), st.floats(0.001, 1000), st.floats(0.0001, 3))
@settings(max_examples=200, deadline=None)
def test_chance_is_that_of_a_negative_binomial(count: int, expected: float, bunched: float) -> None:
    size = 1 / bunched
    tail = nbinom.sf(count - 1, size, size / (size + expected))
    assert by_chance(count, expected, bunched) == pytest.approx(1 if count <= expected else tail, rel=1e-4, abs=1e-100)


def test_each_hour_of_the_week_has_a_usual_of_its_own_and_storms_are_not_taken_for_it() -> None:
    since = NOON - timedelta(weeks=8)
    noons = [since + timedelta(days=day, minutes=5 * number) for day in range(56) for number in range(4)]
    storm = [NOON - timedelta(days=2, hours=6) + minutes(number / 10) for number in range(400)]
    calm = learn(noons, since, NOON)
    hour = NOON.weekday() * 24 + 12
    assert calm.rates[hour] > 1.8 > 0.2 > calm.rates[hour - 8]
    cut = learn([*noons, *storm], since, NOON, storms=[(storm[0], storm[-1])])
    assert cut.rates == pytest.approx(calm.rates, rel=0.2, abs=0.01)
    unnoticed = learn([*noons, *storm], since, NOON)
    assert max(unnoticed.rates) < 5


def test_with_little_known_the_usual_leans_on_the_whole() -> None:
    day = [NOON - timedelta(hours=hour) for hour in range(24)]
    learnt = learn(day, NOON - timedelta(days=1), NOON)
    assert min(learnt.rates) > 0.5
    assert max(learnt.rates) < 1.5
    assert max(learn([], NOON - MEMORY, NOON).rates) < 0.01


def test_it_is_over_only_when_it_is_nearly_as_usual() -> None:
    assert calmed([], flat(0), NOON)
    assert not calmed(every(5, 6), flat(1), NOON)
    assert calmed(every(5, 6), flat(6), NOON)


def test_on_simulated_weeks_storms_are_noticed_in_minutes_and_seldom_imagined() -> None:
    dice = random.Random(7)
    brand = next(brand for brand in BRANDS if brand.name == "medium")
    since = START + 4 * WEEK
    false, delays = 0, []
    for share in TOPICS[:3]:
        complained = weeks_of(brand, share, 6, dice)
        watcher = Watcher(complained, Storms())
        false += len(alarms(complained, watcher.storm, since))
        begun = since + timedelta(days=dice.uniform(0, 13))
        delays += [delay(complained, begun, size, watcher.storm, dice) for size in (80, 160)]
    assert false <= 1
    assert all(found is not None and found < 25 for found in delays)


def test_a_brand_that_is_always_loud_is_never_in_a_storm_for_that() -> None:
    complained = weeks_of(Brand("loud", 60), 0.5, 2, random.Random(1))
    watcher = Watcher(complained, Storms())
    assert len(alarms(complained, watcher.storm, START + WEEK)) <= 1


# the desk


@pytest.fixture
def known(desk: Desk) -> Desk:
    """A desk whose brand has been listened to for two days."""
    return listening(desk)


@pytest.fixture
def small_known(small_desk: Desk) -> Desk:
    return listening(small_desk)


def listening(desk: Desk) -> Desk:
    desk.post("good morning, Lainepost", "jaan")
    desk.tick()
    desk.tick(2 * DAY)
    return desk


def storm(desk: Desk, people: int = 8, word: str = "late", start: int = 0) -> None:
    """So many people complain, one a minute."""
    for number in range(start, start + people):
        desk.clock.forward(1)
        desk.post(f"my parcel is {word}", f"customer{number}")
        desk.tick()


def heading(desk: Desk) -> Any:
    (letter,) = [letter for letter in desk.paper("care").letters if letter.key == "storm:1"]
    return letter


def test_an_incident_takes_the_place_of_a_wall_of_alerts(known: Desk) -> None:
    storm(known, 30)
    care = known.paper("care")
    alone = [letter for letter in care.letters if letter.thread is None]
    assert [letter.key for letter in alone] == [*(f"case:{number}:1:0" for number in range(1, 6)), "storm:1"]
    inside = [letter for letter in care.letters if letter.thread == heading(known).reference]
    assert [letter.key for letter in inside] == [f"case:{number}:1:0" for number in range(6, 31)]
    assert len(known.stories) == 30


def test_the_counter_is_edited_at_most_once_a_minute(known: Desk) -> None:
    storm(known, 10)
    for number in range(10, 40):
        known.clock.forward(0.1)
        known.post("late", f"customer{number}")
        known.tick()
    shown = heading(known).shown
    times = [message.now for message in shown]
    assert all(later - earlier >= minutes(1) for earlier, later in pairwise(times[1:]))
    known.tick(1)
    last = heading(known).shown[-1]
    assert isinstance(last, Incident)
    assert (last.complaints, last.waiting, last.apart) == (40, 40, (1, 2, 3, 4, 5))
    assert sum(count for _, count in last.counts) == 40


def test_each_case_keeps_its_clock_and_its_later_steps(known: Desk) -> None:
    storm(known, 8)
    known.tick(31)
    known.tick(15)
    known.tick(15)
    letters = {letter.key: letter for letter in known.paper("care").letters}
    root = heading(known).reference
    assert letters["case:8:1:0"].thread == root
    shown = letters["case:8:1:1"].shown[0]
    assert isinstance(shown, Alert)
    assert (shown.incident, shown.root) == (root, letters["case:8:1:0"].reference)
    late = {letter.key: letter.thread for letter in known.paper("managers").letters}
    assert late["case:8:1:3"] is None
    assert known.app.audit() == []


def test_an_urgent_case_is_shown_for_itself(known: Desk) -> None:
    storm(known, 7)
    classify = known.app.classifier.classify
    told = {"classify": lambda texts: [replace(said, severity="urgent") for said in classify(texts)]}
    known.app.classifier.__dict__.update(told)
    storm(known, 1, "broken and on fire", 7)
    urgent = next(letter for letter in known.paper("care").letters if letter.key == "case:8:1:0")
    assert urgent.thread is None


def test_the_storm_ends_by_itself_and_says_so_once(known: Desk) -> None:
    storm(known, 9)
    for _ in range(8):
        known.tick(8)
    last = heading(known).shown[-1]
    ends = [letter for letter in known.paper("care").letters if letter.key == "storm:1:end"]
    assert last.ended_at is not None
    assert [letter.thread for letter in ends] == [heading(known).reference]
    assert minutes(30) <= last.ended_at - (NOON + timedelta(days=2)) <= minutes(75)
    known.post("late", "latecomer")
    known.tick(1)
    told = {letter.key: letter.thread for letter in known.paper("care").letters}
    assert told["case:10:1:0"] is None
    storm(known, 12, start=100)
    assert "storm:2" in known.paper("care").keys


def test_answers_are_counted_after_the_end_too(known: Desk) -> None:
    storm(known, 8)
    for _ in range(9):
        known.tick(10)
    for post in [post for post in known.platform.posts if post.author.startswith("customer")]:
        known.post("sorry!", "lainepost", thread=post.thread_id, reply_to=post.external_id)
    known.tick(1)
    known.tick(2)
    last = heading(known).shown[-1]
    assert (last.waiting, last.answered) == (0, 8)
    assert {story.case.state for story in known.stories} == {State.ANSWERED}


def test_restarts_and_repeated_passes_change_nothing(known: Desk) -> None:
    for number in range(20):
        known.clock.forward(1)
        known.post("late", f"customer{number}")
        known.tick()
        known.restart()
        known.app.storms()
        known.tick()
    keys = known.paper("care").keys
    assert len(keys) == len(set(keys))
    assert keys.count("storm:1") == 1
    with known.app.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(storms)) == 1


def test_on_the_first_day_nothing_is_called_a_storm(small_desk: Desk) -> None:
    small_desk.post("good morning, Lainepost", "jaan")
    small_desk.tick()
    storm(small_desk, 20)
    assert "storm:1" not in small_desk.paper("care").keys
    assert len(small_desk.paper("care").letters) == 20


def test_one_angry_customer_is_no_storm(small_known: Desk) -> None:
    for _ in range(20):
        small_known.clock.forward(1)
        small_known.post("late", "mari")
        small_known.tick()
    assert small_known.paper("care").keys == ["case:1:1:0"]


def test_a_storm_whose_message_is_refused_hides_no_case(small_known: Desk) -> None:
    storm(small_known, 5)
    small_known.paper("care").trouble = [Permanent("the message is too long")]
    storm(small_known, 6, start=5)
    told = {letter.key: letter.thread for letter in small_known.paper("care").letters}
    assert {f"case:{number}:1:0" for number in range(1, 12)} <= set(told)
    assert set(told.values()) == {None}
    assert "storm:1:fallback" in small_known.paper("duty").keys


def test_cases_wait_for_the_incidents_message(small_known: Desk) -> None:
    storm(small_known, 5)
    small_known.paper("care").trouble = [Transient("busy"), Transient("busy")]
    storm(small_known, 4, start=5)
    small_known.tick(1)
    small_known.tick(1)
    care = small_known.paper("care")
    root = heading(small_known).reference
    assert all(letter.thread == root for letter in care.letters[6:])
    assert len(care.letters) == 10


def test_a_brand_that_does_not_want_it_gets_every_alert(tmp_path: Path) -> None:
    desk = Desk(f"sqlite:///{tmp_path / 'monitor.db'}", tmp_path)
    desk.app.close()
    brand = replace(desk.config.brands["Lainepost"], storms=Storms(watch=False))
    desk.config = replace(desk.config, brands={"Lainepost": brand})
    desk.app = App(desk.config, desk.clock)
    storm(listening(desk), 10)
    assert len([letter for letter in desk.paper("care").letters if letter.thread is None]) == 10
    desk.app.close()


# how it looks


def sample(**more: Any) -> Incident:
    facts: dict[str, Any] = {
        "key": "storm:3", "now": NOON + minutes(20), "id": 3, "brand": "Põhjasild", "topic": "outage",
        "started_at": NOON, "ended_at": None, "usual": 1.6, "stretch": minutes(5),
        "counts": tuple((NOON + minutes(5 * number), count) for number, count in enumerate([0, 1, 9, 44, 23], -2)),
        "complaints": 77, "waiting": 70, "answered": 7, "late": 0, "respond_by": NOON + minutes(60),
        "apart": (4, 5, 6), "root": None,
    }  # fmt: skip
    return Incident(**facts | more)


@given(
    brand=st.text(max_size=300), topic=st.text(max_size=30), counts=st.lists(st.integers(0, 10**6), max_size=10),
    apart=st.lists(st.integers(1, 10**9), max_size=50).map(tuple), ended=st.booleans(), waiting=st.integers(0, 9999),
    say=VOICES,
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_slack_takes_every_incident(
    brand: str, topic: str, counts: list[int], apart: tuple[int, ...], ended: bool, waiting: int, say: Voice
) -> None:
    made = sample(
        brand=brand, topic=topic, apart=apart, waiting=waiting, ended_at=NOON + minutes(90) if ended else None,
        counts=tuple((NOON + minutes(number), count) for number, count in enumerate(counts)) or ((NOON, 1),),
    )  # fmt: skip
    check_message(*blocks.render(made, say))
    check_message(*blocks.standing(made, say))
    check_message(*blocks.render(sample(brand=brand, root="C1:1"), say))


def test_the_bars_compare_and_fit_a_phone() -> None:
    bars = ["".join(str(part) for part in bar[1:]) for bar in incident.bars(sample())]
    assert bars[0].strip() == "·"
    assert bars[1].strip().endswith("1")
    assert bars[3].count("▇") == 16 > bars[4].count("▇") > bars[2].count("▇") > bars[1].count("▇") == 1


def test_the_terminal_tells_of_a_storm_and_of_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console("care", OPTIONS, clock=Clock())
    console.send(sample())
    console.update(sample(complaints=80))
    console.send(sample(root="storm:3", ended_at=NOON + minutes(90)))
    said = capsys.readouterr().out
    assert "⛈️ Storm: Põhjasild · outages · 77 complaints since 12:00 UTC" in said
    assert "70 waiting · 7 answered · first answer due 13:00 UTC" in said
    assert "80 complaints" in said
    assert "The storm is over" in said


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("{at_least: 1}", "must be at least 3"),
        ("{channel: cares}", "there is no channel 'cares'; did you mean 'care'?"),
        ("{sensitivity: hihg}", "sensitivity"),
        ("{atleast: 5}", "unknown key; did you mean 'at_least'?"),
        ("{watch: maybe}", "must be true or false"),
    ],
)
def test_mistakes_in_the_storms_section_are_explained(tmp_path: Path, written: str, why: str) -> None:
    (told,) = mistakes(tmp_path, changed("    ladder: default\n", f"    ladder: default\n    storms: {written}\n"))
    assert why in told
    assert "storms" in told
