"""Stories of the figures in the inbox: what they say, the cases behind each, and the tables that programs fetch."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from random import Random
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from arro3.io import read_parquet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts import case as moves
from monitor import inbox, metrics
from monitor.accounts import Scope
from monitor.customers import CustomerList
from monitor.figures import BEHIND, FIGURES, Asked, By, behind, sheet
from monitor.inbox import Filter
from monitor.measures import waits
from monitor.store import Store
from tests.databases import fresh
from tests.desk import NOON, Desk, minutes
from tests.inbox import Inbox, desk_at
from tests.test_metrics import MONDAY, NOW
from tests.weeks import Weeks, at_random

TALLINN = ZoneInfo("Europe/Tallinn")
WEEK = Asked(first=date(2026, 11, 16), last=date(2026, 11, 22), zone=TALLINN)


def no_tier(brand: str, platform: str, handle: str) -> str:
    return ""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Inbox]:
    with Inbox(desk_at(tmp_path)) as made:
        yield made


def listed(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="case-(\d+)"', page)]


def number_of(served: Inbox, author: str) -> int:
    return next(story.case.id for story in served.desk.stories if story.case.author == author)


def answered_by_kati(served: Inbox) -> None:
    """Mari's case, a minute ago."""
    served.desk.app.act(number_of(served, "mari"), lambda case, now: moves.answer(case, "kati", now))
    served.desk.clock.forward(1)


def test_the_figures_count_every_complaint_and_lead_to_its_cases(served: Inbox) -> None:
    kati = served.person("kati")
    answered_by_kati(served)
    page = kati.get("/figures").text
    tiles = dict(re.findall(r'<dt>([^<]+)</dt><dd><a href="[^"]+">([^<]+)</a>', page))
    assert (tiles["Complaints"], tiles["Answered in 1 h"], tiles["Waiting at the end"]) == ("2", "50%", "1")
    links = {unescape(link) for link in re.findall(r'href="(/\?state=all[^"]+)"', page)}
    assert {re.search(r"figure=(\w+)", link)[1] for link in links} >= set(FIGURES) - {"pending", "late"}  # type: ignore[index]
    for link in links:
        assert kati.get(link).status_code == 200, link


def test_behind_a_figure_are_its_cases_and_the_page_says_so(served: Inbox) -> None:
    kati = served.person("kati")
    answered_by_kati(served)
    day = f"since={NOON.date()}&until={NOON.date()}"
    answered = kati.get(f"/?state=all&figure=in_time&{day}").text
    assert listed(answered) == [number_of(served, "mari")]
    assert "answered in time" in answered
    assert listed(kati.get(f"/?state=all&figure=overdue&{day}").text) == [number_of(served, "tom")]
    assert listed(kati.get(f"/?state=all&figure=overdue&{day}&by=platform&group=nowhere").text) == []
    assert listed(kati.get(f"/?state=all&figure=complaints&{day}&q=parcel").text) == [number_of(served, "mari")]


@pytest.mark.parametrize(
    "odd", ["since=2026-11-02&until=2026-11-01", "since=2020-01-01&until=2026-01-01", "since=9999-99-99", "by=moon",
            "since=0001-01-01&until=0001-01-02", "since=2026-11-01"],
)  # fmt: skip
def test_a_period_that_makes_no_sense_is_refused(served: Inbox, odd: str) -> None:
    assert served.person("kati").get(f"/figures?{odd}").status_code == 422


def test_figures_are_for_those_who_are_signed_in(served: Inbox) -> None:
    assert served.visitor().get("/figures").headers["location"] == "/sign-in?next=/figures"
    assert served.program(Scope.ACT).get("/metrics").status_code == 403


def test_customers_names_are_only_text_in_the_figures(small_desk: Desk) -> None:
    small_desk.post("late", "mari", lang="<b>x</b>")
    small_desk.tick()
    with Inbox(small_desk) as served:
        page = served.person("kati").get("/figures?by=language").text
        assert "<b>x</b>" not in page
        assert re.findall(r"<script(?! type=\"module\" src=)|<style| style=| on[a-z]+=", page) == []


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_every_number_equals_the_cases_behind_it(tmp_path: Path, seed: int) -> None:
    store = Store(fresh(tmp_path))
    weeks = Weeks(store)
    at_random(weeks, Random(seed), MONDAY, 7, 40)
    weeks.write()
    with store.read() as connection:
        found = waits(connection, WEEK.period)
    for by in get_args(By):
        asked = Asked(first=WEEK.first, last=WEEK.last, zone=TALLINN, by=by)
        made = sheet(store, asked, NOW, no_tier)
        assert made.all.target == metrics.answered_in_time(found, NOW)
        assert sum(len(target.all) for target in made.days.values()) == len(made.all.target.all)
        assert sum(len(target.all) for target in made.moments.values()) == len(made.all.target.all)
        if by:
            assert sum(len(each.target.all) for each in made.groups) == len(made.all.target.all)
        for each in made.groups[:3]:
            for figure, ids in BEHIND.items():
                wanted = behind(store, asked, figure, each.group, NOW, no_tier)
                assert wanted == ids(each)
                entries = inbox.entries(store, Filter(state="all", among=wanted), NOW, limit=10_000)
                assert tuple(sorted(entry.case.id for entry in entries)) == wanted
    store.close()


