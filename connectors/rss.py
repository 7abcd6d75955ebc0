"""A news feed or forum feed, RSS or Atom: its entries that name the brand."""

import calendar
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag
from xml.sax import SAXParseException

import feedparser
import httpx

from connectors import base
from connectors.base import (
    MAX_TEXT,
    Broken,
    Clock,
    Connector,
    Cursor,
    Mention,
    Page,
    Permanent,
    Transient,
    Watch,
    read_each,
)

MAX_BODY = 20_000_000
"""Bytes of a feed, unpacked."""
PATIENCE = timedelta(hours=1)
"""The longest that a feed's own wish to be left alone is honoured."""
SLOWNESS = 6
"""Timeouts that a whole download may last, however steadily it trickles."""

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(base.Options):
    """One feed; several feeds are several sources. `base_url` means nothing here."""

    url: str
    every_post: bool = False
    """Take every entry, rather than those that name the brand: for the brand's own forum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    body: bytes | None
    """None: the feed hasn't changed."""
    headers: httpx.Headers


class Rss(Connector):
    """Asks for the whole feed each time, unless the server says that it hasn't changed.

    An entry without a date counts as posted at the moment it is first read. Feeds tell neither of deleted entries nor
    of who has answered.
    """

    Options = Options

    def __init__(self, options: Any, watch: Watch, *, clock: Clock, state: Path) -> None:
        super().__init__(options, watch, clock=clock, state=state)
        headers = {
            "User-Agent": "complaint-monitor/0.1",
            "Accept": "application/rss+xml, application/atom+xml, */*;q=0.5",
        }
        self._http = httpx.Client(timeout=options.timeout, follow_redirects=True, headers=headers)

    def fetch(self, cursor: Cursor) -> Page:
        answer = self._ask(cursor)
        floor = cursor.get("floor") or (self.clock() - self.options.backfill).isoformat()
        if answer.body is None:
            return Page(cursor=cursor, next_poll_at=self._next_poll_at(answer.headers))
        feed = self._parse(answer)
        since = datetime.fromisoformat(floor)
        mentions, broken = read_each(feed.entries, lambda entry: self._mention(entry, feed.feed, since), _where)
        onward = {"floor": floor, "etag": answer.headers.get("etag"), "modified": answer.headers.get("last-modified")}
        return Page(
            mentions=mentions,
            broken=[*broken, *_flaws(feed)],
            cursor=onward,
            next_poll_at=self._next_poll_at(answer.headers, feed.feed.get("ttl")),
        )

    def login(self) -> str:
        feed = self._parse(self._ask({}))
        return f"{_plain(feed.feed.get('title') or 'a feed without title')}: {len(feed.entries)} entries"

    def close(self) -> None:
        self._http.close()

    def _ask(self, cursor: Cursor) -> _Answer:
        known = {"If-None-Match": cursor.get("etag"), "If-Modified-Since": cursor.get("modified")}
        try:
            headers = {name: value for name, value in known.items() if value}
            with self._http.stream("GET", self.options.url, headers=headers) as response:
                if response.status_code == 304:
                    return _Answer(body=None, headers=response.headers)
                if response.status_code != 200:
                    raise self._failure(response)
                return _Answer(body=self._download(response), headers=response.headers)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise Permanent("the feed's address is no http address: correct url") from None
        except httpx.TooManyRedirects:
            raise Permanent("the feed's address leads in a circle: correct url") from None
        except httpx.HTTPError as error:
            raise Transient(f"the feed cannot be had: {type(error).__name__}") from None

    def _download(self, response: httpx.Response) -> bytes:
        until = self.clock() + timedelta(seconds=SLOWNESS * self.options.timeout)
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if len(body) > MAX_BODY:
                raise Permanent(f"the feed is larger than {MAX_BODY // 1_000_000} MB: choose a narrower one")
            if self.clock() > until:
                raise Transient("the feed arrives too slowly")
        return bytes(body)

    def _failure(self, response: httpx.Response) -> Exception:
        status = response.status_code
        if status in (408, 425, 429) or status >= 500:
            retry_at = self._moment(response.headers.get("retry-after"))
            return Transient(f"the feed's server answered {status}", retry_at=retry_at)
        meaning = {
            401: "asks for a login, which feeds can't give: choose a public one",
            403: "refuses to show the feed: ask its owner",
            404: "has no feed at this address: correct url",
            410: "has given this feed up: remove the source",
        }
        return Permanent(f"the server {meaning.get(status, 'does not give the feed: check url')} ({status})")

    def _moment(self, retry_after: str | None) -> datetime | None:
        """Seconds or a date, as HTTP allows."""
        if not retry_after:
            return None
        if retry_after.strip().isdigit():
            return self.clock() + timedelta(seconds=min(int(retry_after), 10**8))
        try:
            moment = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _parse(self, answer: _Answer) -> Any:
        if not (answer.body or b"").strip():
            raise Transient("the feed's server sent an empty answer")
        feed = feedparser.parse(
            BytesIO(answer.body or b""),  # a string that looks like an address or a path would be opened
            response_headers={"content-type": answer.headers.get("content-type", "")},
            sanitize_html=False,  # slow, and no tag is kept anyway
            resolve_relative_uris=False,
        )
        if not feed.version:
            raise Permanent("the address shows a page, not a feed: look there for the feed's own address (RSS or Atom)")
        return feed

    def _mention(self, entry: Entry, feed: Entry, since: datetime) -> Mention | None:
        now = self.clock()
        posted_at = min(_date(entry) or now, now)
        link, author = entry.get("link") or "", _author(entry)
        text = _text(entry)
        if posted_at < since or not (self.options.every_post or self.watch.wants(text) or self.watch.owns(author)):
            return None
        own_id = self._qualified(entry.get("id") or link or hashlib.sha256(text.encode("utf-8", "replace")).hexdigest())
        answered = entry.get("thr_in-reply-to") or {}
        return Mention(
            platform=self.platform,
            external_id=own_id,
            thread_id=urldefrag(answered.get("href") or link).url or own_id,
            reply_to=self._qualified(answered["ref"]) if answered.get("ref") else None,
            text=text,
            author=author,
            posted_at=posted_at,
            url=link or self.options.url,
            lang=_lang(entry) or feed.get("language") or None,
        )

    def _qualified(self, entry_id: str) -> str:
        """The entry's id; one such as 1234 gets the host's name before it, for other feeds count from 1 as well."""
        return entry_id if ":" in entry_id else f"{httpx.URL(self.options.url).host}:{entry_id}"

    def _next_poll_at(self, headers: httpx.Headers, ttl: str | None = None) -> datetime | None:
        """When the server or the feed (`ttl`, minutes) says that there can be news, within PATIENCE."""
        control = headers.get("cache-control", "")
        fresh = re.search(r"\bmax-age=\"?(\d{1,9})", control)
        age = headers.get("age", "0")
        cached = int(fresh.group(1)) - (int(age) if age.isdigit() else 0) if fresh else 0
        minutes = int(ttl) if ttl and ttl.strip().isdigit() else 0
        wait = min(max(timedelta(seconds=cached), timedelta(minutes=min(minutes, 10**6))), PATIENCE)
        return self.clock() + wait if wait > timedelta(0) else None


