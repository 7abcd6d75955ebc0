"""What every connector, classifier and channel keeps to, those of tomorrow included: one suite walks the folders."""

import ast
import inspect
import socket
import time
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import alerts.base
import classifiers.base
import connectors.base
from alerts.base import Channel, Unknown
from classifiers.base import BadModel, Classifier
from connectors.base import Connector, Cursor, Permanent, Secret, Transient, Watch
from monitor.config import plugins
from tests.desk import NOON

ROOT = Path(__file__).parent.parent
BASES: dict[str, type] = {"connectors": Connector, "classifiers": Classifier, "alerts": Channel}
COMMON: dict[str, type] = {
    "connectors": connectors.base.Options,
    "classifiers": classifiers.base.Options,
    "alerts": alerts.base.Options,
}
MODULES = [(room, name) for room in BASES for name in plugins.names(room)]
TELLTALES = ("token", "secret", "password")
WATCH = Watch(brand="Lainepost", keywords=("Lainepost",), handles=("lainepost",))


@cache
def kinds(room: str) -> dict[str, Any]:
    """The classes that a configuration can name, by their `type`."""
    found = {name: plugins.defined(f"{room}.{name}", BASES[room]) for name in plugins.names(room)}
    return {name: kind for name, kind in found.items() if kind is not None}


def every(*rooms: str) -> list[Any]:
    return [pytest.param(room, kind, id=f"{room}/{name}") for room in rooms for name, kind in kinds(room).items()]


def test_the_folders_hold_what_the_program_is_known_for() -> None:
    assert set(kinds("connectors")) >= {"x", "reddit", "bluesky", "rss", "file"}
    assert set(kinds("classifiers")) >= {"onnx", "transformer"}
    assert set(kinds("alerts")) >= {"slack", "email", "console"}


@pytest.mark.parametrize(("room", "name"), MODULES)
def test_a_module_defines_one_plugin_or_none_and_says_what_it_is_for(room: str, name: str) -> None:
    module = import_module(f"{room}.{name}")
    own = [
        value
        for _, value in inspect.getmembers(module, inspect.isclass)
        if issubclass(value, BASES[room]) and value.__module__ == module.__name__ and not inspect.isabstract(value)
    ]
    assert len(own) <= 1
    assert module.__doc__ is not None
    assert module.__doc__.strip().split("\n")[0].strip()


@pytest.mark.parametrize(("room", "kind"), every(*BASES))
def test_options_are_frozen_named_and_explained(room: str, kind: Any) -> None:
    options = kind.Options
    assert is_dataclass(options)
    assert issubclass(options, COMMON[room])
    params = options.__dataclass_params__  # type: ignore[attr-defined]
    assert params.frozen
    assert all(field.kw_only for field in fields(options))
    if options is not COMMON[room]:
        assert options.__module__ == kind.__module__
    for field in fields(options):
        hint = get_type_hints(options)[field.name]
        if any(word in field.name for word in TELLTALES):
            assert str not in (hint, *get_args(hint)), f"{field.name} must be a Secret"


@pytest.mark.parametrize(("room", "kind"), every(*BASES))
def test_every_option_that_its_name_does_not_explain_is_explained_below_it(room: str, kind: Any) -> None:
    explained = _explained(kind.Options)
    plain = {"host", "user", "username", "sender", "to", "url", "client_id", "client_secret", "password", "handle"}
    missing = [field.name for field in fields(kind.Options) if field.name not in explained | plain]
    assert missing == []


def _explained(options: type) -> set[str]:
    """Fields with a docstring below them, or spoken of in that of the class."""
    found: set[str] = set()
    for part in options.__mro__[:-1]:
        body = ast.parse(inspect.getsource(inspect.getmodule(part)))  # type: ignore[arg-type]
        (source,) = [node for node in body.body if isinstance(node, ast.ClassDef) and node.name == part.__name__]
        for line, below in zip(source.body, source.body[1:], strict=False):
            if isinstance(line, ast.AnnAssign) and isinstance(below, ast.Expr):
                found.add(ast.unparse(line.target))
        said = ast.get_docstring(source) or ""
        found |= {field.name for field in fields(part) if f"`{field.name}`" in said}  # type: ignore[arg-type]
    return found


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine at which nobody answers."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]  # bound and never listening: every connection is refused


