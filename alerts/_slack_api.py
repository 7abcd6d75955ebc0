"""Calls Slack's Web API, each request once, and says what went wrong in words that its reader can act on."""

import logging
import re
from collections.abc import Callable, Iterator
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

from alerts.base import Permanent, Transient, Unknown
from connectors.base import Clock, Secret

PAGE = 200

_NEVER_LEFT = (ConnectionRefusedError, gaierror, SSLCertVerificationError)
_NO_SENSE = (OSError, HTTPException, ValueError, LookupError, AttributeError)
"""How a client ends whose connection broke, or whose answer is none that Slack would give."""
_PERHAPS_DONE = {"internal_error", "fatal_error", "service_unavailable"}
_LATER = {"ratelimited", "rate_limited", "message_limit_exceeded", "request_timeout", "team_added_to_org"}
_TOKEN = "Slack does not accept the token: put a valid bot token (xoxb-…) into `token`"
_FORM = "Slack refuses the form of the message; please report this as a bug"
ADVICE = {
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


class SlackApi:
    """Slack as one token sees it; `room` is the channel, by id or name, that it mostly asks about."""

    def __init__(self, token: Secret, room: str, base_url: str | None, timeout: float, clock: Clock) -> None:
        self.client = WebClient(
            token=token.reveal(),
            base_url=base_url or WebClient.BASE_URL,
            timeout=cast(int, timeout),  # handed to a socket, which takes fractions
            retry_handlers=[],
            logger=_log,
        )
        self._room = room
        self._clock = clock
        self._me: SlackResponse | None = None
        self.channel_id: str | None = room if re.fullmatch(r"[CGD][A-Z0-9]{6,}", room) else None

    def forget_me(self) -> None:
        """Who the app is shall be asked anew."""
        self._me = None

    def needs(self, scope: str) -> SlackResponse:
        """Who the app is. Raises Permanent when it lacks the scope."""
        me = self.whoami()
        header = {name.lower(): value for name, value in me.headers.items()}.get("x-oauth-scopes")
        if header is not None and scope not in re.split(r"[,\s]+", header):
            raise Permanent(ADVICE["missing_scope"].format(needed=scope))
        return me

    def whoami(self) -> SlackResponse:
        if self._me is None:
            self._me = self.call(self.client.auth_test, Transient)
        return self._me

    def where(self) -> str:
        """The channel's id, which Slack wants for everything but posting. Raises Permanent, Transient."""
        if self.channel_id is None:
            name = self._room.removeprefix("#")
            kinds = "public_channel,private_channel"
            for page in self.pages(self.client.users_conversations, types=kinds, exclude_archived=True):
                for channel in page.get("channels") or ():
                    if channel.get("name") == name:
                        self.channel_id = channel["id"]
                        return channel["id"]  # type: ignore[no-any-return]
            raise Permanent(ADVICE["not_in_channel"].format(channel=self._room))
        return self.channel_id

    def pages(self, method: Callable[..., SlackResponse], **arguments: Any) -> Iterator[SlackResponse]:
        cursor = None
        while True:
            page = self.call(method, Transient, limit=PAGE, cursor=cursor, **arguments)
            yield page
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return

    def call(
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
        where = self._room if channel in (None, self.channel_id) else channel
        advice = ADVICE.get(code, "Slack refuses").format(channel=where, needed=response.get("needed", "it needs"))
        raise Permanent(f"{advice} ({code})") from None

    def _retry_at(self, response: SlackResponse) -> datetime | None:
        seconds = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
        return self._clock() + timedelta(seconds=int(seconds)) if seconds.isdecimal() else None


def respond(address: str, body: dict[str, Any], timeout: float) -> None:
    """Answers at an address that Slack gave for it. Raises Transient, Permanent."""
    client = WebhookClient(address, timeout=cast(int, timeout), retry_handlers=[], logger=_log)
    try:
        status = client.send_dict(body).status_code
    except _NO_SENSE as error:
        raise Transient(f"no proper answer from Slack: {type(error).__name__}") from None
    if status != 200:
        kind = Transient if status == 429 or status >= 500 else Permanent
        raise kind(f"Slack takes no answer at the address it gave (HTTP {status})")
