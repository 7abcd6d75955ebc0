"""A rotation: whose turn it is to be on call at a moment, by the clocks of the team's own place."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.hours import clock_shows

ON_CALL = re.compile(r"on-call (\S.*)")
"""How a step of a ladder mentions whoever a rotation has on call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Somebody is on call from one moment to another, both in UTC."""

    who: str
    since: datetime
    until: datetime
    stands_in: bool = False
    """She took the place of the one whose turn it would have been."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """People who are on call one after the other, each for so many days, and hand over at a time of the day."""

    name: str
    people: tuple[str, ...]
    """Names as a channel can call them; never empty."""
    start: date
    """The day on which the first of them takes over; the order holds before it, too."""
    handover: int
    """Minutes of the day."""
    days: int
    zone: ZoneInfo

    def turn(self, now: datetime) -> Turn:
        """Whose turn it is."""
        number = (now.astimezone(self.zone).date() - self.start).days // self.days
        if now < self._takes_over(number):
            number -= 1
        who = self.people[number % len(self.people)]
        return Turn(who=who, since=self._takes_over(number), until=self._takes_over(number + 1))

    def _takes_over(self, number: int) -> datetime:
        return clock_shows(self.start + timedelta(days=number * self.days), self.handover, self.zone)
