"""Prepared answers: in the customer's language, about her topic, for a person to copy; none that promises money."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts import blocks
from alerts.answers import FALLBACK, MONEY, SHIPPED, TOPICS, prepare, shipped
from alerts.base import Alert, Answer, Complaint, Options, Suggesting
from alerts.console import Console
from alerts.facts import prepared
from alerts.voice import ENGLISH
from classifiers.base import Topic
from monitor.answers import link
from monitor.config import ConfigError, load
from monitor.config.model import Entry
from tests import alert_samples as sample
from tests.databases import fresh
from tests.desk import Clock, Desk, Paper
from tests.servers.slack_api import SlackApi
from tests.servers.slack_rules import check_message
from tests.test_config import SHIPPED as CONFIG
from tests.test_slack import channel, seen

LANGUAGES = ("et", "en", "ru", "lv")
FACTS = {"customer": "@marimaasikas123", "brand": "Laineposti Pakid", "faq": "https://t.co/abcdefghij", "link": ""}


def post(
    text: str = "late", minutes: float = 0, *, deleted: bool = False, author: str = "mari", **more: Any
) -> Complaint:
    found = sample.post(text, minutes, deleted=deleted, author=author, lang=more.pop("lang", None))
    return replace(found, verdict=replace(found.verdict, **{"topic": "delivery", "language": "et"} | more))


def answer(*posts: Complaint, facts: Mapping[str, str] | None = None, faq: str | None = None) -> Answer:
    found = prepare(sample.MARI, posts, shipped(), facts or {}, faq)
    assert found is not None
    return found


# The shipped templates


def test_every_topic_has_an_answer_in_every_language() -> None:
    assert set(shipped()) == {(language, topic) for language in LANGUAGES for topic in TOPICS}
    assert set(get_args(Topic)) < set(TOPICS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", TOPICS)
def test_an_answer_fits_into_one_post_and_is_signed(language: str, topic: str) -> None:
    text = shipped()[language, topic].fill(FACTS)
    assert len(text) <= 280
    assert re.search(r"\n\n\[[^\]]+\], Laineposti Pakid$", text)
    assert "@marimaasikas123" in text.split("\n")[0]
    assert "{" not in text
    assert len(re.findall(r"(?i)\b(?:sorry|vabandust|извините|atvainojiet)\b", text)) <= 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", [*MONEY, "urgent"])
def test_about_money_law_and_safety_nothing_is_admitted_or_promised(language: str, topic: str) -> None:
    text = shipped()[language, topic].fill(FACTS)
    said = r"(?i)\b(?:sorry|vabandust|извините|atvainojiet|I'll|siis|возмест|верн[её]м|tagastame|hüvitame|atmaksāsim)"
    assert not re.search(said, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_are_those_of_the_language(language: str) -> None:
    own = {"et": "a-zõäöüšž", "en": "a-z", "lv": "a-zāčēģīķļņšūž", "ru": "а-яё"}[language]
    for topic in TOPICS:
        text = re.sub(r"\{\w+\}", "", (SHIPPED / language / f"{topic}.md").read_text("utf-8")).casefold()
        assert re.fullmatch(rf"[{own}\s.,:!?()\[\]'-]+", text), (topic, re.sub(rf"[{own}\s.,:!?()\[\]'-]", "", text))


# Which answer it is


def test_the_customer_is_answered_in_her_language_by_her_name() -> None:
    found = answer(post())
    assert (found.language, found.topic, found.person_decides) == ("et", "delivery", False)
    assert found.text.startswith("Tere, @mari! Vabandust")
    assert found.text.endswith("[eesnimi], PõhjaNet")


def test_an_unknown_customer_is_greeted_without_a_name() -> None:
    for language, greeting in {"et": "Tere!", "en": "Hi,", "ru": "Здравствуйте!", "lv": "Labdien!"}.items():
        assert answer(post(author="", language=language)).text.startswith(f"{greeting} ")


@pytest.mark.parametrize(
    ("said", "guess", "language"),
    [("lv", "en", "lv"), (None, "ru-RU", "ru"), ("fi", None, FALLBACK), (None, None, FALLBACK)],
)
def test_a_language_without_templates_falls_back_to_english(said: str | None, guess: str | None, language: str) -> None:
    assert answer(post(language=said, lang=guess)).language == language


def test_the_latest_post_of_a_known_language_tells_the_language() -> None:
    assert answer(post(language="et"), post(minutes=5, language="ru"), post("?", 6, language=None)).language == "ru"


def test_a_topic_of_the_brands_own_gets_the_answer_for_everything() -> None:
    assert answer(post(topic="parcel locker")).topic == "other"
    assert answer(post(topic=None)).topic == "other"


@pytest.mark.parametrize("topic", MONEY)
def test_a_person_decides_about_money(topic: str) -> None:
    found = answer(post(topic=topic), faq="https://faq.example")
    assert (found.topic, found.person_decides) == (topic, True)
    assert "faq.example" not in found.text


def test_a_person_decides_what_is_urgent_whichever_post_says_so() -> None:
    assert answer(post(severity="urgent"), post(minutes=1, topic="refund")).topic == "urgent"
    assert answer(post(), post(minutes=1, severity="urgent", topic="app")).person_decides


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Верните деньги за доставку!", "refund"),
        ("I want my money back", "refund"),
        ("Tahan oma RAHA tagasi", "refund"),
        ("atmaksajiet man naudu", "refund"),
        ("annan asja kohtusse", "urgent"),
        ("подам в суд", "urgent"),
        ("my son is in hospital", "urgent"),
        ("zvanīšu zurnalistiem", "urgent"),
        ("refund me or my lawyer calls", "urgent"),
        ("pakk hilineb", "delivery"),
        ("tiešām slikti, ritvars gaida", "delivery"),
    ],
)
def test_a_person_decides_by_the_words_too_should_the_model_miss_what_they_mean(text: str, topic: str) -> None:
    found = answer(post(text))
    assert (found.topic, found.person_decides) == (topic, topic != "delivery")


def test_a_settled_or_deleted_complaint_needs_no_answer() -> None:
    settled: Any = sample.answered(5)["case"]
    assert prepare(settled, [post()], shipped(), {}) is None
    assert prepare(sample.MARI, [post(deleted=True)], shipped(), {}) is None


# Questions that come again and again

FAQ = (Entry(words=("jälgi", "track"), link="https://a.example"), Entry(words=("hind",), link="https://b.example"))


@pytest.mark.parametrize(
    ("text", "intent", "found"),
    [
        ("kuidas ma pakki jälgin?", "question", "https://a.example"),
        ("kuidas jalgida", "question", "https://a.example"),
        ("mis on HINNAD?", "question", None),
        ("mis HIND on?", "question", "https://b.example"),
        ("track my parcel", "complaint", None),
        ("tere?", "question", None),
    ],
)
def test_a_question_is_shown_where_it_is_answered(text: str, intent: Any, found: str | None) -> None:
    assert link([post(text, intent=intent)], FAQ) == found


def test_the_latest_word_of_the_customer_is_what_she_asks() -> None:
    asked = post("how do I track it", intent="question")
    assert link([asked, post("it is still late", 5, intent="complaint")], FAQ) is None
    assert link([asked, post("x", 5, intent="complaint", deleted=True)], FAQ) == "https://a.example"
    assert "https://a.example" in answer(asked, faq=link([asked], FAQ)).text


# What the team sees


def test_the_answer_stands_in_the_cases_thread_to_be_copied() -> None:
    text, drawn = blocks.suggestion(sample.alert(answer=answer(post())), ENGLISH)
    check_message(text, drawn)
    kinds = [element["type"] for element in drawn[0]["elements"]]
    assert kinds == ["rich_text_section", "rich_text_preformatted"]
    assert drawn[0]["elements"][1]["elements"][0]["text"].startswith("Tere, @mari!")
    assert "Prepared answer · Estonian · delivery" in text


def test_a_settled_cases_answer_is_taken_back_with_the_customers_name() -> None:
    text, drawn = blocks.suggestion(sample.alert(**sample.answered(5)), ENGLISH)
    check_message(text, drawn)
    assert "mari" not in str(drawn)


def test_what_a_person_must_decide_is_said_before_the_words() -> None:
    text, _ = blocks.suggestion(sample.alert(answer=answer(post(topic="refund"))), ENGLISH)
    assert "A person decides · neutral words for now, promise nothing" in text


@given(author=st.text(max_size=320), fact=st.text(max_size=4000), topic=st.sampled_from(TOPICS))
@settings(max_examples=60, deadline=None)
def test_whatever_a_customer_calls_herself_slack_takes_the_answer(author: str, fact: str, topic: str) -> None:
    found = answer(post(author=author, topic=topic), facts={"contact": fact})
    text, drawn = blocks.suggestion(sample.alert(answer=replace(found, text=found.text + fact)), ENGLISH)
    check_message(text, drawn)


def test_slack_keeps_it_in_the_thread_and_takes_it_back_when_the_case_is_settled() -> None:
    with SlackApi(clock=lambda: sample.at(2)) as server:
        slack = channel(server)
        root = slack.send(sample.alert())
        asked = sample.alert(root=root, key="answer:42:1", number=None, answer=answer(post()))
        reference = slack.suggest(asked)
        assert slack.find(asked, sample.POSTED) == reference
        case, shown = server.messages("care")
        assert shown["thread_ts"] == case["ts"]
        assert "Tere, @mari!" in seen(shown)
        slack.update(sample.alert(root=root, suggested=reference, number=None, **sample.answered(5)))
        case, shown = server.messages("care")
        assert "answered in" in seen(case)
        assert seen(shown) == "Settled: there is nothing to answer any more."


def test_a_name_that_looks_like_a_placeholder_stays_a_name() -> None:
    assert "@{brand}" in answer(post(author="{brand}")).text


def test_the_terminal_shows_it_below_the_case(capsys: pytest.CaptureFixture[str]) -> None:
    Console("care", Options(), clock=lambda: sample.POSTED).send(sample.alert(answer=answer(post())))
    assert "   Tere, @mari! Vabandust" in capsys.readouterr().out


class Threaded(Paper, Suggesting):
    """Keeps prepared answers, as Slack does in the case's thread."""

    def __init__(self, name: str, *, clock: Clock) -> None:
        super().__init__(name, clock=clock)
        self.told: list[Alert] = []

    def suggest(self, alert: Alert) -> str:
        self.told.append(alert)
        return f"answer/{len(self.told)}"


