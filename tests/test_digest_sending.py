"""When digests leave: each once, whenever the monitor runs, whatever fails, and each department its own."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.base import Channel, Digest, Message, Options, Permanent, Transient, Unknown
from alerts.hours import Hours, shifts
from alerts.ladder import Ladder
from monitor.config import Digests
from monitor.config.model import Department
from monitor.jobs.deliver import Postman, deliver
from monitor.jobs.digests import digests
from monitor.jobs.press import Press, Subject, draw
from monitor.store import Store
from tests.databases import fresh
from tests.desk import Desk
from tests.test_cli import MISCONFIGURED, OK, Office
from tests.test_digest import NEXT, TALLINN, planned
from tests.weeks import Weeks

SPLIT = {"Logistics": Department(topics=("delivery",), channels=("leads",)), "Finance": Department(topics=("billing",))}
PLAN = Digests(channels=("care",), zone="Europe/Tallinn", departments=SPLIT)
FIRST = datetime(2026, 11, 9, tzinfo=UTC)
TROUBLE = st.sampled_from([None, None, Transient("down"), Unknown("gone"), RuntimeError("a mistake half way")])


@dataclass
class Box(Channel):
    """A channel that keeps what arrives, and fails before or after it has."""

    name: str
    arrived: list[str] = field(default_factory=list)
    trouble: list[Exception | None] = field(default_factory=list)

    Options = Options

    def send(self, message: Message) -> str:
        error = self.trouble.pop() if self.trouble else None
        if not isinstance(error, Transient):
            self.arrived.append(message.key)
        if error is not None:
            raise error
        return message.key

    def update(self, message: Message) -> None:
        raise Permanent("a digest is never edited")

    def find(self, message: Message, since: datetime) -> str | None:
        return message.key if message.key in self.arrived else None

    def link(self, reference: str) -> str:
        return reference

    def login(self) -> str:
        return "a box"


def painted(at: datetime, broken: list[bool]) -> Callable[[Subject], Callable[[str], Digest]]:
    """Draws nothing much, or breaks down."""

    def paint(subject: Subject) -> Callable[[str], Digest]:
        if broken and broken.pop():
            raise RuntimeError("no ink")
        words: dict[str, Any] = {"title": subject[2], "text": "", "html": "", "pdf": b"", "file": "f"}
        return lambda key: Digest(key=key, now=at, sentences=(), figures=(), links=(), pictures=(), **words)

    return paint


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wakes=st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=6),
    trouble=st.lists(TROUBLE, max_size=6),
    broken=st.lists(st.booleans(), max_size=4),
)
def test_each_digest_arrives_once_and_a_monday_slept_through_is_made_up(
    tmp_path_factory: pytest.TempPathFactory,
    wakes: list[tuple[int, bool]], trouble: list[Exception | None], broken: list[bool],
) -> None:  # fmt: skip
    """The monitor wakes after so many hours, sometimes as a new process that has drawn nothing."""
    store = Store(fresh(tmp_path_factory.mktemp("outbox")))
    weeks = Weeks(store)
    weeks.post(FIRST)
    weeks.write()
    boxes = {"care": Box("care", trouble=list(trouble)), "leads": Box("leads")}
    press, now, due = Press(), FIRST + timedelta(days=7), set()
    for place, (hours, restarted) in enumerate([*wakes, (1, False), (1, True)]):
        if place == len(wakes):  # from here on nothing fails, and whatever was put off arrives
            boxes["care"].trouble.clear()
            broken.clear()
        now += timedelta(hours=hours)
        press = Press() if restarted else press
        postman = Postman(
            channels=boxes, ladder=lambda brand: Ladder(target=timedelta(hours=1), steps=()), clock=lambda now=now: now,
            lease=timedelta(minutes=2), rotations={}, press=press,
        )  # fmt: skip
        digests(store, PLAN, ["Lainepost"], now)
        draw(store, press, painted(now, broken), now)
        deliver(store, postman)
        due.add(_week_before(now - timedelta(hours=6)))  # eight in Tallinn
    store.close()
    due.discard("2026-W45")  # nobody had heard of the brand
    assert sorted(boxes["care"].arrived) == sorted(f"digest:Lainepost:{week}:care" for week in due)
    assert sorted(boxes["leads"].arrived) == sorted(f"digest:Lainepost:{week}:Logistics:leads" for week in due)


def _week_before(at: datetime) -> str:
    return "{}-W{:02}".format(*(at - timedelta(weeks=1)).isocalendar())


def test_a_delivery_never_draws_and_leaves_what_is_not_drawn_for_later(small_desk: Desk) -> None:
    planned(small_desk, NEXT)
    small_desk.app.editions.publish()
    small_desk.restart()
    assert small_desk.app.deliver().done == 0
    small_desk.app.editions.publish()
    assert small_desk.app.deliver().done == 1


def test_a_digest_of_a_brand_that_is_no_longer_configured_fails(small_desk: Desk) -> None:
    planned(small_desk, NEXT)
    small_desk.app.editions.publish()
    brands = {"Another": replace(next(iter(small_desk.config.brands.values())), name="Another")}
    small_desk.config = replace(small_desk.config, brands=brands)
    small_desk.restart()
    small_desk.app.editions.publish()
    assert small_desk.app.deliver().failures == ("channel care: the brand is no longer configured",)


# departments


def _on_monday(desk: Desk) -> None:
    desk.config = replace(desk.config, digest=replace(desk.config.digest, zone="Europe/Tallinn"))
    desk.clock.now = NEXT
    desk.restart()


def test_a_department_gets_its_own_topics_and_the_brand_all_of_them(small_desk: Desk) -> None:
    small_desk.config = replace(small_desk.config, digest=replace(PLAN, departments={
        "Logistics": Department(topics=("delivery",), channels=("managers",))
    }))  # fmt: skip
    _on_monday(small_desk)
    weeks = Weeks(small_desk.app.store)
    for topic in ("delivery", "delivery", "billing"):
        weeks.case(NEXT - timedelta(days=3), 20, topic=topic)
    weeks.write()
    small_desk.app.editions.publish()
    while small_desk.app.deliver().more:
        pass
    [whole] = [each for letter in small_desk.paper("care").letters for each in letter.shown]
    [own] = [each for letter in small_desk.paper("managers").letters for each in letter.shown]
    assert isinstance(whole, Digest) and isinstance(own, Digest)  # noqa: PT018
    assert (whole.title, own.title) == (
        "Lainepost: complaints in week 47", "Lainepost, Logistics: complaints in week 47",
    )  # fmt: skip
    assert (whole.figures[0][1], own.figures[0][1]) == ("3", "2")
    assert "* Logistics: posts 2, complaints 2, answered in time 100%" in whole.text
    assert "Logistics: posts" not in own.text


def test_numbers_lead_to_their_cases_in_the_inbox_when_it_has_an_address(small_desk: Desk) -> None:
    _on_monday(small_desk)
    weeks = Weeks(small_desk.app.store)
    number = weeks.case(NEXT - timedelta(days=3))
    weeks.write()
    small_desk.config = replace(
        small_desk.config, web=replace(small_desk.config.web, public_url="https://inbox.example")
    )
    _on_monday(small_desk)
    edition = small_desk.app.editions.edition("Lainepost")
    page = edition.page()
    place = edition.sheet.figures[0].place
    assert f'<a href="#{place}">1</a>' in page
    assert page.index(f'id="{place}"') < page.rindex(f'href="https://inbox.example/cases/{number}"')
    assert f"https://inbox.example/cases/{number}" in [url for url, _ in edition.message("k").links]


def test_opening_hours_of_the_ladder_part_the_answers(small_desk: Desk) -> None:
    office = Hours(zone=TALLINN, week=(*[shifts("09:00-17:00")] * 5, (), ()))
    ladder = replace(small_desk.config.ladders["default"], hours=office)
    small_desk.config = replace(small_desk.config, ladders={**small_desk.config.ladders, "default": ladder})
    _on_monday(small_desk)
    weeks = Weeks(small_desk.app.store)
    friday = NEXT - timedelta(days=3) + timedelta(hours=8, minutes=30)  # 16:30
    weeks.case(friday, 64.5 * 60, respond_by=office.add(friday, timedelta(hours=1)))  # answered on Monday at nine
    weeks.write()
    figures = {
        (each.label, each.note): each.value for each in small_desk.app.editions.edition("Lainepost").sheet.figures
    }
    assert figures["Answered within 1 h", "in opening hours"] == "100%"
    assert figures["Answered within 1 h", "round the clock"] == "0%"
    assert figures["Half answered within", "in opening hours"] == "30 min"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{logistics: {topics: [delivery], channels: [kare]}}", "there is no channel 'kare'"),
        ("{logistics: {topics: []}}", "must name one at least, such as [delivery]"),
        ("{logistics: {topic: [delivery]}}", "unknown key"),
    ],
)
def test_a_mistake_about_a_department_is_told(tmp_path: Path, said: str, why: str) -> None:
    office = Office(tmp_path)
    office.file.write_text(office.file.read_text() + f"digest: {{departments: {said}}}\n")
    shown = office.monitor("check")
    assert shown.exit_code == MISCONFIGURED
    assert why in shown.stderr


def test_departments_alone_get_their_digests(tmp_path: Path) -> None:
    office = Office(tmp_path)
    plan = "digest: {departments: {Logistics: {topics: [delivery], channels: [care]}}}\n"
    office.file.write_text(office.file.read_text() + plan)
    shown = office.monitor("digest", "--week", "2026-W47")
    assert shown.exit_code == OK
    assert "Lainepost, Logistics: complaints in week 47" in shown.stdout
