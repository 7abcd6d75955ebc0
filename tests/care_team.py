"""A care team in Slack, for the tests of its desk: a case in the strict local Slack, and what people do with it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alerts.ladder import Ladder, Step
from alerts.rotation import Rotation
from alerts.slack import Actions, Options, Slack
from alerts.voice import Language
from connectors.base import Secret
from monitor.app import App, wall_clock
from monitor.config import Plugin
from monitor.config.model import Desk as Address
from monitor.desk.entrances import opened
from monitor.queries import story
from tests.databases import fresh
from tests.desk import NOON, Clock, Desk, minutes
from tests.servers import local_slack
from tests.servers.local_slack import KATI, SIGNING_SECRET, LocalSlack, Screen
from tests.servers.slack_api import APP_TOKEN, CARE, LEADS, TOKEN, SlackApi
from tests.servers.slack_person import command, press, press_at_home, press_in_list, send, visit
from tests.test_slack import seen

LIIS = "U0LIIS0001"
GROUP = "S0CARETEAM"
SIGNING = "8f742231b10e8888abcd99yyyzzz85a5"
OPEN = ["Claim", "Answered", "Not a complaint", "Assign to…", "Snooze for 15 minutes", "Snooze for 1 hour"]
LADDER = Ladder(
    target=minutes(60),
    steps=(
        Step(after=minutes(0), channel="care"),
        Step(after=minutes(60), channel="managers", mention=("U0LEAD0001",)),
    ),
)
NIGHT = Rotation(
    name="night", people=(KATI, LIIS), start=date(2026, 1, 5), handover=540, days=7, zone=ZoneInfo("Europe/Tallinn")
)
SOCKET = Actions(app_token=Secret(APP_TOKEN))


def slack_channel(
    url: str, channel: str, actions: Actions | None, token: str = TOKEN, language: Language = "en"
) -> Plugin:
    options = Options(token=Secret(token), channel=channel, base_url=url, actions=actions, timeout=5, language=language)
    return Plugin(type="slack", kind=Slack, options=options)


@contextmanager
def team(
    folder: Path, care: Plugin, managers: Plugin, at: datetime = NOON, other: Plugin | None = None, **config: Any
) -> Iterator[Desk]:
    """A care desk whose two channels are in Slack, with one complaint of Mari's, alerted; clicks are heard.

    No ladder leads into the `other` channel.
    """
    clock = Clock()
    clock.now = at
    desk = Desk(fresh(folder), folder, LADDER, clock)
    desk.app.close()
    channels = desk.config.channels | {"care": care, "managers": managers} | ({"other": other} if other else {})
    desk.config = replace(desk.config, channels=channels, **config)
    desk.app = App(desk.config, desk.clock)
    desk.post("my parcel is late", "mari")
    desk.tick()
    with opened(desk.app, wake=lambda: deliver(desk)):
        yield desk
    desk.app.close()


@contextmanager
def team_in_local_slack(folder: Path, *, http: bool) -> Iterator[tuple[LocalSlack, Screen, Desk]]:
    """The team in a Slack written by others, told of everything over signed HTTP or over Socket Mode."""
    port = free_port()
    actions = (
        Actions(signing_secret=Secret(SIGNING_SECRET)) if http else Actions(app_token=Secret(local_slack.APP_TOKEN))
    )
    with LocalSlack(tell=f"http://127.0.0.1:{port}/slack/events" if http else "") as server:
        rooms = (local_slack.CARE, local_slack.LEADS)
        care, leads = (slack_channel(server.url, room, actions, local_slack.TOKEN) for room in rooms)
        listen = Address(listen=f"127.0.0.1:{port}")
        rotations = {"night": NIGHT}
        at = wall_clock()
        with server.screen() as screen, team(folder, care, leads, at=at, desk=listen, rotations=rotations) as desk:
            screen.wait(lambda: http or screen.connected, "socket")
            yield server, screen, desk


def deliver(desk: Desk) -> None:
    while desk.app.deliver().more:
        pass


@contextmanager
def strict_slack() -> Iterator[SlackApi]:
    """The strict Slack, with Kati in the care team's user group; it must not refuse the form of anything it is sent."""
    with SlackApi(clock=lambda: NOON) as server:
        server.groups[GROUP] = [KATI]
        yield server
    assert not [why for why in server.refused if why.startswith(("invalid_b", "invalid_arg", "msg", "no_text"))]


