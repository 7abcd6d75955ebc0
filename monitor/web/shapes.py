"""What the API answers with, as its description promises."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from alerts.base import Complaint
from alerts.case import State, Stop
from monitor import inbox, queries
from monitor.views import describe


class Problem(BaseModel):
    """Why nothing was done."""

    detail: str


class Entry(BaseModel):
    """One case in short."""

    id: int
    brand: str
    platform: Annotated[str, Field(description="Where the case began.")]
    platforms: Annotated[list[str], Field(description="Where the customer wrote: several for a joined case.")]
    author: Annotated[str, Field(description="The customer's name in the latest post; empty once deleted.")]
    state: State
    posted_at: Annotated[datetime, Field(description="When the customer complained; the clock counts from then.")]
    respond_by: datetime
    seconds_left: Annotated[int | None, Field(description="Negative when late; null once the clock has stopped.")]
    breached: Annotated[bool, Field(description="The customer waited, or waits, past the target.")]
    alerted_at: datetime | None
    stopped_at: datetime | None
    stopped_by: Stop | None
    assignee: str | None
    snoozed_until: datetime | None
    topics: list[str]
    language: str | None
    urgent: bool
    followers: int | None
    posts: Annotated[int, Field(description="How many the customer has written.")]
    text: Annotated[str, Field(description="The latest complaint; empty once deleted.")]
    url: str


class Cases(BaseModel):
    """One page of cases."""

    cases: list[Entry]
    next_offset: Annotated[int | None, Field(description="Where the next page begins; null: this is the last.")]


class Post(BaseModel):
    """One post of the customer."""

    number: Annotated[int, Field(description="By which it can be split off, whatever ids its platform gives.")]
    id: str
    platform: str
    thread_id: Annotated[str, Field(description="A case may have posts of several threads.")]
    author: Annotated[str, Field(description="The customer's name there; empty once deleted.")]
    text: str
    url: str
    posted_at: datetime
    followers: int | None
    deleted: bool
    complaint: Annotated[float, Field(ge=0, le=1, description="Probability that it is one.")]
    is_complaint: bool
    sentiment: str
    topic: str | None
    severity: str | None
    intent: str | None
    language: str | None
    why: Annotated[list[str], Field(description="The words that drove the verdict, the strongest first.")]
    model: str


class Event(BaseModel):
    """One line of a timeline."""

    at: datetime
    kind: str
    actor: Annotated[str, Field(description="Empty: the monitor itself.")]
    words: Annotated[str, Field(description="The same in plain words.")]


class Story(Entry):
    """One case with all that is known of it."""

    thread_id: str
    round: int
    level: int
    detected_at: datetime
    complaints: list[Post]
    timeline: list[Event]


class Counts(BaseModel):
    """How many cases."""

    waiting: int
    late: int
    unclaimed: int
    answered_today: int


class Source(BaseModel):
    """How one source does."""

    name: str
    posts: int
    ok_at: datetime | None
    next_poll_at: datetime
    failures: int
    error: str | None
    broken: int
    gaps: int


class LeftOut(BaseModel):
    """What a source could not read or reach."""

    source: str
    kind: Literal["broken", "gap"]
    place: str
    why: str
    noted_at: datetime


class Finding(BaseModel):
    """Something that is late, failing or silent."""

    kind: str
    subject: str
    what: str


class Figures(BaseModel):
    """The metrics over the complaints of a period; times in seconds."""

    by: str
    group: str
    posts: Annotated[int | None, Field(description="All that customers wrote; null where posts can't be parted so.")]
    complaint_rate: float | None
    complaints: int
    in_time: int
    late: int
    overdue: int
    pending: int
    answered_in_time: Annotated[float | None, Field(description="Of all complaints, those that wait too.")]
    first_reply_median: Annotated[float | None, Field(description="Null: half have not been answered yet.")]
    first_reply_p90: float | None
    detection_median: float | None
    detection_p90: float | None
    alert_median: float | None
    alert_p90: float | None
    reopened: int
    dismissed: int
    precision: float | None


def entry(found: inbox.Entry, now: datetime) -> Entry:
    return Entry(**_facts(found, now))


def story(found: queries.Story, now: datetime) -> Story:
    case = found.case
    return Story(
        **_facts(inbox.Entry(case=case, complaints=found.complaints), now),
        thread_id=case.thread_id,
        round=case.round,
        level=case.level,
        detected_at=case.detected_at,
        complaints=[_post(complaint) for complaint in found.complaints],
        timeline=[
            Event(at=event.at, kind=event.kind, actor=event.actor, words=describe(event)) for event in found.timeline
        ],
    )


def _facts(found: inbox.Entry, now: datetime) -> dict[str, Any]:
    case, complaints = found.case, found.complaints
    living = [complaint for complaint in complaints if not complaint.deleted]
    bad = [complaint for complaint in living if complaint.verdict.is_complaint]
    followers = [item.mention.followers for item in living if item.mention.followers is not None]
    languages = [name for item in reversed(living) if (name := item.verdict.language or item.mention.lang)]
    return {
        "id": case.id,
        "brand": case.brand,
        "platform": case.platform,
        "platforms": found.platforms,
        "author": living[-1].mention.author if living else "",
        "state": case.state,
        "posted_at": case.posted_at,
        "respond_by": case.respond_by,
        "seconds_left": int((case.respond_by - now).total_seconds()) if case.waiting else None,
        "breached": case.breached(now),
        "alerted_at": case.alerted_at,
        "stopped_at": case.stopped_at,
        "stopped_by": case.stopped_by,
        "assignee": case.assignee,
        "snoozed_until": case.snoozed_until,
        "topics": list(dict.fromkeys(item.verdict.topic for item in bad if item.verdict.topic)),
        "language": languages[0] if languages else None,
        "urgent": any(item.verdict.severity == "urgent" for item in bad),
        "followers": followers[-1] if followers else None,
        "posts": len(complaints),
        "text": bad[-1].mention.text if bad else "",
        "url": living[-1].mention.url if living else "",
    }


def _post(complaint: Complaint) -> Post:
    post, verdict = complaint.mention, complaint.verdict
    return Post(
        number=complaint.id,
        id=post.external_id,
        platform=post.platform,
        thread_id=post.thread_id,
        author=post.author,
        text=post.text,
        url=post.url,
        posted_at=post.posted_at,
        followers=post.followers,
        deleted=complaint.deleted,
        complaint=verdict.complaint,
        is_complaint=verdict.is_complaint,
        sentiment=verdict.sentiment,
        topic=verdict.topic,
        severity=verdict.severity,
        intent=verdict.intent,
        language=verdict.language or post.lang,
        why=list(verdict.why),
        model=verdict.model,
    )
