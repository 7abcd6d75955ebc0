"""Reads single posts out of Bluesky's answers, whatever else these hold."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.base import Mention

POST = "app.bsky.feed.post"
ADDRESSED = ("mention", "reply", "quote")
"""The reasons of notifications that are posts."""
BORN = datetime(2022, 11, 1, tzinfo=UTC)
"""No post is older than the network."""

Item = Mapping[str, Any]
"""A post as Bluesky shows it (uri, author, record and indexedAt), or an entry of a list that holds one."""


def mention(post: Item, platform: str, now: datetime) -> Mention | None:
    """The post as a mention; None for a record of another kind. Raises for a post that can't be read."""
    record = post["record"]
    if record.get("$type", POST) != POST:
        return None
    uri, author, reply, langs = post["uri"], author_of(post), as_dict(record.get("reply")), record.get("langs")
    return Mention(
        platform=platform,
        external_id=uri,
        thread_id=as_dict(reply.get("root")).get("uri") or uri,
        reply_to=as_dict(reply.get("parent")).get("uri"),
        text=record["text"],
        author=author,
        posted_at=_posted_at(post, now),
        lang=langs[0] if isinstance(langs, list) and langs and isinstance(langs[0], str) else None,
        url=f"https://bsky.app/profile/{author}/post/{uri.rpartition('/')[2]}",
    )


def _posted_at(post: Item, now: datetime) -> datetime:
    """The author's time if it can be believed; otherwise the index's."""
    indexed = indexed_at(post) or now
    claimed = _moment(post["record"].get("createdAt"))
    return claimed if claimed and BORN <= claimed <= indexed else indexed


def post_in(entry: Item) -> Item | None:
    """The post in an entry of any list; None for a repost or a like, which say nothing of their own."""
    if entry.get("reason", ADDRESSED[0]) not in ADDRESSED:
        return None
    return as_dict(entry["post"]) if "post" in entry else entry


def indexed_at(entry: Item) -> datetime | None:
    """When Bluesky first saw what the entry stands for: the repost rather than the post in it."""
    reason = entry.get("reason")
    shown = reason if isinstance(reason, dict) else as_dict(entry.get("post", entry))
    return _moment(shown.get("indexedAt"))


def posts_below(top: Item) -> list[Item]:
    """The posts of a thread except the first; those deleted or behind a block have none."""
    posts: list[Item] = []
    branches = [top]
    while branches:
        replies = branches.pop().get("replies")
        shown = [reply for reply in replies if "post" in as_dict(reply)] if isinstance(replies, list) else []
        posts += [as_dict(reply["post"]) for reply in shown]
        branches += shown
    return posts


def author_of(post: Item) -> str:
    """The handle, or the account's lasting id (DID) while its handle doesn't hold."""
    author = as_dict(post.get("author"))
    handle = author.get("handle")
    return str(author.get("did") or "" if handle in (None, "", "handle.invalid") else handle)


def address_of(post: Item) -> str:
    return str(post.get("uri", "a post without an address"))


def as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: Any) -> datetime | None:
    """An aware time; None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None
