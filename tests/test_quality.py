"""What the team's acts say of the model: kept with the verdict, counted, and handed on for training."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from scipy.stats import binomtest
from sqlalchemy import Row, select
from typer.testing import CliRunner

from alerts import case as moves
from alerts.base import Alert
from alerts.case import Dismissal, NotAllowed, State, Stop
from alerts.story import headline
from alerts.voice import ENGLISH
from classifiers.base import Point
from monitor.app import wall_clock
from monitor.charts import bar, spark
from monitor.cli.entrance import FAILED, MISCONFIGURED, OK
from monitor.cli.program import cli
from monitor.quality import Tally, judged, labelled, monday, tallies, this_monday, week_by_threshold, wilson
from monitor.schema import feedback, mentions, verdicts
from monitor.views import describe
from tests import small_model
from tests.desk import NOON, Desk, minutes

THIS_WEEK = this_monday(NOON)


def lessons(desk: Desk) -> list[Row[Any]]:
    with desk.app.store.read() as connection:
        return list(connection.execute(select(feedback).order_by(feedback.c.mention_id)))


def told(desk: Desk) -> list[tuple[int, str]]:
    """By post: how it was judged."""
    return [(row.mention_id, row.how) for row in lessons(desk)]


def dismiss(desk: Desk, case_id: int = 1, kind: Dismissal = Dismissal.NOT_A_COMPLAINT) -> None:
    desk.app.act(case_id, lambda case, now: moves.dismiss(case, "kadri", now, kind=kind))


def answer(desk: Desk, case_id: int = 1) -> None:
    desk.app.act(case_id, lambda case, now: moves.answer(case, "kadri", now))


def reopen(desk: Desk, case_id: int = 1) -> None:
    desk.app.act(case_id, lambda case, now: moves.reopen(case, "jaan", now))


# What is remembered


def test_a_false_alarm_is_remembered_with_who_said_so_and_what_the_model_had_thought(desk: Desk) -> None:
    desk.post("never broken in ten years, Lainepost!")
    desk.tick()
    desk.clock.forward(7)
    dismiss(desk)
    (lesson,) = lessons(desk)
    assert (lesson.mention_id, lesson.is_complaint, lesson.how) == (1, False, "dismissed")
    assert (lesson.by, lesson.at) == ("kadri", NOON + minutes(7))
    assert (lesson.model, lesson.complaint) == ("plain@1", 0.9)


@pytest.mark.parametrize("kind", [Dismissal.NOT_OURS, Dismissal.DUPLICATE, Dismissal.OTHER])
def test_a_dismissal_for_another_reason_says_nothing_of_the_model(small_desk: Desk, kind: Dismissal) -> None:
    small_desk.post("late!")
    small_desk.tick()
    dismiss(small_desk, kind=kind)
    assert lessons(small_desk) == []


def test_an_answer_confirms_the_complaint(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    desk.app.act(1, lambda case, now: moves.claim(case, "kadri", now))
    assert lessons(desk) == []
    answer(desk)
    (lesson,) = lessons(desk)
    assert (lesson.is_complaint, lesson.how, lesson.by) == (True, "confirmed", "kadri")


def test_the_brands_own_reply_confirms_the_complaint_even_when_it_was_seen_first(desk: Desk) -> None:
    complaint = desk.post("late!")
    desk.tick()
    desk.clock.forward(5)
    desk.post("Sorry!", "anna_lp", thread=complaint.thread_id, reply_to=complaint.external_id)
    desk.post("Sorry too!", "lainepost", thread="t", reply_to="c")
    desk.tick()
    desk.post("broken!", "jaan", thread="t", external_id="c", ago=1)
    desk.tick(1)
    assert {(row.how, row.by) for row in lessons(desk)} == {("confirmed", "anna_lp"), ("confirmed", "lainepost")}


def test_only_what_the_model_took_for_a_complaint_is_judged_by_the_cases_end(desk: Desk) -> None:
    desk.post("late!", thread="t")
    desk.post("it says so on the site", thread="t")
    desk.post("and it is broken", thread="t")
    desk.tick()
    answer(desk)
    assert told(desk) == [(1, "confirmed"), (3, "confirmed")]


def test_taking_a_dismissal_back_takes_its_lesson_back(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    dismiss(desk)
    reopen(desk)
    assert lessons(desk) == []
    answer(desk)
    assert told(desk) == [(1, "confirmed")]
    reopen(desk)
    assert lessons(desk) == []


def test_a_new_round_leaves_the_lesson_of_the_last_one_alone(desk: Desk) -> None:
    complaint = desk.post("late!", thread="t")
    desk.tick()
    desk.clock.forward(5)
    desk.post("Sorry!", "lainepost", thread="t", reply_to=complaint.external_id)
    desk.tick()
    desk.clock.forward(5)
    desk.post("the other one wasn't late", thread="t")
    desk.tick()
    assert desk.case.round == 2
    dismiss(desk)
    assert told(desk) == [(1, "confirmed"), (3, "dismissed")]
    reopen(desk)
    assert told(desk) == [(1, "confirmed")]


def test_an_act_that_is_refused_teaches_nothing(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    answer(desk)
    with pytest.raises(NotAllowed):
        dismiss(desk)
    assert told(desk) == [(1, "confirmed")]


def test_the_alert_and_the_timeline_say_why_a_case_was_dismissed(small_desk: Desk) -> None:
    small_desk.post("late!")
    small_desk.tick()
    small_desk.app.act(1, lambda case, now: moves.dismiss(case, "kadri", now, "a joke", Dismissal.NOT_A_COMPLAINT))
    small_desk.tick()
    shown = small_desk.paper("care").letters[0].shown[-1]
    assert isinstance(shown, Alert)
    assert "dismissed as not a complaint by kadri at 12:00 UTC: a joke" in ENGLISH.plain(headline(shown, ENGLISH), NOON)
    assert describe(shown.timeline[-1]) == "kadri dismissed it as not a complaint: a joke"


def test_a_lesson_loses_its_teacher_and_its_words_when_they_have_been_kept_long_enough(desk: Desk) -> None:
    desk.post("late!")
    desk.tick()
    dismiss(desk)
    assert len(list(labelled(desk.app.store, str))) == 1
    desk.platform.posts = []
    desk.tick(after=366 * 24 * 60)
    (lesson,) = lessons(desk)
    assert (lesson.by, lesson.is_complaint) == ("", False)
    assert list(labelled(desk.app.store, str)) == []
    (group,) = tallies(desk.app.store, [THIS_WEEK])
    assert group.tally == Tally(found=1, dismissed=1)


# A complaint that the model let pass


def test_a_missed_complaint_gets_its_case_and_climbs_from_the_customers_own_clock(desk: Desk) -> None:
    desk.post("I have been waiting since Monday, Lainepost", ago=10)
    desk.tick()
    assert desk.stories == []
    desk.clock.forward(25)
    case = desk.app.missed("1", "kadri")
    assert (case.state, case.posted_at, case.respond_by) == (State.OPEN, NOON - minutes(10), NOON + minutes(50))
    desk.ticks([25, 40, 60])
    assert desk.paper("care").keys == ["case:1:1:0", "case:1:1:1", "case:1:1:2"]
    assert desk.paper("managers").keys == ["case:1:1:3"]
    assert desk.app.audit() == []
    (lesson,) = lessons(desk)
    assert (lesson.is_complaint, lesson.how, lesson.by, lesson.complaint) == (True, "missed", "kadri", 0.1)
    answer(desk)
    assert told(desk) == [(1, "missed")]
    reopen(desk)
    assert told(desk) == [(1, "missed")]


def test_a_missed_complaint_that_the_brand_has_answered_alerts_nobody(desk: Desk) -> None:
    post = desk.post("still waiting")
    desk.clock.forward(3)
    desk.post("Sorry!", "lainepost", thread=post.thread_id, reply_to=post.external_id)
    desk.tick()
    case = desk.app.missed(post.external_id, "kadri")
    assert (case.state, case.stopped_by, case.stopped_at) == (State.ANSWERED, Stop.BRAND_REPLY, NOON + minutes(3))
    desk.tick(1)
    assert desk.paper("care").letters == []
    assert told(desk) == [(1, "missed")]


def test_a_missed_complaint_in_a_settled_thread_starts_the_clock_again(desk: Desk) -> None:
    desk.post("late!", thread="t")
    desk.tick()
    answer(desk)
    desk.clock.forward(30)
    desk.post("and still nothing at all has come", thread="t")
    desk.tick()
    assert desk.case.state is State.ANSWERED
    desk.clock.forward(2)
    case = desk.app.missed("2", "kadri")
    assert (case.id, case.state, case.round, case.respond_by) == (1, State.OPEN, 2, NOON + minutes(90))
    assert desk.kinds()[-2:] == ["complained_again", "missed"]
    assert told(desk) == [(1, "confirmed"), (2, "missed")]


def test_a_missed_complaint_may_be_named_as_people_have_it_at_hand(desk: Desk) -> None:
    for text in ("one", "two", "three", "four"):
        desk.post(f"{text}, Lainepost", f"author of {text}", external_id=f"99{text}")
    desk.tick()
    found = [
        desk.app.missed(name, "kadri").author
        for name in ("1", "99two", "https://chat.example/p3", "https://chat.example/p4/?utm_source=share#top")
    ]
    assert found == ["author of one", "author of two", "author of three", "author of four"]


def test_a_post_that_two_brands_share_is_to_be_named_by_its_number(desk: Desk) -> None:
    post = desk.post("waiting for Lainepost and Rival")
    desk.tick()
    with desk.app.store.write() as connection:
        row = connection.execute(select(mentions)).one()._mapping
        connection.execute(mentions.insert().values({**row, "id": 9, "brand": "Rival"}))
    with pytest.raises(NotAllowed, match=r"under that name \(1 for Lainepost, 9 for Rival\): give the number"):
        desk.app.missed(post.url, "kadri")
    assert desk.app.missed("9", "kadri").brand == "Rival"


def test_a_post_that_a_rule_had_kept_from_the_model_gets_its_verdict_with_its_case(desk: Desk) -> None:
    desk.post("vacancy? I have been waiting since Monday, Lainepost")
    desk.tick()
    desk.app.missed("1", "kadri")
    desk.tick()
    assert desk.paper("care").keys == ["case:1:1:0"]
    (lesson,) = lessons(desk)
    assert (lesson.how, lesson.complaint, lesson.model) == ("missed", 0.1, "plain@1")
    with desk.app.store.read() as connection:
        assert connection.scalar(select(mentions.c.skipped)) is None


def test_a_missed_complaint_that_is_none_after_all_can_be_dismissed(desk: Desk) -> None:
    desk.post("still waiting")
    desk.tick()
    desk.app.missed("1", "kadri")
    dismiss(desk)
    assert told(desk) == [(1, "dismissed")]


def test_what_cannot_have_been_missed_is_refused_with_the_reason(desk: Desk) -> None:
    desk.post("late!")
    desk.post("We are open on Saturday", "lainepost")
    desk.tick()
    desk.post("hello?")
    desk.app.collect("chat")
    desk.clock.forward(1)
    desk.app.collect("chat")
    for name, why in (
        ("1", "post 1 was found: it is in case 1"),
        ("2", "post 2 is the brand's own"),
        ("3", "post 3 has not been read by the model yet; the next tick does"),
        ("4", "no post is kept under '4': give its address, its id on the platform or its number"),
        ("9" * 30, "no post is kept under"),
        ("https://chat.example/", "no post is kept under"),
    ):
        with pytest.raises(NotAllowed, match=why):
            desk.app.missed(name, "kadri")
    assert lessons(desk) == []
    desk.tick()
    desk.tick(after=8 * 24 * 60)
    with pytest.raises(NotAllowed, match="the words of post 3 have been erased"):
        desk.app.missed("3", "kadri")


# What another threshold would have meant


def score(desk: Desk, post: int, chance: float, **more: Any) -> None:
    """Gives a post another probability, as if another model had read it."""
    with desk.app.store.write() as connection:
        row = {"complaint": chance, **more}
        connection.execute(verdicts.update().where(verdicts.c.mention_id == post).values(row))
        if post in {lesson.mention_id for lesson in connection.execute(select(feedback))}:
            connection.execute(feedback.update().where(feedback.c.mention_id == post).values(complaint=chance))


def busy_week(desk: Desk) -> None:
    """Six posts: two confirmed, one dismissed, one missed, one open, one that nobody minds."""
    for number, text in enumerate(["late 1", "late 2", "never late", "waiting", "late 5", "hello"]):
        desk.post(text, f"user{number}")
    desk.tick()
    answer(desk, 1)
    answer(desk, 2)
    dismiss(desk, 3)
    desk.app.missed("4", "kadri")
    for post, chance in enumerate([0.95, 0.55, 0.6, 0.35, 0.8, 0.05], 1):
        score(desk, post, chance)


def test_each_threshold_is_held_against_the_weeks_posts_and_what_people_said_of_them(desk: Desk) -> None:
    busy_week(desk)
    week = week_by_threshold(desk.app.store, THIS_WEEK, [0.3, 0.5, 0.7, 0.9])
    assert (week.posts, week.complaints, week.dismissed, week.models) == (6, 3, 1, ("plain@1",))
    assert [(each.alerts, each.missed, each.spared) for each in week.choices] == [
        (5, 0, 0), (4, 1, 0), (2, 2, 1), (1, 2, 1),
    ]  # fmt: skip


def test_another_week_and_another_brand_are_left_out(desk: Desk) -> None:
    busy_week(desk)
    store, last = desk.app.store, THIS_WEEK - timedelta(weeks=1)
    assert week_by_threshold(store, last, [0.5]).posts == 0
    assert week_by_threshold(store, THIS_WEEK, [0.5], "Lainepost").posts == 6
    assert week_by_threshold(store, THIS_WEEK, [0.5], "Rival").posts == 0
    assert tallies(store, [last]) == tallies(store, [THIS_WEEK], "Rival") == []


def test_a_week_begins_on_monday_in_utc() -> None:
    assert monday("2026-W48") == datetime(2026, 11, 23, tzinfo=UTC) == this_monday(NOON)
    assert monday("2026-W01") == datetime(2025, 12, 29, tzinfo=UTC)
    assert this_monday(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)) == monday("2026-W47")
    for wrong in ("2026-47", "last week", "2026-W54", "0000-W01"):
        with pytest.raises(ValueError, match="must be a week such as 2026-W47, not"):
            monday(wrong)


def test_the_known_complaints_bound_the_recall_from_above(desk: Desk) -> None:
    busy_week(desk)
    known = judged(desk.app.store, "plain@1")
    assert sorted(zip(known.truth, known.probability, strict=True)) == [(0, 0.6), (1, 0.35), (1, 0.55), (1, 0.95)]
    assert known.recall_at_most(0.5) == pytest.approx(2 / 3)
    assert judged(desk.app.store, "another@2").recall_at_most(0.5) is None
    assert not known.enough


# How right it is


def test_found_confirmed_dismissed_and_missed_are_counted_by_week_brand_and_language(desk: Desk) -> None:
    desk.clock.now = NOON - timedelta(weeks=1)
    desk.post("late again", "robert", lang="en-GB")
    desk.tick()
    answer(desk)
    desk.clock.now = NOON
    busy_week_of_another_language(desk)
    groups = tallies(desk.app.store, [THIS_WEEK - timedelta(weeks=1), THIS_WEEK])
    assert {(each.week, each.brand, each.language): each.tally for each in groups} == {
        (THIS_WEEK - timedelta(weeks=1), "Lainepost", "en"): Tally(found=1, confirmed=1),
        (THIS_WEEK, "Lainepost", "et"): Tally(found=2, confirmed=1, dismissed=1),
        (THIS_WEEK, "Lainepost", ""): Tally(found=1, missed=1),
    }


def busy_week_of_another_language(desk: Desk) -> None:
    for number, text in enumerate(["late", "never late", "waiting", "late"]):
        desk.post(text, f"user{number}", lang="en" if number < 2 else None)
    desk.tick()
    for post in (2, 3):
        score(desk, post, 0.9, language="et")  # what the model hears counts more than what the platform guesses
    answer(desk, 2)
    dismiss(desk, 3)
    desk.app.missed("4", "kadri")


def test_what_nobody_has_judged_counts_neither_for_nor_against(desk: Desk) -> None:
    busy_week(desk)
    (group,) = tallies(desk.app.store, [THIS_WEEK])
    assert group.tally == Tally(found=4, confirmed=2, dismissed=1, missed=1)
    assert group.tally.precision == pytest.approx(2 / 3)
    assert group.tally.recall_at_most == pytest.approx(2 / 3)
    assert (Tally(found=9).precision, Tally(found=9).interval, Tally().recall_at_most) == (None, (0, 1), None)


@pytest.mark.parametrize(("hits", "tries"), [(0, 1), (1, 1), (3, 4), (45, 50), (0, 200), (997, 1000)])
def test_the_interval_is_wilsons(hits: int, tries: int) -> None:
    known = binomtest(hits, tries).proportion_ci(0.95, method="wilson")
    assert wilson(hits, tries) == pytest.approx((known.low, known.high), abs=1e-4)


def test_shares_are_drawn_true_to_an_eighth_of_a_character() -> None:
    assert [bar(share) for share in (0, 0.5, 1, 1 / 64)] == [" " * 8, "████    ", "█" * 8, "▏       "]
    assert spark([0, 0.5, None, 0.99, 1]) == "▁▅·██"


# Handed on for training


def test_what_is_handed_on_is_what_training_needs_without_names_links_and_secrets(desk: Desk) -> None:
    desk.post("@anna_lp late!! see https://a.example/track?id=77, mail me@home.example, hunter2", "mari", lang="et-EE")
    desk.post("hello")
    desk.tick()
    answer(desk)
    (row,) = labelled(desk.app.store, desk.app.blot)
    assert row == {
        "text": "@user late!! see http mail me@home.example, •••",
        "lang": "et",
        "complaint": True,
        "brand": "Lainepost",
        "at": "2026-11-23T12:00:00+00:00",
    }


# At the command line

CONFIG = """
database: sqlite:///{folder}/monitor.db
state: {folder}/state
brands: [{{name: Lainepost, keywords: [Lainepost]}}]
sources: [{{name: export, type: file, path: {folder}/posts.jsonl}}]
classifier: {{type: onnx, model: {folder}/model, {way}}}
channels: {{care: {{type: console}}}}
ladders: {{default: {{target: 60m, steps: [{{after: 0m, channel: care}}]}}}}
"""


class Office:
    """A desk with a busy week behind it, and the command line on its database."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk, self.folder = desk, folder
        self.promises([Point(step / 100, 1 - step / 200, step / 100) for step in range(1, 100)])

    def promises(self, curve: list[Point]) -> None:
        small_model.write(self.folder / "model", curve=curve)

    def monitor(self, *words: str, way: str = "threshold: 0.5") -> Result:
        file = self.folder / "config.yaml"
        file.write_text(CONFIG.format(folder=self.folder, way=way))
        result = CliRunner().invoke(cli, [*words, "--config", str(file)], env={"COLUMNS": "100"})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    def says(self, *words: str, way: str = "threshold: 0.5") -> str:
        """What it prints, on one line."""
        result = self.monitor(*words, way=way)
        assert result.exit_code == OK, result.output
        return " ".join(result.stdout.split())

    def json(self, *words: str, way: str = "threshold: 0.5") -> Any:
        return json.loads(self.monitor(*words, "--json", way=way).stdout)


