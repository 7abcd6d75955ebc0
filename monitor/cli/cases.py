"""The commands about cases: the queue, one of them, what a person says to it, and which posts make it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.base import storable
from monitor.cli.entrance import DEFAULT, FAILED, AsJson, Brand, By, ConfigPath, console, named, opened, say

if TYPE_CHECKING:
    from alerts.case import Case, Move

CaseId = Annotated[
    int,
    typer.Argument(metavar="CASE", help="The case's number, as in `cases` and in the alert.", min=1, max=2**31 - 1),
]
Other = Annotated[int, typer.Argument(metavar="OTHER", help="The case that becomes part of it.", min=1, max=2**31 - 1)]
Post = Annotated[str, typer.Argument(metavar="POST", help="The post's number, its id on the platform or its address.")]


def cases(
    config: ConfigPath = DEFAULT,
    everything: Annotated[bool, typer.Option("--all", help="Settled cases too, not only those that wait.")] = False,
    brand: Brand = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The queue: who waits, the one with the least time left on top; customers of special value some way before."""
    with opened(config) as app:
        from alerts.case import WAITING, State
        from monitor.queries import queue
        from monitor.views import show_json, show_queue, story_json

        now = app.clock()
        found = queue(
            app.store,
            states=list(State) if everything else list(WAITING),
            brand=brand,
            limit=limit,
            place=app.customers.place,
        )
        if as_json:
            show_json(console(), [story_json(story, now, app.notes) for story in found])
        else:
            show_queue(console(), found, now, app.notes)


def show(case_id: CaseId, config: ConfigPath = DEFAULT, as_json: AsJson = False) -> None:
    """One case: what the customer wrote, what the model thought, and all that happened since."""
    with opened(config) as app:
        from monitor.queries import story
        from monitor.views import show_json, show_story, story_json

        found = story(app.store, case_id)
        if found is None:
            say(f"There is no case {case_id}.")
            raise typer.Exit(FAILED)
        if as_json:
            show_json(console(), story_json(found, app.clock(), app.notes))
        else:
            show_story(console(), found, app.clock(), app.notes)


def claim(case_id: CaseId, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """I take this one: reminders fall silent, the last step of the ladder doesn't."""
    from alerts import case as moves

    _act(config, case_id, lambda case, now: moves.claim(case, named(by), now))


def answer(case_id: CaseId, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """The customer has an answer: stops the clock. A reply on the platform is noticed without this."""
    from alerts import case as moves

    _act(config, case_id, lambda case, now: moves.answer(case, named(by), now))


def dismiss(
    case_id: CaseId,
    not_a_complaint: Annotated[
        bool, typer.Option("--not-a-complaint", help="The model erred; it can learn from this (see `feedback`).")
    ] = False,
    not_ours: Annotated[bool, typer.Option("--not-ours", help="A complaint, but about somebody else.")] = False,
    duplicate: Annotated[bool, typer.Option("--duplicate", help="Another case has it already.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for those who look at it later.")] = "",
    by: By = "",
    config: ConfigPath = DEFAULT,
) -> None:
    """Not a complaint, or not one for us: stops the clock. Say which, in one of three ways or by a reason."""
    from alerts import case as moves
    from alerts.case import Dismissal

    said = {
        Dismissal.NOT_A_COMPLAINT: not_a_complaint,
        Dismissal.NOT_OURS: not_ours,
        Dismissal.DUPLICATE: duplicate,
    }
    kinds = [kind for kind, given in said.items() if given] or [Dismissal.OTHER]
    if len(kinds) > 1:
        raise typer.BadParameter(f"can't be {kinds[0].words} and {kinds[1].words} at once")
    _act(config, case_id, lambda case, now: moves.dismiss(case, named(by), now, storable(reason), kinds[0]))


def snooze(
    case_id: CaseId,
    length: Annotated[str, typer.Option("--for", metavar="TIME", help="How long, such as 15m or 2h.")] = "15m",
    until_opening: Annotated[
        bool,
        typer.Option("--until-opening", help="Until people are at work again (see `hours`)."),
    ] = False,
    by: By = "",
    config: ConfigPath = DEFAULT,
) -> None:
    """Reminders wait for so long, or until opening time; the last step of the ladder does not."""
    from alerts import case as moves
    from monitor.config.sections import duration

    try:
        time = duration(length)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--for") from None
    with opened(config) as app:

        def until(case: "Case", now: datetime) -> datetime:
            return app.opening(case, now) if until_opening else now + time

        _say_state(app.act(case_id, lambda case, now: moves.snooze(case, named(by), now, until(case, now))))


def reopen(case_id: CaseId, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """Takes back an answer or a dismissal: the clock goes on as if it had never stopped."""
    from alerts import case as moves

    _act(config, case_id, lambda case, now: moves.reopen(case, named(by), now))


def split(case_id: CaseId, post: Post, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """Gives a post that was joined to a case, and what stands in its thread, a case of its own."""
    with opened(config) as app:
        new = app.split(case_id, post, named(by))
        console().print(f"Case {new.id} is {new.state}; it was part of case {case_id}.", highlight=False)


def join(case_id: CaseId, other: Other, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """Makes OTHER part of CASE: one clock, and an answer in any of the threads is the answer."""
    with opened(config) as app:
        case = app.join(case_id, other, named(by))
        console().print(f"Case {case.id} is {case.state}, with all of case {other}.", highlight=False)


def _act(config: Path, case_id: int, move: "Callable[[Case, datetime], Move]") -> None:
    with opened(config) as app:
        _say_state(app.act(case_id, move))


def _say_state(case: "Case") -> None:
    console().print(f"Case {case.id} is {case.state}.", highlight=False)
