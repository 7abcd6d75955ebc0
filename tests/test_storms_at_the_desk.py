"""Storms and joined cases beside all else that the desk does: routes, quiet hours, prepared answers, inbox, digest."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from alerts.ladder import Ladder, Step
from monitor.digest.language import Voice
from monitor.digest.review import About, review
from monitor.digest.sheet import sheet
from monitor.digest.week import Week
from monitor.inbox import brand_replies
from monitor.quiet import Quiet
from monitor.routes import Route
from tests.databases import fresh
from tests.desk import Desk, minutes
from tests.test_storms import heading, listening, storm

DUTY = Step(after=minutes(0), channel="duty", mention=("lead",))
URGENT = Ladder(target=minutes(15), steps=(DUTY, Step(after=minutes(15), channel="managers")))


def configured(folder: Path, **changes: object) -> Desk:
    desk = Desk(fresh(folder), folder)
    desk.config = replace(desk.config, **changes)
    desk.restart()
    return desk


def test_a_storm_is_shown_where_its_topic_is_routed_and_takes_no_case_from_people_of_its_own(tmp_path: Path) -> None:
    routes = (Route(channel="managers", language="ru"), Route(channel="duty", brand="Lainepost"))
    desk = listening(configured(tmp_path, routes=routes))
    storm(desk, 7)
    desk.post("broken and late", "oleg", lang="ru")
    desk.tick(1)
    (shown,) = [letter for letter in desk.paper("duty").letters if letter.key == "storm:1"]
    inside = [letter.key for letter in desk.paper("duty").letters if letter.thread == shown.reference]
    assert inside == ["case:6:1:0", "case:7:1:0"]
    assert {letter.key: letter.thread for letter in desk.paper("managers").letters}["case:8:1:0"] is None
    desk.tick(1)
    assert desk.paper("duty").letters[5].shown[-1].apart == (1, 2, 3, 4, 5, 8)


def test_the_incident_breaks_a_channels_quiet_but_its_cases_wait_for_the_morning(tmp_path: Path) -> None:
    quiet = {"care": Quiet(quiet="11:00-13:00", zone="UTC")}
    desk = listening(configured(tmp_path, quiet=quiet))
    desk.paper("care").letters.clear()
    storm(desk, 8)
    care = desk.paper("care")
    assert care.keys == ["storm:1"]
    desk.tick(55)
    opened = [key for key in care.keys if key.startswith(("quiet:", "case:"))]
    assert opened[0].startswith("quiet:care:")
    assert {f"case:{number}:1:0" for number in range(1, 9)} <= set(opened)
    root = heading(desk).reference
    assert {letter.key for letter in care.letters if letter.thread == root} >= {"case:7:1:0", "case:8:1:0"}


def test_a_joined_urgent_post_moves_the_case_to_the_urgent_ladder(tmp_path: Path) -> None:
    desk = configured(tmp_path)
    ladders = {name: replace(ladder, urgent=URGENT) for name, ladder in desk.config.ladders.items()}
    desk.config = replace(desk.config, ladders=ladders)
    desk.restart()
    desk.post("late", "mari", thread="a", ago=5)
    desk.tick()
    assert desk.paper("duty").keys == []
    classify = desk.app.classifier.classify
    told = {"classify": lambda texts: [replace(said, severity="urgent") for said in classify(texts)]}
    desk.app.classifier.__dict__.update(told)
    desk.post("broken, and on fire", "mari", thread="b", ago=20)
    desk.tick(1)
    assert (desk.case.urgent, desk.case.posted_at) == (True, desk.clock() - minutes(21))
    assert desk.paper("duty").keys == ["case:1:1:1"]
    desk.app.split(1, "2", "kati")
    desk.tick(1)
    assert [story.case.urgent for story in desk.stories] == [True, True]


def test_the_inbox_shows_what_the_brand_said_in_every_thread(tmp_path: Path) -> None:
    desk = configured(tmp_path)
    first = desk.post("late", "mari", thread="a", ago=9)
    second = desk.post("still late", "mari", thread="b")
    other = desk.post("late", "jaan", thread="c")
    desk.tick()
    for post in (first, second, other):
        desk.post(f"sorry, {post.author}!", "lainepost", thread=post.thread_id, reply_to=post.external_id)
    desk.tick(1)
    mari = next(story.case for story in desk.stories if story.case.author == "mari")
    said = [text for _, _, _, text, _ in brand_replies(desk.app.store, mari)]
    assert said == ["sorry, mari!", "sorry, mari!"]


def test_the_digest_tells_of_the_weeks_storms(tmp_path: Path) -> None:
    desk = listening(configured(tmp_path))
    storm(desk, 9)
    for post in [post for post in desk.platform.posts if post.author == "customer8"]:
        desk.post("sorry!", "lainepost", thread=post.thread_id, reply_to=post.external_id)
    for _ in range(9):
        desk.tick(8)
    now, zone = desk.clock(), ZoneInfo("Europe/Tallinn")
    about = About(brand="Lainepost", week=Week.holding(now, zone), zone=zone, target=minutes(60), sources=("chat",))
    found = review(desk.app.store, about, now)
    (told,) = found.storms
    assert (len(told.cases), len(told.missed)) == (9, 8)
    assert told.until is not None
    assert minutes(30) < told.until - told.since < minutes(120)
    page = sheet(found, Voice("en", zone))
    (said,) = page.storms
    assert said.text.endswith("9 complaints · 8 missed the target")
    (behind,) = [cases for cases in page.behind if cases.place == said.place]
    assert sorted(behind.ids) == sorted(told.cases)
    assert review(desk.app.store, replace(about, week=about.week.later(1)), now).storms == ()
