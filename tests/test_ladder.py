"""The ladder, whatever happens on it: nothing skipped, nothing repeated, and the last step comes at its time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from alerts import case as moves
from alerts.base import Permanent, Transient, Unknown
from alerts.case import Case, Move, NotAllowed, State
from alerts.ladder import Ladder, Step, decide, rungs
from connectors.base import Mention
from monitor.queries import story
from tests.databases import fresh
from tests.desk import DEFAULT_LADDER, NOON, Desk, Paper, minutes

WHO = st.sampled_from(["kadri", "jaan"])
LADDERS = st.lists(st.integers(0, 300), min_size=1, max_size=6, unique=True).map(
    lambda times: Ladder(
        target=minutes(60), steps=tuple(Step(after=minutes(time), channel="care") for time in sorted(times))
    )
)


def opened(at: datetime = NOON) -> Case:
    return Case(
        id=1, brand="Lainepost", platform="chat", thread_id="t", author="mari",
        posted_at=at, detected_at=at, respond_by=at + minutes(60), check_at=at,
    )  # fmt: skip


ACTS: dict[str, Callable[[Case, str, datetime, int], Move]] = {
    "claim": lambda case, who, now, _: moves.claim(case, who, now),
    "assign": lambda case, who, now, _: moves.assign(case, who, now, "liis"),
    "answer": lambda case, who, now, _: moves.answer(case, who, now),
    "dismiss": lambda case, who, now, _: moves.dismiss(case, who, now),
    "snooze": lambda case, who, now, length: moves.snooze(case, who, now, now + minutes(length)),
    "reopen": lambda case, who, now, _: moves.reopen(case, who, now),
    "complain again": lambda case, who, now, _: moves.complain_again(case, now, now, now + minutes(60)),
}
HISTORY = st.lists(
    st.tuples(st.sampled_from([*ACTS, "look", "look", "look"]), st.integers(-60, 120), WHO, st.integers(1, 400)),
    max_size=30,
)


@given(ladder=LADDERS, history=HISTORY)
@settings(max_examples=250, deadline=None)
def test_whatever_happens_each_step_is_passed_once_in_its_order(
    ladder: Ladder, history: list[tuple[str, int, str, int]]
) -> None:
    case, now = opened(), NOON
    last = len(ladder.steps) - 1
    passed: list[int] = []
    for act, jump, who, length in history:
        now += minutes(jump)
        if act != "look":
            if act == "complain again" and case.waiting:
                continue
            try:
                case, _ = ACTS[act](case, who, now, length)
            except NotAllowed:
                continue
            passed = [] if act == "complain again" else passed
            continue
        decision = decide(case, ladder, now)
        new = sorted([*decision.fire, *decision.silenced])
        assert list(decision.fire) == sorted(decision.fire)
        if not case.waiting:
            assert (new, decision.check_at, decision.level) == ([], None, case.level)
            continue
        assert new == list(range(case.level, decision.level))
        assert all(case.posted_at + ladder.steps[index].after <= now for index in new)
        assert not decision.silenced or (case.state is State.CLAIMED and last not in decision.silenced)
        if case.state is State.CLAIMED:
            assert set(decision.fire) <= {last}
        if now >= case.posted_at + ladder.steps[last].after:
            assert decision.level == len(ladder.steps)
        case = replace(case, level=decision.level, check_at=decision.check_at)
        passed += new
        assert passed == list(range(case.level))
        if case.check_at is None:
            assert case.level == len(ladder.steps)
        else:
            assert now < case.check_at == rungs(case, ladder)[case.level].due
            assert case.check_at <= case.posted_at + ladder.steps[last].after
            sooner = decide(case, ladder, case.check_at - timedelta(microseconds=1))
            assert (sooner.fire, sooner.silenced) == ((), ())
            assert decide(case, ladder, case.check_at).level > case.level
        again = decide(case, ladder, now)
        assert (again.fire, again.silenced, again.level, again.check_at) == ((), (), case.level, case.check_at)


@given(ladder=LADDERS, looks=st.lists(st.integers(0, 400), max_size=20))
@settings(max_examples=120, deadline=None)
def test_looking_seldom_or_often_or_with_a_jumping_clock_fires_the_same_steps(ladder: Ladder, looks: list[int]) -> None:
    case = opened()
    fired: list[int] = []
    for look in [*looks, 400]:
        decision = decide(case, ladder, NOON + minutes(look))
        fired += decision.fire
        case = replace(case, level=decision.level, check_at=decision.check_at)
    assert fired == list(range(len(ladder.steps)))


@given(ladder=LADDERS, at=st.integers(0, 300), length=st.integers(1, 10_000))
@settings(max_examples=120, deadline=None)
def test_a_snooze_holds_back_nudges_and_never_the_last_step(ladder: Ladder, at: int, length: int) -> None:
    case, _ = moves.snooze(opened(), "kadri", NOON + minutes(at), NOON + minutes(at + length))
    dues = [rung.due for rung in rungs(case, ladder)]
    assert dues == sorted(dues)
    assert dues[-1] == NOON + ladder.steps[-1].after
    assert all(due >= NOON + step.after for due, step in zip(dues, ladder.steps, strict=True))
    assert all(due <= max(NOON + minutes(at + length), NOON + step.after)
               for due, step in zip(dues, ladder.steps, strict=True))  # fmt: skip


def test_a_case_is_given_to_a_colleague_whoever_had_it_before() -> None:
    taken, _ = moves.claim(opened(), "kadri", NOON)
    for case in (opened(), taken):
        given, event = moves.assign(case, "jaan", NOON, "liis")
        assert (given.state, given.assignee, given.version) == (State.CLAIMED, "liis", case.version + 1)
        assert (event.kind, event.actor, event.detail) == ("assigned", "jaan", {"to": "liis"})
        assert decide(given, DEFAULT_LADDER, NOON + minutes(50)).silenced == (0, 1, 2)


def test_a_case_is_not_given_to_who_has_it_nor_once_it_is_settled() -> None:
    given, _ = moves.assign(opened(), "jaan", NOON, "liis")
    with pytest.raises(NotAllowed, match="already claimed by liis"):
        moves.assign(given, "kadri", NOON, "liis")
    settled, _ = moves.answer(given, "liis", NOON)
    with pytest.raises(NotAllowed, match="is answered and can't be assigned"):
        moves.assign(settled, "kadri", NOON, "jaan")


def test_a_ladder_that_grew_shorter_and_longer_again_repeats_no_step() -> None:
    case = replace(opened(), level=4)
    short = Ladder(target=minutes(60), steps=DEFAULT_LADDER.steps[:2])
    decision = decide(case, short, NOON + minutes(90))
    case = replace(case, level=decision.level)
    assert decide(case, DEFAULT_LADDER, NOON + minutes(90)).fire == ()


@pytest.mark.parametrize("minute", [0, 29, 30, 44, 45, 59, 60, 61])
def test_the_reason_of_a_decision_is_said_in_words(minute: int) -> None:
    decision = decide(opened(), DEFAULT_LADDER, NOON + minutes(minute))
    assert decision.reason in (
        "step 2 of 4 is due 2026-11-23T12:30:00+00:00",
        "step 3 of 4 is due 2026-11-23T12:45:00+00:00",
        "step 4 of 4 is due 2026-11-23T13:00:00+00:00",
        "the ladder is climbed to its end",
    )
    settled, _ = moves.answer(opened(), "kadri", NOON)
    assert decide(settled, DEFAULT_LADDER, NOON + minutes(minute)).reason == "the case is answered"


TROUBLE: dict[str, Callable[[], Exception]] = {
    "unknown": lambda: Unknown("no answer"),
    "transient": lambda: Transient("busy"),
    "permanent": lambda: Permanent("the channel is archived"),
    "a bug": lambda: ZeroDivisionError("a mistake of the channel's own"),
}


class CareDesk(RuleBasedStateMachine):
    """A desk on which anything may happen in any order, on the real database."""

    posts = Bundle("posts")

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        path = Path(self.folder.name)
        self.desk = Desk(fresh(path), path)

    @initialize(target=posts)
    def somebody_is_unhappy(self) -> Mention:
        return self.desk.post("late!", "mari", thread="t1")

    @rule(target=posts, author=st.sampled_from(["mari", "jaan"]), thread=st.sampled_from(["t1", "t2"]),
          text=st.sampled_from(["late!", "broken", "thanks"]), ago=st.sampled_from([0, 5, 50]))  # fmt: skip
    def a_customer_writes(self, author: str, thread: str, text: str, ago: int) -> Mention:
        return self.desk.post(text, author, thread=thread, ago=ago)

    @rule(target=posts, post=posts)
    def the_brand_replies(self, post: Mention) -> object:
        self.desk.post("sorry!", "lainepost", thread=post.thread_id, reply_to=post.external_id)
        return multiple()

    @rule(post=posts)
    def a_post_is_deleted(self, post: Mention) -> None:
        self.desk.platform.gone.add(post.external_id)

    @rule(case=st.integers(1, 4), act=st.sampled_from(sorted(set(ACTS) - {"complain again"})), who=WHO,
          length=st.sampled_from([5, 30, 600]))  # fmt: skip
    def a_person_acts(self, case: int, act: str, who: str, length: int) -> None:
        try:
            self.desk.app.act(case, lambda found, now: ACTS[act](found, who, now, length))
        except NotAllowed:
            return

    @rule(channel=st.sampled_from(["care", "managers", "duty"]), kind=st.sampled_from(sorted(TROUBLE)))
    def a_channel_gets_into_trouble(self, channel: str, kind: str) -> None:
        self.desk.paper(channel).trouble.append(TROUBLE[kind]())

    @rule(fails=st.sampled_from([None, Transient("busy"), Permanent("bad password"), KeyError("a bug")]))
    def the_platform_fails_or_recovers(self, fails: Exception | None) -> None:
        self.desk.platform.fails = fails

    @rule(after=st.sampled_from([0, 1, 10, 31, 120, 1500, -15]))
    def time_passes(self, after: int) -> None:
        self.desk.tick(after)

    @rule()
    def the_process_is_restarted(self) -> None:
        self.desk.restart()

    @invariant()
    def no_message_is_sent_twice_and_steps_stand_in_their_order(self) -> None:
        for name in ("care", "managers", "duty"):
            keys = self.desk.paper(name).keys
            assert len(keys) == len(set(keys)), keys
            steps = [key.split(":")[1:4] for key in keys if key.startswith("case:") and not key.endswith("fallback")]
            for case in {step[0] for step in steps}:
                mine = [(int(step[1]), int(step[2])) for step in steps if step[0] == case]
                assert mine == sorted(mine), keys

    def teardown(self) -> None:
        try:
            self.once_all_is_well_again_everybody_has_been_told()
        finally:
            self.desk.app.close()
            self.folder.cleanup()

    def once_all_is_well_again_everybody_has_been_told(self) -> None:
        desk = self.desk
        desk.platform.fails = None
        for name in ("care", "managers", "duty"):
            desk.paper(name).trouble.clear()
        for _ in range(4):
            desk.tick(after=11)
        for found in desk.stories:
            decision = decide(found.case, DEFAULT_LADDER, desk.clock())
            assert (decision.fire, decision.silenced, decision.level) == ((), (), found.case.level)
            if found.case.waiting:
                self._everybody_was_told(found.case)
        told = {finding.kind for finding in desk.app.audit()}
        assert told <= {"messages refused"}, desk.app.audit()

    def _everybody_was_told(self, case: Case) -> None:
        found = story(self.desk.app.store, case.id)
        assert found is not None
        silenced = {event.detail["step"] for event in found.timeline if event.kind == "silenced"}
        for index in range(case.level):
            key = f"case:{case.id}:{case.round}:{index}"
            papers = [self.desk.app.channels[name] for name in ("care", "managers", "duty")]
            keys = {shown.removesuffix(":fallback") for paper in papers for shown in _paper(paper).keys}
            assert key in keys or index in silenced, (key, found)


def _paper(channel: object) -> Paper:
    assert isinstance(channel, Paper)
    return channel


TestCareDesk = CareDesk.TestCase
TestCareDesk.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
