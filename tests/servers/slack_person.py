"""What a person does in Slack: presses a button that a message really has, fills in the form that it opens, asks."""

from typing import Any
from uuid import uuid4

Message = dict[str, Any]


def labels(message: Message) -> list[str]:
    """What can be pressed in a message, in its order, the choices behind the three dots last."""
    return [label for label, _ in _choices(message["blocks"])]


def action(message: Message, label: str, *, nth: int = 0) -> Message:
    """The press on the nth button of that name, as Slack tells of it. Raises LookupError when there is none."""
    found = [pressed for name, pressed in _choices(message["blocks"]) if name == label]
    if len(found) > nth:
        return found[nth]
    raise LookupError(f"no {label!r} among {labels(message)}")


def press(who: str, channel: str, message: Message, label: str, *, nth: int = 0) -> Message:
    """A `block_actions` payload."""
    return {
        "type": "block_actions",
        "user": {"id": who, "username": who.lower(), "team_id": "T0CARE0001"},
        "api_app_id": "A0MONITOR1",
        "token": "never-to-be-trusted",
        "trigger_id": f"{uuid4().int % 10**12}.{uuid4().hex}",
        "container": {"type": "message", "message_ts": message["ts"], "channel_id": channel, "is_ephemeral": False},
        "channel": {"id": channel, "name": "care"},
        "message": message,
        "actions": [action(message, label, nth=nth)],
    }


def press_in_list(who: str, channel: str, listed: Message, label: str, address: str, *, nth: int = 0) -> Message:
    """A `block_actions` payload of a press in an answer that only she sees: Slack does not tell what stood there."""
    told = press(who, channel, {"ts": "1.000001", **listed}, label, nth=nth)
    del told["message"]
    told["container"]["is_ephemeral"] = True
    return told | {"response_url": address}


def press_at_home(who: str, view: Message, label: str, *, nth: int = 0) -> Message:
    """A `block_actions` payload of a press in her App Home."""
    told = press(who, "", {"ts": "", **view}, label, nth=nth)
    for name in ("message", "channel"):
        del told[name]
    return told | {"container": {"type": "view", "view_id": "V0HOME0001"}, "view": {"id": "V0HOME0001", **view}}


def command(who: str, text: str, channel: str, address: str, name: str = "/complaints") -> Message:
    """What Slack tells of a slash command."""
    return {
        "token": "never-to-be-trusted",
        "team_id": "T0CARE0001",
        "channel_id": channel,
        "user_id": who,
        "command": name,
        "text": text,
        "api_app_id": "A0MONITOR1",
        "response_url": address,
        "trigger_id": f"{uuid4().int % 10**12}.{uuid4().hex}",
    }


def visit(who: str, tab: str = "home") -> Message:
    """What Slack tells when somebody opens the app."""
    return {
        "type": "event_callback",
        "event_id": f"Ev{uuid4().hex[:9].upper()}",
        "api_app_id": "A0MONITOR1",
        "event": {"type": "app_home_opened", "user": who, "channel": "D0HOME0001", "tab": tab, "event_ts": "1.1"},
    }


def send(who: str, form: Message, **entered: Any) -> Message:
    """A `view_submission` payload; what is not entered stays as the form shows it."""
    values: Message = {}
    for block in form["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            state = _state(element, entered.pop(element["action_id"], None))
            values[block["block_id"]] = {element["action_id"]: {"type": element["type"], **state}}
    assert not entered, f"the form has no {list(entered)}"
    return {
        "type": "view_submission",
        "user": {"id": who, "username": who.lower(), "team_id": "T0CARE0001"},
        "api_app_id": "A0MONITOR1",
        "trigger_id": f"{uuid4().int % 10**12}.{uuid4().hex}",
        "view": {"id": f"V{uuid4().hex[:9].upper()}", **form, "state": {"values": values}},
        "response_urls": [],
    }


def _state(element: Message, entered: Any) -> Message:
    match element["type"]:
        case "radio_buttons":
            chosen = [option for option in element["options"] if option["text"]["text"] == entered]
            return {"selected_option": chosen[0] if entered else element.get("initial_option")}
        case "users_select":
            return {"selected_user": entered}
        case _:
            return {"value": entered}


def _choices(blocks: list[Message]) -> list[tuple[str, Message]]:
    found, hidden = [], []
    for block in blocks:
        for element in block["elements"] if block["type"] == "actions" else []:
            about = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
            if element["type"] == "button":
                found.append((element["text"]["text"], about | {"value": element["value"], "text": element["text"]}))
            for option in element.get("options", []):
                hidden.append((option["text"]["text"], about | {"selected_option": option}))
    return [*found, *hidden]
