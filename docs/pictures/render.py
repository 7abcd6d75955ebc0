"""Draws the pictures of this documentation with a headless Chromium: real Slack blocks, and the demo as it runs.

python docs/pictures/render.py        (Debian: apt-get install chromium fonts-lato fonts-dejavu fonts-noto-color-emoji)
"""

import io
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from alerts import answers, blocks, buttons, case, queue  # noqa: E402
from alerts.base import Alert, Complaint, Customer, Incident, Notice  # noqa: E402
from alerts.buttons import Act, Listing, Place, Wish  # noqa: E402
from alerts.ladder import Step  # noqa: E402
from alerts.rotation import Turn  # noqa: E402
from alerts.voice import ENGLISH, Voice  # noqa: E402
from classifiers.base import Verdict  # noqa: E402
from connectors.base import Mention  # noqa: E402
from monitor.demo import play  # noqa: E402
from monitor.demo.slack_page import Reader, page, pane  # noqa: E402

PEOPLE = {"U0KATI00001": "Kati Kask", "U0LEAD00001": "Marek Lead", "S0CAREDUTY1": "care-duty"}
READER = Reader(zone=ZoneInfo("Europe/Tallinn"), people=PEOPLE)
POSTED = datetime(2026, 11, 23, 11, 5, 12, tzinfo=UTC)
TARGET = timedelta(hours=1)
COLUMNS = 110


def at(minutes: float) -> datetime:
    return POSTED + timedelta(minutes=minutes)


def complaint(text: str, minutes: float = 0, **more: Any) -> Complaint:
    facts: dict[str, Any] = {"author": "marimaasikas", "followers": 12_431, "lang": "et", "platform": "x"} | more
    mention = Mention(
        external_id=f"19{minutes}",
        thread_id="190",
        text=text,
        posted_at=at(minutes),
        url="https://x.com/marimaasikas/status/1990000000000000000",
        **facts,
    )
    verdict = Verdict(complaint=0.968, is_complaint=True, sentiment="negative", model="example")
    return Complaint(mention=mention, verdict=verdict)


FIRST = complaint(
    "Kolmas päev järjest internetti pole ja klienditoes vastab ainult robot, kes palub „veidi kannatust“. "
    "Ma töötan kodust, @PõhjaNet! Millal keegi päriselt midagi teeb? 😡"
)
AGAIN = complaint("Helistasin uuesti: 47 minutit ooteliinil ja siis kõne katkes. Tõsiselt?", 21)
CASE = case.Case(
    id=4217,
    brand="PõhjaNet",
    platform="x",
    thread_id="190",
    author="marimaasikas",
    posted_at=POSTED,
    detected_at=at(1.2),
    respond_by=POSTED + TARGET,
    check_at=None,
)


def alert(now: float, number: int | None = None, mention: tuple[str, ...] = (), **more: Any) -> Alert:
    step = None if number is None else Step(after=timedelta(minutes=now), channel="care", mention=mention)
    facts: dict[str, Any] = {"case": CASE, "complaints": [FIRST], "timeline": [], "root": None} | more
    return Alert(key="case:4217:1:0", now=at(now), step=step, number=number or 0, **facts)


def claimed(now: float) -> dict[str, Any]:
    moved, event = case.claim(CASE, "U0KATI00001", at(now))
    return {"case": moved, "timeline": [event]}


def answered(minutes: float) -> dict[str, Any]:
    moved, event = case.answer(CASE, "pohjanet_abi", at(minutes), by=case.Stop.BRAND_REPLY)
    return {"case": moved, "timeline": [event]}


def other(text: str, author: str, **more: Any) -> dict[str, Any]:
    """The same brand, another customer."""
    facts = {name: more.pop(name) for name in ("followers", "lang", "platform") if name in more}
    posted = at(more.pop("minutes", 0))
    elsewhere = replace(
        CASE,
        id=more.pop("id"),
        platform=facts.get("platform", "x"),
        author=author,
        posted_at=posted,
        detected_at=posted + timedelta(minutes=1),
        respond_by=posted + TARGET,
    )
    return {"case": elsewhere, "complaints": [complaint(text, author=author, **facts)]}


def message(
    shown: Alert,
    say: Voice = ENGLISH,
    *,
    edited: bool = False,
    sent: datetime | None = None,
    actions: bool = False,
    unfolded: bool = False,
) -> str:
    _, drawn = blocks.root(shown, say, actions=actions) if edited else blocks.render(shown, say, actions=actions)
    if unfolded:
        drawn[-1]["elements"][-1]["open"] = True
    return READER.message(drawn, sent or (shown.case.detected_at if edited else shown.now), edited=edited)


