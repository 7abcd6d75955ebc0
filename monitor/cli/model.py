"""Commands for choosing the threshold, for seeing how right the model is, and for teaching it."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.entrance import DEFAULT, FAILED, AsJson, Brand, By, ConfigPath, console, named, opened, say

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.app import App

feedback = typer.Typer(
    help="What the team's acts say of the model: answers confirm a complaint, `dismiss --not-a-complaint` denies it, "
    "`missed` tells of one that was let pass.",
    no_args_is_help=True,
)

GRID = [number / 10 for number in range(1, 10)]


def threshold(
    config: ConfigPath = DEFAULT,
    brand: Brand = None,
    week: Annotated[
        str | None,
        typer.Option(metavar="2026-W47", help="The week to try them on, Monday to Sunday UTC; else the last."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What each threshold promises, and what it would have meant last week.

    The threshold is the probability from which a post counts as a complaint:
    a lower one finds more complaints and raises more needless alerts. Set it
    under `classifier:` in the configuration, in one of three ways:

        threshold: 0.4    the probability itself
        recall: 0.95      find at least that share of complaints
        miss_costs: 10    one missed is as bad as ten needless alerts

    It counts for posts that come in from then on.
    """
    with opened(config) as app:
        from monitor.charts import show_thresholds, thresholds_json
        from monitor.quality import judged, week_by_threshold
        from monitor.views import show_json

        _must_know(app, brand)
        model, options = app.classifier, app.config.classifier.options
        tried = week_by_threshold(app.store, _monday(week, app.clock()), sorted({*GRID, model.threshold}), brand)
        known = judged(app.store, model.model, brand)
        if as_json:
            show_json(console(), thresholds_json(tried, known, model))
        else:
            show_thresholds(console(), tried, known, model, options)


def quality(
    config: ConfigPath = DEFAULT,
    weeks: Annotated[int, typer.Option(min=1, max=104, help="How many weeks back, the present one included.")] = 8,
    brand: Brand = None,
    as_json: AsJson = False,
) -> None:
    """How often the model is right, by week, brand and language, as the team's acts tell.

    A case that was answered confirms its complaint; `dismiss CASE
    --not-a-complaint` says that it was none; `missed` tells of one that the
    model let pass. A week is that of the customer's post, Monday to Sunday UTC.
    """
    with opened(config) as app:
        from monitor.charts import quality_json, show_quality
        from monitor.quality import WEEK, tallies, this_monday
        from monitor.views import show_json

        _must_know(app, brand)
        mondays = [this_monday(app.clock()) - WEEK * back for back in reversed(range(weeks))]
        groups = tallies(app.store, mondays, brand)
        if as_json:
            show_json(console(), quality_json(groups, mondays))
        else:
            show_quality(console(), groups, mondays)


def missed(
    post: Annotated[
        str, typer.Argument(metavar="POST", help="The post's address, its id on the platform, or its number here.")
    ],
    by: By = "",
    config: ConfigPath = DEFAULT,
) -> None:
    """This complaint was let pass: opens its case at once, and keeps the lesson for training.

    The clock counts from the customer's post, so an old one is late from the
    start. Posts outside cases are kept for some days only (`mentions` under
    `retention:`); after that their words are gone and nothing can be opened.
    """
    with opened(config) as app:
        case = app.missed(post, named(by))
        hint = "" if case.waiting else f" `reopen {case.id}` would start its clock again."
        console().print(f"Case {case.id} is {case.state}.{hint}", highlight=False)


@feedback.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write them.", dir_okay=False)],
    brand: Brand = None,
    config: ConfigPath = DEFAULT,
) -> None:
    """Writes the posts that people judged, as JSON lines, for `python -m classifiers.train --with-feedback`.

    One post a line: text, lang, complaint, brand, at. Handles and links give
    way to the words that the model reads for them; what customers wrote is
    personal data all the same. Posts whose words are erased are left out.
    """
    with opened(config) as app:
        from monitor.quality import labelled

        _must_know(app, brand)
        count = complaints = 0
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as lines:
            for row in labelled(app.store, app.blot, brand):
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                count, complaints = count + 1, complaints + row["complaint"]
        say(f"{file}: {count} posts, {complaints} of them complaints.")
        if not count:
            say("Nobody has judged a post yet whose words are still kept; see `feedback --help`.")
            raise typer.Exit(FAILED)
        say("They are customers' words, personal data: keep the file to yourself and delete it after training.")


def _monday(week: str | None, now: "datetime") -> "datetime":
    from monitor.quality import WEEK, monday, this_monday

    if week is None:
        return this_monday(now) - WEEK
    try:
        return monday(week)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--week") from None


def _must_know(app: "App", brand: str | None) -> None:
    from monitor.config.problems import suggest

    if brand is not None and brand not in app.config.brands:
        raise typer.BadParameter(
            f"there is no brand {brand!r}; {suggest(brand, list(app.config.brands))}", param_hint="--brand"
        )
