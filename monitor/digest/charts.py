"""Draws the digest's charts, for eyes that tell few colours apart and for the width of a phone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from alerts.base import Picture
from monitor.digest.language import Voice
from monitor.digest.review import Review

WIDTH, DPI = 7.2, 150
"""Inches, and dots in each: twice what a phone shows."""
MOST_TOPICS = 8
TICKS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 240, 1440, 4320))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """The colours of light or dark paper; those of the data are M. Okabe's and K. Ito's."""

    paper: str
    ink: str
    faint: str
    good: str
    late: str
    missed: str


LIGHT = Paint(paper="#ffffff", ink="#1f2328", faint="#8b949e", good="#0072b2", late="#e69f00", missed="#b3400a")
DARK = Paint(paper="#161b22", ink="#e6edf3", faint="#7d8590", good="#56b4e9", late="#e69f00", missed="#e8703a")


def charts(review: Review, say: Voice, paint: Paint = LIGHT) -> tuple[Picture, ...]:
    """The trend first: alone it tells most."""
    drawn: dict[str, tuple[Callable[..., str], float, str]] = {
        "trend": (_trend, 3.6, say("Complaints a week, and how they were answered")),
        "hours": (_hours, 3.0, say("When customers complain")),
        "waits": (_waits, 3.2, say("How soon customers had an answer")),
        "topics": (_topics, 0.9 + 0.42 * min(MOST_TOPICS, len(review.topics)), say("What they complain about")),
    }
    return tuple(_draw(name, *how, review, say, paint) for name, how in drawn.items())


def _draw(
    name: str, plot: Callable[..., str], height: float, title: str, review: Review, say: Voice, paint: Paint
) -> Picture:
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=paint.paper, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_facecolor(paint.paper)
    axes.set_title(title, loc="left", fontsize=14, fontweight="bold", color=paint.ink, pad=12)
    axes.tick_params(colors=paint.ink, labelsize=11.5, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    words = plot(axes, review, say, paint)
    image = BytesIO()
    canvas.print_png(image, metadata={"Software": None})
    return Picture(name=name, title=title, words=words, png=image.getvalue())


def _trend(axes: Any, review: Review, say: Voice, paint: Paint) -> str:
    """A bar a week, parted by how its complaints were answered, and what the next one will bring."""
    parts = (
        (say("in time"), paint.good, "", [len(past.target.in_time) for past in review.weeks]),
        (say("late"), paint.late, "", [len(past.target.late) for past in review.weeks]),
        (
            say("unanswered"),
            paint.missed,
            "//",
            [len(past.target.overdue) + len(past.target.pending) for past in review.weeks],
        ),
    )
    places, floor = range(len(review.weeks)), [0] * len(review.weeks)
    for label, colour, hatch, counts in parts:
        axes.bar(
            places, counts, 0.72, floor, color=colour, label=label, hatch=hatch, edgecolor=paint.paper, linewidth=0
        )
        floor = [below + count for below, count in zip(floor, counts, strict=True)]
    for place, total in zip(places, floor, strict=True):
        weight = "bold" if place == len(review.weeks) - 1 else "normal"
        axes.annotate(say.number(total), (place, total), (0, 3), textcoords="offset points", ha="center",
                      fontsize=11.5, color=paint.ink, fontweight=weight)  # fmt: skip
    names = [past.week for past in review.weeks]
    if (coming := review.forecast) is not None:
        place = len(review.weeks)
        axes.errorbar(
            [place], [coming.mean], [[max(0, coming.mean - coming.low)], [max(0, coming.high - coming.mean)]],
            fmt="o", color=paint.faint, markersize=8, capsize=7, linewidth=2.5, capthick=2.5,
            label=say("expected next week"),
        )  # fmt: skip
        axes.annotate(f"{coming.low}–{coming.high}", (place, coming.high), (0, 5), textcoords="offset points",
                      ha="center", fontsize=11.5, color=paint.ink)  # fmt: skip
        names.append(review.about.week.later(1))
    axes.set_xticks(range(len(names)), [say("W{number}", number=week.number) for week in names])
    axes.set_yticks([])
    top = max([*floor, review.forecast.high if review.forecast else 0, 1])
    axes.set_ylim(0, top * 1.16)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.axhline(0, color=paint.faint, linewidth=0.8)
    _legend(axes, paint)
    return say.list([f"{say('W{number}', number=past.week.number)} {past.complaints}" for past in review.weeks])


def _hours(axes: Any, review: Review, say: Voice, paint: Paint) -> str:
    """A cell an hour of the week, the darker the more complaints; a dot where one was not answered in time."""
    counts = [[len(review.cells.get((day, hour), ())) for hour in range(24)] for day in range(1, 8)]
    shades = LinearSegmentedColormap.from_list("shades", [_mixed(paint.paper, paint.faint, 0.12), paint.good])
    axes.pcolormesh(range(25), range(8), counts, cmap=shades, vmin=0, vmax=max(map(max, counts)) or 1,
                    edgecolors=paint.paper, linewidth=2)  # fmt: skip
    dots = [(hour + 0.5, day - 0.5) for day, hour in review.missed]
    axes.scatter(*zip(*dots, strict=True) if dots else ([], []), s=26, color=paint.late, edgecolor=paint.paper,
                 linewidth=0.8, label=say("one or more missed the target"))  # fmt: skip
    axes.invert_yaxis()
    axes.set_xticks([hour + 0.5 for hour in range(0, 24, 3)], [f"{hour}:00" for hour in range(0, 24, 3)])
    axes.set_yticks([day + 0.5 for day in range(7)], say.weekdays())
    if dots:
        _legend(axes, paint)
    busiest = max(review.cells.items(), key=lambda item: (len(item[1]), -item[0][0]), default=None)
    if busiest is None:
        return say("No complaints.")
    (day, hour), ids = busiest
    return say("Most: {number} on {day} from {hour}:00.", number=len(ids), day=say.weekdays("wide")[day - 1], hour=hour)


def _waits(axes: Any, review: Review, say: Voice, paint: Paint) -> str:
    """The share of customers who had an answer after each length of time, this week and the week before."""
    end = TICKS[-1]
    drawn = [(review.this, paint.good, 3.0, "-", say("this week"))]
    if review.before is not None:
        drawn.append((review.before, paint.faint, 2.0, "--", say("the week before")))
    for past, colour, width, style, label in drawn:
        points = [(length, 1 - waiting) for length, waiting in past.replies.curve if length <= end]
        hours = [max(length, timedelta(minutes=1)) / timedelta(hours=1) for length, _ in points]
        shares = [share for _, share in points]
        last = shares[-1] if shares else 0.0
        axes.step([1 / 60, *hours, end / timedelta(hours=1)], [0.0, *shares, last], where="post", color=colour,
                  linewidth=width, linestyle=style, label=label)  # fmt: skip
    target = review.about.target / timedelta(hours=1)
    axes.axvline(target, color=paint.late, linewidth=2)
    axes.annotate(say("target"), (target, 1.02), (4, 0), textcoords="offset points", color=paint.ink, fontsize=11.5)
    axes.set_xscale("log")
    axes.set_xlim(2 / 60, end / timedelta(hours=1))
    axes.set_ylim(0, 1.12)
    axes.minorticks_off()
    axes.set_xticks([tick / timedelta(hours=1) for tick in TICKS], [say.duration(tick) for tick in TICKS])
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.grid(axis="y", color=paint.faint, alpha=0.3)
    _legend(axes, paint)
    median = review.this.replies.within(0.5)
    return say("Half within {median}.", median=say.duration(median)) if median else say("Half have none yet.")


def _topics(axes: Any, review: Review, say: Voice, paint: Paint) -> str:
    """A bar a topic, and a mark of what is usual."""
    shown = review.topics[:MOST_TOPICS]
    places = range(len(shown))
    colours = [paint.late if topic.rising else paint.good for topic in shown]
    counts = [len(topic.cases) for topic in shown]
    axes.barh(places, counts, 0.62, color=colours)
    usual = [(topic.usual.mean, place) for place, topic in zip(places, shown, strict=True) if topic.usual]
    if usual:
        axes.scatter(*zip(*usual, strict=True), marker="|", s=420, linewidth=3, color=paint.ink,
                     label=say("mean of the weeks before"))  # fmt: skip
        _legend(axes, paint)
    signs = ["▲ " if topic.rising else "▼ " if topic.falling else "" for topic in shown]
    names = [_short(say.topic(topic.name)) for topic in shown]
    labels = [f"{sign}{name}  {count}" for sign, name, count in zip(signs, names, counts, strict=True)]
    axes.set_yticks(places, labels)
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_xlim(0, max([*counts, *(mean for mean, _ in usual), 1]) * 1.05)
    return say.list([f"{name} {count}" for name, count in zip(names, counts, strict=True)]) or say("No complaints.")


def _legend(axes: Any, paint: Paint) -> None:
    """In one row below the plot, where it hides nothing."""
    axes.legend(
        loc="upper left", bbox_to_anchor=(0.0, -0.1), ncols=4, frameon=False, fontsize=11.5, labelcolor=paint.ink,
        handlelength=1.1, columnspacing=1.0, borderaxespad=0.0, borderpad=0.2,
    )  # fmt: skip


def _short(words: str) -> str:
    return words if len(words) <= 22 else words[:21] + "…"


def _mixed(one: str, other: str, share: float) -> str:
    parts = [(int(one[i : i + 2], 16), int(other[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)
