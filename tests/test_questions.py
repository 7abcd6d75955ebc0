"""Stories of a care team that asks: the slash command's lists, what is pressed in them, and who may see them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from httpx import QueryParams
from hypothesis import given
from hypothesis import strategies as st

from alerts.buttons import Listing, Place, Wish, asked_in, buttons, form, listing_of
from alerts.case import State
from alerts.slack import Actions
from alerts.voice import ENGLISH
from connectors.base import Secret
from monitor.config.model import Desk as Address
from monitor.desk import clicks, questions
from tests import alert_samples as sample
from tests.care_team import (
    GROUP,
    LIIS,
    OPEN,
    SIGNING,
    SOCKET,
    answered,
    ask,
    fill_in,
    free_port,
    message,
    press_answer,
    shows,
    slack_channel,
    strict_slack,
    team,
    team_over_sockets,
    told,
)
from tests.desk import Desk
from tests.servers.local_slack import KATI, REIN
from tests.servers.slack_api import CARE, LEADS, SlackApi
from tests.servers.slack_person import command, labels, press_in_list
from tests.test_slack import seen
from tests.test_ways_in import post

ELSEWHERE = "C0LUNCH001"


@pytest.fixture
def slack() -> Iterator[SlackApi]:
    with strict_slack() as server:
        yield server


@pytest.fixture
def desk(slack: SlackApi, tmp_path: Path) -> Iterator[Desk]:
    with team_over_sockets(tmp_path, slack) as made:
        yield made


def more(desk: Desk, *texts: str, ago: float = 0) -> None:
    """Further customers complain, each with a minute less to wait than the one before."""
    for number, text in enumerate(texts):
        desk.post(text, f"customer{number}", ago=ago + number)
    desk.tick(1)


# What is answered


def test_the_queue_shows_who_waits_with_the_least_time_left_on_top(slack: SlackApi, desk: Desk) -> None:
    more(desk, "my fridge is late", "my lamp is broken", ago=10)
    shown = ask(slack, KATI)
    words = seen(shown)
    assert shown["text"] == "3 customers wait"
    assert words.index("my lamp is broken") < words.index("my fridge is late") < words.index("my parcel is late")
    assert shown["replace_original"] is False
    assert labels(shown)[:3] == OPEN[:3]


def test_each_case_leads_to_its_thread_and_to_the_post(slack: SlackApi, desk: Desk) -> None:
    shown = ask(slack, KATI)
    links = [part["url"] for block in shown["blocks"] for row in _rows(block) for part in row if part["type"] == "link"]
    ts = message(slack)["ts"].replace(".", "")
    assert links == ["https://chat.example/p1", f"https://baltic-care.slack.com/archives/{CARE}/p{ts}"]


def _rows(block: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [row["elements"] for row in block["elements"]] if block["type"] == "rich_text" else []


def test_a_long_queue_is_cut_and_leafed_through(slack: SlackApi, desk: Desk) -> None:
    more(desk, *(f"parcel {n} is late" for n in range(11)), ago=1)
    first = ask(slack, KATI)
    assert (first["text"], "7 more" in seen(first)) == ("12 customers wait", True)
    second = press_answer(slack, KATI, first, "Show the next")
    assert (second["replace_original"], "2 more" in seen(second)) == (True, True)
    third = press_answer(slack, KATI, second, "Show the next")
    assert "Show the next" not in labels(third)
    read = [n for n in range(11) if any(f"parcel {n} is late" in seen(page) for page in (first, second, third))]
    assert read == list(range(11))
    assert [labels(page).count("Claim") for page in (first, second, third)] == [5, 5, 2]


def test_an_empty_queue_says_so(slack: SlackApi, desk: Desk) -> None:
    desk.app.act(1, lambda case, now: clicks.moves.answer(case, "Anna", now))
    assert ask(slack, KATI)["text"] == "Nobody is waiting"


def test_mine_are_the_cases_that_i_have_in_hand(slack: SlackApi, desk: Desk) -> None:
    more(desk, "my fridge is late")
    desk.app.act(2, lambda case, now: clicks.moves.claim(case, KATI, now))
    assert ask(slack, REIN, "mine")["text"] == "Nobody is waiting for you"
    shown = ask(slack, KATI, " Mine ")
    assert shown["text"] == "1 customer waits for you"
    assert "my fridge is late" in seen(shown)


@pytest.mark.parametrize("words", ["LATE õunad", "Õunad", "õUNAD parcel", "mari õunad"])
def test_a_search_finds_words_however_they_are_written(slack: SlackApi, desk: Desk, words: str) -> None:
    more(desk, "my parcel is late: ÕUNAD for mari", "my parcel is late")
    shown = ask(slack, KATI, f"search {words}".replace("õUNAD", "õunad"))
    assert shown["text"].startswith("1 case with")
    assert "ÕUNAD" in seen(shown)


def test_a_search_finds_settled_cases_after_those_that_wait(slack: SlackApi, desk: Desk) -> None:
    more(desk, "my fridge is late")
    desk.app.act(1, lambda case, now: clicks.moves.answer(case, "Anna", now))
    words = seen(ask(slack, KATI, "search late"))
    assert words.index("my fridge") < words.index("my parcel")
    assert "answered in 1 min" in words
    assert ask(slack, KATI, "search 100%_<late>")["text"] == "No cases with “100%_&lt;late&gt;”"


@pytest.mark.parametrize("words", ["1", "#1"])
def test_one_case_is_shown_in_full(slack: SlackApi, desk: Desk, words: str) -> None:
    shown = ask(slack, KATI, words)
    assert "90% sure" in seen(shown)
    assert labels(shown) == OPEN


@pytest.mark.parametrize("words", ["99", "#123456789012345678901234567890", "٣"])
def test_a_case_that_does_not_exist_is_said_so(slack: SlackApi, desk: Desk, words: str) -> None:
    assert ask(slack, KATI, words)["text"] == f"There is no case {words.removeprefix('#')}"


@pytest.mark.parametrize("words", ["help", "search", "lunch <!channel>", "mine\u202e?"])
def test_whoever_does_not_know_the_words_is_told_them(slack: SlackApi, desk: Desk, words: str) -> None:
    said = seen(ask(slack, KATI, words))
    assert "`/complaints search parcel`" in said
    assert "`/complaints`  Who waits" in said


# Pressing in an answer


def test_a_claim_in_a_list_is_shown_there_and_in_the_channel(slack: SlackApi, desk: Desk) -> None:
    more(desk, "my fridge is late", ago=5)
    after = press_answer(slack, KATI, ask(slack, KATI), "Claim", nth=1)
    assert after["blocks"][0]["text"]["text"].startswith("Done:\n🔵 *Lainepost on Chat*")
    assert labels(after).count("Claim") == 1
    shows(slack, f"Claimed by  {KATI}")
    assert desk.kinds(1)[-1] == "claimed"


def test_what_is_settled_leaves_the_list_with_a_word(slack: SlackApi, desk: Desk) -> None:
    after = press_answer(slack, KATI, ask(slack, KATI), "Answered")
    assert after["text"] == "Nobody is waiting"
    assert f"says <@{KATI}>" in seen(after)


def test_a_form_opened_from_a_list_returns_to_it(slack: SlackApi, desk: Desk) -> None:
    address = slack.answer_address()
    told(slack, press_in_list(KATI, CARE, ask(slack, KATI, "search parcel"), "Assign to…", address))
    slack.wait(lambda: slack.forms, "form")
    fill_in(slack, KATI, whom=LIIS)
    after = answered(slack, address)
    assert (after["text"], after["replace_original"]) == ("1 case with “parcel”", True)
    assert f"Given to <@{LIIS}>" in seen(after)


def test_of_two_who_press_in_their_lists_the_slower_one_sees_who_won(slack: SlackApi, desk: Desk) -> None:
    hers, his = ask(slack, KATI), ask(slack, REIN)
    press_answer(slack, KATI, hers, "Claim")
    lost = press_answer(slack, REIN, his, "Claim")
    assert lost["blocks"][0]["text"]["text"].startswith("Nothing was changed, the case has moved on since:")
    assert f"Claimed by <@{KATI}>" in seen(lost)
    assert desk.kinds().count("claimed") == 1


def test_somebody_who_leafed_past_the_end_sees_what_is_left(slack: SlackApi, desk: Desk) -> None:
    more(desk, *(f"parcel {n} is late" for n in range(5)), ago=1)
    last = press_answer(slack, KATI, ask(slack, KATI), "Show the next")
    after = press_answer(slack, KATI, last, "Answered")
    assert labels(after).count("Answered") == 5


def test_a_command_that_slack_tells_of_twice_is_answered_once(slack: SlackApi, desk: Desk) -> None:
    address = slack.answer_address()
    asked = command(KATI, "", CARE, address)
    for _ in range(3):
        told(slack, asked, "slash_commands")
    answered(slack, address)
    ask(slack, KATI)
    assert sum(len(given) for given in slack.answers.values()) == 2


# Who may, and from where


@pytest.fixture
def guarded(slack: SlackApi, tmp_path: Path) -> Iterator[Desk]:
    """A team of which only the user group may press and ask."""
    with team_over_sockets(tmp_path, slack, replace(SOCKET, allowed=GROUP)) as made:
        yield made


@pytest.mark.parametrize("channel", [CARE, ELSEWHERE])
def test_only_the_group_is_shown_who_waits(slack: SlackApi, guarded: Desk, channel: str) -> None:
    shown = ask(slack, LIIS, "", channel)
    assert seen(shown) == f"Only <!subteam^{GROUP}> may do this. Ask one of them, or to become one."
    assert ask(slack, KATI, "", channel)["text"] == "1 customer waits"


def test_a_question_may_be_asked_in_any_channel(slack: SlackApi, desk: Desk) -> None:
    shown = ask(slack, KATI, "", ELSEWHERE)
    press_answer(slack, KATI, shown, "Claim", channel=ELSEWHERE)
    shows(slack, f"Claimed by  {KATI}")


def test_another_apps_people_do_not_see_a_brand_that_is_not_theirs(slack: SlackApi, tmp_path: Path) -> None:
    with SlackApi() as theirs:
        other = slack_channel(theirs.url, LEADS, SOCKET, token="xoxb-of-another-app")
        theirs.token = "xoxb-of-another-app"
        care = slack_channel(slack.url, CARE, SOCKET)
        with team(tmp_path, care, care, other=other) as made:
            theirs.wait(lambda: theirs.sockets, "socket")
            assert ask(theirs, KATI)["text"] == "Nobody is waiting"
            assert ask(theirs, KATI, "search parcel")["text"] == "No cases with “parcel”"
            assert ask(theirs, KATI, "1")["text"] == "There is no case 1"
            assert ask(slack, KATI)["text"] == "1 customer waits"
            assert made.case.state is State.OPEN


# Slack has a bad day


def test_an_answer_that_slack_does_not_take_stops_nothing(
    slack: SlackApi, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for status in (404, 500, 429):
        slack.fault("response_url", "status", status=status)
    address = slack.answer_address()
    told(slack, command(KATI, "", CARE, address), "slash_commands")
    slack.wait(lambda: "Slack takes no answer" in caplog.text, "word in the log")
    ask(slack, KATI)
    assert address not in caplog.text


def test_the_command_works_over_http_at_any_of_the_paths(slack: SlackApi, tmp_path: Path) -> None:
    port = free_port()
    actions = Actions(signing_secret=Secret(SIGNING))
    channels = (slack_channel(slack.url, where, actions) for where in (CARE, LEADS))
    with team(tmp_path, *channels, desk=Address(listen=f"127.0.0.1:{port}")):
        for path in ("commands", "interactions", "events"):
            address = slack.answer_address()
            asked = command(KATI, "mine" if path == "events" else "", CARE, address)
            assert post(f"http://127.0.0.1:{port}/slack/{path}", str(QueryParams(asked)).encode()) == 200
            assert "wait" in answered(slack, address)["text"]


# Read and written


@given(words=st.text(max_size=300), skip=st.integers(0, 10**6))
def test_a_list_is_found_again_from_its_buttons(words: str, skip: int) -> None:
    asked = questions.read(command(KATI, words, CARE, "https://hooks.slack.com/commands/1"))
    assert asked
    listing = replace(asked.listing, skip=skip)
    assert Listing.read(str(listing)) == listing
    assert listing_of(f"case:1:{listing}") == listing
    [row] = buttons(sample.alert(), ENGLISH, listing)
    assert len(row["block_id"].encode("utf-16-le")) // 2 <= 255


def test_a_form_knows_where_it_was_opened() -> None:
    wish = Wish(act=clicks.Act.ASSIGN, case_id=42, round=1)
    for place in (Place(), Place(channel=CARE), Place(channel=CARE, address="https://x", listing=Listing(words="a b"))):
        assert asked_in(form(wish, sample.alert(), place, ENGLISH)) == (wish, place)
