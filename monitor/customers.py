"""Reads the brand's own list of its customers, a CSV from its CRM, and tells who of those that complain is on it."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from alerts.base import Customer
from alerts.case import Case
from connectors.base import storable

COLUMNS = ("handle", "platform", "name", "tier", "note")
LARGEST = 50_000_000
"""Bytes of the longest list."""
MOST_PROBLEMS = 20
"""Lines that can't be used and are told of; more say nothing new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerList:
    """Where a brand's list is, and which of its tiers are of special value."""

    file: str
    tiers: tuple[str, ...] = ()
    """From the most valuable down, as they are written in the list; customers of others have no special value."""


@dataclass(frozen=True, slots=True)
class Roll:
    """A list as it was read: the customers by platform ("" any) and handle, and the lines that can't be used."""

    customers: Mapping[tuple[str, str], Customer] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def find(self, platform: str, handle: str) -> Customer | None:
        name = plain_handle(handle)
        return self.customers.get((platform.casefold(), name)) or self.customers.get(("", name))


class Customers:
    """The lists of all brands, each read again when its file has changed. Nothing of them is kept in the database."""

    def __init__(self, lists: Mapping[str, CustomerList]) -> None:
        self._lists = lists
        self._rolls: dict[str, tuple[tuple[int, int], Roll]] = {}

    def of(self, case: Case) -> Customer | None:
        """Who the case's author is, as far as the brand's list tells."""
        return self.known(case.brand, case.platform, case.author)

    def known(self, brand: str, platform: str, handle: str) -> Customer | None:
        """Who a handle on a platform is to the brand; its list is looked at anew each time."""
        return self._roll(brand).find(platform, handle) if brand in self._lists else None

    def tier(self, brand: str, platform: str, handle: str) -> str:
        """As the brand's list has it; "" for a customer who is not on it, or has none."""
        who = self.known(brand, platform, handle)
        return who.tier if who else ""

    def place(self, case: Case) -> datetime:
        """Where a waiting case stands in the queue: at its due time, or for a valued customer some time before.

        The first tier is put forward by half of the target, the second by a quarter, the third by an eighth. So the
        valued come first among cases with about as much time left, but never before one that is far later.
        """
        who = self.of(case)
        if who is None or who.rank is None:
            return case.respond_by
        return case.respond_by - (case.respond_by - case.posted_at) * 0.5 ** min(who.rank + 1, 20)

    def problems(self) -> list[tuple[str, str]]:
        """What is wrong with the lists: each brand and a line of text, with the file and its line."""
        return [(brand, problem) for brand in self._lists for problem in self._roll(brand).problems]

    def _roll(self, brand: str) -> Roll:
        """The list as its file has it now; as it was last read, with the problem, while it can't be read at all."""
        wanted = self._lists[brand]
        state, roll = self._rolls.get(brand, ((-1, -1), Roll()))
        try:
            found = Path(wanted.file).stat()
            now = (found.st_mtime_ns, found.st_size)
            if now != state:
                roll = read(Path(wanted.file), wanted.tiers)
                self._rolls[brand] = (now, roll)
        except (OSError, ValueError) as error:
            what = (error.strerror or "can't be read") if isinstance(error, OSError) else str(error)
            roll = Roll(roll.customers, (f"{wanted.file}: {what}",))
            self._rolls[brand] = (state, roll)
        return roll


def read(file: Path, tiers: Sequence[str]) -> Roll:
    """The customers of a CSV file with a header; a line that can't be used is passed over and told of.

    Columns are separated by commas, semicolons or tabs. Raises OSError and ValueError for a file that is no such list.
    """
    if file.stat().st_size > LARGEST:
        raise ValueError("is larger than 50 MB, which no such list is")
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (byte {error.start}): export it as «CSV UTF-8»") from None
    first = text.partition("\n")[0]
    rows = csv.reader(text.splitlines(keepends=True), delimiter=max(",;\t", key=first.count))
    try:
        header = [name.strip().casefold() for name in next(rows, [])]
        if unknown := [name for name in header if name not in COLUMNS]:
            raise ValueError(f"the header has a column {unknown[0]!r}; known: {', '.join(COLUMNS)}")
        if "handle" not in header:
            raise ValueError("the first line must name the columns, `handle` among them")
        return _roll(file, header, rows, tiers)
    except csv.Error as error:
        raise ValueError(f"is no CSV: {error}") from None


def plain_handle(written: str) -> str:
    """A handle as it is compared: @Mari, u/Mari and mari are the same."""
    name = written.strip().casefold().removeprefix("/")
    return name.removeprefix("u/").removeprefix("@")


def _roll(file: Path, header: list[str], rows: Any, tiers: Sequence[str]) -> Roll:
    found: dict[tuple[str, str], Customer] = {}
    lines: dict[tuple[str, str], int] = {}
    problems: list[str] = []
    for cells in rows:
        if not any(map(str.strip, cells)):
            continue
        try:
            key, customer = _customer(header, cells, tiers)
            if key in found:
                raise ValueError(f"{key[1]} stands here a second time, first on line {lines[key]}")
        except ValueError as error:
            problems.append(f"{file}:{rows.line_num}: {error}")
        else:
            found[key], lines[key] = customer, rows.line_num
    more = (
        [f"{file}: {len(problems) - MOST_PROBLEMS} more lines can't be used"] if len(problems) > MOST_PROBLEMS else []
    )
    return Roll(found, (*problems[:MOST_PROBLEMS], *more))


def _customer(header: list[str], cells: list[str], tiers: Sequence[str]) -> tuple[tuple[str, str], Customer]:
    """One line. Raises ValueError."""
    if len(cells) > len(header):
        raise ValueError(f"has {len(cells)} cells, but the header names {len(header)}: put quotes around commas")
    said = {name: storable(cell.strip()) for name, cell in zip(header, cells, strict=False)}
    handle, tier = plain_handle(said["handle"]), said.get("tier", "")
    if not handle:
        raise ValueError("has no handle")
    ranks = {name.casefold(): number for number, name in enumerate(tiers)}
    customer = Customer(
        name=said.get("name", ""), tier=tier, note=said.get("note", ""), rank=ranks.get(tier.casefold())
    )
    return (said.get("platform", "").casefold(), handle), customer