def picture(name: str, *panes: str, width: int, height: int) -> None:
    draw(page(name, *panes), HERE / name, width, height)


def draw(document: str, target: Path, width: int, height: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "page.html")
        source.write_text(document, encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}"]
        shot = f"--screenshot={target}"
        subprocess.run(["chromium", *flags, shot, source.as_uri()], check=True, capture_output=True)


def terminal(name: str) -> None:
    """The demo on a terminal: its beginning up to a missed target, with the bar as it then stood, and its figures."""
    log = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        play(Console(file=log, width=COLUMNS, force_terminal=True, color_system="truecolor"), 0, Path(folder))
    lines = [[Text.from_ansi(part) for part in line.split("\r")] for line in log.getvalue().split("\n")]
    bars = [part for line in lines for part in line if "posts read" in part.plain]
    rows = [line[-1] for line in lines if line[-1] not in bars]

    def first(words: str) -> int:
        return next(number for number, row in enumerate(rows) if words in row.plain)

    missed, end = first("target missed"), first("Who still waits")
    clock = rows[missed].plain.partition("🔴 ")[2][:5]
    bar = [row for row in bars if row.plain[:5] <= clock][-1]
    paper = Console(file=io.StringIO(), record=True, width=COLUMNS, force_terminal=True, color_system="truecolor")
    for row in [
        *rows[: first("13:20")],
        Text("⋮", "dim"),
        *rows[missed - 12 : missed + 5],
        bar,
        Text(),
        *rows[end : first("─ Next ─") - 1],
    ]:
        paper.print(row, no_wrap=True)
    picture = paper.export_svg(title="python -m monitor demo", font_aspect_ratio=0.602)
    picture = picture.replace("Fira Code", "DejaVu Sans Mono")
    width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', picture)[0])
    draw(
        f"<!doctype html><meta charset=utf-8><style>body {{ margin: 0 }}</style>{picture}",
        HERE / name,
        round(width),
        round(height),
    )


def prepared(name: str) -> None:
    """A valued customer's case with its prepared answer, one that a person decides, and a summary in the morning."""
    parcel = replace(FIRST, verdict=replace(FIRST.verdict, topic="outage", language="et", why=("internetti pole",)))
    mari = Customer(name="Mari Maasikas", tier="gold", note="contract ends in May", rank=0)
    known: dict[str, Any] = {"complaints": [parcel], "customer": mari}
    said = answers.prepare(CASE, [parcel], answers.shipped(), {})
    bill = other("Списали дважды за один месяц. Верните деньги!", "olga_k", id=4218, lang="ru", followers=312)
    refund = replace(bill["complaints"][0].verdict, topic="refund", language="ru", why=("Верните деньги",))
    bill["complaints"] = [replace(bill["complaints"][0], verdict=refund)]
    decided = answers.prepare(bill["case"], bill["complaints"], answers.shipped(), {})
    lines = (
        "case 4219 · PõhjaNet on X · delivery · 2 h 10 min late",
        "case 4223 · PõhjaNet on Bluesky · app · answer by 08:20",
        "case 4224 · PõhjaNet on Reddit · quality · answer by 08:45 · claimed by Kati",
    )
    morning = Notice(
        key="quiet:care", now=at(0), title="While this channel was quiet: 3 cases wait, 2 were settled", lines=lines,
        sign="🌅",
    )  # fmt: skip
    picture(
        name,
        pane("Thread <small>#care</small>", message(alert(1.3, 0, **known)),
             READER.message(blocks.suggestion(alert(1.3, answer=said, **known), ENGLISH)[1], at(1.4)), width=560),
        f"""<div class=column>{pane("Thread <small>#care-money</small>", message(alert(1.3, 0, **bill)),
             READER.message(blocks.suggestion(alert(1.3, answer=decided, **bill), ENGLISH)[1], at(1.4)), width=560)}
        {pane("#care", READER.message(blocks.render(morning, ENGLISH)[1], at(0)), width=560)}</div>""",
        width=1192,
        height=770,
    )  # fmt: skip


def desk(name: str) -> None:
    """What can be pressed: on a new case, on one in hand, on a settled one; and a form."""
    new, taken = alert(1.3, 0), alert(22, **claimed(14))
    settled = alert(24, **answered(23.5))
    wish = Wish(act=Act.DISMISS, case_id=CASE.id, round=1)
    form = READER.form(buttons.form(wish, new, Place(channel="C0CARE00001"), ENGLISH))
    picture(
        name,
        pane("#care", message(new, actions=True, unfolded=True), "<div style='height:104px'></div>", width=560),
        pane("care", message(taken, edited=True, actions=True), message(settled, edited=True, actions=True),
             width=360, kind="phone"),
        pane("#care", form, width=500),
        width=1532,
        height=760,
    )  # fmt: skip


