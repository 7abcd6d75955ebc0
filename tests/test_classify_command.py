"""`classify`: texts in, verdicts out, in their order and line by line, whatever the lines hold."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO, StringIO
from pathlib import Path
from threading import Thread
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from classifiers.onnx import Onnx
from monitor.classify import AHEAD, BATCH, LONGEST, classify_lines, classify_texts
from monitor.cli.entrance import OK
from monitor.cli.program import cli
from tests.desk import Plain

ROOT = Path(__file__).parent.parent


def answers(lines: bytes, classifier: Any = None) -> list[dict[str, Any]]:
    out = StringIO()
    classify_lines(classifier or Plain(), BytesIO(lines), out)
    return [json.loads(line) for line in out.getvalue().split("\n")[:-1]]


def line(text: str, **more: Any) -> bytes:
    return json.dumps({"text": text, **more}).encode() + b"\n"


def test_lines_come_back_in_their_order_with_all_that_they_held() -> None:
    said = answers(b"".join(line("late" if number % 3 else "fine", id=number) for number in range(3 * BATCH)))
    assert [row["id"] for row in said] == list(range(3 * BATCH))
    assert [row["is_complaint"] for row in said] == [bool(number % 3) for number in range(3 * BATCH)]
    verdict = {"complaint": 0.1, "is_complaint": False, "sentiment": "neutral", "why": []}
    unsaid = dict.fromkeys(("language", "topic", "severity", "intent"))
    assert said[0] == {"text": "fine", "id": 0} | verdict | unsaid


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (b"late\n", "line 3: not JSON: "),
        (b"{}\n", "line 3: not an object with a text"),
        (b'{"text": null}\n', "line 3: not an object with a text"),
        (b'["late"]\n', "line 3: not an object with a text"),
        (b"\x00\xff\xfe\x80\n", "line 3: not JSON: "),
        (bytes(range(256)).replace(b"\n", b"") + b"\n", "line 3: not JSON: "),
        (b"[" * 100_000 + b"\n", "line 3: not JSON: "),
        (b'{"text": "late", "n": ' + b"9" * 5000 + b"}\n", "line 3: not JSON: "),
        (b'{"text": "' + b"x" * LONGEST + b'"}\n', "line 3: longer than 64 MB"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_a_broken_line_comes_back_with_its_number_and_stops_nothing(broken: bytes, why: str) -> None:
    first, second, third = answers(line("late") + b"  \n" + broken + line("fine"))
    assert (first["is_complaint"], third["is_complaint"]) == (True, False)
    assert second["error"].startswith(why)
    assert list(second) == ["error"]


def test_an_error_of_somebody_elses_does_not_look_like_ours() -> None:
    (said,) = answers(line("late", error="from before"))
    assert "error" not in said
    assert said["is_complaint"]


def test_no_lines_bring_no_answers() -> None:
    assert answers(b"") == answers(b"\n\n  \n") == []


def test_a_last_line_without_its_end_is_answered() -> None:
    assert len(answers(line("late") + b'{"text": "fine"}')) == 2


@given(lines=st.lists(st.one_of(st.binary(max_size=30), st.text(max_size=20).map(line)), max_size=20))
@settings(max_examples=200, deadline=None)
def test_every_line_of_any_bytes_is_answered_once(lines: Sequence[bytes]) -> None:
    content = b"\n".join(lines)
    expected = [number for number, found in enumerate(content.split(b"\n"), 1) if found.strip()]
    said = answers(content)
    assert len(said) == len(expected)
    for number, row in zip(expected, said, strict=True):
        assert "complaint" in row or row["error"].startswith(f"line {number}: ")


def test_lines_as_deep_as_python_goes_are_answered() -> None:
    lines = [b'{"text": "late", "deep": ' + b"[" * depth + b"]" * depth + b"}\n" for depth in range(800, 1000)]
    said = [answers(line)[0] for line in lines]
    assert all("complaint" in row or "not JSON" in row["error"] for row in said)
    assert {len(row) > 1 for row in said} == {True, False}


class Pipe:
    """A pipe that is written bit by bit and read by the command in a thread."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        back, out = os.pipe()
        self.source: BinaryIO = os.fdopen(reading, "rb")
        self.to: BinaryIO = os.fdopen(writing, "wb", buffering=0)
        self.out = os.fdopen(out, "w")
        self.back = os.fdopen(back)
        self.thread = Thread(target=self._classify)
        self.thread.start()

    def _classify(self) -> None:
        classify_lines(Plain(), self.source, self.out)
        self.out.close()

    def close(self) -> list[str]:
        self.to.close()
        rest = self.back.readlines()
        self.thread.join(60)
        self.back.close()
        self.source.close()
        return rest