def test_programs_fetch_the_figures_as_json_and_as_tables(served: Inbox) -> None:
    robot = served.program(Scope.READ)
    whole = robot.get("/metrics").json()
    assert [(each["complaints"], each["overdue"], each["pending"]) for each in whole] == [(2, 1, 1)]
    assert robot.get("/metrics?until=2020-01-01&days=7").json()[0]["complaints"] == 0
    assert robot.get("/metrics?days=93").status_code == 422
    parted = robot.get("/metrics?by=language").json()
    rows = list(csv.DictReader(io.StringIO(robot.get("/metrics.csv?by=language").text)))
    assert [row["group"] for row in rows] == [each["group"] for each in parted]
    assert sum(int(row["complaints"]) for row in rows) == 2


def test_parquet_holds_what_the_csv_holds_with_its_types(served: Inbox) -> None:
    robot = served.program(Scope.READ)
    answer = robot.get("/cases.parquet?state=all")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    table = read_parquet(io.BytesIO(answer.content)).read_all()
    rows = list(csv.DictReader(io.StringIO(robot.get("/cases.csv?state=all").text)))
    assert table.schema.names == list(rows[0])
    assert [each.as_py() for each in table["author"]] == [row["author"] for row in rows]
    assert {each.as_py() for each in table["posted_at"]} == {NOON - minutes(10), NOON - minutes(70)}
    assert [each.as_py()[:2] for each in table["text"]] == [row["text"].removeprefix("'")[:2] for row in rows]
    empty = read_parquet(io.BytesIO(robot.get("/cases.parquet?state=dismissed").content)).read_all()
    assert (empty.num_rows, empty.schema.names) == (0, table.schema.names)
    metrics_table = read_parquet(io.BytesIO(robot.get("/metrics.parquet?by=platform").content)).read_all()
    assert [each.as_py() for each in metrics_table["group"]] == ["chat"]


def test_a_known_customer_and_a_prepared_answer_stand_on_the_cases_page(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("handle,tier,name,note\nmari,gold,Mari <i>M</i>,calls back\n")
    desk = desk_at(tmp_path)
    known = CustomerList(file=str(tmp_path / "customers.csv"), tiers=("gold",))
    brands = desk.config.brands | {"Lainepost": replace(desk.config.brands["Lainepost"], customers=known)}
    desk.config = replace(desk.config, brands=brands)
    with Inbox(desk) as served:
        kati = served.person("kati")
        mari = number_of(served, "mari")
        page = kati.get(f"/cases/{mari}").text
        assert "Mari &lt;i&gt;M&lt;/i&gt;" in page
        assert "gold customer" in page
        assert re.search(r"<textarea[^>]+readonly[^>]*>[^<]+@mari", page)
        assert "gold" in kati.get("/figures?by=tier").text
        span = f"since={NOON.date() - timedelta(days=1)}&until={NOON.date()}"
        assert listed(kati.get(f"/?state=all&figure=complaints&{span}&by=tier&group=gold").text) == [mari]
        kati.post(f"/cases/{mari}/answer")
        assert "<textarea" not in kati.get(f"/cases/{mari}").text


def test_digests_are_read_by_those_who_are_signed_in_and_nothing_else_of_the_folder_is(served: Inbox) -> None:
    app = served.desk.app
    app.editions.keep(app.editions.edition("Lainepost"))
    kati = served.person("kati")
    names = re.findall(r'href="(/digests/[^"]+)"', kati.get("/digests").text)
    assert [name.rpartition(".")[2] for name in names] == ["html", "pdf"]
    page = kati.get(names[0])
    assert "Lainepost" in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert kati.get(names[1]).content.startswith(b"%PDF")
    for other in ("/digests/..%2fmonitor.db", "/digests/tick.lock", "/digests/.html", "/digests/nothing.html"):
        assert kati.get(other).status_code == 404
    assert served.visitor().get(names[0]).headers["location"].startswith("/sign-in")