def incident(now: float, counts: list[int], **more: Any) -> Incident:
    first = POSTED - timedelta(minutes=5, seconds=POSTED.second)
    facts: dict[str, Any] = {
        "key": "storm:3", "id": 3, "brand": "PõhjaNet", "topic": "outage", "started_at": at(3), "ended_at": None,
        "usual": 1.6, "stretch": timedelta(minutes=5), "respond_by": at(63), "late": 0, "root": None,
        "apart": (4217, 4218, 4219, 4220, 4221),
    } | more  # fmt: skip
    shown = tuple((first + facts["stretch"] * number, count) for number, count in enumerate(counts))
    return Incident(now=at(now), counts=shown, **facts)


def storm(name: str) -> None:
    """An incident on a phone, its thread, the incident after its end; and one customer on two platforms."""
    raging = incident(24, [0, 1, 4, 11, 19, 8], complaints=43, waiting=38, answered=5)
    sums = {"ended_at": at(80), "complaints": 61, "waiting": 2, "answered": 59, "late": 3}
    over = incident(95, [0, 16, 28, 12, 4, 0, 1, 0], stretch=timedelta(minutes=10), **sums)
    ended = incident(80, [0, 16, 28, 12, 4, 0, 1, 0], stretch=timedelta(minutes=10), **sums | {"root": "C:1"})
    kalle = other("Internet kadus jälle ära, telefonile keegi ei vasta. Töötan kodust!", "kalle_k", id=4222, minutes=15)
    reminder = alert(61, 2, ("U0LEAD00001",), **kalle, incident="C:1", root="C:2")
    words = "Nothing works in Tartu since noon, and your status page says all is fine?"
    tim = other(words, "tartu_tim", id=4223, minutes=16, lang="en", platform="reddit")
    too = complaint("Sama jama siin: kolmas päev ilma internetita.", 21, author="mari_maasikas", platform="reddit")
    both = [FIRST, replace(too, mention=replace(too.mention, thread_id="t3_1"))]

    def drawn(shown: Incident, sent: float, *, edited: bool = False) -> str:
        _, parts = blocks.standing(shown, ENGLISH) if edited else blocks.render(shown, ENGLISH)
        return READER.message(parts, at(sent), edited=edited)

    now, later = (pane("#care", drawn(shown, 14, edited=True), width=375, kind="phone") for shown in (raging, over))
    lines = [message(alert(17, 0, **case_, incident="C:1"), actions=True) for case_ in (kalle, tim)]
    thread = pane("Thread <small>#care</small>", *lines, message(reminder), drawn(ended, 80), width=560)
    joined = pane("#care", message(alert(22, complaints=both), edited=True, actions=True), width=560)
    left, right = (f"<div class=column>{panes}</div>" for panes in (now + later, thread + joined))
    picture(name, left, right, width=1010, height=1090)


def lists(name: str) -> None:
    """The App Home, and on a phone the slash command's answer after a press in it."""
    late = other(
        "Теперь и роутер не работает, третий день без интернета. Кто вернёт деньги?",
        "oleg_narva", id=4209, minutes=-66, lang="ru", followers=310,
    )  # fmt: skip
    tom = other("Nobody came, nobody called. Third time this month.", "tallinn_tom", id=4212, minutes=-20, lang="en",
                platform="reddit", followers=None)  # fmt: skip
    fire = other("Ruuter läks põlema!! Klienditugi ei vasta!", "paul_p", id=4215, minutes=-3)
    verdict = replace(fire["complaints"][0].verdict, severity="urgent")
    fire["complaints"] = [replace(fire["complaints"][0], verdict=verdict)]
    team = "https://example.slack.com/archives/C1/p1"
    mine = alert(4, elsewhere=team, **claimed(3))
    waiting = [alert(4, elsewhere=team, **each) for each in (late, tom, fire)]
    week = queue.Figures(
        span=timedelta(days=7), complaints=41, in_time=32, first_reply=timedelta(minutes=23), waiting=5
    )
    home = queue.home([mine], waiting[:2], ENGLISH, more=2, figures=week, now=at(4))
    taken, event = case.claim(late["case"], "U0KATI00001", at(4))
    after = [alert(4, elsewhere=team, **late | {"case": taken, "timeline": [event]}), *waiting[1:]]
    lead = blocks.reply(after[0], "Done:", ENGLISH)
    _, said = queue.answer(queue.waiting(5, ENGLISH), after, Listing(), ENGLISH, more=2, lead=lead)
    picture(
        name,
        pane("Complaint Monitor <small>Home</small>", READER.home(home), width=640),
        pane("care", READER.message(said, at(4), alone=True), width=420, kind="phone"),
        width=1172,
        height=890,
    )


