"""Draws an alert as a Slack message: the top-level text that notifications show, and its blocks.

A customer's words stand in `rich_text` and `plain_text` only, where Slack reads no markup: nothing in them can format,
link or ping. The `mrkdwn` lines, steps and footers, hold our own words and colleagues' names, escaped all the same.
"""

import re
from datetime import UTC, datetime
from typing import Any

from alerts import incident, story, weekly
from alerts.base import Alert, Digest, Incident, Message, Notice
from alerts.buttons import buttons
from alerts.case import CALLS
from alerts.story import Bold, Line, Part, Who
from alerts.words import line, moment, same_day, shorten

Block = dict[str, Any]

_USER = re.compile(r"[UW](?=[A-Z]*[0-9])[A-Z0-9]{8,20}")
_GROUP = re.compile(r"S[A-Z0-9]{8,20}")
_SHORT_URL = 300
"""Characters of an address that is still shown in one line with others: Slack takes no more than 3,000 there."""


def render(message: Message, *, actions: bool = False) -> tuple[str, list[Block]]:
    """The text and blocks of a new message: a case's first one in a channel, one in its thread, a storm's, a notice."""
    if isinstance(message, Digest):
        return weekly.render(message)
    if isinstance(message, Notice):
        return _notice(message)
    if isinstance(message, Incident):
        return _ending(message) if message.root else _incident(message)
    called = any(event.kind in CALLS for event in message.timeline)
    if message.root is None or not (message.step or called):
        return root(message, actions=actions)
    return _step(message) if message.step else _summons(message)


def standing(shown: Alert | Incident, *, actions: bool = False) -> tuple[str, list[Block]]:
    """The message that shows a case or a storm, as it now stands."""
    return _incident(shown) if isinstance(shown, Incident) else root(shown, actions=actions)


def root(alert: Alert, *, actions: bool = False) -> tuple[str, list[Block]]:
    """A case's own message as the case now stands, with what can be pressed if somebody hears of it (`actions`)."""
    if alert.incident:
        return _line(alert, actions=actions)
    said = story.headline(alert)
    mentions = _mentions(alert)
    status = () if mentions else story.status(alert)
    blocks = [_rich(_section((*said, "\n", *status) if status else said, alert))]
    if mentions:
        blocks.append(_mrkdwn_section(f"{mentions} {_mrkdwn(story.held(alert), alert)}"))
    if known := story.known(alert):
        blocks.append(_rich(_section(known, alert)))
    blocks += _quotes(alert)
    blocks += [*_customer(alert), *_links(alert), _footer(alert)] if alert.case.waiting else [_settled(alert)]
    blocks += buttons(alert.case, joined=story.joined(alert)) if actions else []
    begins = "".join(f": {escape(line(words, 150))}" for words in story.words(alert)[:1] if alert.case.waiting)
    return f"{_notification(alert, said, mentions)}{begins}", blocks


def _line(alert: Alert, *, actions: bool) -> tuple[str, list[Block]]:
    """A case in the thread of an incident: how it stands, the first words, a link; and a call, where the step calls."""
    said, status, mentions = story.short(alert), story.status(alert), _mentions(alert)
    links = [{"type": "link", "url": url, "text": text, "style": {"bold": True}} for url, text in story.links(alert)]
    rows = [_section(said, alert)]
    rows += [_quote(words) for words in story.beginning(alert)]
    rows += [_section(status, alert)] if status else []
    rows += [{"type": "rich_text_section", "elements": links[:1]}] if links and alert.case.waiting else []
    blocks = [*([_mrkdwn_section(mentions)] if mentions else []), _rich(*rows)]
    blocks += buttons(alert.case, joined=story.joined(alert)) if actions else []
    return _notification(alert, said, mentions), blocks


def _incident(storm: Incident) -> tuple[str, list[Block]]:
    """A storm's own message: the counter, how the cases stand, when they came."""
    said, stand = incident.headline(storm), incident.figures(storm)
    chart = [_section(bar, storm) for bar in incident.bars(storm)]
    return _mrkdwn(said, storm, markup=False), [
        _rich(_section((*said, "\n", *stand), storm)),
        _rich(*chart),
        _context(_plain_text(incident.usual(storm))),
        _context(_plain_text(incident.footer(storm))),
    ]


