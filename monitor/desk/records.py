"""What one Slack app may show, and what somebody asked it: found in the database, drawn by others."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from alerts.base import Alert
from alerts.slack import Slack
from alerts.voice import Voice
from connectors.base import Permanent, Transient
from monitor.app import App
from monitor.desk.questions import Question
from monitor.queries import Story, first_messages, look_up, story


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What one Slack app may show: the cases of the brands whose ladders lead into its channels."""

    app: App
    channels: Sequence[Slack]
    brands: Collection[str] | None = None
    """None: of every brand."""

    def alert(self, case_id: int) -> Alert | None:
        """The case as it stands, whichever brand's; None when there is none."""
        found = story(self.app.store, case_id)
        return None if found is None else self.alerts([found])[0]

    def alerts(self, stories: Iterable[Story]) -> list[Alert]:
        """The cases as they stand, each with a link to its message in Slack."""
        found, now = list(stories), self.app.clock()
        messages = first_messages(self.app.store, [each.case.id for each in found])
        return [
            Alert(
                key=f"case:{each.case.id}",
                now=now,
                case=each.case,
                complaints=each.complaints,
                timeline=each.timeline,
                step=None,
                number=0,
                root=None,
                elsewhere=self._link(*messages[each.case.id]) if each.case.id in messages else None,
                customer=self.app.notes.customer(each.case),
                opening=self.app.config.ladder(each.case.brand).opens_after(each.case, now) is not None,
            )
            for each in found
        ]

    def look_up(self, *, assignee: str = "", words: str = "", skip: int = 0, limit: int) -> tuple[list[Story], int]:
        """Cases that somebody asks for, valued customers some way before the others; and how many there are."""
        return look_up(
            self.app.store,
            brands=self.brands,
            assignee=assignee,
            words=words,
            skip=skip,
            limit=limit,
            place=self.app.customers.place,
        )

    def _link(self, channel: str, reference: str) -> str | None:
        slack = next((each for each in self.channels if each.name == channel), None)
        try:
            return slack.link(reference) if slack else None
        except (Transient, Permanent):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question, in the language in which it is to be answered."""

    records: Records
    question: Question
    say: Voice
    lead: str = ""
    """What came of the last press, in mrkdwn."""
