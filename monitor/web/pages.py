"""The inbox's pages: the list, one case, the sources' health and who may come in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from alerts import case as moves
from alerts.base import Complaint
from alerts.case import Case, Dismissal, Move, NotAllowed
from alerts.facts import value
from alerts.voice import ENGLISH
from monitor import accounts, inbox
from monitor.accounts import Refused, Role, User
from monitor.app import App
from monitor.inbox import NOBODY
from monitor.jobs.parting import ALIVE
from monitor.queries import Story, left_out, source_health, story
from monitor.web.digests import digest, kept
from monitor.web.doors import Doors, inside
from monitor.web.live import Live
from monitor.web.look import page
from monitor.web.numbers import Numbers
from monitor.web.wishes import CaseId, Dismissed, Given, Joined, Listed, Parted, Snoozed, Span

SHELVES = (("waiting", "Waiting"), ("late", "Late"), ("open", "Unclaimed"), ("answered", "Answered"), ("all", "All"))
SNOOZES = (15, 60, 240)

Number = Annotated[CaseId, Path()]
Next = Annotated[str, Form()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One post of a case's thread."""

    at: datetime
    platform: str
    who: str
    text: str
    url: str
    complaint: Complaint | None
    """With its verdict; None: the brand said it."""
    parts: bool = False
    """It can be said to be another matter: its thread joined the case, and has a complaint in it."""


