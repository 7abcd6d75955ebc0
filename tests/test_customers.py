"""The brand's own list of customers: who of them complains is seen at a glance, and nothing of it is kept."""

import os
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from sqlalchemy import select

from alerts import blocks
from alerts import case as moves
from alerts.base import Alert, Customer
from alerts.facts import value
from alerts.voice import ENGLISH
from monitor.customers import CustomerList, Customers, plain_handle, read
from monitor.desk.records import Records
from monitor.queries import queue
from monitor.schema import metadata
from monitor.views import show_queue, story_json
from tests import alert_samples as sample
from tests.databases import fresh
from tests.desk import NOON, Desk, minutes
from tests.servers.slack_rules import check_message
from tests.test_slack import seen

TIERS = ("gold", "silver")
HEADER = "handle,platform,name,tier,note\n"
GOLD = Customer(name="Mari Maasikas", tier="Gold", note="leaves in May", rank=0)


def listed(folder: Path, text: str | bytes) -> Path:
    file = folder / "customers.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def roll(folder: Path, text: str | bytes) -> Any:
    return read(listed(folder, text), TIERS)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    listed(tmp_path, HEADER + "@Mari,chat,Mari Maasikas,Gold,leaves in May\njuri,,,silver,\nolga,,Olga,,\n")
    made = Desk(fresh(tmp_path), tmp_path)
    known = CustomerList(file=str(tmp_path / "customers.csv"), tiers=TIERS)
    brand = replace(made.config.brands["Lainepost"], customers=known)
    made.config = replace(made.config, brands={"Lainepost": brand})
    made.restart()
    yield made
    made.app.close()


# Reading the list


@pytest.mark.parametrize("handle", ["mari", "@mari", "MARI", "u/Mari", "/u/mari", " mari "])
def test_a_handle_is_known_however_it_is_written(tmp_path: Path, handle: str) -> None:
    found = roll(tmp_path, f"{HEADER}{handle},reddit,Mari,gold,\n")
    assert found.problems == ()
    assert found.find("reddit", "Mari").name == "Mari"
    assert found.find("Reddit", "u/mari") is not None
    assert found.find("x", "mari") is None


def test_a_line_without_a_platform_is_for_all_and_one_with_it_comes_first(tmp_path: Path) -> None:
    found = roll(tmp_path, "handle,platform,name\nmari,,Anyone\nmari,x,Mari of X\n")
    assert (found.find("x", "mari").name, found.find("bluesky", "mari").name) == ("Mari of X", "Anyone")


@pytest.mark.parametrize(
    "text",
    [
        "handle;name;tier\nmari;Mari, the first;GOLD\n",
        "handle\tname\ttier\r\nmari\tMari, the first\tgold\r\n",
        'tier,handle,name\ngold,mari,"Mari, the first"\n\n',
        b'\xef\xbb\xbfHandle, Tier ,Name\nmari, gold ,"Mari, the first"\n',
    ],
)
def test_a_list_is_read_as_spreadsheets_write_it(tmp_path: Path, text: str | bytes) -> None:
    found = roll(tmp_path, text)
    assert found.problems == ()
    who = found.find("x", "mari")
    assert (who.name, who.rank) == ("Mari, the first", 0)


def test_a_bad_line_is_told_of_and_costs_the_others_nothing(tmp_path: Path) -> None:
    found = roll(
        tmp_path, f"{HEADER}mari,,Mari,gold,\n,,Nobody,gold,\njuri,,J,silver,a,b\n@MARI,,Again,,\nolga,,Olga,,\n"
    )
    assert [problem.removeprefix(f"{tmp_path}/") for problem in found.problems] == [
        "customers.csv:3: has no handle",
        "customers.csv:4: has 6 cells, but the header names 5: put quotes around commas",
        "customers.csv:5: mari stands here a second time, first on line 2",
    ]
    assert found.find("x", "mari").name == "Mari"
    assert found.find("x", "olga").name == "Olga"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name,tier\nMari,gold\n", "the first line must name the columns, `handle` among them"),
        ("", "the first line must name the columns"),
        ("handle,phone\nmari,5\n", "the header has a column 'phone'; known: handle, platform, name, tier, note"),
        ("handle\nmõru\n".encode("cp1257"), "is not UTF-8 text (byte 8): export it as «CSV UTF-8»"),
    ],
)
def test_what_is_no_such_list_is_told_of(tmp_path: Path, text: str | bytes, told: str) -> None:
    lists = Customers({"Lainepost": CustomerList(file=str(listed(tmp_path, text)))})
    ((brand, problem),) = lists.problems()
    assert brand == "Lainepost"
    assert told in problem


