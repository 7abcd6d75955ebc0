"""Decides which channel a case belongs to, by its brand, topic, language and severity."""

from collections.abc import Iterable
from dataclasses import dataclass

HOME = "care"
"""The channel whose steps are routed; a step that names another one stays there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What routes look at: the topic and language of the case's first complaint, and whether any post is urgent."""

    brand: str
    topic: str | None
    language: str | None
    urgent: bool = False

    @property
    def severity(self) -> str:
        return "urgent" if self.urgent else "ordinary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Takes the cases that fit all that it names to a channel; what is left out fits every case."""

    channel: str
    brand: str | tuple[str, ...] = ()
    topic: str | tuple[str, ...] = ()
    language: str | tuple[str, ...] = ()
    severity: str | tuple[str, ...] = ()

    def takes(self, about: About) -> bool:
        asked = {name: choices(getattr(self, name)) for name in ("brand", "topic", "language", "severity")}
        return all(not wanted or getattr(about, name) in wanted for name, wanted in asked.items())


def choices(written: str | tuple[str, ...]) -> tuple[str, ...]:
    """A condition's values, whether one or a list was written."""
    return (written,) if isinstance(written, str) else written


def routed(channel: str, about: About, routes: Iterable[Route]) -> str:
    """The channel of a step: its own, or for the home channel that of the first route that takes the case."""
    if channel != HOME:
        return channel
    return next((route.channel for route in routes if route.takes(about)), channel)