class Pages:
    """Everything that people see once they are signed in."""

    def __init__(self, app: App, doors: Doors, ending: Callable[[], bool]) -> None:
        self._app = app
        self._numbers = Numbers(app)
        self._live = Live(lambda: inbox.pulse(app.store), ending)
        self.router = APIRouter(include_in_schema=False)
        someone, agent, admin = Depends(doors.someone), Depends(doors.agent), Depends(doors.admin)

        @self.router.get("/")
        def cases(wanted: Annotated[Listed, Query()], user: User = someone) -> Response:
            return self._list(wanted, user)

        @self.router.get("/live", dependencies=[someone])
        async def live(request: Request, seen: str = "") -> Response:
            changes = self._live.changes(request.headers.get("last-event-id") or seen)
            return StreamingResponse(changes, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

        @self.router.get("/cases/{case_id}")
        def case(case_id: Number, user: User = someone) -> Response:
            return self._case(case_id, user)

        @self.router.post("/cases/{case_id}/claim")
        def claim(case_id: Number, next: Next = "", user: User = agent) -> Response:
            return self._act(case_id, user, next, lambda case, now: moves.claim(case, user.name, now))

        @self.router.post("/cases/{case_id}/answer")
        def answer(case_id: Number, next: Next = "", user: User = agent) -> Response:
            return self._act(case_id, user, next, lambda case, now: moves.answer(case, user.name, now))

        @self.router.post("/cases/{case_id}/reopen")
        def reopen(case_id: Number, next: Next = "", user: User = agent) -> Response:
            return self._act(case_id, user, next, lambda case, now: moves.reopen(case, user.name, now))

        @self.router.post("/cases/{case_id}/dismiss")
        def dismiss(case_id: Number, said: Annotated[Dismissed, Form()], user: User = agent) -> Response:
            return self._act(
                case_id, user, "", lambda case, now: moves.dismiss(case, user.name, now, said.reason, said.kind)
            )

        @self.router.post("/cases/{case_id}/snooze")
        def snooze(case_id: Number, said: Annotated[Snoozed, Form()], user: User = agent) -> Response:
            ends = partial(said.ends, opening=self._app.opening)
            return self._act(case_id, user, "", lambda case, now: moves.snooze(case, user.name, now, ends(case, now)))

        @self.router.post("/cases/{case_id}/assign")
        def assign(case_id: Number, said: Annotated[Given, Form()], user: User = agent) -> Response:
            return self._act(case_id, user, "", lambda case, now: moves.assign(case, user.name, now, said.to))

        @self.router.post("/cases/{case_id}/split")
        def split(case_id: Number, said: Annotated[Parted, Form()], user: User = agent) -> Response:
            return self._done(case_id, user, "", lambda: app.split(case_id, said.post.strip(), user.name))

        @self.router.post("/cases/{case_id}/join")
        def join(case_id: Number, said: Annotated[Joined, Form()], user: User = agent) -> Response:
            return self._done(case_id, user, "", lambda: app.join(case_id, said.case, user.name))

        @self.router.get("/figures")
        def figures(wanted: Annotated[Span, Query()], user: User = someone) -> Response:
            now = app.clock()
            return page("figures.html", **self._frame(user, now), **self._numbers.facts(wanted, now))

        @self.router.get("/digests")
        def digests(user: User = someone) -> Response:
            return page("digests.html", **self._frame(user, app.clock()), names=kept(app.state))

        @self.router.get("/digests/{name}", dependencies=[someone])
        def one_digest(name: str) -> Response:
            return digest(app.state, name)

        @self.router.get("/sources")
        def sources(user: User = someone) -> Response:
            return self._sources(user)

        @self.router.get("/people")
        def people(user: User = admin) -> Response:
            return self._people(user)

        @self.router.post("/people/{name}")
        def change(name: str, role: Annotated[Role, Form()], user: User = admin) -> Response:
            return self._change(user, name, lambda: accounts.change_user(app.store, name, role=role))

        @self.router.post("/people/{name}/remove")
        def remove(name: str, user: User = admin) -> Response:
            return self._change(user, name, lambda: accounts.remove_user(app.store, name))

        @self.router.post("/tokens/{name}/remove")
        def remove_token(name: str, user: User = admin) -> Response:
            return self._change(user, "", lambda: accounts.remove_token(app.store, name))

    def _list(self, wanted: Listed, user: User) -> Response:
        store, now = self._app.store, self._app.clock()
        pulse = inbox.pulse(store)
        found = inbox.entries(
            store, self._numbers.filter(wanted, now), now, limit=wanted.limit + 1, offset=wanted.offset
        )
        people = sorted({*accounts.colleagues(store), *inbox.holders(store)})
        return page(
            "cases.html",
            **self._frame(user, now),
            pulse=pulse,
            wanted=wanted,
            entries=found[: wanted.limit],
            counts=inbox.counts(store, now, midnight(now)),
            shelves=[(name, words, _address(wanted, state=name)) for name, words in SHELVES],
            later=_address(wanted, offset=wanted.offset + wanted.limit) if len(found) > wanted.limit else "",
            sooner=_address(wanted, offset=max(0, wanted.offset - wanted.limit)) if wanted.offset else "",
            here=_address(wanted, offset=wanted.offset),
            behind=self._numbers.words(wanted, now),
            all_else=_address(wanted, figure="", group="", by="", since=None, until=None),
            brands=sorted(self._app.config.brands),
            platforms=_platforms(self._app),
            people=[*people, NOBODY],
        )

    def _case(self, case_id: int, user: User, status: int = 200, problem: str = "") -> Response:
        store, now = self._app.store, self._app.clock()
        pulse = inbox.pulse(store)
        found = story(store, case_id)
        if found is None:
            return page("problem.html", 404, **self._frame(user, now), what=f"There is no case {case_id}.")
        customer = self._app.notes.customer(found.case)
        return page(
            "case.html",
            status,
            **self._frame(user, now),
            pulse=pulse,
            problem=problem,
            case=found.case,
            entry=inbox.Entry(case=found.case, complaints=found.complaints),
            thread=self._thread(found),
            timeline=found.timeline,
            customer=customer,
            worth=value(customer, found.complaints, ENGLISH) if found.case.waiting else "",
            answer=self._app.notes.answer(found.case, found.complaints),
            people=[name for name in accounts.colleagues(store) if name != found.case.assignee],
            dismissals=[kind for kind in Dismissal if kind.words],
            snoozes=SNOOZES,
            opens=self._app.config.ladder(found.case.brand).opens_after(found.case, now),
        )

    def _thread(self, found: Story) -> list[Said]:
        said = [
            Said(at=at, platform=platform, who=who, text=text, url=url, complaint=None)
            for at, platform, who, text, url in inbox.brand_replies(self._app.store, found.case)
        ]
        own = (found.case.platform, found.case.thread_id)
        bad = {_place(each) for each in found.complaints if each.verdict.is_complaint} - {own}
        for complaint in found.complaints:
            post = complaint.mention
            parts = found.case.state in ALIVE and _place(complaint) in bad
            facts = {"platform": post.platform, "who": post.author, "text": post.text, "url": post.url}
            said.append(Said(at=post.posted_at, complaint=complaint, parts=parts, **facts))
        return sorted(said, key=lambda post: post.at)

    def _act(self, case_id: int, user: User, next: str, move: Callable[[Case, datetime], Move]) -> Response:
        return self._done(case_id, user, next, lambda: self._app.act(case_id, move))

    def _done(self, case_id: int, user: User, next: str, deed: Callable[[], Case]) -> Response:
        try:
            case = deed()
        except NotAllowed as error:
            return self._case(case_id, user, 409, f"Not done: {error}.")
        return RedirectResponse(inside(next) if next else f"/cases/{case.id}", 303)

    def _sources(self, user: User) -> Response:
        now = self._app.clock()
        return page(
            "sources.html",
            **self._frame(user, now),
            sources=source_health(self._app.store),
            left_out=left_out(self._app.store, now),
            configured=self._app.config.sources,
            findings=self._app.audit(),
        )

    def _people(self, user: User, status: int = 200, problem: str = "") -> Response:
        store, now = self._app.store, self._app.clock()
        facts = {"users": accounts.all_users(store, now), "tokens": accounts.all_tokens(store), "roles": list(Role)}
        return page("people.html", status, **self._frame(user, now), problem=problem, **facts)

    def _change(self, user: User, name: str, change: Callable[[], None]) -> Response:
        if name == user.name:
            return self._people(user, 409, "Not done: nobody changes their own account.")
        try:
            change()
        except Refused as error:
            return self._people(user, 409, f"Not done: {error}.")
        return RedirectResponse("/people", 303)

    def _frame(self, user: User, now: datetime) -> Mapping[str, Any]:
        return {"user": user, "now": now}


def _place(complaint: Complaint) -> tuple[str, str]:
    return complaint.mention.platform, complaint.mention.thread_id


def midnight(now: datetime) -> datetime:
    """When today began, where the server stands."""
    return now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)


def _address(wanted: Listed, **changed: Any) -> str:
    """The list's address with these wishes; a change of what is wanted begins at the first page."""
    wishes = wanted.model_dump(exclude_defaults=True) | {"offset": 0} | changed
    standard = Listed().model_dump()
    kept = {name: value for name, value in wishes.items() if value != standard[name]}
    return f"/?{urlencode(kept)}" if kept else "/"


def _platforms(app: App) -> list[str]:
    plugins = (plugin for _, plugin in app.config.sources.values())
    return sorted({getattr(plugin.options, "platform", plugin.type) for plugin in plugins})
