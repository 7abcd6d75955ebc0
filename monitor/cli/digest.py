"""The command about a week: draws its digest, shows it, and sends it once."""

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.entrance import DEFAULT, FAILED, Brand, ConfigPath, console, opened, say

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.digest.week import Week


def digest(
    config: ConfigPath = DEFAULT,
    week: Annotated[
        str | None, typer.Option(help="Such as 2026-W47; the last one that is over unless given.", show_default=False)
    ] = None,
    brand: Brand = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print it; send nothing and keep nothing.")] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open its page in a browser; send nothing.")] = False,
) -> None:
    """One week in figures: what changed and why it matters, worst misses, best saves, what is asked again and again.

    Keeps the page and a PDF in the folder `digests` of the state folder, and sends the digest to the channels of the
    section `digest`: to each once, however often this is run. The daemon and `tick` do it by themselves every week.
    """
    with opened(config) as app:
        brands = [brand] if brand is not None else list(app.config.brands)
        if unknown := [name for name in brands if name not in app.config.brands]:
            raise typer.BadParameter(f"there is no brand {unknown[0]!r}", param_hint="--brand")
        for name in brands:
            chosen = _week(app, week)
            if dry_run:
                print(app.editions.edition(name, chosen).text(), end="")  # noqa: T201
            elif open_ or not app.config.digest.places:
                page = app.editions.keep(app.editions.edition(name, chosen))
                console().print(str(page), markup=False, highlight=False, soft_wrap=True)
                if open_:
                    typer.launch(page.resolve().as_uri())
            else:
                _send(app, name, chosen)


def _week(app: "App", name: str | None) -> "Week":
    from monitor.digest.week import Week

    if name is None:
        return app.editions.last_week
    try:
        return Week.named(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--week") from None


def _send(app: "App", brand: str, week: "Week") -> None:
    posted = app.editions.send(brand, week)
    failures = list(posted.failures)
    more = posted.done > 0
    while more:
        outcome = app.deliver()
        failures += outcome.failures
        more = outcome.more
    said = "sent" if posted.done else "was sent before; nothing to do"
    console().print(f"{brand}, {week.name}: {said}", markup=False, highlight=False)
    for failure in failures:
        say(app.blot(failure))
    if failures:
        raise typer.Exit(FAILED)
