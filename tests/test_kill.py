"""Processes of the monitor are killed or frozen in the middle of their work: nothing is lost, nothing is said twice."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from alerts import case as moves
from alerts.base import Alert, Incident, Message, Notice, Transient, Unknown
from alerts.case import State
from benchmarks.kill import kill_test
from monitor.schema import outbox
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


class Frozen(Paper):
    """Has its sender frozen on the way, at the first message or at the first edit, while other things happen."""

    def __init__(self, desk: Desk, meanwhile: Callable[[], object], *, at_an_edit: bool = False) -> None:
        super().__init__("care", clock=desk.clock)
        desk.app.channels["care"] = self
        self.meanwhile: Callable[[], object] | None = meanwhile
        self.at_an_edit = at_an_edit

    def freeze(self) -> None:
        happens, self.meanwhile = self.meanwhile, None
        if happens:
            happens()

    def send(self, message: Message) -> str:
        if not self.at_an_edit:
            self.freeze()
        return super().send(message)

    def update(self, alert: Alert | Incident) -> None:
        if self.at_an_edit:
            self.freeze()
        super().update(alert)


def test_a_sender_that_wakes_too_late_takes_back_what_another_has_sent(small_desk: Desk) -> None:
    paper = Frozen(small_desk, lambda: small_desk.tick(3))
    small_desk.post("late!")
    small_desk.tick()
    assert [letter.reference for letter in paper.letters] == [first_alert(small_desk).reference]
    small_desk.ticks([1, 2])
    assert len(paper.letters) == 1


def test_a_sender_that_wakes_after_the_answer_takes_its_message_back(small_desk: Desk) -> None:
    def answered() -> None:
        small_desk.post("Sorry!", "lainepost", thread=complaint.thread_id, reply_to=complaint.external_id)
        small_desk.ticks([1, 3])

    paper = Frozen(small_desk, answered)
    complaint = small_desk.post("late!")
    small_desk.tick()
    assert (paper.letters, first_alert(small_desk).state) == ([], "cancelled")


def test_a_sender_that_wakes_while_another_is_in_doubt_settles_the_matter(small_desk: Desk) -> None:
    def in_doubt() -> None:
        paper.trouble = [Transient("busy")]
        small_desk.tick(3)

    paper = Frozen(small_desk, in_doubt)
    small_desk.post("late!")
    small_desk.tick()
    assert (first_alert(small_desk).state, first_alert(small_desk).reference) == ("sent", "care/0")
    small_desk.ticks([1, 2])
    assert len(paper.letters) == 1


def test_a_message_that_can_not_be_taken_back_is_reported(small_desk: Desk) -> None:
    class Stubborn(Frozen):
        def withdraw(self, reference: str) -> None:
            raise Transient("Slack asks to wait")

    Stubborn(small_desk, lambda: small_desk.tick(3))
    small_desk.post("late!")
    assert small_desk.tick().failures == [
        "channel care: message case:1:1:0 is one too many and could not be taken back: Slack asks to wait"
    ]


def test_an_edit_that_comes_too_late_does_not_stay(small_desk: Desk) -> None:
    def claimed() -> None:
        small_desk.app.act(1, lambda case, now: moves.claim(case, "Anna", now))
        small_desk.tick(3)

    complaint = small_desk.post("late!")
    paper = Frozen(small_desk, claimed, at_an_edit=True)
    small_desk.tick()
    small_desk.post("and broken!", thread=complaint.thread_id)
    small_desk.ticks([1, 5, 6])
    (letter,) = paper.letters
    assert isinstance(letter.shown[-1], Alert)
    assert letter.shown[-1].case.assignee == "Anna"


def first_alert(desk: Desk) -> Row[Any]:
    with desk.app.store.read() as connection:
        return connection.execute(select(outbox).where(outbox.c.key == "case:1:1:0")).one()