def test_a_line_is_answered_before_the_next_one_is_written() -> None:
    pipe = Pipe()
    for number in range(5):
        pipe.to.write(line("late", id=number))
        assert json.loads(pipe.back.readline())["id"] == number
    pipe.to.write(b"junk\n")
    assert json.loads(pipe.back.readline())["error"].startswith("line 6: not JSON")
    assert pipe.close() == []


def test_a_flood_is_not_read_into_memory_before_it_is_answered() -> None:
    taken: list[int] = []

    class Flood(BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            taken.append(1)
            return super().readline(size)

    class Watching(Plain):
        def classify(self, texts: Sequence[str]) -> list[Any]:
            ahead.append(len(taken) - len(self.seen))
            return super().classify(texts)

    ahead: list[int] = []
    number = 5 * AHEAD
    classify_lines(Watching(), Flood(line("late") * number), StringIO())
    assert len(taken) == number + 1
    assert max(ahead) <= AHEAD + 2 * BATCH + 2


def test_a_source_that_cannot_be_read_is_an_error_and_no_endless_waiting() -> None:
    class Torn(BytesIO):
        def readline(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        classify_lines(Plain(), Torn(), StringIO())


def command(**more: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "classify"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )


def test_the_command_answers_what_is_piped_into_it() -> None:
    out, err = command(stdin=subprocess.PIPE).communicate(line("late") + b"junk\n", timeout=60)
    first, second = (json.loads(row) for row in out.splitlines())
    assert (first["text"], list(second), err) == ("late", ["error"], b"")


def test_a_reader_that_goes_away_ends_the_command_though_more_may_come() -> None:
    with command(stdin=subprocess.PIPE) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdin.write(line("late"))
        started.stdin.flush()
        assert json.loads(started.stdout.readline())["text"] == "late"
        started.stdout.close()
        started.stdin.write(line("late"))
        started.stdin.flush()
        assert started.wait(60) == 1
        assert started.stderr.read() == b""


HARD = {
    "empty": "",
    "blank": " \n\t ",
    "fifty thousand emoji": "😡" * 50_000,
    "right to left": "מאוחר מאוד \u202e late",
    "half of a pair": "late \ud800",
    "nul": "late\0",
    "ten megabytes": "Lainepost on hilinenud " * 450_000,
    "one word of a megabyte": "a" * 1_000_000,
    "zalgo": "l" + "\u0301" * 10_000,
}


def test_the_shipped_model_answers_every_kind_of_text() -> None:
    said = answers(b"".join(line(text, kind=kind) for kind, text in HARD.items()), Onnx())
    assert [row["kind"] for row in said] == list(HARD)
    assert all(0 <= row["complaint"] <= 1 and row["sentiment"] in ("negative", "neutral", "positive") for row in said)
    assert [row["text"] for row in said] == list(HARD.values())


def test_half_of_a_surrogate_pair_is_written_as_an_escape() -> None:
    out = StringIO()
    classify_lines(Plain(), BytesIO(line("late \ud800 õ")), out)
    assert "\\ud800" in out.getvalue()
    out.getvalue().encode()
    out = StringIO()
    classify_texts(Plain(), ["hilineb õ", "late"], out)
    assert [json.loads(row)["text"] for row in out.getvalue().splitlines()] == ["hilineb õ", "late"]
    assert "õ" in out.getvalue()


def test_texts_can_be_given_as_words_of_the_command() -> None:
    configuration = str(ROOT / "config.yaml")
    result = CliRunner().invoke(cli, ["classify", "hilineb jälle", "aitäh!", "--config", configuration])
    assert result.exit_code == OK
    assert [json.loads(row)["text"] for row in result.stdout.splitlines()] == ["hilineb jälle", "aitäh!"]
