"""Reads what Slack says of a slash command, a visit to the App Home, or a press that asks to see more."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alerts.buttons import Listing, Place
from alerts.queue import LEAF, REFRESH
from alerts.words import line
from monitor.desk.clicks import person

LONGEST = 100
"""Characters of a question that are read: it travels in the ids of the buttons of its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Somebody wants to see cases: those of a listing, or her App Home."""

    who: str
    """Slack id."""
    trigger: str
    """Slack's own name of this question, the same when Slack tells of it twice."""
    place: Place
    listing: Listing
    command: str = "/complaints"
    """As the workspace calls it."""


def read(payload: Any) -> Question | None:
    """The question that a payload of Slack's holds; None when it tells of something else, or of nothing."""
    try:
        if "command" in payload:
            return _commanded(payload)
        if payload["type"] == "event_callback":
            return _visited(payload)
        if payload["type"] == "block_actions":
            return _pressed(payload)
    except (LookupError, TypeError, AttributeError, ValueError):
        pass
    return None


def _commanded(payload: Mapping[str, Any]) -> Question:
    return Question(
        who=person(payload["user_id"]),
        trigger=str(payload["trigger_id"]),
        place=Place(channel=str(payload["channel_id"]), address=str(payload["response_url"])),
        listing=Listing(words=line(_typed(str(payload.get("text") or "")), LONGEST)),
        command=line(str(payload["command"]), 40),
    )


def _typed(text: str) -> str:
    """What somebody typed: Slack puts people, channels and addresses between < and >, and escapes the rest."""
    text = re.sub(r"<(https?://[^|>]*)(\|[^>]*)?>", r"\1", text)
    text = re.sub(r"<#\w+\|?([^>]*)>", r"#\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _visited(payload: Mapping[str, Any]) -> Question | None:
    event = payload["event"]
    if event["type"] != "app_home_opened" or event["tab"] != "home":
        return None
    trigger = str(payload.get("event_id") or event["event_ts"])
    return Question(who=person(event["user"]), trigger=trigger, place=Place(), listing=Listing())


def _pressed(payload: Mapping[str, Any]) -> Question | None:
    [action] = payload["actions"]
    who, trigger = person(payload["user"]["id"]), str(payload["trigger_id"])
    if action["action_id"] == REFRESH and payload["view"]["type"] == "home":
        return Question(who=who, trigger=trigger, place=Place(), listing=Listing())
    if action["action_id"] == LEAF:
        listing = Listing.read(action["value"])
        place = Place(channel=str(payload["channel"]["id"]), address=str(payload["response_url"]), listing=listing)
        return Question(who=who, trigger=trigger, place=place, listing=listing)
    return None
