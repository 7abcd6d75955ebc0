"""Posts alerts into a Slack channel: one message a case, edited in place, its later steps in the message's thread."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from socket import gaierror
from ssl import SSLCertVerificationError
from typing import Any, NoReturn, cast
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient

from alerts import base, blocks
from alerts.base import Alert, Channel, Digest, Incident, Message, Permanent, Transient, Unknown
from connectors.base import Clock, Secret

EVENT_TYPE = "complaint_monitor_alert"
"""The `metadata` of our messages, by which a message is found again."""

_CLOCKS_APART = timedelta(minutes=2)
_PAGE = 200
_NEVER_LEFT = (ConnectionRefusedError, gaierror, SSLCertVerificationError)
_NO_SENSE = (OSError, HTTPException, ValueError, LookupError, AttributeError)
"""How a client ends whose connection broke, or whose answer is none that Slack would give."""
_PERHAPS_DONE = {"internal_error", "fatal_error", "service_unavailable"}
_LATER = {"ratelimited", "rate_limited", "message_limit_exceeded", "request_timeout", "team_added_to_org"}
_TOKEN = "Slack does not accept the token: put a valid bot token (xoxb-…) into `token`"
_APP_TOKEN = (
    "Slack opens no socket: `actions: app_token` must be an app-level token (xapp-…) with the scope connections:write, "
    "and Socket Mode must be on"
)
_FORM = "Slack refuses the form of the message; please report this as a bug"
_ADVICE = {
    "invalid_auth": _TOKEN,
    "not_authed": _TOKEN,
    "account_inactive": _TOKEN,
    "token_revoked": _TOKEN,
    "token_expired": _TOKEN,
    "not_allowed_token_type": _TOKEN,
    "not_in_channel": "the app is not a member of {channel}: write `/invite @app` there, with the app's name",
    "channel_not_found": "Slack knows no {channel} for this app: check `channel`; a private one needs `/invite @app`",
    "is_archived": "{channel} is archived: unarchive it, or put another one into `channel`",
    "missing_scope": "the app lacks the scope {needed}: add it under OAuth & Permissions and reinstall the app",
    "restricted_action": "the workspace does not let the app post in {channel}: ask its administrators",
    "message_not_found": "the message was deleted from {channel}, so it can't be edited",
    "cant_update_message": "the message in {channel} was written by another app, so it can't be edited",
    "thread_not_found": "the case's message was deleted from {channel}, so nothing can be added to its thread",
    "expired_trigger_id": "the form came too late: Slack opens one only within three seconds of the press",
    "no_such_subteam": "Slack knows no user group of the id in `actions: allowed`",
    "msg_too_long": _FORM,
    "msg_blocks_too_long": _FORM,
    "invalid_blocks": _FORM,
    "invalid_blocks_format": _FORM,
    "metadata_too_large": _FORM,
}

_log = logging.getLogger("alerts.slack.client")
_log.setLevel(logging.CRITICAL)  # every failure is raised, and the client's debug lines hold customers' words


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


class Slack(Channel):
    Options = Options
    suggests = True

    def __init__(self, name: str, options: Any, *, clock: Clock) -> None:
        super().__init__(name, options, clock=clock)
        self._client = WebClient(
            token=options.token.reveal(),
            base_url=options.base_url or WebClient.BASE_URL,
            timeout=cast(int, options.timeout),  # handed to a socket, which takes fractions
            retry_handlers=[],
            logger=_log,
        )
        self._channel_id: str | None = options.channel if re.fullmatch(r"[CGD][A-Z0-9]{6,}", options.channel) else None
        self._me: SlackResponse | None = None

    def send(self, message: Message) -> str:
        if isinstance(message, Digest):
            self._needs("files:write")
        return self._post(message, *blocks.render(message, actions=self.options.actions is not None))

    def suggest(self, alert: Alert) -> str:
        return self._post(alert, *blocks.suggestion(alert))

    def _post(self, message: Message, text: str, rendered: list[blocks.Block]) -> str:
        channel, thread = _split(message.thread) if message.thread else (None, None)
        response = self._call(
            self._client.chat_postMessage,
            Unknown,
            channel=channel or self._channel_id or self.options.channel,
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
            self._channel_id = channel
        if isinstance(message, Digest):
            try:
                self._attach(message, channel, ts)
            except (Transient, Permanent) as error:  # the message itself has left
                raise Unknown(str(error)) from None
        return f"{channel}:{ts}"

    def update(self, shown: Alert | Incident) -> None:
        if shown.root is None:
            raise ValueError(f"{shown.key} has no message to edit")
        self._edit(shown.root, *blocks.standing(shown, actions=self.options.actions is not None))
        if isinstance(shown, Alert) and shown.suggested is not None:
            with suppress(Permanent):  # somebody has deleted it: no loss
                self._edit(shown.suggested, *blocks.suggestion(shown))

    def _edit(self, reference: str, text: str, rendered: list[blocks.Block]) -> None:
        channel, ts = _split(reference)
        self._call(
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
            pages = self._pages(self._client.conversations_replies, channel=channel, ts=thread, **about)
        else:
            channel = self._where()
            pages = self._pages(self._client.conversations_history, channel=channel, **about)
        me = self._whoami()
        for page in pages:
            for found in page.get("messages") or ():
                if _key(found) == message.key and _wrote(me, found):
                    if isinstance(message, Digest):
                        self._attach(message, channel, found["ts"])
                    return f"{channel}:{found['ts']}"
        return None

    def link(self, reference: str) -> str | None:
        channel, ts = _split(reference)
        workspace = self._whoami().get("url")
        return f"{workspace.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}" if workspace else None

    def login(self) -> str:
        self._me = None
        me = self._needs("chat:write")
        channel = self._where()
        self._call(self._client.conversations_history, Transient, channel=channel, limit=1)
        if actions := self.options.actions:
            _ = self.members(actions.allowed) if actions.allowed else None
            _ = self.socket_address() if actions.app_token else None
        return f"{me.get('user')} in the workspace {me.get('team')} may post in {self.options.channel} ({channel})"

    def reply(self, who: str, channel: str, text: str) -> None:
        """Says something, in mrkdwn, that only one person in the channel sees."""
        self._call(self._client.chat_postEphemeral, Transient, channel=channel, user=who, text=text, parse="none")

    def ask(self, trigger: str, form: dict[str, Any]) -> None:
        """Opens a form for the person whose press gave the trigger, which is good for three seconds and one form."""
        self._call(self._client.views_open, Transient, trigger_id=trigger, view=form)

    def answer(self, address: str, text: str, drawn: list[dict[str, Any]], *, replace: bool) -> None:
        """Shows one person something at an address that Slack gave for it, in the place of what stood there or below.

        An address is good for half an hour and five answers.
        """
        body = {"response_type": "ephemeral", "replace_original": replace, "text": text, "blocks": drawn}
        client = WebhookClient(address, timeout=self._client.timeout, retry_handlers=[], logger=_log)
        try:
            status = client.send_dict(body).status_code
        except _NO_SENSE as error:
            raise Transient(f"no proper answer from Slack: {type(error).__name__}") from None
        if status != 200:
            kind = Transient if status == 429 or status >= 500 else Permanent
            raise kind(f"Slack takes no answer at the address it gave (HTTP {status})")

    def publish(self, who: str, view: dict[str, Any]) -> None:
        """Shows one person her App Home."""
        self._call(self._client.views_publish, Transient, user_id=who, view=view)

    def members(self, group: str) -> frozenset[str]:
        """The ids of the people of a user group."""
        return frozenset(self._call(self._client.usergroups_users_list, Transient, usergroup=group).get("users") or ())

    def is_in(self, channel: str) -> bool:
        """This posts into the channel of that id."""
        return self._where() == channel

    def socket_address(self) -> str:
        """A web socket over which Slack will tell of presses; good for one connection, soon."""
        token = self.options.actions.app_token
        try:
            return str(self._call(self._client.apps_connections_open, Transient, app_token=token.reveal())["url"])
        except Permanent:
            raise Permanent(_APP_TOKEN) from None

    def _attach(self, digest: Digest, channel: str, ts: str) -> None:
        """Puts the charts and the PDF into the thread of the digest's message, unless they are there."""
        for page in self._pages(self._client.conversations_replies, channel=channel, ts=ts):
            if any(found.get("files") for found in page.get("messages") or ()):
                return
        files = [
            {"filename": f"{digest.file}-{each.name}.png", "file": each.png, "title": each.title, "alt_txt": each.words}
            for each in digest.pictures
        ]
        files.append({"filename": f"{digest.file}.pdf", "file": digest.pdf, "title": digest.title})
        self._call(self._client.files_upload_v2, Transient, file_uploads=files, channel=channel, thread_ts=ts)

    def _needs(self, scope: str) -> SlackResponse:
        """Who the app is. Raises Permanent when it lacks the scope."""
        me = self._whoami()
        header = {name.lower(): value for name, value in me.headers.items()}.get("x-oauth-scopes")
        if header is not None and scope not in re.split(r"[,\s]+", header):
            raise Permanent(_ADVICE["missing_scope"].format(needed=scope))
        return me

    def _whoami(self) -> SlackResponse:
        if self._me is None:
            self._me = self._call(self._client.auth_test, Transient)
        return self._me

    def _where(self) -> str:
        """The channel's id, which Slack wants for everything but posting. Raises Permanent, Transient."""
        if self._channel_id is None:
            name = self.options.channel.removeprefix("#")
            kinds = "public_channel,private_channel"
            for page in self._pages(self._client.users_conversations, types=kinds, exclude_archived=True):
                for channel in page.get("channels") or ():
                    if channel.get("name") == name:
                        self._channel_id = channel["id"]
                        return channel["id"]  # type: ignore[no-any-return]
            raise Permanent(_ADVICE["not_in_channel"].format(channel=self.options.channel))
        return self._channel_id

    def _pages(self, method: Callable[..., SlackResponse], **arguments: Any) -> Iterator[SlackResponse]:
        cursor = None
        while True:
            page = self._call(method, Transient, limit=_PAGE, cursor=cursor, **arguments)
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    def _call(
        self, method: Callable[..., SlackResponse], lost: type[Transient] | type[Unknown], **arguments: Any
    ) -> SlackResponse:
        """One request, never repeated; `lost` is raised when it may have been carried out all the same."""
        try:
            return method(**arguments)
        except SlackApiError as error:
            self._refused(error.response, lost, arguments.get("channel"))
        except SlackRequestError:  # what it says may hold anything
            raise lost("Slack did not take a file") from None
        except URLError as error:
            kind = Transient if isinstance(error.reason, _NEVER_LEFT) else lost
            raise kind(f"Slack can't be reached: {type(error.reason).__name__}") from None
        except _NO_SENSE as error:
            raise lost(f"no proper answer from Slack: {type(error).__name__}") from None

    def _refused(self, response: SlackResponse, lost: type[Exception], channel: str | None) -> NoReturn:
        """Turns what Slack said into what the caller can act on. The response itself goes no further."""
        code, status = str(response.get("error")), response.status_code
        if status == 429 or code in _LATER:
            raise Transient("Slack asks to wait", retry_at=self._retry_at(response)) from None
        if status >= 500 or code in _PERHAPS_DONE or (status == 200 and not re.fullmatch(r"\w+", code)):
            raise lost(f"no proper answer from Slack (HTTP {status})") from None
        if not re.fullmatch(r"\w+", code):
            raise Permanent(f"HTTP {status} instead of an answer from Slack: check `base_url` and proxies") from None
        where = self.options.channel if channel in (None, self._channel_id) else channel
        advice = _ADVICE.get(code, "Slack refuses").format(channel=where, needed=response.get("needed", "it needs"))
        raise Permanent(f"{advice} ({code})") from None

    def _retry_at(self, response: SlackResponse) -> datetime | None:
        seconds = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
        return self.clock() + timedelta(seconds=int(seconds)) if seconds.isdecimal() else None


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