def _flaws(feed: Any) -> Iterable[Broken]:
    error = feed.get("bozo_exception")
    if isinstance(error, SAXParseException):
        yield Broken(where=f"line {error.getLineNumber()}", why=f"malformed feed: {error.getMessage()}")


def _where(entry: Entry) -> str:
    return str(entry.get("id") or entry.get("link") or entry.get("title") or "an entry without id")


def _date(entry: Entry) -> datetime | None:
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    try:
        return datetime.fromtimestamp(calendar.timegm(moment), UTC) if moment else None
    except (ValueError, OverflowError, OSError):
        return None


def _author(entry: Entry) -> str:
    detail = entry.get("author_detail") or {}
    return str(detail.get("name") or entry.get("author") or "").strip()


def _body(entry: Entry) -> Entry:
    """The fullest text of an entry, as feedparser's detail of type and value."""
    texts = [*entry.get("content", ()), entry.get("summary_detail") or {}]
    return max(texts, key=lambda text: len(text.get("value") or ""))


def _text(entry: Entry) -> str:
    title, body = (_plain_detail(detail) for detail in (entry.get("title_detail") or {}, _body(entry)))
    return body if body.startswith(title) else f"{title}\n\n{body}".strip()


def _lang(entry: Entry) -> str | None:
    return _body(entry).get("language") or (entry.get("title_detail") or {}).get("language")


def _plain_detail(detail: Entry) -> str:
    value = detail.get("value") or ""
    return _plain(value) if detail.get("type") in ("text/html", "application/xhtml+xml") else _tidy(value)


BLOCKS = re.compile(r"address|article|blockquote|br|d[dlt]|div|h[1-6r]|li|ol|p|pre|table|tr|ul")
PARAGRAPHS = re.compile(r"address|article|blockquote|div|dl|h[1-6]|ol|p|pre|table|ul")
UNSEEN = re.compile(r"script|style|head|template")


class _Plain(HTMLParser):
    """Keeps what a reader sees of a page: no tags, scripts or styles, a new line where a block begins or ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden += bool(UNSEEN.fullmatch(tag))
        if BLOCKS.fullmatch(tag):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.hidden = max(self.hidden - bool(UNSEEN.fullmatch(tag)), 0)
        if PARAGRAPHS.fullmatch(tag):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"\s+", " ", data))


def _plain(html: str) -> str:
    reader = _Plain()
    reader.feed(html[: 10 * MAX_TEXT])
    reader.close()
    return _tidy("".join(reader.parts))


def _tidy(text: str) -> str:
    """Single spaces, at most one empty line in a row."""
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