@pytest.fixture
def office(small_desk: Desk, tmp_path: Path) -> Office:
    small_desk.clock.now = this_monday(wall_clock()) - timedelta(days=4)
    busy_week(small_desk)
    return Office(small_desk, tmp_path)


def test_the_thresholds_are_shown_with_the_present_one_marked(office: Office) -> None:
    said = office.says("threshold")
    assert "6 posts read threshold now 0.50, by `threshold: 0.5` in the configuration" in said
    assert "missed spared" in said
    assert "of 3 of 1" in said
    assert "0.30 ██████▊ 85% ██▍ 30% 5 +1 0 0" in said
    assert "▸ 0.50 ██████ 75% ████ 50% 4 now 1 0" in said
    assert "0.70 █████▎ 65% █████▋ 70% 2 -2 2 1" in said
    assert "Some of these posts were read by plain@1" in said


def test_a_floor_of_recall_marks_the_threshold_that_keeps_it(office: Office) -> None:
    said = office.says("threshold", way="recall: 0.83")
    assert "threshold now 0.34, by `recall: 0.83` in the configuration" in said
    assert "▸ 0.34" in said
    found = office.json("threshold", way="recall: 0.83")
    assert (found["threshold"], found["posts"], found["complaints"], found["dismissed"]) == (0.34, 6, 3, 1)
    now = next(choice for choice in found["choices"] if choice["threshold"] == 0.34)
    assert now == {
        "threshold": 0.34, "recall": 0.83, "precision": 0.34,
        "alerts": 5, "against_now": 0, "missed": 0, "spared": 0,
    }  # fmt: skip


