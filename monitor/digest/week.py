"""The ISO week, Monday to Sunday on a zone's own clock."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_NAME = re.compile(r"([0-9]{4})-W([0-9]{2})")


@dataclass(frozen=True, slots=True, order=True)
class Week:
    monday: date

    @classmethod
    def named(cls, name: str) -> "Week":
        """Of a name such as 2026-W47. Raises ValueError."""
        parts = _NAME.fullmatch(name)
        try:
            if not parts:
                raise ValueError
            return cls(date.fromisocalendar(int(parts[1]), int(parts[2]), 1))
        except ValueError:
            raise ValueError(f"must be a week such as 2026-W47, not {name!r}") from None

    @classmethod
    def holding(cls, at: datetime, zone: ZoneInfo) -> "Week":
        """The week that a moment is in."""
        day = at.astimezone(zone).date()
        return cls(day - timedelta(days=day.weekday()))

    @property
    def name(self) -> str:
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"

    @property
    def number(self) -> int:
        return self.monday.isocalendar().week

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    def later(self, weeks: int) -> "Week":
        return Week(self.monday + timedelta(weeks=weeks))

    def begins(self, zone: ZoneInfo) -> datetime:
        """The moment, in UTC, of its first midnight."""
        return datetime.combine(self.monday, time(), zone).astimezone(UTC)

    def ends(self, zone: ZoneInfo) -> datetime:
        return self.later(1).begins(zone)
