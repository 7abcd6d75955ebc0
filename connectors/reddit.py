"""Reddit: walks the brand's own posts, its inbox, new comments and a search, newest first, one page a call."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors import base
from connectors._reddit_api import HOME, Api, RateLimited, Shut, Thing, children, created_of, name_of, short
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

OVERLAP = timedelta(minutes=15)
"""How far behind the newest post seen the next walk still reaches: the search and the caches lag by minutes."""
CUT = 900
"""A listing that ends after so many posts was cut by Reddit, near 1000, rather than exhausted."""
SEARCH_CUT = 200
"""The same for a search, which Reddit cuts near 250."""
QUERY = 512
"""Characters Reddit takes in one search."""

_GONE = re.compile(r"\[\s*(?:removed|deleted)\b[^\]]*\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(base.Options):
    """Without `username` and `password` there is no inbox: a name called out in another subreddit can go unseen."""

    client_id: str
    client_secret: Secret
    subreddits: tuple[str, ...]
    """Names without r/. ("all",): everywhere, but then only submissions, since all of Reddit's comments run through
    the thousand that can be listed within seconds."""
    username: str | None = None
    password: Secret | None = None
    user_agent: str = "server:complaint-monitor:v0.1"
    """Reddit asks for platform:app:version (by /u/name)."""

    def __post_init__(self) -> None:
        """Raises ValueError when there is nothing to watch or half a login."""
        if not self.subreddits or not all(self.subreddits):
            raise ValueError("subreddits: name at least one, or all")
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password belong together")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """One listing that is walked at every poll."""

    name: str
    path: str
    """May hold {subreddits}."""
    params: Mapping[str, str]
    all_wanted: bool = False
    """Its posts concern the brand whatever they say."""
    cut: int = CUT

    @property
    def shared(self) -> bool:
        return "{subreddits}" in self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """How far a stream is read; times in seconds since 1970."""

    floor: float
    """Nothing older is brought: the first poll's reach."""
    done: float
    """Everything older has been seen."""
    top: float = 0.0
    """The newest post of the present walk."""
    after: str | None = None
    """The last post of the present walk's last page; None: no walk is under way."""
    count: int = 0

    def finished(self) -> "_Place":
        return _Place(floor=self.floor, done=max(self.done, self.top - OVERLAP.total_seconds()))

    def from_the_top(self) -> "_Place":
        return _Place(floor=self.floor, done=self.done)


