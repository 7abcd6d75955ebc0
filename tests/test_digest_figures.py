"""Every number of a digest, against the same counted a second way: by plain SQL over the rows of random weeks."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import fmean
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from alerts.base import Customer
from alerts.hours import Hours, shifts
from monitor.digest.forecast import expected
from monitor.digest.language import Voice
from monitor.digest.review import About, Review, review
from monitor.digest.sheet import Sheet, sheet
from monitor.digest.week import Week
from monitor.store import Store
from tests.databases import fresh
from tests.weeks import Weeks, at_random

TALLINN = ZoneInfo("Europe/Tallinn")
WEEK = Week.named("2026-W47")
MONDAY = WEEK.begins(TALLINN)
NOW = MONDAY + timedelta(days=7, hours=8)
TARGET = timedelta(hours=1)
OFFICE = Hours(zone=TALLINN, week=(*[shifts("09:00-17:00")] * 5, (), ()))
DEPARTMENTS = {"Logistics": ("delivery",), "Finance": ("billing", "other")}
SAY = Voice("en", TALLINN)
ASKED = "Kas pakiautomaat töötab pühade ajal?"

CASES = """
SELECT c.*,
  (SELECT coalesce(v.topic, 'other') FROM mentions m JOIN verdicts v ON v.mention_id = m.id
   WHERE m.case_id = c.id AND v.is_complaint ORDER BY m.posted_at, m.id LIMIT 1) AS topic,
  (SELECT coalesce(v.language, m.lang, '') FROM mentions m JOIN verdicts v ON v.mention_id = m.id
   WHERE m.case_id = c.id AND v.is_complaint ORDER BY m.posted_at, m.id LIMIT 1) AS language,
  EXISTS (SELECT 1 FROM mentions m JOIN verdicts v ON v.mention_id = m.id
          WHERE m.case_id = c.id AND v.is_complaint AND v.severity = 'urgent') AS urgent,
  EXISTS (SELECT 1 FROM events e WHERE e.case_id = c.id AND e.kind = 'reopened') AS reopened,
  EXISTS (SELECT 1 FROM mentions m JOIN feedback f ON f.mention_id = m.id
          WHERE m.case_id = c.id AND f.how = 'dismissed') AS misjudged
FROM cases c ORDER BY c.id
"""
POSTS = """
SELECT m.posted_at, m.platform, coalesce(v.topic, 'other') AS topic, coalesce(v.language, m.lang, '') AS language,
  coalesce(v.is_complaint, 0) AS complaint
FROM mentions m LEFT JOIN verdicts v ON v.mention_id = m.id WHERE NOT m.by_brand AND m.skipped IS NULL
"""


def known(platform: str, handle: str) -> Customer | None:
    """Every third customer is on the brand's list."""
    number = int(handle.removeprefix("user"))
    return (
        Customer(name=f"N{number}", tier=("gold", "plain")[number % 2], rank=(0, None)[number % 2])
        if number % 3
        else None
    )


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(random=st.randoms(use_true_random=False), posts=st.integers(0, 60), askers=st.integers(0, 4))
@pytest.mark.parametrize("department", ["", "Finance"])
def test_every_number_of_a_digest_is_what_plain_sql_gives(
    tmp_path_factory: pytest.TempPathFactory, random: Random, posts: int, askers: int, department: str
) -> None:
    store = Store(fresh(tmp_path_factory.mktemp("random")))
    try:
        weeks = Weeks(store)
        weeks.post(MONDAY - timedelta(weeks=5), is_complaint=False)
        at_random(weeks, random, MONDAY - timedelta(weeks=4), 36, posts)
        for _ in range(askers):
            weeks.post(MONDAY + timedelta(hours=1), ASKED, intent="question", topic="billing")
        weeks.write()
        about = About(
            brand="Lainepost", week=WEEK, zone=TALLINN, target=TARGET, sources=("x",), hours=OFFICE,
            department=department, departments=DEPARTMENTS, customer=known,
        )  # fmt: skip
        Counted(store, about.topics).compare(review(store, about, NOW))
    finally:
        store.close()


