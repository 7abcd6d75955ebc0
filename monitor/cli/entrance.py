"""How a command gets in: the configuration read, the app opened, and what goes wrong told in one line."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.base import storable

if TYPE_CHECKING:
    from rich.console import Console

    from monitor.app import App
    from monitor.config import Config

OK, FAILED, MISCONFIGURED = 0, 1, 2
"""Exit statuses."""

ConfigPath = Annotated[
    Path, typer.Option("--config", "-c", envvar="MONITOR_CONFIG", help="The configuration file.", show_default=True)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of tables for people.")]
Brand = Annotated[str | None, typer.Option(help="Only this brand's.", show_default=False)]
By = Annotated[str, typer.Option("--by", help="Who does it; your login name unless given.", show_default=False)]
DEFAULT = Path("config.yaml")

_chatty = False


def say_more() -> None:
    """Has whatever is opened from now on log what happens."""
    global _chatty
    _chatty = True


def named(by: str) -> str:
    """Who acts, as the case's timeline will say it."""
    try:
        return storable(by.strip()) or getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        raise typer.BadParameter("this login has no name: say who you are", param_hint="--by") from None


def settings(path: Path) -> "Config":
    """The configuration; its mistakes end the program."""
    from monitor.config import ConfigError, load

    try:
        return load(path)
    except ConfigError as error:
        say(str(error))
        raise typer.Exit(MISCONFIGURED) from None


@contextmanager
def opened(path: Path, *, chatty: bool = False) -> Iterator["App"]:
    """The app, closed at the end; logging what happens if `chatty`, or after `say_more`."""
    from monitor.app import App, start_logging

    config = settings(path)
    with told(), database_told():
        app = App(config)
        start_logging(app.blot, logging.INFO if chatty or _chatty else logging.CRITICAL)
        try:
            yield app
        finally:
            app.close()


@contextmanager
def told() -> Iterator[None]:
    """Turns the errors that a person can mend into one line and an exit status."""
    from classifiers.base import BadModel

    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BadModel as error:
        say(str(error))
        raise typer.Exit(MISCONFIGURED) from None
    except OSError as error:
        _let_go()
        if not isinstance(error, BrokenPipeError):  # a reader that goes away knows why
            say(f"{error.filename or 'input or output'}: {error.strerror or error}")
        raise typer.Exit(FAILED) from None


def _let_go() -> None:
    """What can't be written now is not tried again when the program ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def database_told() -> Iterator[None]:
    """The same for what a database may say; apart, because a command without one need not wait for SQLAlchemy."""
    from sqlalchemy.exc import DBAPIError

    from alerts.case import NotAllowed
    from monitor.store import StoreError

    try:
        yield
    except NotAllowed as error:
        say(f"Not done: {error}.")
        raise typer.Exit(FAILED) from None
    except StoreError as error:
        say(str(error))
        raise typer.Exit(MISCONFIGURED) from None
    except DBAPIError as error:
        say(f"The database failed: {error.orig}")
        raise typer.Exit(FAILED) from None


def say(text: str) -> None:
    """A line on the standard error."""
    print(text, file=sys.stderr)  # noqa: T201


def console(*, err: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=err)
