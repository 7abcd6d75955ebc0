"""Processes of the monitor are killed in the middle of their work: nothing is lost, nothing is said twice."""

from datetime import datetime
from pathlib import Path

from alerts.base import Alert, Notice, Unknown
from alerts.case import State
from benchmarks.kill import kill_test
from tests.desk import Desk, Paper


def test_whatever_is_killed_every_complaint_is_told_once_and_in_full(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'monitor.db'}"
    findings, count = kill_test(tmp_path, database, rounds=8, processes=3, seed=20, trouble=0.05)
    assert findings.wrong == []
    assert count["kills"] >= 8
    assert findings.figures["messages"] >= findings.figures["cases"] > 0


def test_a_message_that_left_unnoticed_shows_the_answer_too(desk: Desk) -> None:
    complaint = desk.post("late!")
    desk.paper("care").trouble = [Unknown("killed before the reply came")]
    desk.tick()
    desk.post("Sorry!", "lainepost", thread=complaint.thread_id, reply_to=complaint.external_id)
    desk.ticks([1, 2])
    (letter,) = desk.paper("care").letters
    assert isinstance(letter.shown[-1], Alert)
    assert letter.shown[-1].case.state is State.ANSWERED


def test_a_message_that_left_unnoticed_shows_what_the_customer_wrote_since(desk: Desk) -> None:
    complaint = desk.post("late!")
    desk.paper("care").trouble = [Unknown("killed before the reply came")]
    desk.tick()
    desk.post("and broken!", thread=complaint.thread_id)
    desk.ticks([1, 2])
    (letter,) = desk.paper("care").letters
    assert isinstance(letter.shown[-1], Alert)
    assert [post.mention.text for post in letter.shown[-1].complaints] == ["late!", "and broken!"]


def test_an_answer_cancels_a_message_that_never_arrived(desk: Desk) -> None:
    complaint = desk.post("late!")
    desk.paper("care").trouble = [Unknown("lost on its way")]
    desk.tick()
    desk.paper("care").letters.clear()
    desk.post("Sorry!", "lainepost", thread=complaint.thread_id, reply_to=complaint.external_id)
    desk.ticks([1, 2])
    assert desk.paper("care").letters == []


def test_a_sender_that_was_held_up_leaves_the_message_to_the_next_one(small_desk: Desk) -> None:
    class Slow(Paper):
        def find(self, message: Alert | Notice, since: datetime) -> str | None:
            small_desk.clock.forward(3)
            return super().find(message, since)

    slow = Slow("care", clock=small_desk.clock)
    small_desk.app.channels["care"] = slow
    small_desk.post("late!")
    slow.trouble = [Unknown("lost on its way")]
    small_desk.tick()
    slow.letters.clear()
    small_desk.clock.forward(1)
    small_desk.app.deliver()
    assert slow.letters == []
