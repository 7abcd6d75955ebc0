"""A channel that keeps its messages, drawn as Slack would show them, and tells whoever watches the demo."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from alerts import blocks
from alerts.base import Alert, Channel, Incident, Message
from connectors.base import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One message as it now stands."""

    key: str
    sent_at: datetime
    root: str | None
    """Reference of the message in whose thread it stands."""
    blocks: list[dict[str, Any]] = field(repr=False)
    edited: bool = False


class Board(Channel):
    """Has a message's place in the channel for its reference."""

    def __init__(self, name: str, options: Any, *, clock: Clock, told: Callable[[str, Alert], None]) -> None:
        """`told` hears of every alert, sent or edited, with the channel's name."""
        super().__init__(name, options, clock=clock)
        self.messages: dict[str, Shown] = {}
        self._told = told

    def send(self, message: Message) -> str:
        reference = f"{self.name}-{len(self.messages) + 1}"
        self.messages[reference] = Shown(
            key=message.key, sent_at=self.clock(), root=message.thread, blocks=blocks.render(message, self.say)[1]
        )
        if isinstance(message, Alert):
            self._told(self.name, message)
        return reference

    def update(self, shown: Alert | Incident) -> None:
        reference, (_, drawn) = shown.root or "", blocks.standing(shown, self.say)
        self.messages[reference] = replace(self.messages[reference], blocks=drawn, edited=True)
        if isinstance(shown, Alert):
            self._told(self.name, shown)

    def find(self, message: Message, since: datetime) -> str | None:
        return next((reference for reference, sent in self.messages.items() if sent.key == message.key), None)

    def link(self, reference: str) -> str | None:
        return f"https://slack.example/archives/{reference}"

    def login(self) -> str:
        return "keeps messages in memory"
