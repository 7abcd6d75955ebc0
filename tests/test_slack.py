"""Stories of a care team that works in Slack, against a strict local Slack and against local-slack."""

import json
import logging
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from alerts import blocks, buttons
from alerts.base import Alert, Answer, Customer, Notice, Permanent, Transient, Unknown
from alerts.buttons import ASKS_FIRST, Place, Wish
from alerts.case import Dismissal, Event, Stop
from alerts.slack import Options, Slack
from alerts.voice import ENGLISH, LANGUAGES, Voice
from connectors.base import Secret
from tests import alert_samples as sample
from tests.servers import local_slack
from tests.servers.slack_api import CARE, LEADS, TOKEN, SlackApi
from tests.servers.slack_rules import Refused, check_form, check_message, check_reply

NOW = sample.at(2)


@pytest.fixture
def api() -> Iterator[SlackApi]:
    with SlackApi(clock=lambda: NOW) as server:
        yield server
    assert not [
        why for why in server.refused if why.startswith(("invalid_b", "invalid_arg", "invalid_m", "msg", "no_"))
    ]


def channel(server: SlackApi, name: str = CARE, *, token: str = TOKEN, timeout: float = 5.0) -> Slack:
    options = Options(token=Secret(token), channel=name, base_url=server.url, timeout=timeout)
    return Slack("care", options, clock=lambda: NOW)


def deliver(slack: Slack, message: Alert | Notice, tries: int = 6) -> str:
    """What the outbox does: send; when in doubt look, and only then send again."""
    doubt = False
    for _ in range(tries):
        try:
            found = slack.find(message, sample.POSTED) if doubt else None
            return found or slack.send(message)
        except Unknown:
            doubt = True
        except Transient:
            continue
    raise AssertionError("not delivered")


def seen(message: dict[str, Any]) -> str:
    """Everything a reader of the message sees, on one line."""
    return " ".join(_words(message["blocks"]))


def _words(node: Any) -> list[str]:
    if isinstance(node, list):
        return [word for each in node for word in _words(each)]
    if not isinstance(node, dict):
        return []
    own = node.get("text") if isinstance(node.get("text"), str) else node.get("fallback", node.get("user_id"))
    return ([own] if own else []) + [word for each in node.values() for word in _words(each)]


# One case, one message


def test_a_new_complaint_says_whose_it_is_and_until_when_to_answer(api: SlackApi) -> None:
    reference = channel(api).send(sample.alert())
    [message] = api.messages("care")
    assert reference == f"{CARE}:{message['ts']}"
    words = seen(message)
    assert "PõhjaNet on X" in words
    assert "12:05 UTC" in words
    assert sample.TEXT in words
    assert "@marimaasikas · 12.4K followers · Estonian · negative" in words
    assert "Outages · flagged for “Kolmas päev internetti pole & klienditugi <ei vasta>”" in words
    assert "92% sure" in words
    assert "https://x.com/marimaasikas/status/19" in json.dumps(message["blocks"])


def test_a_matter_of_safety_or_money_is_said_to_be_urgent(api: SlackApi) -> None:
    channel(api).send(sample.alert(complaints=[sample.post(severity="urgent")]))
    assert "·  urgent  ·  answer by" in seen(api.messages("care")[0])


def test_the_notification_on_a_locked_phone_says_the_same_in_short(api: SlackApi) -> None:
    channel(api).send(sample.alert())
    due = int(sample.MARI.respond_by.timestamp())
    assert api.messages("care")[0]["text"] == (
        f"🟠 PõhjaNet on X · answer by <!date^{due}^{{time}}|12:05 UTC>: "
        "Kolmas päev internetti pole &amp; klienditugi &lt;ei vasta&gt;"
    )