class Counted:
    """The rows, and what is counted of them without the program's help."""

    def __init__(self, store: Store, topics: Sequence[str]) -> None:
        with store.read() as connection:
            cases, posts = ([dict(row._mapping) for row in connection.execute(text(each))] for each in (CASES, POSTS))
        for row in (*cases, *posts):
            row |= {name: _moment(value) for name, value in row.items() if name.endswith("_at") or name == "respond_by"}
        self.cases = [row for row in cases if not topics or row["topic"] in topics]
        self.posts = [row for row in posts if not topics or row["topic"] in topics]
        self.mine = in_week(self.cases)
        self.real = [row for row in self.mine if row["state"] in ("open", "claimed", "answered")]

    def compare(self, found: Review) -> None:
        shown = sheet(found, SAY)
        self._figures(shown)
        self._tables(shown, found)
        self._weeks(found)
        self._cells(found)
        self._stories(found)
        for each in shown.behind:
            assert set(each.ids) <= {row["id"] for row in self.cases}, each.label

    def _figures(self, shown: Sheet) -> None:
        mine, real = self.mine, self.real
        late = [row for row in real if (row["stopped_at"] or NOW) > row["respond_by"]]
        kept = [row for row in real if row["state"] == "answered" and row not in late]
        posts = in_week(self.posts)
        ends = MONDAY + timedelta(weeks=1)
        waiting = [
            row for row in self.cases
            if row["posted_at"] < ends and (row["stopped_at"] is None or row["stopped_at"] >= ends)
        ]  # fmt: skip
        gone = [row for row in mine if row["state"] == "dismissed"]
        done = [row for row in mine if row["state"] == "answered"]
        wrong = [row for row in gone if row["misjudged"]]
        in_office = [
            row for row in real if row["state"] == "answered" and _open(row["posted_at"], row["stopped_at"]) <= TARGET
        ]
        by_the_clock = [row for row in done if row["stopped_at"] - row["posted_at"] <= TARGET]
        closed = [row for row in real if not _at_work(row["posted_at"])]
        assert {
            (each.label, "" if each.note.startswith("before") else each.note): each.value for each in shown.figures
        } == {
            ("Complaints", ""): str(len(real)),
            ("Answered in time", ""): _share(kept, real),
            ("Missed the target", ""): str(len(late)),
            ("Half answered within", ""): self._time(mine, 0.5),
            ("Nine in ten answered within", ""): self._time(mine, 0.9),
            ("Complaint rate", ""): _share([row for row in posts if row["complaint"]], posts),
            ("Waiting when the week ended", ""): str(len(waiting)),
            ("Answer did not hold", ""): str(len([row for row in real if row["reopened"] or row["round"] > 1])),
            ("Answered within 1 h", "in opening hours"): _share(in_office, real),
            ("Answered within 1 h", "round the clock"): _share(by_the_clock, real),
            ("Half answered within", "in opening hours"): self._time(mine, 0.5, at_work=True),
            ("Nine in ten answered within", "in opening hours"): self._time(mine, 0.9, at_work=True),
            ("Posted while closed", ""): str(len(closed)),
            ("Found after (median)", ""): _middle([row["detected_at"] - row["posted_at"] for row in mine]),
            ("Team told after (median)", ""): _middle(
                [max(row["alerted_at"] - row["detected_at"], timedelta()) for row in mine if row["alerted_at"]]
            ),
            ("Dismissed by the team", ""): str(len(gone)),
            ("Alerts that were right", {0: "", 1: "one was wrong"}.get(len(wrong), f"{len(wrong)} were wrong")): _share(
                done, done + wrong
            ),
        }
        lengths = {each.label: len(each.ids) for each in shown.behind}
        assert lengths.get("Complaints", 0) == len(real)
        assert lengths.get("Missed the target", 0) == len(late)

    def _tables(self, shown: Sheet, found: Review) -> None:
        """Each row of each table; a table that is not known here is a mistake."""
        posts = in_week(self.posts)
        tiers = {row["id"]: who.tier if (who := known("", row["author"])) else "not on the list" for row in self.mine}
        ways: dict[str, Any] = {
            "Platforms": lambda row: SAY.platform(row["platform"]),
            "Languages": lambda row: SAY.tongue(row["language"]),
            "Customers by tier": lambda row: tiers[row["id"]],
        }
        for table in shown.tables:
            rows = {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}
            if table.heading == "Topics":
                self._topics(rows, found)
            elif table.heading == "Departments":
                whose = {
                    name: [row for row in self.mine if row["topic"] in topics] for name, topics in DEPARTMENTS.items()
                }
                heard = {name: [row for row in posts if row["topic"] in topics] for name, topics in DEPARTMENTS.items()}
                assert rows == {name: [str(len(heard[name])), *self._row(mine)] for name, mine in whose.items()}
            else:
                way = ways[table.heading]
                names = {way(row) for row in self.mine}
                counted = {name: self._row([row for row in self.mine if way(row) == name]) for name in names}
                if table.heading != "Customers by tier":
                    read = Counter(way(row) for row in posts)
                    counted = {name: [str(read[name]), *counted.get(name, self._row([]))] for name in {*names, *read}}
                assert rows == counted

    def _topics(self, rows: dict[str, list[str]], found: Review) -> None:
        names = {row["topic"] for row in self._counted(5)}
        for name in names:
            shown = rows[SAY.topic(name)]
            before = [len([row for row in self.week(back) if row["topic"] == name]) for back in range(5, 0, -1)]
            usual = expected(before)
            here = len([row for row in self.real if row["topic"] == name])
            assert usual is not None
            sign = "▲ rising" if here > usual.high else "▼ falling" if here < usual.low else ""
            assert shown == [str(here), SAY.number(round(fmean(before), 1)), sign]
        assert len(rows) == len(names)

    def _row(self, mine: list[Any]) -> list[str]:
        real = [row for row in mine if row["state"] in ("open", "claimed", "answered")]
        late = [row for row in real if (row["stopped_at"] or NOW) > row["respond_by"]]
        kept = [row for row in real if row["state"] == "answered" and row not in late]
        return [str(len(real)), _share(kept, real), str(len(late)), self._time(mine, 0.5)]

    def _weeks(self, found: Review) -> None:
        counts = [len(self.week(back)) for back in range(5, -1, -1)]
        assert [past.complaints for past in found.weeks] == counts
        assert [past.posts.posts for past in found.weeks] == [
            len(in_week(self.posts, back)) for back in range(5, -1, -1)
        ]
        assert found.usual == expected(counts[:-1])
        assert found.forecast == expected(counts)

    def _cells(self, found: Review) -> None:
        def cell(row: Any) -> tuple[int, int]:
            local = row["posted_at"].astimezone(TALLINN)
            return local.isoweekday(), local.hour

        late = [row for row in self.real if (row["stopped_at"] or NOW) > row["respond_by"]]
        assert {place: len(ids) for place, ids in found.cells.items()} == Counter(map(cell, self.real))
        assert {place: len(ids) for place, ids in found.missed.items()} == Counter(map(cell, late))

    def _stories(self, found: Review) -> None:
        late = [row for row in self.real if (row["stopped_at"] or NOW) > row["respond_by"]]
        kept = [row for row in self.real if row["state"] == "answered" and row not in late]
        late.sort(key=lambda row: (-row["urgent"], -_length(row), row["id"]))
        kept.sort(key=lambda row: (-row["urgent"], _length(row), row["id"]))
        assert [told.wait.case_id for told in found.misses] == [row["id"] for row in late[:5]]
        assert [told.wait.case_id for told in found.saves] == [row["id"] for row in kept[:5]]
        sorry = [row for row in self.real if row not in kept or row["reopened"] or row["round"] > 1]
        dear = [row for row in sorry if (who := known("", row["author"])) and who.rank == 0]
        dear.sort(key=lambda row: (-_length(row), row["id"]))
        assert [told.wait.case_id for told in found.unhappy] == [row["id"] for row in dear[:5]]
        assert [each.askers for each in found.questions] == [
            number for number in [len([row for row in in_week(self.posts) if row["posted_at"] == MONDAY + TARGET])]
            if number >= 3
        ]  # fmt: skip

    def week(self, back: int) -> list[Any]:
        return [row for row in in_week(self.cases, back) if row["state"] in ("open", "claimed", "answered")]

    def _counted(self, back: int) -> list[Any]:
        return [row for number in range(back + 1) for row in self.week(number)]

    def _time(self, mine: list[Any], share: float, *, at_work: bool = False) -> str:
        span = self.span(mine, share, at_work=at_work)
        kept = [row for row in mine if row["state"] != "dismissed"]
        return SAY.duration(span) if span is not None else "not yet" if kept else "–"

    def span(self, mine: list[Any], share: float, *, at_work: bool = False) -> timedelta | None:
        """By the product of those left at each answer."""
        ends = [
            (_open(row["posted_at"], row["stopped_at"] or NOW) if at_work else _length(row), row["state"] == "answered")
            for row in mine if row["state"] != "dismissed"
        ]  # fmt: skip
        left = 1.0
        for length in sorted({length for length, answered in ends if answered}):
            left *= 1 - ends.count((length, True)) / len([each for each, _ in ends if each >= length])
            if left <= 1 - share + 1e-9:
                return length
        return None


def in_week(rows: Sequence[Any], back: int = 0) -> list[Any]:
    since = WEEK.later(-back).begins(TALLINN)
    return [row for row in rows if since <= row["posted_at"] < WEEK.later(1 - back).begins(TALLINN)]


def _moment(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _length(row: Any) -> timedelta:
    return max((row["stopped_at"] or NOW) - row["posted_at"], timedelta())


def _at_work(at: datetime) -> bool:
    local = at.astimezone(TALLINN)
    return local.isoweekday() <= 5 and 9 <= local.hour < 17


def _open(since: datetime, until: datetime) -> timedelta:
    """Day by day, from nine to five in Tallinn, which in November is two hours before UTC."""
    total, day = timedelta(), since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while day < until:
        if day.isoweekday() <= 5:
            begins, ends = day + timedelta(hours=7), day + timedelta(hours=15)
            total += max(min(until, ends) - max(since, begins), timedelta())
        day += timedelta(days=1)
    return total


def _share(part: Sequence[Any], whole: Sequence[Any]) -> str:
    return SAY.percent(len(part) / len(whole) if whole else None)


def _middle(spans: list[timedelta]) -> str:
    return SAY.duration(sorted(spans)[(len(spans) - 1) // 2]) if spans else "–"
