"""Random histories of one customer's case through the real jobs, judged by somebody who only reads clocks on walls."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from alerts import case as moves
from alerts.case import Case, State
from monitor.queries import story
from tests.escalation_desk import TALLINN, URGENT, at, escalation_desk, ladder, office

MINUTE = timedelta(minutes=1)
AFTER = [int(step.after / MINUTE) for step in ladder().steps]
AFTER_URGENT = [int(step.after / MINUTE) for step in URGENT.steps]
CLAIM_LASTS = 20

Due = tuple[datetime, bool]
"""When a step is due, and whether nothing silences it."""


class Judge:
    """Counts open minutes one by one, with its own idea of which are open."""

    def __init__(self, shifts: list[tuple[str, str]], days: str, closed: set[date]) -> None:
        self.shifts, self.days, self.closed = shifts, days, closed
        self.shown: dict[date, str] = {}
        self.known: dict[datetime, bool] = {}
        self.found: dict[tuple[datetime, int], datetime] = {}

    def is_open(self, minute: datetime) -> bool:
        if not self.shifts:
            return True
        if minute not in self.known:
            day = minute.astimezone(TALLINN).date()
            for passed in range(26 * 60):  # the whole day in its order: clocks that go back repeat no time
                self._watch(datetime(day.year, day.month, day.day, tzinfo=UTC) + (passed - 180) * MINUTE)
        return self.known[minute]

    def _watch(self, minute: datetime) -> None:
        if minute in self.known:
            return
        wall = minute.astimezone(TALLINN)
        day, clock = wall.date(), f"{wall:%H:%M}"
        self.shown[day] = max(self.shown.get(day, ""), clock)
        works = f"{wall:%a}".lower() in self.days and day not in self.closed
        self.known[minute] = works and any(begin <= self.shown[day] < end for begin, end in self.shifts)

    def later(self, moment: datetime, minutes: int) -> datetime:
        end, left = moment, minutes
        while left and (moment, minutes) not in self.found:
            left -= self.is_open(end)
            end += MINUTE
        return self.found.setdefault((moment, minutes), end)


WORK = "mon tue wed thu fri"
CALENDARS = {
    "round the clock": (None, Judge([], WORK, set())),
    "office": (
        office("09:00-12:30, 13:30-17:00", holidays=("EE",)),
        Judge([("09:00", "12:30"), ("13:30", "17:00")], WORK, {date(2026, 2, 24)}),
    ),
    "night shift": (
        office("00:00-03:30, 03:30-06:00, 22:00-24:00", days="mon-sun"),
        Judge([("00:00", "03:30"), ("03:30", "06:00"), ("22:00", "24:00")], f"{WORK} sat sun", set()),
    ),
}
DAYS = [
    "2026-11-20 16:45",  # a Friday evening
    "2026-02-23 16:40",  # the eve of a public holiday
    "2026-03-29 02:20",  # the hour is about to be jumped over
    "2026-10-25 02:20",  # the hour is about to come twice
    "2026-03-27 16:55",
]


class Escalation(RuleBasedStateMachine):
    """One customer, one case, whatever happens; what is expected is kept apart from what is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()

    @initialize(calendar=st.sampled_from(sorted(CALENDARS)), day=st.sampled_from(DAYS), urgent=st.booleans())
    def somebody_complains(self, calendar: str, day: str, urgent: bool) -> None:
        hours, self.judge = CALENDARS[calendar]
        self.desk = escalation_desk(Path(self.folder.name), hours=hours, claim_lasts=CLAIM_LASTS * MINUTE)
        self.desk.clock.now = at(day)
        self.urgent_post: datetime | None = None
        self.ever_urgent = False
        self.round, self.posted = 1, self.desk.clock.now
        self.turned: tuple[datetime, int] | None = None
        self.heard: datetime | None = None
        self.asked: datetime | None = None
        self.asked_times = self.freed_times = 0
        self.passed: set[int] = set()
        self.sent: list[str] = []
        self.claimed_in_round = False
        self._writes(urgent)
        self._tick()

    @rule(after=st.sampled_from([0, 1, 7, 13, 20, 45, 240, 1500]))
    def time_passes(self, after: int) -> None:
        self.desk.clock.now += after * MINUTE
        self._tick()

    @rule(length=st.sampled_from([10, 70]))
    def minutes_pass_one_by_one(self, length: int) -> None:
        for _ in range(length // 5):
            self.desk.clock.now += 5 * MINUTE
            self._tick()

    @rule(urgent=st.booleans())
    def she_writes_again(self, urgent: bool) -> None:
        self.desk.clock.now += MINUTE
        self._writes(urgent)
        self._tick()

    @rule(who=st.sampled_from(["kadri", "jaan"]))
    def it_is_claimed(self, who: str) -> None:
        if self._case.state is State.OPEN:
            self.desk.app.act(1, lambda case, now: moves.claim(case, who, now))
            self._is_held()

    @rule(whom=st.sampled_from(["liis", "rein"]))
    def it_is_given_away(self, whom: str) -> None:
        if self._case.waiting and self._case.assignee != whom:
            self.desk.app.act(1, lambda case, now: moves.assign(case, "kadri", now, whom))
            self._is_held()

    @rule(length=st.sampled_from([5, 25, 600]))
    def it_is_snoozed(self, length: int) -> None:
        if self._case.waiting:
            until = self.desk.clock.now + length * MINUTE
            self.desk.app.act(1, lambda case, now: moves.snooze(case, "kadri", now, until))
            self.heard, self.asked = (until if self.heard else None), None

    @rule(dismissed=st.booleans())
    def it_is_settled(self, dismissed: bool) -> None:
        if self._case.waiting:
            move = moves.dismiss if dismissed else moves.answer
            self.desk.app.act(1, lambda case, now: move(case, "kadri", now))

    @rule()
    def it_is_reopened(self) -> None:
        if not self._case.waiting:
            self.desk.app.act(1, lambda case, now: moves.reopen(case, "kadri", now))
            self.heard = self.asked = None

    @rule()
    def the_brand_replies(self) -> None:
        if self._case.waiting:
            self.desk.clock.now += MINUTE
            self.desk.post("sorry!", "lainepost", thread="t")
            self.desk.app.tick()
            assert self._case.state is State.ANSWERED
            self._the_ladder_is_climbed(self.desk.clock.now)

    @rule()
    def the_process_is_restarted(self) -> None:
        self.desk.restart()

    @invariant()
    @precondition(lambda self: hasattr(self, "desk"))
    def the_target_is_the_judges(self) -> None:
        case = self._case
        assert case.respond_by == self._respond_by()
        if case.waiting:
            assert case.breached(self.desk.clock.now) == (self.desk.clock.now > self._respond_by())

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.app.close()
        self.folder.cleanup()

    @property
    def _case(self) -> Case:
        return self.desk.case

    def _writes(self, urgent: bool) -> None:
        now = self.desk.clock.now
        self.desk.post("late! my lawyer will hear of it" if urgent else "late!", "mari", thread="t")
        if self.sent and not self._case.waiting and now > (self._case.stopped_at or now):
            self.round, self.posted, self.turned = self.round + 1, now, None
            self.passed, self.claimed_in_round, self.heard, self.asked = set(), False, None, None
            self.ever_urgent |= urgent
            self.turned = (now, 0) if self.ever_urgent else None
        elif urgent and not self.ever_urgent and (not self.sent or self._case.waiting):
            self.ever_urgent = True
            self.turned = (now, len(self.passed))

    def _is_held(self) -> None:
        snoozed = self._case.snoozed_until
        self.heard, self.asked = max(self.desk.clock.now, snoozed or self.desk.clock.now), None
        self.claimed_in_round = True

    def _respond_by(self) -> datetime:
        ordinary = self.judge.later(self.posted, 60)
        if self.turned is None:
            return ordinary
        urgent = self.turned[0] + 30 * MINUTE
        return urgent if self.turned[0] == self.posted else min(ordinary, urgent)

    def _dues(self) -> list[Due]:
        """What is due when, by the judge, snooze and severity counted in."""
        ordinary = [(self.judge.later(self.posted, after), after == AFTER[-1]) for after in AFTER]
        if self.turned is not None:
            since, climbed = self.turned
            urgent = [(since + after * MINUTE, after == AFTER_URGENT[-1]) for after in AFTER_URGENT]
            if since == self.posted:
                ordinary = urgent
            else:
                late = [due for due in ordinary[climbed:][-1:] if due[0] < urgent[-1][0]]
                ordinary = ordinary[:climbed] + sorted([(since, True), *urgent[1:], *late], key=lambda due: due[0])
        snoozed = self._case.snoozed_until
        if snoozed is None:
            return ordinary
        held = []
        for index, (due, loud) in enumerate(ordinary):
            next_loud = next(later for later, is_loud in ordinary[index:] if is_loud)
            held.append((due if loud else max(due, min(snoozed, next_loud)), loud))
        return held

    def _tick(self) -> None:
        now = self.desk.clock.now
        asks = frees = False
        waits = not self.sent or self._case.waiting or self.round != self._case.round
        if waits and self.heard is not None and self.turned is None:  # on the urgent ladder claims don't end
            strikes = self.judge.later(self.asked or self.heard, CLAIM_LASTS)
            asks, frees = strikes <= now and not self.asked, strikes <= now and bool(self.asked)
        report = self.desk.app.tick()
        assert not report.failures, report.failures
        self.asked_times += asks
        self.freed_times += frees
        self.asked = now if asks else self.asked
        if frees:
            self.heard = self.asked = None
        self._the_ladder_is_climbed(now)
        kinds = self.desk.kinds()
        assert (kinds.count("reminded"), kinds.count("handed_on")) == (self.asked_times, self.freed_times)
        assert (self._case.state is State.CLAIMED) == (self.heard is not None) or not self._case.waiting
        assert self.desk.app.audit() == []

    def _the_ladder_is_climbed(self, now: datetime) -> None:
        keys = sorted(key for name in ("care", "managers") for key in self.desk.paper(name).keys if "case:" in key)
        assert len(keys) == len(set(keys))
        new = [key for key in keys if key not in self.sent]
        self.sent = keys
        if not self._case.waiting:
            assert new == []
            return
        spoken = {int(key.split(":")[3]) for key in new}
        assert all(key.startswith(f"case:1:{self.round}:") for key in new)
        dues = self._dues()
        due = {index for index, (moment, _) in enumerate(dues) if moment <= now}
        assert spoken <= due, "said before its time"
        told = {int(key.split(":")[3]) for key in keys if key.startswith(f"case:1:{self.round}:")}
        silenced = due - told
        assert self.passed <= set(range(self._case.level))
        self.passed |= due
        assert self.passed == set(range(len(self.passed))) == set(range(self._case.level)), "skipped"
        assert {index for index, (_, loud) in enumerate(dues) if loud} & due <= told, "a loud step was silenced"
        assert not silenced or self.claimed_in_round, "silenced without a claim"
        assert silenced - self._silenced() == set(), "passed without a word in the timeline"

    def _silenced(self) -> set[int]:
        found = story(self.desk.app.store, 1)
        assert found is not None
        return {event.detail["step"] for event in found.timeline if event.kind == "silenced"}


TestEscalation = Escalation.TestCase
TestEscalation.settings = settings(
    max_examples=8,
    stateful_step_count=16,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
