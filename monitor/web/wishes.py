"""What can be asked for over the network, checked at the edge."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from alerts.case import Case, Dismissal
from connectors.base import storable
from monitor.inbox import Filter, Shelf

Word = Annotated[str, Field(max_length=200), AfterValidator(storable)]
CaseId = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Wanted(BaseModel):
    """Which cases; what is left out or empty doesn't matter."""

    state: Shelf = "waiting"
    brand: Word = ""
    platform: Word = ""
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


class Given(BaseModel):
    """Who has the case from now on."""

    to: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S"), AfterValidator(storable)]
