"""Stories of someone who tries the monitor in a terminal."""

import io
import sys
from datetime import UTC, datetime

import pytest

from alerts.base import Notice, Options
from alerts.console import Console
from tests import alert_samples as sample

CONSOLE = Console("console", Options(), clock=lambda: sample.at(2))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_new_complaint_is_a_small_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert CONSOLE.send(sample.alert(mention=("Kati",))) == "case:42:1:0"
    assert capsys.readouterr().out == (
        "🟠 PõhjaNet on X · answer by 12:05 UTC · @Kati\n"
        "   │ Kolmas päev internetti pole & klienditugi <ei vasta>\n"
        "   @marimaasikas · 12.4K followers · Estonian · negative\n"
        "   Outages · flagged for “Kolmas päev internetti pole & klienditugi <ei vasta>”\n"
        "   Case 42 · posted 11:05 UTC · found 11:06 UTC · 92% sure\n"
        "   https://x.com/marimaasikas/status/19\n\n"
    )


def test_of_a_long_story_the_first_and_the_last_post_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    CONSOLE.send(sample.alert(complaints=[sample.post("one\ntwo"), sample.post("three", 1), sample.post("four", 2)]))
    assert "   │ one\n   │ two\n   … 1 more, then at 11:07 UTC\n   │ four\n" in capsys.readouterr().out


def test_a_reminder_and_a_change_take_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    CONSOLE.send(sample.alert(30, 1, ("Kati",), root="case:42:1:0"))
    CONSOLE.update(sample.alert(40, None, root="case:42:1:0", **sample.answered(23)))
    CONSOLE.update(sample.alert(40, None, root="case:42:1:0", **sample.claimed(12)))
    assert capsys.readouterr().out == (
        "⏰ case 42 · Still no answer · due 12:05 UTC · @Kati\n\n"
        "case 42 · ✅ PõhjaNet on X · answered in 23 min by @pohjanet_abi · in time\n\n"
        "case 42 · 🔵 PõhjaNet on X · answer by 12:05 UTC\n   Claimed by Kati at 11:17 UTC\n\n"
    )


def test_a_notice_is_shown_with_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    CONSOLE.send(sample.NOTICE)
    assert capsys.readouterr().out == "⚠️  X has been silent for 2 h\n   401 <unauthorized>\n   see log\n\n"


def test_a_customer_can_not_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\r\u202ekatki\b\b"
    CONSOLE.send(sample.alert(complaints=[sample.post(evil, author=evil)]))
    CONSOLE.send(Notice(key="n", now=sample.POSTED, title=evil, lines=(evil,)))
    shown = terminal.getvalue()
    for ours in ("\x1b[1m", "\x1b[2m", "\x1b[0m"):
        shown = shown.replace(ours, "")
    assert not set(shown) & set("\x1b\x07\x08\r\x9b\u202e")
    assert "katki" in shown


def test_colours_are_only_for_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    CONSOLE.send(sample.alert())
    assert "\x1b" not in capsys.readouterr().out
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    CONSOLE.send(sample.alert())
    assert terminal.getvalue().startswith("\x1b[1m🟠 PõhjaNet on X")


def test_a_print_that_broke_off_is_printed_again() -> None:
    assert CONSOLE.find(sample.alert(), datetime(2026, 1, 1, tzinfo=UTC)) is None
    assert CONSOLE.link("case:42:1:0") is None
    assert "standard output" in CONSOLE.login()
