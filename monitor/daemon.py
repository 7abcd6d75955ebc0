"""The daemon: APScheduler wakes the jobs; what is due stands in the database, so a restart loses nothing."""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from monitor.app import App
from monitor.desk.entrances import opened
from monitor.jobs.outcome import Outcome

log = logging.getLogger(__name__)

PULSE = timedelta(seconds=2)
"""How often the jobs look for due rows."""
STORMS = timedelta(seconds=15)
AUDIT = timedelta(minutes=1)
RETAIN = timedelta(hours=1)
PASSES = 1000


def run(app: App, pulse: timedelta = PULSE) -> None:
    """Runs until SIGTERM or SIGINT, then lets the passes under way end.

    Every source has its own job, so that a slow platform holds up no other and never the ladder.
    """
    _ = app.classifier, app.connectors, app.channels  # whatever is wrong with them is said before anything starts
    app.outage()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    scheduler = BackgroundScheduler(
        timezone="UTC",
        executors={"default": ThreadPoolExecutor(len(app.connectors) + 8)},
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )

    def every(interval: timedelta, name: str, job: Callable[[], Outcome]) -> None:
        scheduler.add_job(
            _until_done, "interval", seconds=interval.total_seconds(), args=(name, job, stop), id=name,
            next_run_time=app.clock(),
        )  # fmt: skip

    def deliver() -> Outcome:
        """A channel that asks to wait a second is not left to the next pulse."""
        outcome = app.deliver()
        if again := app.postman.open_again():
            scheduler.modify_job("deliver", next_run_time=again)
        return outcome

    for source in app.connectors:
        every(pulse, f"collect {source}", lambda source=source: app.collect(source))  # type: ignore[misc]
    every(pulse, "triage", app.triage)
    every(pulse, "verify", app.verify)
    every(STORMS, "storms", app.storms)
    every(pulse, "escalate", app.escalate)
    every(pulse, "deliver", deliver)
    every(AUDIT, "recheck", app.recheck_due)
    every(AUDIT, "digests", app.editions.publish)
    every(AUDIT, "audit", lambda: Outcome(done=len(app.watch())))
    every(RETAIN, "retain", app.retain)
    try:
        with opened(app, wake=lambda: scheduler.modify_job("deliver", next_run_time=app.clock())):
            scheduler.start()
            log.info("watching %d sources", len(app.connectors))
            stop.wait()
            log.info("stopping: letting the passes under way end")
    finally:
        if scheduler.running:
            scheduler.shutdown(wait=True)


def _until_done(name: str, job: Callable[[], Outcome], stop: threading.Event) -> None:
    """Passes of one job until it has no more. A failure is logged; the next pulse tries again."""
    for _ in range(PASSES):
        try:
            outcome = job()
        except Exception:
            log.exception("%s", name)
            return
        for failure in outcome.failures:
            log.warning("%s: %s", name, failure)
        for line in outcome.left_out:
            log.warning("%s: left out: %s", name, line)
        if outcome.done and name != "audit":
            log.info("%s: %d", name, outcome.done)
        if not outcome.more or stop.is_set():
            return
