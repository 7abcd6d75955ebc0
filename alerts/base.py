"""What every channel promises: to send an alert once, to edit it, and to find it again when in doubt."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from alerts.case import Case, Event
from alerts.ladder import Step
from alerts.voice import Language, Voice
from classifiers.base import Verdict
from connectors.base import Clock, Mention, Permanent, Transient

__all__ = [
    "Alert", "Answer", "Channel", "Complaint", "Customer", "Digest", "Incident", "Message", "Notice", "Options",
    "Permanent", "Picture", "Transient", "Unknown",
]  # fmt: skip


class Unknown(Exception):
    """The message may or may not have arrived: it is looked for before it is sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One post of the customer with what the classifier thought of it; text and author are empty once deleted."""

    mention: Mention
    verdict: Verdict
    deleted: bool = False
    id: int = 0
    """The post's number, by which it can be split off its case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """What the brand's own list says of a customer."""

    name: str = ""
    tier: str = ""
    note: str = ""
    rank: int | None = None
    """Her tier's place among those of special value, from 0, the highest; None: no special value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Words that a person may copy, check, sign and send. Nothing is ever sent to a customer by itself."""

    text: str
    language: str
    """Two letters, as `et`."""
    topic: str
    person_decides: bool = False
    """It is about money, the law, the press or safety: the words promise nothing, and nobody may before she looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A case as it stands, to be shown in a channel, and why it is shown now."""

    key: str
    """Unique for ever, e.g. `case:42:1:0`: case, round, step."""
    now: datetime
    case: Case
    complaints: Sequence[Complaint]
    """The customer's posts, oldest first; never empty."""
    timeline: Sequence[Event]
    step: Step | None
    """The step of the ladder that is due; None: no step. The message shows the case as it now stands or, when it is
    sent into the thread of `root`, calls the colleague who has the case."""
    number: int
    """The step's place in the ladder, from 0; of a call, how many calls came before it."""
    root: str | None
    """Reference of the case's first message in this channel; None: this becomes it."""
    elsewhere: str | None = None
    """A link to the case's message in the channel of its first step, when that is another one."""
    incident: str | None = None
    """Reference of the incident in whose thread the case is shown, by a short line; None: it has its own message."""
    customer: Customer | None = None
    """Who the author is, when the brand's list knows."""
    answer: Answer | None = None
    """What could be answered; None once the case is settled."""
    suggested: str | None = None
    """Reference of the message in the case's thread that shows the prepared answer."""
    opening: bool = False
    """There is an opening time until which the case can be snoozed."""

    @property
    def near(self) -> datetime:
        """A moment close to when the message is read: dates may be left out around it."""
        return self.case.detected_at

    @property
    def thread(self) -> str | None:
        """Reference of the message in whose thread a new one belongs; None: it stands for itself."""
        return self.incident or self.root

    @property
    def late(self) -> bool:
        return self.case.breached(self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A storm as it stands: many complaints about one topic of a brand, shown in one message and its thread."""

    key: str
    now: datetime
    id: int
    brand: str
    topic: str
    """"" when the classifier tells none."""
    started_at: datetime
    ended_at: datetime | None
    usual: float
    """Complaints an hour, at the hour at which it began."""
    counts: tuple[tuple[datetime, int], ...]
    """Complaints by stretches of time, each with its beginning, oldest first."""
    stretch: timedelta
    complaints: int
    """Cases in it."""
    waiting: int
    answered: int
    late: int
    """Those that waited, or still wait, past the target."""
    respond_by: datetime | None
    """When the first of those that wait is due."""
    apart: tuple[int, ...]
    """Cases with messages of their own: they came before the storm was noticed, or are urgent."""
    root: str | None
    """Reference of the incident's message; None: this becomes it. A new message with a root tells of the end."""

    @property
    def near(self) -> datetime:
        return self.started_at

    @property
    def thread(self) -> str | None:
        return self.root


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message about no single case: a source that fails, an alert that could not be delivered, a summary."""

    key: str
    now: datetime
    title: str
    lines: tuple[str, ...]
    sign: str = "⚠️"

    @property
    def thread(self) -> str | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart."""

    name: str
    title: str
    words: str
    """The same for those who can't see it."""
    png: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The week of a brand in figures, in every form that a channel may need."""

    key: str
    now: datetime
    title: str
    sentences: tuple[str, ...]
    figures: tuple[tuple[str, str, str], ...]
    """What is counted, the number, and against what."""
    links: tuple[tuple[str, str], ...]
    """Addresses with their words: the cases most worth a look; the whole page first, where it has an address."""
    pictures: tuple[Picture, ...]
    text: str = field(repr=False)
    """All of it in plain text."""
    html: str = field(repr=False)
    """All of it for a mail; a picture's address is `cid:` and its name."""
    pdf: bytes = field(repr=False)
    file: str
    """A name for files made of it, without an ending."""

    @property
    def thread(self) -> str | None:
        return None


Message = Alert | Incident | Notice | Digest
"""All that a channel can be asked to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every channel can be told in its section of config.yaml."""

    timeout: float = 10.0
    """Seconds for one request."""
    language: Language = "en"
    """In which people are told; what customers wrote stays as it is."""


class Channel(ABC):
    """Shows cases to people somewhere. Knows nothing of SQL, schedules or platforms' APIs.

    A channel is one module of this folder, `type: slack` being `alerts/slack.py`; the module defines one subclass,
    and its own `Options` dataclass when it can be told more than the common ones. Every method may raise Transient
    (with `retry_at` when the other side said when), Permanent or, once a request has left, Unknown. The caller alone
    retries: a client's own retries are off.
    """

    Options: ClassVar[type[Options]] = Options

    def __init__(self, name: str, options: Any, *, clock: Clock) -> None:
        """`name` is the channel's in config.yaml; `options` an instance of the class's `Options`."""
        self.name = name
        self.options = options
        self.clock = clock
        self.say = Voice(options.language)

    @abstractmethod
    def send(self, message: Message) -> str:
        """Sends a new message; its reference, to be kept. It goes into its `thread`, when it has one."""

    @abstractmethod
    def update(self, shown: Alert | Incident) -> None:
        """Edits the message `shown.root`, and a case's `suggested` if there is one, to show it as it now stands.

        Doing it twice is doing it once.
        """

    @abstractmethod
    def find(self, message: Message, since: datetime) -> str | None:
        """The reference of a message that a broken-off `send` may have left, by its key; None: it never arrived."""

    def withdraw(self, reference: str) -> None:
        """Takes back a message that turned out to be one too many; where a channel can't, it stays."""

    def link(self, reference: str) -> str | None:
        """A web address of a message, for the alert in another channel; None: there is none."""
        return None

    @abstractmethod
    def login(self) -> str:
        """Tries credentials and access; one line of what was found, for `check --online`."""

    def close(self) -> None:
        """Gives connections back."""


class Suggesting(Channel):
    """A channel where prepared answers are messages of their own; elsewhere the case's message shows them."""

    @abstractmethod
    def suggest(self, alert: Alert) -> str:
        """Sends the prepared answer into the thread of `root`; its reference."""