def test_it_is_sent_once_a_round_after_the_case_and_only_while_the_customer_waits(tmp_path: Path) -> None:
    desk = Desk(fresh(tmp_path), tmp_path)
    paper = desk.app.channels["care"] = Threaded("care", clock=desk.clock)
    told = paper.told
    first = desk.post("late", "mari", lang="et")
    desk.tick()
    assert [alert.key for alert in told] == ["answer:1:1"]
    assert told[0].root == "care/0"
    assert told[0].answer is not None
    assert prepared(told[0].answer, ENGLISH).startswith("Tere, @mari!")
    desk.tick(31)
    desk.post("sorry", "lainepost", thread=first.thread_id, reply_to=first.external_id)
    desk.tick(1)
    shown = paper.letters[0].shown[-1]
    assert isinstance(shown, Alert)
    assert (shown.answer, shown.suggested) == (None, "answer/1")
    desk.tick(1)
    desk.post("late again", "mari", thread=first.thread_id)
    desk.tick(1)
    assert [alert.key for alert in told] == ["answer:1:1", "answer:1:2"]
    desk.app.close()


# Templates of one's own


def own(folder: Path, files: Mapping[str, str | bytes], config: str = CONFIG) -> str:
    """What is wrong with these templates; nothing when they are right."""
    for name, text in files.items():
        file = folder / "own" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "config.yaml").write_text(config + f"answers: {{folder: '{folder / 'own'}'}}\n", "utf-8")
    try:
        load(folder / "config.yaml", {})
    except ConfigError as error:
        return str(error)
    return ""


