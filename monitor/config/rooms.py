"""Reads where cases are shown: the routes, and the quiet hours of channels."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from alerts.words import LANGUAGES
from classifiers.base import Severity, Topic
from monitor.config import sections
from monitor.config.document import Document
from monitor.config.model import Brand
from monitor.config.problems import Where, suggest
from monitor.quiet import Quiet
from monitor.routes import HOME, Route, choices

QUIET = ("quiet", "zone")
"""The keys of a channel's section that are not the channel's own business."""


def quiet_hours(document: Document, channel: str, values: Any) -> Quiet | None:
    """The hours in which a channel is quiet; None: never, or they have mistakes."""
    said = {key: values[key] for key in QUIET if key in values} if isinstance(values, dict) else {}
    return sections.read(Quiet, said, document, ("channels", channel)) if said else None


def read_routes(document: Document, channels: Sequence[str], brands: Mapping[str, Brand]) -> tuple[Route, ...]:
    """The routes in their order, each checked; the document holds their mistakes."""
    written = document.values.get("routes") or []
    if not isinstance(written, list):
        document.problem(("routes",), "must be a list such as [{language: ru, channel: care-ru}]")
        return ()
    if written and channels and HOME not in channels:
        document.problem(("routes",), f"take cases from the channel {HOME!r}, and there is none of that name")
    found = []
    for index, values in enumerate(written):
        where = ("routes", index)
        route = sections.read(Route, values, document, where)
        if route is None:
            continue
        _check(document, where, route, channels, brands)
        found.append(route)
        if index < len(written) - 1 and not (route.brand or route.topic or route.language or route.severity):
            document.problem(where, "takes every case, so those after it are never asked: put it last")
    return tuple(found)


def _check(
    document: Document, where: Where, route: Route, channels: Sequence[str], brands: Mapping[str, Brand]
) -> None:
    if channels and route.channel not in channels:
        what = f"there is no channel {route.channel!r}; {suggest(route.channel, channels)}"
        document.problem((*where, "channel"), what)
    topics = [*get_args(Topic), *(topic for brand in brands.values() for topic in brand.topics)]
    known = {"brand": list(brands), "topic": topics, "language": list(LANGUAGES), "severity": get_args(Severity)}
    for name, allowed in known.items():
        for value in choices(getattr(route, name)):
            if allowed and value not in allowed:
                document.problem((*where, name), f"there is no {name} {value!r}; {suggest(value, allowed)}")
