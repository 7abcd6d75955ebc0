"""The digests of one installation: put into the outbox when due, drawn before their turn to be sent, kept as pages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from alerts.base import Digest
from connectors.base import Clock, Permanent
from monitor.config import Config
from monitor.customers import Customers
from monitor.digest.week import Week
from monitor.jobs.digests import digests, post
from monitor.jobs.outcome import Outcome
from monitor.jobs.press import Press, Subject, draw
from monitor.store import Store

if TYPE_CHECKING:
    from monitor.digest.edition import Edition
    from monitor.digest.language import Language

PAGES_KEPT = 9
"""Weeks for which the pages of digests are kept: they hold customers' words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Editions:
    """The digests of the configured brands, as their cases now stand."""

    store: Store
    config: Config
    customers: Customers
    clock: Clock
    press: Press = field(default_factory=Press)

    @property
    def last_week(self) -> Week:
        """The last one that is over, whether or not its digest is due."""
        return Week.holding(self.clock(), self.config.digest.clock).later(-1)

    def publish(self) -> Outcome:
        """Puts the digests that are due into the outbox, and draws those in it."""
        planned = digests(self.store, self.config.digest, self.config.brands, self.clock())
        return self._drawn(planned)

    def send(self, brand: str, week: Week) -> Outcome:
        """Puts one digest into the outbox, where it has not been sent yet, and draws it."""
        return self._drawn(post(self.store, self.config.digest, brand, week, self.clock()))

    def edition(
        self, brand: str, week: Week | None = None, language: "Language | None" = None, department: str = ""
    ) -> "Edition":
        """The digest of a brand and week; of the latest week that is over unless told."""
        from monitor.digest.edition import edit  # charts take a second to load
        from monitor.digest.review import About, review

        plan, ladder, now = self.config.digest, self.config.ladder(brand), self.clock()
        about = About(
            brand=brand,
            week=week or self.last_week,
            zone=plan.clock,
            target=ladder.target,
            hours=ladder.hours,
            sources=[name for name, (source, _) in self.config.sources.items() if source.brand == brand],
            keywords=self.config.brands[brand].keywords,
            department=department,
            departments={name: each.topics for name, each in plan.departments.items()},
            customer=lambda platform, handle: self.customers.known(brand, platform, handle),
        )
        return edit(review(self.store, about, now), language or plan.language, self.config.web.public_url)

    def keep(self, edition: "Edition") -> Path:
        """Writes the digest's page and PDF into the folder `digests`, takes out old ones, and says where it is."""
        folder = self.config.state / "digests"
        folder.mkdir(mode=0o700, exist_ok=True)
        oldest = self.last_week.later(-PAGES_KEPT).name
        for old in (path for path in folder.iterdir() if path.stem[-8:] < oldest):
            old.unlink()
        page = folder / f"{edition.file}.html"
        page.write_text(edition.page(), encoding="utf-8")
        page.with_suffix(".pdf").write_bytes(edition.pdf)
        return page

    def _drawn(self, planned: Outcome) -> Outcome:
        failures: list[str] = []
        draw(self.store, self.press, lambda subject: self._paint(subject, failures), self.clock())
        return Outcome(done=planned.done, failures=tuple(failures))

    def _paint(self, subject: Subject, failures: list[str]) -> Callable[[str], Digest]:
        """Keeps the page too. Raises Permanent for a brand or department that is no longer configured."""
        brand, week, department = subject
        if brand not in self.config.brands:
            raise Permanent("the brand is no longer configured")
        if department and department not in self.config.digest.departments:
            raise Permanent("the department is no longer configured")
        edition, url = self.edition(brand, week, department=department), self.config.digest.url
        try:
            self.keep(edition)
        except OSError as error:  # the page is a convenience; the digest is sent all the same
            failures.append(f"digest of {brand}: its page can't be kept: {error.strerror}")
        return lambda key: edition.message(key, f"{url.rstrip('/')}/{edition.file}.html" if url else "")
