"""Who is on call: handed over at the same time by the clocks of the place, and who stands in for whom until when."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from alerts.case import NotAllowed
from monitor import rota
from monitor.cli.program import cli
from monitor.store import Store
from tests.databases import fresh
from tests.escalation_desk import CARE, at
from tests.test_config import SHIPPED, mistakes, read

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(fresh(tmp_path))


@pytest.mark.parametrize("monday", ["2026-03-30 09:00", "2026-10-26 09:00", "2026-11-23 09:00"])
def test_people_hand_over_at_nine_whatever_the_clocks_have_done(monday: str) -> None:
    before, after = CARE.turn(at(monday) - MINUTE), CARE.turn(at(monday))
    assert before.until == after.since == at(monday)
    order = CARE.people
    assert order.index(after.who) == (order.index(before.who) + 1) % len(order)


def test_everybody_has_a_turn_without_a_gap_for_a_year() -> None:
    turn = CARE.turn(at("2026-01-05 09:00"))
    for week in range(52):
        assert turn.who == CARE.people[week % 3]
        turn = CARE.turn(turn.until)
    assert CARE.turn(at("2026-01-05 08:59")).who == "cilla"


def test_who_stands_in_is_on_call_until_her_time_is_over_and_the_latest_word_counts(store: Store) -> None:
    now = at("2026-11-25 12:00")
    rota.override(store, CARE, "teet", at("2026-11-25 18:00"), "kadri", now)
    rota.override(store, CARE, "liis", at("2026-11-25 15:00"), "kadri", now + MINUTE)
    assert rota.on_call(store, CARE, at("2026-11-25 14:59")).who == "liis"
    assert rota.on_call(store, CARE, at("2026-11-25 15:00")).who == "teet"
    assert rota.on_call(store, CARE, at("2026-11-25 18:00")).who == "boris"
    assert rota.back_to_plan(store, CARE, at("2026-11-25 13:00")).who == "boris"
    with pytest.raises(NotAllowed, match="nobody stands in"):
        rota.back_to_plan(store, CARE, at("2026-11-25 13:00"))


def test_a_turn_needs_somebody_and_ends_in_the_future(store: Store) -> None:
    now = at("2026-11-25 12:00")
    with pytest.raises(NotAllowed, match="must end in the future"):
        rota.override(store, CARE, "teet", now, "kadri", now)
    with pytest.raises(NotAllowed, match="who shall be on call"):
        rota.override(store, CARE, "", now + MINUTE, "kadri", now)


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("18:00", "2026-11-25 18:00"),
        ("09:00", "2026-11-26 09:00"),
        ("4h", "2026-11-25 16:00"),
        ("2026-12-24 09:00", "2026-12-24 09:00"),
    ],
)
def test_the_end_of_a_turn_is_said_as_people_say_it(words: str, end: str) -> None:
    assert rota.until(words, CARE, at("2026-11-25 12:00")) == at(end)


@pytest.mark.parametrize("words", ["", "soon", "25:00", "2026-13-01 09:00", "tomorrow 09:00", "4"])
def test_an_end_that_nobody_understands_is_told(words: str) -> None:
    with pytest.raises(NotAllowed, match="is no end of a turn; write 18:00, 4h or"):
        rota.until(words, CARE, datetime(2026, 11, 25, tzinfo=UTC))


WRITTEN = SHIPPED.replace("sqlite:///state/monitor.db", "sqlite:///{0}/monitor.db").replace(
    "# rotations:\n#   care:\n", "state: {0}\nrotations:\n  care:\n"
)
for _key in ("people", "start", "every", "handover", "zone"):
    WRITTEN = WRITTEN.replace(f"#     {_key}:", f"    {_key}:") if _key != "zone" else WRITTEN
WRITTEN = WRITTEN.replace("handover: monday 09:00\n#     zone", "handover: monday 09:00\n    zone")


def command(folder: Path, *words: str) -> Result:
    file = folder / "config.yaml"
    file.write_text(WRITTEN.replace("{0}", str(folder)), "utf-8")
    return CliRunner().invoke(cli, ["on-call", *words, "--config", str(file)])


def test_the_command_line_shows_the_rota_and_puts_somebody_in(tmp_path: Path) -> None:
    fresh(tmp_path)
    assert "care · times in Europe/Tallinn" in command(tmp_path, "show").stdout
    put_in = command(tmp_path, "set", "care", "U0TEET0001", "--until", "4h", "--by", "kadri")
    assert "U0TEET0001  stands in" in put_in.stdout, put_in
    assert "U0TEET0001  stands in" in command(tmp_path, "show").stdout
    assert "stands in" not in command(tmp_path, "clear", "care").stdout
    assert command(tmp_path, "set", "car", "x", "--until", "4h").exit_code == 2
    assert command(tmp_path, "set", "care", "x", "--until", "soon").exit_code == 1


HOURS = 'hours: {office: {zone: Europe/Tallinn, open: {mon-fri: "09:00-17:00"}}}\n'
ROTA = (
    "rotations: {care: {people: [a, b], start: 2026-01-05, every: 1w, handover: monday 09:00, zone: Europe/Tallinn}}\n"
)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Europe/Tallinn, open", "Europe/Talinn, open", "hours.office.zone: there is no such time zone; did you"),
        ("09:00-17:00", "09:00-12:30, 12:00-17:00", "hours.office.open.mon-fri: the shift 12:00-17:00 begins before"),
        ("mon-fri:", "mun-fri:", "hours.office.open.mun-fri: 'mun' is no day of the week"),
        ("mon-fri: ", "fri: 09:00-10:00, mon-fri: ", "hours.office.open.mon-fri: says again what `fri` has said"),
        ("open: {", "holidays: [EX], open: {", "hours.office.holidays.0: 'EX' is no country whose public holidays"),
        ("open: {", "holidays: [NO], open: {", "hours.office.holidays.0: must be text (quotes make it so), not False"),
        ("open: {", "closed: [easter], open: {", "hours.office.closed.0: "),
        ("# hours: office", "hours: ofice", "ladders.default.hours: there are no such hours; did you mean 'office'?"),
        ("target: 60m\n    # hours: office", "target: 161h\n    hours: office",
         "ladders.default.target: is longer than 4 weeks of its hours, which are 40 h a week"),
        ("target: 30m", "target: 5w", "ladders.urgent.target: is longer than 4 weeks"),
        ("claim_lasts: 20m", "claim_lasts: 1s", "ladders.default.claim_lasts: must be at least 1m"),
        ("mention: [head]", "mention: [on-call night]", "mention.0: there is no rotation 'night'; known: care"),
        ("mention: [head]", "mention: [on call care]", "mention.0: write `on-call care` for whoever"),
        ("urgent_ladder: urgent", "urgent_ladder: urgnt", "brands.0.urgent_ladder: there is no such ladder; did you"),
        ("people: [a, b]", "people: []", "rotations.care.people: needs somebody"),
        ("every: 1w", "every: 36h", "rotations.care.every: must be whole days, such as 1d or 1w"),
        ("every: 1w", "every: 10d", "rotations.care.handover: names a day of the week, but turns are not of whole"),
        ("2026-01-05, every", "2026-01-06, every", "rotations.care.start: 2026-01-06 is a Tuesday, but the hand-over"),
        ("monday 09:00, zone", "moonday 9, zone", "rotations.care.handover: 'moonday' is no day of the week"),
    ],
)  # fmt: skip
def test_a_mistake_in_what_says_when_whom_is_told_is_told_with_its_fix(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    text = HOURS + ROTA + SHIPPED
    assert before in text
    found = mistakes(tmp_path, text.replace(before, after, 1))
    assert any(told in line for line in found), found


def test_a_ladder_with_hours_and_a_rotation_is_read(tmp_path: Path) -> None:
    text = (HOURS + ROTA + SHIPPED).replace("# hours: office", "hours: office", 1)
    config = read(tmp_path, text)
    ladder = config.ladder("Laineposti Pakid")
    assert ladder.hours is not None
    assert ladder.later(at("2026-11-20 16:45"), 30 * MINUTE) == at("2026-11-23 09:15")
    assert ladder.urgent is not None
    assert ladder.urgent.hours is None
    assert config.rotations["care"].turn(at("2026-01-05 09:00")).who == "a"