def test_reminders_stand_in_the_thread_and_call_the_right_people(api: SlackApi) -> None:
    slack = channel(api)
    root = slack.send(sample.alert())
    slack.send(sample.alert(30, 1, ("S0CAREDUTY",), root=root))
    slack.send(sample.alert(45, 2, ("U0LEAD0001", "Kati"), root=root, **sample.claimed(40)))
    first, reminder, lead = api.messages("care")
    assert reminder["thread_ts"] == lead["thread_ts"] == first["ts"]
    assert reminder["text"].startswith("<!subteam^S0CAREDUTY> Still no answer · due <!date^")
    assert "Nobody has claimed it" in seen(reminder)
    assert "<@U0LEAD0001> @Kati *Still no answer*" in seen(lead)
    assert "Claimed by Kati at <!date^" in seen(lead)


def test_a_missed_target_goes_to_the_managers_with_the_whole_case(api: SlackApi) -> None:
    link = "https://baltic-care.slack.com/archives/C1/p1"
    channel(api, LEADS).send(sample.alert(61, 3, ("U0LEAD0001",), elsewhere=link, **sample.claimed(40, "U0KATI0001")))
    [message] = api.messages("leads")
    words = seen(message)
    assert "target missed" in words
    assert "<@U0LEAD0001> Claimed by <@U0KATI0001>" in words
    assert sample.TEXT in words
    assert link in json.dumps(message["blocks"])


def test_a_missed_target_stands_in_the_thread_too(api: SlackApi) -> None:
    slack = channel(api)
    slack.send(sample.alert(61, 3, root=slack.send(sample.alert())))
    assert "*Target missed*, due" in seen(api.messages("care")[1])


def test_an_answer_by_the_brand_turns_the_message_green(api: SlackApi) -> None:
    slack = channel(api)
    root = slack.send(sample.alert())
    done = sample.alert(30, None, root=root, **sample.answered(23))
    slack.update(done)
    slack.update(done)
    [message] = api.messages("care")
    assert seen(message).startswith("✅  PõhjaNet on X  ·  answered in 23 min  by @pohjanet_abi  · in time")


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        (sample.answered(80), "answered in 1 h 20 min  by @pohjanet_abi  · 20 min late"),
        (sample.answered(23, "U0KATI0001", Stop.PERSON), "answered in 23 min , says  U0KATI0001"),
        (sample.dismissed(5, "a *joke*"), "dismissed  by  Kati  at  11:10 UTC : a *joke*"),
        (sample.withdrawn(5), "deleted by the customer"),
        (sample.claimed(5, "U0KATI0001"), "Claimed by  U0KATI0001  at  11:10 UTC"),
        (sample.snoozed(5, 30), "Snoozed until  11:35 UTC"),
    ],
)
def test_the_message_tells_how_the_case_stands(api: SlackApi, moved: dict[str, Any], said: str) -> None:
    slack = channel(api)
    root = slack.send(sample.alert())
    slack.update(sample.alert(10, None, root=root, **moved))
    assert said in seen(api.messages("care")[0])


def test_nothing_of_a_customer_who_deleted_her_posts_remains(api: SlackApi) -> None:
    slack = channel(api)
    root = slack.send(sample.alert())
    slack.update(sample.alert(10, None, root=root, **sample.withdrawn(9)))
    shown = json.dumps(api.messages("care")[0], ensure_ascii=False)
    assert "Kolmas" not in shown
    assert "marimaasikas" not in shown


def test_a_deleted_post_of_several_is_no_longer_quoted(api: SlackApi) -> None:
    posts = [sample.post("üks"), sample.post("", 1, deleted=True, author=""), sample.post("kolm", 2)]
    channel(api).send(sample.alert(complaints=posts))
    assert "üks … then at  11:07 UTC kolm" in seen(api.messages("care")[0])


def test_of_many_posts_the_oldest_and_the_latest_are_shown(api: SlackApi) -> None:
    posts = [sample.post(f"post {n}", n) for n in range(6)]
    channel(api).send(sample.alert(complaints=posts))
    words = seen(api.messages("care")[0])
    assert "post 0 … 4 more, then at  11:10 UTC post 5" in words
    assert "post 3" not in words