def _ending(storm: Incident) -> tuple[str, list[Block]]:
    said = incident.ending(storm)
    return _mrkdwn(said, storm, markup=False), [_rich(_section(("🌤️ ", *said), storm))]


def entry(alert: Alert) -> Block:
    """A case in a list: how it stands, how the latest post begins, and where to read on."""
    said, status = story.headline(alert), story.status(alert)
    quotes = [_quote(shorten(words, 160, lines=2)) for words in story.words(alert)[-1:]]
    who = story.handle(alert.case.platform, alert.case.author) if story.living(alert) else ""
    foot = " · ".join(part for part in (f"Case {alert.case.id}", who) if part)
    links = [link for link in _link_parts(alert) if len(link["url"]) <= _SHORT_URL]
    parts = [part for link in links for part in (_text("   ·   "), link)]
    end = {"type": "rich_text_section", "elements": [_text(foot), *parts]}
    return _rich(_section((*said, "\n", *status) if status else said, alert), *quotes, end)


def suggestion(alert: Alert) -> tuple[str, list[Block]]:
    """The prepared answer as a message of the case's thread; without it, and the customer's name, once settled."""
    if alert.answer is None:
        gone = "Settled: there is nothing to answer any more."
        return gone, [_context(_plain_text(gone))]
    sign = "⚖️ " if alert.answer.person_decides else "💬 "
    said = (sign, *story.which(alert), *story.suggestion(alert.answer))
    words = {"type": "rich_text_preformatted", "elements": [_text(story.prepared(alert.answer))]}
    return _mrkdwn(said, alert, markup=False), [_rich(_section(said, alert), words), *_links(alert)]


def reply(alert: Alert, lead: str) -> str:
    """What is said to one person alone of her press: what came of it, and how the case stands."""
    said, status = story.headline(alert), story.status(alert)
    return "\n".join([lead, _mrkdwn(said, alert), *([_mrkdwn(status, alert)] if status else [])])


def escape(text: str) -> str:
    """Text that Slack shows as it is where it reads markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mention(name: str) -> str:
    """Calls a person or a group by Slack id; another name is only written."""
    if re.fullmatch(r"[UW][A-Z0-9]{8,20}", name):
        return f"<@{name}>"
    if _GROUP.fullmatch(name):
        return f"<!subteam^{name}>"
    return f"@{escape(line(name.removeprefix('@'), 80))}"


def _step(alert: Alert) -> tuple[str, list[Block]]:
    """Without the customer's words: a step is never edited, and the words must go when she deletes them."""
    said = (*story.which(alert), *story.call(alert))
    mentions = _mentions(alert)
    sign = "🔴 " if alert.late else "🔔 " if alert.number == 0 else "⏰ "
    words = f"{sign if alert.case.waiting else ''}{mentions}{' ' if mentions else ''}{_mrkdwn(said, alert)}"
    if alert.case.waiting and alert.number > 0:
        words += f"\n{_mrkdwn(story.held(alert), alert)}"
    return _notification(alert, said, mentions), [_mrkdwn_section(words)]


def _summons(alert: Alert) -> tuple[str, list[Block]]:
    """Calls the colleague who has the case."""
    whom, said = story.summons(alert)
    said = (*story.which(alert), *said)
    return f"{mention(whom)} {_mrkdwn(said, alert, markup=False)}", [
        _mrkdwn_section(f"👉 {mention(whom)} {_mrkdwn(said, alert)}")
    ]


def _notice(notice: Notice) -> tuple[str, list[Block]]:
    title = line(notice.title, 140) or "Notice"
    words = shorten("\n".join(notice.lines), 2500, lines=40)
    elements = [_text(f"{notice.sign} "), _text(title, bold=True), *([_text(f"\n{words}")] if words else [])]
    text = escape(line(f"{notice.sign} {title}{': ' if words else ''}{words}", 300))
    return text, [_rich({"type": "rich_text_section", "elements": elements})]


