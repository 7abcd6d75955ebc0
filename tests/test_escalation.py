"""Escalation that people trust: in their hours, higher up when it is urgent, to who is on call, never forgotten."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts import case as moves
from alerts.base import Alert
from alerts.case import NotAllowed, State
from alerts.ladder import Ladder, Step
from monitor import rota
from monitor.app import App
from tests.desk import Desk, minutes
from tests.escalation_desk import CARE, at, called, escalation_desk, every, office


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = escalation_desk(tmp_path)
    yield made
    made.app.close()


@pytest.fixture
def either_desk(database: str, tmp_path: Path) -> Iterator[Desk]:
    """On a database of both kinds in turn."""
    made = escalation_desk(tmp_path, database, claim_lasts=minutes(500))
    yield made
    made.app.close()


def in_hours(folder: Path) -> Desk:
    desk = escalation_desk(folder, hours=office())
    desk.clock.now = at("2026-11-20 16:45")
    return desk


def claim(desk: Desk, who: str = "kadri") -> None:
    desk.app.act(1, lambda case, now: moves.claim(case, who, now))


def times(desk: Desk, paper: str = "care") -> list[str]:
    shown = [letter.shown[0].now for letter in desk.paper(paper).letters]
    return [f"{moment.astimezone(CARE.zone):%a %H:%M}" for moment in shown]


def test_a_complaint_of_friday_evening_is_shown_at_once_and_its_target_is_missed_on_monday(tmp_path: Path) -> None:
    desk = in_hours(tmp_path)
    desk.post("my parcel is late")
    desk.tick()
    assert desk.case.respond_by == at("2026-11-23 09:45")
    every(desk, 60, at("2026-11-23 08:45"))
    every(desk, 15, at("2026-11-23 10:00"))
    assert times(desk) == ["Fri 16:45", "Mon 09:15", "Mon 09:30"]
    assert times(desk, "managers") == ["Mon 09:45"]
    assert desk.app.audit() == []
    desk.app.close()


def test_an_urgent_complaint_of_the_weekend_does_not_wait_for_monday(tmp_path: Path) -> None:
    desk = in_hours(tmp_path)
    desk.clock.now = at("2026-11-21 03:00")
    desk.post("late! my lawyer will hear of it")
    desk.tick()
    every(desk, 5, at("2026-11-21 04:00"))
    assert desk.case.respond_by == at("2026-11-21 03:30")
    assert times(desk) == ["Sat 03:00", "Sat 03:10"]
    assert times(desk, "managers") == ["Sat 03:30"]
    desk.app.close()


def test_an_urgent_case_begins_higher_up_and_calls_who_is_on_call_at_once(desk: Desk) -> None:
    desk.post("late! my lawyer will hear of it")
    desk.ticks(range(0, 70, 5))
    assert called(desk) == [("boris",), ("lead",)]
    assert called(desk, "managers") == [("head",)]
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1"]


def test_a_case_that_turns_urgent_leaves_its_ladder_for_the_urgent_one_and_repeats_nothing(either_desk: Desk) -> None:
    desk = either_desk
    first = desk.post("my parcel is late")
    desk.ticks([0, 30])
    desk.clock.forward(5)
    desk.post("late! my lawyer will hear of it", thread=first.thread_id)
    desk.ticks(range(35, 120, 5))
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1", "case:1:1:2", "case:1:1:3"]
    assert called(desk) == [(), ("boris",), ("boris",), ("lead",)]
    assert times(desk)[2:] == ["Mon 14:35", "Mon 14:45"]
    managers = [letter.shown[0] for letter in desk.paper("managers").letters]
    assert [(shown.key, shown.step and shown.step.mention) for shown in managers if isinstance(shown, Alert)] == [
        ("case:1:1:4", ()),  # the last step of the ordinary ladder keeps its time
        ("case:1:1:5", ("head",)),
    ]
    assert times(desk, "managers") == ["Mon 15:00", "Mon 15:05"]
    assert desk.kinds().count("turned_urgent") == 1
    assert desk.app.audit() == []


def test_a_target_only_ever_moves_closer(desk: Desk) -> None:
    first = desk.post("my parcel is late")
    desk.tick()
    assert desk.case.respond_by == desk.clock() + minutes(60)
    desk.clock.forward(10)
    desk.post("late! my lawyer will hear of it", thread=first.thread_id)
    desk.tick()
    assert desk.case.respond_by == desk.clock() + minutes(30)
    desk.clock.forward(10)
    desk.post("my lawyer again, it is late", thread=first.thread_id)
    desk.tick()
    assert desk.case.respond_by == desk.clock() + minutes(20)


def test_a_claimed_or_snoozed_case_that_turns_urgent_is_said_all_the_same(desk: Desk) -> None:
    first = desk.post("my parcel is late")
    desk.tick()
    claim(desk)
    desk.app.act(1, lambda case, now: moves.snooze(case, "kadri", now, now + minutes(50)))
    desk.tick(5)
    desk.post("late! my lawyer will hear of it", thread=first.thread_id)
    desk.tick(1)
    assert called(desk) == [(), ("boris",)]
    desk.ticks([17])
    assert len(desk.paper("care").keys) == 2


def test_an_edit_can_make_a_case_urgent(desk: Desk) -> None:
    post = desk.post("my parcel is late")
    desk.tick()
    desk.edit(post, "my parcel is late and my lawyer knows")
    desk.clock.forward(1500)
    desk.app.tick()
    assert desk.case.urgent
    assert desk.kinds().count("turned_urgent") == 1


def test_an_urgent_customer_who_complains_again_stays_urgent(desk: Desk) -> None:
    first = desk.post("late! my lawyer will hear of it")
    desk.tick()
    desk.app.act(1, lambda case, now: moves.answer(case, "kadri", now))
    desk.clock.forward(100)
    desk.post("still late", thread=first.thread_id)
    desk.tick()
    assert (desk.case.round, desk.case.urgent_at, desk.case.urgent_from) == (2, desk.clock(), 0)
    assert desk.case.respond_by == desk.clock() + minutes(30)
    assert desk.paper("care").keys[-1] == "case:1:2:0"


def test_a_brand_without_an_urgent_ladder_climbs_the_one_it_has(tmp_path: Path) -> None:
    desk = escalation_desk(tmp_path, urgent=None)
    first = desk.post("my parcel is late")
    desk.tick()
    desk.post("late! my lawyer will hear of it", thread=first.thread_id)
    desk.ticks(range(1, 90, 4))
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1", "case:1:1:2"]
    assert desk.paper("managers").keys == ["case:1:1:3"]
    desk.app.close()


def test_the_thread_is_looked_up_before_the_last_step_of_each_ladder(desk: Desk) -> None:
    first = desk.post("my parcel is late", thread="t")
    desk.ticks([0, 30])
    desk.clock.forward(5)
    desk.post("late! my lawyer will hear of it", thread=first.thread_id)
    asked = []
    for minute in range(35, 80):
        desk.ticks([minute])
        if len(desk.platform.threads_asked) > len(asked):
            asked.append(minute)
    assert asked == [58, 63]
    assert times(desk, "managers") == ["Mon 15:00", "Mon 15:05"]


def test_an_answer_found_before_the_last_step_of_the_urgent_ladder_spares_the_managers(desk: Desk) -> None:
    complaint = desk.post("late! my lawyer will hear of it", thread="t")
    desk.ticks([0, 10, 20])
    desk.platform.search_lags = True
    desk.post("We are on it!", "lainepost", thread="t", reply_to=complaint.external_id)
    desk.ticks(range(21, 60))
    assert desk.case.state is State.ANSWERED
    assert desk.paper("managers").keys == []


def test_who_is_on_call_is_asked_when_the_step_is_sent(either_desk: Desk) -> None:
    desk = either_desk
    desk.clock.now = at("2026-11-23 08:50")  # ten minutes before Boris takes over from Anna
    desk.post("my parcel is late")
    desk.tick()
    desk.tick(30)
    assert called(desk) == [(), ("boris",)]
    desk.clock.now = at("2026-11-30 08:25")
    desk.post("broken", "jaan")
    desk.tick()
    rota.override(desk.app.store, CARE, "teet", at("2026-11-30 12:00"), "kadri", desk.clock())
    desk.tick(30)
    assert called(desk)[-1] == ("teet",)


FORGETFUL = minutes(20)


def test_who_claims_and_forgets_is_asked_once_and_then_the_case_is_anybodys(tmp_path: Path) -> None:
    desk = escalation_desk(tmp_path, claim_lasts=FORGETFUL)
    desk.post("my parcel is late")
    desk.tick()
    claim(desk)
    desk.ticks(range(1, 40))
    assert desk.paper("care").keys == ["case:1:1:0", "call:1:0"]
    assert times(desk)[-1] == "Mon 14:20"
    assert (desk.case.state, desk.case.assignee) == (State.CLAIMED, "kadri")
    desk.ticks([40])
    assert (desk.case.state, desk.case.assignee) == (State.OPEN, None)
    assert desk.kinds()[-3:] == ["escalated", "handed_on", "alerted"]
    assert desk.paper("care").keys[-1] == "case:1:1:1"  # the nudge of minute 30, which had been passed in silence
    desk.ticks(range(41, 120))
    assert desk.paper("care").keys == ["case:1:1:0", "call:1:0", "case:1:1:1", "case:1:1:2"]
    assert desk.paper("managers").keys == ["case:1:1:3"]
    assert desk.kinds().count("reminded") == desk.kinds().count("handed_on") == 1
    assert desk.app.audit() == []
    desk.app.close()


def test_a_snooze_is_a_sign_of_life(tmp_path: Path) -> None:
    desk = escalation_desk(tmp_path, claim_lasts=FORGETFUL)
    desk.post("my parcel is late")
    desk.tick()
    claim(desk)
    desk.ticks([20])
    desk.app.act(1, lambda case, now: moves.snooze(case, "kadri", now, now + minutes(15)))
    desk.ticks(range(21, 55))
    assert desk.case.state is State.CLAIMED
    assert desk.kinds().count("reminded") == 1
    desk.ticks([55])
    assert desk.kinds().count("reminded") == 2
    desk.ticks(range(56, 76))
    assert desk.case.state is State.OPEN
    desk.app.close()


def test_a_colleague_who_takes_over_has_all_the_time_again(tmp_path: Path) -> None:
    desk = escalation_desk(tmp_path, claim_lasts=FORGETFUL)
    desk.post("my parcel is late")
    desk.tick()
    claim(desk)
    desk.ticks([20, 30])
    desk.app.act(1, lambda case, now: moves.assign(case, "kadri", now, "liis"))
    desk.ticks(range(31, 50))
    assert (desk.case.assignee, desk.kinds().count("reminded")) == ("liis", 1)
    desk.ticks([50])
    assert desk.kinds().count("reminded") == 2
    assert desk.paper("care").keys[-3:] == ["call:1:0", "call:1:1", "call:1:2"]
    desk.app.close()


def test_after_hours_of_standstill_the_claimant_is_asked_first_and_has_her_time(tmp_path: Path) -> None:
    desk = escalation_desk(tmp_path, claim_lasts=FORGETFUL)
    desk.post("my parcel is late")
    desk.tick()
    claim(desk)
    desk.ticks([300])
    assert (desk.case.state, desk.kinds().count("reminded")) == (State.CLAIMED, 1)
    desk.ticks([319])
    assert desk.case.state is State.CLAIMED
    desk.ticks([320])
    assert desk.case.state is State.OPEN
    desk.app.close()


def test_a_reminder_that_comes_too_late_is_not_sent(tmp_path: Path) -> None:
    desk = escalation_desk(tmp_path, claim_lasts=FORGETFUL)
    desk.post("my parcel is late")
    desk.tick()
    claim(desk)
    desk.clock.forward(20)
    desk.app.escalate()
    desk.app.act(1, lambda case, now: moves.answer(case, "kadri", now))
    desk.tick()
    assert desk.paper("care").keys == ["case:1:1:0"]
    desk.app.close()


def test_a_claim_lasts_through_the_night(tmp_path: Path) -> None:
    desk = escalation_desk(tmp_path, hours=office(), claim_lasts=FORGETFUL)
    desk.clock.now = at("2026-11-20 16:45")
    desk.post("my parcel is late")
    desk.tick()
    claim(desk)
    every(desk, 60, at("2026-11-23 08:45"))
    every(desk, 5, at("2026-11-23 09:20"))
    assert times(desk)[-1] == "Mon 09:05"
    assert desk.case.state is State.CLAIMED
    every(desk, 5, at("2026-11-23 09:25"))
    assert desk.case.state is State.OPEN
    desk.app.close()


def test_a_brand_names_its_urgent_ladder_and_one_no_longer_configured_climbs_the_default(tmp_path: Path) -> None:
    desk = escalation_desk(tmp_path, urgent=None)
    swift = Ladder(target=minutes(5), steps=(Step(after=timedelta(), channel="managers"),))
    brands = {"Lainepost": replace(desk.config.brands["Lainepost"], urgent_ladder="swift")}
    desk.config = replace(desk.config, brands=brands, ladders=desk.config.ladders | {"swift": swift})
    desk.app.close()
    desk.app = App(desk.config, desk.clock)
    desk.post("late! my lawyer will hear of it")
    desk.tick()
    assert desk.paper("managers").keys == ["case:1:1:0"]
    assert desk.config.ladder("a brand of last year") == desk.config.ladders["default"]
    desk.app.close()


def test_a_case_that_nobody_has_cannot_be_put_to_sleep_into_the_past(desk: Desk) -> None:
    desk.post("my parcel is late")
    desk.tick()
    with pytest.raises(NotAllowed, match="must end in the future"):
        desk.app.act(1, lambda case, now: moves.snooze(case, "kadri", now, now))