def test_the_check_of_the_configuration_tells_the_threshold_or_why_there_is_none(office: Office) -> None:
    assert "✓ threshold: 0.09;" in office.says("check", way="miss_costs: 10")
    office.promises([])
    result = office.monitor("check", way="recall: 0.9")
    assert result.exit_code == MISCONFIGURED
    assert "this model brings no curve" in result.stderr


def test_a_model_without_a_curve_still_shows_what_each_threshold_would_have_meant(office: Office) -> None:
    office.promises([])
    said = office.says("threshold")
    assert "The model brings no curve" in said
    assert "▸ 0.50 ██████▍ 4 now 1 0" in said
    assert office.json("threshold")["choices"][0]["recall"] is None


def test_a_week_that_nobody_has_judged_and_one_without_posts_say_so(office: Office) -> None:
    post = office.desk.post("late!", "another", ago=7 * 24 * 60)
    office.desk.tick(1)
    week = f"{post.posted_at:%G-W%V}"
    assert "Nobody has judged that week's posts" in office.says("threshold", "--week", week)
    said = office.says("threshold", "--week", "2024-W01")
    assert "2024-W01, 1 to 7 January: 0 posts read" in said
    assert "0.70 █████▎ 65% █████▋ 70% 0" in said
    assert "No post of that week has been read: try another" in said
    office.promises([])
    assert "0.70" not in office.says("threshold", "--week", "2024-W01")


