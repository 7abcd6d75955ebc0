"""The database, on both kinds: its schema, its moments in time, and many processes that open it at once."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from monitor.schema import metadata, problems, sources
from monitor.store import Store, StoreError, address
from tests.desk import NOON

ROOT = Path(__file__).parent.parent


@pytest.fixture
def store(empty_database: str) -> Iterator[Store]:
    made = Store(empty_database)
    yield made
    made.close()


def note(store: Store, at: datetime, place: str = "line 1") -> None:
    row = {"source": "export", "kind": "broken", "place": place, "why": "not JSON", "noted_at": at}
    with store.write() as connection:
        connection.execute(insert(problems).values(row))


def test_an_empty_database_is_brought_to_the_schema_by_itself(store: Store) -> None:
    assert store.pending()[0] == "0001_first_tables"
    store.prepare()
    assert store.pending() == []
    store.prepare()
    with store.read() as connection:
        found = {name for name in inspect(connection).get_table_names() if not name.startswith("post_words")}
        assert found == {*metadata.tables, "alembic_version"}


def test_the_migrations_lead_to_the_very_tables_that_the_program_knows(store: Store) -> None:
    store.prepare()
    with store.read() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                # the index of words is the database's own affair: SQLAlchemy has no words for it
                "include_object": lambda _object, name, *_: not (name or "").startswith("post_words"),
            },
        )
        assert compare_metadata(context, metadata) == []


def test_a_migration_that_breaks_off_leaves_no_trace(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("CREATE TABLE outbox (id INTEGER)"))
    with pytest.raises(Exception, match="outbox"):
        store.upgrade()
    with store.read() as connection:
        assert inspect(connection).get_table_names() == ["outbox"]
    assert store.pending()[0] == "0001_first_tables"


def test_a_server_that_holds_older_tables_is_not_changed_without_being_asked(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("CREATE TABLE somebody_elses (id INTEGER)"))
    if store.sqlite:
        store.prepare()
    else:
        with pytest.raises(StoreError, match="run `python -m monitor db upgrade`"):
            store.prepare()
        store.upgrade()
    assert store.pending() == []


def test_a_database_from_the_future_is_refused(store: Store) -> None:
    store.prepare()
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(StoreError, match="has schema 0999, newer than this program knows"):
        store.prepare()


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
        datetime(2026, 10, 25, 3, 30, tzinfo=timezone(timedelta(hours=2))),
        datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(-timedelta(hours=11, minutes=30))),
        datetime(2100, 1, 1, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_as_the_same_moment_in_utc(store: Store, moment: datetime) -> None:
    store.prepare()
    note(store, moment)
    with store.read() as connection:
        kept = connection.scalar(select(problems.c.noted_at))
        assert kept == moment
        assert kept is not None
        assert kept.utcoffset() == timedelta()
        assert connection.scalar(select(problems.c.id).where(problems.c.noted_at == moment)) == 1
        later = moment + timedelta(microseconds=1)
        assert connection.scalar(select(problems.c.id).where(problems.c.noted_at >= later)) is None


def test_moments_are_compared_as_moments_whatever_their_zone(store: Store) -> None:
    store.prepare()
    tallinn = timezone(timedelta(hours=2))
    note(store, datetime(2026, 11, 23, 13, 59, tzinfo=tallinn), "before noon")
    note(store, datetime(2026, 11, 23, 12, 1, tzinfo=UTC), "after noon")
    with store.read() as connection:
        found = connection.scalars(select(problems.c.place).where(problems.c.noted_at < NOON.astimezone(tallinn))).all()
    assert found == ["before noon"]


def test_a_moment_without_a_zone_is_refused(store: Store) -> None:
    store.prepare()
    with pytest.raises(StatementError, match="a moment without a time zone"):
        note(store, datetime(2026, 11, 23, 12, 0))  # noqa: DTZ001
    with store.read() as connection, pytest.raises(StatementError, match="a moment without a time zone"):
        connection.execute(select(problems).where(problems.c.noted_at < datetime(2026, 11, 23)))  # noqa: DTZ001


def test_a_transaction_that_throws_leaves_nothing(store: Store) -> None:
    store.prepare()
    row = {"source": "a", "kind": "gap", "place": "b", "why": "c", "noted_at": NOON}
    with pytest.raises(IntegrityError), store.write() as connection:
        connection.execute(insert(problems), [row, row | {"place": "d"}, row])
    with store.read() as connection:
        assert connection.execute(select(problems)).all() == []


def test_rows_that_are_there_already_are_counted_out(store: Store) -> None:
    store.prepare()
    rows = [{"source": "a", "kind": "gap", "place": place, "why": "c", "noted_at": NOON} for place in "xyz"]
    with store.write() as connection:
        assert len(store.insert_new(connection, problems, rows[:2], ["source", "kind", "place"])) == 2
        assert [row.place for row in store.insert_new(connection, problems, rows, ["source", "kind", "place"])] == ["z"]
        assert store.insert_new(connection, problems, [], ["source"]) == []


def test_a_replaced_row_stands_in_the_place_of_the_old_one(store: Store) -> None:
    store.prepare()
    row = {"name": "export", "cursor": {}, "polls": 0, "failures": 0, "next_poll_at": NOON, "recheck_at": NOON}
    with store.write() as connection:
        for polls in (1, 2):
            store.replace(connection, sources, [row | {"polls": polls}], "name")
        assert connection.execute(select(sources.c.name, sources.c.polls)).all() == [("export", 2)]


def test_writers_wait_for_each_other_and_lose_nothing(store: Store) -> None:
    store.prepare()
    note(store, NOON)

    def count_up(_: int) -> None:
        with store.write() as connection:
            number = connection.scalar(select(problems.c.why).with_for_update())
            now = {"why": str(int(number) + 1) if number and number.isdigit() else "1"}
            connection.execute(problems.update().values(now))

    with ThreadPoolExecutor(4) as people:
        list(people.map(count_up, range(40)))
    with store.read() as connection:
        assert connection.scalar(select(problems.c.why)) == "40"


def test_many_threads_may_open_an_empty_database_at_once(empty_database: str) -> None:
    def open_it(_: int) -> list[str]:
        store = Store(empty_database)
        try:
            store.prepare()
            return store.pending()
        finally:
            store.close()

    with ThreadPoolExecutor(6) as people:
        assert list(people.map(open_it, range(6))) == [[]] * 6


def test_many_processes_may_open_an_empty_database_at_once(empty_database: str) -> None:
    opening = "import sys; from monitor.store import Store; s = Store(sys.argv[1]); s.prepare(); print(s.pending())"
    line = [sys.executable, "-c", opening, empty_database]
    started = [
        subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert [process.communicate(timeout=100) for process in started] == [("[]\n", "")] * 3


@pytest.mark.parametrize(
    "url", ["", "monitor.db", "mysql://h/x", "postgresql://h:port/x", "sqlite+nosuch:///x", "oracle://x"]
)
def test_an_address_that_no_database_has_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        address(url)
    with pytest.raises(StoreError):
        Store(url)


def test_an_error_is_told_in_one_line_without_secrets() -> None:
    store = Store("sqlite://", lambda said: said.replace("hunter2", "•••"))
    assert store.tell(StoreError("bad\n password hunter2")) == "bad password •••"
    assert store.tell(OSError("disk hunter2")) == "OSError: disk •••"
    assert store.tell(ValueError("")) == "ValueError: no message"
    assert len(store.tell(ValueError("x" * 9999))) == 1000
    store.close()


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    store = Store("postgresql://care:hunter2@127.0.0.1:1/monitor")
    with pytest.raises(StoreError, match=r"postgresql\+psycopg://care:\*\*\*@127.0.0.1:1/monitor can't be opened"):
        store.prepare()
    with pytest.raises(OperationalError), store.read():
        pass
    store.close()
