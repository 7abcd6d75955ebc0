"""Databases with their tables in them, for tests that need many: migrated once, then copied."""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from monitor.store import Store


def fresh(folder: Path) -> str:
    """The address of a new SQLite database in the folder."""
    shutil.copy(_migrated(), folder / "monitor.db")
    return f"sqlite:///{folder / 'monitor.db'}"


@cache
def _migrated() -> Path:
    path = Path(mkdtemp()) / "monitor.db"
    atexit.register(shutil.rmtree, path.parent)
    migrate(f"sqlite:///{path}")
    return path


def migrate(address: str) -> None:
    """Makes the tables."""
    store = Store(address)
    store.prepare()
    store.close()
