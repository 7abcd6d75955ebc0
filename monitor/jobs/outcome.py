"""What a pass of a job reports: how much was done, what failed, and whether there is more."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One pass of one job."""

    done: int = 0
    """Rows dealt with."""
    more: bool = False
    """Another pass now would find work."""
    failures: tuple[str, ...] = ()
    """What went wrong, a line each, secrets blotted out; it will be tried again where that makes sense."""
    left_out: tuple[str, ...] = ()
    """What could not be read or reached, a line each; it will not be tried again."""


def backoff(attempts: int, now: datetime, *, most: timedelta = timedelta(minutes=5)) -> datetime:
    """When to try again after so many failures: 5 s, 10 s, 20 s … but at least every `most`."""
    return now + min(timedelta(seconds=5 * 2 ** min(attempts, 20)), most)
