"""A brand's own words for its topics: they say what a complaint is about, whatever the model thought."""

from dataclasses import replace
from pathlib import Path

import pytest

from classifiers.base import Verdict
from monitor.topics import with_topic
from tests.databases import fresh
from tests.desk import Desk

TOPICS = {"delivery": ("pakiautomaat", "kuller", "saadetis"), "app": ("äpp", "rakendus"), "kohvik": ("koogi",)}
COMPLAINT = Verdict(complaint=0.9, is_complaint=True, sentiment="negative", model="m@1", topic="staff")


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Kuller ei tulnud", "delivery"),
        ("PAKIAUTOMAADI uks ei avane", "staff"),
        ("PAKIAUTOMAAT ei avane, äpp jookseb kokku", "delivery"),
        ("teie äpis on viga", "staff"),
        ("see äppidest halvim", "app"),
        ("see appidest halvim", "app"),
        ("wrapp", "staff"),
        ("koogid olid vanad", "kohvik"),
        ("", "staff"),
    ],
)
def test_a_complaint_gets_the_first_topic_of_which_it_has_a_word(text: str, topic: str) -> None:
    assert with_topic(COMPLAINT, text, TOPICS).topic == topic


def test_nothing_but_the_topic_of_the_verdict_changes() -> None:
    assert replace(with_topic(COMPLAINT, "kuller", TOPICS), topic="staff") == COMPLAINT


def test_a_post_that_is_no_complaint_keeps_what_the_model_said() -> None:
    praise = replace(COMPLAINT, is_complaint=False)
    assert with_topic(praise, "tore kuller", TOPICS) is praise


def test_the_team_reads_the_brands_own_topic_in_the_alert(tmp_path: Path) -> None:
    desk = Desk(fresh(tmp_path), tmp_path)
    brand = desk.config.brands["Lainepost"]
    desk.config = replace(desk.config, brands={"Lainepost": replace(brand, topics={"locker": ("pakiautomaa",)})})
    desk.restart()
    desk.post("Lainepost pakiautomaat is broken")
    desk.post("Lainepost is late", "jaan")
    desk.tick()
    first, second = desk.stories
    assert {first.complaints[0].verdict.topic, second.complaints[0].verdict.topic} == {"locker", None}


def test_a_post_that_the_team_tells_of_gets_its_topic_too(tmp_path: Path) -> None:
    desk = Desk(fresh(tmp_path), tmp_path)
    brand = desk.config.brands["Lainepost"]
    desk.config = replace(desk.config, brands={"Lainepost": replace(brand, topics={"locker": ("pakiautomaa",)})})
    desk.restart()
    desk.post("Lainepost pakiautomaat, jälle", external_id="p7")
    desk.tick()
    desk.app.missed("p7", "Kati")
    assert desk.stories[0].complaints[0].verdict.topic == "locker"
