"""The composition root: builds the real objects from the configuration, reads the wall clock, and runs the jobs."""

import fcntl
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from alerts.base import Channel, Suggesting
from alerts.case import Case, Move, NotAllowed
from classifiers.base import Classifier
from connectors.base import Clock, Connector, Permanent, Transient, Watch
from monitor.answers import prepare
from monitor.config import Config
from monitor.customers import Customers
from monitor.discretion import DiscreetFormatter, discretion
from monitor.editions import Editions
from monitor.jobs.act import act
from monitor.jobs.audit import Finding, audit, notify
from monitor.jobs.collect import collect, due, register
from monitor.jobs.deliver import Postman, deliver
from monitor.jobs.escalate import escalate
from monitor.jobs.missed import missed, named
from monitor.jobs.outage import outage
from monitor.jobs.outcome import Outcome
from monitor.jobs.parting import merge, split
from monitor.jobs.retain import retain
from monitor.jobs.storms import watch as watch_storms
from monitor.jobs.triage import triage
from monitor.jobs.verify import recheck, recheck_due, verify
from monitor.letters import Notes
from monitor.relevance import Sieve
from monitor.rooms import Rooms
from monitor.store import Store

log = logging.getLogger(__name__)

PASSES = 10_000
"""Passes of one job in one tick; a job that still has more by then goes on in the next."""


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Report:
    """What a tick did, by job, and what failed in it."""

    done: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, job: str, outcome: Outcome) -> None:
        self.done[job] = self.done.get(job, 0) + outcome.done
        self.failures.extend(failure for failure in outcome.failures if failure not in self.failures)
        self.left_out.extend(outcome.left_out)


