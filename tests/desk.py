"""A care desk in a test: the real app and database, a scripted platform, a plain classifier and paper for channels."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import connectors.base
from alerts.base import Alert, Channel, Incident, Message, Unknown
from alerts.base import Options as ChannelOptions
from alerts.case import Case, State
from alerts.ladder import Ladder, Step
from classifiers.base import Classifier, Verdict
from classifiers.base import Options as ClassifierOptions
from connectors.base import Broken, Connector, Cursor, Found, Mention, Page
from monitor.app import App
from monitor.config import Audit, Brand, Config, Delivery, Plugin, Retention, Source
from monitor.queries import Story, queue, story

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@dataclass
class Platform:
    """A platform that holds posts: the far side of a connector."""

    posts: list[Mention] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    fails: Exception | None = None
    page_size: int = 100
    search_lags: bool = False
    """New posts can be seen in their threads, but the search does not show them yet."""
    threads_asked: list[str] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    """What every page says that it could not read."""


class Scripted(Connector):
    """Pages through a Platform by position."""

    far: Platform

    def fetch(self, cursor: Cursor) -> Page:
        if self.far.fails:
            raise self.far.fails
        start = cursor.get("at", 0)
        if self.far.search_lags:
            return Page(cursor=cursor)
        page = self.far.posts[start : start + self.far.page_size]
        end = start + len(page)
        more = end < len(self.far.posts)
        return Page(mentions=page, cursor={"at": end}, more=more, broken=self.far.broken)

    def thread(self, thread_id: str, post_id: str) -> Found | None:
        self.far.threads_asked.append(thread_id)
        if self.far.fails:
            raise self.far.fails
        return Found(mentions=[post for post in self.far.posts if post.thread_id == thread_id])

    def lookup(self, external_ids: Sequence[str]) -> Found | None:
        now = {post.external_id: post for post in self.far.posts}
        return Found(
            mentions=[now[i] for i in external_ids if i not in self.far.gone and i in now],
            deleted=[i for i in external_ids if i in self.far.gone],
        )

    def login(self) -> str:
        return "scripted"


class Plain(Classifier):
    """Takes «broken», «late» and «refund» for complaints."""

    def __init__(self, options: Any = None) -> None:
        self.seen: list[str] = []

    @property
    def model(self) -> str:
        return "plain@1"

    @property
    def threshold(self) -> float:
        return 0.5

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        self.seen.extend(texts)
        if any("poison" in text for text in texts):
            raise RuntimeError("a text that breaks the model")
        return [self._verdict(text) for text in texts]

    def _verdict(self, text: str) -> Verdict:
        bad = any(word in text for word in ("broken", "late", "refund"))
        return Verdict(
            complaint=0.9 if bad else 0.1,
            is_complaint=bad,
            sentiment="negative" if bad else "neutral",
            model=self.model,
            why=(text,) if bad else (),
        )


OPTIONS = ChannelOptions()


@dataclass(frozen=True)
class Letter:
    """A message as it lies on the paper: its first showing and every later one."""

    reference: str
    key: str
    thread: str | None
    shown: list[Any]


class Paper(Channel):
    """Keeps what it is sent. `trouble` is raised in turn, after the message is kept if it is Unknown."""

    def __init__(self, name: str, options: Any = OPTIONS, *, clock: Callable[[], datetime]) -> None:
        super().__init__(name, options, clock=clock)
        self.letters: list[Letter] = []
        self.trouble: list[Exception | None] = []

    def send(self, message: Message) -> str:
        error = self.trouble.pop(0) if self.trouble else None
        if error is not None and not isinstance(error, Unknown):
            raise error
        reference = f"{self.name}/{len(self.letters)}"
        self.letters.append(Letter(reference, message.key, message.thread, [message]))
        if error is not None:
            raise error
        return reference

    def update(self, alert: Alert | Incident) -> None:
        error = self.trouble.pop(0) if self.trouble else None
        if error is not None:
            raise error
        next(letter for letter in self.letters if letter.reference == alert.root).shown.append(alert)

    def find(self, message: Message, since: datetime) -> str | None:
        return next((letter.reference for letter in self.letters if letter.key == message.key), None)

    def withdraw(self, reference: str) -> None:
        self.letters = [letter for letter in self.letters if letter.reference != reference]

    def link(self, reference: str) -> str | None:
        return f"https://paper.example/{reference}"

    def login(self) -> str:
        return "paper"

    @property
    def keys(self) -> list[str]:
        return [letter.key for letter in self.letters]


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


DEFAULT_LADDER = Ladder(
    target=minutes(60),
    steps=(
        Step(after=minutes(0), channel="care"),
        Step(after=minutes(30), channel="care"),
        Step(after=minutes(45), channel="care", mention=("lead",)),
        Step(after=minutes(60), channel="managers"),
    ),
)

LAINEPOST = Brand(
    name="Lainepost",
    keywords=("Lainepost",),
    exclude=("vacancy",),
    handles={"chat": ("lainepost", "anna_lp")},
)


class Desk:
    """The app of one brand, Lainepost, with one scripted source."""

    def __init__(self, url: str, folder: Path, ladder: Ladder = DEFAULT_LADDER, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.platform = Platform()
        kind = type("Scripted", (Scripted,), {"far": self.platform})
        self.config = Config(
            file=folder / "config.yaml",
            database=url,
            state=folder,
            brands={
                "Lainepost": Brand(
                    name="Lainepost",
                    keywords=("Lainepost",),
                    exclude=("vacancy",),
                    handles={"chat": ("lainepost", "anna_lp")},
                )
            },
            ladders={"default": ladder},
            sources={
                "chat": (
                    Source(name="chat", brand="Lainepost", every=minutes(1)),
                    Plugin(type="chat", kind=kind, options=connectors.base.Options()),
                )
            },
            channels={
                name: Plugin(type="paper", kind=Paper, options=ChannelOptions())
                for name in ("care", "managers", "duty")
            },
            classifier=Plugin(type="plain", kind=Plain, options=ClassifierOptions()),
            delivery=Delivery(fallback="duty"),
            retention=Retention(),
            audit=Audit(channel="duty"),
            secrets=("hunter2",),
        )
        self.app = App(self.config, self.clock)
        self._ids = 0

    def restart(self) -> None:
        """The process ends and another begins; the papers stay."""
        papers = self.app.channels
        self.app.close()
        self.app = App(self.config, self.clock)
        self.app.__dict__["channels"] = papers

    def post(
        self,
        text: str,
        author: str = "mari",
        *,
        thread: str | None = None,
        reply_to: str | None = None,
        ago: float = 0,
        **more: Any,
    ) -> Mention:
        """Somebody posts; the monitor has not seen it yet."""
        self._ids += 1
        mention = Mention(
            platform="chat",
            external_id=more.pop("external_id", f"p{self._ids}"),
            thread_id=thread or f"p{self._ids}",
            text=text,
            author=author,
            posted_at=self.clock() - minutes(ago),
            url=f"https://chat.example/p{self._ids}",
            reply_to=reply_to,
            **more,
        )
        self.platform.posts.append(mention)
        return mention

    def edit(self, post: Mention, text: str) -> None:
        self.platform.posts[self.platform.posts.index(post)] = replace(post, text=text)

    def tick(self, after: float = 0) -> Any:
        """So many minutes later, one pass of everything."""
        self.clock.forward(after)
        return self.app.tick()

    def ticks(self, times: Iterable[float]) -> None:
        for minute in times:
            self.clock.now = NOON + minutes(minute)
            self.app.tick()

    def paper(self, name: str) -> Paper:
        channel = self.app.channels[name]
        assert isinstance(channel, Paper)
        return channel

    @property
    def stories(self) -> list[Story]:
        return queue(self.app.store, states=list(State), limit=1000)

    @property
    def case(self) -> Case:
        (only,) = self.stories
        return only.case

    def kinds(self, case_id: int = 1) -> list[str]:
        """What happened to a case."""
        found = story(self.app.store, case_id)
        assert found is not None
        return [event.kind for event in found.timeline]
