"""Answers who is on call, and puts somebody else on call for a while, by a slash command."""

import re

from alerts import queue
from alerts.case import NotAllowed
from alerts.queue import Drawn
from alerts.rotation import Rotation
from monitor import rota
from monitor.desk.records import Asked

_PUT_IN = re.compile(r"(?P<rotation>.*?)\s*<@(?P<who>[UW][A-Z0-9]{2,20})(\|[^>]*)?>\s*(?P<until>.*)")


def on_call(asked: Asked, words: str) -> Drawn:
    """`[rotation] [@who until 18:00]`: without a name it only shows."""
    say, rotations = asked.say, asked.records.app.config.rotations
    if not rotations:
        return queue.told(say("Nobody is ever on call: the configuration has no `rotations`."), [])
    if not words:
        return _shown(asked, say("On call now"), list(rotations.values()))
    wish = _PUT_IN.fullmatch(words)
    if wish is None:
        return _wrong(asked, say("Who shall be on call? Choose the name that Slack offers after the @."))
    name = wish["rotation"] or (next(iter(rotations)) if len(rotations) == 1 else "")
    if name not in rotations:
        return _wrong(asked, say("In which rotation? There is {names}.", names=say.either(list(rotations))))
    return _put_in(asked, rotations[name], wish["who"], wish["until"])


def _put_in(asked: Asked, rotation: Rotation, who: str, written: str) -> Drawn:
    app, say = asked.records.app, asked.say
    now = app.clock()
    first, _, rest = written.partition(" ")
    try:
        end = rota.until(rest if first.lower() in ("until", say("until")) else written, rotation, now)
        rota.override(app.store, rotation, who, end, asked.question.who, now)
    except NotAllowed:
        return _wrong(asked, say("Until when? Write 18:00, 4h or 2026-12-24 09:00, in the time to come."))
    return _shown(asked, say("Done: on call now"), [rotation])


def _shown(asked: Asked, title: str, rotations: list[Rotation]) -> Drawn:
    app, say = asked.records.app, asked.say
    now = app.clock()
    turns = [(rotation.name, rota.on_call(app.store, rotation, now)) for rotation in rotations]
    return queue.rota(title, turns, say, now)


def _wrong(asked: Asked, what: str) -> Drawn:
    """What can't be done, and how to write it."""
    rotations = list(asked.records.app.config.rotations)
    name = f"{rotations[0]} " if len(rotations) > 1 else ""
    usage = asked.say("on-call {rotation}@… until 18:00", rotation=name)
    return queue.told(what, [f"`{asked.question.command} {usage}`"])
