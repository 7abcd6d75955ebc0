"""What can be asked for over the network, checked at the edge."""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from alerts.case import Case, Dismissal
from connectors.base import storable
from monitor.figures import FIGURES, LONGEST, Asked, By
from monitor.inbox import Filter, Shelf

SAYING = r"[^\s\u0085\u001c-\u001f]"
"""Something that shows: what is blank for us need not be for JSON Schema, nor the other way round."""
Word = Annotated[str, Field(max_length=200), AfterValidator(storable)]
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
USUAL = 28
"""Days of a period that nobody has named."""
CaseId = Annotated[int, Field(ge=1, le=2**31 - 1)]


def _written(said: object) -> object:
    """A number is no day."""
    if isinstance(said, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", said):
        raise ValueError("must be a day such as 2026-11-23")
    return said


class Wanted(BaseModel):
    """Which cases; what is left out or empty doesn't matter."""

    state: Shelf = "waiting"
    brand: Word = ""
    platform: Annotated[Word, Field(description="One on which the customer wrote; a joined case has several.")] = ""
    topic: Word = ""
    language: Word = ""
    severity: Word = ""
    assignee: Annotated[Word, Field(description="A name; `-` for nobody.")] = ""
    q: Annotated[
        Word, Field(description="Beginnings of words in the customer's posts or name; or `#` and the case's number.")
    ] = ""

    @property
    def filter(self) -> Filter:
        return Filter(**self.model_dump(include=set(Wanted.model_fields) - {"q"}), words=self.q)


class Page(Wanted):
    """One page of them."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class Span(BaseModel):
    """Whole days on the brands' own clock, both named ones too; four weeks up to today unless said."""

    since: Day | None = None
    until: Day | None = None
    brand: Word = ""
    by: Annotated[By, Field(description="What the figures are parted by.")] = ""

    def asked(self, zone: ZoneInfo, now: datetime) -> Asked:
        last = self.until or now.astimezone(zone).date()
        first = self.since or last - timedelta(days=USUAL - 1)
        return Asked(first=first, last=last, zone=zone, brand=self.brand, by=self.by)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and not 0 <= (self.until - self.since).days < LONGEST:
            raise ValueError(f"until must not be before since, nor {LONGEST} days after it")
        if self.since and not self.until:
            raise ValueError("until must be said with since")
        return self


class Days(BaseModel):
    """So many days up to one, that one too; four weeks up to today unless said."""

    model_config = ConfigDict(extra="forbid")

    until: Annotated[
        date | None, BeforeValidator(_written), Field(description="The last day, on the brands' own clock.")
    ] = None
    days: Annotated[int, Field(ge=1, le=LONGEST)] = USUAL
    brand: Word = ""
    by: Annotated[By, Field(description="What the figures are parted by.")] = ""

    def asked(self, zone: ZoneInfo, now: datetime) -> Asked:
        last = self.until or now.astimezone(zone).date()
        last = min(max(last, EARLIEST), LATEST)  # beyond them nobody has posted anything either
        return Asked(first=last - timedelta(days=self.days - 1), last=last, zone=zone, brand=self.brand, by=self.by)


class Listed(Page, Span):
    """One page of the list; with a figure, of the cases behind it."""

    figure: Literal["", *FIGURES] = ""  # type: ignore[valid-type]
    group: Word = ""


class Dismissed(BaseModel):
    """Why a case is none for the team."""

    kind: Dismissal = Dismissal.OTHER
    reason: Annotated[str, Field(max_length=1000), AfterValidator(storable)] = ""


class Snoozed(BaseModel):
    """How long the reminders wait."""

    minutes: Annotated[int, Field(ge=1, le=7 * 24 * 60)] = 15
    until_opening: Annotated[bool, Field(description="Instead, until people are at work again.")] = False

    def ends(self, case: Case, now: datetime, opening: Callable[[Case, datetime], datetime]) -> datetime:
        """`opening` tells when a case's people are at work again; it may raise NotAllowed."""
        return opening(case, now) if self.until_opening else now + timedelta(minutes=self.minutes)


class Parted(BaseModel):
    """Which post is another matter."""

    post: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            pattern=SAYING,
            description="The post's number here, its id on the platform or its address.",
        ),
        AfterValidator(storable),
    ]


class Joined(BaseModel):
    """Which case is the same matter."""

    case: Annotated[CaseId, Field(description="The number of the case that becomes part of it.")]


class Given(BaseModel):
    """Who has the case from now on."""

    to: Annotated[str, Field(min_length=1, max_length=100, pattern=SAYING), AfterValidator(storable)]
