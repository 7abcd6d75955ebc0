"""Does what people press and ask for: checks that they may, makes the move or shows what they want to see."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from alerts import blocks, buttons, queue
from alerts.base import Permanent, Transient
from alerts.buttons import Act, Listing, Place
from alerts.case import NotAllowed
from alerts.markup import mention, section
from alerts.slack import Slack
from monitor.desk import answers, clicks, questions
from monitor.desk.clicks import Click
from monitor.desk.questions import Question
from monitor.desk.records import Asked, Records
from monitor.jobs.act import refresh

log = logging.getLogger(__name__)

REMEMBERED = 1000
"""Clicks that are known again when Slack tells of them a second time."""
KEPT = timedelta(minutes=5)
"""How long the list of a user group's members is believed."""
WORKERS = 4


class Desk:
    """One Slack app's care desk: the channels that its bot posts into, and what it may show."""

    def __init__(self, records: Records, wake: Callable[[], object]) -> None:
        """`wake` has messages that wait delivered now."""
        self._app = records.app
        self._channels = records.channels
        self._records = records
        self._wake = wake
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="desk")
        self._lock = Lock()
        self._seen: dict[str, None] = {}
        self._members: dict[str, tuple[datetime, frozenset[str]]] = {}

    def take(self, payload: Any) -> None:
        """Accepts what Slack tells, and returns at once. The same press or question told twice is one."""
        asked = clicks.read(payload) or questions.read(payload)
        if asked is not None and self._is_new(asked.trigger):
            self._workers.submit(self._do, asked)

    def close(self) -> None:
        """Ends once everything accepted is done."""
        self._workers.shutdown()

    def _is_new(self, trigger: str) -> bool:
        with self._lock:
            if trigger in self._seen:
                return False
            self._seen[trigger] = None
            if len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]
            return True

    def _do(self, asked: Click | Question) -> None:
        """Whatever breaks is logged, and the person told if she can be: she may try again."""
        slack = self._channels[0]
        try:
            here = self._channel(asked.place)
            slack = here or slack
            self._answer(asked, slack, self._groups(here))
        except Exception as error:
            about = asked.wish if isinstance(asked, Click) else "a question"
            if isinstance(error, Transient | Permanent):
                log.warning("%s: %s", about, self._app.blot(str(error)))
            else:
                log.exception("%s", about)
            press = slack.say("That did not work. Please press again in a moment.")
            ask = slack.say("That did not work. Please ask again in a moment.")
            self._say(slack, asked, press if isinstance(asked, Click) else ask)

    def _answer(self, asked: Click | Question, slack: Slack, groups: Sequence[str]) -> None:
        if groups and not any(asked.who in self._group(slack, group) for group in groups):
            allowed = slack.say.either(list(map(mention, groups)))
            only = slack.say("Only {group} may do this. Ask one of them, or to become one.", group=allowed)
            self._say(slack, asked, only)
        elif isinstance(asked, Question):
            self._show(asked, slack)
        elif asked.asks_first:
            self._ask(asked, slack)
        else:
            self._move(asked, slack)

    def _ask(self, click: Click, slack: Slack) -> None:
        alert = self._records.alert(click.wish.case_id)
        if alert is not None and alert.case.waiting and alert.case.round == click.wish.round:
            slack.ask(click.trigger, buttons.form(click.wish, alert, click.place, slack.say))
        else:
            self._tell(click, slack)

    def _move(self, click: Click, slack: Slack) -> None:
        try:
            if click.wish.act is Act.SPLIT:
                self._app.split(click.wish.case_id, str(click.wish.post), click.who)
            else:
                self._app.act(click.wish.case_id, lambda case, now: clicks.move(click, case, now, self._app.opening))
        except NotAllowed:
            self._tell(click, slack)
            return
        self._wake()
        alert = self._records.alert(click.wish.case_id)
        if alert and _in_list(click.place):
            self._show(_again(click), slack, blocks.reply(alert, slack.say("Done:"), slack.say))

    def _tell(self, click: Click, slack: Slack) -> None:
        """Nothing was done: says how the case stands, and has its messages show it."""
        alert = self._records.alert(click.wish.case_id)
        if alert is None:
            words = slack.say("This case is no longer kept.")
        else:
            refresh(self._app.store, alert.case.id, alert.now)
            self._wake()
            done = clicks.already_done(click, alert.case)
            moved_on = slack.say("Nothing was changed, the case has moved on since:")
            words = blocks.reply(alert, slack.say("Already done:") if done else moved_on, slack.say)
        if _in_list(click.place):
            self._show(_again(click), slack, words)
        else:
            self._say(slack, click, words)

    def _show(self, question: Question, slack: Slack, lead: str = "") -> None:
        """The list or the App Home as it stands now, with what came of a press in it above."""
        place = question.place
        asked = Asked(records=self._records, question=question, say=slack.say, lead=lead)
        if place.home:
            slack.publish(question.who, answers.home(asked))
        else:
            text, drawn = answers.answer(asked)
            slack.answer(place.address, text, drawn, replace=place.listing is not None)

    def _say(self, slack: Slack, asked: Click | Question, text: str) -> None:
        """A word to one person alone, where she pressed or asked."""
        try:
            if asked.place.home:
                slack.publish(asked.who, queue.closed_home(text, slack.say))
            elif asked.place.address:
                slack.answer(asked.place.address, text, [section(text)], replace=False)
            else:
                slack.reply(asked.who, asked.place.channel, text)
        except (Transient, Permanent) as error:
            log.warning("no answer could be given: %s", self._app.blot(str(error)))

    def _channel(self, place: Place) -> Slack | None:
        """The one of ours in which something was pressed or asked; None when it was elsewhere."""
        if len(self._channels) == 1:
            return self._channels[0]
        for channel in self._channels:
            with suppress(Permanent):  # where the app is no member, nobody can have pressed
                if not place.home and channel.is_in(place.channel):
                    return channel
        return None

    def _groups(self, here: Slack | None) -> list[str]:
        """The user groups one of which may press and ask; none: everybody. Elsewhere than in our channels, the groups
        of them all."""
        allowed = [channel.options.actions.allowed for channel in ([here] if here else self._channels)]
        return sorted({group for group in allowed if group})

    def _group(self, slack: Slack, group: str) -> frozenset[str]:
        """Its members, as far as known: an old list is better than none while Slack gives no other."""
        now = self._app.clock()
        until, known = self._members.get(group, (now, frozenset[str]()))
        if until > now:
            return known
        try:
            known = slack.members(group)
        except Transient:
            if not known:
                raise
        self._members[group] = now + KEPT, known
        return known


def _in_list(place: Place) -> bool:
    return place.home or place.listing is not None


def _again(click: Click) -> Question:
    """What somebody who pressed in a list is to see then: the same list."""
    return Question(who=click.who, trigger=click.trigger, place=click.place, listing=click.place.listing or Listing())
