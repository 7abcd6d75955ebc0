"""Bluesky: walks the brand's own posts, its notifications and a search for each of its names, one page a call."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors import base
from connectors._bluesky_api import AccountWaits, Answer, Api, NotServed, Refused
from connectors._bluesky_posts import (
    ADDRESSED,
    Item,
    address_of,
    as_dict,
    author_of,
    indexed_at,
    iso,
    mention,
    post_in,
    posts_below,
)
from connectors.base import (
    Broken,
    Clock,
    Connector,
    Cursor,
    Found,
    Gap,
    Mention,
    Page,
    Permanent,
    Secret,
    Transient,
    Watch,
    read_each,
)

PAGE_SIZE = 100
BATCH = 25
"""Posts that one getPosts takes."""
REACH = 9_900
"""A search that ends after so many posts was cut by Bluesky, near 10,000, rather than exhausted."""
OVERLAP = timedelta(hours=1)
"""How far behind the newest post seen the next walk still reaches: the search lags, and posts that come over a bridge
or from a phone without network take a place among older ones."""
DEPTH = 1000
"""Levels of a thread asked for, the most that the protocol allows."""

SEARCH = "app.bsky.feed.searchPosts"
NOTIFICATIONS = "app.bsky.notification.listNotifications"
AUTHOR_FEED = "app.bsky.feed.getAuthorFeed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(base.Options):
    """`base_url` is the account's own server (PDS); None: bsky.social."""

    handle: str
    """The account that asks, such as care.example. Its notifications are read only if it is one of the brand's."""
    app_password: Secret
    """From Settings → Privacy and security → App passwords."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """One list of posts, newest first, that is walked at every poll."""

    name: str
    nsid: str
    items: str
    """What the answer calls its list."""
    params: Mapping[str, Any] = field(default_factory=dict)
    phrase: bool = False
    """Bluesky finds the words anywhere in a post; only those count that hold the phrase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """How far a stream is read; times in seconds since 1970, as Bluesky's index saw the posts."""

    floor: float
    """Nothing older is brought: the first poll's reach."""
    done: float
    """Everything older has been seen."""
    top: float = 0.0
    """The newest post on the present walk's first page."""
    oldest: float = 0.0
    cursor: str | None = None
    """Where the present walk goes on; None: no walk is under way."""
    count: int = 0

    def finished(self) -> "_Place":
        return _Place(floor=self.floor, done=max(self.done, self.top - OVERLAP.total_seconds()))

    def from_the_top(self) -> "_Place":
        return _Place(floor=self.floor, done=self.done)