def test_a_customer_who_complains_again_is_announced_in_the_thread(api: SlackApi) -> None:
    slack = channel(api)
    root = slack.send(sample.alert())
    news = sample.alert(
        131, 0, root=root, complaints=[sample.post(), sample.post("ikka katki", 130)], **sample.again(130)
    )
    slack.send(news)
    slack.update(replace(news, step=None))
    first, second = api.messages("care")
    assert "The customer complains again* · answer by *<!date^" in seen(second)
    assert "then at  13:15 UTC ikka katki" in seen(first)
    assert "complaint no. 2" in seen(first)


def test_only_the_message_that_can_be_edited_holds_the_customers_words(api: SlackApi) -> None:
    slack = channel(api)
    root = slack.send(sample.alert())
    for number, minutes in enumerate((131, 150, 200)):
        slack.send(sample.alert(minutes, number, root=root, key=f"k{number}", **sample.again(130)))
    assert not [step for step in api.messages("care")[1:] if "Kolmas" in json.dumps(step)]


def test_a_step_that_comes_as_the_answer_does_says_so(api: SlackApi) -> None:
    slack = channel(api)
    slack.send(sample.alert(61, 3, ("U0LEAD0001",), root=slack.send(sample.alert()), **sample.answered(59)))
    assert seen(api.messages("care")[1]) == (
        "<@U0LEAD0001> ✅ *PõhjaNet on X* · *answered in 59 min* by @pohjanet_abi · in time"
    )


def test_a_notice_about_the_monitor_itself_reads_as_one(api: SlackApi) -> None:
    channel(api).send(sample.NOTICE)
    [message] = api.messages("care")
    assert "401 <unauthorized>\nsee log" in seen(message)
    assert message["text"].startswith("⚠️ X has been silent for 2 h: 401 &lt;unauthorized&gt;")


def test_a_moment_on_another_day_is_shown_with_its_date(api: SlackApi) -> None:
    channel(api).send(sample.alert(case=replace(sample.MARI, respond_by=sample.at(60 * 26))))
    [date, *_] = [part for part in _parts(api.messages("care")[0]["blocks"]) if part["type"] == "date"]
    assert (date["format"], date["fallback"]) == ("{date_short_pretty} at {time}", "24 Nov 13:05 UTC")


def _parts(shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [row for block in shown if block["type"] == "rich_text" for row in block["elements"]]
    return [part for row in rows for part in row["elements"]]


# What customers try


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel> <!here> <@U012AB3CD> <!subteam^S012AB3CD>",
        "@channel @here @everyone",
        "<https://evil.example|your bank> https://evil.example &lt;!channel&gt;",
        "*bold* _it_ ~no~ `code` ```more``` > quote :rotating_light:",
        "<!date^1^{date}^https://evil.example|soon>",
    ],
)
def test_a_customer_can_neither_ping_nor_format_nor_link(api: SlackApi, hostile: str) -> None:
    channel(api).send(sample.alert(complaints=[sample.post(hostile, author=hostile)]))
    [message] = api.messages("care")
    markup = [message["text"], *(words["text"] for words in _mrkdwn_texts(message["blocks"]))]
    assert not any(ping in words for words in markup for ping in ("<!c", "<!h", "<@", "<!s", "<http"))
    quoted = [part for part in _parts(message["blocks"]) if part["type"] == "text" and hostile in part["text"]]
    assert quoted == [{"type": "text", "text": hostile}]


def _mrkdwn_texts(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for each in node for found in _mrkdwn_texts(each)]
    if not isinstance(node, dict):
        return []
    return ([node] if node.get("type") == "mrkdwn" else []) + [f for each in node.values() for f in _mrkdwn_texts(each)]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("pay \u202egnp.exe\u202c now", "pay gnp.exe now"),
        ("a" + "\u200b" * 5000 + "b", "ab"),
        ("one" + "\n" * 500 + "two", "one\n\ntwo"),
        ("e" + "\u0301" * 900, "e" + "\u0301" * 3),
        ("\x1b[31mred\x07", "[31mred"),
        ("👩‍👩‍👧 👍🏽 ❤️", "👩‍👩‍👧 👍🏽 ❤️"),
        ("\u200b \n ", "(no text)"),
    ],
)
def test_floods_and_hidden_signs_are_folded_and_emoji_kept(written: str, shown: str) -> None:
    _, drawn = blocks.render(sample.alert(complaints=[sample.post(written)]), ENGLISH)
    assert {"type": "text", "text": shown} in _parts(drawn)


