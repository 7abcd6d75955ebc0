"""Does what people press for: checks that they may, makes the move, and answers only them when nothing came of it."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from alerts import blocks, buttons
from alerts.base import Alert, Permanent, Transient
from alerts.case import NotAllowed
from alerts.slack import Slack
from monitor.app import App
from monitor.desk import clicks
from monitor.desk.clicks import Click
from monitor.jobs.act import refresh
from monitor.queries import story

log = logging.getLogger(__name__)

REMEMBERED = 1000
"""Clicks that are known again when Slack tells of them a second time."""
KEPT = timedelta(minutes=5)
"""How long the list of a user group's members is believed."""
WORKERS = 4


class Desk:
    """One Slack app's care desk: the channels that its bot posts into."""

    def __init__(self, app: App, channels: Sequence[Slack], wake: Callable[[], object]) -> None:
        """`wake` has messages that wait delivered now."""
        self._app = app
        self._channels = channels
        self._wake = wake
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="desk")
        self._lock = Lock()
        self._seen: dict[str, None] = {}
        self._members: dict[str, tuple[datetime, frozenset[str]]] = {}

    def take(self, payload: Any) -> None:
        """Accepts what Slack tells, and returns at once. The same click told twice is one."""
        click = clicks.read(payload)
        if click is not None and self._is_new(click):
            self._workers.submit(self._do, click)

    def close(self) -> None:
        """Ends once everything accepted is done."""
        self._workers.shutdown()

    def _is_new(self, click: Click) -> bool:
        with self._lock:
            if click.trigger in self._seen:
                return False
            self._seen[click.trigger] = None
            if len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]
            return True

    def _do(self, click: Click) -> None:
        """Whatever breaks is logged, and the person told if she can be: she may press again."""
        slack = self._channels[0]
        try:
            slack = self._channel(click)
            self._answer(click, slack)
        except Exception as error:
            if isinstance(error, Transient | Permanent):
                log.warning("%s: %s", click.wish, self._app.blot(str(error)))
            else:
                log.exception("%s", click.wish)
            self._say(slack, click, "That did not work. Please press again in a moment.")

    def _answer(self, click: Click, slack: Slack) -> None:
        allowed = slack.options.actions.allowed
        if allowed and click.who not in self._group(slack, allowed):
            self._say(slack, click, f"Only {blocks.mention(allowed)} may do this. Ask one of them, or to become one.")
        elif click.asks_first:
            self._ask(click, slack)
        else:
            self._move(click, slack)

    def _ask(self, click: Click, slack: Slack) -> None:
        alert = self._alert(click)
        if alert is not None and alert.case.waiting and alert.case.round == click.wish.round:
            slack.ask(click.trigger, buttons.form(click.wish, alert, click.channel))
        else:
            self._tell(click, slack)

    def _move(self, click: Click, slack: Slack) -> None:
        try:
            self._app.act(click.wish.case_id, lambda case, now: clicks.move(click, case, now))
        except NotAllowed:
            self._tell(click, slack)
        else:
            self._wake()

    def _tell(self, click: Click, slack: Slack) -> None:
        """Nothing was done: says how the case stands, and has its messages show it."""
        alert = self._alert(click)
        if alert is None:
            self._say(slack, click, "This case is no longer kept.")
            return
        refresh(self._app.store, alert.case.id, alert.now)
        self._wake()
        done = clicks.already_done(click, alert.case)
        lead = "Already done:" if done else "Nothing was changed, the case has moved on since:"
        self._say(slack, click, blocks.reply(alert, lead))

    def _say(self, slack: Slack, click: Click, text: str) -> None:
        try:
            slack.reply(click.who, click.channel, text)
        except (Transient, Permanent) as error:
            log.warning("%s: no answer could be given: %s", click.wish, self._app.blot(str(error)))

    def _alert(self, click: Click) -> Alert | None:
        """The case as it stands; None when there is none."""
        found = story(self._app.store, click.wish.case_id)
        if found is None:
            return None
        return Alert(
            key=f"case:{found.case.id}",
            now=self._app.clock(),
            case=found.case,
            complaints=found.complaints,
            timeline=found.timeline,
            step=None,
            number=0,
            root=None,
        )

    def _channel(self, click: Click) -> Slack:
        """Where the button stands; the first one when that is a channel which is no longer configured."""
        if len(self._channels) > 1:
            for channel in self._channels:
                if channel.is_in(click.channel):
                    return channel
        return self._channels[0]

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
