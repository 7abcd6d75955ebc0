"""What a digest says in words, its storms, gaps and expectations, against the same counted and written a second way."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from statistics import fmean, variance
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom
from sqlalchemy import insert

from monitor import schema
from monitor.digest.review import About, review
from monitor.digest.sheet import sheet
from monitor.store import Store
from tests.databases import fresh
from tests.test_digest_figures import DEPARTMENTS, MONDAY, NOW, SAY, TALLINN, TARGET, WEEK, Counted, in_week
from tests.weeks import Weeks, at_random

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ENDS = MONDAY + timedelta(weeks=1)
MINUTE = timedelta(minutes=1)
Row = dict[str, Any]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    random=st.randoms(use_true_random=False), posts=st.integers(0, 120), back=st.integers(0, 8), gaps=st.integers(0, 4)
)
@pytest.mark.parametrize("department", ["", "Finance"])
def test_every_number_in_the_words_of_a_digest_is_what_a_second_count_gives(
    tmp_path_factory: pytest.TempPathFactory, random: Random, posts: int, back: int, gaps: int, department: str
) -> None:
    store = Store(fresh(tmp_path_factory.mktemp("random")))
    try:
        since = WEEK.later(-back).begins(TALLINN)
        weeks = Weeks(store)
        weeks.post(since, is_complaint=False)
        at_random(weeks, random, since, (ENDS - since).days, posts)
        storms, heard = _storms(store, random), _gaps(store, random, gaps)
        for row in weeks.rows[schema.cases]:
            row["storm_id"] = random.choice([None, *(storm["id"] for storm in storms)])
        weeks.write()
        about = About(
            brand="Lainepost", week=WEEK, zone=TALLINN, target=TARGET, sources=("x", "reddit"),
            department=department, departments=DEPARTMENTS,
        )  # fmt: skip
        found = review(store, about, NOW)
        shown, told = sheet(found, SAY), Told(Counted(store, about.topics), back)
        assert shown.sentences == (told.volume(), told.answers(), told.wait(), told.focus(), told.meaning(heard))
        assert shown.forecast == told.forecast()
        everyone = Counted(store, ()).cases
        mine = [storm for storm in storms if not about.topics or (storm["topic"] or "other") in about.topics]
        assert [cell.text for cell in shown.storms] == [_storm(storm, everyone) for storm in mine if _raged(storm)]
        assert list(shown.silences) == [
            f"{source or 'the monitor itself'}: nothing was heard from {SAY.moment(since)} to {SAY.moment(until)}"
            for since, until, source in heard
        ]
        for name, split in (("in_time", told.kept), ("late", told.late), ("waiting", told.silent)):
            parts = [past.target.pending + past.target.overdue if name == "waiting" else getattr(past.target, name)
                     for past in found.weeks]  # fmt: skip
            assert [len(ids) for ids in parts] == [len(split(number)) for number in range(back, -1, -1)], name
    finally:
        store.close()


class Told:
    """The sentences, written from the plain rows."""

    def __init__(self, rows: Counted, back: int) -> None:
        self.rows, self.back = rows, back
        self.counts = [len(rows.week(number)) for number in range(back, -1, -1)]
        self.number = self.counts[-1]

    def kept(self, back: int = 0) -> list[Row]:
        return [row for row in self._done(back) if row["stopped_at"] <= row["respond_by"]]

    def late(self, back: int = 0) -> list[Row]:
        return [row for row in self._done(back) if row["stopped_at"] > row["respond_by"]]

    def silent(self, back: int = 0) -> list[Row]:
        return [row for row in self.rows.week(back) if row["state"] != "answered"]

    def _done(self, back: int) -> list[Row]:
        return [row for row in self.rows.week(back) if row["state"] == "answered"]

    def volume(self) -> str:
        if not self.number:
            return f"No complaint about Lainepost was found in {_posts(len(in_week(self.rows.posts)))} read."
        said = f"Lainepost had {_many(self.number, 'complaint')}"
        if self.back:
            change = self.number - self.counts[-2]
            size = "one" if abs(change) == 1 else abs(change)
            how = f"{size} {'more' if change > 0 else 'fewer'} than" if change else "as many as"
            said += f", {how} the week before"
        if usual := _expected(self.counts[:-1]):
            low, high = usual
            inside = low <= self.number <= high
            said += f": within the {low} to {high} that are usual" if inside else (
                f": not chance, for {low} to {high} are usual"
            )  # fmt: skip
        return said + "."

    def answers(self) -> str:
        if not self.number:
            return "Nobody had to be answered within the target of 1 h."
        if len(self.kept()) == self.number:
            return "All of them were answered within the target of 1 h."
        said = f"{SAY.percent(len(self.kept()) / self.number)} were answered within the target of 1 h"
        if self.back and self.counts[-2]:
            said += f", against {SAY.percent(len(self.kept(1)) / self.counts[-2])} the week before"
        overdue = [row for row in self.silent() if row["respond_by"] < NOW]
        late, over, rest = len(self.late()), len(overdue), len(self.silent()) - len(overdue)
        parts = [
            "one was answered late" if late == 1 else f"{late} were answered late" if late else "",
            "one is overdue without an answer"
            if over == 1
            else f"{over} are overdue without an answer"
            if over
            else "",
            "one still has time" if rest == 1 else f"{rest} still have time" if rest else "",
        ]
        return f"{said}; {SAY.list([part for part in parts if part])}."

    def wait(self) -> str:
        mine = in_week(self.rows.cases)
        if all(row["state"] == "dismissed" for row in mine):
            return "So there is no waiting time to speak of."
        half, most = self.rows.span(mine, 0.5), self.rows.span(mine, 0.9)
        if half is None:
            return "More than half of the customers have had no answer to this day."
        said = f"Half of the customers had an answer within {SAY.duration(half)}"
        before = self.rows.span(in_week(self.rows.cases, 1), 0.5) if self.back else None
        if before is not None and abs(half - before) > max(half / 5, before / 5, MINUTE):
            said += f" ({SAY.duration(before)} the week before)"
        if most is None:
            return said + "; more than one in ten have had none to this day."
        return said + f"; one in ten waited longer than {SAY.duration(most)}."

    def focus(self) -> str:
        weeks = [Counter(row["topic"] for row in self.rows.week(number)) for number in range(self.back, -1, -1)]
        now, earlier = weeks[-1], weeks[:-1]
        named = sorted((name for name in set().union(*weeks) if name != "other"), key=lambda name: (-now[name], name))
        grown = []
        for name in named:
            before = [week[name] for week in earlier]
            if (usual := _expected(before)) and now[name] > usual[1]:
                grown.append((fmean(before) - now[name], named.index(name), name, fmean(before)))
        if grown:
            *_, name, mean = min(grown)
            number = _many(now[name], "complaint")
            return f"What grew is “{SAY.topic(name)}”: {number}, when {SAY.number(round(mean, 1))} a week are usual."
        late = [row["posted_at"].astimezone(TALLINN) for row in self.rows.week(0)
                if (row["stopped_at"] or NOW) > row["respond_by"]]  # fmt: skip
        blocks = Counter((at.weekday(), at.hour // 4) for at in late)
        if blocks and len(late) >= 4:
            (day, block), number = min(blocks.items(), key=lambda item: (-item[1], item[0]))
            if number * 3 >= len(late):
                were = "one was" if number == 1 else f"{number} were"
                hours = f"{block * 4}:00 and {block * 4 + 4}:00"
                return f"Of the {len(late)} that were missed, {were} posted on {DAYS[day]} between {hours}."
        if not named or not now[named[0]]:
            return "No topic stands out."
        first = now[named[0]]
        part = "one" if first == 1 else first
        return f"The commonest topic is “{SAY.topic(named[0])}”, with {part} of {self.number} complaints."

    def meaning(self, heard: Sequence[tuple[datetime, datetime, str]]) -> str:
        """The time in which something was not heard is counted minute by minute."""
        deaf = {since + MINUTE * place for since, until, _ in heard for place in range((until - since) // MINUTE)}
        if len(deaf) >= 30:
            length = SAY.duration(len(deaf) * MINUTE)
            return f"Not everything was heard: posts of {length} may be missing, so the true numbers can be higher."
        if not self.number:
            return f"Elsewhere {SAY.percent(0.42)} of those who complain expect an answer within the hour."
        silent = SAY.percent(len(self.silent()) / self.number) if self.silent() else "none"
        return (
            f"It matters because {SAY.percent(0.42)} of those who complain expect an answer within the hour and about "
            f"{SAY.percent(0.6)} of complaints go unanswered elsewhere; here {silent} have no answer so far."
        )

    def forecast(self) -> str:
        coming = _expected(self.counts)
        if coming is None:
            return "Too few weeks are known to say what the next one will bring."
        said = f"Next week, nine times in ten: {coming[0]} to {coming[1]} complaints"
        return f"{said}, if it is like the last {len(self.counts)} weeks."


def _storms(store: Store, random: Random) -> list[Row]:
    """Up to three, some over before the week, oldest first."""
    begun = sorted(
        MONDAY + timedelta(minutes=random.randrange(-9 * 1440, 8 * 1440)) for _ in range(random.randrange(4))
    )
    rows: list[Row] = [
        {
            "id": number, "brand": "Lainepost", "topic": random.choice(("delivery", "billing", "")), "channel": "C",
            "started_at": at, "noticed_at": at, "usual": 0.1, "told_at": at, "told": [], "version": 0,
            "ended_at": random.choice((None, at + timedelta(minutes=random.randrange(30, 2000)))),
        }
        for number, at in enumerate(begun, 1)
    ]  # fmt: skip
    if rows:
        with store.write() as connection:
            connection.execute(insert(schema.storms), rows)
    return rows


def _raged(storm: Row) -> bool:
    return bool(storm["started_at"] < ENDS and (storm["ended_at"] or NOW) >= MONDAY)


def _storm(storm: Row, cases: Sequence[Row]) -> str:
    held = [row for row in cases if row["storm_id"] == storm["id"] and row["state"] not in ("dismissed", "withdrawn")]
    missed = [row for row in held if (row["stopped_at"] or NOW) > row["respond_by"]]
    since, until = SAY.moment(storm["started_at"]), storm["ended_at"]
    over = (
        f"{since}, over after {SAY.duration(until - storm['started_at'])}" if until else f"since {since}, not over yet"
    )
    said = f"“{SAY.topic(storm['topic'] or 'other')}”: {over} · {_many(len(held), 'complaint')}"
    return said + (f" · {'one' if len(missed) == 1 else len(missed)} missed the target" if missed else "")


def _gaps(store: Store, random: Random, number: int) -> list[tuple[datetime, datetime, str]]:
    """Writes some times out of reach, of sources of the brand and others and of the monitor; those of the week."""
    rows, heard = [], []
    for place in range(number):
        since = MONDAY + timedelta(minutes=random.randrange(-1440, 8 * 1440))
        until = since + timedelta(minutes=random.choice((5, 20, random.randrange(1, 3000))))
        kind, source = random.choice((("gap", "x"), ("gap", "reddit"), ("gap", "bluesky"), ("outage", f"o{place}")))
        row = {"source": source, "kind": kind, "place": f"{since} to {until}", "why": "off", "noted_at": until}
        if row in rows:
            continue
        rows.append(row)
        if source != "bluesky" and max(since, MONDAY) < min(until, ENDS):
            heard.append((max(since, MONDAY), min(until, ENDS), "" if kind == "outage" else source))
    if rows:
        with store.write() as connection:
            store.insert_new(connection, schema.problems, rows, ["source", "kind", "place"])
    return sorted(heard, key=lambda each: (each[0], each[2]))


def _expected(counts: Sequence[int]) -> tuple[int, int] | None:
    """By scipy's negative binomial count."""
    if len(counts) < 4:
        return None
    mean = max(fmean(counts), 0.5 / len(counts))
    spread = max(variance(counts), mean) * (1 + 1 / len(counts))
    count = nbinom(mean * mean / (spread - mean), mean / spread)
    return int(count.ppf(0.05)), int(count.ppf(0.95))


def _many(number: int, what: str) -> str:
    return f"one {what}" if number == 1 else f"{number} {what}s"


def _posts(number: int) -> str:
    return "the one post that was" if number == 1 else f"the {number} posts that were"
