"""The demo on a terminal: a flowing log of what happens to each case, above a clock and the counts so far."""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from alerts import facts, story
from alerts.base import Alert
from alerts.case import State
from alerts.voice import ENGLISH
from alerts.words import handle, line, platform
from connectors.base import Clock
from monitor.views import span

INTRO = """\
A Friday afternoon of two invented brands, the parcel lockers of [bold]Lainepost[/] and the telecom [bold]Põhjasild[/].
Customers write on X, Reddit, Bluesky and a forum, in Estonian, English, Russian and Latvian.

The monitor reads every post, finds the complaints and raises each until the brand has answered:
[orange1]🟠 at once[/] in #care · [yellow]⏰ after 30 min[/] again · \
[magenta]⏰ after 45[/] calling the lead · [bold red]🔴 after 60[/] in #managers

Real: the connectors, the model, the database, the ladder, the messages. Invented: posts, people, clock."""

SETTLED = {State.ANSWERED: "green", State.DISMISSED: "dim", State.WITHDRAWN: "dim"}


class Screen:
    """Writes lines as they come. Below them a bar moves, where the console is a terminal."""

    def __init__(self, console: Console, clock: Clock, zone: tzinfo, people: Mapping[str, str]) -> None:
        self.console = console
        self._clock = clock
        self._zone = zone
        self._people = people
        self._said: dict[int, tuple[object, ...]] = {}

    def intro(self) -> None:
        title = "[bold]👂 Complaint monitor: the demo[/]"
        self.console.print(Panel(INTRO, title=title, border_style="cyan", padding=(1, 2)))

    def bar(self, minutes: int) -> "Bar":
        return Bar(self.console, minutes, lambda: f"{self._now:%H:%M}")

    def tell(self, channel: str, alert: Alert) -> None:
        """A message was sent or edited."""
        if alert.step is not None:
            self._step(channel, alert)
        elif channel == "care":
            self._changed(alert)

    def _step(self, channel: str, alert: Alert) -> None:
        left = span(alert.case.respond_by - alert.now)
        names = alert.step.mention if alert.step else ()
        called = "".join(f" · calls {self._people.get(name, name)}" for name in names)
        if channel == "managers":
            self._missed(alert, called)
        elif alert.number == 0:
            again = "complains again: " if alert.case.round > 1 else ""
            found = alert.case.detected_at - alert.case.posted_at
            late = f" · found only {span(found)} after" if found.total_seconds() > 600 else ""
            words = (f"{again}“{_words(alert)}” ", ""), (f"{_who(alert)}{late}", "dim")
            self._line(alert, "🔁" if again else "🟠", "orange1", *words)
        elif alert.late:
            self._line(alert, "🔴", "bold red", ("target missed", "bold red"), (called, "red"))
        else:
            colour = "magenta" if called else "yellow"
            self._line(alert, "⏰", colour, (f"still no answer, {left} left{called}  ", colour), (_words(alert), "dim"))

    def _missed(self, alert: Alert, called: str) -> None:
        case = alert.case
        held = f"{case.assignee} claimed it and forgot" if case.assignee else "nobody has claimed it"
        title = f"🔴 {self._now:%H:%M} · case {case.id} · {story.title(case, ENGLISH)} · target missed"
        body = Text.assemble(
            (f"“{_words(alert)}” "), (f"{_who(alert)}\n", "dim"), (f"#managers · {held}{called}", "red")
        )
        self.console.print(Panel(body, title=Text(title, "bold red"), title_align="left", border_style="red"))

    def _changed(self, alert: Alert) -> None:
        """Says what is new since the case's last line; an edit of the message may show nothing that is."""
        case = alert.case
        news = (case.state, case.round, case.assignee, case.snoozed_until)
        if self._said.get(case.id, (State.OPEN, case.round, None, None)) == news:
            return
        self._said[case.id] = news
        if not case.waiting:
            sign, _, _, *outcome = story.headline(alert, ENGLISH)
            words = ENGLISH.plain(tuple(outcome), case.detected_at)
            late = case.state is State.ANSWERED and alert.late
            colour = "red" if late else SETTLED[case.state]
            self._line(alert, "🐌" if late else str(sign).strip(), colour, (words, colour))
        elif case.state is State.CLAIMED:
            self._line(alert, "🔵", "blue", (f"claimed by {case.assignee}: reminders fall silent", "blue"))
        elif case.snoozed_until:
            until = case.snoozed_until.astimezone(self._zone)
            self._line(alert, "💤", "blue", (f"snoozed until {until:%H:%M}", "blue"))

    def _line(self, alert: Alert, sign: str, colour: str, *words: tuple[str, str]) -> None:
        case = alert.case
        where = f"{line(case.brand, 20)} · {platform(case.platform)}"
        self.console.print(
            Text.assemble(
                (f"{self._now:%H:%M} ", "dim"),
                f"{sign} ",
                (f"{case.id:>3}  ", colour),
                (f"{where:<20} ", "bold"),
                *words,
            ),
            no_wrap=True,
            overflow="ellipsis",
        )

    @property
    def _now(self) -> datetime:
        return self._clock().astimezone(self._zone)


class Bar:
    """The simulated time as a bar, with the counts so far; nothing where the console is no terminal."""

    def __init__(self, console: Console, minutes: int, time: Callable[[], str]) -> None:
        self._time = time
        self._progress = Progress(
            TextColumn("[bold cyan]{task.fields[time]}"),
            BarColumn(bar_width=30, complete_style="cyan", finished_style="cyan"),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID = self._progress.add_task("", total=minutes, time=time())

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def move(self, minute: int, posts: int, waiting: int, settled: int) -> None:
        counts = f"{posts} posts read · [red]{waiting} customers wait[/] · [green]{settled} settled[/]"
        self._progress.update(self._task, completed=minute, description=counts, time=self._time())


def _words(alert: Alert) -> str:
    """What the customer wrote last, on one line."""
    words = facts.words(alert, ENGLISH)
    return line(words[-1], 200) if words else ""


def _who(alert: Alert) -> str:
    return handle(alert.case.platform, alert.case.author)