def test_a_long_post_is_cut_between_words() -> None:
    _, drawn = blocks.render(sample.alert(complaints=[sample.post("väga pikk jutt " * 500)]), ENGLISH)
    [quote] = [
        part["text"] for part in _parts(drawn) if part["text" if part["type"] == "text" else "type"][:4] == "väga"
    ]
    assert len(quote) <= 900
    assert quote.endswith(("väga…", "pikk…", "jutt…"))


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "https://", "https://a b", "ftp://x.com/1", "https://x.com/" + "a" * 3000, "//x.com", ""],
)
def test_only_a_proper_web_address_becomes_a_link(url: str) -> None:
    _, drawn = blocks.render(sample.alert(complaints=[sample.post(url=url)]), ENGLISH)
    assert not [part for part in _parts(drawn) if part["type"] == "link"]


BUTTON = {"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Claim"}, "value": "v"}
ANYTHING = st.text(max_size=400) | st.text("<>&!@|*_~`:\n\u202e\u200b\u0301😀\x00a ", max_size=4000)
VOICES = st.sampled_from([Voice(language) for language in LANGUAGES])
MOVES = st.sampled_from(
    [
        {},
        sample.claimed(5),
        sample.given(5),
        sample.reminded(25),
        sample.handed_on(45),
        sample.answered(9),
        sample.answered(80, "Kati", Stop.PERSON),
        sample.dismissed(5),
        *(sample.told_why(5, kind) for kind in Dismissal),
        sample.reopened(5),
        sample.again(70),
        sample.turned_urgent(5),
        sample.withdrawn(5),
        sample.snoozed(5, 50),
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(ANYTHING, min_size=1, max_size=4),
    name=ANYTHING,
    moved=MOVES,
    minutes=st.sampled_from([2.0, 45.0, 61.0, 3000.0]),
    number=st.sampled_from([None, 0, 1, 3]),
    root=st.sampled_from([None, f"{CARE}:1.000001"]),
    url=st.text(max_size=60).map(lambda tail: f"https://x.com/{tail}"),
    followers=st.none() | st.integers(0, 10**10),
    actions=st.booleans(),
    say=VOICES,
)
def test_whatever_is_written_the_message_is_one_that_slack_takes(
    texts: list[str], name: str, moved: dict[str, Any], minutes: float, number: int | None, root: str | None,
    url: str, followers: int | None, actions: bool, say: Voice,
) -> None:  # fmt: skip
    posts = [sample.post(text, n, author=name, url=url, followers=followers) for n, text in enumerate(texts)]
    moved = {"case": sample.MARI} | moved
    case = replace(moved["case"], brand=name or "b", author=name)
    events = [replace(event, actor=name, detail=event.detail | {"reason": name}) for event in moved.get("timeline", [])]
    about: dict[str, Any] = {"complaints": posts, "root": root, "case": case, "timeline": events, "elsewhere": url}
    told = sample.alert(minutes, number, (name, "U012AB3CD"), opening=actions, **about)
    words = Answer(text=texts[0], language="et", topic=name, person_decides=actions)
    worth = Customer(name=name, tier=name, note=texts[0], rank=number)
    told = replace(told, answer=words if case.waiting else None, customer=worth)
    notice = Notice(key="n", now=NOW, title=name, lines=tuple(texts))
    given = Event(at=NOW, kind="assigned", actor=name, detail={"to": name})
    call = replace(told, step=None, number=0, root=f"{CARE}:1.000001", timeline=[*events, given])
    sent = (told, notice, call) if told.step or not told.root else (notice, call)
    shown = [blocks.render(message, say, actions=actions) for message in sent]
    for act in ASKS_FIRST:
        check_form(buttons.form(Wish(act=act, case_id=case.id, round=case.round), told, Place(channel=CARE), say))
    check_reply(blocks.reply(call, "Already done:", say))
    shown += [blocks.suggestion(told, say), blocks.suggestion(call, say)]
    for text, drawn in (*shown, blocks.root(told, say, actions=actions), blocks.root(call, say, actions=actions)):
        check_message(text, drawn)
        for block in drawn:
            parsed = Block.parse(block)
            assert parsed is not None
            parsed.validate_json()


@pytest.mark.parametrize(
    "broken",
    [
        {"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>", "verbatim": True}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a < b", "verbatim": True}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001, "verbatim": True}},
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "colour": "red"},
        {"type": "marquee"},
        {"type": "actions", "block_id": "b", "elements": []},
        {"type": "actions", "block_id": "b", "elements": [BUTTON, BUTTON]},
        {"type": "actions", "block_id": "b" * 256, "elements": [BUTTON]},
        {"type": "actions", "block_id": "b", "elements": [BUTTON | {"value": "v" * 2001}]},
        {"type": "actions", "block_id": "b", "elements": [BUTTON | {"text": {"type": "plain_text", "text": "t" * 76}}]},
        {"type": "actions", "block_id": "b", "elements": [BUTTON | {"url": "https://evil.example"}]},
    ],
)
def test_the_strict_slack_refuses_what_slack_would(broken: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_message("text", [broken])
    with pytest.raises(Refused):
        check_message("text", [{"type": "divider"}] * 51)
    with pytest.raises(Refused):
        check_message("", [{"type": "divider"}])


# What goes wrong on the way


@pytest.mark.parametrize(
    "faults",
    [
        [{"kind": "lost"}],
        [{"kind": "lost", "after": True}],
        [{"kind": "hang", "after": True}],
        [{"kind": "hang"}],
        [{"kind": "garbage"}],
        [{"kind": "garbage", "after": True}],
        [{"kind": "status"}],
        [{"kind": "status", "after": True, "status": 503}],
        [{"kind": "error", "error": "fatal_error", "after": True}],
        [{"kind": "error", "error": "internal_error"}],
        [{"kind": "ratelimited"}],
        [{"kind": "lost"}, {"kind": "ratelimited"}, {"kind": "lost", "after": True}],
    ],
)
def test_whatever_breaks_each_message_arrives_once(api: SlackApi, faults: list[dict[str, Any]]) -> None:
    slack = channel(api, timeout=0.3)
    root = deliver(slack, sample.alert())
    for message in (sample.alert(30, 1, root=root), sample.alert(61, 2), sample.NOTICE):
        for fault in faults:
            api.fault("chat.postMessage", **fault)
        reference = deliver(slack, message)
        [found] = [m for m in api.messages("care") if m["metadata"]["event_payload"]["key"] == message.key]
        assert reference == f"{CARE}:{found['ts']}"
        if faults[-1]["kind"] in ("status", "lost"):
            api.fault("conversations.history", "lost")
    assert len(api.messages("care")) == 4


def test_a_message_is_found_on_a_later_page_and_only_if_it_is_our_own() -> None:
    with SlackApi(clock=lambda: NOW, page=2) as api:
        slack = channel(api, "#care")
        mine = slack.send(sample.alert())
        forged = {"event_type": "complaint_monitor_alert", "event_payload": {"key": "case:43:1:0"}}
        for _ in range(7):
            api.post_as_another_app("care", {"text": "lunch?", "metadata": forged})
        assert slack.find(sample.alert(), sample.POSTED) == mine
        assert slack.find(sample.alert(key="case:43:1:0"), sample.POSTED) is None


def test_a_message_older_than_the_doubt_is_not_taken_for_it(api: SlackApi) -> None:
    slack = channel(api)
    slack.send(sample.alert())
    assert slack.find(sample.alert(), NOW + timedelta(hours=1)) is None


def test_a_channel_given_by_name_is_found_after_a_lost_reply(api: SlackApi) -> None:
    slack = channel(api, "#care")
    api.fault("chat.postMessage", "lost", after=True)
    with pytest.raises(Unknown):
        slack.send(sample.alert())
    assert slack.find(sample.alert(), sample.POSTED) == f"{CARE}:{api.messages('care')[0]['ts']}"


def test_a_channel_by_name_that_the_app_is_not_in_is_said_so(api: SlackApi) -> None:
    with pytest.raises(Permanent, match="not a member of #sales"):
        channel(api, "#sales").find(sample.alert(), sample.POSTED)


def test_slack_says_when_to_come_back(api: SlackApi) -> None:
    api.fault("chat.postMessage", "ratelimited", retry_after=17)
    with pytest.raises(Transient) as caught:
        channel(api).send(sample.alert())
    assert caught.value.retry_at == NOW + timedelta(seconds=17)


def test_more_than_a_message_a_second_is_held_back_by_slack() -> None:
    seconds = iter([0.0, 0.0, 0.5, 1.5, 1.5])
    with SlackApi(clock=lambda: NOW, seconds=lambda: next(seconds)) as api:
        slack = channel(api)
        slack.send(sample.alert(key="a"))
        with pytest.raises(Transient) as caught:
            slack.send(sample.alert(key="b"))
        assert caught.value.retry_at == NOW + timedelta(seconds=1)
        slack.send(sample.alert(key="b"))


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("invalid_auth", "xoxb-…"),
        ("token_revoked", "xoxb-…"),
        ("not_in_channel", "/invite @app"),
        ("channel_not_found", "check `channel`"),
        ("is_archived", "unarchive"),
        ("missing_scope", "OAuth & Permissions"),
        ("restricted_action", "administrators"),
        ("invalid_blocks", "report this as a bug"),
        ("msg_too_long", "report this as a bug"),
        ("something_new", "something_new"),
    ],
)
def test_what_a_person_must_change_is_said_in_words(api: SlackApi, error: str, advice: str) -> None:
    api.fault("chat.postMessage", "error", error=error)
    with pytest.raises(Permanent) as caught:
        channel(api).send(sample.alert())
    assert advice in str(caught.value)
    assert error in str(caught.value)


