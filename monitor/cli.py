"""The command line: thin words around the app; every command teaches by its `--help`."""

import os
import sys
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from connectors.base import storable
from monitor import cli_cases, cli_model, cli_on_call, cli_web
from monitor.cli_digest import digest
from monitor.cli_posts import filtered
from monitor.entrance import (
    DEFAULT,
    FAILED,
    AsJson,
    By,
    ConfigPath,
    console,
    database_told,
    named,
    opened,
    say,
    say_more,
    settings,
    told,
)

cli = typer.Typer(
    name="monitor",
    help="Finds complaints about your brands, tells the care team, and keeps telling until somebody answered.",
    epilog="Start with `check`, then `tick` (one pass, for cron) or `run` (the daemon).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
database = typer.Typer(help="The database's schema.", no_args_is_help=True)
cli.add_typer(database, name="db")

CaseId = Annotated[
    int,
    typer.Argument(metavar="ID", help="The case's number, as in `cases` and in the alert.", min=1, max=2**31 - 1),
]


@cli.callback()
def options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more about what happens.")] = False,
) -> None:
    if verbose:
        say_more()


@cli.command()
def run(config: ConfigPath = DEFAULT) -> None:
    """Runs as a daemon, day and night, until it is told to stop (SIGTERM or Ctrl-C)."""
    with opened(config, chatty=True) as app:
        from monitor.daemon import run

        run(app)


@cli.command()
def tick(config: ConfigPath = DEFAULT, as_json: AsJson = False) -> None:
    """One pass of all that is due: collect, triage, escalate, deliver. For cron, every minute.

    Exit status: 0 all well, 1 a source or channel failed, 2 the configuration is wrong. A tick that finds another
    one still running leaves at once.
    """
    with opened(config) as app, app.lock() as free:
        if not free:
            console(err=True).print("Another tick is still running; leaving the work to it.")
            return
        from monitor.views import show_json

        report = app.tick()
        if as_json:
            show_json(console(), {"done": report.done, "failures": report.failures})
        else:
            counts = ", ".join(f"{job} {count}" for job, count in report.done.items() if count)
            console(err=True).print(f"Done: {counts or 'nothing was due'}.", highlight=False)
        for failure in report.failures:
            say(app.blot(failure))
        if report.failures:
            raise typer.Exit(FAILED)


