"""Reads what Slack says of a press or a filled-in form, and tells which move on a case it stands for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from alerts import case as moves
from alerts.buttons import ASKS_FIRST, Act, Place, Wish, asked_in, listing_of
from alerts.case import Case, Move, NotAllowed, State
from connectors.base import storable


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What somebody entered before she sent a form."""

    kind: str = ""
    reason: str = ""
    whom: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """Somebody pressed a button under a case, or sent the form that it opened."""

    who: str
    """Slack id."""
    place: Place
    """Where the button stands."""
    trigger: str
    """Slack's own name of this press, the same when Slack tells of it twice; opens one form."""
    wish: Wish
    form: Form | None = None

    @property
    def asks_first(self) -> bool:
        """Nothing is to be done before a form is filled in."""
        return self.form is None and self.wish.act in ASKS_FIRST


def read(payload: Any) -> Click | None:
    """The press or form that a payload of Slack's tells of; None when it tells of something else, or of nothing."""
    try:
        if payload["type"] == "block_actions":
            return _pressed(payload)
        if payload["type"] == "view_submission":
            return _sent(payload)
    except (LookupError, TypeError, AttributeError, ValueError):
        pass
    return None


def move(click: Click, case: Case, now: datetime, opening: Callable[[Case, datetime], datetime]) -> Move:
    """Does what the click asks for; `opening` tells when a case's people are at work again.

    Raises NotAllowed, too when the case has another complaint than the one she saw.
    """
    if click.wish.round != case.round:
        raise NotAllowed(f"case {case.id} has another complaint since")
    who, form = click.who, click.form or Form()
    match click.wish.act:
        case Act.CLAIM:
            return moves.claim(case, who, now)
        case Act.ANSWER:
            return moves.answer(case, who, now)
        case Act.DISMISS:
            after, event = moves.dismiss(case, who, now, form.reason)
            return after, replace(event, detail=event.detail | {"kind": form.kind})
        case Act.SNOOZE:
            length = timedelta(minutes=click.wish.minutes)
            return moves.snooze(case, who, now, now + length if length else opening(case, now))
        case Act.ASSIGN:
            return moves.assign(case, who, now, form.whom)
        case Act.REOPEN:
            return moves.reopen(case, who, now)
        case Act.SPLIT:
            raise ValueError("a split is no move of one case")


def already_done(click: Click, case: Case) -> bool:
    """The case stands as the click would have it."""
    if click.wish.round != case.round:
        return False
    match click.wish.act:
        case Act.CLAIM:
            return case.state is State.CLAIMED and case.assignee == click.who
        case Act.ANSWER:
            return case.state is State.ANSWERED
        case Act.DISMISS:
            return case.state is State.DISMISSED
        case Act.ASSIGN:
            return case.state is State.CLAIMED and click.form is not None and case.assignee == click.form.whom
        case Act.REOPEN:
            return case.waiting
        case Act.SNOOZE | Act.SPLIT:
            return False


def _pressed(payload: Mapping[str, Any]) -> Click:
    [action] = payload["actions"]
    written = action["selected_option"]["value"] if action["type"] == "overflow" else action["value"]
    return Click(
        who=person(payload["user"]["id"]),
        place=_place(payload, action),
        trigger=str(payload["trigger_id"]),
        wish=Wish.read(written),
    )


def _place(payload: Mapping[str, Any], action: Mapping[str, Any]) -> Place:
    if "channel" not in payload and payload["view"]["type"] == "home":
        return Place()
    channel, listing = str(payload["channel"]["id"]), listing_of(action["block_id"])
    return Place(channel=channel, address=str(payload["response_url"]) if listing else "", listing=listing)


def _sent(payload: Mapping[str, Any]) -> Click:
    view = payload["view"]
    wish, place = asked_in(view)
    entered = {field: value for fields in view["state"]["values"].values() for field, value in fields.items()}
    return Click(
        who=person(payload["user"]["id"]),
        place=place,
        trigger=str(payload.get("trigger_id") or view["id"]),
        wish=wish,
        form=_dismissal(entered) if wish.act is Act.DISMISS else Form(whom=person(entered["whom"]["selected_user"])),
    )


def _dismissal(entered: Mapping[str, Any]) -> Form:
    kind = entered["kind"]["selected_option"]["value"]
    return Form(kind=str(kind), reason=storable(entered.get("reason", {}).get("value") or "").strip())


def person(slack_id: str) -> str:
    """The Slack id of a person. Raises ValueError when it is none."""
    if not re.fullmatch(r"[UW][A-Z0-9]{2,20}", slack_id):
        raise ValueError("no Slack id of a person")
    return slack_id
