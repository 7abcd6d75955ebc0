"""A Bluesky of our own on 127.0.0.1: one server (PDS) that also answers for the network behind it."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Data = dict[str, Any]
Query = dict[str, list[str]]

CID = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
LETTERS = "234567abcdefghijklmnopqrstuvwxyz"


@dataclass
class Failure:
    """What is answered instead, the next `times` requests whose path contains `where`."""

    where: str
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    hang: bool = False


class Refusal(Exception):
    """An error as XRPC writes it."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": error, "message": message}


@dataclass
class Pds:
    """Accounts, their posts and what follows from them: notifications, feeds, threads and a search."""

    url: str = ""
    handle: str = "care.test"
    password: str = "abcd-efgh-ijkl-mnop"
    takedown: bool = False
    search: str = "index"
    """index: any case, honours since, places are numbers; plain: the text as it stands, no since; missing."""
    search_reach: int = 10_000
    page_size: int = 100
    forgets_places: bool = False
    remaining: int = 2999
    reset: int = 0
    posts: dict[str, Data] = field(default_factory=dict)
    extras: dict[str, list[Data]] = field(default_factory=dict)
    """Reposts in feeds and likes among notifications, by the name of the list."""
    blocking: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    access: str = ""
    refresh: str = ""
    issued: int = 0
    moved: dict[str, str] = field(default_factory=dict)
    """Accounts whose handle no longer holds, or has changed."""
    written: int = 0
    last_search: tuple[Any, list[Data]] = field(default_factory=lambda: (None, []))
    closing: threading.Event = field(default_factory=threading.Event)

    def post(
        self,
        text: str,
        *,
        by: str = "mari.test",
        at: datetime,
        indexed: datetime | None = None,
        to: str | None = None,
        **record: Any,
    ) -> str:
        """A post, which the network has seen when it was written unless `indexed` says otherwise."""
        uri = f"at://{did(by)}/app.bsky.feed.post/{rkey(len(self.posts))}"
        written = {"$type": "app.bsky.feed.post", "text": text, "createdAt": iso(at), **record}
        if to:
            root = self.posts[to]["record"].get("reply", {}).get("root", ref(to))
            written["reply"] = {"root": root, "parent": ref(to)}
        self.written += 1
        self.posts[uri] = {
            "uri": uri,
            "cid": CID,
            "author": {"did": did(by), "handle": by, "displayName": by.title()},
            "record": written,
            "indexedAt": iso(indexed or at),
            "likeCount": 0,
            "replyCount": 0,
        }
        return uri

    def repost(self, uri: str, *, by: str, at: datetime) -> None:
        reason = {"$type": "app.bsky.feed.defs#reasonRepost", "by": self._person(by), "indexedAt": iso(at)}
        self.extras.setdefault(f"feed {by}", []).append({"post": self.posts[uri], "reason": reason, "sort": iso(at)})

    def like(self, uri: str, *, by: str, at: datetime) -> None:
        record = {"$type": "app.bsky.feed.like", "subject": ref(uri), "createdAt": iso(at)}
        like = {
            "uri": f"at://{did(by)}/app.bsky.feed.like/{rkey(len(self.extras.get('notifications', [])))}",
            "record": record,
            "reason": "like",
        }
        note = {**like, "cid": CID, "author": self._person(by), "indexedAt": iso(at), "isRead": False, "sort": iso(at)}
        self.extras.setdefault("notifications", []).append(note)

    def delete(self, uri: str) -> None:
        self.written += 1
        del self.posts[uri]

    def expire(self, *, refresh_too: bool = False) -> None:
        """The access token has run out; with `refresh_too` the whole session."""
        self.access = ""
        self.refresh = "" if refresh_too else self.refresh

    def asked_for(self, name: str) -> int:
        return sum(name in path for path in self.asked)

    def answer(self, name: str, query: Query, form: Data, token: str) -> Data:
        if name == "com.atproto.server.createSession":
            return self._create_session(form)
        if name == "com.atproto.server.refreshSession":
            if not self.refresh or token != self.refresh:
                raise Refusal(400, "ExpiredToken", "Token has been revoked")
            return self._session()
        if not self.access or token != self.access:
            raise Refusal(400, "ExpiredToken", "Token has expired")
        answers: dict[str, Callable[[Query], Data]] = {
            "app.bsky.feed.searchPosts": self._search,
            "app.bsky.notification.listNotifications": self._notifications,
            "app.bsky.feed.getAuthorFeed": self._feed,
            "app.bsky.feed.getPostThread": self._thread,
            "app.bsky.feed.getPosts": self._get_posts,
        }
        if name not in answers or (self.search == "missing" and name == "app.bsky.feed.searchPosts"):
            raise Refusal(501, "MethodNotImplemented", "Method Not Implemented")
        return answers[name](query)

    def _create_session(self, form: Data) -> Data:
        if (form["identifier"], form["password"]) != (self.handle, self.password):
            raise Refusal(401, "AuthenticationRequired", "Invalid identifier or password")
        if self.takedown:
            raise Refusal(401, "AccountTakedown", "Account has been taken down")
        return self._session()

    def _session(self) -> Data:
        self.issued += 1
        self.access, self.refresh = (_token(f"{kind}{self.issued}") for kind in ("access", "refresh"))
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.invalid"}
        return {
            "accessJwt": self.access,
            "refreshJwt": self.refresh,
            "handle": self.handle,
            "did": did(self.handle),
            "didDoc": {"@context": ["https://www.w3.org/ns/did/v1"], "id": did(self.handle), "service": [service]},
            "active": True,
        }

    def _search(self, query: Query) -> Data:
        words, since = query["q"][0], query.get("since", [""])[0]
        if self.search == "plain":
            found = [post for post in self.posts.values() if words in post["record"]["text"]]
            found.sort(key=sort_at, reverse=True)
        else:
            found = self._looked_up(words, since)
        if self.search == "plain":
            posts, cursor = self._page(found, query, sort_at)
        else:
            posts, cursor = self._numbered(found[: self.search_reach], query)
        return {"posts": [self._view(post) for post in posts], **cursor}

    def _looked_up(self, words: str, since: str) -> list[Data]:
        """What the index holds, which remembers its last answer for as long as nothing is written."""
        question = (words, since, self.written)
        if self.last_search[0] != question:
            found = [post for post in self.posts.values() if _holds(post, words) and sort_at(post) >= since]
            self.last_search = question, sorted(found, key=sort_at, reverse=True)
        return self.last_search[1]

    def _notifications(self, query: Query) -> Data:
        mine = [note for post in self.posts.values() if (note := self._note(post))]
        notes = mine + [note for note in self.extras.get("notifications", []) if not query.get("reasons")]
        notes.sort(key=lambda note: note["sort"], reverse=True)
        page, cursor = self._page(notes, query, lambda note: str(note["sort"]))
        return {
            "notifications": [_public(note) for note in page],
            "seenAt": iso(datetime(2026, 1, 1, tzinfo=UTC)),
            **cursor,
        }

    def _note(self, post: Data) -> Data | None:
        record, me = post["record"], did(self.handle)
        if post["author"]["did"] == me:
            return None
        facets = json.dumps(record.get("facets", []))
        if me in (_parent(post) or ""):
            reason = "reply"
        elif me in facets:
            reason = "mention"
        elif me in json.dumps(record.get("embed", {})):
            reason = "quote"
        else:
            return None
        kept = {key: post[key] for key in ("uri", "cid", "record", "indexedAt")}
        person = self._view(post)["author"]
        return {**kept, "author": person, "reason": reason, "isRead": False, "sort": post["indexedAt"]}

    def _feed(self, query: Query) -> Data:
        actor = query["actor"][0]
        if actor.endswith(".nobody"):
            raise Refusal(400, "InvalidRequest", "Profile not found")
        own = [post for post in self.posts.values() if post["author"]["did"] == did(actor)]
        items: list[Data] = [{"post": self._view(post), "sort": sort_at(post)} for post in own]
        items += self.extras.get(f"feed {actor}", [])
        items.sort(key=lambda item: item["sort"], reverse=True)
        page, cursor = self._page(items, query, lambda item: str(item["sort"]))
        return {"feed": [_public(item) for item in page], **cursor}

    def _get_posts(self, query: Query) -> Data:
        if len(query["uris"]) > 25:
            raise Refusal(400, "InvalidRequest", "uris must not have more than 25 elements")
        shown = [self.posts[uri] for uri in dict.fromkeys(query["uris"]) if uri in self.posts]
        return {"posts": [self._view(post) for post in shown if post["author"]["handle"] not in self.blocking]}

    def _thread(self, query: Query) -> Data:
        uri = query["uri"][0]
        if uri not in self.posts:
            raise Refusal(400, "NotFound", f"Post not found: {uri}")
        return {"thread": self._branch(self.posts[uri], int(query["depth"][0]))}

    def _branch(self, post: Data, depth: int) -> Data:
        uri, kind = post["uri"], "app.bsky.feed.defs"
        if post["author"]["handle"] in self.blocking:
            return {
                "$type": f"{kind}#blockedPost",
                "uri": uri,
                "blocked": True,
                "author": {"did": post["author"]["did"]},
            }
        below = [other for other in self.posts.values() if _parent(other) == uri] if depth else []
        replies = [self._branch(other, depth - 1) for other in below]
        return {"$type": f"{kind}#threadViewPost", "post": self._view(post), "replies": replies}

    def _page(self, items: list[Data], query: Query, key: Callable[[Data], str]) -> tuple[list[Data], Data]:
        """The page after the place that the query names: a time and a number among the entries of that time."""
        start = 0
        if "cursor" in query:
            self._known_place()
            moment, _, passed = query["cursor"][0].partition("::")
            same = [index for index, item in enumerate(items) if key(item) == moment]
            older = sum(key(item) > moment for item in items)
            start = min(same[0] + int(passed), older + len(same)) if same else older
        page = items[start : start + min(self.page_size, int(query["limit"][0]))]
        if not page:
            return [], {}
        last = key(page[-1])
        passed_now = sum(key(item) == last for item in items[: start + len(page)])
        return page, {"cursor": f"{last}::{passed_now}"}

    def _numbered(self, items: list[Data], query: Query) -> tuple[list[Data], Data]:
        start = 0
        if "cursor" in query:
            self._known_place()
            start = int(query["cursor"][0])
        end = start + min(self.page_size, int(query["limit"][0]))
        return items[start:end], {"cursor": str(end)} if end < len(items) else {}

    def _known_place(self) -> None:
        if self.forgets_places:
            raise Refusal(400, "InvalidRequest", "Malformed cursor")

    def _view(self, post: Data) -> Data:
        handle = self.moved.get(post["author"]["handle"])
        return {**post, "author": {**post["author"], "handle": handle}} if handle else post

    def _person(self, handle: str) -> Data:
        return {"did": did(handle), "handle": handle}


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def did(handle: str) -> str:
    name = "".join(letter for letter in handle.removesuffix(".test") if letter in LETTERS)
    return f"did:plc:{name:2<24.24}"


