"""How the care team did in the last seven days: the metrics as the App Home shows them."""

from collections.abc import Collection
from datetime import datetime, timedelta

from alerts.queue import Figures
from monitor import metrics
from monitor.measures import Period, waits
from monitor.store import Store

SPAN = timedelta(days=7)
AHEAD = timedelta(minutes=1)
"""A platform's clock may run before ours by so much."""


def last_days(store: Store, now: datetime, brands: Collection[str] | None = None) -> Figures:
    """The complaints posted in the last seven days, of these brands or of all."""
    with store.read() as connection:
        found = waits(connection, Period(since=now - SPAN, until=now + AHEAD))
    mine = [wait for wait in found if brands is None or wait.brand in brands]
    target = metrics.answered_in_time(mine, now)
    return Figures(
        span=SPAN,
        complaints=len(target.all),
        in_time=len(target.in_time),
        first_reply=metrics.reply_time(mine, now).within(0.5),
        waiting=len(target.overdue) + len(target.pending),
    )