def test_a_floor_that_is_not_kept_is_told_once_the_team_has_judged_enough(office: Office) -> None:
    desk, known = office.desk, office.monitor("threshold").stdout
    assert "so far" not in known
    many = range(7, 7 + 220)
    for number in many:
        desk.post(f"late {number}", f"customer {number}")
    desk.tick(after=1)
    with desk.app.store.read() as connection:
        case_of = dict(connection.execute(select(mentions.c.id, mentions.c.case_id)).all())
    for number in many:
        (answer if number % 2 else dismiss)(desk, case_of[number])
    name = office.json("threshold")["model"]
    with desk.app.store.write() as connection:
        connection.execute(feedback.update().values(model=name))
        connection.execute(
            feedback.update().where(feedback.c.mention_id % 22 == 1, feedback.c.is_complaint).values(complaint=0.2)
        )
    said = office.says("threshold", way="recall: 0.95")
    assert "threshold now 0.10" in said
    assert "the present threshold finds 100%: at most that." in said
    assert "is not kept" not in said
    said = office.says("threshold", way="recall: 0.83")
    assert "the present threshold finds 90%: at most that." in said
    office.promises([Point(0.5, 0.96, 0.7)])
    said = office.says("threshold", way="recall: 0.95")
    assert "The floor of 95% is not kept here: set `threshold: 0.2`, or train with the feedback." in said


