"""The Slack app's manifest is what the program needs, no less and no more; and Slack refuses nothing that is shown."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from alerts import blocks, queue
from alerts.buttons import Listing
from alerts.case import Event
from alerts.markup import mention
from alerts.rotation import Turn
from alerts.slack import Slack
from alerts.voice import Voice
from alerts.words import line
from monitor.desk.questions import LONGEST
from tests import alert_samples as sample
from tests.care_team import GROUP, SOCKET, ask, go_home, press_answer, shows, slack_channel, strict_slack, team
from tests.servers.local_slack import KATI
from tests.servers.slack_api import CARE, LEADS
from tests.servers.slack_person import command
from tests.servers.slack_rules import check_home, check_message
from tests.servers.slack_workspace import MANIFEST, SCOPES
from tests.test_slack import ANYTHING, MOVES, VOICES


def test_the_manifest_grants_exactly_the_scopes_that_are_used(tmp_path: Path) -> None:
    with strict_slack() as slack:
        slack.rooms[LEADS].private = True
        care, leads = (slack_channel(slack.url, room, replace(SOCKET, allowed=GROUP)) for room in ("#care", "#leads"))
        with team(tmp_path, care, leads) as desk:
            slack.wait(lambda: slack.sockets, "socket")
            for channel in (desk.app.channels["care"], desk.app.channels["managers"]):
                assert isinstance(channel, Slack)
                channel.login()
            press_answer(slack, KATI, ask(slack, KATI), "Claim")
            shows(slack, "Claimed by")
            go_home(slack, KATI)
    assert slack.needed | {"commands", "files:write"} == set(SCOPES.split(","))  # the latter for the weekly digest


def test_the_manifest_has_the_command_the_event_and_the_socket() -> None:
    features, configured = MANIFEST["features"], MANIFEST["settings"]
    assert [each["command"] for each in features["slash_commands"]] == [command(KATI, "", CARE, "")["command"]]
    assert features["slash_commands"][0]["should_escape"] is True
    assert features["app_home"]["home_tab_enabled"]
    assert configured["event_subscriptions"]["bot_events"] == ["app_home_opened"]
    assert configured["interactivity"]["is_enabled"]
    assert configured["socket_mode_enabled"]
    assert len(MANIFEST["display_information"]["description"]) <= 140


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(ANYTHING, min_size=1, max_size=3),
    name=ANYTHING,
    moved=MOVES,
    minutes=st.sampled_from([2.0, 61.0, 3000.0]),
    url=st.text(max_size=60).map(lambda tail: f"https://x.com/{tail}") | st.just("https://x.com/" + "a" * 2900),
    words=ANYTHING,
    skip=st.integers(0, 10**6),
    say=VOICES,
)
def test_whatever_is_written_lists_and_homes_are_such_as_slack_takes(
    texts: list[str], name: str, moved: dict[str, Any], minutes: float, url: str, words: str, skip: int, say: Voice
) -> None:
    posts = [sample.post(text, n, author=name, url=url) for n, text in enumerate(texts)]
    moved = {"case": sample.MARI} | moved
    events = [replace(event, actor=name, detail={"reason": name}) for event in moved.get("timeline", [])]
    events.append(Event(at=sample.at(1), kind="assigned", actor=name, detail={"to": name}))
    alerts = [
        sample.alert(
            minutes,
            complaints=posts,
            case=replace(moved["case"], id=number, brand=name or "b", author=name),
            timeline=events,
            elsewhere=url,
        )
        for number in range(1, 13)
    ]
    lead = blocks.reply(alerts[0], "Done:", say)
    listing = Listing(words=line(words, LONGEST), skip=skip)
    figures = queue.Figures(span=timedelta(days=7), complaints=9, in_time=3, first_reply=None, waiting=2)
    turn = Turn(who=name, since=sample.at(0), until=sample.at(minutes))
    answers = [
        queue.answer(f"1 case with “{listing.words}”", alerts[:5], listing, say, more=7, lead=lead),
        queue.one(alerts[0], listing, say, lead=lead),
        queue.told(f"There is no “{listing.words}”; there is:", ["`/complaints`"]),
        queue.rota("On call now", [(name, turn)], say, sample.at(0)),
    ]
    views = [
        queue.home(alerts[:3], alerts[3:], say, more=3, figures=figures, now=sample.at(9), lead=lead),
        queue.closed_home(f"Only {mention(name)} may do this.", say),
    ]
    for text, drawn in answers:
        check_message(text, drawn)
    for view in views:
        check_home(view)
    for block in [block for _, drawn in answers for block in drawn] + [b for view in views for b in view["blocks"]]:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
