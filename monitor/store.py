"""The database: how it is opened, brought to the program's schema, read and written."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ColumnElement, Connection, Engine, Row, Table, create_engine, event, inspect, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError

_MIGRATIONS = Path(__file__).parent / "migrations"


class StoreError(Exception):
    """The database cannot be used; the message says what to do."""


def address(url: str) -> URL:
    """The parsed address of a database that this program can use. Raises StoreError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("not an address such as sqlite:///state/monitor.db or postgresql://user@host/name") from None
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
        raise StoreError(f"can be sqlite or postgresql, not {parsed.drivername}")
    return parsed


class Store:
    """One database, shared by any number of processes.

    `write` transactions are taken up front on SQLite (BEGIN IMMEDIATE), so that two writers wait for each other
    and never fail half way; on PostgreSQL rows are locked by the statements that need it.
    """

    def __init__(self, url: str, blot: Callable[[str], str] = str) -> None:
        """`blot` takes secrets out of a text: whatever an error says goes through it before it is kept.

        Raises StoreError for an address that no database can be reached at.
        """
        self.blot = blot
        parsed = address(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        if self.sqlite and parsed.database:
            _make_folder(Path(parsed.database).parent)
        self.engine: Engine = create_engine(parsed, pool_pre_ping=not self.sqlite)
        self.address = parsed.render_as_string(hide_password=True)
        if self.sqlite:
            _tune_sqlite(self.engine)
        self._write_engine = self.engine.execution_options(write=True)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits as a whole at the end, or not at all."""
        with self._write_engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; nothing is kept of what is done in it."""
        with self.engine.connect() as connection:
            yield connection

    def insert_new(
        self,
        connection: Connection,
        table: Table,
        rows: Sequence[dict[str, Any]],
        unique: Sequence[str],
        renew: ColumnElement[bool] | None = None,
    ) -> Sequence[Row[Any]]:
        """Inserts the rows whose `unique` columns are not there yet, and gives these back as they are stored.

        A row that is there, but for which `renew` holds, is written anew and given back too.
        """
        if not rows:
            return []
        dialect = sqlite if self.sqlite else postgresql
        statement = dialect.insert(table)
        if renew is None:
            statement = statement.on_conflict_do_nothing(index_elements=list(unique))
        else:
            new = {name: statement.excluded[name] for name in rows[0]}
            statement = statement.on_conflict_do_update(index_elements=list(unique), set_=new, where=renew)
        return connection.execute(statement.returning(table), list(rows)).all()

    def replace(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]], unique: str) -> None:
        """Inserts rows of the same columns, each in the place of the one with the same `unique` column, if any."""
        if not rows:
            return
        dialect = sqlite if self.sqlite else postgresql
        statement = dialect.insert(table)
        new = {name: statement.excluded[name] for name in rows[0]}
        connection.execute(statement.on_conflict_do_update(index_elements=[unique], set_=new), list(rows))

    def tell(self, error: BaseException) -> str:
        """An error in one short line, without secrets; our own errors speak for themselves."""
        if isinstance(error, DBAPIError) and error.orig is not None:
            error = error.orig
        text = str(error).strip() or "no message"
        if type(error).__module__.partition(".")[0] not in ("connectors", "classifiers", "alerts", "monitor"):
            text = f"{type(error).__name__}: {text}"
        return self.blot(" ".join(text.split()))[:1000]

    def pending(self) -> list[str]:
        """The migrations that the database still wants, oldest first.

        Raises StoreError when it is newer than this program, or can't be opened.
        """
        with self._connected() as connection:
            current = None
            if inspect(connection).has_table("alembic_version"):
                current = connection.scalar(text("SELECT version_num FROM alembic_version"))
        known = sorted(path.stem for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
        numbers = [name.partition("_")[0] for name in known]
        if current is None:
            return known
        if current not in numbers:
            raise StoreError(
                f"the database {self.address} has schema {current}, newer than this program knows "
                f"({numbers[-1]}): upgrade the program"
            )
        return known[numbers.index(current) + 1 :]

    def upgrade(self, name: str | None = None) -> None:
        """Brings the schema to the program's, or only as far as one migration; a broken-off one leaves no trace."""
        from alembic import command  # a quarter of a second, and seldom needed
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        with self.write() as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(4242)"))
            config.attributes["connection"] = connection
            command.upgrade(config, name.partition("_")[0] if name else "head")

    def prepare(self) -> None:
        """Makes sure that the schema fits: by itself on SQLite or an empty database, else StoreError says how."""
        with self._connected() as connection:  # before asking what is pending: another process may be at it
            empty = not inspect(connection).get_table_names()
        pending = self.pending()
        if not pending:
            return
        if not (self.sqlite or empty):
            raise StoreError(
                f"the database {self.address} is older than this program ({len(pending)} migrations behind): "
                "run `python -m monitor db upgrade`"
            )
        self.upgrade()

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            cause = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
            raise StoreError(f"the database {self.address} can't be opened: {cause}") from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the database's folder {folder} can't be made: {error.strerror}") from None


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # transactions are begun below, not by the driver
        cursor = raw.cursor()
        cursor.execute("PRAGMA busy_timeout = 60000")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
