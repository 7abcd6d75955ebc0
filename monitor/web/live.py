"""Tells open pages at once when a case has changed, whichever process changed it: the database is asked."""

import asyncio
from collections.abc import AsyncIterator, Callable

from starlette.concurrency import run_in_threadpool

EVERY = 1.0
"""Seconds between two looks, however many pages are open."""
QUIET = 15
"""Looks without a change after which a word is sent all the same, so that dead connections are noticed."""
LONGEST = 300
"""Looks after which a page has to ask anew, and show that it is still signed in."""


class Live:
    """One look at the database a second, shared by all open pages of this process."""

    def __init__(self, pulse: Callable[[], str], ending: Callable[[], bool]) -> None:
        """`pulse` changes when a case does; `ending` says that the server is about to stop."""
        self._pulse = pulse
        self._ending = ending
        self._looking = asyncio.Lock()
        self._last = ""
        self._until = 0.0

    async def changes(self, seen: str) -> AsyncIterator[str]:
        """Server-sent events: one for every change since the pulse that the page has `seen`."""
        yield "retry: 1000\n\n"
        for look in range(1, LONGEST + 1):
            if self._ending():
                return
            now = await self._look()
            if now != seen:
                seen = now
                yield f"id: {now}\nevent: changed\ndata: {now}\n\n"
            elif look % QUIET == 0:
                yield ": still here\n\n"
            await asyncio.sleep(EVERY)

    async def _look(self) -> str:
        time = asyncio.get_running_loop().time
        async with self._looking:
            if time() >= self._until:
                self._last = await run_in_threadpool(self._pulse)
                self._until = time() + EVERY / 2
        return self._last