def filled(options: type, port: int) -> Any:
    """Options of which the required ones have plain values, and whose server is not there."""
    nowhere = f"http://127.0.0.1:{port}"
    hints = get_type_hints(options)
    values: dict[str, Any] = {
        field.name: _value(field, hints[field.name], nowhere)
        for field in fields(options)  # type: ignore[arg-type]
        if field.default is MISSING and field.default_factory is MISSING
    }
    known = {"base_url": nowhere, "timeout": 2.0, "host": "127.0.0.1", "port": port, "starttls": False}
    return options(**values | {name: value for name, value in known.items() if name in hints})


def _value(field: "Field[Any]", hint: Any, nowhere: str) -> Any:
    if hint is Secret:
        return Secret("hunter2")
    if getattr(hint, "__origin__", None) is tuple:
        return ("lainepost",)
    if hint in (int, float):
        return 1
    return {"url": f"{nowhere}/feed.xml", "path": "/nonexistent/posts.jsonl", "channel": "C012AB3CD"}.get(
        field.name, "lainepost.example"
    )


def built(room: str, kind: Any, options: Any, folder: Path) -> Any:
    if room == "connectors":
        return kind(options, WATCH, clock=lambda: NOON, state=folder)
    return kind("care", options, clock=lambda: NOON) if room == "alerts" else kind(options)


@pytest.mark.parametrize(("room", "kind"), every(*BASES))
def test_it_is_built_at_once_without_asking_anybody(
    room: str, kind: Any, closed_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = filled(kind.Options, closed_port)
    assert "hunter2" not in repr(options)

    def called(*_: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", called)
    monkeypatch.setattr(socket, "getaddrinfo", called)
    began = time.perf_counter()
    made = built(room, kind, options, tmp_path)
    assert time.perf_counter() - began < 5
    if room == "classifiers":
        return
    made.close()
    made.close()


@pytest.mark.parametrize(("room", "kind"), every("connectors"))
def test_the_platforms_name_is_the_modules_or_the_one_it_was_told(
    room: str, kind: Any, closed_port: int, tmp_path: Path
) -> None:
    options = filled(kind.Options, closed_port)
    connector = built(room, kind, options, tmp_path)
    assert connector.platform == getattr(options, "platform", kind.__module__.rpartition(".")[2])
    connector.close()


def poll(connector: Connector) -> None:
    """All pages of one poll; a platform that is asked several things fails when all of them do."""
    cursor: Cursor = {}
    for _ in range(20):
        page = connector.fetch(cursor)
        assert page.mentions == ()
        if not page.more:
            return
        cursor = page.cursor


@pytest.mark.parametrize(("room", "kind"), every("connectors"))
def test_a_platform_that_is_not_there_is_a_failure_of_the_two_promised_kinds(
    room: str, kind: Any, closed_port: int, tmp_path: Path
) -> None:
    connector = built(room, kind, filled(kind.Options, closed_port), tmp_path)
    began = time.perf_counter()
    for question in (lambda: poll(connector), connector.login):
        with pytest.raises((Transient, Permanent)) as raised:
            question()
        assert str(raised.value)
        assert "hunter2" not in str(raised.value)
    for found in (lambda: connector.thread("t", "p"), lambda: connector.lookup(["1", "2"])):
        answer: Any = None
        try:
            answer = found()
        except (Transient, Permanent):
            continue
        assert answer is None, "an answer from nobody"
    assert time.perf_counter() - began < 20
    connector.close()


@pytest.mark.parametrize(("room", "kind"), every("alerts"))
def test_a_channel_that_is_not_there_says_so(room: str, kind: Any, closed_port: int, tmp_path: Path) -> None:
    channel = built(room, kind, filled(kind.Options, closed_port), tmp_path)
    if kind.__module__ == "alerts.console":  # there always
        assert channel.login()
    else:
        with pytest.raises((Transient, Permanent, Unknown)) as raised:
            channel.login()
        assert "hunter2" not in str(raised.value)
    channel.close()


@pytest.mark.parametrize(("room", "kind"), every("classifiers"))
def test_a_model_that_is_not_there_is_explained(room: str, kind: Any, tmp_path: Path) -> None:
    classifier = kind(kind.Options(model=str(tmp_path / "nowhere")))
    with pytest.raises(BadModel, match="nowhere"):
        classifier.classify(["late"])


@pytest.mark.parametrize("room", BASES)
def test_a_room_knows_nothing_of_those_above_it(room: str) -> None:
    below = {"connectors": {"connectors"}, "classifiers": {"classifiers"}, "alerts": set(BASES)}[room]
    for file in sorted((ROOT / room).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            ours = {name.partition(".")[0] for name in imported} & {*BASES, "monitor"}
            assert ours <= below, f"{file.name} imports {ours}"
