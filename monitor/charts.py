"""How the command line shows what the model is worth: tables with bars and sparklines, or JSON."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.voice import ENGLISH
from alerts.words import line
from classifiers.base import Classifier, Options, Point
from classifiers.curve import curve, promise, threshold_for_recall
from monitor.quality import WEEK, Choice, Group, Judged, Tally, Week

EIGHTHS = "▏▎▍▌▋▊▉█"
LEVELS = "▁▂▃▄▅▆▇█"
MEANING = (
    "found: posts taken for complaints. confirmed: answered. dismissed: as not a complaint. right: the share of these "
    "two that is confirmed, and between which shares it lies with 95% certainty."
)
BAR = 8
"""Characters of a full bar."""


def bar(share: float) -> str:
    """A share of 0 to 1, exact to an eighth of a character."""
    full, rest = divmod(round(share * BAR * 8), 8)
    return ("█" * full + (EIGHTHS[rest - 1] if rest else "")).ljust(BAR)


def spark(shares: Iterable[float | None]) -> str:
    """A character a share; a dot where there is none."""
    return "".join("·" if share is None else LEVELS[min(int(share * 8), 7)] for share in shares)


def show_thresholds(console: Console, week: Week, judged: Judged, model: Classifier, options: Options) -> None:
    """A row a threshold, the present one marked; then how to read it and what follows."""
    now, points = model.threshold, model.curve
    console.print(f"{_name(week.since)}, {_days(week.since)}: {week.posts:,} posts read", style="bold", highlight=False)
    console.print(f"threshold now {now:.2f}, {_way(options)}\n", highlight=False)
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("threshold", justify="right")
    for heading in ("complaints\nfound", "alerts that\nare right") if points else ():
        table.add_column(heading)
    judgements = (f"missed\nof {week.complaints:,}", f"spared\nof {week.dismissed:,}")
    for heading in ("alerts", "against\nnow", *judgements):
        table.add_column(heading, justify="right")
    most, present = max(each.alerts for each in week.choices), _present(week, now)
    for choice in week.choices:
        table.add_row(
            Text(f"{'▸ ' if choice is present else ''}{choice.threshold:.2f}"),
            *(_promised(points, choice.threshold) if points else ()),
            Text(f"{choice.alerts:,}" if points or not most else f"{bar(choice.alerts / most)} {choice.alerts:>7,}"),
            "now" if choice is present else f"{choice.alerts - present.alerts:+,}".replace("+0", "0"),
            f"{choice.missed:,}",
            f"{choice.spared:,}",
            style="bold" if choice is present else "",
        )
    if points or week.posts:
        console.print(table)
    for text in _reading(week, judged, model, options):
        console.print(f"\n{text}", markup=False, highlight=False)


def thresholds_json(week: Week, judged: Judged, model: Classifier) -> dict[str, Any]:
    now = _present(week, model.threshold)
    choices = []
    for choice in week.choices:
        promised = promise(model.curve, choice.threshold)
        choices.append(
            {
                "threshold": round(choice.threshold, 4),
                "recall": promised.recall if promised else None,
                "precision": promised.precision if promised else None,
                "alerts": choice.alerts,
                "against_now": choice.alerts - now.alerts,
                "missed": choice.missed,
                "spared": choice.spared,
            }
        )
    return {
        "week": _name(week.since),
        "model": model.model,
        "threshold": round(now.threshold, 4),
        "posts": week.posts,
        "complaints": week.complaints,
        "dismissed": week.dismissed,
        "choices": choices,
        "judged": {
            "posts": len(judged.truth),
            "complaints": sum(judged.truth),
            "recall_at_most": judged.recall_at_most(now.threshold),
        },
    }


def show_quality(console: Console, groups: Sequence[Group], weeks: Sequence[datetime]) -> None:
    """All, then by brand, by language and by week; then what can't be known."""
    if not groups:
        console.print(f"No post from {_name(weeks[0])} to {_name(weeks[-1])} has been read.", highlight=False)
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("")
    for heading in ("found", "confirmed", "dismissed", "missed"):
        table.add_column(heading, justify="right")
    table.add_column("right (95% sure)", justify="right")
    table.add_column("by week")
    _row(table, "all", groups, weeks, "bold")
    for title, name in (("brand", _brand), ("language", _language)):
        table.add_row(Text(title, "dim"))
        for key in sorted({name(group) for group in groups}):
            _row(table, f"  {key}", [group for group in groups if name(group) == key], weeks)
    table.add_row(Text("week", "dim"))
    for week in weeks:
        tally = total(group for group in groups if group.week == week)
        table.add_row(f"  {_name(week)}", *_counts(tally), "" if tally.precision is None else bar(tally.precision))
    console.print(table)
    for text in (MEANING, _unknown(total(groups))):
        console.print(f"\n{text}", markup=False, highlight=False)