def _notification(alert: Alert, said: Line, mentions: str) -> str:
    """What a phone shows on its lock screen: who is called and how urgent."""
    return f"{mentions}{' ' if mentions else ''}{_mrkdwn(said, alert, markup=False)}"


def _mentions(alert: Alert) -> str:
    return " ".join(mention(name) for name in alert.step.mention[:20]) if alert.step else ""


def _quotes(alert: Alert) -> list[Block]:
    quotes = [_quote(words) for words in story.words(alert)]
    if len(quotes) > 1:
        quotes.insert(1, _section(story.between(alert), alert))
    return [_rich(*quotes)] if quotes else []


def _quote(words: str) -> Block:
    return {"type": "rich_text_quote", "elements": [_text(words)]}


def _customer(alert: Alert) -> list[Block]:
    return [_context(_plain_text(said)) for said in (story.customer(alert), story.about(alert)) if said]


def _links(alert: Alert) -> list[Block]:
    parts = [part for link in _link_parts(alert) for part in (_text("   ·   "), link)][1:]
    return [_rich({"type": "rich_text_section", "elements": parts})] if parts else []


def _link_parts(alert: Alert) -> list[Block]:
    return [{"type": "link", "url": url, "text": text, "style": {"bold": True}} for url, text in story.links(alert)]


def _footer(alert: Alert) -> Block:
    return _context(_mrkdwn_text(_mrkdwn(story.footer(alert), alert)))


def _settled(alert: Alert) -> Block:
    """All that is still of interest in one line, so that the cases that wait stand out."""
    said = story.customer(alert)
    links = [f"<{escape(url)}|{escape(text)}>" for url, text in story.links(alert) if len(url) <= _SHORT_URL]
    words = " · ".join([_mrkdwn(story.footer(alert), alert), *links])
    return _context(*([_plain_text(said)] if said else []), _mrkdwn_text(words))


def _context(*elements: Block) -> Block:
    return {"type": "context", "elements": list(elements)}


def _plain_text(words: str) -> Block:
    return {"type": "plain_text", "text": words, "emoji": False}


def _mrkdwn_text(words: str) -> Block:
    return {"type": "mrkdwn", "text": words, "verbatim": True}


def _mrkdwn_section(words: str) -> Block:
    return {"type": "section", "text": _mrkdwn_text(words)}


def _rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def _section(said: Line, alert: Alert | Incident) -> Block:
    return {"type": "rich_text_section", "elements": [_element(part, alert) for part in said if part != ""]}


def _element(part: Part, alert: Alert | Incident, *, bold: bool = False) -> Block:
    style: Block = {"style": {"bold": True}} if bold else {}
    match part:
        case Bold(inner):
            return _element(inner, alert, bold=True)
        case datetime():
            shape, fallback = _date(part, alert)
            return {"type": "date", "timestamp": _seconds(part), "format": shape, "fallback": fallback, **style}
        case Who(name) if _USER.fullmatch(name):
            return {"type": "user", "user_id": name, **style}
        case Who(name):
            return _text(line(name, 80) or "someone", bold=bold)
        case str():
            return _text(part, bold=bold)


def _text(text: str, *, bold: bool = False) -> Block:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _mrkdwn(said: Line, alert: Alert | Incident, *, markup: bool = True) -> str:
    return "".join(_marked(part, alert, markup=markup) for part in said)


def _marked(part: Part, alert: Alert | Incident, *, markup: bool) -> str:
    match part:
        case Bold(inner):
            words = _marked(inner, alert, markup=markup)
            return f"*{words}*" if markup else words
        case datetime():
            shape, fallback = _date(part, alert)
            return f"<!date^{_seconds(part)}^{shape}|{fallback}>"
        case Who(name) if _USER.fullmatch(name):
            return f"<@{name}>"
        case Who(name):
            return escape(line(name, 80)) or "someone"
        case str():
            return escape(part)


def _date(at: datetime, alert: Alert | Incident) -> tuple[str, str]:
    """How Slack shall write a moment in each reader's own time zone, and what it shows when it can't."""
    return "{time}" if same_day(at, alert.near) else "{date_short_pretty} at {time}", moment(at, alert.near)


def _seconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp())
