"""The same reads and acts for programs: JSON and CSV, bearer tokens with scopes, described by OpenAPI."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from io import StringIO
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse

from alerts import case as moves
from alerts.case import Case, Move, NotAllowed
from monitor import accounts, inbox
from monitor.accounts import Scope, Token
from monitor.app import App
from monitor.queries import left_out, source_health, story
from monitor.web import shapes
from monitor.web.exports import add_exports, cell
from monitor.web.look import page
from monitor.web.pages import midnight
from monitor.web.wishes import CaseId, Dismissed, Given, Joined, Page, Parted, Snoozed, Wanted

ABOUT = """
Cases and what people do with them, as the inbox shows them. Moments are ISO 8601 in UTC.

Every call needs a token: `python -m monitor token add NAME --scope read --scope act` prints one, to be sent as
`Authorization: Bearer …`. What is done with a token stands in the case's timeline under the token's name.
""".strip()

Number = Annotated[CaseId, Path(description="The case's number.")]
Problems = dict[int | str, dict[str, Any]]


def _problems(*statuses: int) -> Problems:
    known = {
        400: "The body can't be read.",
        401: "There is no token, or it is wrong or too old.",
        403: "The token's scopes don't reach so far.",
        404: "There is no such case.",
        409: "It can't be done as things stand: nothing was changed.",
        422: "The request makes no sense; `detail` says what.",
    }
    return {status: {"model": shapes.Problem, "description": known[status]} for status in statuses}


READING = _problems(401, 403, 422)
ACTING = _problems(400, 401, 403, 404, 409, 422)


def api(app: App) -> FastAPI:
    """The API on its own, to be mounted."""
    made = FastAPI(
        title="Complaint monitor",
        version="1",
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        dependencies=[Depends(_nothing_unknown)],
    )
    made.add_exception_handler(AnyHTTPException, _refuse)
    made.add_exception_handler(RequestValidationError, _no_sense)
    reading, acting = Depends(_may(app, Scope.READ)), Depends(_may(app, Scope.ACT))
    _add_reads(made, app, reading)
    _add_acts(made, app, acting)
    add_exports(made, app, reading, READING)

    @made.get("/", include_in_schema=False)
    def docs() -> Response:
        return page("api.html", user=None, now=None, schema=made.openapi())

    return made


def _add_reads(made: FastAPI, app: App, reading: Any) -> None:
    @made.get("/cases", dependencies=[reading], responses=READING, tags=["read"])
    def cases(wanted: Annotated[Page, Query()]) -> shapes.Cases:
        """Cases, in the inbox's order: the waiting by what time is left, others the latest first."""
        now = app.clock()
        found = inbox.entries(app.store, wanted.filter, now, limit=wanted.limit + 1, offset=wanted.offset)
        return shapes.Cases(
            cases=[shapes.entry(each, now) for each in found[: wanted.limit]],
            next_offset=wanted.offset + wanted.limit if len(found) > wanted.limit else None,
        )

    @made.get(
        "/cases.csv",
        dependencies=[reading],
        responses=READING | {200: {"content": {"text/csv": {}}, "description": "A line for each case, by number."}},
        response_class=StreamingResponse,
        tags=["read"],
    )
    def cases_csv(wanted: Annotated[Wanted, Query()]) -> Response:
        """All cases that are wanted, as a table for spreadsheets and pandas."""
        lines = _csv(inbox.every_entry(app.store, wanted.filter, app.clock()), app.clock())
        name = {"Content-Disposition": 'attachment; filename="cases.csv"'}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=name)

    @made.get("/cases/{case_id}", dependencies=[reading], responses=READING | _problems(404), tags=["read"])
    def case(case_id: Number) -> shapes.Story:
        """One case: the customer's posts with their verdicts, and all that happened."""
        found = story(app.store, case_id)
        if found is None:
            raise HTTPException(404, f"there is no case {case_id}")
        return shapes.story(found, app.clock())

    @made.get("/counts", dependencies=[reading], responses=READING, tags=["read"])
    def counts() -> shapes.Counts:
        """How the team stands."""
        now = app.clock()
        return shapes.Counts.model_validate(inbox.counts(app.store, now, midnight(now)), from_attributes=True)

    @made.get("/sources", dependencies=[reading], responses=READING, tags=["read"])
    def sources() -> list[shapes.Source]:
        """How every source does."""
        return [shapes.Source.model_validate(each, from_attributes=True) for each in source_health(app.store)]

    @made.get("/left-out", dependencies=[reading], responses=READING, tags=["read"])
    def left_out_posts() -> list[shapes.LeftOut]:
        """What the sources could not read or reach in the last week, the latest first; a hundred at most."""
        return [shapes.LeftOut.model_validate(each, from_attributes=True) for each in left_out(app.store, app.clock())]

    @made.get("/audit", dependencies=[reading], responses=READING, tags=["read"])
    def audit() -> list[shapes.Finding]:
        """What is late, failing or silent; empty when all is well."""
        return [shapes.Finding.model_validate(each, from_attributes=True) for each in app.audit()]


