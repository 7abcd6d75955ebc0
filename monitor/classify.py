"""`classify`: texts through the model, from arguments or as a stream of JSON lines."""

import json
from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, BinaryIO, TextIO

from classifiers.base import Classifier, Verdict

BATCH = 256
"""Lines in one pass of the model, when so many are waiting."""
LONGEST = 64_000_000
"""Bytes of the longest line."""


def classify_texts(classifier: Classifier, texts: Sequence[str], out: TextIO) -> None:
    """One JSON line a text."""
    for text, verdict in zip(texts, classifier.classify(texts), strict=True):
        _write(out, {"text": text} | _fields(verdict))


def classify_lines(classifier: Classifier, source: BinaryIO, out: TextIO) -> None:
    """The JSON lines of `source`, in order, each with its verdict or an `error`.

    Whatever is waiting is taken in one batch: a single line is answered at once, a full pipe at full speed.
    """
    number = 0
    for lines in _batches(source):
        rows = [_read(line, number + index) for index, line in enumerate(lines, 1)]
        number += len(lines)
        verdicts = iter(classifier.classify([row["text"] for row in rows if "error" not in row]))
        for row in rows:
            _write(out, row if "error" in row else row | _fields(next(verdicts)))
        out.flush()


def _batches(source: BinaryIO) -> Iterator[list[bytes]]:
    """Lines as they come, several at once when they come faster than they are taken."""
    waiting: SimpleQueue[bytes | None] = SimpleQueue()

    def read() -> None:
        while line := source.readline(LONGEST):
            waiting.put(line)
        waiting.put(None)

    Thread(target=read, daemon=True).start()
    ended = False
    while not ended:
        batch: list[bytes] = []
        line = waiting.get()
        while line is not None and len(batch) < BATCH:
            if line.strip():
                batch.append(line)
            try:
                line = waiting.get_nowait() if len(batch) < BATCH else b""
            except Empty:
                break
        ended = line is None
        yield batch


def _read(line: bytes, number: int) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": f"line {number}: not JSON: {error}"[:300]}
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return {"error": f'line {number}: not an object with a text, such as {{"text": "…"}}'}
    row.pop("error", None)
    return row


def _fields(verdict: Verdict) -> dict[str, Any]:
    return {
        "complaint": round(verdict.complaint, 4),
        "is_complaint": verdict.is_complaint,
        "sentiment": verdict.sentiment,
    }


def _write(out: TextIO, row: dict[str, Any]) -> None:
    """UTF-8 JSON on one line; what UTF-8 refuses is written as an escape."""
    try:
        text = json.dumps(row, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(row)
    out.write(text + "\n")
