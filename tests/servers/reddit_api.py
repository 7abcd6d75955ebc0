"""A Reddit of our own on 127.0.0.1: subreddits, posts, an inbox and Reddit's habits, good and bad."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Data = dict[str, Any]


@dataclass
class Failure:
    """What is answered instead, the next `times` requests whose path contains `where`."""

    where: str
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    hang: bool = False


@dataclass
class RedditServer:
    """Lists newest first, `page_size` posts a page and `reach` in all, and forgets a place whose post is gone."""

    url: str = ""
    username: str = "brand_care"
    password: str = "hunter2"
    page_size: int = 100
    reach: int = 1000
    remaining: float = 900.0
    reset: int = 300
    private: set[str] = field(default_factory=set)
    missing_users: set[str] = field(default_factory=set)
    posts: dict[str, Data] = field(default_factory=dict)
    folded: set[str] = field(default_factory=set)
    """Comments that a tree shows only when asked for."""
    failures: list[Failure] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def submit(self, title: str, text: str = "", *, at: datetime, by: str = "mari", to: str = "eesti") -> str:
        name = f"t3_{len(self.posts) + 1:x}"
        link = f"/r/{to}/comments/{name[3:]}/a_title/"
        data = {"title": title, "selftext": text, "permalink": link, "removed_by_category": None}
        return self._add(name, "t3", data, at, by, to)

    def comment(self, parent: str, text: str, *, at: datetime, by: str = "mari") -> str:
        name = f"t1_{len(self.posts) + 1:x}"
        above = self.posts[parent]["data"]
        thread = above.get("link_id", parent)
        link = f"/r/{above['subreddit']}/comments/{thread[3:]}/a_title/{name[3:]}/"
        data = {"body": text, "parent_id": parent, "link_id": thread, "permalink": link}
        return self._add(name, "t1", data, at, by, above["subreddit"])

    def _add(self, name: str, kind: str, data: Data, at: datetime, by: str, to: str) -> str:
        common = {"name": name, "id": name[3:], "author": by, "subreddit": to, "created_utc": at.timestamp()}
        self.posts[name] = {"kind": kind, "data": {**common, "edited": False, **data}}
        return name

    def edit(self, name: str, text: str) -> None:
        data = self.posts[name]["data"]
        data["body" if name.startswith("t1_") else "selftext"] = text
        data["edited"] = data["created_utc"] + 60

    def delete(self, name: str, word: str = "deleted") -> None:
        """Leaves lists and searches; its place in a tree keeps a stub."""
        data = self.posts[name]["data"]
        data |= {"author": "[deleted]", "gone": True}
        data |= {"body": f"[{word}]"} if name.startswith("t1_") else {"selftext": f"[{word}]"}

    def forget_account(self, author: str) -> None:
        for post in self.posts.values():
            if post["data"]["author"] == author:
                post["data"]["author"] = "[deleted]"

    def answer(self, method: str, path: str, query: dict[str, str], form: dict[str, str]) -> tuple[int, Any]:
        if path == "api/v1/access_token":
            return self._token(form)
        if path == "api/v1/me":
            return 200, {"name": self.username}
        if path == "api/info":
            wanted = query["id"].split(",")
            return 200, _listing([self.posts[name] for name in wanted if name in self.posts], None)
        if path == "api/morechildren":
            names = [f"t1_{short}" for short in form["children"].split(",")]
            return 200, {"json": {"errors": [], "data": {"things": [{**self.posts[name]} for name in names]}}}
        if path.startswith("comments/"):
            return self._tree(path.split("/"))
        if match := re.fullmatch(r"(r|user)/([^/]+)/about", path):
            kind, name = match.groups()
            return self._shut([name]) if kind == "r" else self._account(name) or (200, {"data": {"name": name}})
        return self._list(path, query)

    def _token(self, form: dict[str, str]) -> tuple[int, Any]:
        if form["grant_type"] == "password" and (form["username"], form["password"]) != (self.username, self.password):
            return 200, {"error": "invalid_grant"}
        self.tokens.append(f"token{len(self.tokens)}")
        return 200, {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 86400, "scope": "*"}

    def _shut(self, names: list[str]) -> tuple[int, Any]:
        if self.private & set(names):
            return 403, {"reason": "private", "message": "Forbidden", "error": 403}
        return 200, {"kind": "t5", "data": {"display_name": names[0]}}

    def _account(self, name: str) -> tuple[int, Any] | None:
        return (404, {"message": "Not Found", "error": 404}) if name in self.missing_users else None

    def _list(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        kind, name = path.split("/")[:2]
        if kind == "r" and self._shut(name.split("+"))[0] != 200:
            return self._shut(name.split("+"))
        if kind == "user" and (missing := self._account(name)):
            return missing
        here = [post for post in self.posts.values() if not post["data"].get("gone") and self._in(path, post, query)]
        here.sort(key=lambda post: -post["data"]["created_utc"])
        names = [post["data"]["name"] for post in here[: self.reach]]
        start = 0
        if after := query.get("after"):
            start = names.index(after) + 1 if after in names else len(names)
        end = start + min(self.page_size, int(query["limit"]))
        return 200, _listing(here[start : min(end, self.reach)], names[end - 1] if end < len(names) else None)

    def _in(self, path: str, post: Data, query: dict[str, str]) -> bool:
        kind, name, *rest = path.split("/")
        data = post["data"]
        if kind == "user":
            return bool(data["author"] == name)
        if kind == "message":
            return post["kind"] == "t1" and self._inbox(name, data)
        if name != "all" and data["subreddit"] not in name.split("+"):
            return False
        if rest == ["comments"]:
            return post["kind"] == "t1"
        said = f"{data.get('title')} {data.get('selftext')}".lower()
        return post["kind"] == "t3" and any(word.strip('"').lower() in said for word in query["q"].split(" OR "))

    def _inbox(self, box: str, comment: Data) -> bool:
        parent = comment["parent_id"]
        if box == "mentions":
            return f"u/{self.username}" in comment["body"]
        kind = "t1_" if box == "comments" else "t3_"
        return bool(parent.startswith(kind) and self.posts[parent]["data"]["author"] == self.username)

    def _tree(self, path: list[str]) -> tuple[int, Any]:
        root = f"t3_{path[1]}"
        if root not in self.posts:
            return 404, {"message": "Not Found", "error": 404}
        if self.posts[root]["data"]["subreddit"] in self.private:
            return 403, {"reason": "private", "message": "Forbidden", "error": 403}
        if len(path) > 3:
            below = [self._branch(f"t1_{path[3]}")] if f"t1_{path[3]}" in self.posts else []
        else:
            below = self._below(root)
        return 200, [_listing([self.posts[root]], None), _listing(below, None)]

    def _below(self, parent: str) -> list[Data]:
        names = [name for name, post in self.posts.items() if post["data"].get("parent_id") == parent]
        shown = [self._branch(name) for name in names if name not in self.folded]
        folded = [name[3:] for name in names if name in self.folded]
        more = {"name": "t1__", "parent_id": parent, "count": len(folded), "children": folded}
        return shown + ([{"kind": "more", "data": more}] if folded else [])

    def _branch(self, name: str) -> Data:
        below = self._below(name)
        data = {**self.posts[name]["data"], "replies": _listing(below, None) if below else ""}
        return {"kind": "t1", "data": data}


def _listing(posts: list[Data], after: str | None) -> Data:
    return {"kind": "Listing", "data": {"children": posts, "after": after, "before": None}}


class _Door(BaseHTTPRequestHandler):
    server: "_Host"
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        reddit = self.server.reddit
        url = urlsplit(self.path)
        form = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        reddit.asked.append(self.path)
        failure = next((f for f in reddit.failures if f.times > 0 and f.where in self.path), None)
        if failure:
            failure.times -= 1
            if failure.hang:
                reddit.closing.wait()
                self.close_connection = True
                return None
            return self._send(failure.status, failure.body, failure.headers)
        path = url.path.strip("/")
        token = (self.headers.get("authorization") or "").removeprefix("bearer ")
        if path != "api/v1/access_token" and token not in reddit.tokens:
            return self._send(401, b'{"message": "Unauthorized", "error": 401}', {})
        status, answer = reddit.answer(method, path, _flat(url.query), _flat(form))
        limits = {"x-ratelimit-remaining": str(reddit.remaining), "x-ratelimit-used": "100"}
        limits["x-ratelimit-reset"] = str(reddit.reset)
        return self._send(status, json.dumps(answer).encode(), limits)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        kept = {"connection": "close" if self.close_connection else "keep-alive", "content-length": str(len(body))}
        for name, value in {"content-type": "application/json", **kept, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class _Host(ThreadingHTTPServer):
    daemon_threads = True
    reddit: RedditServer


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}


@contextmanager
def reddit_server() -> Iterator[RedditServer]:
    host = _Host(("127.0.0.1", 0), _Door)
    host.reddit = RedditServer(url=f"http://127.0.0.1:{host.server_port}")
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield host.reddit
    finally:
        host.reddit.closing.set()
        host.shutdown()
        host.server_close()
        thread.join()