class Bluesky(Connector):
    """A poll takes the streams in turn, a page of each, and walks each back to where its last finished walk began,
    less an overlap. A stream that fails is reported as `broken` and passed over until the next poll, so that a network
    without a search still shows who answers; only when all fail does the poll.

    Bluesky orders posts by the earlier of the author's time and its own, so whatever follows a post that it has
    indexed before `done` is older than `done`.
    """

    Options = Options

    def __init__(self, options: Any, watch: Watch, *, clock: Clock, state: Path) -> None:
        super().__init__(options, watch, clock=clock, state=state)
        self._api = Api(
            options.handle,
            options.app_password,
            base_url=options.base_url,
            timeout=options.timeout,
            clock=clock,
            state=state,
        )

    def fetch(self, cursor: Cursor) -> Page:
        if not self._streams:
            raise Permanent("nothing to look for on Bluesky: give keywords or handles")
        known = cursor.get("places", {})
        places = {name: known[name] if name in known else asdict(self._start()) for name in self._streams}
        goes_on = [name for name in cursor.get("todo", ()) if name in self._streams]
        todo = goes_on or list(self._streams)
        failed: dict[str, Transient | Refused] = {}
        while todo:
            name, *todo = todo
            try:
                page, place, over = self._walk(self._streams[name], _Place(**places[name]))
            except AccountWaits:
                raise
            except (Refused, Transient) as error:
                failed[name] = error
                if isinstance(error, NotServed | Transient):  # the other lists of this kind would fail as well
                    todo = [other for other in todo if self._streams[other].nsid != self._streams[name].nsid]
                continue
            todo += [] if over else [name]
            onward = {"places": places | {name: asdict(place)}, "todo": todo}
            return replace(page, cursor=onward, more=bool(todo), broken=[*_reports(failed), *page.broken])
        if not goes_on:
            raise _worst(failed)
        return Page(cursor={"places": places, "todo": []}, broken=_reports(failed))

    def thread(self, thread_id: str, post_id: str) -> Found | None:
        """The brand's own posts below `post_id`; None: the network doesn't show the thread."""
        try:
            answer = self._api.ask("app.bsky.feed.getPostThread", uri=post_id, depth=DEPTH, parentHeight=0)
        except Refused as refusal:
            return Found(deleted=[post_id]) if refusal.reason == "NotFound" else None
        top = as_dict(answer.body.get("thread"))
        if top.get("notFound"):
            return Found(deleted=[post_id])
        if "post" not in top:
            return None
        below = [post for post in posts_below(top) if self.watch.owns(author_of(post))]
        mentions, broken = read_each(below, self._mention, address_of)
        return Found(mentions=mentions, broken=broken)

    def lookup(self, external_ids: Sequence[str]) -> Found | None:
        """Posts that getPosts leaves out count as deleted only when their own threads say so too: Bluesky leaves out
        as silently whom a block hides."""
        mentions: list[Mention] = []
        broken: list[Broken] = []
        missing: list[str] = []
        for start in range(0, len(external_ids), BATCH):
            batch = list(external_ids[start : start + BATCH])
            posts = _list(self._api.ask("app.bsky.feed.getPosts", uris=batch), "posts")
            present = {address_of(post) for post in posts}
            missing += [uri for uri in batch if uri not in present]
            read, unread = read_each(posts, self._mention, address_of)
            mentions, broken = mentions + read, broken + unread
        return Found(mentions=mentions, broken=broken, deleted=[uri for uri in missing if self._is_gone(uri)])

    def login(self) -> str:
        """Tries every stream for one post."""
        shut = {}
        for name, stream in self._streams.items():
            try:
                _list(self._api.ask(stream.nsid, limit=1, **stream.params), stream.items)
            except Refused as refusal:
                shut[name] = str(refusal)
        seen = [name for name in self._streams if name not in shut]
        said = [f"{name}: {why}" for name, why in shut.items()]
        if not seen:
            raise Permanent("Bluesky shows nothing: " + "; ".join(said or ["give keywords or handles"]))
        if not self._is_brand:
            said.append(f"no notifications: {self._handle} is not among the brand's handles")
        return "; ".join([f"{self._handle} sees {', '.join(seen)}", *said])

    def close(self) -> None:
        self._api.close()

    @property
    def _handle(self) -> str:
        return str(self.options.handle).strip().removeprefix("@")

    @property
    def _is_brand(self) -> bool:
        return self.watch.owns(self._handle)

    @cached_property
    def _streams(self) -> dict[str, _Stream]:
        """By name; the name tells what a stream asks for, so that another keyword begins with a backfill. What stops
        the clock comes first."""
        handles = [handle.removeprefix("@") for handle in self.watch.handles]
        streams = [
            _Stream(
                name=f"posts of @{handle}",
                nsid=AUTHOR_FEED,
                items="feed",
                params={"actor": handle, "filter": "posts_with_replies"},
            )
            for handle in handles
        ]
        if self._is_brand:
            streams.append(
                _Stream(
                    name="notifications", nsid=NOTIFICATIONS, items="notifications", params={"reasons": [*ADDRESSED]}
                )
            )
        for words in [*(f"@{handle}" for handle in handles), *self.watch.keywords]:
            query = " ".join(words.split())
            streams.append(
                _Stream(
                    name=f"search of {query}",
                    nsid=SEARCH,
                    items="posts",
                    params={"q": query, "sort": "latest"},
                    phrase=" " in query,
                )
            )
        return {stream.name: stream for stream in streams}

    def _start(self) -> _Place:
        floor = (self.clock() - self.options.backfill).timestamp()
        return _Place(floor=floor, done=floor)

    def _walk(self, stream: _Stream, place: _Place) -> tuple[Page, _Place, bool]:
        """The stream's next page, the place after it, and whether the walk is over for this poll."""
        since = {"since": iso(place.done)} if stream.nsid == SEARCH else {}
        try:
            answer = self._api.ask(stream.nsid, limit=PAGE_SIZE, cursor=place.cursor, **stream.params, **since)
        except Refused:
            if place.cursor is None:
                raise
            # A place that Bluesky has forgotten, or one too far down to be shown.
            cut = place.count >= REACH
            return Page(cursor={}, gaps=_gaps(place)), place.finished() if cut else place.from_the_top(), True
        items = _list(answer, stream.items)
        posts = [post for item in items if (post := post_in(item)) is not None]
        place, over = self._onward(place, answer, items)
        gaps = _gaps(place) if over and place.cursor is None else []
        mentions, broken = read_each(posts, self._mention, address_of)
        mentions = [post for post in mentions if self._takes(stream, post, place)]
        page = Page(cursor={}, mentions=mentions, broken=broken, gaps=gaps, next_poll_at=answer.rest_until)
        return page, place.finished() if over else place, over

    def _onward(self, place: _Place, answer: Answer, items: Sequence[Item]) -> tuple[_Place, bool]:
        """The place after this page, without a cursor when Bluesky has no more to list; and whether the walk ends."""
        times = [moment.timestamp() for item in items if (moment := indexed_at(item))]
        onward = answer.body.get("cursor")
        ends = not isinstance(onward, str) or not onward or onward == place.cursor
        first = min(max(times, default=0.0), self.clock().timestamp())
        place = replace(
            place,
            top=first if place.cursor is None else place.top,
            oldest=min([*times, *filter(None, [place.oldest])], default=0.0),
            cursor=None if ends else onward,
            count=place.count + len(items),
        )
        return place, ends or any(time < place.done for time in times)

    def _takes(self, stream: _Stream, post: Mention, place: _Place) -> bool:
        return post.posted_at.timestamp() >= place.floor and (not stream.phrase or self.watch.wants(post.text))

    def _mention(self, post: Item) -> Mention | None:
        return mention(post, self.platform, self.clock())

    def _is_gone(self, uri: str) -> bool:
        found = self.thread(uri, uri)
        return found is not None and uri in found.deleted


def _reports(failed: Mapping[str, Exception]) -> list[Broken]:
    return [Broken(where=name, why=str(error)) for name, error in failed.items()]


def _worst(failed: Mapping[str, Transient | Refused]) -> Exception:
    """The failure of a poll in which every stream failed."""
    for error in failed.values():
        if isinstance(error, Transient):
            return error
    return Permanent("; ".join(f"{name}: {error}" for name, error in failed.items()) + "; check handles and base_url")


def _gaps(place: _Place) -> list[Gap]:
    """What lies between `done` and the oldest post that the search was ready to list."""
    if place.count < REACH or place.oldest <= place.done:
        return []
    since, until = (datetime.fromtimestamp(moment, UTC) for moment in (place.done, place.oldest))
    return [Gap(since=since, until=until, why=f"Bluesky lists only the newest {place.count} posts")]


def _list(answer: Answer, name: str) -> list[Item]:
    items = answer.body.get(name)
    if not isinstance(items, list):
        raise Transient(f"Bluesky's answer holds no {name}")
    return [as_dict(item) for item in items]
