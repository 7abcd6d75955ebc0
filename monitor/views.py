"""How the command line shows things: tables for people, JSON for programs."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from alerts.base import Complaint
from alerts.case import Case, Event, State, dismissal
from alerts.facts import prepared, suggestion, value
from alerts.voice import ENGLISH
from alerts.words import clean, line
from monitor.letters import NO_NOTES, Notes
from monitor.queries import Problem, SourceHealth, Story

COLOURS = {
    State.OPEN: "bold red",
    State.CLAIMED: "yellow",
    State.ANSWERED: "green",
    State.DISMISSED: "dim",
    State.WITHDRAWN: "dim",
}


def show_queue(console: Console, stories: Sequence[Story], now: datetime, notes: Notes = NO_NOTES) -> None:
    if not stories:
        console.print("No cases. Nobody is waiting. ✨")
        return
    table = Table(box=None, header_style="dim", pad_edge=False, expand=True)
    table.add_column("case", justify="right")
    for heading in ("time left", "state", "brand", "who"):
        table.add_column(heading, overflow="fold")
    table.add_column("what", overflow="ellipsis", no_wrap=True, ratio=1, min_width=20)
    for story in stories:
        case = story.case
        table.add_row(
            str(case.id),
            _left(case, now),
            Text(_state(case), COLOURS[case.state]),
            Text(case.brand),
            Text(_who(story, notes)),
            Text(_first_words(story.complaints)),
        )
    console.print(table)


def show_story(console: Console, story: Story, now: datetime, notes: Notes = NO_NOTES) -> None:
    case = story.case
    title = Text.assemble((f"Case {case.id}", "bold"), f"  {case.brand} on {case.platform}  ", _left(case, now))
    console.print(Panel(title, border_style=COLOURS[case.state]))
    if (customer := notes.customer(case)) and case.waiting:
        worth = value(customer, story.complaints, ENGLISH) or "known customer"
        said = (f"⭐ {worth}" if customer.rank is not None else worth, customer.name, customer.note)
        console.print(Text(" · ".join(line(part) for part in said if part) + "\n", "bold"))
    for complaint in story.complaints:
        post = complaint.mention
        console.print(
            Text.assemble(
                (f"@{line(post.author)}" if post.author else "author unknown", "bold"), f"  {_time(post.posted_at)}"
            )
        )
        console.print(Text(clean(post.text)) if not complaint.deleted else Text("(deleted)", "dim"))
        sure = f"complaint {complaint.verdict.complaint:.0%}, {complaint.verdict.sentiment}"
        console.print(Text(f"{sure}, {complaint.verdict.model}  {line(post.url, 2000)}\n", "dim"))
    if answer := notes.answer(case, story.complaints):
        console.print(Text(ENGLISH.plain(suggestion(answer, ENGLISH), now), "bold"))
        console.print(Text(f"{prepared(answer, ENGLISH)}\n"))
    for event in story.timeline:
        console.print(Text.assemble((_time(event.at), "dim"), f"  {line(describe(event), 1000)}"))


def show_sources(console: Console, sources: Iterable[SourceHealth], now: datetime) -> None:
    table = Table(
        "source", "posts", "last good poll", "failures", "broken", "gaps", "error", box=None, header_style="dim"
    )
    for source in sources:
        ok = f"{span(now - source.ok_at)} ago" if source.ok_at else "never"
        counts = (str(number) for number in (source.failures, source.broken, source.gaps))
        table.add_row(source.name, str(source.posts), ok, *counts, Text(line(source.error or "", 1000)))
    console.print(table)


def show_left_out(console: Console, problems: Sequence[Problem]) -> None:
    for each in problems:
        told = line(f"source {each.source}: {each.place}: {each.why}", 1000)
        console.print(Text.assemble(("! ", "yellow"), f"{_time(each.noted_at)}  left out: ", told))


def show_json(console: Console, value: Any) -> None:
    console.file.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")


def story_json(story: Story, now: datetime, notes: Notes = NO_NOTES) -> dict[str, Any]:
    case = story.case
    customer = notes.customer(case) if case.waiting else None
    answer = notes.answer(case, story.complaints)
    return {
        "id": case.id,
        "brand": case.brand,
        "platform": case.platform,
        "thread_id": case.thread_id,
        "author": case.author,
        "state": case.state,
        "level": case.level,
        "urgent": case.urgent,
        "round": case.round,
        "posted_at": case.posted_at,
        "detected_at": case.detected_at,
        "alerted_at": case.alerted_at,
        "respond_by": case.respond_by,
        "seconds_left": None if not case.waiting else int((case.respond_by - now).total_seconds()),
        "breached": case.breached(now),
        "stopped_at": case.stopped_at,
        "stopped_by": case.stopped_by,
        "assignee": case.assignee,
        "snoozed_until": case.snoozed_until,
        "customer": customer
        and {
            "name": customer.name,
            "tier": customer.tier,
            "note": customer.note,
            "at_risk": "at risk" in value(customer, story.complaints, ENGLISH),
        },
        "answer": answer and asdict(answer),
        "posts": [_post_json(complaint) for complaint in story.complaints],
        "timeline": [
            {"at": event.at, "kind": event.kind, "actor": event.actor, "detail": event.detail}
            for event in story.timeline
        ],
    }


def _post_json(complaint: Complaint) -> dict[str, Any]:
    post, verdict = complaint.mention, complaint.verdict
    return {
        "id": post.external_id,
        "platform": post.platform,
        "thread_id": post.thread_id,
        "author": post.author,
        "text": post.text,
        "url": post.url,
        "posted_at": post.posted_at,
        "followers": post.followers,
        "deleted": complaint.deleted,
        "complaint": round(verdict.complaint, 4),
        "is_complaint": verdict.is_complaint,
        "sentiment": verdict.sentiment,
        "model": verdict.model,
    }


def describe(event: Event) -> str:
    """One line of a timeline, in plain words."""
    who = event.actor or "the monitor"
    step = event.detail.get("step", 0) + 1
    return {
        "complained": f"{who} complained",
        "complained_again": f"{who} complained again: the clock starts anew",
        "detected": "the complaint was found",
        "escalated": f"step {step} of the ladder",
        "breached": "the target was missed",
        "silenced": f"step {step} passed in silence, the case being claimed",
        "alerted": f"{event.detail.get('channel')} was told (step {step})",
        "claimed": f"{who} claimed it",
        "assigned": f"{who} gave it to {event.detail.get('to', '')}",
        "reminded": f"{event.detail.get('to', '')} was asked: still on it?",
        "handed_on": f"{event.detail.get('from', '')} was not heard of: it is anybody's again",
        "turned_urgent": "it turned urgent: the urgent ladder begins",
        "answered": f"{who} said that it is answered",
        "brand_reply": f"@{who} replied on the platform",
        "dismissed": f"{who} dismissed it{_why(event)}",
        "missed": f"{who} told of it: it had been let pass",
        "snoozed": f"{who} snoozed it until {event.detail.get('until', '')}",
        "reopened": f"{who} reopened it",
        "withdrawn": "the customer deleted the complaint",
        "post_deleted": "a post was deleted",
        "edited": "the post was edited",
        "wrote_again": f"{who} wrote again",
        "joined": f"{who} complained on {event.detail.get('platform')} too (post {event.detail.get('post')})",
        "split": f"{who} split off what was said on {event.detail.get('platform')}: see {_other(event)}",
        "split_off": f"{who} split it off {_other(event)}",
        "merged": f"{who} joined {_other(event)} to it",
        "merged_into": f"{who} joined it to {_other(event)}",
    }.get(event.kind, event.kind)


def _other(event: Event) -> str:
    return f"case {event.detail.get('case')}"


def _why(event: Event) -> str:
    kind, reason = dismissal(event).words, event.detail.get("reason")
    return (f" as {kind}" if kind else "") + (f": {reason}" if reason else "")


def span(length: timedelta) -> str:
    """A length of time as people say it: 42 s, 17 min, 3 h 5 min, 2 days."""
    seconds = int(abs(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} days"


def _who(story: Story, notes: Notes) -> str:
    """The customer, with her value to the brand while she waits."""
    worth = value(notes.customer(story.case), story.complaints, ENGLISH) if story.case.waiting else ""
    return line(f"{story.case.author} on {story.case.platform}") + (f" ⭐ {worth}" if worth else "")


def _left(case: Case, now: datetime) -> Text:
    if case.stopped_at is not None:
        return Text(f"took {span(case.stopped_at - case.posted_at)}", "red" if case.breached(now) else "green")
    if now > case.respond_by:
        return Text(f"late by {span(now - case.respond_by)}", "bold red")
    return Text(f"{span(case.respond_by - now)} left", "green")


def _state(case: Case) -> str:
    return f"claimed by {line(case.assignee or '')}" if case.state is State.CLAIMED else str(case.state)


def _first_words(complaints: Sequence[Complaint]) -> str:
    last = next((item for item in reversed(complaints) if item.verdict.is_complaint), None)
    return line(last.mention.text) if last else ""


def _time(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
