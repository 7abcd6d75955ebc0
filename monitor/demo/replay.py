"""The afternoon's posts: hand-written, each appended to the file of its source when the clock reaches it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

POSTS = Path(__file__).parent / "posts.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One line of posts.jsonl."""

    at: int
    """Minutes after the demo's beginning."""
    seen: int
    """The minute in which the platform shows it at last; mostly the one in which it was written."""
    source: str
    record: dict[str, Any]
    """What the file connector reads."""
    complaint: bool | None
    """What its author would call it; None for the brand's own posts."""

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def writer(self) -> tuple[str, str]:
        """Who wrote it, in which thread: that whose case it belongs to, if there is one."""
        return self.record.get("thread_id", self.id), self.record["author"]


def read_posts() -> list[Post]:
    """In the order in which they come to light. An edited post stands there once for each of its texts."""
    posts = [_post(json.loads(line)) for line in POSTS.read_text(encoding="utf-8").split("\n") if line]
    return sorted(posts, key=lambda post: post.seen)


def _post(line: dict[str, Any]) -> Post:
    at, source, complaint = line.pop("at"), line.pop("source"), line.pop("complaint", None)
    return Post(at=at, seen=line.pop("seen", at), source=source, record=line, complaint=complaint)


def final(posts: Sequence[Post]) -> dict[str, Post]:
    """The posts by id, each as it stood in the end."""
    return {post.id: post for post in posts}


def publish(post: Post, folder: Path, start: datetime) -> None:
    """Appends the post to its source's file, as a platform's export would.

    It was written some seconds before its minute, for nobody writes at the full minute only.
    """
    posted_at = start + timedelta(minutes=post.at, seconds=-(7 * len(post.record["text"]) % 60))
    platform = post.source.rpartition("-")[2]
    url = f"https://{platform}.example/{post.record['author'].replace(' ', '_')}/{post.id}"
    record = post.record | {"posted_at": posted_at.isoformat(), "url": url}
    with (folder / f"{post.source}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
