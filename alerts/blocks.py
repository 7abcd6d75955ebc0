"""Draws an alert as a Slack message: the top-level text that notifications show, and its blocks.

A customer's words stand in `rich_text` and `plain_text` only, where Slack reads no markup: nothing in them can format,
link or ping. The `mrkdwn` lines, steps and footers, hold our own words and colleagues' names, escaped all the same.
"""

from alerts import facts, incident, story, weekly
from alerts.base import Alert, Digest, Incident, Message, Notice
from alerts.buttons import buttons
from alerts.case import CALLS
from alerts.markup import Block, Script, context, escape, link, mention, mrkdwn, plain, quote, rich, section, text
from alerts.sentence import Line
from alerts.voice import Voice
from alerts.words import handle, line, shorten

_SHORT_URL = 300
"""Characters of an address that is still shown in one line with others: Slack takes no more than 3,000 there."""


def render(message: Message, say: Voice, *, actions: bool = False) -> tuple[str, list[Block]]:
    """The text and blocks of a new message: a case's first one in a channel, one in its thread, a storm's, a notice."""
    if isinstance(message, Digest):
        return weekly.render(message)
    if isinstance(message, Notice):
        return _notice(message, say)
    if isinstance(message, Incident):
        return _ending(message, say) if message.root else _incident(message, say)
    called = any(event.kind in CALLS for event in message.timeline)
    if message.root is None or not (message.step or called):
        return root(message, say, actions=actions)
    return _step(message, say) if message.step else _summons(message, say)


def standing(shown: Alert | Incident, say: Voice, *, actions: bool = False) -> tuple[str, list[Block]]:
    """The message that shows a case or a storm, as it now stands."""
    return _incident(shown, say) if isinstance(shown, Incident) else root(shown, say, actions=actions)


def root(alert: Alert, say: Voice, *, actions: bool = False) -> tuple[str, list[Block]]:
    """A case's own message as the case now stands, with what can be pressed if somebody hears of it (`actions`)."""
    if alert.incident:
        return _line(alert, say, actions=actions)
    script = _script(alert, say)
    said = story.headline(alert, say)
    mentions = _mentions(alert)
    status = () if mentions else story.status(alert, say)
    blocks = [rich(script.section((*said, "\n", *status) if status else said))]
    if mentions:
        blocks.append(section(f"{mentions} {script.mrkdwn(story.held(alert, say))}"))
    if known := facts.known(alert, say):
        blocks.append(rich(script.section(known)))
    blocks += _quotes(alert, script)
    blocks += _open(alert, script) if alert.case.waiting else [_settled(alert, script)]
    blocks += buttons(alert, say) if actions else []
    begins = "".join(f": {escape(line(words, 150))}" for words in facts.words(alert, say)[:1] if alert.case.waiting)
    return f"{_notification(script, said, mentions)}{begins}", blocks


def _line(alert: Alert, say: Voice, *, actions: bool) -> tuple[str, list[Block]]:
    """A case in the thread of an incident: how it stands, the first words, a link; and a call, where the step calls."""
    said, status, script = story.short(alert, say), story.status(alert, say), _script(alert, say)
    mentions = _mentions(alert)
    links = _link_parts(alert, say) if alert.case.waiting else []
    rows = [script.section(said), *(quote(words) for words in facts.beginning(alert, say))]
    rows += [script.section(status)] if status else []
    rows += [{"type": "rich_text_section", "elements": links[:1]}] if links else []
    blocks = [*([section(mentions)] if mentions else []), rich(*rows)]
    return _notification(script, said, mentions), blocks + (buttons(alert, say) if actions else [])


def _incident(storm: Incident, say: Voice) -> tuple[str, list[Block]]:
    """A storm's own message: the counter, how the cases stand, when they came."""
    said, stand, script = incident.headline(storm, say), incident.figures(storm, say), Script(say=say, near=storm.near)
    return script.mrkdwn(said, markup=False), [
        rich(script.section((*said, "\n", *stand))),
        rich(*(script.section(bar) for bar in incident.bars(storm))),
        context(plain(incident.usual(storm, say))),
        context(plain(incident.footer(storm, say))),
    ]


def _ending(storm: Incident, say: Voice) -> tuple[str, list[Block]]:
    said, script = incident.ending(storm, say), Script(say=say, near=storm.near)
    return script.mrkdwn(said, markup=False), [rich(script.section(("🌤️ ", *said)))]


def entry(alert: Alert, say: Voice) -> Block:
    """A case in a list: how it stands, who of value waits, how the latest post begins, and where to read on."""
    said, status, script = story.headline(alert, say), story.status(alert, say), _script(alert, say)
    known = facts.known(alert, say) if alert.customer and alert.customer.rank is not None else ()
    quotes = [quote(shorten(words, 160, lines=2)) for words in facts.words(alert, say)[-1:]]
    who = handle(alert.case.platform, alert.case.author) if facts.living(alert) else ""
    foot = " · ".join(part for part in (say("Case {number}", number=alert.case.id), who) if part)
    links = [each for each in _link_parts(alert, say) if len(each["url"]) <= _SHORT_URL]
    parts = [part for each in links for part in (text("   ·   "), each)]
    end = {"type": "rich_text_section", "elements": [text(foot), *parts]}
    rows = [script.section(row) for row in ((*said, "\n", *status) if status else said, known) if row]
    return rich(*rows, *quotes, end)


