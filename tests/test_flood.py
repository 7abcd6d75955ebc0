"""A flood of complaints in a Slack that is slow and breaks down: none is lost or told twice, urgent ones come first."""

from datetime import timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import text

from alerts.base import Transient, Unknown
from benchmarks.flood import Flood, flood
from tests.desk import Desk

SECOND = timedelta(seconds=1)


def test_in_a_flood_each_complaint_is_told_once_and_the_urgent_ones_first(tmp_path: Path) -> None:
    how = Flood(complaints=40, lasts=8 * SECOND, breaks=(4 * SECOND, 16 * SECOND))
    figures = flood(tmp_path, how, seed=3)
    assert (figures.lost, figures.doubled) == (0, 0)
    assert figures.limited > 20
    assert figures.broken > 3
    assert max(figures.urgent) < median(figures.ordinary)
    assert max(figures.claims) < 15


def test_a_channel_that_asks_to_wait_holds_up_no_other(desk: Desk) -> None:
    care, managers = desk.paper("care"), desk.paper("managers")
    for number in range(5):
        desk.post(f"late {number}", f"customer{number}", ago=61)
    care.trouble = [Transient("wait", retry_at=desk.clock() + 30 * SECOND)]
    desk.tick()
    assert (len(care.letters), len(managers.letters)) == (0, 5)
    care.trouble = [Transient("asked before the time was over", retry_at=desk.clock())]
    desk.clock.forward(0.4)
    desk.app.deliver()
    assert care.trouble
    desk.ticks([0.6, 0.7])
    assert not care.trouble
    assert len(care.letters) == 15


def test_a_message_that_had_to_wait_its_turn_has_not_failed(desk: Desk) -> None:
    for number in range(3):
        desk.post(f"late {number}", f"customer{number}")
    care = desk.paper("care")
    for _ in range(3):
        desk.clock.forward(0.1)
        care.trouble = [Transient("wait", retry_at=desk.clock() + SECOND)]
        desk.tick()
    with desk.app.store.read() as connection:
        rows = connection.execute(text("SELECT attempts, tried_at FROM outbox WHERE kind = 'step' ORDER BY id")).all()
    assert [row.attempts for row in rows] == [3, 0, 0]
    assert [row.tried_at is None for row in rows] == [False, True, True]
    care.trouble = [Unknown("a lost reply")]
    desk.ticks([1, 1.2])
    assert len(set(care.keys)) == len(care.keys) == 3


def test_what_is_due_is_found_by_an_index_in_the_order_in_which_it_leaves(small_desk: Desk) -> None:
    with small_desk.app.store.read() as connection:
        due = "EXPLAIN QUERY PLAN SELECT * FROM outbox WHERE due_at <= 0 ORDER BY priority, id LIMIT 20"
        plan = " ".join(str(row) for row in connection.execute(text(due)))
    assert "ix_outbox_priority_id" in plan
    assert "TEMP B-TREE" not in plan
