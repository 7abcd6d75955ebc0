"""Reads X through API v2: who speaks of the brand, who speaks to its accounts, and what these accounts answer.

A poll walks several streams, one page of each in turn, so that a flood in one never holds up the others:

    posts @telia      the account's own posts and replies, which stop the clock
    mentions @telia   posts that name the account, which X sells cheaper to its owner than search
    ("telia" OR …)    recent search for everything else, in as many queries as the terms need

X pages newest first, so a stream's `since` moves only when its walk has arrived there: after a crash the walk goes on
at its token, or starts again. X is asked by time and not by `since_id`, which a server with other ids would not know.
"""

import html
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from connectors._x_api import Answer, Api, Refused, as_dict, has_id
from connectors.base import (
    Broken,
    Connector,
    Cursor,
    Found,
    Gap,
    Mention,
    Options,
    Page,
    Permanent,
    Secret,
    Watch,
    read_each,
)

PAGE_SIZE = 100
QUERY_LENGTH = 512
SEARCHABLE = timedelta(days=7)
OVERLAP = timedelta(minutes=5)
"""Read again before the newest post seen, because X does not index posts in their order."""
QUIET = timedelta(days=1)
"""How far `since` may lag behind the clock in a stream where nothing happens, lest it leaves the searchable days."""

