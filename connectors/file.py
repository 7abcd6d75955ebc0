"""Posts from a file: JSONL or CSV exports and replays, followed as they grow."""

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from connectors.base import Broken, Connector, Cursor, Mention, Page, Permanent
from connectors.base import Options as BaseOptions

LINES = 1000
"""Lines in one page."""
TALLEST = 500
"""Lines of the tallest CSV record."""
LONGEST = 16_000_000
"""Bytes of the longest line or CSV record that is read; a longer one is reported and skipped."""
LONGEST_WORD = 300
"""Characters of the longest id or name."""
LONGEST_ADDRESS = 4000
LONGEST_LANG = LONGEST_PLATFORM = 50
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)

csv.field_size_limit(LONGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(BaseOptions):
    """The file, and the platform that its posts are from."""

    path: str
    """A `.jsonl` file, or a `.csv` file with a header: id text author posted_at url thread_id reply_to followers lang;
    commas, semicolons or tabs between them.
    Only `text` is needed: a post without `posted_at` is as old as its first reading."""
    platform: str = "file"
    """The name on the mentions; the brand's handles on that platform are the brand's own here."""

    def __post_init__(self) -> None:
        """Raises ValueError for a name that is no name."""
        if not 0 < len(self.platform) <= LONGEST_PLATFORM:
            raise ValueError(f"platform: must have 1 to {LONGEST_PLATFORM} characters")


class File(Connector):
    """Reads on from where it stopped; a file that was replaced is read from its beginning.

    A record that runs into the end of the file may still be being written: it is read again until the file has stood
    still between two polls.
    """

    Options = Options

    @property
    def platform(self) -> str:
        return str(self.options.platform)

    def fetch(self, cursor: Cursor) -> Page:
        path = Path(self.options.path)
        try:
            with path.open("rb") as file:
                return self._read(file, cursor)
        except OSError as error:
            raise Permanent(f"{path}: {error.strerror or error}") from None
        except Permanent as error:
            raise Permanent(f"{path}: {error}") from None

    def login(self) -> str:
        page = self.fetch({})
        return f"{self.options.path}: {len(page.mentions)} posts, {len(page.broken)} broken lines at its beginning"

    def _read(self, file: BinaryIO, cursor: Cursor) -> Page:
        size = os.fstat(file.fileno()).st_size
        if cursor.get("offset", 0) > size or not _same(file, cursor.get("head", "")):
            cursor = {}
        still = cursor.get("size") == size
        lines = _Lines(file, cursor.get("offset", 0), cursor.get("line", 0), cursor.get("between", ","))
        offset, line = lines.offset, lines.number
        columns: list[str] | None = cursor.get("columns")
        if self._csv and columns is None and (columns := _header(lines, still)):
            offset, line = lines.offset, lines.number
        mentions: list[Mention] = []
        broken: list[Broken] = []
        more = False
        for _ in range(LINES if columns or not self._csv else 0):
            raw = lines.start()
            if not raw:
                break
            mention, why = self._post(raw, columns, lines)
            settled = still or not lines.ran_out
            if mention and (settled or not self._csv):
                mentions.append(mention)
            if not settled:
                break
            if why:
                broken.append(Broken(where=f"line {line + 1}", why=why))
            offset, line = lines.offset, lines.number
        else:
            more = offset < size and line > cursor.get("line", 0)
        place = {"offset": offset, "line": line, "columns": columns, "between": lines.between}
        place |= {"size": None if more else size}
        return Page(mentions=mentions, broken=broken, more=more, cursor={**place, "head": _head(file)})

    def _post(self, raw: bytes, columns: list[str] | None, lines: "_Lines") -> tuple[Mention | None, str]:
        """The post of a record that begins with this line, or why there is none; neither for an empty line."""
        if not raw.strip():
            return None, ""
        try:
            return self._mention(_csv_row(raw, columns, lines) if columns else _json(raw)), ""
        except ValueError as error:
            return None, str(error)[:300]

    @property
    def _csv(self) -> bool:
        return str(self.options.path).lower().endswith(".csv")

    def _mention(self, record: dict[str, Any]) -> Mention:
        text = record.get("text")
        if not isinstance(text, str) or not text.strip():
            raise ValueError("no text")
        external_id = _word(record, "id") or _fingerprint(record)
        return Mention(
            platform=self.platform,
            external_id=external_id,
            thread_id=_word(record, "thread_id") or external_id,
            text=text,
            author=_word(record, "author").removeprefix("@"),
            posted_at=_moment(record.get("posted_at")) or self.clock(),
            url=_word(record, "url", LONGEST_ADDRESS),
            reply_to=_word(record, "reply_to") or None,
            followers=_count(record.get("followers")),
            lang=_word(record, "lang")[:LONGEST_LANG] or None,
        )


class _Lines:
    """The lines of a file from an offset on, each cut just past LONGEST."""

    def __init__(self, file: BinaryIO, offset: int, number: int, between: str) -> None:
        self._file = file
        self.between = between
        """What stands between the values of a table."""
        self.ran_out = False
        """The file ended before the record did, or before its line end."""
        self.go(offset, number)

    def go(self, offset: int, number: int) -> None:
        self.offset = self._file.seek(offset)
        self.number = number

    def start(self) -> bytes:
        """The first line of a record."""
        self.ran_out = False
        return self.read()

    def read(self) -> bytes:
        raw = self._file.readline(LONGEST + 1)
        end = raw
        while len(end) > LONGEST and not end.endswith(b"\n"):
            end = self._file.readline(LONGEST + 1)
        self.ran_out |= not end.endswith(b"\n")
        self.offset = self._file.tell()
        self.number += bool(raw)
        return raw


def _head(file: BinaryIO) -> str:
    """What tells this file from one put in its place: the size and digest of its beginning."""
    file.seek(0)
    start = file.read(256)
    return f"{len(start)}:{sha256(start).hexdigest()[:16]}"


def _same(file: BinaryIO, head: str) -> bool:
    if not head:
        return True
    size, _, digest = head.partition(":")
    file.seek(0)
    return sha256(file.read(int(size))).hexdigest()[:16] == digest


def _header(lines: _Lines, still: bool) -> list[str] | None:
    """The names of the columns; None while the line that has them is still being written. Raises Permanent."""
    raw = lines.start()
    while raw and not raw.strip():
        raw = lines.start()
    if not raw or (lines.ran_out and not still):
        return None
    try:
        first = _text(raw)
        lines.between = max(",;\t", key=first.count)
        names = [name.strip().lower() for name in next(csv.reader([first], delimiter=lines.between))]
    except (csv.Error, ValueError) as error:
        raise Permanent(f"its first line is no CSV header: {error}") from None
    if "text" not in names:
        raise Permanent(f"its first line names no column `text`, only {', '.join(names)[:200]}")
    return names


def _csv_row(raw: bytes, columns: list[str], lines: _Lines) -> dict[str, Any]:
    """One CSV record, read on over the line breaks inside its quotes; an unclosed quote costs its own line only."""
    back = lines.offset, lines.number
    try:
        values = next(csv.reader(_record(raw, lines), strict=True, delimiter=lines.between))
    except (csv.Error, ValueError) as error:
        lines.go(*back)
        raise ValueError(f"not a CSV record: {error}") from None
    if len(values) > len(columns):
        raise ValueError(f"{len(values)} values for {len(columns)} columns")
    return dict(zip(columns, values, strict=False))


def _record(raw: bytes, lines: _Lines) -> Iterator[str]:
    """The line, and those after it for as long as somebody asks."""
    size = 0
    for _ in range(TALLEST):
        size += len(raw)
        if not raw or size > LONGEST + 1:
            return
        yield _text(raw)
        raw = lines.read()


def _json(raw: bytes) -> dict[str, Any]:
    try:
        record = json.loads(_text(raw))
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(record, dict):
        raise ValueError('not a JSON object such as {"text": "…"}')
    return record


def _text(raw: bytes) -> str:
    if len(raw) > LONGEST:
        raise ValueError(f"more than {LONGEST // 1_000_000} MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from None


def _word(record: dict[str, Any], name: str, most: int = LONGEST_WORD) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        raise ValueError(f"{name}: {str(value)[:40]!r} is neither text nor a number")
    word = str(value).strip()
    if len(word) > most:
        raise ValueError(f"{name}: longer than {most} characters")
    return word


def _moment(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int | float) or str(value).replace(".", "", 1).isdigit():
            moment = datetime.fromtimestamp(float(value), UTC)
        else:
            moment = datetime.fromisoformat(str(value).strip())
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"posted_at: {str(value)[:40]!r} is not a time such as 2026-11-22T12:00:00Z") from None
    if moment < EARLIEST:
        raise ValueError(f"posted_at: {str(value)[:40]!r} is before {EARLIEST:%Y}")
    return moment


def _count(value: Any) -> int | None:
    if value is None or value == "":
        return None
    try:
        return max(0, min(int(float(value)), 2**31 - 1))
    except (TypeError, ValueError, OverflowError):
        return None


def _fingerprint(record: dict[str, Any]) -> str:
    """An id for a post that has none: the same text by the same author at the same time is the same post."""
    parts = [str(record.get(name, "")) for name in ("text", "author", "posted_at", "thread_id")]
    return sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
