"""What can be configured, and its defaults."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts.ladder import Ladder


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

    def ladder(self, brand: str) -> Ladder:
        """The ladder that a brand's cases climb; the default one for a brand that is no longer configured."""
        name = self.brands[brand].ladder if brand in self.brands else "default"
        return self.ladders[name]