def languages(name: str) -> None:
    """A case from its first alert to its answer, in a channel of each language; and who is on call."""
    picture(name, *(_thread_in(Voice(each)) for each in ("et", "en", "ru", "lv")), width=2012, height=1300)


def _thread_in(say: Voice) -> str:
    both: dict[str, Any] = {"complaints": [FIRST, AGAIN]}
    turn = Turn(who="U0KATI00001", since=at(-600), until=at(295))
    drawn = queue.rota(say("On call now"), [("care", turn)], say, at(20))[1]
    held, event = case.assign(CASE, "U0LEAD00001", at(33), "U0KATI00001")
    quiet, snoozed = case.snooze(held, "U0KATI00001", at(40), at(55))
    mine: dict[str, Any] = {"case": quiet, "timeline": [event, snoozed], **both}
    return pane(
        f"#care <small>{say.tongue(say.language)}</small>",
        message(alert(1.3, 0), say, actions=True),
        message(alert(30, 1, ("S0CAREDUTY1",), root="C:1", **both), say),
        message(alert(33, root="C:1", **mine), say),
        message(alert(45, **mine), say, edited=True, sent=at(1.3), actions=True),
        message(alert(60.2, 3, ("U0LEAD00001",), root="C:1", **mine), say),
        message(alert(74, **answered(73.5), **both), say, edited=True, sent=at(1.3), actions=True),
        READER.message(drawn, at(80), alone=True),
        width=490,
    )


def main() -> None:
    languages("slack-languages.png")
    lists("slack-queue.png")
    terminal("demo.png")
    desk("slack-buttons.png")
    storm("slack-storm.png")
    prepared("slack-answer.png")
    care, duty = "<span>#care</span>", ("S0CAREDUTY1",)
    new = alert(1.3, 0)
    long = alert(22, complaints=[FIRST, complaint("?", 8), complaint("??", 9), AGAIN], **claimed(14))
    parcel = other(
        "Spent a whole day waiting for your technician. Nobody came, nobody called. Third time this month.",
        "tallinn_tom",
        id=4212,
        minutes=-40,
        lang="en",
        followers=None,
        platform="reddit",
    )
    moved, event = case.answer(parcel["case"], "pohjanet_abi", at(-17), by=case.Stop.BRAND_REPLY)
    settled = alert(3, **parcel | {"case": moved, "timeline": [event]})
    joke = other("kui @PõhjaNet oleks ilm, oleks kogu aeg november", "naljatilk", id=4215, minutes=-12, followers=96)
    moved, event = case.dismiss(joke["case"], "U0KATI00001", at(-8), "a joke")
    dismissed = alert(3, **joke | {"case": moved, "timeline": [event]})
    picture(
        "slack-alert.png",
        pane(care, message(settled, edited=True), message(dismissed, edited=True), message(new), width=700),
        pane(care, message(long, edited=True), width=375, kind="phone"),
        width=1190,
        height=600,
    )

    both: dict[str, Any] = {"complaints": [FIRST, AGAIN]}
    inside = {"root": "C:1", **both}
    thread = pane(
        "Thread <small>#care</small>",
        message(alert(61, **claimed(47), **both), edited=True),
        message(alert(30, 1, duty, **inside)),
        message(alert(45, 2, ("U0LEAD00001",), **inside)),
        message(alert(60.2, 3, ("U0LEAD00001",), **claimed(47), **inside)),
        width=560,
    )
    team = "https://example.slack.com/archives/C1/p1"
    managers = alert(60.2, 3, ("U0LEAD00001",), **claimed(47), **both, elsewhere=team)
    done = alert(74, **answered(73.5), **both, elsewhere=team)
    leads = pane("#care-managers", message(managers), width=560)
    after = pane("#care-managers <small>13 minutes later</small>", message(done, edited=True, sent=at(60.2)), width=560)
    picture("slack-ladder.png", thread, f"<div class=column>{leads}{after}</div>", width=1192, height=690)


if __name__ == "__main__":
    main()
