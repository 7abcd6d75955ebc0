"""Many posts read together: each means what it would have meant alone, and nothing that comes meanwhile is lost."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from alerts.case import State
from classifiers.base import Verdict
from connectors.base import Mention
from monitor.app import App
from monitor.queries import story
from monitor.schema import cases, mentions, outbox
from tests.databases import fresh
from tests.desk import NOON, Desk, Plain, minutes


class Interrupted(Plain):
    """A classifier during whose first batch something else happens."""

    def __init__(self, happens: Callable[[], Any]) -> None:
        super().__init__()
        self._happens: list[Callable[[], Any]] = [happens]

    def classify(self, texts: Sequence[str]) -> list[Verdict]:
        verdicts = super().classify(texts)
        while self._happens:
            self._happens.pop()()
        return verdicts


def test_a_second_complaint_in_the_same_batch_extends_the_case_of_the_first(desk: Desk) -> None:
    desk.post("late!", thread="t", ago=5)
    desk.post("and broken", thread="t", ago=4)
    desk.tick()
    (letter,) = desk.paper("care").letters
    assert [post.mention.text for post in letter.shown[-1].complaints] == ["late!", "and broken"]  # type: ignore[union-attr]
    assert sorted(desk.kinds()) == ["alerted", "complained", "detected", "escalated", "wrote_again"]


def test_what_a_customer_wrote_before_complaining_is_no_part_of_the_case(desk: Desk) -> None:
    desk.post("hello, Lainepost", thread="t", ago=5)
    desk.post("late!", thread="t", ago=4)
    desk.post("hello?", thread="t", ago=3)
    desk.tick()
    (found,) = desk.stories
    assert [post.mention.text for post in found.complaints] == ["late!", "hello?"]


def test_a_whole_conversation_in_one_batch_ends_as_it_would_have_day_by_day(desk: Desk) -> None:
    first = desk.post("late!", thread="t", ago=50)
    desk.post("Sorry!", "lainepost", thread="t", reply_to=first.external_id, ago=40)
    desk.post("mine is late too", "jaan", thread="t", ago=30)
    desk.post("still late!", thread="t", ago=20)
    desk.post("thanks, all well", "kati", thread="u", ago=10)
    desk.tick()
    found = {story.case.author: story.case for story in desk.stories}
    assert {name: (case.state, case.round) for name, case in found.items()} == {
        "mari": (State.OPEN, 2),
        "jaan": (State.OPEN, 1),
    }
    assert found["mari"].posted_at == NOON - minutes(20)


def test_of_two_replies_found_with_the_complaint_the_first_stops_the_clock(desk: Desk) -> None:
    desk.post("late!", thread="t", ago=30)
    desk.post("Sorry!", "lainepost", thread="t", reply_to="p1", ago=20)
    desk.post("It is on its way", "lainepost", thread="t", reply_to="p1", ago=10)
    desk.tick()
    assert desk.case.stopped_at == NOON - minutes(20)
    assert desk.kinds() == ["complained", "brand_reply", "detected"]


def test_threads_of_two_platforms_are_two_threads_though_their_ids_are_the_same(desk: Desk) -> None:
    desk.post("late!", "mari", thread="t", ago=9)
    for text, author, ago in [("late!", "jaan", 8), ("Sorry!", "lainepost", 5)]:
        write(desk, "forum", text=text, author=author, thread="t", ago=ago)
    desk.tick()
    assert {story.case.author: story.case.state for story in desk.stories} == {
        "mari": State.OPEN,
        "jaan": State.ANSWERED,
    }


def test_an_edit_that_comes_while_its_batch_is_read_is_read_too(desk: Desk) -> None:
    post = desk.post("late!")
    desk.post("broken!", "jaan")

    def edited() -> None:
        desk.clock.forward(1)
        desk.platform.posts.append(replace(post, text="all is well, thank you"))
        desk.app.collect("chat")

    desk.app.collect("chat")
    desk.app.__dict__["classifier"] = Interrupted(edited)
    desk.app.triage()
    assert desk.case.author == "jaan"
    desk.app.triage()
    assert desk.case.author == "jaan"
    assert desk.app.classifier.seen[-1] == "all is well, thank you"  # type: ignore[attr-defined]


def test_two_processes_that_read_the_same_posts_open_one_case_each(desk: Desk) -> None:
    desk.post("late!")
    desk.post("broken!", "jaan")
    desk.app.collect("chat")
    other = App(desk.config, desk.clock)
    desk.app.__dict__["classifier"] = Interrupted(other.triage)
    desk.app.triage()
    other.close()
    assert [desk.kinds(case_id) for case_id in (1, 2)] == [["complained", "detected"]] * 2
    assert len(desk.stories) == 2


def test_a_post_whose_case_can_not_be_read_is_set_aside_and_the_others_of_its_batch_are_settled(desk: Desk) -> None:
    desk.post("late!", thread="t")
    desk.tick()
    with desk.app.store.write() as connection:
        connection.execute(update(cases).values(state="nonsense"))
    desk.post("broken!", "jaan")
    desk.post("still late!", thread="t")
    desk.post("late as well", "kati")
    desk.clock.forward(1)
    desk.app.collect("chat")
    outcome = desk.app.triage()
    assert len(outcome.failures) == 1
    assert "mention 3" in outcome.failures[0]
    with desk.app.store.write() as connection:
        connection.execute(update(cases).where(cases.c.id == 1).values(state="open"))
    assert [story.case.author for story in desk.stories] == ["mari", "jaan", "kati"]
    desk.clock.forward(1)
    desk.app.triage()
    assert len(desk.stories[0].complaints) == 2


POSTS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.sampled_from(["late!", "hello", "@mari sorry"]),
            "author": st.sampled_from(["mari", "jaan", "lainepost", ""]),
            "thread": st.sampled_from(["p1", "p2", "p3"]),
            "reply_to": st.none() | st.sampled_from(["p1", "p2", "p3", "p4", "p5"]),
            "ago": st.integers(0, 4),
            "platform": st.sampled_from(["chat", "chat", "forum"]),
        }
    ),
    max_size=10,
)


@given(first=POSTS, second=POSTS, edited=st.sets(st.integers(0, 9), max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_posts_mean_the_same_together_as_one_by_one(
    tmp_path_factory: pytest.TempPathFactory,
    first: list[dict[str, Any]],
    second: list[dict[str, Any]],
    edited: set[int],
) -> None:
    ends = []
    for read in (together, one_by_one):
        folder = tmp_path_factory.mktemp("batch")
        desk = Desk(fresh(folder), folder)
        known = [write(desk, **post) for post in first]
        read(desk)
        desk.platform.posts += [replace(known[place], text="so late") for place in edited if place < len(known)]
        for post in second:
            write(desk, **post)
        read(desk)
        ends.append(everything(desk))
        desk.app.close()
    assert ends[0] == ends[1]


def write(desk: Desk, platform: str, **post: Any) -> Mention:
    mention = replace(desk.post(**post), platform=platform)
    desk.platform.posts[-1] = mention
    return mention


def together(desk: Desk) -> None:
    desk.clock.forward(5)
    desk.app.collect("chat")
    assert desk.app.triage().failures == ()
    desk.app.escalate()


def one_by_one(desk: Desk) -> None:
    desk.clock.forward(5)
    desk.app.collect("chat")
    waiting = select(mentions.c.id).where(mentions.c.triage_at.is_not(None))
    with desk.app.store.write() as connection:
        queue = connection.scalars(waiting.order_by(mentions.c.posted_at, mentions.c.id)).all()
        connection.execute(update(mentions).where(mentions.c.id.in_(queue)).values(triage_at=NOON + timedelta(days=9)))
    for mention_id in queue:
        with desk.app.store.write() as connection:
            its_turn = update(mentions).where(mentions.c.id == mention_id).values(triage_at=desk.clock())
            connection.execute(its_turn)
        assert desk.app.triage().done == 1
    desk.app.escalate()


def everything(desk: Desk) -> list[object]:
    """The cases with their posts and timelines, and what is to be said of them."""
    with desk.app.store.read() as connection:
        said = connection.execute(select(outbox.c.key, outbox.c.channel).order_by(outbox.c.key)).all()
        parts = connection.execute(select(mentions.c.id, mentions.c.case_id, mentions.c.recheck_at)).all()
    return [*(story(desk.app.store, found.case.id) for found in desk.stories), said, parts]
