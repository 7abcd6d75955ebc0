"""The commands about who is on call: the rota shown, somebody put in for somebody else, and back to the plan."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from connectors.base import storable
from monitor.cli.entrance import DEFAULT, AsJson, By, ConfigPath, console, named, opened

if TYPE_CHECKING:
    from alerts.rotation import Rotation, Turn
    from monitor.app import App

on_call = typer.Typer(help="Who is on call, and who stands in for whom.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="ROTATION", help="As under `rotations:` in the configuration.")]


@on_call.command()
def show(
    config: ConfigPath = DEFAULT,
    turns: Annotated[int, typer.Option(min=1, max=60, help="So many turns of each rotation.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Who is on call now in every rotation, and who comes after."""
    with opened(config) as app:
        from monitor import rota
        from monitor.views import show_json

        now = app.clock()
        plans = {name: rota.plan(app.store, one, now, turns) for name, one in app.config.rotations.items()}
        if as_json:
            show_json(console(), {name: [_json(turn) for turn in plan] for name, plan in plans.items()})
            return
        if not plans:
            console().print("There are no rotations: name one under `rotations:` in the configuration.")
        for name, plan in plans.items():
            _show(app.config.rotations[name], plan)


@on_call.command(name="set")
def put_in(
    rotation: Name,
    who: Annotated[str, typer.Argument(help="As the channel calls people; for Slack an id such as U012AB3CD.")],
    until: Annotated[str, typer.Option(metavar="TIME", help="18:00 (the next time), 4h, or '2026-12-24 09:00'.")],
    by: By = "",
    config: ConfigPath = DEFAULT,
) -> None:
    """Puts somebody on call from now until then, whoever's turn it would be. The latest word counts."""
    with opened(config) as app:
        from monitor import rota

        one, now = _rotation(app, rotation), app.clock()
        turn = rota.override(app.store, one, storable(who.strip()), rota.until(until, one, now), named(by), now)
        _show(one, [turn])


@on_call.command()
def clear(rotation: Name, config: ConfigPath = DEFAULT) -> None:
    """Ends what stands in for the plan."""
    with opened(config) as app:
        from monitor import rota

        one = _rotation(app, rotation)
        _show(one, [rota.back_to_plan(app.store, one, app.clock())])


def _rotation(app: "App", name: str) -> "Rotation":
    from monitor.config.problems import suggest

    rotations = app.config.rotations
    if name not in rotations:
        raise typer.BadParameter(f"there is no rotation {name!r}; {suggest(name, list(rotations))}")
    return rotations[name]


def _show(rotation: "Rotation", turns: Sequence["Turn"]) -> None:
    from rich.text import Text

    from alerts.words import line

    console().print(Text(f"{line(rotation.name)} · times in {rotation.zone}", "bold"))
    for turn in turns:
        since, until = (moment.astimezone(rotation.zone) for moment in (turn.since, turn.until))
        note = "  stands in" if turn.stands_in else ""
        console().print(Text(f"  {since:%a %d %b %H:%M} – {until:%a %d %b %H:%M}  {line(turn.who)}{note}"))


def _json(turn: "Turn") -> dict[str, object]:
    return {name: getattr(turn, name) for name in turn.__slots__}