@given(st.binary(max_size=400) | st.text(max_size=300).map(lambda text: (HEADER + text).encode("utf-8", "replace")))
@settings(max_examples=80, deadline=None)
def test_whatever_stands_in_the_file_the_monitor_goes_on(tmp_path_factory: Any, raw: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "anything.csv"
    file.write_bytes(raw)
    lists = Customers({"Lainepost": CustomerList(file=str(file), tiers=TIERS)})
    assert lists.of(replace(sample.MARI, brand="Lainepost", author="nobody at all")) is None
    assert all("anything.csv" in problem for _, problem in lists.problems())


def test_a_handle_is_compared_in_one_form() -> None:
    assert {plain_handle(name) for name in ("@Ab", "u/AB", " ab", "/u/ab")} == {"ab"}


# What the team sees


def test_the_alert_says_who_is_at_risk(desk: Desk) -> None:
    desk.post("late", "mari")
    desk.tick()
    shown = desk.paper("care").letters[0].shown[0]
    assert isinstance(shown, Alert)
    assert shown.customer == GOLD
    _, drawn = blocks.root(shown, ENGLISH)
    assert "⭐  Gold customer at risk  · Mari Maasikas  · leaves in May" in seen({"blocks": drawn})


def test_a_customer_who_is_not_unhappy_is_not_at_risk() -> None:
    calm = sample.post()
    calm = replace(calm, verdict=replace(calm.verdict, sentiment="neutral"))
    assert value(GOLD, [calm], ENGLISH) == "Gold customer"
    assert value(GOLD, [sample.post()], ENGLISH) == "Gold customer at risk"
    assert value(replace(GOLD, rank=None), [sample.post()], ENGLISH) == ""
    assert value(GOLD, [sample.post(deleted=True)], ENGLISH) == ""


def test_a_settled_or_deleted_case_says_nothing_of_the_customer_any_more(desk: Desk) -> None:
    post = desk.post("late", "mari")
    desk.tick()
    desk.platform.gone.add(post.external_id)
    desk.post("sorry", "lainepost", thread=post.thread_id, reply_to=post.external_id)
    desk.tick(2)
    shown = desk.paper("care").letters[0].shown[-1]
    assert isinstance(shown, Alert)
    assert "Maasikas" not in str(blocks.root(shown, ENGLISH))


def test_nothing_of_the_list_is_kept_in_the_database(desk: Desk) -> None:
    desk.post("late", "mari")
    desk.tick()
    with desk.app.store.read() as connection:
        for table in metadata.sorted_tables:
            assert "Maasikas" not in str(connection.execute(select(table)).all())


@given(name=st.text(max_size=300), note=st.text(max_size=3000), tier=st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_whatever_the_crm_says_slack_takes_the_message(name: str, note: str, tier: str) -> None:
    check_message(*blocks.root(sample.alert(customer=Customer(name=name, tier=tier, note=note, rank=1)), ENGLISH))
    check_message(*blocks.root(sample.alert(customer=Customer(name=name, tier=tier, note=note)), ENGLISH))


def test_the_list_is_read_again_when_it_changes(desk: Desk, tmp_path: Path) -> None:
    desk.post("late", "mari")
    desk.tick()
    case = desk.case
    file = listed(tmp_path, HEADER + "mari,,Mari Mets,silver,\n")
    os.utime(file, (1, 1))
    found = desk.app.customers.of(case)
    assert found is not None
    assert (found.name, found.rank) == ("Mari Mets", 1)


def test_a_list_that_goes_missing_is_told_of_and_the_last_one_serves_on(desk: Desk, tmp_path: Path) -> None:
    desk.post("late", "mari")
    desk.tick()
    assert desk.app.audit() == []
    (tmp_path / "customers.csv").unlink()
    (finding,) = desk.app.audit()
    assert (finding.kind, finding.subject) == ("customer list", "brand Lainepost")
    assert "No such file or directory" in finding.what
    assert desk.app.customers.of(desk.case) == GOLD


# The queue


def test_the_valued_come_first_among_cases_with_about_as_much_time_left(desk: Desk) -> None:
    for name, ago in (("jaan", 50), ("anna", 20), ("juri", 10), ("mari", 0)):
        desk.post("late", name, ago=ago)
    desk.tick()
    found = queue(desk.app.store, place=desk.app.customers.place)
    assert [story.case.author for story in found] == ["jaan", "mari", "juri", "anna"]
    assert [story.case.author for story in queue(desk.app.store)] == ["jaan", "anna", "juri", "mari"]


def test_the_first_tier_is_put_forward_by_half_of_the_target_and_the_second_by_a_quarter(desk: Desk) -> None:
    for name in ("mari", "juri", "olga", "anna"):
        desk.post("late", name)
    desk.tick()
    places = {story.case.author: desk.app.customers.place(story.case) - NOON for story in desk.stories}
    assert places == {"mari": minutes(30), "juri": minutes(45), "olga": minutes(60), "anna": minutes(60)}


def test_settled_cases_stand_below_those_that_wait_and_the_limit_holds(desk: Desk) -> None:
    first = desk.post("late", "anna")
    desk.post("late", "mari")
    desk.post("late", "juri", ago=20)
    desk.post("sorry", "lainepost", thread=first.thread_id, reply_to=first.external_id)
    desk.tick()
    everything = desk.stories
    assert [story.case.author for story in everything] == ["juri", "mari", "anna"]
    assert [story.case.author for story in queue(desk.app.store, place=desk.app.customers.place, limit=1)] == ["juri"]


def test_the_list_of_cases_shows_who_is_at_risk(desk: Desk) -> None:
    desk.post("late", "mari")
    desk.post("late", "olga")
    desk.tick()
    paper = Console(width=160, record=True, file=StringIO())
    show_queue(paper, desk.stories, desk.clock(), desk.app.notes)
    text = paper.export_text()
    assert "mari on chat ⭐ Gold customer at risk" in text
    assert "olga on chat ⭐" not in text


def test_programs_are_told_too(desk: Desk) -> None:
    desk.post("late", "mari")
    desk.post("late", "anna")
    desk.tick()
    mari, anna = (story_json(story, desk.clock(), desk.app.notes) for story in desk.stories)
    assert mari["customer"] == {
        "name": "Mari Maasikas", "tier": "Gold", "note": "leaves in May", "at_risk": True,
    }  # fmt: skip
    assert anna["customer"] is None
    assert mari["answer"]["language"] == "en"


def test_in_slack_the_valued_come_first_too_and_it_is_said_why(desk: Desk) -> None:
    for who in ("anna", "mari", "tiina"):
        desk.post("my parcel is late", who)
        desk.tick(1)
    records = Records(app=desk.app, channels=[])
    found, count = records.look_up(limit=2)
    assert ([each.case.author for each in found], count) == (["mari", "anna"], 3)
    assert [each.case.author for each in records.look_up(limit=2, skip=2)[0]] == ["tiina"]
    assert "Gold customer at risk" in str(blocks.entry(records.alerts(found)[0], ENGLISH))
    desk.app.act(2, lambda case, now: moves.answer(case, "kadri", now))
    settled = records.look_up(words="parcel", limit=2, skip=1)[0]
    assert [each.case.author for each in settled] == ["tiina", "mari"]
