"""Keeps, for every number that a digest shows, the cases behind it, and where each can be looked at."""

from dataclasses import dataclass

from monitor.digest.language import Voice
from monitor.metrics import Ids

MOST_CASES = 12
"""Case numbers shown behind one number where room is short; the web page shows all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """The cases behind one number."""

    place: str
    """The number's mark in the document, by which it leads here."""
    label: str
    ids: Ids


class Behind:
    """Collects them as the numbers are written."""

    def __init__(self) -> None:
        self.found: list[Cases] = []

    def __call__(self, label: str, ids: Ids) -> str:
        """The place at which the number's cases will be listed; "" when there are none."""
        if not ids:
            return ""
        self.found.append(Cases(place=f"cases-{len(self.found) + 1}", label=label, ids=ids))
        return self.found[-1].place


def case_address(inbox: str, case_id: int) -> str:
    """Where the case is in the inbox; "" when that has no address of its own."""
    return f"{inbox.rstrip('/')}/cases/{case_id}" if inbox else ""


def few(ids: Ids, say: Voice) -> str:
    """The first of the cases' numbers, and how many there are besides."""
    shown = ", ".join(str(number) for number in ids[:MOST_CASES])
    more = len(ids) - MOST_CASES
    return shown + (say.many(" and one more", " and {number} more", more) if more > 0 else "")
