"""From a post to an answer: the loop as a care team lives it, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from alerts import case as moves
from alerts.base import Alert, Notice, Permanent, Transient, Unknown
from alerts.case import NotAllowed, State, Stop
from connectors.base import Broken
from monitor.schema import cases
from tests.desk import NOON, Desk, Paper, minutes


def test_a_complaint_climbs_the_ladder_until_the_target_is_missed(desk: Desk) -> None:
    desk.post("my parcel is late, Lainepost")
    desk.ticks(range(0, 120, 5))
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1", "case:1:1:2"]
    assert desk.paper("managers").keys == ["case:1:1:3"]
    at = [letter.shown[0].now - NOON for letter in desk.paper("care").letters]
    assert at == [minutes(0), minutes(30), minutes(45)]
    assert desk.paper("managers").letters[0].shown[0].now == NOON + minutes(60)
    assert desk.case.breached(desk.clock())


def test_later_steps_go_into_the_thread_of_the_first_message(desk: Desk) -> None:
    desk.post("late again, Lainepost")
    desk.ticks([0, 31, 46, 61])
    care = desk.paper("care").letters
    assert [letter.thread for letter in care] == [None, care[0].reference, care[0].reference]
    managers = desk.paper("managers").letters[0].shown[0]
    assert isinstance(managers, Alert)
    assert managers.elsewhere == f"https://paper.example/{care[0].reference}"


def test_praise_and_questions_open_no_case(desk: Desk) -> None:
    desk.post("thank you Lainepost, arrived in a day")
    desk.post("when does Lainepost open on Saturday?")
    desk.tick()
    assert desk.stories == []
    assert desk.paper("care").letters == []


def test_the_brands_reply_stops_the_clock_at_the_moment_of_the_reply(desk: Desk) -> None:
    complaint = desk.post("broken screen, Lainepost")
    desk.tick()
    desk.clock.forward(20)
    desk.post("We are sorry!", "lainepost", thread=complaint.thread_id, reply_to=complaint.external_id, ago=3)
    desk.tick(1)
    assert desk.case.state is State.ANSWERED
    assert desk.case.stopped_by is Stop.BRAND_REPLY
    assert desk.case.stopped_at == NOON + minutes(17)
    desk.ticks(range(25, 90, 5))
    assert desk.paper("care").keys == ["case:1:1:0"]
    assert desk.paper("care").letters[0].shown[-1].case.state is State.ANSWERED  # type: ignore[union-attr]


def test_an_agents_personal_handle_counts_as_the_brand(desk: Desk) -> None:
    complaint = desk.post("it is late")
    desk.post("Looking into it /Anna", "Anna_LP", thread=complaint.thread_id, reply_to=complaint.external_id)
    desk.tick()
    assert desk.case.state is State.ANSWERED


def test_a_complaint_answered_before_it_was_found_alerts_nobody_but_is_counted(desk: Desk) -> None:
    complaint = desk.post("late!", ago=30)
    desk.post("Sorry!", "lainepost", thread=complaint.thread_id, reply_to=complaint.external_id, ago=10)
    desk.tick()
    assert desk.case.state is State.ANSWERED
    assert desk.case.stopped_at == NOON - minutes(10)
    assert desk.paper("care").letters == []


def test_a_reply_seen_before_the_complaint_still_answers_it(desk: Desk) -> None:
    reply = desk.post("Sorry!", "lainepost", thread="t", reply_to="c")
    desk.tick()
    desk.post("late!", thread="t", external_id="c", ago=5)
    desk.tick(1)
    assert desk.case.state is State.ANSWERED
    assert desk.case.stopped_at == reply.posted_at


def test_a_reply_to_one_customer_leaves_the_other_waiting(desk: Desk) -> None:
    first = desk.post("late!", "mari", thread="t")
    second = desk.post("mine is broken too", "jaan", thread="t", reply_to=first.external_id)
    desk.tick()
    desk.clock.forward(1)
    desk.post("Mari, sorry!", "lainepost", thread="t", reply_to=first.external_id)
    desk.tick()
    states = {story.case.author: story.case.state for story in desk.stories}
    assert states == {"mari": State.ANSWERED, "jaan": State.OPEN}
    desk.clock.forward(1)
    more = desk.post("and …", "lainepost", thread="t", reply_to=second.external_id)
    desk.post("… a second part", "lainepost", thread="t", reply_to=more.external_id)
    desk.tick()
    assert {story.case.state for story in desk.stories} == {State.ANSWERED}


def test_a_reply_to_an_unknown_post_answers_whom_it_names(desk: Desk) -> None:
    desk.post("late!", "mari", thread="t")
    desk.post("broken!", "jaan", thread="t")
    desk.tick()
    desk.clock.forward(1)
    desk.post("@Jaan sorry!", "lainepost", thread="t", reply_to="never-seen")
    desk.tick()
    assert {story.case.author: story.case.state for story in desk.stories} == {
        "mari": State.OPEN,
        "jaan": State.ANSWERED,
    }


def test_a_new_thread_of_the_brand_answers_nobody(desk: Desk) -> None:
    desk.post("late!", thread="t")
    desk.tick()
    desk.clock.forward(1)
    desk.post("Our new parcel lockers!", "lainepost")
    desk.tick()
    assert desk.case.state is State.OPEN


def test_a_closing_thanks_neither_reopens_nor_restarts(desk: Desk) -> None:
    complaint = desk.post("late!", thread="t")
    desk.tick()
    desk.clock.forward(5)
    desk.post("Sorry!", "lainepost", thread="t", reply_to=complaint.external_id)
    desk.tick()
    desk.clock.forward(5)
    desk.post("thanks!", "mari", thread="t")
    desk.tick()
    assert desk.case.state is State.ANSWERED
    assert desk.case.round == 1


def test_complaining_again_after_an_answer_starts_a_new_round(desk: Desk) -> None:
    complaint = desk.post("late!", thread="t")
    desk.tick()
    desk.clock.forward(5)
    desk.post("Sorry!", "lainepost", thread="t", reply_to=complaint.external_id)
    desk.tick()
    desk.clock.forward(60)
    desk.post("still late!", "mari", thread="t")
    desk.tick()
    assert (desk.case.state, desk.case.round) == (State.OPEN, 2)
    assert desk.case.respond_by == desk.clock() + minutes(60)
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:2:0"]
    assert desk.paper("care").letters[1].thread == desk.paper("care").letters[0].reference


def test_a_second_post_extends_the_case_and_does_not_restart_its_clock(desk: Desk) -> None:
    desk.post("late!", thread="t")
    desk.tick()
    desk.clock.forward(10)
    desk.post("still late, refund please", "mari", thread="t")
    desk.tick()
    assert desk.case.respond_by == NOON + minutes(60)
    (letter,) = desk.paper("care").letters
    assert [complaint.mention.text for complaint in letter.shown[-1].complaints] == [  # type: ignore[union-attr]
        "late!",
        "still late, refund please",
    ]


def test_a_claim_silences_the_nudges_but_not_the_last_step(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    desk.app.act(1, lambda case, now: moves.claim(case, "kadri", now))
    desk.ticks(range(5, 90, 5))
    assert desk.paper("care").keys == ["case:1:1:0"]
    assert desk.paper("managers").keys == ["case:1:1:3"]
    assert desk.kinds().count("silenced") == 2


def test_two_people_claim_and_the_second_is_told_who_was_first(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    desk.app.act(1, lambda case, now: moves.claim(case, "kadri", now))
    with pytest.raises(NotAllowed, match="kadri"):
        desk.app.act(1, lambda case, now: moves.claim(case, "jaan", now))


def test_a_snooze_holds_the_nudges_back_until_it_ends(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    desk.clock.forward(25)
    desk.app.act(1, lambda case, now: moves.snooze(case, "kadri", now, now + minutes(15)))
    desk.ticks([26, 30, 39, 40, 44, 45, 60, 80])
    at = [letter.shown[0].now - NOON for letter in desk.paper("care").letters]
    assert at == [minutes(0), minutes(40), minutes(45)]


def test_a_dismissed_case_falls_silent_and_can_be_reopened(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    desk.app.act(1, lambda case, now: moves.dismiss(case, "kadri", now, "spam"))
    desk.ticks(range(1, 40, 3))
    assert desk.paper("care").keys == ["case:1:1:0"]
    desk.app.act(1, lambda case, now: moves.reopen(case, "kadri", now))
    desk.tick()
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1"]
    assert desk.case.respond_by == NOON + minutes(60)


def test_a_deleted_complaint_is_withdrawn_and_forgotten(desk: Desk) -> None:
    post = desk.post("late! call me at 5551234")
    desk.tick()
    desk.platform.gone.add(post.external_id)
    desk.ticks([30, 60 * 25, 60 * 25 + 1])
    assert desk.case.state is State.WITHDRAWN
    (story,) = desk.stories
    assert story.complaints[0].deleted
    assert "5551234" not in story.complaints[0].mention.text
    last = desk.paper("care").letters[0].shown[-1]
    assert isinstance(last, Alert)
    assert last.complaints[0].mention.text == "" == last.complaints[0].mention.author


def test_an_edited_complaint_is_shown_as_it_is_now(desk: Desk) -> None:
    post = desk.post("late!")
    desk.tick()
    desk.edit(post, "late, and broken!")
    desk.ticks([60 * 25, 60 * 25 + 1])
    last = desk.paper("care").letters[0].shown[-1]
    assert isinstance(last, Alert)
    assert last.complaints[0].mention.text == "late, and broken!"


def test_an_edit_can_make_a_complaint_of_a_post(desk: Desk) -> None:
    post = desk.post("Lainepost …", external_id="p")
    desk.tick()
    assert desk.stories == []
    desk.edit(post, "Lainepost … is late")
    desk.platform.posts.append(desk.platform.posts[0])  # the platform's pages overlap
    desk.tick(1)
    assert desk.case.state is State.OPEN


def test_just_before_the_last_step_the_thread_is_asked_once_more(desk: Desk) -> None:
    complaint = desk.post("late!", thread="t")
    desk.ticks([0, 30, 45])
    desk.clock.now = NOON + minutes(57)
    desk.post("Sorry!", "lainepost", thread="t", reply_to=complaint.external_id)
    desk.platform.search_lags = True
    desk.ticks([58, 60, 70])
    assert desk.platform.threads_asked == ["t"]
    assert desk.case.state is State.ANSWERED
    assert desk.paper("managers").letters == []


def test_a_platform_that_does_not_say_does_not_hold_up_the_ladder(desk: Desk) -> None:
    desk.post("late!", thread="t")
    desk.tick()
    desk.platform.fails = Transient("out of order")
    desk.ticks([30, 45, 58, 60])
    assert desk.paper("managers").keys == ["case:1:1:3"]


def test_a_restart_neither_loses_nor_repeats_a_step(desk: Desk) -> None:
    desk.post("late!")
    for minute in range(0, 70, 5):
        desk.clock.now = NOON + minutes(minute)
        desk.tick()
        desk.restart()
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1", "case:1:1:2"]
    assert desk.paper("managers").keys == ["case:1:1:3"]


def test_missed_ticks_are_made_up_in_order(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    desk.tick(after=300)
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1", "case:1:1:2"]
    assert desk.paper("managers").keys == ["case:1:1:3"]


def test_a_clock_that_jumps_back_repeats_nothing(desk: Desk) -> None:
    desk.post("late!")
    desk.ticks([0, 31, 5, 0, 29, 31, 46])
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1", "case:1:1:2"]


def test_a_lost_reply_is_looked_for_and_not_sent_again(desk: Desk) -> None:
    desk.post("late!")
    desk.paper("care").trouble = [Unknown("no answer")]
    desk.tick()
    desk.ticks([1, 2, 3])
    assert desk.paper("care").keys == ["case:1:1:0"]
    assert "alerted" in desk.kinds()


def test_a_dead_channel_is_tried_again_until_it_lives(desk: Desk) -> None:
    desk.post("late!")
    desk.paper("care").trouble = [Transient("down")] * 5
    report = desk.tick()
    assert report.failures == ["channel care: down"]
    desk.ticks(range(1, 25, 2))
    assert desk.paper("care").keys == ["case:1:1:0"]


def test_a_refused_alert_reaches_the_fallback(desk: Desk) -> None:
    desk.post("late!")
    desk.paper("care").trouble = [Permanent("the channel is archived")]
    desk.tick()
    desk.tick(1)
    assert "case:1:1:0:fallback" in desk.paper("duty").keys


def test_an_answer_that_comes_first_cancels_what_has_not_been_sent(desk: Desk) -> None:
    desk.post("late!")
    desk.paper("care").trouble = [Transient("down")]
    desk.tick()
    desk.app.act(1, lambda case, now: moves.answer(case, "kadri", now))
    desk.ticks(range(1, 70, 5))
    assert desk.paper("care").letters == []


def test_an_answer_given_while_another_alert_is_sent_cancels_the_one_that_is_already_taken_up(desk: Desk) -> None:
    class Busy(Paper):
        def send(self, message: Alert | Notice) -> str:
            desk.app.act(2, lambda case, now: moves.answer(case, "kadri", now))
            return super().send(message)

    desk.app.channels["care"] = Busy("care", clock=desk.clock)
    desk.post("late!")
    desk.post("broken!", "jaan")
    desk.tick()
    assert desk.paper("care").keys == ["case:1:1:0"]


def test_complaints_that_are_found_late_are_each_shown_as_late(desk: Desk) -> None:
    desk.post("late!", ago=90)
    desk.post("broken!", "jaan", ago=80)
    desk.tick()
    assert [desk.kinds(case_id).count("breached") for case_id in (1, 2)] == [1, 1]
    first = [letter.shown[-1] for letter in desk.paper("care").letters if letter.thread is None]
    assert ["breached" in [event.kind for event in shown.timeline] for shown in first] == [True, True]  # type: ignore[union-attr]


def test_a_step_that_an_answer_cancelled_is_sent_when_the_answer_is_taken_back(desk: Desk) -> None:
    desk.post("late!")
    desk.paper("care").trouble = [Transient("down")]
    desk.tick()
    desk.app.act(1, lambda case, now: moves.answer(case, "kadri", now))
    desk.tick(2)
    desk.app.act(1, lambda case, now: moves.reopen(case, "kadri", now))
    desk.ticks([3, 30, 45, 60])
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1", "case:1:1:2"]


def test_what_a_database_can_not_hold_is_made_to_fit(desk: Desk) -> None:
    desk.post(
        "late!" + "\0\ud800" + "x" * 10_000_000,
        "m" * 5000,
        external_id="i" * 9000,
        thread="t" * 9000,
        lang="l" * 99,
        followers=2**60,
        ago=1_000_000_000,
    )
    assert desk.tick().failures == []
    assert desk.case.state is State.OPEN


def test_a_failing_source_stops_no_other_and_tells_no_secret(desk: Desk) -> None:
    desk.platform.fails = Permanent("bad password hunter2")
    report = desk.tick()
    assert report.failures == ["source chat: bad password •••"]
    desk.platform.fails = None
    desk.post("late!")
    desk.ticks([1, 2])
    assert desk.case.state is State.OPEN


def test_a_post_that_breaks_the_model_is_set_aside_and_the_others_are_read(desk: Desk) -> None:
    desk.post("late!")
    desk.post("poison")
    report = desk.tick()
    assert desk.case.state is State.OPEN
    assert len(report.failures) == 1
    assert "mention 2" in report.failures[0]


def test_what_can_not_be_read_is_told_once_and_again_the_next_day(desk: Desk) -> None:
    desk.platform.broken = [Broken(where="p7", why="no text"), Broken(where="p7", why="no text")]
    assert [desk.tick(after).left_out for after in (0, 5, 60 * 13, 5)] == [
        ["source chat: p7: no text"], [], ["source chat: p7: no text"], [],
    ]  # fmt: skip


def test_an_excluded_post_is_kept_with_its_reason_and_no_verdict(desk: Desk) -> None:
    desk.post("vacancy at Lainepost, don't be late")
    desk.tick()
    assert desk.stories == []
    assert desk.app.classifier.seen == []  # type: ignore[attr-defined]


def test_posts_on_many_pages_all_arrive_once(desk: Desk) -> None:
    desk.platform.page_size = 7
    for number in range(50):
        desk.post(f"late {number}", f"user{number}")
    desk.tick()
    assert len(desk.stories) == 50
    assert len(set(desk.paper("care").keys)) == len(desk.paper("care").keys) == 50


def test_a_page_that_leads_nowhere_is_not_asked_for_in_a_loop(desk: Desk) -> None:
    desk.platform.page_size = 0
    desk.post("late!")
    assert desk.tick().done["collect"] == 0
    desk.platform.page_size = 1
    desk.tick(1)
    assert desk.case.state is State.OPEN


def test_old_words_are_erased_and_the_figures_stay(desk: Desk) -> None:
    desk.post("a question, Lainepost")
    complaint = desk.post("late!", "jaan", thread="t")
    desk.tick()
    desk.post("Sorry!", "lainepost", thread="t", reply_to=complaint.external_id)
    desk.tick(1)
    desk.clock.now = NOON + timedelta(days=366 + 1)
    desk.platform.posts = []
    desk.tick()
    (story,) = desk.stories
    assert story.complaints[0].mention.text == ""
    assert story.complaints[0].verdict.why == ()
    assert story.case.author == "erased-1"
    assert story.case.stopped_by is Stop.BRAND_REPLY


def test_all_is_well_and_the_auditor_says_so(desk: Desk) -> None:
    desk.post("late!")
    desk.ticks(range(0, 70, 5))
    assert desk.app.audit() == []


def test_the_auditor_sees_a_step_that_nobody_sent(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    desk.clock.forward(40)
    kinds = {finding.kind for finding in desk.app.audit()}
    assert "late step" in kinds
    assert "quiet source" in kinds


def test_the_auditor_tells_the_audit_channel_once_an_hour(desk: Desk) -> None:
    desk.tick()
    desk.platform.fails = Transient("down")
    desk.ticks(range(1, 40, 3))
    assert len(desk.paper("duty").letters) in (1, 2)


def test_a_platform_that_says_everything_is_deleted_is_not_believed(small_desk: Desk) -> None:
    posts = [small_desk.post(f"late {number}", f"user{number}") for number in range(30)]
    small_desk.tick()
    small_desk.platform.gone = {post.external_id for post in posts}
    small_desk.tick(after=60 * 25)
    assert {story.case.state for story in small_desk.stories} == {State.OPEN}


def test_a_case_that_breaks_the_ladder_is_set_aside_and_the_others_climb(desk: Desk) -> None:
    desk.post("late!", "mari")
    desk.post("broken!", "jaan")
    desk.tick()
    with desk.app.store.write() as connection:
        connection.execute(update(cases).where(cases.c.id == 1).values(state="nonsense"))
    desk.clock.forward(30)
    report = desk.app.escalate()
    assert report.done == 1
    assert "case 1" in report.failures[0]
    assert desk.app.escalate().failures == ()
    desk.app.deliver()
    assert "case:2:1:1" in desk.paper("care").keys