@contextmanager
def team_over_sockets(
    folder: Path, slack: SlackApi, care: Actions = SOCKET, language: Language = "en", **config: Any
) -> Iterator[Desk]:
    """The team on the strict Slack, told of clicks over Socket Mode; `language` is the care channel's."""
    rooms = slack_channel(slack.url, CARE, care, language=language), slack_channel(slack.url, LEADS, SOCKET)
    with team(folder, *rooms, **config) as made:
        slack.wait(lambda: slack.sockets, "socket")
        yield made


def message(slack: SlackApi, channel: str = "care") -> dict[str, Any]:
    """The case's message as it looks now."""
    return deepcopy(slack.messages(channel)[0])


def click(slack: SlackApi, who: str, label: str, shown: dict[str, Any] | None = None) -> dict[str, Any]:
    """Somebody presses a button of the case's message, or of how she saw it earlier; what Slack told."""
    told = press(who, CARE, shown or message(slack), label)
    assert slack.sockets
    slack.sockets.deliver(told)
    return told


def shows(slack: SlackApi, words: str) -> dict[str, Any]:
    """The case's message, once it says so."""
    slack.wait(lambda: words in seen(message(slack)), f"{words!r} in the message")
    return message(slack)


def said_to(slack: SlackApi, who: str) -> str:
    """What the monitor says to one person alone."""
    slack.wait(lambda: [reply for reply in slack.replies if reply["user"] == who], f"word to {who}")
    [reply] = [reply for reply in slack.replies if reply["user"] == who]
    return str(reply["text"])


def timeline(desk: Desk) -> Any:
    found = story(desk.app.store, 1)
    assert found
    return found.timeline


def fill_in(slack: SlackApi, who: str, **entered: str) -> None:
    """Sends the form that was opened last."""
    assert slack.sockets
    slack.sockets.deliver(send(who, slack.forms.pop(), **entered))


def ask(slack: SlackApi, who: str, words: str = "", channel: str = CARE) -> dict[str, Any]:
    """Somebody writes the slash command; what she is answered."""
    address = slack.answer_address()
    told(slack, command(who, words, channel, address), "slash_commands")
    return answered(slack, address)


def press_answer(
    slack: SlackApi, who: str, shown: dict[str, Any], label: str, nth: int = 0, channel: str = CARE
) -> dict[str, Any]:
    """Somebody presses a button of what she was answered; what then stands in its place."""
    address = slack.answer_address()
    told(slack, press_in_list(who, channel, shown, label, address, nth=nth))
    return answered(slack, address)


def answered(slack: SlackApi, address: str) -> dict[str, Any]:
    given = slack.answers[urlsplit(address).path]
    slack.wait(lambda: given, "answer")
    return given[-1]


def go_home(slack: SlackApi, who: str) -> dict[str, Any]:
    """Somebody opens the App Home; what she sees."""
    slack.homes.pop(who, None)
    told(slack, visit(who), "events_api")
    return sees(slack, who)


def press_home(slack: SlackApi, who: str, label: str, nth: int = 0) -> dict[str, Any]:
    """Somebody presses a button of her App Home; what she then sees."""
    pressed = press_at_home(who, slack.homes.pop(who), label, nth=nth)
    told(slack, pressed)
    return sees(slack, who)


def sees(slack: SlackApi, who: str) -> dict[str, Any]:
    slack.wait(lambda: who in slack.homes, f"App Home of {who}")
    return slack.homes[who]


def told(slack: SlackApi, payload: dict[str, Any], kind: str = "interactive") -> None:
    """Slack tells of something over the socket."""
    assert slack.sockets
    slack.sockets.deliver(payload, kind=kind)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