@pytest.mark.parametrize("kind", ["lost", "hang", "garbage", "status"])
def test_an_edit_or_a_search_that_broke_off_is_simply_tried_again(api: SlackApi, kind: str) -> None:
    slack = channel(api, timeout=0.3)
    root = slack.send(sample.alert())
    done = sample.alert(30, None, root=root, **sample.answered(23))
    api.fault("chat.update", kind, after=True)
    with pytest.raises(Transient):
        slack.update(done)
    slack.update(done)
    api.fault("conversations.history", kind)
    with pytest.raises(Transient):
        slack.find(sample.alert(), sample.POSTED)
    assert slack.find(sample.alert(), sample.POSTED) == root


def test_a_message_that_is_one_too_many_is_deleted(api: SlackApi) -> None:
    slack = channel(api)
    kept, extra = slack.send(sample.alert()), slack.send(sample.alert())
    slack.withdraw(extra)
    assert [message["ts"] for message in api.messages(CARE)] == [kept.partition(":")[2]]
    with pytest.raises(Permanent, match="message_not_found"):
        slack.withdraw(extra)


def test_a_server_that_is_not_there_was_never_sent_anything() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/api/"
        slack = Slack("care", Options(token=Secret(TOKEN), channel=CARE, base_url=url), clock=lambda: NOW)
        with pytest.raises(Transient, match="ConnectionRefusedError"):
            slack.send(sample.alert())


