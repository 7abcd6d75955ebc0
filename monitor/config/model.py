"""What can be configured, and its defaults."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts.ladder import Ladder
from alerts.storm import Sensitivity

KINDS = ("jobs", "news", "ads", "retweets", "copies")
"""What can be left out without a word of configuration about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relevance:
    """Which posts are left out: not about the brand, or not for its care team."""

    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Keywords that are common words too, each with beginnings of words of which one tells that it is the brand."""
    not_from: tuple[str, ...] = ()
    """Authors who are not customers; `*` stands for anything."""
    skip: tuple[str, ...] = KINDS
    copies_within: timedelta = timedelta(days=3)
    """A text that somebody else has posted within this time is a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storms:
    """When many complain about one thing at once, one incident takes the place of an alert for each of them."""

    watch: bool = True
    sensitivity: Sensitivity = "normal"
    """`low` waits until nobody could doubt it; `high` is sooner, and wrong about once in a few weeks."""
    at_least: int = 6
    """Fewer people than this are no storm, however unusual."""
    channel: str = ""
    """Where the incident is shown; "": where the ladder's first step goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """Whose customers are listened to."""

    name: str
    keywords: tuple[str, ...] = ()
    """Words and phrases that name the brand, spelling variants included."""
    exclude: tuple[str, ...] = ()
    """A post with one of these words is about something else."""
    handles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The brand's own accounts a platform, agents' personal ones included: their replies stop the clock."""
    ladder: str = "default"
    relevance: Relevance = field(default_factory=Relevance)
    storms: Storms = field(default_factory=Storms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """A section whose `type` names a module: its class, and an instance of that class's options."""

    type: str
    kind: Any
    options: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One platform asked about one brand."""

    name: str
    brand: str = ""
    """May be left out where there is only one brand."""
    every: timedelta = timedelta(minutes=2)
    """The pause between two polls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How alerts are sent."""

    lease: timedelta = timedelta(minutes=2)
    """A send that has not been settled by then is taken over by another process."""
    fallback: str = ""
    """The channel that hears of an alert another channel refuses for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long customers' words and names are kept."""

    mentions: timedelta = timedelta(days=7)
    """Posts that are not part of a case."""
    cases: timedelta = timedelta(days=365)
    """Posts of cases, counted from when the case was settled."""
    recheck: timedelta = timedelta(days=1)
    """How soon a post that is shown in a case is looked up again, to honour its deletion; the older, the seldomer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Who watches the watchman."""

    channel: str = ""
    """Where findings are sent; better not through Slack, whose failure would be one of them."""
    heartbeat: str = ""
    """A web address that is asked for only while all is well; its silence is the alarm."""
    grace: timedelta = timedelta(minutes=5)
    """How late a step, a delivery or a source may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where presses on Slack's buttons are received over HTTP; used only with a `signing_secret`."""

    listen: str = "127.0.0.1:8080"
    """Address and port; whatever speaks TLS to Slack passes `/slack/…` on to it."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[^\s:\[\]]+:\d{1,5}|\[[0-9a-fA-F:.]+\]:\d{1,5}", self.listen) or self.port > 65535:
            raise ValueError(f"listen must be an address and a port, such as 127.0.0.1:8080, not {self.listen!r}")

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """The settings that stand alone."""

    database: str = "sqlite:///state/monitor.db"
    state: str = "state"
    """The folder for what must outlive a run and does not belong into the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration, every reference in it checked."""

    file: Path
    database: str
    state: Path
    brands: dict[str, Brand]
    ladders: dict[str, Ladder]
    sources: dict[str, tuple[Source, Plugin]]
    channels: dict[str, Plugin]
    classifier: Plugin
    delivery: Delivery
    retention: Retention
    audit: Audit
    secrets: tuple[str, ...] = field(repr=False)
    """Values that must not be shown anywhere."""
    desk: Desk = field(default_factory=Desk)

    def ladder(self, brand: str) -> Ladder:
        """The ladder that a brand's cases climb; the default one for a brand that is no longer configured."""
        name = self.brands[brand].ladder if brand in self.brands else "default"
        return self.ladders[name]