class App:
    """The monitor as configured. Connectors, the model and channels are built when first needed."""

    def __init__(self, config: Config, clock: Clock = wall_clock) -> None:
        """Opens the database and brings it to the program's schema. Raises StoreError."""
        self.config = config
        self.clock = clock
        self.blot = discretion(config.secrets)
        self.store = Store(config.database, self.blot)
        self.store.prepare()
        self.state = config.state
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)

    @cached_property
    def connectors(self) -> dict[str, Connector]:
        """By the names of their sources, each with its row in the database."""
        built = {}
        for name, (source, plugin) in self.config.sources.items():
            brand = self.config.brands[source.brand]
            platform = getattr(plugin.options, "platform", plugin.type)
            watch = Watch(
                brand=brand.name,
                keywords=brand.keywords,
                exclude=brand.exclude,
                handles=brand.handles.get(platform, ()),
            )
            built[name] = plugin.kind(plugin.options, watch, clock=self.clock, state=self.state)
        register(self.store, list(built), self.clock())
        return built

    @cached_property
    def sieves(self) -> dict[str, Sieve]:
        """What each source leaves out."""
        brands = self.config.brands
        return {name: Sieve(part.watch, brands[part.watch.brand].relevance) for name, part in self.connectors.items()}

    @cached_property
    def classifier(self) -> Classifier:
        plugin = self.config.classifier
        built: Classifier = plugin.kind(plugin.options)
        return built

    @cached_property
    def channels(self) -> dict[str, Channel]:
        return {
            name: plugin.kind(name, plugin.options, clock=self.clock) for name, plugin in self.config.channels.items()
        }

    @cached_property
    def customers(self) -> Customers:
        brands = self.config.brands.values()
        return Customers({brand.name: brand.customers for brand in brands if brand.customers})

    @cached_property
    def notes(self) -> Notes:
        """What the brands themselves have to say to a case."""
        return Notes(customer=self.customers.of, answer=lambda case, complaints: prepare(case, complaints, self.config))

    @cached_property
    def rooms(self) -> Rooms:
        suggesting = [name for name, channel in self.channels.items() if isinstance(channel, Suggesting)]
        return Rooms(routes=self.config.routes, quiet=self.config.quiet, suggesting=suggesting)

    @cached_property
    def editions(self) -> Editions:
        return Editions(store=self.store, config=self.config, customers=self.customers, clock=self.clock)

    @cached_property
    def postman(self) -> Postman:
        return Postman(
            channels=self.channels,
            ladder=self.config.ladder,
            clock=self.clock,
            lease=self.config.delivery.lease,
            rotations=self.config.rotations,
            press=self.editions.press,
            fallback=self.config.delivery.fallback,
            notes=self.notes,
        )

    def collect_due(self) -> Outcome:
        """One page of the source that has waited longest."""
        ready = due(self.store, list(self.connectors), self.clock())
        if not ready:
            return Outcome()
        return self.collect(ready[0], more=len(ready) > 1)

    def collect(self, name: str, *, more: bool = False) -> Outcome:
        every = self.config.sources[name][0].every
        outcome = collect(self.store, name, self.connectors[name], self.sieves[name], every, self.clock())
        return replace(outcome, more=outcome.more or more)

    def recheck_due(self) -> Outcome:
        for name, connector in self.connectors.items():
            if recheck_due(self.store, name, self.clock()):
                every = self.config.retention.recheck
                return recheck(self.store, name, connector, self.sieves[name], every, self.clock())
        return Outcome()

    def verify(self) -> Outcome:
        return verify(self.store, self.connectors, self.sieves, self.config.ladder, self.clock())

    def triage(self) -> Outcome:
        return triage(self.store, self.classifier, self.config.ladder, self.clock(), self.config.topics)

    def storms(self) -> Outcome:
        watched = {name: brand.storms for name, brand in self.config.brands.items() if brand.storms.watch}
        return watch_storms(self.store, watched, self._storm_channel, self.clock())

    def _storm_channel(self, brand: str, topic: str) -> str:
        first = self.config.ladder(brand).steps[0].channel
        return self.config.brands[brand].storms.channel or self.rooms.usual(first, brand, topic)

    def escalate(self) -> Outcome:
        return escalate(self.store, self.config.ladder, self.clock(), self.rooms)

    def deliver(self) -> Outcome:
        return deliver(self.store, self.postman)

    def outage(self) -> Outcome:
        return outage(self.store, list(self.connectors), self.clock())

    def retain(self) -> Outcome:
        keep = self.config.retention
        return retain(self.store, keep.mentions, keep.cases, self.clock())

    def audit(self) -> list[Finding]:
        every = {name: source.every for name, (source, _) in self.config.sources.items()}
        found = audit(self.store, self.config.ladder, every, self.config.audit.grace, self.clock())
        lists = self.customers.problems()
        return [*found, *(Finding(kind="customer list", subject=f"brand {brand}", what=why) for brand, why in lists)]

    def act(self, case_id: int, move: Callable[[Case, datetime], Move]) -> Case:
        """A person's word on a case. Raises NotAllowed."""
        now = self.clock()
        return act(self.store, case_id, lambda case: move(case, now))

    def opening(self, case: Case, now: datetime) -> datetime:
        """When people are at work again on a case. Raises NotAllowed for a brand whose ladder has no opening hours."""
        opens = self.config.ladder(case.brand).opens_after(case, now)
        if opens is None:
            raise NotAllowed(f"the ladder of {case.brand} has no opening hours, so there is no opening time")
        return opens

    def missed(self, post: str, who: str) -> Case:
        """A person's word that a post is a complaint which the model let pass. Raises NotAllowed."""
        return missed(self.store, post, self.classifier, self.config.ladder, who, self.clock(), self.config.topics)

    def split(self, case_id: int, post: str, who: str) -> Case:
        """A person's word that a post of a case is another matter; its own case. Raises NotAllowed."""
        post_id = named(self.store, post).id
        return split(self.store, case_id, post_id, self.config.ladder, who, self.clock())

    def join(self, case_id: int, other: int, who: str) -> Case:
        """A person's word that another case is the same matter as this one. Raises NotAllowed."""
        return merge(self.store, case_id, other, self.config.ladder, who, self.clock())

    def watch(self) -> list[Finding]:
        """Audits, tells the audit channel of findings, and asks for the heartbeat address only when there are none."""
        findings = self.audit()
        if findings and self.config.audit.channel:
            notify(self.store, findings, self.config.audit.channel, self.clock())
        if not findings and self.config.audit.heartbeat:
            _beat(self.config.audit.heartbeat)
        return findings

    def tick(self, progress: Callable[[str, Outcome], None] = lambda job, outcome: None) -> Report:
        """One pass of all that is due, each job until it has no more."""
        report = Report()
        for name, job in self.jobs().items():
            for _ in range(PASSES):
                outcome = job()
                report.add(name, outcome)
                progress(name, outcome)
                if not outcome.more:
                    break
        self.watch()
        return report

    def jobs(self) -> Mapping[str, Callable[[], Outcome]]:
        """The jobs in the order of one tick: first what platforms know, then what follows from it."""
        return {
            "outage": self.outage,
            "collect": self.collect_due,
            "recheck": self.recheck_due,
            "triage": self.triage,
            "verify": self.verify,
            "triage again": self.triage,
            "storms": self.storms,
            "escalate": self.escalate,
            "digests": self.editions.publish,
            "deliver": self.deliver,
            "retain": self.retain,
        }

    def logins(self) -> Iterator[tuple[str, str | None, str]]:
        """Tries every source and channel: its name, what was found, or None and what is wrong."""
        parts: Sequence[tuple[str, Connector | Channel]] = [
            *((f"source {name}", connector) for name, connector in self.connectors.items()),
            *((f"channel {name}", channel) for name, channel in self.channels.items()),
        ]
        for name, part in parts:
            try:
                yield name, part.login(), ""
            except (Transient, Permanent) as error:
                yield name, None, self.store.tell(error)

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Held by one tick at a time; False when another has it."""
        with (self.state / "tick.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def close(self) -> None:
        for part in [*self.__dict__.get("connectors", {}).values(), *self.__dict__.get("channels", {}).values()]:
            part.close()
        self.store.close()


def start_logging(blot: Callable[[str], str], level: int) -> None:
    """Logs to the standard error, without secrets: our own parts from `level` on, libraries only what is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(DiscreetFormatter(blot))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("monitor").setLevel(level)


def _beat(address: str) -> None:
    import httpx

    try:
        httpx.get(address, timeout=10).raise_for_status()
    except httpx.HTTPError as error:
        log.warning("the heartbeat address did not answer: %s", type(error).__name__)
