"""Hostile input: any configuration, any post. Nothing but the promised errors, and nothing lost."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from alerts.base import Alert
from monitor.config import Config, ConfigError, load
from monitor.schema import mentions
from tests.databases import fresh
from tests.desk import NOON, Desk
from tests.test_config import ACCOUNTS, SHIPPED, with_every_example

RICH = with_every_example(SHIPPED)
"""The shipped configuration with its commented examples: every kind of section that there is."""
VALUES: dict[str, Any] = yaml.safe_load(RICH)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates(),
    st.sampled_from(["0", "1m", "-1", "${X_BEARER_TOKEN}", "${NOT_SET}", "care", "file", "x", "default", "*", "\0"]),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
SNIPPETS = st.sampled_from(
    ["\t", "\n", "- ", ": ", "{", "}", "[", "]", "'", '"', "#", "&a ", "*a", "!!int ", "!!binary ", "!!set ", "? ",
     "| ", "${", "<<: ", "---\n", "...", "%YAML 9.9\n", "\0", "\ufeff", "\u2028", "\x85", "~", "1e999", ".nan", "0o8",
     "2026-02-30", "12:99:99", "\\ud800", '"\\ud800"', "\U0010ffff", "=", "@", "`"]
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


def loads_or_tells(folder: Path, content: bytes) -> None:
    file = folder / "config.yaml"
    file.write_bytes(content)
    told = ""
    try:
        assert isinstance(load(file, ACCOUNTS), Config)
    except ConfigError as error:
        told = str(error)
    assert all(re.match(rf"{re.escape(str(file))}:\d+: ", line) for line in told.split("\n") if told), told
    assert "hunter2" not in told


@given(
    cuts=st.lists(st.tuples(st.integers(0, len(RICH)), st.integers(0, 40), SNIPPETS), min_size=1, max_size=4),
)
@settings(max_examples=80, deadline=None)
def test_a_configuration_with_slips_in_it_is_read_or_explained(folder: Path, cuts: list[tuple[int, int, str]]) -> None:
    text = RICH
    for at, length, snippet in cuts:
        text = text[:at] + snippet + text[at + length :]
    loads_or_tells(folder, text.encode())


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_bytes_that_are_no_configuration_are_explained(folder: Path, content: bytes) -> None:
    loads_or_tells(folder, content)


def ways(values: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The way to every value in a document."""
    inner = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    return [*([here] if here else []), *(way for key, value in inner for way in ways(value, (*here, key)))]


def put(values: Any, way: tuple[str | int, ...], new: Any) -> Any:
    """A copy of the values with one of them replaced; Ellipsis: left out."""
    first, *rest = way
    copy = dict(values) if isinstance(values, dict) else list(values)
    if not rest and new is ...:
        del copy[first]  # type: ignore[arg-type]
    else:
        copy[first] = put(values[first], tuple(rest), new) if rest else new  # type: ignore[index]
    return copy


def dump(values: Any) -> bytes:
    return yaml.safe_dump(values, allow_unicode=True).encode("utf-8", "surrogatepass")


@given(way=st.sampled_from(ways(VALUES)), new=st.one_of(st.just(...), ANYTHING), key=st.text(max_size=4))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_configuration_with_one_odd_value_is_read_or_explained(
    folder: Path, way: tuple[str | int, ...], new: Any, key: str
) -> None:
    loads_or_tells(folder, dump(put(VALUES, way, new)))
    loads_or_tells(folder, dump(put(VALUES, way, {key: new}) if new is not ... else {}))


HOSTILE = st.one_of(
    st.text(st.characters(), max_size=60),  # surrogates and NUL too
    st.sampled_from(["", " ", "\0", "\ud800late", "late" + "\u0301" * 500, "\u202elate\u2066", "💩" * 3000,
                     "late\x1b[2J", "late <!channel> & <@U1> `x` *b* _i_ ~s~ |", "{{7*7}} ${HOME} %s %(x)s late",
                     "'; DROP TABLE cases; --",
                     "\U000e0041\U000e0042 late", "\u200b" * 200 + "late", "\r\n\r\nlate\v\f\x85\u2028\u2029"]),
)  # fmt: skip
NAMES = st.one_of(st.sampled_from(["mari", "jaan", "lainepost", "@lainepost", ""]), st.text(max_size=20))
IDS = st.one_of(st.sampled_from(["1", "2", "3"]), st.text(min_size=1, max_size=20))
POSTS = st.fixed_dictionaries(
    {
        "text": HOSTILE,
        "author": NAMES,
        "external_id": IDS,
        "thread": IDS,
        "reply_to": st.none() | IDS,
        "ago": st.integers(-100_000, 100_000),
        "followers": st.none() | st.integers(0, 2**31 - 1),
        "lang": st.none() | st.sampled_from(["et", "und", "zz-Latn-x"]),
    }
)


@given(posts=st.lists(POSTS, min_size=1, max_size=12), pages=st.integers(1, 5))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_people_post_arrives_once_and_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    posts: list[dict[str, Any]],
    pages: int,
) -> None:
    folder = tmp_path_factory.mktemp("posts")
    desk = Desk(fresh(folder), folder)
    desk.platform.page_size = pages
    sent = [desk.post(**dict(post)) for post in posts]
    for after in (0, 31, 31, 60 * 25):
        assert desk.tick(after).failures == []
    ids = {mention.external_id for mention in sent}
    with desk.app.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(mentions)) == len(ids)
        assert connection.scalar(select(func.count()).where(mentions.c.triage_at.is_not(None))) == 0
        assert connection.scalar(select(func.max(mentions.c.posted_at))) <= NOON
    for letter in desk.paper("care").letters:
        assert all(isinstance(shown, Alert) and shown.complaints for shown in letter.shown)
    assert {finding.kind for finding in desk.app.audit()} == set()
    desk.app.close()


@example(text="late " + "õ" * 10_000_000)
@example(text="\ud83d" * 1_000_000 + " late")
@given(text=st.just("late\0" * 100_000))
@settings(max_examples=1, deadline=None)
def test_a_post_of_ten_megabytes_is_kept_as_far_as_any_platform_goes(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("long")
    desk = Desk(fresh(folder), folder)
    desk.post(text)
    assert desk.tick().failures == []
    with desk.app.store.read() as connection:
        kept = connection.scalar(select(mentions.c.text))
    assert kept is not None
    assert 0 < len(kept) <= 100_000
    desk.app.close()


@given(st.lists(POSTS, min_size=1, max_size=6), st.integers(0, 5))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_posts_that_change_and_vanish_break_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    posts: list[dict[str, Any]],
    gone: int,
) -> None:
    folder = tmp_path_factory.mktemp("changing")
    desk = Desk(fresh(folder), folder)
    sent = [desk.post(**dict(post)) for post in posts]
    desk.tick()
    for mention in sent[:gone]:
        desk.platform.gone.add(mention.external_id)
    for mention in sent[gone:]:
        desk.edit(mention, mention.text + " late")
    desk.clock.now += timedelta(days=1)
    for after in (1, 60, 60):
        assert desk.tick(after).failures == []
    with desk.app.store.read() as connection:
        kept = connection.execute(select(mentions.c.text).where(mentions.c.deleted_at.is_not(None))).scalars()
        assert set(kept) <= {""}
    desk.app.close()
