"""Posts alerts into a Slack channel: one message a case, edited in place, its later steps in the message's thread."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from slack_sdk.web import SlackResponse

from alerts import base, blocks
from alerts._slack_api import SlackApi, respond
from alerts.base import Alert, Digest, Incident, Message, Permanent, Suggesting, Transient, Unknown
from alerts.markup import Block
from connectors.base import Clock, Secret

EVENT_TYPE = "complaint_monitor_alert"
"""The `metadata` of our messages, by which a message is found again."""

_CLOCKS_APART = timedelta(minutes=2)
_APP_TOKEN = (
    "Slack opens no socket: `actions: app_token` must be an app-level token (xapp-…) with the scope connections:write, "
    "and Socket Mode must be on"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """How the monitor hears that a button was pressed, and who may press."""

    app_token: Secret | None = None
    """Over Socket Mode: the app-level token, xapp-…, with the scope connections:write."""
    signing_secret: Secret | None = None
    """Over HTTP, at the address in the section `desk`: what Slack signs its requests with."""
    allowed: str = ""
    """Id of the user group that may press, such as S012AB3CD (scope usergroups:read); "": everybody in the channel."""

    def __post_init__(self) -> None:
        if not self.app_token and not self.signing_secret:
            raise ValueError("actions: needs app_token or signing_secret, or nobody hears of a press")
        if self.allowed and not re.fullmatch(r"S[A-Z0-9]{8,20}", self.allowed):
            raise ValueError("actions: allowed must be the id of a user group, such as S012AB3CD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(base.Options):
    token: Secret
    """The app's bot token, xoxb-…; scopes: chat:write and channels:history, for a private channel groups:history, for
    digests files:write."""
    channel: str
    """Id such as C012AB3CD, or #name; by name, finding a message again needs channels:read (groups:read) too."""
    actions: Actions | None = None
    """Without it there are no buttons."""
    base_url: str | None = None
    """Another server that speaks Slack's Web API; None: Slack itself."""


