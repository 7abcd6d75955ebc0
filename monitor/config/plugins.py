"""Finds the class behind a section's `type`: one module of a folder, one class in it. There is no list to edit."""

import inspect
import pkgutil
from importlib import import_module
from typing import TypeVar

T = TypeVar("T")


class NoPlugin(Exception):
    """No module of that name holds such a class; the message names those that do."""


def find(room: str, type_: str, base: type[T]) -> type[T]:
    """The subclass of `base` that the module `room.type_` defines. Raises NoPlugin."""
    if type_ not in names(room):
        raise NoPlugin(type_)
    found = defined(f"{room}.{type_}", base)
    if found is None:
        raise NoPlugin(type_)
    return found


def defined(module: str, base: type[T]) -> type[T] | None:
    """The concrete subclass of `base` that the module itself defines, if any."""
    for _, value in inspect.getmembers(import_module(module), inspect.isclass):
        if issubclass(value, base) and value.__module__ == module and not inspect.isabstract(value):
            return value
    return None


def names(room: str) -> list[str]:
    """The modules of a folder, by name alone: nothing is imported. Private ones (`_x_api`) are parts of others."""
    found = [module.name for module in pkgutil.iter_modules(import_module(room).__path__) if not module.ispkg]
    return sorted(name for name in found if name != "base" and not name.startswith("_"))
