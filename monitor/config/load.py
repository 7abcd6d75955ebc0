"""Puts the sections together and checks what they say of each other."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts.base import Channel
from alerts.ladder import Ladder
from classifiers.base import Classifier
from connectors.base import Connector, Secret
from monitor.config import plugins, sections
from monitor.config.answers import check_knowledge, read_templates
from monitor.config.document import Document
from monitor.config.escalation import read_ladders, read_rotations
from monitor.config.model import (
    KINDS,
    Audit,
    Brand,
    Config,
    Delivery,
    Desk,
    Digests,
    General,
    Plugin,
    Retention,
    Source,
    Storms,
    Web,
)
from monitor.config.problems import Where, suggest
from monitor.config.rooms import QUIET, quiet_hours, read_routes
from monitor.quiet import Quiet

TIMEOUTS_A_LEASE = 4
SHORTEST_RECHECK = timedelta(hours=1)
LONGEST_NAME = 200
FEWEST = 3
"""People who complain of one thing at once are a storm, at the least."""
PLAIN_SQLITE = re.compile(r"sqlite:///[^?\s]+")

_SECTIONS = (
    "database", "state", "brands", "sources", "classifier", "channels", "ladders", "delivery", "retention", "audit",
    "desk", "hours", "rotations", "routes", "answers", "digest", "web",
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
    rotations = read_rotations(document)
    channels, quiet = _channels(document)
    routes = read_routes(document, _keys(document, "channels"), brands)
    sources = _sources(document, brands)
    classifier = _plugin(document, ("classifier",), values.get("classifier"), "classifiers", Classifier)
    delivery = sections.read(Delivery, values.get("delivery") or {}, document, ("delivery",))
    retention = sections.read(Retention, values.get("retention") or {}, document, ("retention",))
    audit = sections.read(Audit, values.get("audit") or {}, document, ("audit",))
    templates = read_templates(document, brands)
    desk = sections.read(Desk, values.get("desk") or {}, document, ("desk",))
    digest = sections.read(Digests, values.get("digest") or {}, document, ("digest",))
    web = sections.read(Web, values.get("web") or {}, document, ("web",))

    password = _password(document, general.database) if general is not None else ""
    _check_settings(document, channels, delivery, retention, audit)
    if digest is not None:
        _check_digest(document, digest)
    document.raise_problems()
    assert general is not None and delivery is not None and retention is not None  # noqa: PT018
    assert audit is not None and desk is not None and digest is not None and web is not None  # noqa: PT018
    assert classifier is not None
    plugged = [classifier, *channels.values(), *(plugin for _, plugin in sources.values())]
    return Config(
        file=file,
        database=general.database,
        state=Path(general.state),
        brands=brands,
        ladders=ladders,
        rotations=rotations,
        sources=sources,
        channels=channels,
        classifier=classifier,
        delivery=delivery,
        retention=retention,
        audit=audit,
        desk=desk,
        templates=templates,
        routes=routes,
        quiet=quiet,
        digest=digest,
        web=web,
        secrets=_secrets(password, [web, *(plugin.options for plugin in plugged)]),
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
        if brand.urgent_ladder and brand.urgent_ladder not in ladders:
            what = f"there is no such ladder; {suggest(brand.urgent_ladder, ladders)}"
            document.problem((*where, "urgent_ladder"), what)
        if not brand.keywords and not any(brand.handles.values()):
            document.problem(where, "needs keywords or handles, or nothing can be found of it")
        _check_relevance(document, (*where, "relevance"), brand)
        _check_storms(document, (*where, "storms"), brand.storms)
        _check_topics(document, (*where, "topics"), brand)
        check_knowledge(document, where, brand)
        found[brand.name] = brand
    return found


def _check_relevance(document: Document, where: Where, brand: Brand) -> None:
    rules = brand.relevance
    for index, kind in enumerate(rules.skip):
        if kind not in KINDS:
            document.problem((*where, "skip", index), f"there is no such kind; {suggest(kind, KINDS)}")
    for index, author in enumerate(rules.not_from):
        if not author.strip("*?"):
            document.problem((*where, "not_from", index), f"{author!r} leaves out everybody; name at least a letter")
    for word, context in rules.ambiguous.items():
        if word not in brand.keywords:
            what = f"is not one of the brand's keywords; {suggest(word, brand.keywords)}"
            document.problem((*where, "ambiguous", word), what)
        if not context or not all(map(str.strip, context)):
            document.problem((*where, "ambiguous", word), "needs words that tell it is the brand, such as [parcel]")


def _check_storms(document: Document, where: Where, storms: Storms) -> None:
    if storms.channel:
        _check_channel(document, (*where, "channel"), storms.channel)
    if storms.at_least < FEWEST:
        what = f"must be at least {FEWEST}, or any two neighbours who complain are a storm, not {storms.at_least}"
        document.problem((*where, "at_least"), what)


def _check_topics(document: Document, where: Where, brand: Brand) -> None:
    for topic, words in brand.topics.items():
        if not re.fullmatch(r"\w[\w -]{0,19}", topic):
            document.problem((*where, topic), "a topic's name has 1 to 20 letters, digits, spaces or hyphens")
        if not words or not all(map(str.strip, words)):
            document.problem((*where, topic), "needs beginnings of words that tell it, such as [parcel, courier]")


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
    written = _mapping(document, "ladders")
    if written and "default" not in written:
        document.problem(("ladders",), "a ladder named `default` is needed")
    found = read_ladders(document) if written else {}
    for name, ladder in found.items():
        for index, step in enumerate(ladder.steps):
            _check_channel(document, ("ladders", name, "steps", index, "channel"), step.channel)
    return found


def _check_channel(document: Document, where: Where, channel: str) -> None:
    channels = _keys(document, "channels")
    if channels and channel not in channels:
        document.problem(where, f"there is no channel {channel!r}; {suggest(channel, channels)}")


def _check_digest(document: Document, digest: Digests) -> None:
    for index, name in enumerate(digest.channels):
        _check_channel(document, ("digest", "channels", index), name)
    for name, department in digest.departments.items():
        for index, channel in enumerate(department.channels):
            _check_channel(document, ("digest", "departments", name, "channels", index), channel)


def _channels(document: Document) -> tuple[dict[str, Plugin], dict[str, Quiet]]:
    """The channels, and the quiet hours of those that have some."""
    found, quiet = {}, {}
    for name, values in _mapping(document, "channels").items():
        own = {k: v for k, v in values.items() if k not in QUIET} if isinstance(values, dict) else values
        plugin = _plugin(document, ("channels", name), own, "alerts", Channel)
        if plugin is not None:
            found[name] = plugin
        if hours := quiet_hours(document, name, values):
            quiet[name] = hours
    return found, quiet


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
    channels: Mapping[str, Plugin],
    delivery: Delivery | None,
    retention: Retention | None,
    audit: Audit | None,
) -> None:
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


def _password(document: Document, database: str) -> str:
    """The password in a database's address; a wrong address is noted.

    SQLAlchemy is asked only where there can be one: to import it takes longer than to classify a text.
    """
    if PLAIN_SQLITE.fullmatch(database):
        return ""
    from monitor.store import StoreError, address

    try:
        return str(address(database).password or "")
    except StoreError as error:
        document.problem(("database",), str(error))
        return ""


def _secrets(password: str, sections_: list[Any]) -> tuple[str, ...]:
    found = {secret.reveal() for section in sections_ for secret in _within(section) if secret}
    return tuple({*found, *([password] if password else [])})


def _within(options: Any) -> Iterator[Secret]:
    """The secrets of a section, those in its inner sections too."""
    for field in fields(options):
        value = getattr(options, field.name)
        if isinstance(value, Secret):
            yield value
        elif is_dataclass(value):
            yield from _within(value)