def test_a_proxy_that_answers_in_slacks_place_is_told_from_slack(api: SlackApi) -> None:
    api.fault("chat.postMessage", "status", status=403)
    with pytest.raises(Permanent, match="HTTP 403"):
        channel(api).send(sample.alert())


def test_a_message_that_someone_deleted_can_not_be_edited(api: SlackApi) -> None:
    slack = channel(api)
    root = slack.send(sample.alert())
    api.rooms[CARE].posts.clear()
    with pytest.raises(Permanent, match="was deleted"):
        slack.update(sample.alert(30, None, root=root))
    with pytest.raises(Permanent, match="was deleted"):
        slack.send(sample.alert(30, 1, root=root))


# Before the first alert


def test_login_tells_who_posts_where(api: SlackApi) -> None:
    slack = channel(api, "#care")
    assert slack.login() == f"monitor in the workspace Baltic Care may post in #care ({CARE})"


@pytest.mark.parametrize(
    ("scopes", "missing"), [("channels:history", "chat:write"), ("chat:write", "channels:history")]
)
def test_login_names_the_scope_that_is_missing(scopes: str, missing: str) -> None:
    with SlackApi(scopes=scopes) as api, pytest.raises(Permanent, match=missing):
        channel(api).login()


def test_login_sees_that_the_app_was_not_invited(api: SlackApi) -> None:
    api.rooms[CARE].member = False
    with pytest.raises(Permanent, match="/invite"):
        channel(api).login()