def test_the_quality_is_shown_by_brand_language_and_week_and_what_is_unknown_is_said(office: Office) -> None:
    said = office.says("quality", "--weeks", "2")
    assert "all 4 2 1 1 67% (21–94) ▆·" in said
    assert "brand Lainepost 4 2 1 1 67% (21–94) ▆·" in said
    assert "language not known 4 2 1 1" in said
    assert "can't be known from this" in said
    assert "at most 67% (2 of 3 known)" in said
    found = office.json("quality", "--weeks", "2")
    assert found["all"]["precision_between"] == [0.2077, 0.9385]
    assert list(found["weeks"].values())[1]["precision"] is None


def test_weeks_without_posts_are_told_in_a_line(office: Office) -> None:
    this = f"{wall_clock():%G-W%V}"
    assert office.says("quality", "--weeks", "1") == f"No post from {this} to {this} has been read."


def test_as_long_as_nobody_told_of_a_missed_one_the_quality_says_how_to(office: Office) -> None:
    with office.desk.app.store.write() as connection:
        connection.execute(feedback.delete().where(feedback.c.how == "missed"))
    assert "Tell of one with `missed`." in office.says("quality")


def test_a_case_is_dismissed_in_one_way_and_the_lesson_is_kept(office: Office) -> None:
    result = office.monitor("dismiss", "5", "--not-ours", "--duplicate")
    assert result.exit_code == MISCONFIGURED
    assert "can't be not ours and duplicate at once" in " ".join(result.stderr.split())
    assert office.says("dismiss", "4", "--not-a-complaint", "--by", "kadri") == "Case 4 is dismissed."
    assert told(office.desk)[-1] == (5, "dismissed")
    assert office.json("show", "4")["timeline"][-1]["detail"] == {"kind": "not_a_complaint"}


