"""`classify`: texts through the model, from arguments or as a stream of JSON lines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from queue import Queue
from threading import Thread
from typing import Any, BinaryIO, TextIO

from classifiers.base import Classifier, Verdict

BATCH = 256
"""Lines in one pass of the model, when so many are waiting."""
AHEAD = 4 * BATCH
"""Lines read before the model has taken them."""
LONGEST = 64_000_000
"""Bytes of the longest line."""


def classify_texts(classifier: Classifier, texts: Sequence[str], out: TextIO) -> None:
    """One JSON line a text."""
    for text, verdict in zip(texts, classifier.classify(texts), strict=True):
        _write(out, {"text": text} | _fields(verdict))


def classify_lines(classifier: Classifier, source: BinaryIO, out: TextIO) -> None:
    """The JSON lines of `source`, in order, each with its verdict or an `error`.

    Whatever is waiting is taken in one batch: a single line is answered at once, a full pipe at full speed. Empty lines
    are counted and passed over. Raises OSError when the source can't be read.
    """
    number = 0
    for lines in _batches(source):
        rows = [_read(line, number + index) for index, line in enumerate(lines, 1) if line.strip()]
        number += len(lines)
        verdicts = iter(classifier.classify([row["text"] for row in rows if "error" not in row]))
        for row in rows:
            _write(out, row if "error" in row else row | _fields(next(verdicts)))
        out.flush()


def _batches(source: BinaryIO) -> Iterator[list[bytes]]:
    """Lines as they come, several at once when they come faster than they are taken."""
    waiting: Queue[bytes] = Queue(AHEAD)
    failed: list[OSError] = []

    def read() -> None:
        try:
            while line := _line(source):
                waiting.put(line)
        except OSError as error:
            failed.append(error)
        waiting.put(b"")

    Thread(target=read, daemon=True).start()
    batch = [b"\n"]
    while batch[-1]:
        batch = [waiting.get()]
        while batch[-1] and len(batch) < BATCH and not waiting.empty():
            batch.append(waiting.get())
        yield [line for line in batch if line]
    if failed:
        raise failed[0]


def _line(source: BinaryIO) -> bytes:
    """The next line, cut just past LONGEST."""
    line = end = source.readline(LONGEST + 1)
    while len(end) > LONGEST and not end.endswith(b"\n"):
        end = source.readline(LONGEST + 1)
    return line


def _read(line: bytes, number: int) -> dict[str, Any]:
    if len(line) > LONGEST:
        return {"error": f"line {number}: longer than {LONGEST // 1_000_000} MB"}
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": f"line {number}: not JSON: {error}"[:300]}
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return {"error": f'line {number}: not an object with a text, such as {{"text": "…"}}'}
    row.pop("error", None)
    return row


def _fields(verdict: Verdict) -> dict[str, Any]:
    fields = asdict(verdict) | {"complaint": round(verdict.complaint, 4)}
    del fields["model"]
    return fields


def _write(out: TextIO, row: dict[str, Any]) -> None:
    """UTF-8 JSON on one line; what UTF-8 refuses is written as an escape."""
    try:
        text = json.dumps(row, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(row)
    out.write(text + "\n")