def test_an_alert_elsewhere_can_link_to_the_message(api: SlackApi) -> None:
    assert channel(api).link(f"{CARE}:1700000000.000100") == (
        f"https://baltic-care.slack.com/archives/{CARE}/p1700000000000100"
    )


def test_the_token_is_in_no_error_and_no_log(api: SlackApi, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "xoxb-the-very-secret-one"
    slack = channel(api, token=secret, timeout=0.3)
    told = [repr(slack.options), repr(slack)]
    for kind in ("lost", "garbage", "status", "error", "ratelimited", "hang", None):
        if kind:
            api.fault("chat.postMessage", kind)
        with pytest.raises((Transient, Permanent, Unknown)) as caught:
            slack.send(sample.alert())
        told += [str(caught.value), repr(caught.value), str(caught.value.__cause__)]
    with pytest.raises(Permanent) as refused:
        slack.login()
    shown = "\n".join([*told, str(refused.value), caplog.text])
    assert secret not in shown
    assert "Kolmas" not in shown


# Other people's Slack, and ours as a process


def test_a_case_from_alert_to_answer_in_local_slack() -> None:
    with local_slack.LocalSlack() as server:
        options = Options(token=Secret(local_slack.TOKEN), channel="#care", base_url=server.url)
        slack = Slack("care", options, clock=lambda: NOW)
        assert local_slack.CARE in slack.login()
        root = slack.send(sample.alert())
        reminder = slack.send(sample.alert(30, 1, ("U01KATI001",), root=root))
        slack.update(sample.alert(40, None, root=root, **sample.answered(38)))
        first, second = server.messages(local_slack.CARE)
    assert root == f"{local_slack.CARE}:{first['ts']}"
    assert reminder == f"{local_slack.CARE}:{second['ts']}"
    assert second["thread_ts"] == first["ts"]
    assert "answered in 38 min" in seen(first)
    assert "<@U01KATI001>" in seen(second)


def test_the_strict_slack_runs_as_a_process_with_a_journal(tmp_path: Path) -> None:
    journal = tmp_path / "posted.jsonl"
    command = [sys.executable, "-m", "tests.servers.slack_api", "--journal", str(journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().split()[-1]
            slack = Slack("care", Options(token=Secret(TOKEN), channel="#care", base_url=url), clock=lambda: NOW)
            with urllib.request.urlopen(f"{url.removesuffix('api/')}_test/fault", _fault(), timeout=5) as answer:
                assert json.load(answer)["ok"]
            with suppress(Unknown):
                slack.send(sample.alert())
            reference = slack.find(sample.alert(), datetime(2020, 1, 1, tzinfo=UTC))
            with urllib.request.urlopen(f"{url.removesuffix('api/')}_test/messages?channel=care", timeout=5) as answer:
                [message] = json.load(answer)["messages"]
        finally:
            process.terminate()
    [line] = [json.loads(line) for line in journal.read_text().splitlines()]
    assert reference == f"{CARE}:{message['ts']}"
    assert line["ts"] == message["ts"]
    assert line["metadata"]["event_payload"] == {"key": "case:42:1:0"}


def _fault() -> bytes:
    return json.dumps({"method": "chat.postMessage", "kind": "lost", "after": True}).encode()