@cli.command()
def check(
    config: ConfigPath = DEFAULT,
    online: Annotated[
        bool, typer.Option("--online", help="Also log in to every platform and channel, and say what is missing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Checks the configuration, the model and the database; every mistake with its line and the likely fix."""
    with opened(config) as app:
        from monitor.config.advice import advice
        from monitor.views import show_json

        lines: list[tuple[str, str | None, str]] = [
            ("model", app.classifier.model, ""),
            ("threshold", f"{app.classifier.threshold:.2f}; `threshold` shows what another would mean", ""),
            ("database", app.store.address, ""),
        ]
        lines += [(f"customers of {brand}", None, problem) for brand, problem in app.customers.problems()]
        lines += [(part, "", regret) for part, regret in advice(app.config)]
        if online:
            lines += list(app.logins())
        if as_json:
            show_json(console(), [{"part": part, "found": found, "wrong": wrong} for part, found, wrong in lines])
        for part, found, wrong in lines if not as_json else []:
            mark = "[red]✗[/]" if wrong and found is None else "[yellow]![/]" if wrong else "[green]✓[/]"
            console().print(f"{mark} {part}:", end=" ")
            console().print(wrong or found, markup=False, highlight=False)
        if any(found is None for _, found, _ in lines):
            raise typer.Exit(FAILED)


@cli.command()
def cases(
    config: ConfigPath = DEFAULT,
    everything: Annotated[bool, typer.Option("--all", help="Settled cases too, not only those that wait.")] = False,
    brand: Annotated[str | None, typer.Option(help="Only this brand's.")] = None,
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


@cli.command()
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


@cli.command()
def claim(case_id: CaseId, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """I take this one: reminders fall silent, the last step of the ladder doesn't."""
    from alerts import case as moves

    _act(config, case_id, lambda case, now: moves.claim(case, named(by), now))


@cli.command()
def answer(case_id: CaseId, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """The customer has an answer: stops the clock. A reply on the platform is noticed without this."""
    from alerts import case as moves

    _act(config, case_id, lambda case, now: moves.answer(case, named(by), now))


@cli.command()
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


@cli.command()
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

        def until(case: Any, now: Any) -> Any:
            return app.opening(case, now) if until_opening else now + time

        _say_state(app.act(case_id, lambda case, now: moves.snooze(case, named(by), now, until(case, now))))


@cli.command()
def reopen(case_id: CaseId, by: By = "", config: ConfigPath = DEFAULT) -> None:
    """Takes back an answer or a dismissal: the clock goes on as if it had never stopped."""
    from alerts import case as moves

    _act(config, case_id, lambda case, now: moves.reopen(case, named(by), now))


@cli.command()
def audit(config: ConfigPath = DEFAULT, as_json: AsJson = False) -> None:
    """Looks for customers nobody was called for, and for parts that fell silent. Exit status 1 when it finds any."""
    with opened(config) as app:
        from monitor.queries import source_health
        from monitor.views import show_json, show_sources

        _ = app.connectors
        findings = app.audit()
        if as_json:
            show_json(console(), [{"kind": f.kind, "subject": f.subject, "what": f.what} for f in findings])
        else:
            show_sources(console(), source_health(app.store), app.clock())
            for finding in findings:
                console().print(f"[red]✗[/] {finding.kind}:", end=" ")
                console().print(f"{finding.subject}: {finding.what}", markup=False, highlight=False)
            if not findings:
                console().print("[green]✓[/] nothing is late")
        if findings:
            raise typer.Exit(FAILED)


cli.add_typer(cli_on_call.on_call, name="on-call")
cli.command()(filtered)
cli.command()(digest)
cli.command()(cli_model.missed)
cli.command()(cli_cases.split)
cli.command()(cli_cases.join)


@cli.command()
def classify(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; without any, JSON lines are read.")] = None,
    config: ConfigPath = DEFAULT,
) -> None:
    """What the model thinks of texts.

    Given as arguments, or as JSON lines {"text": "…"} on the standard input, which come back in their order with
    `complaint` (0 to 1), `is_complaint` and `sentiment` added. A line that can't be read comes back with `error`.
    """
    from monitor.classify import classify_lines, classify_texts

    plugin = settings(config).classifier
    with told():
        classifier = plugin.kind(plugin.options)
        if texts:
            classify_texts(classifier, texts, sys.stdout)
        else:
            # a reader of its own: the one of sys.stdin can't be closed at the end while a thread still waits on it
            classify_lines(classifier, os.fdopen(0, "rb", closefd=False), sys.stdout)


cli.command()(cli_model.threshold)
cli.command()(cli_model.quality)
cli.add_typer(cli_model.feedback, name="feedback")
cli.command()(cli_web.serve)
cli.add_typer(cli_web.user, name="user")
cli.add_typer(cli_web.token, name="token")


@cli.command()
def demo(
    speed: Annotated[float, typer.Option(min=0, help="Seconds that each minute takes; 0: no waiting.")] = 0.13,
) -> None:
    """An afternoon of two Baltic brands in a minute: 157 posts in four languages, with a fast clock and no accounts."""
    from monitor.demo import play

    with told(), database_told():
        play(console(), pause=speed)


@database.command()
def upgrade(config: ConfigPath = DEFAULT) -> None:
    """Brings the database to this program's schema, one migration after the other."""
    with told(), database_told():
        from rich.progress import track

        from monitor.store import Store

        store = Store(settings(config).database)
        pending = store.pending()
        for name in track(pending, description="migrating", console=console(err=True), disable=not pending):
            store.upgrade(name)
        console().print(f"{store.address}: " + (f"applied {', '.join(pending)}" if pending else "nothing to do"))


def _act(config: Path, case_id: int, move: Callable[[Any, Any], Any]) -> None:
    with opened(config) as app:
        _say_state(app.act(case_id, move))


def _say_state(case: Any) -> None:
    console().print(f"Case {case.id} is {case.state}.", highlight=False)


def main() -> None:
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter shows its number instead
        cast(TextIOWrapper, stream).reconfigure(errors="backslashreplace")
    cli()
