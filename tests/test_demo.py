"""The demo as its first reader sees it: the afternoon is played once, at full speed, and looked at from all sides."""

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

import monitor.demo
from monitor.demo.board import Board
from monitor.demo.replay import read_posts
from monitor.demo.slack_page import Reader
from tests.desk import OPTIONS, Desk


@dataclass(frozen=True)
class Afternoon:
    log: str
    page: str


@pytest.fixture(scope="module")
def afternoon(tmp_path_factory: pytest.TempPathFactory) -> Afternoon:
    """What a pipe gets to see, and the page."""
    pages = tmp_path_factory.mktemp("pages") / "build"
    paper = io.StringIO()
    monitor.demo.play(Console(file=paper, width=110), 0, pages)
    return Afternoon(paper.getvalue(), (pages / "demo.html").read_text(encoding="utf-8"))


def care(afternoon: Afternoon) -> str:
    return afternoon.page.partition("#managers")[0]


def managers(afternoon: Afternoon) -> str:
    return afternoon.page.partition("#managers")[2]


def test_a_customer_is_answered_in_time(afternoon: Afternoon) -> None:
    assert re.search(r"✅ .*answered in \d+ min by @lainepost_abi · in time", afternoon.log)
    assert re.search(r"\d+ answered in time · \d+ answered late · \d+ still waiting", afternoon.log)


def test_an_agent_who_answers_under_his_own_name_stops_the_clock(afternoon: Afternoon) -> None:
    assert re.search(r"answered in \d+ min by @rasmus_ps · in time", afternoon.log)


def test_a_customer_who_complains_again_after_an_answer_gets_a_new_clock(afternoon: Afternoon) -> None:
    assert re.search(r"🔁 .*Põhjasild · X .*complains again: “@rasmus_ps It's past two", afternoon.log)


def test_a_claim_silences_the_reminders_but_one_that_is_forgotten_reaches_the_managers(afternoon: Afternoon) -> None:
    case = re.search(r"🔵 +(\d+) .*claimed by Kati: reminders fall silent", afternoon.log)
    assert case
    lines = [row for row in afternoon.log.split("\n") if re.search(rf"(⏰|🔴) +{case[1]} ", row)]
    assert lines == []
    assert re.search(rf"case {case[1]} · Lainepost on X · target missed", afternoon.log)
    assert "Kati claimed it and forgot" in afternoon.log


def test_the_managers_hear_of_each_missed_target_once(afternoon: Afternoon) -> None:
    missed = re.findall(r"🔴 .*case (\d+) · .* · target missed", afternoon.log)
    assert missed
    assert len(missed) == len(set(missed))
    assert sorted(re.findall(r"Case (\d+) ·", managers(afternoon))) == sorted(missed)


def test_every_complaint_is_raised_once_a_round_and_every_case_has_one_message(afternoon: Afternoon) -> None:
    raised = re.findall(r"🟠 +(\d+) ", afternoon.log)
    assert len(raised) == len(set(raised))
    assert [str(number) for number in range(1, len(raised) + 1)] == sorted(raised, key=int)
    assert sorted(re.findall(r"Case (\d+) ·", care(afternoon))) == sorted(raised)


def test_what_the_model_missed_and_raised_in_vain_is_told(afternoon: Afternoon) -> None:
    row = re.search(r"^all +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)$", afternoon.log, re.MULTILINE)
    assert row
    posts, complaints, found, missed, _ = (int(number) for number in row.groups())
    assert posts == len({post.id for post in read_posts()})
    assert found + missed == complaints == 44
    assert f"{found / complaints:.0%} of the complaints were found," in afternoon.log


def test_a_pipe_gets_no_control_characters_and_hostile_text_is_inert(afternoon: Afternoon) -> None:
    assert "LOST MY PARCEL" in afternoon.log
    assert [char for char in afternoon.log if not char.isprintable() and char != "\n"] == []
    assert "LOST MY PARCEL" in afternoon.page
    assert "<script" not in afternoon.page
    assert "<!channel>" not in afternoon.page
    assert "\x1b" not in afternoon.page


def test_the_page_shows_threads_with_the_lead_called_by_name(afternoon: Afternoon) -> None:
    assert "<div class=thread>" in care(afternoon)
    assert "<span class=mention>@Marek</span>" in care(afternoon)


def test_the_page_goes_elsewhere_when_its_folder_cannot_be_written(tmp_path: Path) -> None:
    taken = tmp_path / "build"
    taken.write_text("a file, not a folder")
    reader = Reader(zone=monitor.demo.ZONE, people={})
    file = monitor.demo.summary.write_page({}, reader, taken)
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert taken.read_text() == "a file, not a folder"
    file.unlink()
    file.parent.rmdir()


def test_a_message_that_may_have_been_sent_is_found_again_on_the_board(small_desk: Desk) -> None:
    board = Board("care", OPTIONS, clock=small_desk.clock, told=lambda channel, alert: None)
    small_desk.app.__dict__["channels"] = small_desk.app.channels | {"care": board}
    small_desk.post("broken again")
    small_desk.tick()
    (reference,) = board.messages
    assert board.messages[reference].key == "case:1:1:0"
    small_desk.post("thanks for nothing", "lainepost", thread="p1", reply_to="p1")
    small_desk.tick(5)
    assert board.messages[reference].edited
    assert "answered in" in json.dumps(board.messages[reference].blocks)


def test_the_posts_are_what_they_say(afternoon: Afternoon) -> None:
    posts = read_posts()
    ids = {post.id for post in posts}
    brands = {post.record["author"] for post in posts if post.complaint is None}
    assert all(post.record.get("reply_to", post.id) in ids for post in posts)
    assert brands.isdisjoint(post.record["author"] for post in posts if post.complaint is not None)
