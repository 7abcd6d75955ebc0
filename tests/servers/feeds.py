"""A web server on 127.0.0.1 that serves feeds and the mishaps of feeds."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Feed:
    """What is served at one path. With `etag` or `modified`, whoever has it already gets 304."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    modified: str | None = None
    zipped: bool = False
    hang: bool = False
    cut_short: bool = False


@dataclass
class FeedServer:
    url: str
    feeds: dict[str, Feed] = field(default_factory=dict)
    sent: list[tuple[int, int]] = field(default_factory=list)
    """Status and bytes of each answer."""
    closing: threading.Event = field(default_factory=threading.Event)

    def put(self, body: bytes | str, path: str = "/feed", **told: object) -> str:
        encoded = body.encode() if isinstance(body, str) else body
        self.feeds[path] = Feed(body=encoded, **told)  # type: ignore[arg-type]
        return self.url + path


class _Door(BaseHTTPRequestHandler):
    server: "_Host"
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        server = self.server.feeds
        feed = server.feeds.get(self.path, Feed(status=404))
        if feed.hang:
            server.closing.wait()
        known = (self.headers.get("if-none-match"), self.headers.get("if-modified-since"))
        unchanged = any(tag and tag in known for tag in (feed.etag, feed.modified))
        body = b"" if unchanged else gzip.compress(feed.body) if feed.zipped else feed.body
        status = 304 if unchanged else feed.status
        server.sent.append((status, len(body)))
        self.send_response(status)
        headers = {
            "etag": feed.etag,
            "last-modified": feed.modified,
            "content-encoding": "gzip" if feed.zipped else None,
        }
        headers |= {"content-length": str(len(body) + feed.cut_short), **feed.headers}
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = self.close_connection or feed.cut_short

    def log_message(self, *_: object) -> None:
        pass


class _Host(ThreadingHTTPServer):
    daemon_threads = True
    feeds: FeedServer

    def handle_error(self, *_: object) -> None:
        """A client that gave up waiting is no news."""


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    host = _Host(("127.0.0.1", 0), _Door)
    host.feeds = FeedServer(url=f"http://127.0.0.1:{host.server_port}")
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield host.feeds
    finally:
        host.feeds.closing.set()
        host.shutdown()
        host.server_close()
        thread.join()
