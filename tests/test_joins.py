"""One customer, several threads: one case, answered in any of them, which can be split and joined again."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from alerts import case as moves
from alerts.base import Alert
from alerts.case import Case, NotAllowed, State, Stop
from connectors.base import Mention
from monitor.schema import cases, likenesses, mentions, verdicts
from tests.databases import fresh
from tests.desk import NOON, Desk, minutes
from tests.test_cli import OK, Office

SAME = "my parcel number 4711 is late again and nobody at the depot answers the phone"


def elsewhere(desk: Desk, text: str, author: str, platform: str = "forum", **more: Any) -> Mention:
    """Somebody posts on another platform that the same source brings."""
    post = desk.post(text, author, **more)
    moved = Mention(**{name: getattr(post, name) for name in post.__slots__} | {"platform": platform})
    desk.platform.posts[-1] = moved
    return moved


def test_who_complains_twice_has_one_case_with_both_links(desk: Desk) -> None:
    desk.post("my parcel is late", "mari", ago=10)
    desk.tick()
    desk.clock.forward(5)
    desk.post("still late, and the locker is broken", "Mari")
    desk.tick()
    assert desk.case.posted_at == NOON - minutes(10)
    assert desk.paper("care").keys == ["case:1:1:0"]
    shown = desk.paper("care").letters[0].shown[-1]
    assert isinstance(shown, Alert)
    assert [complaint.mention.url for complaint in shown.complaints] == [
        "https://chat.example/p1",
        "https://chat.example/p2",
    ]
    assert "joined" in desk.kinds()


def test_two_complaints_that_are_found_together_are_one_case_too(desk: Desk) -> None:
    desk.post("late", "mari", ago=3)
    desk.post("late!", "mari", ago=8)
    desk.post("broken", "jaan")
    desk.tick()
    assert {story.case.author: len(story.complaints) for story in desk.stories} == {"mari": 2, "jaan": 1}
    mari = next(story.case for story in desk.stories if story.case.author == "mari")
    assert mari.posted_at == NOON - minutes(8)
    assert mari.respond_by == NOON + minutes(52)


NET = "the internet is broken in the whole street since noon and support does not answer"
NET_TOO = "since noon the internet is broken here, the whole street, and nobody at your support picks up"
OTHERS = "no connection at all, my router shows a red lamp, this is broken"
PARCEL = "my parcel never came and it is late again, where is the courier"


@pytest.mark.parametrize(
    ("author", "other", "text", "again", "apart", "one"),
    [
        # the same account name says near the same thing
        ("mari_maasikas", "Mari-Maasikas.bsky.social", NET, NET_TOO, 600, True),
        ("@kristjan", "u/Kristjan", NET, NET_TOO, 60, True),
        # a name that hardly two people share, the same topic, within the hour
        ("mari_maasikas", "mari-maasikas.bsky.social", NET, OTHERS, 60, True),
        ("kala1234", "kala_1234", NET, OTHERS, 60, True),
        # a first name is anybody's, whatever the hour and the topic
        ("anna", "anna", NET, OTHERS, 5, False),
        ("anna", "anna", NET, NET_TOO, 5, False),
        ("kristjan", "kristjan", NET, OTHERS, 5, False),
        ("margarita", "margarita", NET, OTHERS, 5, False),
        ("Anna T", "anna_t", NET, OTHERS, 5, False),
        # the same rare name, but another matter, or another day
        ("mari_maasikas", "mari_maasikas", NET, PARCEL, 5, False),
        ("mari_maasikas", "mari_maasikas", NET, OTHERS, 200, False),
        ("mari_maasikas", "mari_maasikas", NET, NET_TOO, 24 * 60 + 1, False),
        # names that only look the same, or are none
        ("mari_maasikas", "m\u0430ri_maasikas", NET, NET_TOO, 5, False),
        ("marimaasikas", "marimaasik", NET, OTHERS, 5, False),
        ("_____", "-----", NET, NET_TOO, 5, False),
        ("", "", NET, NET_TOO, 5, False),
        # so short a text says nothing
        ("kristjan", "kristjan", "it is broken", "it is broken", 5, False),
    ],
)
def test_two_people_are_never_joined_for_a_name_alone(
    tmp_path: Path, author: str, other: str, text: str, again: str, apart: int, *, one: bool
) -> None:
    desk = at_two_topics(tmp_path)
    desk.post(text, author, ago=apart)
    desk.tick()
    elsewhere(desk, again, other)
    desk.tick(1)
    assert len(desk.stories) == (1 if one else 2)


def test_in_a_feed_anybody_may_go_by_any_name(tmp_path: Path) -> None:
    desk = at_two_topics(tmp_path)
    for number, text in enumerate((NET, PARCEL, OTHERS, NET_TOO), 1):
        elsewhere(desk, text, "Mari", platform="rss")
        desk.tick(1)
        assert len(desk.stories) == number
    elsewhere(desk, "my internet is broken as well, what is going on", "Mari Maasikas", platform="rss")
    elsewhere(desk, "still no internet, nothing but a broken promise", "mari.maasikas", platform="rss")
    desk.tick(1)
    assert [len(story.complaints) for story in desk.stories] == [1, 1, 1, 1, 2]


def at_two_topics(folder: Path) -> Desk:
    desk = Desk(fresh(folder), folder)
    topics = {"outage": ("internet", "router"), "delivery": ("parcel",)}
    desk.config = replace(desk.config, brands={"Lainepost": replace(desk.config.brands["Lainepost"], topics=topics)})
    desk.restart()
    return desk


def test_the_same_words_on_another_platform_join_the_case(small_desk: Desk) -> None:
    small_desk.post(SAME, "mari")
    elsewhere(small_desk, SAME + " http://example.com/1", "somebody else")
    elsewhere(small_desk, SAME.replace("4711", "4712"), "yet another")
    small_desk.tick()
    assert sorted(len(story.complaints) for story in small_desk.stories) == [1, 2]


def test_a_day_later_it_is_another_matter(small_desk: Desk) -> None:
    small_desk.post("late", "mari")
    small_desk.tick()
    small_desk.clock.forward(24 * 60 + 1)
    small_desk.post("late", "mari")
    small_desk.tick()
    assert len(small_desk.stories) == 2


@pytest.mark.parametrize("answered", [0, 1])
def test_a_reply_in_either_thread_answers_the_case(desk: Desk, answered: int) -> None:
    posts = [desk.post("late", "mari"), desk.post("late here too", "mari")]
    desk.tick()
    desk.clock.forward(5)
    desk.post("sorry!", "lainepost", thread=posts[answered].thread_id, reply_to=posts[answered].external_id)
    desk.tick()
    assert (desk.case.state, desk.case.stopped_at) == (State.ANSWERED, NOON + minutes(5))


def test_a_reply_that_was_seen_before_the_second_complaint_answers_it(desk: Desk) -> None:
    desk.post("late", "mari", thread="a", ago=20)
    desk.tick()
    desk.post("sorry!", "lainepost", thread="b", reply_to="second", ago=5)
    desk.tick()
    assert desk.case.state is State.OPEN
    desk.post("late, as I said", "mari", thread="b", external_id="second", ago=10)
    desk.tick(1)
    assert (desk.case.state, desk.case.stopped_by) == (State.ANSWERED, Stop.BRAND_REPLY)
    assert desk.case.stopped_at == NOON - minutes(5)


def test_a_complaint_after_the_answer_is_not_taken_for_answered(desk: Desk) -> None:
    first = desk.post("late", "mari", thread="a", ago=20)
    desk.post("broken too", "mari", thread="b", ago=2)
    desk.tick()
    desk.post("sorry!", "lainepost", thread="a", reply_to=first.external_id, ago=10)
    desk.tick(1)
    assert (desk.case.state, desk.case.round, desk.case.posted_at) == (State.OPEN, 2, NOON - minutes(2))


def test_after_an_answer_a_new_thread_has_a_new_case(desk: Desk) -> None:
    first = desk.post("late", "mari", thread="a")
    desk.tick()
    desk.post("sorry!", "lainepost", thread="a", reply_to=first.external_id)
    desk.tick(1)
    desk.clock.forward(5)
    desk.post("and another one is late", "mari", thread="b")
    desk.tick()
    assert [story.case.state for story in desk.stories] == [State.OPEN, State.ANSWERED]


def test_a_dismissed_case_takes_nothing_in(desk: Desk) -> None:
    desk.post("late", "mari", thread="a", ago=5)
    desk.tick()
    desk.app.act(1, lambda case, now: moves.dismiss(case, "kati", now))
    desk.post("really late", "mari", thread="b", ago=3)
    desk.tick(1)
    assert [story.case.state for story in desk.stories] == [State.OPEN, State.DISMISSED]


def test_one_post_deleted_leaves_the_other(desk: Desk) -> None:
    desk.post("late", "mari", thread="a")
    second = desk.post("late there too", "mari", thread="b")
    desk.tick()
    desk.platform.gone.add(second.external_id)
    desk.tick(60 * 25)
    assert desk.case.waiting
    desk.platform.gone.add("p1")
    desk.tick(60 * 25)
    assert desk.case.state is State.WITHDRAWN
    with desk.app.store.read() as connection:
        assert connection.scalars(select(likenesses.c.mention_id)).all() == []


def test_before_the_last_step_every_thread_is_asked(small_desk: Desk) -> None:
    small_desk.post("late", "mari", thread="a")
    small_desk.post("late", "mari", thread="b")
    small_desk.tick()
    small_desk.tick(58)
    assert sorted(small_desk.platform.threads_asked) == ["a", "b"]


def test_what_was_joined_can_be_split_and_joined_again(desk: Desk) -> None:
    desk.post("late", "mari", thread="a", ago=30)
    desk.tick()
    desk.post("broken", "mari", thread="b", ago=40)
    desk.tick(1)
    before = picture(desk)
    new = desk.app.split(1, "2", "kati")
    assert (new.thread_id, new.posted_at, new.state) == ("b", NOON - minutes(40), State.OPEN)
    assert case(desk, 1).posted_at == NOON - minutes(30)
    assert (desk.kinds()[-1], desk.kinds(2)[-1]) == ("split", "split_off")
    desk.tick(1)
    assert "case:2:1:0" in desk.paper("care").keys
    desk.app.join(1, 2, "kati")
    assert picture(desk) == before
    assert case(desk, 2).state is State.DISMISSED
    again = desk.app.split(1, "2", "kati")
    assert (again.id, again.state) == (2, State.OPEN)


def test_each_half_is_answered_by_the_replies_in_its_own_threads(desk: Desk) -> None:
    desk.post("late", "mari", thread="a", ago=30)
    second = desk.post("broken", "mari", thread="b", ago=20)
    desk.tick()
    desk.post("sorry!", "lainepost", thread="b", reply_to=second.external_id, ago=5)
    desk.tick(1)
    before = picture(desk)
    assert case(desk, 1).state is State.ANSWERED
    desk.app.split(1, "2", "kati")
    assert (case(desk, 1).state, case(desk, 2).state) == (State.OPEN, State.ANSWERED)
    desk.app.join(1, 2, "kati")
    assert picture(desk) == before


def test_what_can_not_be_split_or_joined_is_said(small_desk: Desk) -> None:
    small_desk.post("late", "mari", thread="a")
    small_desk.post("late", "jaan", thread="b")
    small_desk.tick()
    for act, why in (
        (lambda: small_desk.app.split(1, "1", "kati"), "in the thread that case 1 began with"),
        (lambda: small_desk.app.split(1, "2", "kati"), "post 2 is no customer's post of case 1"),
        (lambda: small_desk.app.split(9, "2", "kati"), "there is no case 9"),
        (lambda: small_desk.app.split(1, "nothing", "kati"), "no post is kept under 'nothing'"),
        (lambda: small_desk.app.join(1, 1, "kati"), "to itself"),
        (lambda: small_desk.app.join(1, 9, "kati"), "there is no case 9"),
    ):
        with pytest.raises(NotAllowed, match=why):
            act()


def test_the_commands_split_and_join(tmp_path: Path) -> None:
    office = Office(tmp_path)
    rows = [{"id": "p1", "author": "mari", "text": SAME}, {"id": "p2", "author": "mari", "text": f"again: {SAME}"}]
    office.posts.write_text("".join(json.dumps(row) + "\n" for row in rows))
    office.monitor("tick")
    done = office.monitor("split", "1", "p2", "--by", "kati")
    assert (done.exit_code, done.stdout) == (OK, "Case 2 is open; it was part of case 1.\n")
    done = office.monitor("join", "1", "2", "--by", "kati")
    assert (done.exit_code, done.stdout) == (OK, "Case 1 is open, with all of case 2.\n")
    assert "kati joined it to case 1" in office.monitor("show", "2").stdout


def case(desk: Desk, case_id: int) -> Case:
    return next(story.case for story in desk.stories if story.case.id == case_id)


def picture(desk: Desk) -> tuple[Any, ...]:
    """Case 1 as far as people can tell."""
    held = case(desk, 1)
    with desk.app.store.read() as connection:
        posts = connection.scalars(select(mentions.c.id).where(mentions.c.case_id == 1).order_by(mentions.c.id)).all()
    return held.state, held.posted_at, held.respond_by, held.stopped_at, held.stopped_by, posts


# whatever is posted, in whatever order it is found

POSTS = st.lists(
    st.tuples(
        st.sampled_from(["mari", "marimaasikas", "jaan", "lainepost"]),
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 50),
        st.sampled_from(["late", "broken", SAME, "thanks"]),
    ),
    min_size=1,
    max_size=7,
)


@given(posts=POSTS, data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_post_is_lost_and_nobody_waits_without_a_case(
    posts: list[tuple[str, str, int, str]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        desk = Desk(fresh(Path(folder)), Path(folder))
        order = data.draw(st.permutations(list(enumerate(posts))))
        size = data.draw(st.integers(1, 3))
        for start in range(0, len(order), size):
            for number, (author, thread, ago, text) in order[start : start + size]:
                desk.post(text, author, thread=thread, ago=ago, external_id=f"p{number}")
            desk.tick()
        everybody_has_a_case(desk)
        joined = _joined(desk)
        if joined:
            case_id, post_id = data.draw(st.sampled_from(joined))
            before = _of(desk, case_id)
            new = desk.app.split(case_id, str(post_id), "kati")
            everybody_has_a_case(desk)
            if case(desk, case_id).round == 1 and new.state is not State.DISMISSED:
                desk.app.join(case_id, new.id, "kati")
                everybody_has_a_case(desk)
                assert _of(desk, case_id) == before
        desk.app.close()


def _joined(desk: Desk) -> list[tuple[int, int]]:
    """Posts that could be split off: complaints in another thread than the one their case began with."""
    with desk.app.store.read() as connection:
        rows = connection.execute(
            select(mentions.c.id, mentions.c.case_id)
            .join(cases, cases.c.id == mentions.c.case_id)
            .join(verdicts, verdicts.c.mention_id == mentions.c.id)
            .where(mentions.c.thread_id != cases.c.thread_id, verdicts.c.is_complaint, ~mentions.c.by_brand)
        )
        return [(row.case_id, row.id) for row in rows]


def _of(desk: Desk, case_id: int) -> Any:
    held = case(desk, case_id)
    with desk.app.store.read() as connection:
        posts = connection.scalars(select(mentions.c.id).where(mentions.c.case_id == case_id, ~mentions.c.by_brand))
        return held.waiting, held.round, held.posted_at, held.stopped_at, sorted(posts)


def everybody_has_a_case(desk: Desk) -> None:
    """Each complaint is in a case that waits, or that was answered after it."""
    with desk.app.store.read() as connection:
        rows = connection.execute(
            select(mentions.c.posted_at, cases.c.state, cases.c.stopped_at, cases.c.posted_at.label("since"))
            .select_from(mentions)
            .join(verdicts, verdicts.c.mention_id == mentions.c.id)
            .outerjoin(cases, cases.c.id == mentions.c.case_id)
            .where(verdicts.c.is_complaint)
        ).all()
    for row in rows:
        assert row.state is not None
        moment: datetime = row.posted_at
        assert row.state in ("open", "claimed") or (row.state == "answered" and row.stopped_at >= moment)
