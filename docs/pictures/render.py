"""Draws the Slack messages of this documentation: real blocks, shown as Slack shows them, by a headless Chromium.

python docs/pictures/render.py        (Debian: apt-get install chromium fonts-lato fonts-noto-color-emoji)
"""

import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

from alerts import blocks, case  # noqa: E402
from alerts.base import Alert, Complaint  # noqa: E402
from alerts.ladder import Step  # noqa: E402
from classifiers.base import Verdict  # noqa: E402
from connectors.base import Mention  # noqa: E402

READER = ZoneInfo("Europe/Tallinn")
PEOPLE = {"U0KATI00001": "Kati Kask", "U0LEAD00001": "Marek Lead", "S0CAREDUTY1": "care-duty"}
POSTED = datetime(2026, 11, 23, 11, 5, 12, tzinfo=UTC)
TARGET = timedelta(hours=1)


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
        posted_at=posted,
        detected_at=posted + timedelta(minutes=1),
        respond_by=posted + TARGET,
    )
    return {"case": elsewhere, "complaints": [complaint(text, author=author, **facts)]}


def element(part: dict[str, Any]) -> str:
    match part["type"]:
        case "text":
            words = escape(part["text"]).replace("\n", "<br>")
        case "date":
            words = clock(part["timestamp"], part["format"])
        case "user":
            words = f"<span class=mention>@{PEOPLE[part['user_id']]}</span>"
        case "link":
            words = f"<a>{escape(part['text'])}</a>"
        case other_type:
            raise ValueError(other_type)
    style = part.get("style", {})
    words = f"<b>{words}</b>" if style.get("bold") else words
    return f"<i>{words}</i>" if style.get("italic") else words


def clock(timestamp: int, shape: str) -> str:
    when = datetime.fromtimestamp(timestamp, READER)
    return shape.replace("{time}", f"{when:%H:%M}").replace("{date_short_pretty}", f"{when:%b} {when.day}")


def mrkdwn(words: str) -> str:
    words = re.sub(r"<!date\^(\d+)\^([^|]+)\|[^>]+>", lambda found: clock(int(found[1]), found[2]), words)
    words = re.sub(r"<(?:@|!subteam\^)(\w+)>", lambda found: f"\0{PEOPLE[found[1]]}\1", words)
    words = re.sub(r"<https?:[^|>]+\|([^>]+)>", r"<a>\1</a>", words)
    words = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", words).replace("\n", "<br>")
    return words.replace("\0", "<span class=mention>@").replace("\1", "</span>")


def block(shown: dict[str, Any]) -> str:
    match shown["type"]:
        case "rich_text":
            rows = [
                f"<{'blockquote' if row['type'] == 'rich_text_quote' else 'div'}>"
                + "".join(element(part) for part in row["elements"])
                + f"</{'blockquote' if row['type'] == 'rich_text_quote' else 'div'}>"
                for row in shown["elements"]
            ]
            return f"<div class=block>{''.join(rows)}</div>"
        case "section":
            return f"<div class=block>{mrkdwn(shown['text']['text'])}</div>"
        case "context":
            said = (mrkdwn(e["text"]) if e["type"] == "mrkdwn" else escape(e["text"]) for e in shown["elements"])
            return f"<div class='block context'>{''.join(f'<span>{words}</span>' for words in said)}</div>"
        case other_type:
            raise ValueError(other_type)


def message(shown: Alert, *, edited: bool = False, sent: datetime | None = None) -> str:
    _, drawn = blocks.root(shown) if edited else blocks.render(shown)
    body = "".join(block(each) for each in drawn)
    sent = sent or (shown.case.detected_at if edited else shown.now)
    mark = "<span class=edited>(edited)</span>" if edited else ""
    return (
        f"<div class=message><div class=avatar>👂</div><div class=body><b class=name>Complaint Monitor</b>"
        f"<span class=app>APP</span><span class=time>{sent.astimezone(READER):%H:%M}</span>{body}{mark}</div></div>"
    )


def pane(name: str, *messages: str, width: int, kind: str = "") -> str:
    head = f"<header>{name}</header>"
    return f"<section class='{kind}' style='width:{width}px'>{head}{''.join(messages)}</section>"


STYLE = """
body { margin: 0; padding: 24px; background: #ece9ee; display: flex; gap: 24px; align-items: flex-start;
       font: 15px/22px Lato, 'Noto Color Emoji', sans-serif; color: #1d1c1d; }
.column { display: flex; flex-direction: column; gap: 24px; }
section { background: #fff; border-radius: 10px; padding-bottom: 12px; box-shadow: 0 1px 4px #0002; }
header { font-weight: 900; font-size: 17px; padding: 13px 20px; border-bottom: 1px solid #ddd; margin-bottom: 8px; }
.message { display: flex; padding: 8px 20px; }
.avatar { flex: none; width: 36px; height: 36px; border-radius: 6px; background: #4a154b; text-align: center;
          font-size: 20px; line-height: 36px; margin-right: 10px; }
.body { min-width: 0; } .name { font-weight: 900; } .block { margin: 2px 0 6px; overflow-wrap: anywhere; }
.app { font-size: 10px; font-weight: 700; background: #e8e8e8; color: #616061; border-radius: 2px;
       padding: 1px 3px; margin: 0 6px; vertical-align: 1px; }
.time, .edited { font-size: 12px; color: #616061; }
blockquote { margin: 4px 0; padding-left: 14px; border-left: 4px solid #ddd; }
.context { font-size: 13px; line-height: 18px; color: #616061; }
.context span { margin-right: 8px; }
.mention { color: #1264a3; background: #e8f5fa; padding: 0 2px; border-radius: 3px; } a { color: #1264a3; }
.phone { border: 8px solid #222; border-radius: 30px; }
.phone header { text-align: center; font-size: 15px; } .phone .message { padding: 8px 14px; }
"""


def picture(name: str, *panes: str, width: int, height: int) -> None:
    page = f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><body>{''.join(panes)}"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "page.html")
        source.write_text(page, encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}"]
        target = f"--screenshot={HERE / name}"
        subprocess.run(["chromium", *flags, target, source.as_uri()], check=True, capture_output=True)


def main() -> None:
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
