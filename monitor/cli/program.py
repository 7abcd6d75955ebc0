"""The commands, put together: thin words around the app."""

import os
import sys
from dataclasses import asdict
from io import TextIOWrapper
from typing import Annotated, cast

import typer

from monitor.cli import cases, model, on_call, web
from monitor.cli.digest import digest
from monitor.cli.entrance import (
    DEFAULT,
    FAILED,
    AsJson,
    ConfigPath,
    console,
    database_told,
    opened,
    say,
    say_more,
    settings,
    told,
)
from monitor.cli.posts import filtered

MOST = 20
"""Posts left out that are told one by one."""

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
        from alerts.words import line
        from monitor.views import show_json

        report = app.tick()
        if as_json:
            show_json(console(), asdict(report))
        else:
            for told in report.left_out[:MOST]:
                say(f"Left out: {line(app.blot(told), 1000)}")
            if more := len(report.left_out[MOST:]):
                say(f"Left out: {more} more; `audit` lists them.")
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


for command in (
    cases.cases,
    cases.show,
    cases.claim,
    cases.answer,
    cases.dismiss,
    cases.snooze,
    cases.reopen,
    cases.split,
    cases.join,
):
    cli.command()(command)


@cli.command()
def audit(config: ConfigPath = DEFAULT, as_json: AsJson = False) -> None:
    """Looks for customers nobody was called for, and for parts that fell silent. Exit status 1 when it finds any."""
    with opened(config) as app:
        from monitor.queries import left_out, source_health
        from monitor.views import show_json, show_left_out, show_sources

        _ = app.connectors
        findings = app.audit()
        if as_json:
            show_json(console(), [{"kind": f.kind, "subject": f.subject, "what": f.what} for f in findings])
        else:
            show_sources(console(), source_health(app.store), app.clock())
            show_left_out(console(), left_out(app.store, app.clock(), MOST))
            for finding in findings:
                console().print(f"[red]✗[/] {finding.kind}:", end=" ")
                console().print(f"{finding.subject}: {finding.what}", markup=False, highlight=False)
            if not findings:
                console().print("[green]✓[/] nothing is late")
        if findings:
            raise typer.Exit(FAILED)


cli.add_typer(on_call.on_call, name="on-call")
cli.command()(filtered)
cli.command()(digest)
cli.command()(model.missed)


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


cli.command()(model.threshold)
cli.command()(model.quality)
cli.add_typer(model.feedback, name="feedback")
cli.command()(web.serve)
cli.add_typer(web.user, name="user")
cli.add_typer(web.token, name="token")


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


def main() -> None:
    for stream in (sys.stdout, sys.stderr):  # a terminal that lacks a letter shows its number instead
        cast(TextIOWrapper, stream).reconfigure(errors="backslashreplace")
    cli()