UNTOLD = ("und", "zxx")
"""What X says of a post whose language it can't tell, besides codes of its own that begin with q."""
POST_FIELDS = ["author_id", "conversation_id", "created_at", "lang", "note_tweet", "referenced_tweets"]
READ = {"tweet_fields": POST_FIELDS, "expansions": ["author_id"], "user_fields": ["public_metrics"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class XOptions(Options):
    bearer_token: Secret
    """The app's bearer token, from X's developer console."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far one stream has been read. Ids are X's snowflakes: they grow with time."""

    since: int
    """Everything up to this id is done; 0: as far as X reaches."""
    newest: int = 0
    oldest: int = 0
    """The ends of what the walk under way has seen; 0: nothing yet."""
    read: int = 0
    token: str | None = None
    """X's name for the next page; None before the first."""

    def after(self, ids: Sequence[int], token: str | None) -> "Walk":
        seen = [*ids, *filter(None, (self.newest, self.oldest))]
        return replace(
            self,
            newest=max(seen, default=0),
            oldest=min(seen, default=0),
            read=self.read + len(ids),
            token=token,
        )

    def done(self, now: datetime) -> "Walk":
        """The walk to come, which reads a little again of what this one has seen."""
        seen = id_at(time_of(min(self.newest, id_at(now))) - OVERLAP)
        return Walk(since=max(self.since, seen, id_at(now - QUIET)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One of X's lists of posts."""

    ask: Callable[..., Any]
    paging: str
    """What this endpoint calls the token of the next page."""
    reach: int | None = None
    """Posts that X gives at most, however far back `since` is."""


class X(Connector):
    """Mentions on X. A post keeps the first of its ids through all edits."""

    Options = XOptions
    options: XOptions

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        options = self.options
        self._api = Api(options.bearer_token, base_url=options.base_url, timeout=options.timeout, clock=self.clock)

    def fetch(self, cursor: Cursor) -> Page:
        """One page of the stream whose turn it is. A stream new to the cursor starts where the slowest one stands."""
        now = self.clock()
        accounts, todo, known = dict(cursor.get("accounts", {})), cursor.get("todo", ()), cursor.get("walks", {})
        if not todo:
            accounts = self._accounts(accounts)
        streams = self._streams(accounts)
        start = min([id_at(now - max(self.options.backfill, OVERLAP)), *(walk["since"] for walk in known.values())])
        walks = {name: known.get(name) or asdict(Walk(since=start)) for name in streams}
        todo = [name for name in todo if name in streams] or list(streams)
        if not todo:
            return Page(cursor={})
        name, *todo = todo
        walk, more, found = self._step(streams[name], Walk(**walks[name]), now)
        todo += [name] * more
        place = {"accounts": accounts, "walks": walks | {name: asdict(walk)}, "todo": todo}
        return Page(cursor=place, more=bool(todo), **found)

    def _step(self, stream: Stream, walk: Walk, now: datetime) -> tuple[Walk, bool, dict[str, Any]]:
        """One page: the walk after it, whether it has more pages, and what was found. An expired token sends the
        walk back to its start, at the next poll."""
        try:
            place = {"start_time": time_of(walk.since) if walk.since else None, stream.paging: walk.token}
            answer = self._api.ask(stream.ask, max_results=PAGE_SIZE, **READ, **place)
        except Refused as refusal:
            if walk.token and "_token" in refusal.body:
                return Walk(since=walk.since), False, {}
            if walk.since and "start_time" in refusal.body:
                return Walk(since=0), True, {"gaps": [_forgotten(walk, now)]}
            raise
        mentions, broken = _read(answer)
        mentions = [mention for mention in mentions if not _excluded(mention, self.watch)]
        found = {"mentions": mentions, "broken": broken, "next_poll_at": answer.resets_at}
        walk = walk.after([int(post["id"]) for post in answer.data if has_id(post)], answer.token)
        if walk.token:
            return walk, True, found
        return walk.done(now), False, found | {"gaps": _cut_off(walk, stream)}

    def thread(self, thread_id: str, post_id: str) -> Found | None:
        """The brand's replies; None when it has no account, or the post is too old for X to search after it."""
        authors = [f"from:{_bare(handle)}" for handle in self.watch.handles]
        if not authors:
            return None
        queries = _queries(authors, f"conversation_id:{thread_id} -is:retweet")
        try:
            read = [_read(answer) for query in queries for answer in self._all_pages(query, since_id=post_id)]
        except Refused:
            return None
        return Found(
            mentions=[mention for mentions, _ in read for mention in mentions],
            broken=[post for _, broken in read for post in broken],
        )

    def lookup(self, external_ids: Sequence[str]) -> Found | None:
        """Texts after the last edit. A protected account's posts count as neither found nor deleted."""
        if not external_ids:
            return Found()
        answer = self._api.ask(self._api.client.get_tweets, ids=list(external_ids), **READ)
        mentions, broken = _read(answer)
        versions = [(str(post["id"]), _history(post)[-1]) for post in answer.data if has_id(post)]
        if edited := [newest for asked, newest in versions if newest != asked]:
            mentions += _read(self._api.ask(self._api.client.get_tweets, ids=edited, **READ))[0]
        gone = {str(error.get("resource_id") or error.get("value")) for error in answer.errors if _not_found(error)}
        return Found(
            mentions=list({mention.external_id: mention for mention in mentions}.values()),
            deleted=[id_ for id_ in external_ids if id_ in gone],
            broken=broken,
        )

    def login(self) -> str:
        """Looks up the brand's accounts and tries each search on the last minute."""
        accounts = self._accounts({})
        queries = self._searches(accounts)
        for query in queries:
            self._api.ask(self._search(query), start_time=self.clock() - timedelta(minutes=1), max_results=10)
        missing = [handle for handle in map(_bare, self.watch.handles) if handle not in accounts]
        said = ["X accepts the token", f"searches: {len(queries)}"]
        if accounts:
            said.append("accounts " + ", ".join(f"@{handle}" for handle in accounts))
        if missing:
            said.append("no such account: " + ", ".join(f"@{handle}" for handle in missing))
        return "; ".join(said)

    def close(self) -> None:
        self._api.close()

    def _accounts(self, known: Mapping[str, str]) -> dict[str, str]:
        """The ids of the brand's accounts, those X knows; asks only for the ones not known yet."""
        handles = list(dict.fromkeys(map(_bare, self.watch.handles)))
        accounts = {handle: known[handle] for handle in handles if handle in known}
        unknown = [handle for handle in handles if handle not in accounts]
        for start in range(0, len(unknown), PAGE_SIZE):
            answer = self._api.ask(self._api.client.get_users, usernames=unknown[start : start + PAGE_SIZE])
            accounts |= {_bare(user["username"]): str(user["id"]) for user in answer.data}
        return accounts

    def _streams(self, accounts: Mapping[str, str]) -> dict[str, Stream]:
        client, paging = self._api.client, "pagination_token"
        streams = {}
        for handle, id_ in accounts.items():
            posts = partial(client.get_users_tweets, id_, exclude=["retweets"])
            streams[f"posts @{handle}"] = Stream(ask=posts, paging=paging, reach=3200)
        for handle, id_ in accounts.items():
            mentions = partial(client.get_users_mentions, id_)
            streams[f"mentions @{handle}"] = Stream(ask=mentions, paging=paging, reach=800)
        for query in self._searches(accounts):
            streams[query] = Stream(ask=self._search(query), paging="next_token")
        return streams

    def _search(self, query: str) -> Callable[..., Any]:
        return partial(self._api.client.search_recent_tweets, query)

    def _all_pages(self, query: str, **params: Any) -> Iterator[Answer]:
        token = None
        while True:
            answer = self._api.ask(self._search(query), max_results=PAGE_SIZE, next_token=token, **READ, **params)
            yield answer
            if not (token := answer.token):
                return

    def _searches(self, accounts: Mapping[str, str]) -> list[str]:
        """Queries for the brand's terms. What other streams bring or nobody wants is left out as far as there is room:
        that only saves money."""
        strangers = [handle for handle in map(_bare, self.watch.handles) if handle not in accounts]
        terms = [*map(_phrase, self.watch.keywords), *(f"@{handle}" for handle in strangers)]
        filters = "-is:retweet"
        for unwanted in (
            *(f"-{sign}{handle}" for handle in accounts for sign in ("@", "from:")),
            *(f"-{_phrase(word)}" for word in self.watch.exclude),
        ):
            if len(filters) + len(unwanted) < QUERY_LENGTH // 2:
                filters += f" {unwanted}"
        return _queries(terms, filters)


def id_at(moment: datetime) -> int:
    """The smallest id that a post of this moment can have."""
    return max(0, int(moment.timestamp() * 1000) - 1288834974657) << 22


def time_of(id_: int) -> datetime:
    return datetime.fromtimestamp(((id_ >> 22) + 1288834974657) / 1000, UTC)


def _forgotten(walk: Walk, now: datetime) -> Gap:
    since = time_of(walk.since)
    return Gap(since=since, until=max(since, now - SEARCHABLE), why=f"X searches {SEARCHABLE.days} days back")


def _cut_off(walk: Walk, stream: Stream) -> list[Gap]:
    """What lies between `since` and the oldest post that X was ready to list."""
    if stream.reach is None or walk.read <= stream.reach - PAGE_SIZE:
        return []
    why = f"X lists the newest {stream.reach} only"
    return [Gap(since=time_of(walk.since), until=time_of(walk.oldest), why=why)]


def _queries(terms: Iterable[str], filters: str) -> list[str]:
    """As few queries as bring every term, each with the filters and no longer than X allows."""
    room = QUERY_LENGTH - len(f"() {filters}")
    queries: list[list[str]] = []
    for term in terms:
        if len(term) > room:
            raise Permanent(f"too long to search for on X, which takes {room} characters: {term}")
        if queries and len(" OR ".join([*queries[-1], term])) <= room:
            queries[-1].append(term)
        else:
            queries.append([term])
    return [f"({' OR '.join(query)}) {filters}" for query in queries]


def _phrase(words: str) -> str:
    return f'"{" ".join(words.replace(chr(34), " ").split())}"'


def _bare(handle: str) -> str:
    return handle.removeprefix("@").lower()


def _read(answer: Answer) -> tuple[list[Mention], list[Broken]]:
    return read_each(answer.data, partial(_mention, people=answer.people), _name)


def _mention(post: Any, people: Mapping[str, Any]) -> Mention | None:
    """The post as a mention; None for a retweet."""
    references = {str(to["type"]): str(to["id"]) for to in _either(post, "referenced_tweets", "referenced_posts") or ()}
    if "retweeted" in references:
        return None
    history = _history(post)
    author = people.get(post["author_id"], {})
    handle = author.get("username", "")
    thread = post.get("conversation_id") or history[0]
    lang = post.get("lang") or "und"
    return Mention(
        platform="x",
        external_id=history[0],
        thread_id=history[0] if thread in history else thread,
        reply_to=references.get("replied_to"),
        text=html.unescape(as_dict(_either(post, "note_tweet", "note_post")).get("text") or post["text"]),
        author=handle,
        followers=as_dict(author.get("public_metrics")).get("followers_count"),
        posted_at=datetime.fromisoformat(post["created_at"]) if len(history) == 1 else time_of(int(history[0])),
        lang=None if lang in UNTOLD or lang.startswith("q") else lang,
        url=f"https://x.com/{handle or 'i'}/status/{history[-1]}",
    )


def _excluded(mention: Mention, watch: Watch) -> bool:
    return not watch.owns(mention.author) and watch.excluded_by(mention.text) is not None


def _history(post: Mapping[str, Any]) -> list[str]:
    """The ids of a post's versions, first to last."""
    ids = [str(id_) for id_ in _either(post, "edit_history_tweet_ids", "edit_history_post_ids") or ()]
    return [id_ for id_ in ids if id_.isdigit()] or [str(post["id"])]


def _either(post: Mapping[str, Any], tweet: str, now: str) -> Any:
    """A field by the name it has had, or by the one X is moving to."""
    return post.get(tweet, post.get(now))


def _name(item: Any) -> str:
    return str(item["id"]) if has_id(item) else "a post without an id"


def _not_found(error: Any) -> bool:
    return str(as_dict(error).get("type")).endswith("/resource-not-found") and error.get("resource_type") != "user"