def suggestion(alert: Alert, say: Voice) -> tuple[str, list[Block]]:
    """The prepared answer as a message of the case's thread; without it, and the customer's name, once settled."""
    if alert.answer is None:
        gone = say("Settled: there is nothing to answer any more.")
        return gone, [context(plain(gone))]
    script = _script(alert, say)
    sign = "⚖️ " if alert.answer.person_decides else "💬 "
    said = (sign, *story.which(alert, say), *facts.suggestion(alert.answer, say))
    words = {"type": "rich_text_preformatted", "elements": [text(facts.prepared(alert.answer, say))]}
    return script.mrkdwn(said, markup=False), [rich(script.section(said), words), *_links(alert, say)]


def reply(alert: Alert, lead: str, say: Voice) -> str:
    """What is said to one person alone of her press: what came of it, and how the case stands."""
    said, status, script = story.headline(alert, say), story.status(alert, say), _script(alert, say)
    return "\n".join([lead, script.mrkdwn(said), *([script.mrkdwn(status)] if status else [])])


def _script(alert: Alert, say: Voice) -> Script:
    return Script(say=say, near=alert.near)


def _step(alert: Alert, say: Voice) -> tuple[str, list[Block]]:
    """Without the customer's words: a step is never edited, and the words must go when she deletes them."""
    said, script = (*story.which(alert, say), *story.call(alert, say)), _script(alert, say)
    mentions = _mentions(alert)
    sign = "🔴 " if alert.late else "🔔 " if alert.number == 0 else "⏰ "
    words = f"{sign if alert.case.waiting else ''}{mentions}{' ' if mentions else ''}{script.mrkdwn(said)}"
    if alert.case.waiting and alert.number > 0:
        words += f"\n{script.mrkdwn(story.held(alert, say))}"
    return _notification(script, said, mentions), [section(words)]


def _summons(alert: Alert, say: Voice) -> tuple[str, list[Block]]:
    """Calls the colleague who has the case."""
    (whom, asked), script = story.summons(alert, say), _script(alert, say)
    said = (*story.which(alert, say), *asked)
    return f"{mention(whom)} {script.mrkdwn(said, markup=False)}", [
        section(f"👉 {mention(whom)} {script.mrkdwn(said)}")
    ]


def _notice(notice: Notice, say: Voice) -> tuple[str, list[Block]]:
    title = line(notice.title, 140) or say("Notice")
    words = shorten("\n".join(notice.lines), 2500, lines=40)
    elements = [text(f"{notice.sign} "), text(title, bold=True), *([text(f"\n{words}")] if words else [])]
    short = escape(line(f"{notice.sign} {title}{': ' if words else ''}{words}", 300))
    return short, [rich({"type": "rich_text_section", "elements": elements})]


def _notification(script: Script, said: Line, mentions: str) -> str:
    """What a phone shows on its lock screen: who is called and how urgent."""
    return f"{mentions}{' ' if mentions else ''}{script.mrkdwn(said, markup=False)}"


def _mentions(alert: Alert) -> str:
    return " ".join(mention(name) for name in alert.step.mention[:20]) if alert.step else ""


def _quotes(alert: Alert, script: Script) -> list[Block]:
    quotes = [quote(words) for words in facts.words(alert, script.say)]
    if len(quotes) > 1:
        quotes.insert(1, script.section(facts.between(alert, script.say)))
    return [rich(*quotes)] if quotes else []


def _open(alert: Alert, script: Script) -> list[Block]:
    """Who she is, what it is about, where to answer, and what is asked for seldom."""
    said = (facts.customer(alert, script.say), facts.about(alert, script.say))
    foot = mrkdwn(script.mrkdwn(facts.footer(alert, script.say)))
    return [*(context(plain(words)) for words in said if words), *_links(alert, script.say), context(foot)]


def _links(alert: Alert, say: Voice) -> list[Block]:
    parts = [part for each in _link_parts(alert, say) for part in (text("   ·   "), each)][1:]
    return [rich({"type": "rich_text_section", "elements": parts})] if parts else []


def _link_parts(alert: Alert, say: Voice) -> list[Block]:
    return [link(url, words) for url, words in facts.links(alert, say)]


def _settled(alert: Alert, script: Script) -> Block:
    """All that is still of interest in one line, so that the cases that wait stand out."""
    said = facts.customer(alert, script.say)
    links = facts.links(alert, script.say)
    shown = [f"<{escape(url)}|{escape(words)}>" for url, words in links if len(url) <= _SHORT_URL]
    words = " · ".join([script.mrkdwn(facts.footer(alert, script.say)), *shown])
    return context(*([plain(said)] if said else []), mrkdwn(words))