def _add_acts(made: FastAPI, app: App, acting: Any) -> None:
    def done(case_id: int, deed: Callable[[], Case]) -> shapes.Story:
        try:
            case = deed()
        except NotAllowed as error:
            raise HTTPException(409 if story(app.store, case_id) else 404, str(error)) from None
        found = story(app.store, case.id)
        assert found is not None
        return shapes.story(found, app.clock())

    def act(case_id: int, move: Callable[[Case, datetime], Move]) -> shapes.Story:
        return done(case_id, lambda: app.act(case_id, move))

    @made.post("/cases/{case_id}/claim", responses=ACTING, tags=["act"])
    def claim(case_id: Number, token: Token = acting) -> shapes.Story:
        """Takes the case: reminders fall silent, the last step of the ladder doesn't."""
        return act(case_id, lambda case, now: moves.claim(case, token.name, now))

    @made.post("/cases/{case_id}/assign", responses=ACTING, tags=["act"])
    def assign(case_id: Number, given: Given, token: Token = acting) -> shapes.Story:
        """Gives the case to a colleague."""
        return act(case_id, lambda case, now: moves.assign(case, token.name, now, given.to.strip()))

    @made.post("/cases/{case_id}/answer", responses=ACTING, tags=["act"])
    def answer(case_id: Number, token: Token = acting) -> shapes.Story:
        """The customer has an answer: the clock stops."""
        return act(case_id, lambda case, now: moves.answer(case, token.name, now))

    @made.post("/cases/{case_id}/dismiss", responses=ACTING, tags=["act"])
    def dismiss(case_id: Number, said: Dismissed, token: Token = acting) -> shapes.Story:
        """It is no complaint, or none for this team."""
        return act(case_id, lambda case, now: moves.dismiss(case, token.name, now, said.reason, said.kind))

    @made.post("/cases/{case_id}/snooze", responses=ACTING, tags=["act"])
    def snooze(case_id: Number, said: Snoozed, token: Token = acting) -> shapes.Story:
        """Reminders wait for so long, or until opening time; the last step of the ladder does not."""
        ends = partial(said.ends, opening=app.opening)
        return act(case_id, lambda case, now: moves.snooze(case, token.name, now, ends(case, now)))

    @made.post("/cases/{case_id}/reopen", responses=ACTING, tags=["act"])
    def reopen(case_id: Number, token: Token = acting) -> shapes.Story:
        """Takes back an answer or a dismissal."""
        return act(case_id, lambda case, now: moves.reopen(case, token.name, now))

    @made.post("/cases/{case_id}/split", responses=ACTING, tags=["act"])
    def split(case_id: Number, said: Parted, token: Token = acting) -> shapes.Story:
        """A post that was joined to the case is another matter: it and what stands in its thread get a case of their
        own, which is given back."""
        return done(case_id, lambda: app.split(case_id, said.post.strip(), token.name))

    @made.post("/cases/{case_id}/join", responses=ACTING, tags=["act"])
    def join(case_id: Number, said: Joined, token: Token = acting) -> shapes.Story:
        """Another case is the same matter: it becomes part of this one, with one clock and one answer."""
        return done(case_id, lambda: app.join(case_id, said.case, token.name))


def _nothing_unknown(request: Request) -> None:
    """A filter with a slip in its name would otherwise find all cases."""
    described = request.app.openapi()["paths"].get(request.scope["route"].path, {})
    given = described.get(request.method.lower(), {}).get("parameters", [])
    unknown = set(request.query_params) - {each["name"] for each in given if each["in"] == "query"}
    if unknown:
        raise HTTPException(422, f"{len(unknown)} of the query's parameters are not known here")


def _may(app: App, scope: Scope) -> Callable[..., Token]:
    bearer = HTTPBearer(auto_error=False, description=f"A token with the scope `{scope}`.")

    def token(shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Token:
        found = accounts.whose_token(app.store, shown.credentials, app.clock()) if shown else None
        if found is None:
            raise HTTPException(401, "a token is needed", {"WWW-Authenticate": "Bearer"})
        if scope not in found.scopes:
            raise HTTPException(403, f"the token {found.name!r} has not the scope {scope}")
        return found

    return token


def _csv(found: Iterator[inbox.Entry], now: datetime) -> Iterator[str]:
    paper = StringIO()
    table = csv.DictWriter(paper, list(shapes.Entry.model_fields))
    table.writeheader()
    for each in found:
        table.writerow({name: cell(value) for name, value in shapes.entry(each, now).model_dump(mode="json").items()})
        if paper.tell() > 64_000:
            yield paper.getvalue()
            paper.seek(0)
            paper.truncate()
    yield paper.getvalue()


def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, AnyHTTPException)
    return JSONResponse({"detail": str(error.detail)}, error.status_code, error.headers)


def _no_sense(_: Request, error: Exception) -> Response:
    """What is wrong, without what was sent: that may be anything."""
    assert isinstance(error, RequestValidationError)
    wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:10])
    return JSONResponse({"detail": wrong.encode("utf-8", "replace").decode()}, 422)
