"""Stories of a care team that answers from Slack: what they press, who may, and what becomes of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.buttons import Act, Place, Wish, buttons, form
from alerts.case import State
from alerts.hours import Hours
from alerts.slack import Actions
from alerts.voice import ENGLISH
from connectors.base import Secret
from monitor.desk import clicks
from tests import alert_samples as sample
from tests.care_team import (
    GROUP,
    LADDER,
    LIIS,
    OPEN,
    SOCKET,
    click,
    fill_in,
    message,
    said_to,
    shows,
    slack_channel,
    strict_slack,
    team,
    team_in_local_slack,
    team_over_sockets,
    timeline,
)
from tests.desk import NOON, Desk, minutes
from tests.servers import local_slack
from tests.servers.local_slack import KATI, REIN
from tests.servers.slack_api import APP_TOKEN, CARE, LEADS, TOKEN, SlackApi
from tests.servers.slack_person import labels, press, send
from tests.servers.slack_rules import check_form
from tests.test_slack import seen


@pytest.fixture
def slack() -> Iterator[SlackApi]:
    with strict_slack() as server:
        yield server


@pytest.fixture
def desk(slack: SlackApi, tmp_path: Path) -> Iterator[Desk]:
    with team_over_sockets(tmp_path, slack) as made:
        yield made


# The whole way, in a Slack written by others


@pytest.mark.parametrize("way", ["socket mode", "signed http"])
def test_a_case_goes_through_all_hands_in_slack(way: str, tmp_path: Path) -> None:
    with team_in_local_slack(tmp_path, http=way == "signed http") as (server, screen, desk):

        def case_message() -> dict[str, Any]:
            return next((m for m in screen.messages.values() if m["channel"] == local_slack.CARE), {})

        def does(label: str, *, who: str = KATI, until: str, **entered: str) -> None:
            server.press(who, local_slack.CARE, case_message(), label)
            if entered:
                screen.submit(who, **entered)
            screen.wait(lambda: until in seen(case_message()), until)

        assert labels(screen.wait(case_message, "alert")) == OPEN
        does("Claim", until=f"Claimed by  {KATI}")
        assert labels(case_message()) == OPEN[1:]
        does("Snooze for 15 minutes", until="snoozed until")
        does("Not a complaint", until="dismissed", kind="We have it already", reason="see <case 7> & *smile*")
        assert "see <case 7> & *smile*" in seen(case_message())
        assert labels(case_message()) == ["Reopen"]
        does("Reopen", who=REIN, until=f"Reopened by  {REIN}")
        does("Assign to…", who=REIN, until=f"Given to  {KATI}  by  {REIN}", whom=KATI)
        call = f"<@{KATI}> *You have been given this case* by <@{REIN}>"
        screen.wait(lambda: [m for m in screen.messages.values() if m.get("thread_ts") and call in seen(m)], "call")
        does("Answered", until=f"says  {KATI}")
        assert len([m for m in screen.messages.values() if not m.get("thread_ts")]) == 1
        assert desk.kinds()[-6:] == ["claimed", "snoozed", "dismissed", "reopened", "assigned", "answered"]


@pytest.mark.parametrize("way", ["socket mode", "signed http"])
def test_the_queue_is_asked_for_and_worked_off_in_slack(way: str, tmp_path: Path) -> None:
    with team_in_local_slack(tmp_path, http=way == "signed http") as (server, screen, desk):
        screen.wait(lambda: screen.messages, "alert")
        assert "There is no “lunch”" in seen(screen.command(REIN, "lunch"))
        shown = screen.command(KATI, "")
        assert "1 customer waits" in seen(shown)
        assert labels(shown) == OPEN
        server.press(KATI, local_slack.CARE, shown, "Claim")
        screen.wait(lambda: "Done:" in seen(screen.messages[shown["ts"]]), "the list anew")
        assert labels(screen.messages[shown["ts"]]) == OPEN[1:]
        assert "1 customer waits for you" in seen(screen.command(KATI, "mine"))
        found = screen.command(REIN, "search Parcel")
        assert f"Claimed by  {KATI}" in seen(found)
        assert "90% sure" in seen(screen.command(REIN, "1"))
        home = seen(screen.open_home(KATI))
        assert home.index("Yours") < home.index("my parcel is late")
        said = seen(screen.command(KATI, f"on-call <@{REIN}> until 23:00"))
        assert f"*night* · <@{REIN}>, standing in until" in said
        server.press(REIN, local_slack.CARE, found, "Answered")
        screen.wait(lambda: f"says <@{REIN}>" in seen(screen.messages[found["ts"]]), "the list anew")
        assert "Nobody is waiting" in seen(screen.open_home(KATI))
        assert desk.kinds()[-2:] == ["claimed", "answered"]


# Pressing


def test_a_claim_is_shown_to_all_and_kept_with_its_time(slack: SlackApi, desk: Desk) -> None:
    assert labels(message(slack)) == OPEN
    desk.clock.forward(3)
    click(slack, KATI, "Claim")
    assert labels(shows(slack, f"Claimed by  {KATI}  at  12:03 UTC")) == OPEN[1:]
    event = timeline(desk)[-1]
    assert (event.kind, event.actor, event.at) == ("claimed", KATI, desk.clock())


def test_an_answer_given_elsewhere_is_noted_by_whom(slack: SlackApi, desk: Desk) -> None:
    desk.clock.forward(12)
    click(slack, KATI, "Answered")
    assert labels(shows(slack, f"answered in 12 min , says  {KATI}")) == ["Reopen"]


def test_another_matter_is_split_off_by_a_press(slack: SlackApi, desk: Desk) -> None:
    desk.post("late too", "mari", thread="elsewhere")
    desk.tick(1)
    assert len(desk.stories) == 1
    click(slack, KATI, "Another matter: split off Chat (2)")
    slack.wait(lambda: len(desk.stories) == 2, "a second case")
    assert sorted(len(story.complaints) for story in desk.stories) == [1, 1]
    assert {"split", "split_off"} <= {*desk.kinds(1), *desk.kinds(2)}


@pytest.mark.parametrize(("label", "length"), [("Snooze for 15 minutes", 15), ("Snooze for 1 hour", 60)])
def test_a_snooze_says_who_wants_quiet_and_until_when(slack: SlackApi, desk: Desk, label: str, length: int) -> None:
    click(slack, KATI, label)
    shows(slack, f"by  {KATI}")
    assert desk.case.snoozed_until == NOON + minutes(length)


OFFICE = Hours(zone=ZoneInfo("Europe/Tallinn"), week=(*(((540, 1020),),) * 5, (), ()))


def test_a_snooze_may_last_until_people_are_at_work_again(slack: SlackApi, tmp_path: Path) -> None:
    with team_over_sockets(tmp_path, slack, ladders={"default": replace(LADDER, hours=OFFICE)}) as office:
        assert labels(message(slack)) == [*OPEN, "Snooze until opening time"]
        click(slack, KATI, "Snooze until opening time")
        shows(slack, f"by  {KATI}")
        assert office.case.snoozed_until == datetime(2026, 11, 24, 7, tzinfo=UTC)


def test_where_people_always_are_at_work_there_is_no_opening_time(slack: SlackApi, desk: Desk) -> None:
    assert labels(message(slack)) == OPEN
    until_opening = Wish(act=Act.SNOOZE, case_id=1, round=1)
    click(slack, KATI, "Snooze until opening time", {"ts": "1.1", "blocks": _old_buttons(until_opening)})
    assert said_to(slack, KATI).startswith("Nothing was changed")
    assert desk.case.snoozed_until is None


def _old_buttons(wish: Wish) -> list[dict[str, Any]]:
    """A message from the time when the ladder had opening hours."""
    drawn = buttons(sample.alert(opening=True), ENGLISH)
    drawn[0]["elements"][-1]["options"][-1]["value"] = str(wish)
    return drawn


def test_a_dismissal_asks_why_first(slack: SlackApi, desk: Desk) -> None:
    click(slack, KATI, "Not a complaint")
    slack.wait(lambda: slack.forms, "form")
    assert desk.case.state is State.OPEN
    fill_in(slack, KATI, kind="A complaint, but not about us", reason="  it was the *other* post office ")
    shows(slack, "it was the *other* post office")
    detail = timeline(desk)[-1].detail
    assert (detail["reason"], detail["kind"]) == ("it was the *other* post office", "not_ours")


def test_a_reason_may_be_left_out(slack: SlackApi, desk: Desk) -> None:
    click(slack, KATI, "Not a complaint")
    slack.wait(lambda: slack.forms, "form")
    fill_in(slack, KATI)
    assert labels(shows(slack, "dismissed")) == ["Reopen"]
    assert desk.case.state is State.DISMISSED


def test_a_colleague_who_is_given_a_case_is_called_once_in_its_thread(slack: SlackApi, desk: Desk) -> None:
    click(slack, KATI, "Assign to…")
    slack.wait(lambda: slack.forms, "form")
    fill_in(slack, KATI, whom=LIIS)
    assert labels(shows(slack, f"Given to  {LIIS}  by  {KATI}")) == OPEN[1:]
    slack.wait(lambda: calls(slack), "call")
    desk.tick(5)
    [call] = calls(slack)
    assert call["thread_ts"] == slack.messages("care")[0]["ts"]
    assert call["text"].startswith(f"<@{LIIS}> You have been given this case by <@{KATI}> · answer by")
    assert desk.case.assignee == LIIS


def test_each_of_several_colleagues_is_called_to_her_own_turn(slack: SlackApi, desk: Desk) -> None:
    for whom in (LIIS, REIN, LIIS):
        click(slack, KATI, "Assign to…")
        slack.wait(lambda: slack.forms, "form")
        fill_in(slack, KATI, whom=whom)
        shows(slack, f"Given to  {whom}")
    slack.wait(lambda: len(calls(slack)) == 3, "three calls")
    assert [call["text"].split()[0] for call in calls(slack)] == [f"<@{who}>" for who in (LIIS, REIN, LIIS)]


def calls(slack: SlackApi) -> list[dict[str, Any]]:
    """What colleagues were called by, oldest first."""
    return [message for message in slack.messages("care") if "You have been given" in message["text"]]


def test_what_was_settled_by_mistake_is_reopened_by_anyone(slack: SlackApi, desk: Desk) -> None:
    click(slack, KATI, "Answered")
    shows(slack, "answered in")
    click(slack, REIN, "Reopen")
    assert labels(shows(slack, f"Reopened by  {REIN}")) == OPEN


def test_the_managers_message_can_be_pressed_too(slack: SlackApi, desk: Desk) -> None:
    desk.tick(61)
    told = press(KATI, LEADS, message(slack, "leads"), "Claim")
    assert slack.sockets
    slack.sockets.deliver(told)
    shows(slack, f"Claimed by  {KATI}")
    slack.wait(
        lambda: (
            f"Claimed by <@{KATI}>" in seen(message(slack, "leads"))
            or f"Claimed by  {KATI}" in seen(message(slack, "leads"))
        ),
        "the managers' message",
    )


# Two at once, too late, twice


def test_of_two_who_claim_at_once_one_wins_and_the_other_is_told_who(slack: SlackApi, desk: Desk) -> None:
    before = message(slack)
    assert slack.sockets
    for who in (KATI, REIN):
        told = press(who, CARE, before, "Claim")
        slack.sockets.say({"envelope_id": who, "type": "interactive", "payload": told})
    slack.wait(lambda: slack.replies, "word to the slower one")
    [reply] = slack.replies
    winner = desk.case.assignee
    assert {winner, reply["user"]} == {KATI, REIN}
    assert f"Claimed by <@{winner}> at" in reply["text"]
    assert desk.kinds().count("claimed") == 1


def test_a_press_on_what_has_moved_on_is_answered_with_how_it_stands(slack: SlackApi, desk: Desk) -> None:
    before = message(slack)
    desk.app.act(1, lambda case, now: clicks.moves.answer(case, "Anna at the shop", now))
    click(slack, KATI, "Claim", before)
    words = said_to(slack, KATI)
    assert words.startswith("Nothing was changed, the case has moved on since:")
    assert "*answered in 1 min*, says Anna at the shop" in words
    shows(slack, "answered in 1 min")
    assert desk.case.state is State.ANSWERED


def test_a_press_meant_for_an_earlier_complaint_does_not_settle_a_later_one(slack: SlackApi, desk: Desk) -> None:
    before = message(slack)
    desk.app.act(1, lambda case, now: clicks.moves.answer(case, "Anna", now))
    desk.clock.forward(30)
    desk.post("still late, refund me", "mari", thread="p1", reply_to="p1")
    desk.tick()
    click(slack, KATI, "Answered", before)
    assert "moved on" in said_to(slack, KATI)
    assert (desk.case.state, desk.case.round) == (State.OPEN, 2)


def test_a_message_that_could_not_be_refreshed_is_at_the_next_press(slack: SlackApi, desk: Desk) -> None:
    slack.fault("chat.update", "error", error="is_archived")
    click(slack, KATI, "Claim")
    slack.wait(lambda: "chat.update" in slack.asked, "try")
    click(slack, REIN, "Claim")
    shows(slack, f"Claimed by  {KATI}")
    assert f"<@{KATI}>" in said_to(slack, REIN)


def test_pressing_twice_is_already_done(slack: SlackApi, desk: Desk) -> None:
    before = message(slack)
    click(slack, KATI, "Claim", before)
    shows(slack, "Claimed by")
    click(slack, KATI, "Claim", before)
    assert said_to(slack, KATI).startswith("Already done:")
    assert desk.kinds().count("claimed") == 1


def test_a_click_that_slack_tells_of_twice_is_one(slack: SlackApi, desk: Desk) -> None:
    assert slack.sockets
    told = press(KATI, CARE, message(slack), "Snooze for 1 hour")
    for _ in range(3):
        slack.sockets.deliver(told, envelope_id="e-1")
    click(slack, KATI, "Claim")
    shows(slack, "Claimed by")
    assert desk.kinds().count("snoozed") == 1
    assert slack.replies == []


def test_a_form_sent_after_the_case_was_settled_changes_nothing(slack: SlackApi, desk: Desk) -> None:
    click(slack, KATI, "Not a complaint")
    slack.wait(lambda: slack.forms, "form")
    click(slack, REIN, "Answered")
    shows(slack, "answered in")
    fill_in(slack, KATI, reason="a joke")
    assert f"says <@{REIN}>" in said_to(slack, KATI)
    assert desk.case.state is State.ANSWERED


def test_no_form_opens_for_a_case_that_is_settled(slack: SlackApi, desk: Desk) -> None:
    before = message(slack)
    click(slack, REIN, "Answered")
    shows(slack, "answered in")
    click(slack, KATI, "Not a complaint", before)
    assert "answered in" in said_to(slack, KATI)
    assert slack.forms == []


def test_a_case_that_is_no_longer_kept_is_said_to_be_gone(slack: SlackApi, desk: Desk) -> None:
    told = press(KATI, CARE, message(slack), "Claim")
    told["actions"][0]["value"] = "claim:99:1:0"
    assert slack.sockets
    slack.sockets.deliver(told)
    assert said_to(slack, KATI) == "This case is no longer kept."


# Who may


@pytest.fixture
def guarded(slack: SlackApi, tmp_path: Path) -> Iterator[Desk]:
    """A team of which only the user group may press."""
    with team_over_sockets(tmp_path, slack, replace(SOCKET, allowed=GROUP)) as made:
        yield made


def test_a_stranger_is_told_politely_that_she_may_not(slack: SlackApi, guarded: Desk) -> None:
    for label in ("Claim", "Not a complaint"):
        click(slack, LIIS, label)
        assert said_to(slack, LIIS) == f"Only <!subteam^{GROUP}> may do this. Ask one of them, or to become one."
        slack.replies.clear()
    assert slack.forms == []
    click(slack, KATI, "Claim")
    shows(slack, f"Claimed by  {KATI}")


def test_the_group_is_asked_for_only_now_and_then(slack: SlackApi, guarded: Desk) -> None:
    click(slack, KATI, "Claim")
    shows(slack, "Claimed by")
    click(slack, KATI, "Answered")
    shows(slack, "answered in")
    assert slack.asked.count("usergroups.users.list") == 1
    slack.groups[GROUP] = [LIIS]
    guarded.clock.forward(6)
    click(slack, LIIS, "Reopen")
    shows(slack, f"Reopened by  {LIIS}")


def test_while_slack_can_not_say_who_is_in_the_group_the_last_list_holds(slack: SlackApi, guarded: Desk) -> None:
    slack.fault("usergroups.users.list", "status", status=503)
    click(slack, KATI, "Claim")
    assert said_to(slack, KATI) == "That did not work. Please press again in a moment."
    click(slack, KATI, "Snooze for 1 hour")
    shows(slack, "Snoozed until")
    guarded.clock.forward(6)
    slack.fault("usergroups.users.list", "status", status=503)
    click(slack, KATI, "Claim")
    shows(slack, "Claimed by")


# Slack has a bad day


def test_a_click_is_done_though_slack_breaks_down_meanwhile(slack: SlackApi, desk: Desk) -> None:
    slack.fault("chat.update", "status", status=503)
    click(slack, KATI, "Claim")
    slack.wait(lambda: "chat.update" in slack.asked, "try")
    assert desk.case.assignee == KATI
    desk.tick(2)
    shows(slack, f"Claimed by  {KATI}")


@pytest.mark.parametrize("kind", ["lost", "garbage", "status", "error"])
def test_an_answer_that_slack_does_not_take_stops_nothing(
    slack: SlackApi, desk: Desk, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = message(slack)
    click(slack, KATI, "Claim")
    shows(slack, "Claimed by")
    slack.fault("chat.postEphemeral", kind)
    slack.fault("views.open", kind)
    click(slack, REIN, "Claim", before)
    click(slack, REIN, "Not a complaint")
    slack.wait(lambda: {"chat.postEphemeral", "views.open"} <= set(slack.asked), "both tries")
    click(slack, REIN, "Answered")
    shows(slack, f"says  {REIN}")
    assert TOKEN not in caplog.text
    assert APP_TOKEN not in caplog.text


def test_a_press_is_acknowledged_at_once_though_slack_itself_hangs(slack: SlackApi, desk: Desk) -> None:
    slack.fault("views.open", "hang")
    click(slack, KATI, "Not a complaint")
    click(slack, REIN, "Claim")
    shows(slack, f"Claimed by  {REIN}")


def test_a_wrong_app_token_is_told_without_being_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wrong = "xapp-1-wrong-but-secret"
    with SlackApi(clock=lambda: NOON) as slack:
        care = slack_channel(slack.url, CARE, Actions(app_token=Secret(wrong)))
        with team(tmp_path, care, slack_channel(slack.url, LEADS, None)) as made:
            slack.wait(lambda: "apps.connections.open" in slack.asked, "try")
            told = [wrong_ for _, _, wrong_ in made.app.logins() if wrong_]
    assert any("`actions: app_token` must be an app-level token" in line for line in told)
    assert wrong not in caplog.text
    assert wrong not in "".join(told)


def test_without_actions_nothing_can_be_pressed(tmp_path: Path) -> None:
    with SlackApi(clock=lambda: NOON) as slack:
        plain = (slack_channel(slack.url, where, None) for where in (CARE, LEADS))
        with team(tmp_path, *plain):
            assert labels(message(slack)) == []
            assert "apps.connections.open" not in slack.asked


# What Slack tells, read


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
)
PRESSED = press(KATI, CARE, {"ts": "1.000001", "blocks": buttons(sample.alert(), ENGLISH)}, "Claim")


@given(payload=ANY_JSON)
def test_nothing_else_is_taken_for_a_click(payload: Any) -> None:
    assert clicks.read(payload) is None


@given(way=st.sampled_from(["type", "user", "trigger_id", "channel", "actions"]), value=ANY_JSON)
def test_a_click_with_a_part_that_is_wrong_is_none_or_still_whole(way: str, value: Any) -> None:
    click = clicks.read(PRESSED | {way: value})
    assert click is None or (click.wish.act, click.who) == (Act.CLAIM, KATI)


NUMBER = st.integers(1, 10_000)
MOVING = st.builds(
    Wish,
    act=st.sampled_from([act for act in Act if act is not Act.SPLIT]),
    case_id=NUMBER,
    round=NUMBER,
    minutes=st.integers(0, 10_000),
)
SPLITTING = st.builds(Wish, act=st.just(Act.SPLIT), case_id=NUMBER, round=NUMBER, post=NUMBER)


@given(wish=MOVING | SPLITTING)
def test_a_wish_comes_back_as_it_was_sent(wish: Wish) -> None:
    assert Wish.read(str(wish)) == wish


@pytest.mark.parametrize(
    "moved", [{}, sample.claimed(5), sample.snoozed(5, 50), sample.answered(9), sample.dismissed(5)]
)
def test_every_button_asks_for_a_move_that_the_case_allows(moved: dict[str, Any]) -> None:
    case = moved.get("case", sample.MARI)
    shown = {"ts": "1.000001", "blocks": buttons(sample.alert(opening=True, **moved), ENGLISH)}
    for label in labels(shown):
        told = clicks.read(press(REIN, CARE, shown, label))
        assert told
        if told.asks_first:
            asked = form(told.wish, sample.alert(**moved), Place(channel=CARE), ENGLISH)
            check_form(asked)
            entered = {"whom": LIIS} if told.wish.act is Act.ASSIGN else {}
            told = clicks.read(send(REIN, asked, **entered))
        assert told
        after, event = clicks.move(told, case, sample.at(10), lambda case, now: now + minutes(600))
        assert event.actor == REIN
        assert clicks.already_done(told, after) or told.wish.act is Act.SNOOZE


def test_a_withdrawn_case_has_nothing_to_press() -> None:
    assert buttons(sample.alert(**sample.withdrawn(5)), ENGLISH) == []
