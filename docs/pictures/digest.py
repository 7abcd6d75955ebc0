"""Draws the pictures of a digest: an invented week of an invented brand, as a page, a mail, a PDF and in Slack.

python docs/pictures/digest.py        (Debian: apt-get install chromium fonts-lato fonts-dejavu)
"""

import sys
import tempfile
from base64 import b64encode
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))
sys.path.insert(0, str(HERE))

import pypdfium2  # noqa: E402
from render import draw  # noqa: E402

from alerts.base import Customer, Digest  # noqa: E402
from alerts.hours import Hours, shifts  # noqa: E402
from alerts.weekly import render  # noqa: E402
from monitor.demo.slack_page import Reader, page, pane  # noqa: E402
from monitor.digest.edition import Edition, edit  # noqa: E402
from monitor.digest.review import About, Review, review  # noqa: E402
from monitor.digest.week import Week  # noqa: E402
from monitor.store import Store  # noqa: E402
from tests.test_email import Post, channel, serve  # noqa: E402
from tests.weeks import Weeks  # noqa: E402

TALLINN = ZoneInfo("Europe/Tallinn")
WEEK = Week.named("2026-W47")
MONDAY = WEEK.begins(TALLINN)
NOW = MONDAY + timedelta(days=7, hours=8)
INBOX = "https://inbox.example"
OPEN = Hours(zone=TALLINN, week=(*[shifts("08:00-20:00")] * 5, shifts("10:00-21:00"), ()))
TARGET = timedelta(hours=1)
TIERS = (("Mari Maasikas", "gold"), ("Kaubamaja OÜ", "gold"), ("Jaan Tamm", "silver"))
DEPARTMENTS = {"Logistics": ("delivery",), "Finance": ("billing", "refund"), "IT": ("app", "outage", "account")}
HOURS = (8, 9, 9, 10, 11, 12, 13, 15, 16, 17, 17, 18, 19, 20, 21)
LOST = (
    "Pakk pidi olema automaadis juba esmaspäeval. Täna on reede ja jälgimine näitab ikka „teel“. Kas keegi vastab ka?",
    "Third day, no courier, no call, no answer in the app. What do I pay for?",
    "Kolm korda arvet saadud paki eest, mida mul pole. Kellega ma rääkima pean?",
)
ASKED = (
    "Kas pakiautomaat Ülemistes töötab pühade ajal?",
    "Pühade ajal pakiautomaat töötab või ei tööta?",
    "Kas teie pakiautomaat töötab pühade ajal ka öösel?",
    "Tere! Kas pakiautomaat pühade ajal töötab?",
)


def invented(weeks: Weeks) -> None:
    """Eight usual weeks, and one in which parcels are late and Saturday evening is not manned."""
    random = Random(47)
    for back in range(8, 0, -1):
        _week(weeks, random, MONDAY - timedelta(weeks=back), random.randrange(17, 26), 0.8)
    _week(weeks, random, MONDAY, 18, 0.9)
    saturday = MONDAY + timedelta(days=5)
    for place in range(9):
        at = saturday + timedelta(hours=16 + place % 5, minutes=random.randrange(60))
        waits = None if place < 3 else random.randrange(70, 900)
        weeks.case(at, waits, topic="delivery", text=LOST[place % 3], platform=("x", "reddit", "x")[place % 3],
                   respond_by=OPEN.add(at, TARGET))  # fmt: skip
    kind = weeks.case(MONDAY + timedelta(days=2, hours=12), 24, topic="refund", text="Raha pole kolm nädalat tagasi!")
    weeks.post(MONDAY + timedelta(days=2, hours=14), case_id=kind, intent="praise", sentiment="positive")
    for day, text in enumerate(ASKED):
        weeks.post(MONDAY + timedelta(days=day, hours=11), text, intent="question", topic="delivery")
    for _ in range(300):
        weeks.post(MONDAY + timedelta(minutes=random.randrange(7 * 1440)))
    weeks.write()


def _week(weeks: Weeks, random: Random, monday: datetime, number: int, kept: float) -> None:
    for _ in range(number):
        at = monday + timedelta(days=random.randrange(7), hours=random.choice(HOURS), minutes=random.randrange(60))
        late = random.random() > kept
        minutes = random.randrange(65, 1500) if late else random.randrange(4, 60)
        topic = random.choice(("delivery", "delivery", "billing", "app", "refund", "staff", "outage"))
        platform = random.choice(("x", "x", "reddit", "bluesky"))
        due = OPEN.add(at, TARGET)
        weeks.case(at, minutes, topic=topic, platform=platform, text=random.choice(LOST), respond_by=due)
        weeks.post(at, platform=platform)


def looked_back() -> Review:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/monitor.db")
        store.prepare()
        invented(Weeks(store))
        about = About(
            brand="Lainepost", week=WEEK, zone=TALLINN, target=TARGET, sources=("x",), hours=OPEN,
            departments=DEPARTMENTS, customer=known,
        )  # fmt: skip
        found = review(store, about, NOW)
        store.close()
    return found


def known(platform: str, handle: str) -> Customer | None:
    """Every eighth customer is on the brand's list."""
    number = int(handle.removeprefix("user"))
    name, tier = TIERS[number % len(TIERS)]
    return None if number % 8 else Customer(name=name, tier=tier, rank=("gold", "silver").index(tier))


def in_slack(message: Digest) -> str:
    charts = "".join(
        f"<img src='data:image/png;base64,{b64encode(each.png).decode()}'>" for each in message.pictures[:2]
    )
    reader = Reader(zone=TALLINN, people={})
    shown = reader.message(render(message)[1], NOW, thread=f"<div class=message><div class=body>{charts}</div></div>")
    return page("Slack", pane("#marketing", shown, width=620))


def in_mail(message: Digest) -> str:
    """As a mail server has received it."""
    post = Post()
    with serve(post, data_size_limit=None) as port:
        channel(port).send(message)
    [mail] = post.mails
    html = _part(mail, "text/html").get_content()
    for each in mail.walk():
        if isinstance(each, EmailMessage) and (name := each["Content-ID"]):
            png = b64encode(each.get_content()).decode()
            html = html.replace(f"cid:{name.strip('<>')}", f"data:image/png;base64,{png}")
    return str(html)


def _part(mail: EmailMessage, kind: str) -> EmailMessage:
    return next(each for each in mail.walk() if isinstance(each, EmailMessage) and each.get_content_type() == kind)


def papers(edition: Edition, target: Path) -> None:
    """The PDF's pages side by side."""
    from PIL import Image

    document = pypdfium2.PdfDocument(edition.pdf)
    pages = [document[number].render(scale=1.1).to_pil() for number in range(len(document))]
    whole = Image.new("RGB", (sum(each.width + 12 for each in pages), pages[0].height), "#d0d4d9")
    for number, each in enumerate(pages):
        whole.paste(each, (number * (each.width + 12), 0))
    whole.save(target)


def main() -> None:
    found = looked_back()
    english, estonian = edit(found, "en", INBOX), edit(found, "et", INBOX)
    message = english.message("k", "https://monitor.example/digests/lainepost-2026-W47.html")
    draw(english.page(), HERE / "digest-page.png", 880, 1560)
    draw(in_slack(message), HERE / "digest-slack.png", 670, 1260)
    draw(in_mail(estonian.message("k")), HERE / "digest-mail.png", 640, 1500)
    papers(estonian, HERE / "digest-pdf.png")


if __name__ == "__main__":
    main()