def test_an_operators_template_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    with_facts = CONFIG.replace("    ladder: default\n", "    ladder: default\n    facts: {contact: abi@lp.example}\n")
    files = {"et/delivery.md": "Tere, {customer}! Kirjuta {contact}.", "fi/other.md": "Hei {customer}!"}
    assert own(tmp_path, files, with_facts) == ""
    config = load(tmp_path / "config.yaml", {})
    (brand,) = config.brands.values()
    found = prepare(sample.MARI, [post()], config.templates, brand.facts)
    assert found is not None
    assert found.text == "Tere, @mari! Kirjuta abi@lp.example."
    finnish = prepare(sample.MARI, [post(language="fi")], config.templates, brand.facts)
    assert finnish is not None
    assert finnish.text == "Hei @mari!"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (
            "et/delivery.md",
            "Tere!\n{custmer}",
            "et/delivery.md:2: Laineposti Pakid has no fact 'custmer'; did you mean 'cus",
        ),
        ("et/delivery.md", "Tere {", "et/delivery.md:1: has a brace that belongs to no {name}"),
        ("et/delivery.md", "Vaata: {faq}", "et/delivery.md:1: Laineposti Pakid has no fact 'faq'"),
        ("et/delivry.md", "Tere", "et/delivry.md:1: there is no topic 'delivry'; did you mean 'delivery'?"),
        ("fi/delivery.md", "Hei", "fi/delivery.md:1: the language fi needs fi/other.md too"),
        ("Eesti/other.md", "Tere", "Eesti/other.md:1: the folder 'Eesti' is no language such as et"),
        ("et/other.md", b"\xff\xfe", "et/other.md: is not UTF-8 text (byte 0)"),
        ("et/other.md", " \n", "et/other.md: is empty; leave it out"),
        ("et/other.txt", "Tere", "answers.folder: holds no templates; they are named such as et/delivery.md"),
    ],
)
def test_a_broken_template_is_told_with_its_file_and_line(tmp_path: Path, name: str, text: Any, told: str) -> None:
    assert told in own(tmp_path, {name: text})


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    assert "answers.folder: there is no folder" in own(tmp_path, {})


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("facts: {brand: x}", "facts.brand: is always there"),
        ("facts: {E-post: x}", "facts.E-post: a fact's name has small letters, digits and _"),
        ("faq: [{words: [], link: 'https://a.example'}]", "faq.0.words: needs beginnings of words"),
        ("faq: [{words: [a], link: 'javascript:x'}]", "faq.0.link: must be a web address"),
    ],
)
def test_facts_and_links_that_cannot_be_said_are_told_of(tmp_path: Path, written: str, told: str) -> None:
    config = CONFIG.replace("    ladder: default\n", f"    ladder: default\n    {written}\n")
    assert told in own(tmp_path, {"et/other.md": "Tere"}, config)
