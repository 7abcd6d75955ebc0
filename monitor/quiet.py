"""Knows when a channel is quiet, and when it opens again, whatever the clocks of its zone do meanwhile."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The hours of every day in which a channel shall not be disturbed."""

    quiet: str
    """Such as 22:00-08:00: from the first moment on, up to the second."""
    zone: str
    """Whose clock that is, such as Europe/Tallinn."""

    def __post_init__(self) -> None:
        """Raises ValueError for hours or a zone that are none."""
        if not _HOURS.fullmatch(self.quiet.strip()):
            raise ValueError(f"quiet must be hours such as 22:00-08:00, not {self.quiet!r}")
        begins, ends = self._hours
        if begins == ends:
            raise ValueError(f"quiet: {self.quiet} begins when it ends")
        if self.zone not in available_timezones():
            raise ValueError(f"zone must be a time zone such as Europe/Tallinn, not {self.zone!r}")

    def opens(self, now: datetime) -> datetime | None:
        """When the channel opens next, if it is quiet now; None: it is open."""
        if not self._rules(now):
            return None
        _, ends = self._hours
        zone = ZoneInfo(self.zone)
        days = (now.astimezone(zone).date() + timedelta(days=number) for number in range(3))
        openings = (datetime.combine(day, ends.replace(fold=fold), zone) for day in days for fold in (0, 1))
        later = (opening for each in openings if (opening := each.astimezone(UTC)) > now)
        return min(opening for opening in later if not self._rules(opening))

    def _rules(self, now: datetime) -> bool:
        begins, ends = self._hours
        clock = now.astimezone(ZoneInfo(self.zone)).time()
        return begins <= clock < ends if begins < ends else clock >= begins or clock < ends

    @property
    def _hours(self) -> tuple[time, time]:
        match = _HOURS.fullmatch(self.quiet.strip())
        assert match is not None
        hour, minute, end_hour, end_minute = map(int, match.groups())
        return time(hour, minute), time(end_hour, end_minute)
