"""What surrounds the monitor in the kill test: customers who write into files, a brand that replies, a local Slack."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "xoxb-local-0123456789-very-secret"
LEASE, TIMEOUT = timedelta(seconds=4), timedelta(seconds=1)
STEPS = ("care", "care", "care", "managers")
"""The channels of the ladder's steps, two seconds from one to the next; the last is the target."""
SIGN = {"open": "🔴", "answered": "✅"}
"""What the first message of a case begins with once its ladder is at its end."""

COMPLAINTS = (
    "Lainepost lost my parcel {} and support ignores me. I want a refund!",
    "Terrible service, Lainepost: order {} arrived broken and nobody answers",
    "Still nothing about parcel {}, Lainepost. This is a disgrace, refund me now!",
    "Lainepost, mu pakk {} on juba kaks nädalat kadunud ja keegi ei vasta!",
    "Лайнепост потерял мою посылку {}, поддержка не отвечает, верните деньги!",
    "Lainepost pazaudēja manu paku {}, neviens neatbild. Atdodiet naudu!",
)
OTHERS = (
    "Aitäh, Lainepost, pakk {} jõudis päevaga kohale, suurepärane teenindus!",
    "When does the Lainepost shop number {} open on Saturday?",
    "Спасибо, Лайнепост, заказ {} пришёл за день!",
)
FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("lost", {}),
    ("hang", {}),
    ("garbage", {}),
    ("status", {"status": 500}),
    ("status", {"status": 503}),
    ("error", {"error": "internal_error"}),
    ("ratelimited", {"retry_after": 1}),
)


@dataclass(frozen=True, slots=True)
class Post:
    """One line of a file, as an export of a platform writes it."""

    id: str
    author: str
    text: str
    posted_at: str
    thread_id: str
    reply_to: str = ""


@dataclass
class Feed:
    """A file that grows while it is read, now and then by half a line first."""

    path: Path
    ends: list[tuple[str, int]] = field(default_factory=list)
    """The posts with the places in the file where their lines end."""

    def __post_init__(self) -> None:
        self._csv = self.path.suffix == ".csv"
        self.path.write_bytes(_csv_line(Post.__slots__) if self._csv else b"")

    def append(self, post: Post, *, torn_at: float = 1.0) -> None:
        values = asdict(post)
        line = _csv_line(values.values()) if self._csv else f"{json.dumps(values)}\n".encode()
        cut = int(len(line) * torn_at)
        with self.path.open("ab", buffering=0) as file:
            self.ends.append((post.id, file.tell() + len(line)))
            file.write(line[:cut])
            time.sleep(0.05 if line[cut:] else 0)
            file.write(line[cut:])


class Crowd:
    """Customers and the brand: new threads, second posts in old ones, replies, and complaints after a reply."""

    def __init__(self, folder: Path, random: Random) -> None:
        self.feeds = {"stream": Feed(folder / "stream.jsonl"), "export": Feed(folder / "export.csv")}
        self.posts = 0
        self._random = random
        self._threads: list[tuple[str, Post]] = []

    def stir(self) -> None:
        """Somebody does something."""
        chance = self._random.random()
        if self._threads and chance < 0.45:
            feed, first = self._random.choice(self._threads[-12:])
            if chance < 0.27:
                self._post(feed, "lainepost", "We are sorry! Please send us a message about {}.", first)
            else:
                self._post(feed, first.author, self._random.choice(COMPLAINTS), first)
        else:
            texts = COMPLAINTS if chance < 0.85 else OTHERS
            feed = self._random.choice(list(self.feeds))
            self._threads.append((feed, self._post(feed, f"customer{self.posts}", self._random.choice(texts))))

    def _post(self, feed: str, author: str, text: str, first: Post | None = None) -> Post:
        self.posts += 1
        own = f"{feed}-{self.posts}"
        post = Post(
            id=own,
            author=author,
            text=text.format(self.posts),
            posted_at=datetime.now(UTC).isoformat(),
            thread_id=first.thread_id if first else own,
            reply_to=first.id if first else "",
        )
        torn = self._random.random() if self._random.random() < 0.2 else 1.0
        self.feeds[feed].append(post, torn_at=torn)
        return post


