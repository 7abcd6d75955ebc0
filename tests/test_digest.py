"""The weekly digest as marketing gets it: what it says, in which forms, and that it comes once."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from PIL import Image
from sqlalchemy import insert, select, update

from alerts.base import Digest, Permanent, Transient, Unknown
from alerts.slack import Options, Slack
from connectors.base import Secret
from monitor.config import Digests
from monitor.digest.edition import Edition, edit
from monitor.digest.forecast import expected
from monitor.digest.language import Voice
from monitor.digest.review import About, Review, review
from monitor.digest.sentences import five
from monitor.digest.week import Week
from monitor.jobs.digests import latest
from monitor.jobs.outage import outage
from monitor.schema import mentions, outbox, problems, sources
from monitor.store import Store
from tests.databases import fresh
from tests.desk import Desk
from tests.servers.slack_api import CARE, TOKEN, SlackApi
from tests.test_cli import MISCONFIGURED, OK, Office
from tests.test_email import Post, body, channel, serve
from tests.weeks import Weeks

TALLINN = ZoneInfo("Europe/Tallinn")
WEEK = Week.named("2026-W47")
MONDAY = WEEK.begins(TALLINN)
NEXT = MONDAY + timedelta(days=7, hours=8)
HOUR = timedelta(hours=1)
EVIL = "<script>alert(1)</script>\u202e<img src=x onerror=alert(2)> {{ 7*7 }} {brand} & *bold* <https://evil.example|x>"
PLAN = Digests(channels=("care",), zone="Europe/Tallinn")


@pytest.fixture
def weeks(tmp_path: Path) -> Iterator[Weeks]:
    store = Store(fresh(tmp_path))
    yield Weeks(store)
    store.close()


def look(weeks: Weeks, week: Week = WEEK, now: datetime = NEXT) -> Review:
    weeks.write()
    about = About(brand="Lainepost", week=week, zone=TALLINN, target=HOUR, sources=("x",), keywords=("Laineposti",))
    return review(weeks.store, about, now)


def usual_weeks(weeks: Weeks, complaints: int = 4, back: int = 8) -> None:
    """So many weeks before this one, all alike."""
    for week in range(1, back + 1):
        for number in range(complaints):
            weeks.case(MONDAY - timedelta(weeks=week) + timedelta(hours=9 + number), 30, topic="billing")


def sentences(found: Review, language: str = "en") -> tuple[str, ...]:
    return five(found, Voice(language, TALLINN))  # type: ignore[arg-type]


# what it says


def test_five_sentences_say_what_changed_and_why_it_matters(weeks: Weeks) -> None:
    usual_weeks(weeks)
    for number in range(8):
        weeks.case(MONDAY + timedelta(hours=10 + number), 20 if number < 6 else None, topic="delivery")
    weeks.case(MONDAY + timedelta(days=1), 90, topic="billing")
    assert sentences(look(weeks)) == (
        "Lainepost had 9 complaints, 5 more than the week before: not chance, for 1 to 8 are usual.",
        "67% were answered within the target of 1 h, against 100% the week before; one was answered late and 2 are "
        "overdue without an answer.",
        "Half of the customers had an answer within 20 min (30 min the week before); more than one in ten have had "
        "none to this day.",
        "What grew is “delivery”: 8 complaints, when 0 a week are usual.",
        "It matters because 42% of those who complain expect an answer within the hour and about 60% of complaints go "
        "unanswered elsewhere; here 22% have no answer so far.",
    )


def test_a_week_without_a_complaint_is_told_as_one(weeks: Weeks) -> None:
    weeks.post(MONDAY + HOUR)
    said = sentences(look(weeks))
    assert said[0] == "No complaint about Lainepost was found in the one post that was read."
    assert len(said) == 5
    assert edit(look(weeks), "et").text().startswith("Lainepost: kaebused 47. nädalal")


def test_the_hours_in_which_most_is_missed_are_named(weeks: Weeks) -> None:
    usual_weeks(weeks)
    saturday = MONDAY + timedelta(days=5)
    for minute in (5, 65, 125):
        weeks.case(saturday + timedelta(hours=16, minutes=minute), topic="billing")
    weeks.case(MONDAY + timedelta(hours=9), 200, topic="billing")
    assert "Of the 4 that were missed, 3 were posted on Saturday between 16:00 and 20:00." in sentences(look(weeks))
    assert "Tähtaja ületanud 4 kaebusest 3 postitati laupäeval kell 16:00–20:00." in sentences(look(weeks), "et")


def test_what_was_not_heard_is_said_before_anything_is_made_of_the_figures(weeks: Weeks) -> None:
    weeks.case(MONDAY + HOUR, 10)
    noted = {"noted_at": MONDAY + timedelta(days=2), "why": "past the search window"}
    places = (("x", "gap", 3), ("another", "gap", 9), ("", "outage", 1))
    rows = [
        {"source": name, "kind": kind, "place": f"{MONDAY.isoformat()} to {(MONDAY + hours * HOUR).isoformat()}"}
        | noted
        for name, kind, hours in places
    ]
    with weeks.store.write() as connection:
        connection.execute(insert(problems), rows)
    found = look(weeks)
    assert [(each.source, each.until - each.since) for each in found.silences] == [("", HOUR), ("x", 3 * HOUR)]
    assert sentences(found)[4] == (
        "Not everything was heard: posts of 3 h may be missing, so the true numbers can be higher."
    )
    assert (
        "the monitor itself: nothing was heard from Mon 16 Nov, 00:00 to Mon 16 Nov, 01:00" in edit(found, "en").text()
    )


def test_questions_that_customers_repeat_are_gathered(weeks: Weeks) -> None:
    for text in (
        "Millal Lainepost pühade ajal pakiautomaate tühjendab?",
        "Kas Laineposti pakiautomaate tühjendatakse pühade ajal?",
        "@lainepost pakiautomaadid pühade ajal, kas tühjendate? https://x.example/1",
        "Kus asub lähim kontor?",
    ):
        weeks.post(MONDAY + HOUR, text, intent="question", topic="delivery")
    weeks.post(MONDAY + HOUR, "When are parcel lockers emptied?", intent="question", language="en")
    [kind] = look(weeks).questions
    assert kind.askers == 3
    assert [question.mention_id for question in kind.questions] == [1, 2, 3] or len(kind.questions) == 3


def test_the_worst_misses_and_best_saves_come_with_words_and_a_link(weeks: Weeks) -> None:
    quick = weeks.case(MONDAY, 5)
    thanked = weeks.case(MONDAY, 50)
    weeks.post(MONDAY + 2 * HOUR, "Aitäh!", case_id=thanked, intent="praise", sentiment="positive")
    long = weeks.case(MONDAY, text="Keegi ei vasta")
    urgent = weeks.case(MONDAY, 61, severity="urgent")
    gone = weeks.case(MONDAY, 70, text="", author="", url="", erased_at=NEXT)
    found = look(weeks)
    assert [told.wait.case_id for told in found.misses] == [urgent, long, gone]
    assert [told.wait.case_id for told in found.saves] == [thanked, quick]
    assert (found.misses[1].text, found.misses[1].url) == ("Keegi ei vasta", "https://x.example/4")
    assert (found.misses[2].text, found.misses[2].url) == ("", "")


def test_weeks_before_the_brand_was_heard_are_not_taken_for_quiet_ones(weeks: Weeks) -> None:
    usual_weeks(weeks, back=2)
    found = look(weeks)
    assert [past.week.name for past in found.weeks] == ["2026-W45", "2026-W46", "2026-W47"]
    assert found.usual is None
    assert found.forecast is None


@pytest.mark.parametrize(("counts", "low", "high"), [([4] * 8, 1, 8), ([0] * 8, 0, 1), ([1000] * 8, 945, 1056)])
def test_a_forecast_is_as_wide_as_chance(counts: list[int], low: int, high: int) -> None:
    said = expected(counts)
    assert said is not None
    assert (said.low, said.high) == (low, high)


def test_a_forecast_is_what_a_library_computes() -> None:
    from scipy.stats import nbinom

    counts = [31, 44, 28, 90, 35, 41, 17, 52]
    said = expected(counts)
    assert said is not None
    mean = sum(counts) / 8
    spread = sum((count - mean) ** 2 for count in counts) / 7 * (1 + 1 / 8)
    size, share = mean**2 / (spread - mean), mean / spread
    assert (said.low, said.high) == (nbinom.ppf(0.05, size, share), nbinom.ppf(0.95, size, share))


# in which forms


@pytest.fixture
def hostile(weeks: Weeks) -> Edition:
    usual_weeks(weeks)
    weeks.case(MONDAY, text=EVIL + "x" * 100_000, author=EVIL, url="javascript:alert(1)", topic="<b>own</b>")
    weeks.case(MONDAY, 5, text=EVIL, author="mari\r\nBcc: all@example.com", url='https://x.example/"><script>')
    return edit(look(weeks), "en")


def test_what_a_customer_writes_does_nothing_on_the_page(hostile: Edition) -> None:
    page = hostile.page()
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "javascript:" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }} {brand}" in page
    assert page.count("http") == page.count("https://evil.example") + page.count("http-equiv")
    assert len(page) < 1_000_000


def test_a_pdf_has_the_same_words_and_pictures(hostile: Edition) -> None:
    document = pypdfium2.PdfDocument(hostile.pdf)
    text = "".join(page.get_textpage().get_text_bounded() for page in document)
    assert "Lainepost: complaints in week 47" in text
    assert "<script>alert(1)</script>" in text
    pictures = [thing for page in document for thing in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])]
    assert len(pictures) == 4


def test_a_mail_has_its_charts_in_it_and_text_for_those_who_want_no_html(hostile: Edition) -> None:
    post = Post()
    with serve(post, data_size_limit=None) as port:
        reference = channel(port).send(hostile.message("digest:Lainepost:2026-W47:mail"))
    [mail] = post.mails
    assert mail["Subject"] == "Lainepost: complaints in week 47"
    assert mail["Message-ID"] == reference
    assert mail["Bcc"] is None
    assert hostile.sheet.sentences[0] in body(mail, "plain")
    assert "<script" not in body(mail, "html")
    charts = {part["Content-ID"].strip("<>"): part for part in mail.walk() if part["Content-ID"]}
    assert {name for name in charts if f"cid:{name}" in body(mail, "html")} == {"trend", "hours", "waits", "topics"}
    assert isinstance(charts["trend"], EmailMessage)
    assert Image.open(BytesIO(charts["trend"].get_content())).width == 1080
    [pdf] = mail.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()[:5]) == ("lainepost-2026-W47.pdf", b"%PDF-")


# in Slack


def slack(api: SlackApi) -> Slack:
    options = Options(token=Secret(TOKEN), channel=CARE, base_url=api.url, timeout=10)
    return Slack("marketing", options, clock=lambda: NEXT)


@pytest.fixture
def message(hostile: Edition) -> Digest:
    return hostile.message("digest:Lainepost:2026-W47:marketing", "https://monitor.example/digests/w47.html")


def test_slack_gets_the_sentences_and_the_charts_in_the_thread(message: Digest) -> None:
    with SlackApi(clock=lambda: NEXT) as api:
        reference = slack(api).send(message)
        summary, files = api.messages(CARE)
    assert reference == f"{CARE}:{summary['ts']}"
    assert message.sentences[0] in json.dumps(summary["blocks"], ensure_ascii=False)
    assert "https://monitor.example/digests/w47.html" in json.dumps(summary["blocks"])
    assert files["thread_ts"] == summary["ts"]
    names = [file["name"] for file in files["files"]]
    kinds = ["trend.png", "hours.png", "waits.png", "topics.png"]
    assert names == [*(f"lainepost-2026-W47-{kind}" for kind in kinds), "lainepost-2026-W47.pdf"]
    assert files["files"][0]["bytes"] == message.pictures[0].png


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
def test_charts_that_failed_are_added_and_nothing_is_said_twice(message: Digest, method: str) -> None:
    with SlackApi(clock=lambda: NEXT) as api:
        api.fault(method, "ratelimited")
        with pytest.raises(Unknown):
            slack(api).send(message)
        found = slack(api).find(message, NEXT)
        assert slack(api).find(message, NEXT) == found
        posts = api.messages(CARE)
    assert found == f"{CARE}:{posts[0]['ts']}"
    assert [len(post.get("files", ())) for post in posts] == [0, 5]


def test_an_app_that_may_not_upload_is_told_so_before_anything_is_said(message: Digest) -> None:
    with SlackApi(scopes="chat:write,channels:history") as api:
        with pytest.raises(Permanent, match="files:write"):
            slack(api).send(message)
        assert api.messages(CARE) == []


# and when


@pytest.mark.parametrize(
    ("at", "week"),
    [("2026-11-23T05:59", "2026-W46"), ("2026-11-23T06:00", "2026-W47"), ("2026-11-29T21:59", "2026-W47")],
)
def test_a_week_is_told_of_on_monday_at_eight_by_the_brands_clock(at: str, week: str) -> None:
    assert latest(PLAN, datetime.fromisoformat(at).replace(tzinfo=UTC)).name == week


def test_who_asks_before_that_hour_is_told_of_the_week_that_is_over_all_the_same(small_desk: Desk) -> None:
    small_desk.clock.now = datetime(2026, 11, 23, 5, 59, tzinfo=UTC)
    assert small_desk.app.editions.edition("Lainepost").file.endswith("2026-W47")


def planned(desk: Desk, at: datetime) -> None:
    """The desk with a digest, at a moment, and a complaint in the week before."""
    desk.config = replace(desk.config, digest=PLAN)
    desk.restart()
    desk.clock.now = MONDAY + timedelta(days=3)
    desk.post("my parcel is late", thread="old")
    desk.app.collect("chat")
    desk.clock.now = at


def digests(desk: Desk) -> list[Digest]:
    return [sent for letter in desk.paper("care").letters for sent in letter.shown if isinstance(sent, Digest)]


def test_a_digest_is_sent_once_however_often_the_monitor_wakes(desk: Desk) -> None:
    planned(desk, NEXT - timedelta(minutes=1))
    desk.tick()
    assert digests(desk) == []
    for _ in range(3):
        desk.tick(after=1)
        desk.restart()
    [sent] = digests(desk)
    assert sent.key == "digest:Lainepost:2026-W47:care"
    assert sent.title == "Lainepost: complaints in week 47"
    assert (desk.app.state / "digests" / "lainepost-2026-W47.html").exists()
    assert (desk.app.state / "digests" / "lainepost-2026-W47.pdf").exists()


def test_a_monday_that_was_missed_is_made_up(small_desk: Desk) -> None:
    planned(small_desk, NEXT + timedelta(days=2))
    small_desk.tick()
    assert [sent.key for sent in digests(small_desk)] == ["digest:Lainepost:2026-W47:care"]


def test_a_digest_whose_channel_fails_comes_later_and_one_in_doubt_is_looked_for(small_desk: Desk) -> None:
    planned(small_desk, NEXT)
    small_desk.paper("care").trouble = [None, Transient("down"), Unknown("gone")]
    for minutes in (0, 2, 4, 6):
        small_desk.tick(after=minutes)
    assert len(digests(small_desk)) == 1
    with small_desk.app.store.read() as connection:
        states = connection.scalars(select(outbox.c.state).where(outbox.c.kind == "digest")).all()
    assert states == ["sent"]


def test_a_brand_that_nobody_has_heard_of_yet_has_no_digest(small_desk: Desk) -> None:
    small_desk.config = replace(small_desk.config, digest=PLAN)
    small_desk.restart()
    small_desk.tick()
    assert digests(small_desk) == []


def test_pages_are_not_kept_for_ever(small_desk: Desk) -> None:
    planned(small_desk, NEXT)
    folder = small_desk.app.state / "digests"
    folder.mkdir()
    for name in ("lainepost-2026-W20.html", "lainepost-2026-W46.html"):
        (folder / name).write_text("old")
    small_desk.app.editions.keep(small_desk.app.editions.edition("Lainepost"))
    assert {path.name for path in folder.iterdir()} == {
        "lainepost-2026-W46.html", "lainepost-2026-W47.html", "lainepost-2026-W47.pdf",
    }  # fmt: skip


def test_what_a_customer_deleted_is_no_longer_in_a_digest_that_goes_out_later(small_desk: Desk) -> None:
    planned(small_desk, NEXT)
    small_desk.app.triage()
    small_desk.app.editions.publish()
    with small_desk.app.store.write() as connection:
        connection.execute(update(mentions).values(text="", author="", url="", erased_at=NEXT))
    small_desk.clock.now += timedelta(minutes=10)
    small_desk.app.editions.publish()
    while small_desk.app.deliver().more:
        pass
    [sent] = digests(small_desk)
    assert "Case 1" in sent.text
    assert "parcel" not in sent.text + sent.html


# outages of the monitor itself


def test_a_time_in_which_the_monitor_did_not_run_is_noted(desk: Desk) -> None:
    desk.tick()
    desk.tick(after=5)
    assert _outages(desk) == []
    desk.tick(after=180)
    [place] = _outages(desk)
    assert place == "2026-11-23T12:06:00+00:00 to 2026-11-23T15:05:00+00:00"


def test_a_source_that_waits_for_its_platform_is_no_outage(small_desk: Desk) -> None:
    small_desk.tick()
    later = small_desk.clock() + timedelta(hours=5)
    with small_desk.app.store.write() as connection:
        connection.execute(update(sources).values(next_poll_at=later))
    assert outage(small_desk.app.store, ["chat"], later - HOUR).done == 0


def _outages(desk: Desk) -> list[str]:
    with desk.app.store.read() as connection:
        return list(connection.scalars(select(problems.c.place).where(problems.c.kind == "outage")))


# on the command line


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.file.write_text(made.file.read_text() + "digest: {channels: [care], zone: Europe/Tallinn, language: et}\n")
    return made


def test_a_week_is_drawn_without_being_sent(office: Office) -> None:
    shown = office.monitor("digest", "--week", "2026-W47", "--dry-run")
    assert shown.exit_code == OK
    assert shown.stdout.startswith("Lainepost: kaebused 47. nädalal\n16.–22. november 2026")
    assert not (office.folder / "state" / "digests").exists()


def test_a_week_is_sent_by_hand_once(office: Office) -> None:
    first, second = (office.monitor("digest", "--week", "2026-W47") for _ in range(2))
    assert "📊 Lainepost: kaebused 47. nädalal" in first.stdout
    assert "Lainepost, 2026-W47: sent" in first.stdout
    assert second.stdout == "Lainepost, 2026-W47: was sent before; nothing to do\n"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("{zone: Europe/Talinn}", "there is no time zone 'Europe/Talinn'"),
        ("{hour: 24}", "must be an hour from 1 to 23"),
        ("{channels: [kare]}", "there is no channel 'kare'"),
        ("{url: 'javascript:x'}", "must be a web address"),
        ("{language: lv}", "language"),
        ("{day: mondays}", "day"),
    ],
)
def test_a_mistake_in_the_section_is_told_with_its_line(office: Office, said: str, why: str) -> None:
    text = office.file.read_text()
    office.file.write_text(text[: text.index("digest:")] + f"digest: {said}\n")
    result = office.monitor("check")
    assert result.exit_code == MISCONFIGURED
    assert why in result.stderr


@pytest.mark.parametrize("words", [("--week", "2026-47"), ("--week", "2026-W54"), ("--brand", "Nobody")])
def test_a_week_or_brand_that_there_is_not_is_told(office: Office, words: tuple[str, str]) -> None:
    assert office.monitor("digest", "--dry-run", *words).exit_code == MISCONFIGURED