def rkey(number: int) -> str:
    digits = ""
    for _ in range(10):
        number, digit = divmod(number, 32)
        digits = LETTERS[digit] + digits
    return f"3mf{digits}"


def ref(uri: str) -> Data:
    return {"uri": uri, "cid": CID}


def calling(handle: str, text: str) -> list[Data]:
    """The facet by which a text calls out an account."""
    start = len(text.encode().partition(f"@{handle}".encode())[0])
    feature = {"$type": "app.bsky.richtext.facet#mention", "did": did(handle)}
    return [{"index": {"byteStart": start, "byteEnd": start + len(handle) + 1}, "features": [feature]}]


def sort_at(post: Data) -> str:
    """What the network sorts by: the author's time, unless the network saw the post earlier."""
    created = post["record"].get("createdAt")
    valid = isinstance(created, str) and created[:2] in ("19", "20")
    return min(str(created), post["indexedAt"]) if valid else str(post["indexedAt"])


def _holds(post: Data, words: str) -> bool:
    text = str(post["record"].get("text")).casefold()
    return all(word.casefold() in text for word in words.split())


def _parent(post: Data) -> str | None:
    reply = post["record"].get("reply")
    return str(reply["parent"]["uri"]) if isinstance(reply, dict) else None


def _public(entry: Data) -> Data:
    return {key: value for key, value in entry.items() if key != "sort"}