class Slack(Suggesting):
    Options = Options

    def __init__(self, name: str, options: Any, *, clock: Clock) -> None:
        super().__init__(name, options, clock=clock)
        self._api = SlackApi(options.token, options.channel, options.base_url, options.timeout, clock)
        self._client = self._api.client

    def send(self, message: Message) -> str:
        if isinstance(message, Digest):
            self._api.needs("files:write")
        return self._post(message, *blocks.render(message, self.say, actions=self.options.actions is not None))

    def suggest(self, alert: Alert) -> str:
        return self._post(alert, *blocks.suggestion(alert, self.say))

    def _post(self, message: Message, text: str, rendered: list[Block]) -> str:
        channel, thread = _split(message.thread) if message.thread else (None, None)
        response = self._api.call(
            self._client.chat_postMessage,
            Unknown,
            channel=channel or self._api.channel_id or self.options.channel,
            thread_ts=thread,
            text=text,
            blocks=rendered,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"key": message.key}},
            unfurl_links=False,
            unfurl_media=False,
            parse="none",
            link_names=False,
        )
        channel, ts = response.get("channel"), response.get("ts")
        if not isinstance(channel, str) or not isinstance(ts, str):
            raise Unknown("Slack took the message but did not say where it is")
        if thread is None:
            self._api.channel_id = channel
        if isinstance(message, Digest):
            try:
                self._attach(message, channel, ts)
            except (Transient, Permanent) as error:  # the message itself has left
                raise Unknown(str(error)) from None
        return f"{channel}:{ts}"

    def update(self, shown: Alert | Incident) -> None:
        if shown.root is None:
            raise ValueError(f"{shown.key} has no message to edit")
        self._edit(shown.root, *blocks.standing(shown, self.say, actions=self.options.actions is not None))
        if isinstance(shown, Alert) and shown.suggested is not None:
            with suppress(Permanent):  # somebody has deleted it: no loss
                self._edit(shown.suggested, *blocks.suggestion(shown, self.say))

    def _edit(self, reference: str, text: str, rendered: list[Block]) -> None:
        channel, ts = _split(reference)
        self._api.call(
            self._client.chat_update,
            Transient,
            channel=channel,
            ts=ts,
            text=text,
            blocks=rendered,
            parse="none",
            link_names=False,
        )

    def find(self, message: Message, since: datetime) -> str | None:
        about = {
            "oldest": f"{(since - _CLOCKS_APART).timestamp():.6f}",
            "inclusive": True,
            "include_all_metadata": True,
        }
        if message.thread:
            channel, thread = _split(message.thread)
            pages = self._api.pages(self._client.conversations_replies, channel=channel, ts=thread, **about)
        else:
            channel = self._api.where()
            pages = self._api.pages(self._client.conversations_history, channel=channel, **about)
        me = self._api.whoami()
        for page in pages:
            for found in page.get("messages") or ():
                if _key(found) == message.key and _wrote(me, found):
                    if isinstance(message, Digest):
                        self._attach(message, channel, found["ts"])
                    return f"{channel}:{found['ts']}"
        return None

    def withdraw(self, reference: str) -> None:
        channel, ts = _split(reference)
        self._api.call(self._client.chat_delete, Transient, channel=channel, ts=ts)

    def link(self, reference: str) -> str | None:
        channel, ts = _split(reference)
        workspace = self._api.whoami().get("url")
        return f"{workspace.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}" if workspace else None

    def login(self) -> str:
        self._api.forget_me()
        me = self._api.needs("chat:write")
        channel = self._api.where()
        self._api.call(self._client.conversations_history, Transient, channel=channel, limit=1)
        if actions := self.options.actions:
            _ = self.members(actions.allowed) if actions.allowed else None
            _ = self.socket_address() if actions.app_token else None
        return f"{me.get('user')} in the workspace {me.get('team')} may post in {self.options.channel} ({channel})"

    def reply(self, who: str, channel: str, text: str) -> None:
        """Says something, in mrkdwn, that only one person in the channel sees."""
        whisper = self._client.chat_postEphemeral
        self._api.call(whisper, Transient, channel=channel, user=who, text=text, parse="none")

    def ask(self, trigger: str, form: dict[str, Any]) -> None:
        """Opens a form for the person whose press gave the trigger, which is good for three seconds and one form."""
        self._api.call(self._client.views_open, Transient, trigger_id=trigger, view=form)

    def answer(self, address: str, text: str, drawn: list[dict[str, Any]], *, replace: bool) -> None:
        """Shows one person something at an address that Slack gave for it, in the place of what stood there or below.

        An address is good for half an hour and five answers.
        """
        body = {"response_type": "ephemeral", "replace_original": replace, "text": text, "blocks": drawn}
        respond(address, body, self.options.timeout)

    def publish(self, who: str, view: dict[str, Any]) -> None:
        """Shows one person her App Home."""
        self._api.call(self._client.views_publish, Transient, user_id=who, view=view)

    def members(self, group: str) -> frozenset[str]:
        """The ids of the people of a user group."""
        found = self._api.call(self._client.usergroups_users_list, Transient, usergroup=group)
        return frozenset(found.get("users") or ())

    def is_in(self, channel: str) -> bool:
        """This posts into the channel of that id."""
        return self._api.where() == channel

    def socket_address(self) -> str:
        """A web socket over which Slack will tell of presses; good for one connection, soon."""
        token = self.options.actions.app_token
        try:
            return str(self._api.call(self._client.apps_connections_open, Transient, app_token=token.reveal())["url"])
        except Permanent:
            raise Permanent(_APP_TOKEN) from None

    def _attach(self, digest: Digest, channel: str, ts: str) -> None:
        """Puts the charts and the PDF into the thread of the digest's message, unless they are there."""
        for page in self._api.pages(self._client.conversations_replies, channel=channel, ts=ts):
            if any(found.get("files") for found in page.get("messages") or ()):
                return
        files = [
            {"filename": f"{digest.file}-{each.name}.png", "file": each.png, "title": each.title, "alt_txt": each.words}
            for each in digest.pictures
        ]
        files.append({"filename": f"{digest.file}.pdf", "file": digest.pdf, "title": digest.title})
        self._api.call(self._client.files_upload_v2, Transient, file_uploads=files, channel=channel, thread_ts=ts)


def _split(reference: str) -> tuple[str, str]:
    """Channel and time stamp of a reference that `send` gave."""
    channel, _, ts = reference.partition(":")
    return channel, ts


def _key(message: dict[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    return cast("str | None", (metadata.get("event_payload") or {}).get("key"))


def _wrote(me: SlackResponse, message: dict[str, Any]) -> bool:
    """The message is this app's own: another one's metadata may say anything."""
    return any(
        me.get(name) and message.get(theirs) == me.get(name)
        for name, theirs in (("bot_id", "bot_id"), ("user_id", "user"))
    )
