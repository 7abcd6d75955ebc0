"""A local X: its API v2 for reading posts, with an index that can lag and answers that can fail as scripted."""

import base64
import html
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

EPOCH_MS = 1288834974657
PROBLEMS = "https://api.x.com/2/problems/"
DEFAULTS = {"id", "text", "edit_history_tweet_ids"}
COMMON = {"expansions", "tweet.fields", "user.fields", "media.fields", "poll.fields", "place.fields"}
LISTS = COMMON | {"max_results", "since_id", "until_id", "start_time", "end_time", "pagination_token"}
SEARCH = LISTS | {"query", "next_token", "sort_order"}


@dataclass
class Post:
    id: int
    author: str
    text: str
    created_at: datetime
    conversation: int
    reply_to: int | None = None
    retweet_of: int | None = None
    lang: str = "en"
    history: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """Of each version in `history`."""
    indexed: bool = True
    odd: Mapping[str, Any] = field(default_factory=dict)
    """Fields answered otherwise than X would; None leaves one out."""


@dataclass(frozen=True)
class Scripted:
    """An answer given instead of the right one."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False


class Invalid(Exception):
    """A parameter that X refuses."""

    def __init__(self, parameter: str, value: str, message: str) -> None:
        super().__init__(message)
        self.error = {"parameters": {parameter: [value]}, "message": message}


def problem(kind: str, title: str, detail: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "detail": detail, "type": kind if ":" in kind else PROBLEMS + kind, **more}


RATE_LIMITED = json.dumps({"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank"})
USAGE_CAPPED = json.dumps(
    problem("usage-capped", "UsageCapExceeded", "Usage cap exceeded: Monthly product cap", period="Monthly")
)


class XServer:
    """X as `now` finds it, at `url`. Posts are put in by `post`, `edit` and `delete`."""

    def __init__(self, now: Callable[[], datetime], *, token: str = "the-token") -> None:
        self.now = now
        self.token = token
        self.page_size = 100
        self.headers: dict[str, str] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.posts: list[Post] = []
        self.script: deque[Scripted] = deque()
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.before_answer: Callable[[], None] = lambda: None
        self.answers: list[tuple[str, dict[str, Any]]] = []
        self.tokens = 0
        """Raised by one, it makes all page tokens given so far expire."""
        self.old_versions = False
        """Looks a post up in the version asked for, not the last."""
        self.new_names = False
        """Answers in the vocabulary X is moving to: posts, not tweets."""
        self.plain_numbers = False
        """Numbers posts from one on, as simulators of X do, and tells nothing of time by them."""
        self.closing = threading.Event()

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def user(self, name: str, *, followers: int = 0) -> str:
        number = str(1000 + len(self.users))
        metrics = {"followers_count": followers, "following_count": 1, "tweet_count": 1, "listed_count": 0}
        known = self.users.setdefault(
            name.lower(), {"id": number, "name": name, "username": name, "public_metrics": metrics}
        )
        return str(known["id"])

    def post(self, author: str, text: str, *, at: datetime | None = None, **more: Any) -> str:
        """Puts a post in and gives its id."""
        self.user(author)
        at = at or self.now()
        id_ = self._next_id(at)
        parent = self._find(more.get("reply_to"))
        more["reply_to"] = parent.id if parent else None
        conversation = parent.conversation if parent else id_
        self.posts.append(Post(id_, author, text, at, conversation, history=[id_], texts=[text], **more))
        return str(id_)

    def edit(self, id_: str, text: str) -> str:
        """Gives the post its next version and that version's id."""
        post = self._find(id_)
        assert post
        post.id = self._next_id(self.now())
        post.created_at, post.text = self.now(), text
        post.history.append(post.id)
        post.texts.append(text)
        return str(post.id)

    def delete(self, id_: str) -> None:
        self.posts = [post for post in self.posts if int(id_) not in post.history]

    def index(self, id_: str) -> None:
        post = self._find(id_)
        assert post
        post.indexed = True

    def asked(self, part: str) -> list[dict[str, str]]:
        """The parameters of the requests whose path ends so."""
        return [parameters for path, parameters in self.requests if path.endswith(part)]

    def _next_id(self, at: datetime) -> int:
        taken = {id_ for post in self.posts for id_ in post.history}
        if self.plain_numbers:
            return max(taken, default=0) + 1
        first = (int(at.timestamp() * 1000) - EPOCH_MS) << 22
        return next(id_ for id_ in count(first) if id_ not in taken)

    def _find(self, id_: str | int | None) -> Post | None:
        return next((post for post in self.posts if id_ is not None and int(id_) in post.history), None)

    def _version(self, id_: str) -> Post | None:
        post = self._find(id_)
        if post and self.old_versions:
            return replace(post, id=int(id_), text=post.texts[post.history.index(int(id_))])
        return post

    def answer(self, path: str, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Status and body, as X would answer."""
        try:
            if path == "/2/tweets/search/recent":
                _only(asked, SEARCH)
                return 200, self._search(asked)
            if path == "/2/tweets":
                _only(asked, COMMON | {"ids"})
                return 200, self._lookup(asked)
            if path == "/2/users/by":
                _only(asked, {"usernames", "user.fields", "tweet.fields", "expansions"})
                return 200, self._users(asked["usernames"].split(","))
            if place := re.fullmatch(r"/2/users/(\d+)/(tweets|mentions)", path):
                _only(asked, LISTS | {"exclude"})
                return 200, self._timeline(place[1], place[2], asked)
        except Invalid as invalid:
            detail = "One or more parameters to your request was invalid."
            return 400, problem("invalid-request", "Invalid Request", detail, errors=[invalid.error])
        return 404, problem("about:blank", "Not Found", "Not Found")

    def _search(self, asked: dict[str, str]) -> dict[str, Any]:
        if len(asked["query"]) > 512:
            raise Invalid("query", asked["query"], f"Rules must be 512 characters, got {len(asked['query'])}")
        oldest = self.now() - timedelta(days=7)
        if "since_id" in asked:
            if "start_time" in asked:
                raise Invalid("since_id", asked["since_id"], "Invalid use of 'since_id' with 'start_time'")
            if _time_of(asked["since_id"], oldest) < oldest:
                raise Invalid(
                    "since_id",
                    asked["since_id"],
                    f"'since_id' must be a tweet id created after {oldest:%Y-%m-%dT%H:%MZ}. "
                    f"Please use a 'since_id' that is larger than {(int(oldest.timestamp() * 1000) - EPOCH_MS) << 22}",
                )
        if "start_time" in asked and datetime.fromisoformat(asked["start_time"]) < oldest:
            message = (
                f"Invalid 'start_time':'{asked['start_time']}'. 'start_time' must be on or after '{oldest:%FT%H:%MZ}'."
            )
            raise Invalid("start_time", asked["start_time"], message)
        matches = _query(asked["query"], self)
        found = [post for post in self.posts if post.indexed and post.created_at >= oldest and matches(post)]
        return self._page(found, asked, "next_token")

    def _timeline(self, user: str, kind: str, asked: dict[str, str]) -> dict[str, Any]:
        name = next(name for name, known in self.users.items() if known["id"] == user)
        if kind == "mentions":
            found = [post for post in self.posts if _mentions(post, name)]
            return self._page(_newest_first(found)[:800], asked, "pagination_token")
        found = [post for post in self.posts if post.author.lower() == name]
        if "retweets" in asked.get("exclude", ""):
            found = [post for post in found if post.retweet_of is None]
        return self._page(_newest_first(found)[:3200], asked, "pagination_token")

    def _page(self, found: list[Post], asked: dict[str, str], paging: str) -> dict[str, Any]:
        token = asked.get(paging)
        anchor = _anchor(token, f"{paging}{self.tokens}", paging) if token else None
        size = min(int(asked.get("max_results", 10)), self.page_size)
        since = int(asked.get("since_id", 0))
        start = datetime.fromisoformat(asked["start_time"]) if "start_time" in asked else None
        if start is not None and start > self.now() - timedelta(seconds=10):
            message = "'start_time' must be a minimum of 10 seconds prior to the request time."
            raise Invalid("start_time", asked["start_time"], message)
        left = [
            post
            for post in _newest_first(found)
            if post.id > since and (anchor is None or post.id < anchor) and (start is None or post.created_at >= start)
        ]
        page = left[:size]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": str(page[0].id), "oldest_id": str(page[-1].id)}
        if len(left) > size:
            meta["next_token"] = base64.urlsafe_b64encode(f"{paging}{self.tokens}:{page[-1].id}".encode()).decode()
        return self._posts(page, asked) | {"meta": meta}

    def _lookup(self, asked: dict[str, str]) -> dict[str, Any]:
        ids = asked["ids"].split(",")
        found = {id_: self._version(id_) for id_ in ids}
        errors = [
            problem(
                "resource-not-found",
                "Not Found Error",
                f"Could not find tweet with ids: [{id_}].",
                value=id_,
                resource_id=id_,
                parameter="ids",
                resource_type="tweet",
            )
            for id_, post in found.items()
            if post is None
        ]
        return self._posts([post for post in found.values() if post], asked) | ({"errors": errors} if errors else {})

    def _users(self, names: list[str]) -> dict[str, Any]:
        for name in names:
            if not re.fullmatch(r"[A-Za-z0-9_]{1,15}", name):
                message = f"The `usernames` query parameter value [{name}] does not match ^[A-Za-z0-9_]{{1,15}}$"
                raise Invalid("usernames", name, message)
        known = [self.users[name.lower()] for name in names if name.lower() in self.users]
        found = [{key: user[key] for key in ("id", "name", "username")} for user in known]
        errors = [
            problem(
                "resource-not-found",
                "Not Found Error",
                f"Could not find user with usernames: [{name}].",
                value=name,
                resource_id=name,
                parameter="usernames",
                resource_type="user",
            )
            for name in names
            if name.lower() not in self.users
        ]
        return ({"data": found} if found else {}) | ({"errors": errors} if errors else {})

    def _posts(self, posts: list[Post], asked: dict[str, str]) -> dict[str, Any]:
        fields = DEFAULTS | set(asked.get("tweet.fields", "").split(","))
        body: dict[str, Any] = {"data": [self._show(post, fields) for post in posts]} if posts else {}
        if posts and "author_id" in asked.get("expansions", ""):
            kept = {"id", "name", "username"} | set(asked.get("user.fields", "").split(","))
            authors = dict.fromkeys(post.author.lower() for post in posts)
            people = [{key: value for key, value in self.users[a].items() if key in kept} for a in authors]
            body["includes"] = {"users": [self._named(user) for user in people]}
        return body

    def _show(self, post: Post, fields: set[str]) -> dict[str, Any]:
        kinds = {"replied_to": post.reply_to, "retweeted": post.retweet_of}
        text = html.escape(post.text, quote=False)
        shown: dict[str, Any] = {
            "id": str(post.id),
            "text": text if len(post.text) <= 280 else text[:275] + "…",
            "edit_history_tweet_ids": [str(id_) for id_ in post.history],
            "author_id": self.user(post.author),
            "conversation_id": str(post.conversation),
            "created_at": f"{post.created_at:%Y-%m-%dT%H:%M:%S.000Z}",
            "lang": post.lang,
            "referenced_tweets": [{"type": kind, "id": str(id_)} for kind, id_ in kinds.items() if id_],
            "note_tweet": {"text": text} if len(post.text) > 280 else None,
        }
        shown = {key: value for key, value in (shown | dict(post.odd)).items() if key in fields and value}
        return self._named(shown)

    def _named(self, fields: dict[str, Any]) -> dict[str, Any]:
        if not self.new_names:
            return fields
        return {
            key.replace("tweet", "post"): self._named(value) if isinstance(value, dict) else value
            for key, value in fields.items()
        }


def _handler(server: XServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            asked = {key: values[0] for key, values in parse_qs(url.query).items()}
            server.requests.append((url.path, asked))
            server.before_answer()
            scripted = server.script.popleft() if server.script else None
            if scripted and scripted.hang:
                server.closing.wait()
                self.close_connection = True
            elif scripted:
                self._send(scripted.status, scripted.body, scripted.headers)
            elif self.headers.get("Authorization") != f"Bearer {server.token}":
                self._send(401, json.dumps(problem("about:blank", "Unauthorized", "Unauthorized")), {})
            else:
                status, body = server.answer(url.path, asked)
                server.answers.append((url.path, body))
                self._send(status, json.dumps(body), server.headers)

        def _send(self, status: int, text: str, headers: Mapping[str, str]) -> None:
            body = text.encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    return Handler


def _only(asked: dict[str, str], known: set[str]) -> None:
    for name in asked.keys() - known:
        raise Invalid(name, asked[name], f"The query parameter [{name}] is not one of {sorted(known)}")


def _time_of(id_: str, like: datetime) -> datetime:
    return datetime.fromtimestamp(((int(id_) >> 22) + EPOCH_MS) / 1000, like.tzinfo)


def _newest_first(posts: list[Post]) -> list[Post]:
    return sorted(posts, key=lambda post: post.id, reverse=True)


def _anchor(token: str, wanted: str, paging: str) -> int:
    try:
        kind, _, id_ = base64.urlsafe_b64decode(token).decode().partition(":")
        if kind == wanted:
            return int(id_)
    except ValueError:
        pass
    raise Invalid(paging, token, f"Invalid '{paging}':'{token}'. ")


def _mentions(post: Post, name: str) -> bool:
    return bool(re.search(rf"@{re.escape(name)}(?!\w)", post.text, re.IGNORECASE))


def _query(query: str, server: XServer) -> Callable[[Post], bool]:
    """The query's meaning: terms side by side must all match, OR needs one of them, - turns one round."""
    tokens = deque(re.findall(r'-?"[^"]*"|[()]|[^\s()]+', query))

    def either() -> Callable[[Post], bool]:
        choices = [together()]
        while tokens and tokens[0] == "OR":
            tokens.popleft()
            choices.append(together())
        return lambda post: any(choice(post) for choice in choices)

    def together() -> Callable[[Post], bool]:
        parts = []
        while tokens and tokens[0] not in ("OR", ")"):
            parts.append(term(tokens.popleft()))
        if not parts:
            raise Invalid("query", query, "Ambiguous or empty query")
        return lambda post: all(part(post) for part in parts)

    def term(word: str) -> Callable[[Post], bool]:
        if word == "(":
            inside = either()
            tokens.popleft()
            return inside
        if word.startswith("-"):
            other = term(word[1:])
            return lambda post: not other(post)
        kind, _, value = word.partition(":")
        match kind:
            case "from":
                return lambda post: post.author.lower() == value.lower()
            case "conversation_id":
                return lambda post: str(post.conversation) == value
            case "is" if value == "retweet":
                return lambda post: post.retweet_of is not None
        if word.startswith("@"):
            return lambda post: _mentions(post, word[1:])
        phrase = re.compile(rf"(?<!\w){re.escape(word.strip(chr(34)))}(?!\w)", re.IGNORECASE)
        return lambda post: bool(phrase.search(post.text))

    return either()