def test_a_missed_complaint_is_told_at_the_command_line(office: Office) -> None:
    assert office.says("missed", "6", "--by", "kadri") == "Case 6 is open."
    assert "kadri told of it: it had been let pass" in office.says("show", "6")
    result = office.monitor("missed", "6", "--by", "kadri")
    assert (result.exit_code, result.stderr) == (FAILED, "Not done: post 6 was found: it is in case 6.\n")


def test_the_judged_posts_are_written_for_training_with_a_word_of_warning(office: Office) -> None:
    file = office.folder / "judged.jsonl"
    result = office.monitor("feedback", "export", str(file))
    assert result.exit_code == OK
    assert result.stderr.startswith(f"{file}: 4 posts, 3 of them complaints.\n")
    assert "personal data" in result.stderr
    rows = [json.loads(row) for row in file.read_text("utf-8").splitlines()]
    assert [(row["text"], row["complaint"]) for row in rows] == [
        ("late 1", True), ("late 2", True), ("never late", False), ("waiting", True),
    ]  # fmt: skip
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("threshold", "--brand", "Lainepst"), "there is no brand 'Lainepst'; did you mean 'Lainepost'?"),
        (("quality", "--brand", "Rival"), "there is no brand 'Rival'; known: Lainepost"),
        (("feedback", "export", "x.jsonl", "--brand", "Rival"), "there is no brand 'Rival'"),
        (("threshold", "--week", "last"), "must be a week such as 2026-W47"),
        (("quality", "--weeks", "0"), "greater than or equal to 1"),
    ],
)
def test_a_slip_of_the_fingers_is_told_in_words(office: Office, words: tuple[str, ...], told: str) -> None:
    result = office.monitor(*words)
    assert result.exit_code == MISCONFIGURED
    assert told in " ".join(result.stderr.replace("│", " ").split())


def test_a_file_that_cannot_be_written_is_told_in_one_line(office: Office) -> None:
    result = office.monitor("feedback", "export", "/proc/nowhere")
    assert (result.exit_code, result.stderr) == (FAILED, "/proc/nowhere: No such file or directory\n")
