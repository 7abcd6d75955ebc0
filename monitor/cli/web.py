"""The commands of the inbox: serve it, and say who may come in."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.entrance import DEFAULT, FAILED, ConfigPath, console, opened, say

if TYPE_CHECKING:
    from monitor.accounts import Role
    from monitor.app import App

user = typer.Typer(help="Who may come into the inbox.", no_args_is_help=True)
token = typer.Typer(help="Which programs may use the API.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="As the timelines of cases will say it.", show_default=False)]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the standard input instead of asking for it.")
]


def serve(config: ConfigPath = DEFAULT) -> None:
    """Serves the inbox and the API until it is told to stop (SIGTERM or Ctrl-C). Runs beside `run` or cron."""
    with opened(config, chatty=True) as app:
        from monitor.web.server import Server

        server = Server(app)
        say(f"The inbox is at {server.url}")
        if server.link:
            say(f"Sign in once, within ten minutes: {server.local_url}{server.link.path}")
        server.run()


@user.command()
def add(
    name: Name,
    role: Annotated[
        str, typer.Option(help="viewer: reads; agent: acts on cases; admin: says who may come in.")
    ] = "agent",
    from_input: FromInput = False,
    config: ConfigPath = DEFAULT,
) -> None:
    """A new account; its password is asked for."""
    with _inside(config) as app:
        from monitor import accounts

        accounts.add_user(app.store, name, _role(role), app.clock(), password=_password(from_input))
        console().print(f"{name} may sign in.", markup=False, highlight=False)


@user.command("list")
def list_users(config: ConfigPath = DEFAULT) -> None:
    """All accounts."""
    with _inside(config) as app:
        from monitor import accounts

        for each in accounts.all_users(app.store, app.clock()):
            console().print(f"{each.role:<7} {each.name}", markup=False, highlight=False)


@user.command()
def password(name: Name, from_input: FromInput = False, config: ConfigPath = DEFAULT) -> None:
    """A new password; ends the account's sessions."""
    with _inside(config) as app:
        from monitor import accounts

        accounts.change_user(app.store, name, password=_password(from_input))


@user.command()
def role(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="ROLE", help="viewer, agent or admin.", show_default=False)],
    config: ConfigPath = DEFAULT,
) -> None:
    """Another role."""
    with _inside(config) as app:
        from monitor import accounts

        accounts.change_user(app.store, name, role=_role(new))


@user.command("remove")
def remove_user(name: Name, config: ConfigPath = DEFAULT) -> None:
    """Shuts somebody out, at once and everywhere."""
    with _inside(config) as app:
        from monitor import accounts

        accounts.remove_user(app.store, name)


@token.command("add")
def add_token(
    name: Name,
    scope: Annotated[list[str], typer.Option(help="read or act; may be given twice.")] = ["read"],  # noqa: B006
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is good.")] = 365,
    config: ConfigPath = DEFAULT,
) -> None:
    """A new token, shown this once."""
    with _inside(config) as app:
        from datetime import timedelta

        from monitor import accounts

        try:
            scopes = [accounts.Scope(each) for each in scope]
        except ValueError as error:
            raise typer.BadParameter(f"{error}; read or act", param_hint="--scope") from None
        secret = accounts.add_token(app.store, name, scopes, app.clock(), timedelta(days=days))
        console().print(secret, markup=False, highlight=False, soft_wrap=True)


@token.command("list")
def list_tokens(config: ConfigPath = DEFAULT) -> None:
    """All tokens, and when each was last used."""
    with _inside(config) as app:
        from monitor import accounts

        for each in accounts.all_tokens(app.store):
            used = f"used {each.used_at:%Y-%m-%d}" if each.used_at else "never used"
            scopes = " ".join(sorted(each.scopes))
            line = f"{each.name}: {scopes}, until {each.expires_at:%Y-%m-%d}, {used}"
            console().print(line, markup=False, highlight=False)


@token.command("remove")
def remove_token(name: Name, config: ConfigPath = DEFAULT) -> None:
    """Ends a token, at once."""
    with _inside(config) as app:
        from monitor import accounts

        accounts.remove_token(app.store, name)


@contextmanager
def _inside(config: ConfigPath) -> "Iterator[App]":
    from monitor.accounts import Refused

    with opened(config) as app:
        try:
            yield app
        except Refused as error:
            say(f"Not done: {error}.")
            raise typer.Exit(FAILED) from None


def _role(said: str) -> "Role":
    from monitor.accounts import Role

    try:
        return Role(said)
    except ValueError:
        raise typer.BadParameter(f"{said!r} is none: viewer, agent or admin") from None


def _password(from_input: bool) -> str:
    """Never in the arguments, which others on the machine can read."""
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    said: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return said
