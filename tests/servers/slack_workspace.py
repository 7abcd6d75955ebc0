"""The inside of the strict local Slack: channels, messages, threads, and the Web API methods upon them."""

import json
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.servers.slack_files import Files
from tests.servers.slack_rules import Refused, check_form, check_home, check_message, check_reply

Message = dict[str, Any]

TOKEN = "xoxb-local-0123456789-very-secret"
CARE, LEADS = "C0CARE0001", "C0LEADS001"
BOT, USER = "B0MONITOR1", "U0MONITOR1"
APP_TOKEN = "xapp-local-0123456789-very-secret"
MANIFEST_FILE = Path(__file__).parents[2] / "docs/slack-app-manifest.yaml"
MANIFEST = yaml.safe_load(MANIFEST_FILE.read_text(encoding="utf-8"))
SCOPES = ",".join(MANIFEST["oauth_config"]["scopes"]["bot"])


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: before Slack has carried it out, or after.

    kind: "lost" (the connection breaks), "hang" (no answer ever), "garbage" (no JSON), "status" (an HTTP status),
    "error" (a Slack error code), "ratelimited" (429).
    """

    kind: str
    after: bool = False
    status: int = 500
    error: str = "internal_error"
    retry_after: int = 30


@dataclass
class Room:
    """One channel with all its messages, oldest first."""

    id: str
    name: str
    member: bool = True
    archived: bool = False
    private: bool = False
    posts: list[Message] = field(default_factory=list)
    last_post: float = float("-inf")

    @property
    def family(self) -> str:
        """The first part of the scopes that it takes."""
        return "groups" if self.private else "channels"


class Workspace:
    """`clock` makes the time stamps (None: the machine's); `seconds` is the clock of the limit of one message a second
    a channel (None: no limit); `page` the most entries of one answer."""

    def __init__(
        self,
        *,
        token: str = TOKEN,
        scopes: str = SCOPES,
        clock: Callable[[], datetime] | None = None,
        seconds: Callable[[], float] | None = None,
        page: int = 200,
        journal: Path | None = None,
    ) -> None:
        self.token = token
        self.scopes = scopes
        self.rooms = {room.id: room for room in (Room(CARE, "care"), Room(LEADS, "leads"))}
        self.refused: list[str] = []
        """Why requests were refused."""
        self.replies: list[Message] = []
        """What was said to one person alone: `channel`, `user`, `text`."""
        self.forms: list[Message] = []
        """Modals that were opened."""
        self.homes: dict[str, Message] = {}
        """The App Homes of people, as they look now."""
        self.answers: dict[str, list[Message]] = {}
        """What was answered at each address that was given for it."""
        self.needed: set[str] = set()
        """The scopes that requests took."""
        self.files = Files()
        self.groups: dict[str, list[str]] = {}
        """User groups and the people in them."""
        self.asked: list[str] = []
        """The methods of all requests, in their order."""
        self.changed = threading.Condition()
        """Notified after every request."""
        self._spent: set[str] = set()
        self._clock, self._seconds, self._page, self._journal = clock, seconds, page, journal
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._last_ts = 0

    def room(self, name: str) -> Room:
        """A channel by id, name or #name. Raises KeyError."""
        wanted = name.removeprefix("#")
        return next((room for room in self.rooms.values() if wanted in (room.id, room.name)), None) or self.rooms[name]

    def messages(self, channel: str) -> list[Message]:
        """All messages of a channel, those in threads included, oldest first."""
        return list(self.room(channel).posts)

    def fault(self, method: str, kind: str, **more: Any) -> None:
        """The next request of this method goes wrong so; called again, the one after it too."""
        self._faults[method].append(Fault(kind, **more))

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
        """Until requests have made the condition true."""
        with self.changed:
            assert self.changed.wait_for(condition, seconds), f"no {what} within {seconds:g} s"

    def post_as_another_app(self, channel: str, message: Message) -> str:
        """Puts a message there that is not the monitor's; its time stamp."""
        ts = self._stamp()
        self.room(channel).posts.append({"ts": ts, "user": "U0OTHER001", "bot_id": "B0OTHER001", **message})
        return ts

    def answer(self, method: str, arguments: Message, token: str) -> tuple[Fault | None, Message]:
        """Carries out one request unless a fault prevents it."""
        try:
            return self._answer(method, arguments, token)
        finally:
            with self.changed:
                self.changed.notify_all()

    def socket_address(self) -> str:
        raise Refused("unknown_method", "apps.connections.open")

    def _answer(self, method: str, arguments: Message, token: str) -> tuple[Fault | None, Message]:
        with self._lock:
            self.asked.append(method)
            fault = self._faults[method].popleft() if self._faults[method] else None
            if fault and not fault.after:
                return fault, {}
            try:
                if token != (APP_TOKEN if method == "apps.connections.open" else self.token):
                    raise Refused("invalid_auth" if token else "not_authed", "token")
                return fault, {"ok": True, **self._carry_out(method, arguments)}
            except Refused as refused:
                self.refused.append(str(refused))
                return fault, {"ok": False, "error": refused.code, "response_metadata": {"messages": [refused.why]}}

    def _carry_out(self, method: str, arguments: Message) -> Message:
        methods: dict[str, Callable[[Message], Message]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "users.conversations": self._conversations,
            "chat.postEphemeral": self._reply,
            "views.open": self._open_form,
            "views.publish": self._publish,
            "usergroups.users.list": self._members,
            "files.getUploadURLExternal": self._announce,
            "files.completeUploadExternal": self._share,
            "apps.connections.open": lambda _: {"url": self.socket_address()},
        }
        if method not in methods:
            raise Refused("unknown_method", method)
        return methods[method](arguments)

    def _auth_test(self, _: Message) -> Message:
        url = "https://baltic-care.slack.com/"
        return {"url": url, "team": "Baltic Care", "user": "monitor", "user_id": USER, "bot_id": BOT}

    def _post(self, arguments: Message) -> Message:
        self._scope("chat:write")
        room = self._open(arguments, names=True)
        for name, safe in {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}.items():
            if arguments.get(name) != safe:
                raise Refused("invalid_arguments", f"{name} must be {safe}")
        _check_metadata(arguments.get("metadata"))
        check_message(arguments.get("text"), arguments.get("blocks"))
        thread = arguments.get("thread_ts")
        if thread is not None and not any(post["ts"] == thread and "thread_ts" not in post for post in room.posts):
            raise Refused("thread_not_found", str(thread))
        if self._seconds and self._seconds() - room.last_post < 1.0:
            raise Refused("ratelimited", "one message a second a channel")
        room.last_post = self._seconds() if self._seconds else 0.0
        post: Message = {"type": "message", "ts": self._stamp(), "user": USER, "bot_id": BOT}
        post |= {name: arguments[name] for name in ("text", "blocks", "metadata", "thread_ts") if name in arguments}
        room.posts.append(post)
        self._write("chat.postMessage", room, post)
        return {"channel": room.id, "ts": post["ts"], "message": post}

    def _update(self, arguments: Message) -> Message:
        self._scope("chat:write")
        room = self._open(arguments)
        post = _own(room, arguments, "cant_update_message")
        check_message(arguments.get("text"), arguments.get("blocks"))
        post |= {"text": arguments["text"], "blocks": arguments["blocks"], "edited": {"user": USER}}
        self._write("chat.update", room, post)
        return {"channel": room.id, "ts": post["ts"], "text": post["text"]}

    def _delete(self, arguments: Message) -> Message:
        self._scope("chat:write")
        room = self._open(arguments)
        post = _own(room, arguments, "cant_delete_message")
        room.posts.remove(post)
        self._write("chat.delete", room, post)
        return {"channel": room.id, "ts": post["ts"]}

    def _reply(self, arguments: Message) -> Message:
        self._scope("chat:write")
        room = self._open(arguments)
        check_reply(arguments.get("text"))
        self.replies.append({"channel": room.id, "user": arguments["user"], "text": arguments["text"]})
        return {"message_ts": self._stamp()}

    def _open_form(self, arguments: Message) -> Message:
        trigger, view = str(arguments.get("trigger_id")), arguments.get("view")
        if trigger in self._spent:
            raise Refused("exchanged_trigger_id", trigger)
        self._spent.add(trigger)
        view = json.loads(view) if isinstance(view, str) else view
        check_form(view)
        assert isinstance(view, dict)
        self.forms.append(view)
        return {"view": view}

    def _publish(self, arguments: Message) -> Message:
        view = arguments.get("view")
        view = json.loads(view) if isinstance(view, str) else view
        check_home(view)
        self.homes[str(arguments["user_id"])] = view or {}
        return {"view": view}

    def take_answer(self, address: str, body: Message) -> int:
        """What somebody is answered at an address that came with her press or command; the HTTP status."""
        try:
            with self._lock:
                if self._faults["response_url"]:
                    return self._faults["response_url"].popleft().status
                if len(self.answers.get(address, [None] * 5)) >= 5:
                    raise Refused("used_url", address)
                if set(body) != {"response_type", "replace_original", "text", "blocks"}:
                    raise Refused("invalid_arguments", str(sorted(body)))
                if body["response_type"] != "ephemeral" or not isinstance(body["replace_original"], bool):
                    raise Refused("invalid_arguments", "an answer is for one person only")
                check_message(body["text"], body["blocks"])
                self.answers[address].append(body)
                return 200
        except Refused as refused:
            self.refused.append(str(refused))
            return 404 if refused.code == "used_url" else 500
        finally:
            with self.changed:
                self.changed.notify_all()

    def _members(self, arguments: Message) -> Message:
        self._scope("usergroups:read")
        if arguments.get("usergroup") not in self.groups:
            raise Refused("no_such_subteam", str(arguments.get("usergroup")))
        return {"users": self.groups[arguments["usergroup"]]}

    def upload_address(self) -> str:
        raise Refused("unknown_method", "files.getUploadURLExternal")

    def _announce(self, arguments: Message) -> Message:
        self._scope("files:write")
        return self.files.announce(arguments, self.upload_address())

    def _share(self, arguments: Message) -> Message:
        self._scope("files:write")
        room = self._open(arguments | {"channel": arguments.get("channel_id")})
        return self.files.share(arguments, room, self._stamp, {"user": USER, "bot_id": BOT})

    def _history(self, arguments: Message) -> Message:
        room = self._open(arguments)
        self._scope(f"{room.family}:history")
        found = [post for post in reversed(room.posts) if "thread_ts" not in post and _since(post, arguments)]
        return self._paged("messages", [_seen(post, arguments) for post in found], arguments)

    def _replies(self, arguments: Message) -> Message:
        room, root = self._open(arguments), arguments.get("ts")
        self._scope(f"{room.family}:history")
        thread = [post for post in room.posts if root in (post["ts"], post.get("thread_ts"))]
        if not thread:
            raise Refused("thread_not_found", str(root))
        found = [post for post in thread if post["ts"] == root or _since(post, arguments)]
        return self._paged("messages", [_seen(post, arguments) for post in found], arguments)

    def _conversations(self, arguments: Message) -> Message:
        for family in ("channels", "groups"):
            self._scope(f"{family}:read")
        rooms = [{"id": room.id, "name": room.name} for room in self.rooms.values() if room.member]
        return self._paged("channels", rooms, arguments)

    def _paged(self, what: str, found: list[Message], arguments: Message) -> Message:
        start = int(arguments.get("cursor") or 0)
        end = start + min(self._page, int(arguments.get("limit") or 100))
        return {what: found[start:end], "response_metadata": {"next_cursor": str(end) if end < len(found) else ""}}

    def _open(self, arguments: Message, *, names: bool = False) -> Room:
        wanted = str(arguments.get("channel"))
        try:
            room = self.room(wanted) if names else self.rooms[wanted]
        except KeyError:
            raise Refused("channel_not_found", wanted) from None
        if not room.member:
            raise Refused("not_in_channel", wanted)
        if room.archived:
            raise Refused("is_archived", wanted)
        return room

    def _scope(self, scope: str) -> None:
        self.needed.add(scope)
        if scope not in self.scopes.split(","):
            raise Refused("missing_scope", scope)

    def _stamp(self) -> str:
        now = int(self._clock().timestamp() * 1_000_000) if self._clock else time.time_ns() // 1000
        self._last_ts = max(self._last_ts + 1, now)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def _write(self, method: str, room: Room, post: Message) -> None:
        if self._journal:
            line = json.dumps({"method": method, "channel": room.id, "name": room.name, **post}, ensure_ascii=False)
            with self._journal.open("a", encoding="utf-8") as journal:
                journal.write(f"{line}\n")


def _own(room: Room, arguments: Message, refusal: str) -> Message:
    """The app's message of that time stamp."""
    post = next((post for post in room.posts if post["ts"] == arguments.get("ts")), None)
    if post is None:
        raise Refused("message_not_found", str(arguments.get("ts")))
    if post["bot_id"] != BOT:
        raise Refused(refusal, "another app's")
    return post


def _check_metadata(metadata: Any) -> None:
    if metadata is None:
        return
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise Refused("invalid_metadata_format", "event_type and event_payload")
    if not re.fullmatch(r"[A-Za-z0-9_]{1,255}", metadata["event_type"]):
        raise Refused("invalid_metadata_format", "event_type")
    if not isinstance(metadata["event_payload"], dict):
        raise Refused("invalid_metadata_schema", "event_payload")


def _since(post: Message, arguments: Message) -> bool:
    return float(post["ts"]) >= float(arguments.get("oldest") or 0)


def _seen(post: Message, arguments: Message) -> Message:
    """A message as a reader gets it: the payload of its metadata only when asked for."""
    if "files" in post:
        return {**post, "files": [{"id": file["id"], "name": file["name"]} for file in post["files"]]}
    if str(arguments.get("include_all_metadata")) in ("1", "true", "True") or "metadata" not in post:
        return post
    return {**post, "metadata": {"event_type": post["metadata"]["event_type"]}}