def _token(name: str) -> str:
    parts = ({"alg": "HS256", "typ": "at+jwt"}, {"jti": name, "exp": 4_102_444_800}, {"signed": name})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


class _Door(BaseHTTPRequestHandler):
    server: "_Host"
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        pds = self.server.pds
        url = urlsplit(self.path)
        form = self.rfile.read(int(self.headers.get("content-length") or 0))
        pds.asked.append(self.path)
        failure = next((f for f in pds.failures if f.times > 0 and f.where in self.path), None)
        if failure:
            failure.times -= 1
            if failure.hang:
                pds.closing.wait()
                self.close_connection = True
                return
            self._send(failure.status, failure.body, failure.headers)
            return
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        try:
            given = json.loads(form) if form else {}
            status, body = 200, pds.answer(url.path.removeprefix("/xrpc/"), parse_qs(url.query), given, token)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        limits = {
            "ratelimit-limit": "3000",
            "ratelimit-remaining": str(pds.remaining),
            "ratelimit-reset": str(pds.reset),
        }
        self._send(status, json.dumps(body).encode(), limits)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        fixed = {"content-type": "application/json; charset=utf-8", "content-length": str(len(body))}
        for name, value in {**fixed, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Host(ThreadingHTTPServer):
    daemon_threads = True
    pds: Pds


class Network:
    """Keeps one address; `fresh` is the network on its first day."""

    def __init__(self, host: _Host) -> None:
        self._host = host

    def fresh(self) -> Pds:
        self._host.pds = Pds(url=f"http://127.0.0.1:{self._host.server_port}", closing=self._host.pds.closing)
        return self._host.pds


@contextmanager
def bluesky_network() -> Iterator[Network]:
    host = _Host(("127.0.0.1", 0), _Door)
    host.pds = Pds()
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Network(host)
    finally:
        host.pds.closing.set()
        host.shutdown()
        host.server_close()
        thread.join()
