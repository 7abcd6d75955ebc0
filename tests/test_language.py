"""What the program says to people: nothing left untranslated, every fact kept, and said as people say it."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts import blocks, story
from alerts.base import Options
from alerts.buttons import ASKS_FIRST, Place, Wish, form
from alerts.console import Console
from alerts.queue import waiting
from alerts.sentence import Bold, Who, fill
from alerts.voice import ENGLISH, LANGUAGES, Voice
from tests import alert_samples as sample
from tests.catalogues import DESK, SPEECHES, Said, Speech
from tests.servers.slack_api import CARE
from tests.servers.slack_rules import check_form
from tests.test_slack import seen

CATALOGUES = [(speech, language) for speech in SPEECHES for language in speech.languages]
ET, RU, LV = (Voice(language) for language in ("et", "ru", "lv"))


@pytest.mark.parametrize(("speech", "language"), CATALOGUES)
def test_all_that_is_said_is_translated_and_nothing_else(speech: Speech, language: str) -> None:
    """`make words` puts what is new into the catalogues."""
    known = {_key(message.id): message for message in speech.catalogue(language) if message.id}
    assert known.keys() == speech.said().keys()
    assert [message for message, entry in known.items() if not entry.string or not all(entry.string)] == []
    assert [message for message, entry in known.items() if entry.fuzzy] == []


@pytest.mark.parametrize(("speech", "language"), CATALOGUES)
def test_a_translation_tells_the_same_facts_and_has_every_plural_form(speech: Speech, language: str) -> None:
    catalogue = speech.catalogue(language)
    for message in catalogue:
        if not message.id:
            continue
        several = isinstance(message.id, tuple)
        forms = message.string if several else (message.string,)
        assert len(forms) == (catalogue.num_plurals if several else 1), message.id
        for told in forms:
            original = message.id[-1] if several else message.id
            assert _facts(told) | {"{number}"} == _facts(original) | {"{number}"}, told
            assert told.count("*") == original.count("*"), told
            assert told.count("`") == original.count("`"), told
            assert (told[:1].isspace(), told[-1:].isspace()) == (original[:1].isspace(), original[-1:].isspace()), told


@pytest.mark.parametrize("speech", SPEECHES)
def test_nothing_is_said_that_the_catalogues_can_not_know_of(speech: Speech) -> None:
    """A sentence that is put together, or stands in a string of its own, would stay English."""
    known = {form for said in speech.said() for form in _forms(said)}
    for place in map(Path, speech.places):
        for file in [place] if place.is_file() else place.rglob("*.py"):
            for call in _sayings(ast.parse(file.read_text(encoding="utf-8"))):
                assert isinstance(call.args[0], ast.Constant), f"{file}:{call.lineno}"
                assert call.args[0].value in known, f"{file}:{call.lineno}"


def test_people_of_each_language_count_as_they_do() -> None:
    assert [waiting(number, ET) for number in (1, 2)] == ["1 klient ootab", "2 klienti ootab"]
    assert [waiting(number, RU) for number in (1, 3, 5, 11, 21)] == [
        "Ждёт 1 клиент", "Ждут 3 клиента", "Ждут 5 клиентов", "Ждут 11 клиентов", "Ждёт 21 клиент",
    ]  # fmt: skip
    assert [waiting(number, LV) for number in (1, 2, 10, 11, 21)] == [
        "Gaida 1 klients", "Gaida 2 klienti", "Gaida 10 klientu", "Gaida 11 klientu", "Gaida 21 klients",
    ]  # fmt: skip


def test_large_numbers_are_said_in_short_and_never_too_large() -> None:
    numbers = (0, 999, 1000, 12_431, 999_999, 3_100_000, 2_000_000_000)
    assert [ENGLISH.count(number) for number in numbers] == ["0", "999", "1K", "12.4K", "999K", "3.1M", "2B"]
    assert [ET.count(number) for number in (12_431, 999_999)] == ["12,4\xa0tuh", "999\xa0tuh"]
    assert "12,4 тыс. подписчиков" in seen({"blocks": blocks.root(sample.alert(), RU)[1]}).replace("\xa0", " ")


def test_how_long_it_took_and_how_sure_the_model_is_are_said_in_the_language() -> None:
    span = timedelta(days=2, hours=3, minutes=9)
    assert [voice.duration(span) for voice in (ENGLISH, ET, RU, LV)] == ["2 d 3 h", "2 p 3 h", "2 д 3 ч", "2 d. 3 st."]
    assert [voice.duration(timedelta(minutes=100)) for voice in (RU, LV)] == ["1 ч 40 мин", "1 st. 40 min"]
    assert [voice.probability(1.0).replace("\xa0", " ") for voice in (ENGLISH, ET, RU, LV)] == [
        "99%", "99%", "99 %", "99%",
    ]  # fmt: skip


def test_a_moment_of_another_day_has_its_date_in_the_language() -> None:
    far = sample.at(60 * 26)
    assert [voice.when(far, sample.POSTED) for voice in (ENGLISH, ET, RU, LV)] == [
        "24 Nov 13:05 UTC", "24. nov 13:05 UTC", "24 нояб. 13:05 UTC", "24. nov. 13:05 UTC",
    ]  # fmt: skip
    assert {voice.when(sample.at(9), sample.POSTED) for voice in (ENGLISH, ET, RU, LV)} == {"11:14 UTC"}
    moved = sample.alert(case=replace(sample.MARI, respond_by=far))
    assert "{date_num}, {time}" in str(blocks.root(moved, ET))
    assert "at {time}" not in str(blocks.root(moved, ET))


@pytest.mark.parametrize("code", ["und", "zxx", "", None, "x"])
def test_a_language_that_a_platform_does_not_know_is_not_named(code: str | None) -> None:
    assert (RU.tongue(code), RU.tongue("et-EE")) == ("", "эстонский")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_form_has_room_for_its_words(language: str) -> None:
    for act in ASKS_FIRST:
        check_form(form(Wish(act=act, case_id=1, round=1), sample.alert(), Place(channel=CARE), Voice(language)))


def test_a_case_is_told_in_the_channels_language(capsys: pytest.CaptureFixture[str]) -> None:
    channel = Console("care", Options(language="et"), clock=lambda: sample.at(2))
    channel.send(sample.alert())
    channel.send(sample.alert(30, 1, root="case:42:1:0"))
    channel.update(sample.alert(40, None, root="case:42:1:0", **sample.answered(23)))
    assert capsys.readouterr().out == (
        "🟠 PõhjaNet · X · vastata hiljemalt 12:05 UTC\n"
        "   │ Kolmas päev internetti pole & klienditugi <ei vasta>\n"
        "   @marimaasikas · 12,4\xa0tuh jälgijat · eesti · negatiivne\n"
        "   Katkestused · tunnused: „Kolmas päev internetti pole & klienditugi <ei vasta>“\n"
        "   Juhtum 42 · postitatud 11:05 UTC · leitud 11:06 UTC · kindlus 92%\n"
        "   https://x.com/marimaasikas/status/19\n\n"
        "⏰ juhtum 42 · Ikka vastuseta · tähtaeg 12:05 UTC\n\n"
        "juhtum 42 · ✅ PõhjaNet · X · vastatud 23 min pärast, vastas @pohjanet_abi · õigel ajal\n\n"
    )


def test_what_strangers_write_is_no_part_of_a_sentence() -> None:
    name = "{who} *bold* {0}"
    assert fill("*Given* to {who}", {"who": name}) == (Bold("Given"), f" to {name}")
    assert fill("*{who}*", {"who": Who(name)}) == (Who(name),)
    case = replace(sample.MARI, brand=name)
    assert story.headline(sample.alert(case=case), RU)[1] == Bold(f"{name} · X")


def _sayings(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("say", "sentence", "many") or (name == "self" and isinstance(node.func, ast.Name)):
                yield node


def _key(message: Said) -> Said:
    return message if isinstance(message, str) else tuple(message)


def _forms(said: Said) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else said


def _facts(text: str) -> set[str]:
    return set(re.findall(r"{\w+}", text))


def test_every_language_of_the_desk_has_a_catalogue() -> None:
    assert [file.stem for file in sorted(DESK.catalogues.glob("*.po"))] == sorted(DESK.languages)
