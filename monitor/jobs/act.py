"""Act: a person's word on a case, from the command line or a click."""

from collections.abc import Callable

from alerts.case import Case, Move, NotAllowed
from monitor import ledger
from monitor.schema import cases
from monitor.store import Store


def act(store: Store, case_id: int, move: Callable[[Case], Move]) -> Case:
    """Does one move and stores it with its event and the update of its messages. Raises NotAllowed."""
    with store.write() as connection:
        found = ledger.lock(connection, cases.c.id == case_id)
        if not found:
            raise NotAllowed(f"there is no case {case_id}")
        after = ledger.store(connection, found[0], move(found[0]))
        if after.waiting and not found[0].waiting:
            ledger.revive(connection, after)
        return after
