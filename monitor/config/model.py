"""What can be configured, and its defaults."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.answers import Templates, shipped
from alerts.ladder import Ladder
from alerts.rotation import Rotation
from alerts.storm import Sensitivity
from connectors.base import Secret
from monitor.customers import CustomerList
from monitor.quiet import Quiet
from monitor.routes import Route

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
class Entry:
    """A question that comes again and again, and where it is answered."""

    words: tuple[str, ...]
    """Beginnings of words of which a question has one."""
    link: str


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
    urgent_ladder: str = ""
    """What urgent cases climb; "": the same."""
    relevance: Relevance = field(default_factory=Relevance)
    storms: Storms = field(default_factory=Storms)
    topics: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Topics, the model's or the brand's own, each with beginnings of words that tell a complaint is about it."""
    facts: dict[str, str] = field(default_factory=dict)
    """What prepared answers may say, by the names that templates use."""
    faq: tuple[Entry, ...] = ()
    customers: CustomerList | None = None


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
class Department:
    """Who has to do with some of the topics, such as logistics with delivery."""

    topics: tuple[str, ...]
    """The model's or the brand's own."""
    channels: tuple[str, ...] = ()
    """Where it gets a digest of these topics alone; none: it is a row in the brand's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """The weekly digest of every brand."""

    channels: tuple[str, ...] = ()
    """Where it is sent; without any it can still be drawn by the command `digest`."""
    language: Literal["en", "et"] = "en"
    zone: str = "UTC"
    """The brands' own clock, by which a week begins and hours are counted, such as Europe/Tallinn."""
    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    hour: int = 8
    """When it is sent on that day; of the week that is over by then."""
    url: str = ""
    """Where the folder `digests` of the state folder can be read, if a web server shows it."""
    departments: dict[str, Department] = field(default_factory=dict)
    """By their names."""

    def __post_init__(self) -> None:
        if self.hour > 23:
            raise ValueError(f"hour: must be an hour from 1 to 23, not {self.hour}")
        if self.url and not re.fullmatch(r"https?://[^\s<>\"|]+", self.url):
            raise ValueError(f"url: must be a web address, not {self.url!r}")
        for name, department in self.departments.items():
            if not department.topics:
                raise ValueError(f"departments: {name}: topics: must name one at least, such as [delivery]")
        _ = self.clock

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """The channels that a digest goes to, each with the department whose slice it is, "" for the whole."""
        slices = ((channel, name) for name, each in self.departments.items() for channel in each.channels)
        return (*((channel, "") for channel in self.channels), *slices)

    @property
    def clock(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"zone: there is no time zone {self.zone!r}; one is Europe/Tallinn") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Something that is reached over the network."""

    listen: str
    """Address and port."""

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
class Answers:
    """Where the prepared answers are."""

    folder: str = ""
    """Templates of one's own, `et/delivery.md`, in the place of the shipped ones or beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk(Listening):
    """Where presses on Slack's buttons are received over HTTP; used only with a `signing_secret`."""

    listen: str = "127.0.0.1:8080"
    """Address and port; whatever speaks TLS to Slack passes `/slack/…` on to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """An OpenID Connect provider at which people may sign in, such as Slack."""

    issuer: str
    """Its address, as it calls itself: https://slack.com"""
    client_id: str
    client_secret: Secret
    domains: tuple[str, ...]
    """Mail domains whose people are let in; the provider must have confirmed their addresses."""
    role: Literal["viewer", "agent", "admin"] = "viewer"
    """What somebody becomes who signs in for the first time."""
    label: str = "Slack"
    """As in "Sign in with Slack"."""

    def __post_init__(self) -> None:
        if not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", self.issuer):
            raise ValueError(f"issuer must be an address such as https://slack.com, not {self.issuer!r}")
        if not self.domains:
            raise ValueError("domains must name a mail domain at least: with Slack anybody in the world can sign in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Web(Listening):
    """The inbox and the API."""

    listen: str = "127.0.0.1:8090"
    """Address and port; whatever speaks TLS to browsers passes everything on to it."""
    public_url: str = ""
    """Where people reach it, such as https://inbox.example; required unless it listens on this computer only."""
    session: timedelta = timedelta(hours=12)
    """How long a sign-in lasts."""
    oidc: Oidc | None = None

    def __post_init__(self) -> None:
        Listening.__post_init__(self)
        if self.public_url and not re.fullmatch(r"https?://[^\s/?#@]+", self.public_url):
            raise ValueError(f"public_url must be such as https://inbox.example, not {self.public_url!r}")
        if not self.public_url and not self.local:
            raise ValueError("public_url is required where others than this computer can reach the inbox")
        if self.session < timedelta(minutes=1):
            raise ValueError("session must be at least 1m")

    @property
    def local(self) -> bool:
        """Only this computer reaches it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


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
    rotations: dict[str, Rotation] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    quiet: dict[str, Quiet] = field(default_factory=dict)
    """By the channels that are quiet at times."""
    templates: Templates = field(default_factory=shipped)
    digest: Digests = field(default_factory=Digests)
    web: Web = field(default_factory=Web)

    def ladder(self, brand: str) -> Ladder:
        """The ladder that a brand's cases climb, with that of its urgent ones; the default one for a brand that is no
        longer configured."""
        if brand not in self.brands:
            return self.ladders["default"]
        named = self.brands[brand]
        ladder = self.ladders[named.ladder]
        return replace(ladder, urgent=self.ladders[named.urgent_ladder]) if named.urgent_ladder else ladder

    def topics(self, brand: str) -> Mapping[str, tuple[str, ...]]:
        """The words by which a brand tells topics; none for a brand that is no longer configured."""
        return self.brands[brand].topics if brand in self.brands else {}
