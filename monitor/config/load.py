"""Puts the sections together and checks what they say of each other."""

import os
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts.base import Channel
from alerts.ladder import Ladder
from classifiers.base import Classifier
from connectors.base import Connector, Secret
from monitor.config import plugins, sections
from monitor.config.document import Document
from monitor.config.model import Audit, Brand, Config, Delivery, General, Plugin, Retention, Source
from monitor.config.problems import Where, suggest
from monitor.store import StoreError, address

TIMEOUTS_A_LEASE = 4
SHORTEST_RECHECK = timedelta(hours=1)
LONGEST_NAME = 200

_SECTIONS = (
    "database", "state", "brands", "sources", "classifier", "channels", "ladders", "delivery", "retention", "audit",
)  # fmt: skip


def load(file: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Reads and checks a configuration file. Raises ConfigError with every mistake found in it."""
    document = Document(file, environment)
    values = document.values
    for key in values:
        if key not in _SECTIONS:
            document.problem((key,), f"unknown section; {suggest(key, _SECTIONS)}")

    general = sections.read(General, {k: values[k] for k in ("database", "state") if k in values}, document, ())
    brands = _brands(document)
    ladders = _ladders(document)
    channels = _channels(document)
    sources = _sources(document, brands)
    classifier = _plugin(document, ("classifier",), values.get("classifier"), "classifiers", Classifier)
    delivery = sections.read(Delivery, values.get("delivery") or {}, document, ("delivery",))
    retention = sections.read(Retention, values.get("retention") or {}, document, ("retention",))
    audit = sections.read(Audit, values.get("audit") or {}, document, ("audit",))

    _check_settings(document, general, channels, delivery, retention, audit)
    document.raise_problems()
    assert general is not None and delivery is not None and retention is not None  # noqa: PT018
    assert audit is not None and classifier is not None  # noqa: PT018
    return Config(
        file=file,
        database=general.database,
        state=Path(general.state),
        brands=brands,
        ladders=ladders,
        sources=sources,
        channels=channels,
        classifier=classifier,
        delivery=delivery,
        retention=retention,
        audit=audit,
        secrets=_secrets(
            general.database, [classifier, *channels.values(), *(plugin for _, plugin in sources.values())]
        ),
    )


def _brands(document: Document) -> dict[str, Brand]:
    found: dict[str, Brand] = {}
    ladders = _keys(document, "ladders")
    for where, values in _items(document, "brands"):
        brand = sections.read(Brand, values, document, where)
        if brand is None:
            continue
        _check_name(document, where, brand.name, found)
        if brand.ladder not in ladders:
            document.problem((*where, "ladder"), f"there is no such ladder; {suggest(brand.ladder, ladders)}")
        if not brand.keywords and not any(brand.handles.values()):
            document.problem(where, "needs keywords or handles, or nothing can be found of it")
        found[brand.name] = brand
    return found


def _check_name(document: Document, where: Where, name: str, taken: Mapping[str, Any]) -> None:
    if not 0 < len(name) <= LONGEST_NAME:
        document.problem((*where, "name"), f"must have 1 to {LONGEST_NAME} characters")
    if name in taken:
        document.problem((*where, "name"), f"{name!r} is used twice")


def _items(document: Document, section: str) -> list[tuple[Where, Any]]:
    values = document.values.get(section)
    if not isinstance(values, list) or not values:
        document.problem((section,), "must be a list with at least one entry (`- name: …`)")
        return []
    return [((section, index), item) for index, item in enumerate(values)]


def _mapping(document: Document, section: str) -> dict[str, Any]:
    values = document.values.get(section)
    if not isinstance(values, dict) or not values:
        document.problem((section,), "must be a mapping with at least one entry (`name: …`)")
        return {}
    return values


def _ladders(document: Document) -> dict[str, Ladder]:
    found = {}
    written = _mapping(document, "ladders")
    if written and "default" not in written:
        document.problem(("ladders",), "a ladder named `default` is needed")
    for name, values in written.items():
        ladder = sections.read(Ladder, values, document, ("ladders", name))
        if ladder is not None:
            found[name] = ladder
            _check_ladder(document, ("ladders", name), ladder)
    return found


def _check_ladder(document: Document, where: Where, ladder: Ladder) -> None:
    if ladder.target.total_seconds() <= 0:
        document.problem((*where, "target"), "must be longer than nothing")
    if not ladder.steps:
        document.problem((*where, "steps"), "a ladder needs at least one step")
    for index, step in enumerate(ladder.steps):
        _check_channel(document, (*where, "steps", index, "channel"), step.channel)
    for index, (earlier, later) in enumerate(zip(ladder.steps, ladder.steps[1:], strict=False), 1):
        if later.after <= earlier.after:
            document.problem(
                (*where, "steps", index, "after"),
                f"steps must stand in the order of their times, but this one does not come after step {index}",
            )


def _check_channel(document: Document, where: Where, channel: str) -> None:
    channels = _keys(document, "channels")
    if channels and channel not in channels:
        document.problem(where, f"there is no channel {channel!r}; {suggest(channel, channels)}")


def _channels(document: Document) -> dict[str, Plugin]:
    found = {}
    for name, values in _mapping(document, "channels").items():
        plugin = _plugin(document, ("channels", name), values, "alerts", Channel)
        if plugin is not None:
            found[name] = plugin
    return found


def _sources(document: Document, brands: Mapping[str, Brand]) -> dict[str, tuple[Source, Plugin]]:
    found: dict[str, tuple[Source, Plugin]] = {}
    own = {field.name for field in fields(Source)}
    for where, values in _items(document, "sources"):
        if not isinstance(values, dict):
            document.problem(where, "must be a mapping with keys such as name, type, brand")
            continue
        common = {"brand": next(iter(brands))} if len(brands) == 1 else {}
        common |= {key: value for key, value in values.items() if key in own}
        source = sections.read(Source, common, document, where)
        rest = {key: value for key, value in values.items() if key not in own}
        plugin = _plugin(document, where, rest, "connectors", Connector, also=tuple(own))
        if source is None or plugin is None:
            continue
        _check_name(document, where, source.name, found)
        if brands and source.brand not in brands:
            what = f"there is no brand {source.brand!r}" if source.brand else "is missing: which brand is it for?"
            document.problem((*where, "brand"), f"{what}; {suggest(source.brand, list(brands))}")
        if source.every.total_seconds() < 1:
            document.problem((*where, "every"), "must be at least 1s")
        found[source.name] = (source, plugin)
    return found


def _plugin(
    document: Document, where: Where, values: Any, room: str, base: type, *, also: tuple[str, ...] = ()
) -> Plugin | None:
    """A section whose `type` names a module of a folder; the other keys are that module's options."""
    if not isinstance(values, dict) or not isinstance(values.get("type"), str):
        document.problem((*where, "type"), f"is missing; one of: {', '.join(_types(room, base))}")
        return None
    type_ = values["type"]
    try:
        kind: Any = plugins.find(room, type_, base)
    except plugins.NoPlugin:
        document.problem((*where, "type"), f"there is no {room}/{type_}.py; {suggest(type_, _types(room, base))}")
        return None
    except ImportError as error:
        document.problem((*where, "type"), f"{room}/{type_}.py needs a package that is not installed: {error.name}")
        return None
    rest = {key: value for key, value in values.items() if key != "type"}
    options = sections.read(kind.Options, rest, document, where)
    return None if options is None else Plugin(type=type_, kind=kind, options=options)


def _types(room: str, base: type) -> list[str]:
    found = []
    for name in plugins.names(room):
        try:
            if plugins.defined(f"{room}.{name}", base):
                found.append(name)
        except ImportError:
            continue
    return found


def _check_settings(
    document: Document,
    general: General | None,
    channels: Mapping[str, Plugin],
    delivery: Delivery | None,
    retention: Retention | None,
    audit: Audit | None,
) -> None:
    if general is not None:
        try:
            address(general.database)
        except StoreError as error:
            document.problem(("database",), str(error))
    shortest = TIMEOUTS_A_LEASE * max((plugin.options.timeout for plugin in channels.values()), default=0)
    if delivery is not None and delivery.lease.total_seconds() < shortest:
        why = f"{TIMEOUTS_A_LEASE} times the longest timeout of a channel, or an alert may be sent twice"
        document.problem(("delivery", "lease"), f"must be at least {shortest:g}s, {why}")
    if delivery is not None and delivery.fallback:
        _check_channel(document, ("delivery", "fallback"), delivery.fallback)
    if retention is not None and retention.recheck < SHORTEST_RECHECK:
        document.problem(("retention", "recheck"), "must be at least 1h, or platforms are asked without end")
    if audit is not None and audit.channel:
        _check_channel(document, ("audit", "channel"), audit.channel)


def _keys(document: Document, section: str) -> list[str]:
    values = document.values.get(section)
    return list(values) if isinstance(values, dict) else []


def _secrets(database: str, plugins_: list[Plugin]) -> tuple[str, ...]:
    found = {
        value.reveal()
        for plugin in plugins_
        for value in (getattr(plugin.options, field.name) for field in fields(plugin.options))
        if isinstance(value, Secret) and value
    }
    password = address(database).password
    return tuple({*found, *([str(password)] if password else [])})
