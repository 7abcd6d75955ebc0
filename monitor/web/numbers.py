"""The page of figures: what is asked for, what its charts show, and the way from each number to its cases."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, get_args
from urllib.parse import quote_plus, urlencode

from alerts.voice import ENGLISH
from alerts.words import platform
from monitor.app import App
from monitor.figures import Asked, By, behind, sheet
from monitor.inbox import Filter
from monitor.web import drawings
from monitor.web.wishes import Listed, Span

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NAMES = {
    "complaints": "complaints", "in_time": "answered in time", "late": "answered late",
    "overdue": "overdue", "pending": "still in time", "missed": "missed the target",
    "replies": "all whose wait counts", "found": "all that were found", "alerted": "all that were alerted",
    "reopened": "the answer did not hold", "dismissed": "dismissed", "judged": "answered, or no complaint",
    "backlog": "waiting at the end",
}  # fmt: skip
"""What the cases behind a figure have in common, as people say it."""
PRESETS = (("A week", 7), ("Four weeks", 28), ("A quarter", 91))
BYS = tuple(each for each in get_args(By) if each not in ("", "moment"))


class Numbers:
    """Figures for people."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._zone = app.config.digest.clock

    def filter(self, wanted: Listed, now: datetime) -> Filter:
        """The list's filter; behind a figure, only its cases."""
        if not wanted.figure:
            return wanted.filter
        asked = wanted.asked(self._zone, now)
        ids = behind(self._app.store, asked, wanted.figure, wanted.group, now, self._app.customers.tier)
        return replace(wanted.filter, among=ids)

    def words(self, wanted: Listed, now: datetime) -> str:
        """Which figure the list stands behind; "" for none."""
        if not wanted.figure:
            return ""
        asked = wanted.asked(self._zone, now)
        parts = [NAMES[wanted.figure], *([f"{wanted.by} {group_name(wanted.by, wanted.group)}"] if wanted.by else [])]
        return ", ".join([*parts, days_named(asked)])

    def facts(self, wanted: Span, now: datetime) -> Mapping[str, Any]:
        """What the page shows."""
        asked = wanted.asked(self._zone, now)
        asked = replace(asked, by=asked.by or "platform")
        found = sheet(self._app.store, asked, now, self._app.customers.tier)
        brands = sorted(self._app.config.brands)
        targets = [self._app.config.ladder(name).target for name in ([asked.brand] if asked.brand else brands)]
        most = max((len(target.all) for target in found.moments.values()), default=0)

        same = urlencode({"state": "all", **({"brand": asked.brand} if asked.brand else {})})

        def cases(figure: str, group: str = "", by: str = "", day: date | None = None) -> str:
            first, last = (day, day) if day else (asked.first, asked.last)
            part = f"&by={by}&group={quote_plus(group)}" if by else ""
            return f"/?{same}&figure={figure}&since={first}&until={last}{part}"

        def address(**changed: Any) -> str:
            wishes = {"since": asked.first, "until": asked.last, "brand": asked.brand, "by": asked.by} | changed
            return f"/figures?{urlencode({name: value for name, value in wishes.items() if value})}"

        today = now.astimezone(self._zone).date()
        return {
            "asked": asked, "sheet": found, "cases": cases, "address": address, "brands": brands, "bys": BYS,
            "presets": [
                (words, address(since=today - timedelta(days=length - 1), until=today),
                 (asked.first, asked.last) == (today - timedelta(days=length - 1), today))
                for words, length in PRESETS
            ],
            "chart": drawings.days(found.days), "curve": drawings.curve(found.all.replies, max(targets)),
            "waiting_after": drawings.waiting_after(found.all.replies), "parts": drawings.PARTS, "names": NAMES,
            "share_bar": drawings.share_bar, "weekdays": DAYS, "zone": asked.zone.key,
            "cells": {
                cell: (len(target.all), drawings.shade(len(target.all), most)) for cell, target in found.moments.items()
            },
            "group_name": group_name, "days_named": days_named(asked), "target": max(targets),
            "draw": drawings,
        }  # fmt: skip


def group_name(by: str, group: str) -> str:
    """A group as people call it."""
    match by:
        case "platform":
            return platform(group)
        case "language":
            return ENGLISH.tongue(group) or group or "not known"
        case "weekday" if group.isdecimal() and 1 <= int(group) <= 7:
            return DAYS[int(group) - 1]
        case "hour" if group.isdecimal():
            return f"{int(group):02}:00"
        case "moment" if group[:1].isdecimal() and 1 <= int(group[0]) <= 7:
            return f"{DAYS[int(group[0]) - 1]} {group[2:]}:00"
        case _:
            return group or "none"


def days_named(asked: Asked) -> str:
    """`1 Nov to 28 Nov 2026`."""
    if asked.first == asked.last:
        return f"{asked.first.day} {asked.first:%b %Y}"
    year = "" if asked.first.year == asked.last.year else f" {asked.first.year}"
    return f"{asked.first.day} {asked.first:%b}{year} to {asked.last.day} {asked.last:%b %Y}"