def quality_json(groups: Sequence[Group], weeks: Sequence[datetime]) -> dict[str, Any]:
    def rows(name: Callable[[Group], str]) -> dict[str, Any]:
        keys = sorted({name(group) for group in groups})
        return {key: _tally_json(total(group for group in groups if name(group) == key)) for key in keys}

    recall = total(groups).recall_at_most
    return {
        "all": _tally_json(total(groups)),
        "recall_at_most": None if recall is None else round(recall, 4),
        "brands": rows(lambda group: group.brand),
        "languages": rows(lambda group: group.language or "unknown"),
        "weeks": {_name(week): _tally_json(total(each for each in groups if each.week == week)) for week in weeks},
    }


def total(groups: Iterable[Group]) -> Tally:
    return sum((group.tally for group in groups), Tally())


def _present(week: Week, threshold: float) -> Choice:
    return next(choice for choice in week.choices if choice.threshold == threshold)


def _way(options: Options) -> str:
    """Who set the present threshold."""
    for name in ("threshold", "recall", "miss_costs"):
        if (value := getattr(options, name)) is not None:
            return f"by `{name}: {value:g}` in the configuration"
    return "the model's own"


def _promised(points: Sequence[Point], threshold: float) -> list[str]:
    promised = promise(points, threshold)
    return [f"{bar(share)} {share:>4.0%}" for share in promised[1:]] if promised else ["–", "–"]


def _reading(week: Week, judged: Judged, model: Classifier, options: Options) -> Iterator[str]:
    if model.curve:
        yield "Found and right are what the model promises by its validation posts; yours differ, see `quality`."
    else:
        yield "The model brings no curve: which share of complaints a threshold finds is not known."
    if not week.posts:
        yield f"No post of that week has been read: try another, such as --week {_name(week.since + WEEK)}."
    elif week.complaints or week.dismissed:
        yield (
            "missed: complaints of that week that people confirmed or told of, and that would raise no alert. "
            "spared: posts that they dismissed as not a complaint, and that would raise none."
        )
    else:
        yield "Nobody has judged that week's posts, so what would have been missed or spared is not known."
    if others := [name for name in week.models if name != model.model]:
        yield f"Some of these posts were read by {', '.join(others)}: its probabilities may mean something else."
    if judged.enough:
        yield _held_against(judged, model.threshold, options.recall)


def _held_against(judged: Judged, now: float, floor: float | None) -> str:
    """The promise held against what people told, which can only show that it is too high."""
    share = judged.recall_at_most(now) or 0.0
    said = (
        f"Of the {sum(judged.truth):,} complaints known so far the present threshold finds {share:.0%}: at most that."
    )
    if floor is None or share >= floor:
        return said
    try:
        lower = f"set `threshold: {threshold_for_recall(curve(judged.truth, judged.probability), floor):g}`"
    except ValueError:
        lower = "no threshold keeps it"
    return f"{said} The floor of {floor:.0%} is not kept here: {lower}, or train with the feedback."


def _row(table: Table, title: str, groups: Sequence[Group], weeks: Sequence[datetime], style: str = "") -> None:
    by_week = (total(group for group in groups if group.week == week).precision for week in weeks)
    table.add_row(Text(title), *_counts(total(groups)), spark(by_week), style=style)


def _counts(tally: Tally) -> list[str]:
    low, high = tally.interval
    share = "–" if tally.precision is None else f"{tally.precision:.0%} ({low * 100:.0f}–{high * 100:.0f})"
    return [*(f"{number:,}" for number in (tally.found, tally.confirmed, tally.dismissed, tally.missed)), share]


def _unknown(tally: Tally) -> str:
    said = "How many complaints the model let pass can't be known from this: nobody judges what raises no alert."
    if not tally.missed:
        return f"{said} Tell of one with `missed`."
    return (
        f"{said} At least {tally.missed:,} were told of with `missed`, so of the complaints it found at most "
        f"{tally.recall_at_most:.0%} ({tally.confirmed:,} of {tally.confirmed + tally.missed:,} known)."
    )


def _tally_json(tally: Tally) -> dict[str, Any]:
    low, high = tally.interval
    return {
        "found": tally.found,
        "confirmed": tally.confirmed,
        "dismissed": tally.dismissed,
        "missed": tally.missed,
        "precision": None if tally.precision is None else round(tally.precision, 4),
        "precision_between": [round(low, 4), round(high, 4)],
    }


def _brand(group: Group) -> str:
    return line(group.brand, 40)


def _language(group: Group) -> str:
    return ENGLISH.tongue(group.language) or line(group.language, 20) or "not known"


def _name(week: datetime) -> str:
    return f"{week:%G-W%V}"


def _days(week: datetime) -> str:
    """Such as "16 to 22 November"."""
    last = week + WEEK * 6 / 7
    return f"{week.day} {f'{week:%B} ' if week.month != last.month else ''}to {last.day} {last:%B}"