class Reddit(Connector):
    """Sees what Reddit lists, no stream of PRAW's being used: those end at a hundred posts and repeat old ones.

    A poll takes the streams in turn and walks each back to where its last finished walk began, less an overlap. All
    of a page's posts are brought, also older ones, so that an edit or a post that a moderator let through late is
    seen as long as it is on a page. A stream that fails is reported as `broken` and passed over until the next poll;
    only when all fail does the poll.
    """

    Options = Options

    def __init__(self, options: Any, watch: Watch, *, clock: Clock, state: Path) -> None:
        super().__init__(options, watch, clock=clock, state=state)
        self._api = Api(
            client_id=options.client_id,
            client_secret=options.client_secret,
            username=options.username,
            password=options.password,
            user_agent=options.user_agent,
            base_url=options.base_url,
            timeout=options.timeout,
            clock=clock,
        )

    def fetch(self, cursor: Cursor) -> Page:
        if not self._streams:
            raise Permanent("nothing to look for on Reddit: give keywords or handles")
        turn, failed = cursor.get("turn", 0) % len(self._streams), cursor.get("failed", 0)
        stream = self._streams[turn]
        place = self._place(cursor, stream)
        try:
            page, place, over = self._walk(stream, place, cursor.get("open", self._subreddits))
            failed = 0
        except (Shut, Transient) as error:
            if isinstance(error, Shut) and stream.shared and "open" not in cursor and not self._everywhere:
                return self._without_the_shut(cursor)
            failed += 1
            if isinstance(error, RateLimited) or (failed >= len(self._streams) and turn == 0):
                raise
            if failed >= len(self._streams):  # the poll that raised stands here: let the first stream try again
                return self.fetch({**cursor, "turn": 0, "failed": failed - 1})
            page, over = Page(cursor={}, broken=[Broken(where=stream.name, why=str(error))]), True
        places = {key: old for key, old in cursor.get("places", {}).items() if key in self._names}
        onward: dict[str, Any] = {"places": {**places, stream.name: asdict(place)}}
        more = not over or turn + 1 < len(self._streams)
        if more:
            onward |= {"turn": turn + int(over), "failed": failed}
            onward |= {"open": cursor["open"]} if "open" in cursor else {}
        return replace(page, cursor=onward, more=more, next_poll_at=self._api.rest_until)

    def thread(self, thread_id: str, post_id: str) -> Found | None:
        """The brand's own posts below `post_id`; None: the subreddit has been shut."""
        try:
            tree = self._api.tree(thread_id, post_id)
        except Shut as shut:
            return Found(deleted=[post_id]) if shut.missing else None
        if not tree:
            return Found(deleted=[post_id])
        return self._read(tree, lambda post: self.watch.owns(post.author) and post.external_id != post_id)

    def lookup(self, external_ids: Sequence[str]) -> Found | None:
        things = children(self._api.ask("api/info/", {"id": ",".join(external_ids)}))
        present = {name_of(thing) for thing in things}
        found = self._read(things, lambda post: True)
        return replace(found, deleted=[*found.deleted, *(name for name in external_ids if name not in present)])

    def login(self) -> str:
        me = self._api.ask("api/v1/me") if self.options.username else None
        who = f"u/{me.get('name')}" if isinstance(me, dict) else "read-only, without an inbox"
        places = [] if self._everywhere else [f"r/{name}" for name in self._subreddits]
        accounts = [f"u/{handle}" for handle in self._handles]
        shut = [f"{name}: {why}" for name in places + accounts if (why := self._api.why_shut(name))]
        if shut:
            raise Permanent("Reddit does not show " + "; ".join(shut))
        return f"{who}; sees {', '.join(places + accounts) or 'all of Reddit'}"

    def close(self) -> None:
        self._api.close()

    @cached_property
    def _subreddits(self) -> list[str]:
        names = [name.strip("/").removeprefix("r/") for name in self.options.subreddits]
        return ["all"] if "all" in names else names

    @property
    def _everywhere(self) -> bool:
        return self._subreddits == ["all"]

    @cached_property
    def _handles(self) -> list[str]:
        return [handle.removeprefix("@").removeprefix("u/") for handle in self.watch.handles]

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(stream.name for stream in self._streams)

    @cached_property
    def _streams(self) -> tuple[_Stream, ...]:
        """A stream's name tells what it asks for, so that another subreddit or keyword begins with a backfill."""
        streams = [
            _Stream(name=f"u/{handle}", path=f"user/{handle}/", params={"sort": "new"}, all_wanted=True)
            for handle in self._handles
        ]
        if self.options.username:
            streams += [
                _Stream(name=f"inbox {box}", path=f"message/{box}", params={"mark": "false"}, all_wanted=True)
                for box in ("mentions", "comments/", "selfreply/")
            ]
        where = "r/" + "+".join(self._subreddits)
        if not self._everywhere:
            streams.append(_Stream(name=f"comments of {where}", path="r/{subreddits}/comments/", params={}))
        for query in _queries([*self.watch.keywords, *(f"u/{handle}" for handle in self._handles)]):
            params = {"q": query, "sort": "new", "restrict_sr": str(not self._everywhere)}
            name, path = f"search of {where}: {query}", "r/{subreddits}/search/"
            streams.append(_Stream(name=name, path=path, params=params, cut=SEARCH_CUT))
        return tuple(streams)

    def _place(self, cursor: Cursor, stream: _Stream) -> _Place:
        known = cursor.get("places", {}).get(stream.name)
        if known:
            return _Place(**known)
        floor = (self.clock() - self.options.backfill).timestamp()
        return _Place(floor=floor, done=floor)

    def _walk(self, stream: _Stream, place: _Place, subreddits: Sequence[str]) -> tuple[Page, _Place, bool]:
        """The stream's next page, the place after it, and whether the walk is over for this poll."""
        page = {"limit": "100"} | ({"after": place.after} if place.after else {})
        listing = self._api.ask(stream.path.format(subreddits="+".join(subreddits)), {**stream.params, **page})
        things = children(listing)
        if place.after and not things:
            # Reddit forgets where to go on when that post is deleted: the next poll walks again from the top.
            return Page(cursor={}), place.from_the_top(), True
        times = [created for thing in things if (created := created_of(thing)) is not None]
        place = replace(
            place,
            top=min(max([place.top, *times]), self.clock().timestamp()),
            after=listing["data"].get("after"),
            count=place.count + len(things),
        )
        met = bool(times) and times[-1] < place.done
        over = met or not place.after
        gaps = [_gap(stream, place, times[-1])] if over and not met and times and place.count >= stream.cut else []
        found = self._read(things, lambda post: post.posted_at.timestamp() >= place.floor and self._takes(stream, post))
        brought = Page(mentions=found.mentions, deleted=found.deleted, broken=found.broken, gaps=gaps, cursor={})
        return brought, place.finished() if over else place, over

    def _takes(self, stream: _Stream, post: Mention) -> bool:
        named = self.watch.wants(post.text) or self._called.search(post.text)
        return stream.all_wanted or bool(named) or self.watch.owns(post.author)

    @cached_property
    def _called(self) -> re.Pattern[str]:
        """The brand's accounts as Reddit writes them, u/name."""
        names = "|".join(map(re.escape, self._handles))
        return re.compile(rf"(?<!\w)u/(?:{names})(?![\w-])" if names else r"(?!)", re.IGNORECASE)

    def _without_the_shut(self, cursor: Cursor) -> Page:
        """One shut subreddit can shut the joint listing: asks each, and goes on with the others for this poll."""
        shut = {name: why for name in self._subreddits if (why := self._api.why_shut(f"r/{name}"))}
        seen = [name for name in self._subreddits if name not in shut]
        broken = [Broken(where=f"r/{name}", why=why) for name, why in shut.items()]
        if not seen:
            reasons = "; ".join(f"{part.where}: {part.why}" for part in broken)
            raise Permanent(f"{reasons}; correct `subreddits`, or let the account in")
        onward = {**cursor, "open": seen}
        return Page(cursor=onward, more=True, broken=broken, next_poll_at=self._api.rest_until)

    def _read(self, things: Iterable[Thing], wanted: Callable[[Mention], bool]) -> Found:
        deleted: list[str] = []

        def read(thing: Thing) -> Mention | None:
            data = thing["data"]
            if thing["kind"] not in ("t1", "t3"):
                return None
            if _is_gone(data):
                deleted.append(data["name"])
                return None
            post = self._mention(data)
            return post if wanted(post) else None

        mentions, broken = read_each(things, read, name_of)
        return Found(mentions=mentions, deleted=deleted, broken=broken)

    def _mention(self, data: Mapping[str, Any]) -> Mention:
        name, author = data["name"], data.get("author")
        is_comment = name.startswith("t1_")
        thread = _thread_of(data) if is_comment else name
        below = f"_/{short(name)}/" if is_comment else ""
        path = data.get("permalink") or f"/comments/{short(thread)}/{below}"
        return Mention(
            platform=self.platform,
            external_id=name,
            thread_id=thread,
            reply_to=data["parent_id"] if is_comment else None,
            text=data["body"] if is_comment else f"{data['title']}\n\n{data.get('selftext') or ''}".strip(),
            author="" if author in (None, "[deleted]") else author,
            posted_at=datetime.fromtimestamp(data["created_utc"], UTC),
            url=HOME + path,
        )


def _gap(stream: _Stream, place: _Place, oldest: float) -> Gap:
    since, until = (datetime.fromtimestamp(moment, UTC) for moment in (place.done, oldest))
    return Gap(since=since, until=until, why=f"Reddit lists only the newest {place.count} posts of {stream.name}")


def _queries(terms: Iterable[str]) -> list[str]:
    """Searches for any of the terms, each search as long as Reddit allows."""
    queries: list[str] = []
    for term in terms:
        phrase = '"' + term.replace('"', " ") + '"'
        if queries and len(queries[-1]) + len(phrase) + 4 <= QUERY:
            queries[-1] += f" OR {phrase}"
        else:
            queries.append(phrase)
    return queries


def _is_gone(data: Mapping[str, Any]) -> bool:
    texts = (data.get("body"), data.get("selftext"), data.get("title"))
    return bool(data.get("removed_by_category")) or any(_GONE.fullmatch((text or "").strip()) for text in texts)


def _thread_of(comment: Mapping[str, Any]) -> str:
    """The submission's fullname; the inbox tells it only in a link."""
    if comment.get("link_id"):
        return str(comment["link_id"])
    return "t3_" + str(comment["context"]).split("/comments/")[1].split("/")[0]
