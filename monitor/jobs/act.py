"""Act: a person's word on a case, from the command line or a click."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, exists, select, update

from alerts.case import Case, Move, NotAllowed
from monitor import ledger
from monitor.schema import cases, mentions, outbox
from monitor.store import Store


def act(store: Store, case_id: int, move: Callable[[Case], Move]) -> Case:
    """Does one move and stores it with its event and the update of its messages. Raises NotAllowed."""
    with store.write() as connection:
        found = ledger.lock(connection, cases.c.id == case_id)
        if not found:
            raise NotAllowed(f"there is no case {case_id}")
        done = move(found[0])
        after = ledger.store(connection, found[0], done)
        if after.waiting and not found[0].waiting:
            _holds_posts(connection, after)
            ledger.revive(connection, after)
        if done[1].kind == "assigned":
            ledger.call(connection, after, done[1].at)
        return after


def refresh(store: Store, case_id: int, now: datetime) -> None:
    """Has the messages that show a case show it as it stands, now, whatever held that back or was given up."""
    behind = outbox.c.case_id == case_id, outbox.c.kind == "update", outbox.c.state.in_(("pending", "failed"))
    with store.write() as connection:
        again = {"state": "pending", "due_at": now, "settled_at": None}
        connection.execute(update(outbox).where(*behind).values(again))


def _holds_posts(connection: Connection, case: Case) -> None:
    """Raises NotAllowed for a case whose posts have all become another's: nobody waits in it."""
    if not connection.scalar(select(exists().where(mentions.c.case_id == case.id))):
        raise NotAllowed(f"case {case.id} is part of another case now: split it off there")