class Slack:
    """The strict local Slack as a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.journal = folder / "slack.jsonl"
        self.journal.touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.slack_api", "--journal", str(self.journal)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]
        self._http = httpx.Client(base_url=self.url.removesuffix("api/"))

    def __enter__(self) -> "Slack":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.kill()
        self._process.communicate()

    @property
    def heard(self) -> int:
        """Grows with every request that was carried out."""
        return self.journal.stat().st_size

    def messages(self, name: str) -> list[dict[str, Any]]:
        found = self._http.get("_test/messages", params={"channel": name}).raise_for_status().json()
        return list(found["messages"])

    def go_wrong(self, random: Random) -> None:
        """The next request of some kind is refused, broken off, or answered by nobody."""
        method = random.choice(
            ["chat.postMessage"] * 5 + ["chat.update"] * 2 + ["conversations.history", "conversations.replies"]
        )
        kind, more = random.choice(FAULTS)
        after = kind != "ratelimited" and random.random() < 0.6
        self._http.post("_test/fault", json={"method": method, "kind": kind, "after": after, **more}).raise_for_status()


def write_config(folder: Path, database: str, slack: Slack) -> None:
    """A desk whose hour lasts six seconds."""
    channels = {
        name: {"type": "slack", "token": "${SLACK_TOKEN}", "channel": room, "base_url": slack.url,
               "timeout": TIMEOUT.total_seconds()}
        for name, room in {"care": "C0CARE0001", "managers": "#leads"}.items()
    }  # fmt: skip
    config = {
        "database": database,
        "state": str(folder / "state"),
        "brands": [{"name": "Lainepost", "keywords": ["Lainepost"], "handles": {"file": ["lainepost"]}}],
        "sources": [
            {"name": "stream", "type": "file", "path": str(folder / "stream.jsonl"), "every": "1s"},
            {"name": "export", "type": "file", "path": str(folder / "export.csv"), "every": "1s"},
        ],
        "classifier": {"type": "onnx", "threads": 1, "threshold": 0.4},
        "channels": channels,
        "ladders": {
            "default": {
                "target": f"{2 * (len(STEPS) - 1)}s",
                "steps": [{"after": f"{2 * place}s", "channel": channel} for place, channel in enumerate(STEPS)],
            }
        },
        "delivery": {"lease": f"{LEASE.total_seconds()}s"},
        "audit": {"grace": "20s"},
    }
    (folder / "config.yaml").write_text(json.dumps(config, indent=1), "utf-8")


class Process:
    """One of the monitor's commands at work; what it says is kept in the folder, all in one file at its end."""

    def __init__(self, folder: Path, command: str) -> None:
        self.began = time.monotonic()
        self._said, self._all = folder / f"{command}-{time.monotonic_ns()}.txt", folder / "said.txt"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "SLACK_TOKEN": TOKEN}
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "monitor", command], cwd=folder, env=environment, stdout=said, stderr=said
            )

    @property
    def has_spoken(self) -> bool:
        return self._said.exists() and self._said.stat().st_size > 0

    def send(self, what: signal.Signals) -> None:
        self._process.send_signal(what)
        if what is signal.SIGKILL:
            self.wait()

    def poll(self) -> int | None:
        """Its exit status, once it has ended."""
        return None if self._process.poll() is None else self.wait()

    def wait(self) -> int:
        status = self._process.wait(120)
        with self._all.open("ab") as everything:
            everything.write(self._said.read_bytes())
        self._said.write_bytes(b"")
        return status


def _csv_line(values: Iterable[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(values)
    return text.getvalue().encode()
