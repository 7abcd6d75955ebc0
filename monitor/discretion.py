"""Keeps secrets out of what is said: a text filter, and the same for every log record."""

import json
import logging
import re
from collections.abc import Callable, Iterable
from urllib.parse import quote


def discretion(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that blots the secrets out of a text, written plainly, as in a web address, in JSON or in Python."""
    forms = {
        form
        for secret in secrets
        if secret
        for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1])
    }
    if not forms:
        return str
    pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))
    return lambda text: pattern.sub("•••", text)


class DiscreetFormatter(logging.Formatter):
    """Formats a record, traceback included, and blots it."""

    def __init__(self, blot: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._blot = blot

    def format(self, record: logging.LogRecord) -> str:
        return self._blot(super().format(record))
