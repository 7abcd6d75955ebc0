"""Who may come in: accounts and their passwords, sessions and tokens; of secrets only digests are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from hashlib import sha256
from secrets import token_urlsafe
from threading import BoundedSemaphore
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from connectors.base import storable
from monitor.schema import refused, sessions, tokens, users
from monitor.store import Store

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000
LONGEST_NAME = 100
PATIENCE = timedelta(minutes=15)
"""For so long failures are counted."""
TRIES_A_NAME, TRIES_AN_ADDRESS = 10, 30
"""Failures within that time after which a name, or an address, has to wait."""

_at_once = BoundedSemaphore(2)
"""Passwords checked at the same time: each check takes 64 MB."""


class Role(StrEnum):
    VIEWER = "viewer"
    """Reads."""
    AGENT = "agent"
    """Reads, and acts on cases."""
    ADMIN = "admin"
    """All that, and says who else may come in."""

    @property
    def may_act(self) -> bool:
        return self is not Role.VIEWER


class Scope(StrEnum):
    READ = "read"
    ACT = "act"


class Refused(Exception):
    """The account or token can't be made or changed so; the message says why."""


class TooMany(Exception):
    """Too many failures to sign in: not before `wait` is over."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may come in."""

    id: int
    name: str
    role: Role
    created_at: datetime
    sessions: int = 0
    """Places where they are signed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A program that may come in."""

    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None


def add_user(store: Store, name: str, role: Role, now: datetime, *, password: str = "", subject: str = "") -> None:
    """Without a password the account can only be entered by a link or a provider's `subject`. Raises Refused."""
    row = {
        "name": _fitting(name),
        "role": role,
        "password": hashed(password) if password else None,
        "subject": subject or None,
        "created_at": now,
    }
    try:
        with store.write() as connection:
            connection.execute(insert(users).values(row))
    except IntegrityError:
        raise Refused(f"there is an account {name!r} already") from None


def change_user(store: Store, name: str, *, role: Role | None = None, password: str = "") -> None:
    """A new password ends the account's sessions. Raises Refused."""
    values = ({"role": role} if role else {}) | ({"password": hashed(password)} if password else {})
    with store.write() as connection:
        if not connection.execute(update(users).where(users.c.name == name).values(values)).rowcount:
            raise Refused(f"there is no account {name!r}")
        if password:
            connection.execute(delete(sessions).where(sessions.c.user_id == _id_of(name)))


def remove_user(store: Store, name: str) -> None:
    """At once, everywhere; what they did to cases stays told with their name. Raises Refused."""
    with store.write() as connection:
        connection.execute(delete(sessions).where(sessions.c.user_id == _id_of(name)))
        if not connection.execute(delete(users).where(users.c.name == name)).rowcount:
            raise Refused(f"there is no account {name!r}")


def all_users(store: Store, now: datetime) -> list[User]:
    signed_in = (
        select(func.count()).where(sessions.c.user_id == users.c.id, sessions.c.expires_at > now).scalar_subquery()
    )
    statement = select(users.c.id, users.c.name, users.c.role, users.c.created_at, signed_in.label("sessions"))
    with store.read() as connection:
        rows = connection.execute(statement.order_by(users.c.name)).all()
    return [_user(row, sessions=row.sessions) for row in rows]


def colleagues(store: Store) -> list[str]:
    """Whom a case can be given to."""
    with store.read() as connection:
        names = select(users.c.name).where(users.c.role != Role.VIEWER)
        return list(connection.scalars(names.order_by(users.c.name)))


def hashed(password: str) -> str:
    """Raises Refused for a password that is too short or too long."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Refused(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return PasswordHasher().hash(password.encode("utf-8", "replace"))


def sign_in(store: Store, name: str, password: str, address: str, now: datetime) -> int | None:
    """The account's id; None when name and password don't fit, which is counted. Raises TooMany.

    It takes the same time whether the name is known or not.
    """
    name = storable(name)[:LONGEST_NAME]
    watched = ((f"name {name.casefold()}", TRIES_A_NAME), (f"address {address}"[:200], TRIES_AN_ADDRESS))
    _must_have_patience(store, watched, now)
    with store.read() as connection:
        row = connection.execute(select(users.c.id, users.c.password).where(users.c.name == name)).one_or_none()
    fits = _fits(row.password if row and row.password else _nobodys(), password)
    with store.write() as connection:
        if row is None or row.password is None or not fits:
            connection.execute(insert(refused), [{"who": who, "at": now} for who, _ in watched])
            return None
        connection.execute(delete(refused).where((refused.c.who == watched[0][0]) | (refused.c.at < now - PATIENCE)))
        return int(row.id)


def account(store: Store, name: str) -> int | None:
    with store.read() as connection:
        return connection.scalar(select(users.c.id).where(users.c.name == name))


def account_of(store: Store, subject: str) -> int | None:
    """The account that somebody has at the OpenID Connect provider."""
    with store.read() as connection:
        return connection.scalar(select(users.c.id).where(users.c.subject == subject))


def open_session(store: Store, user_id: int, now: datetime, length: timedelta) -> str:
    """The cookie's value, which is kept nowhere."""
    secret = token_urlsafe(32)
    row = {"digest": digest(secret), "user_id": user_id, "created_at": now, "expires_at": now + length}
    with store.write() as connection:
        connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
        connection.execute(insert(sessions).values(row))
    return secret


def close_session(store: Store, secret: str) -> None:
    with store.write() as connection:
        connection.execute(delete(sessions).where(sessions.c.digest == digest(secret)))


def whose_session(store: Store, secret: str, now: datetime) -> User | None:
    """Who is signed in with this cookie."""
    statement = (
        select(users.c.id, users.c.name, users.c.role, users.c.created_at)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(sessions.c.digest == digest(secret), sessions.c.expires_at > now)
    )
    with store.read() as connection:
        row = connection.execute(statement).one_or_none()
    return _user(row) if row else None


def add_token(store: Store, name: str, scopes: Sequence[Scope], now: datetime, length: timedelta) -> str:
    """The token, which is kept nowhere. Raises Refused."""
    secret = f"cmt_{token_urlsafe(32)}"
    row = {
        "name": _fitting(name),
        "digest": digest(secret),
        "scopes": sorted(set(scopes)),
        "created_at": now,
        "expires_at": now + length,
    }
    try:
        with store.write() as connection:
            connection.execute(insert(tokens).values(row))
    except IntegrityError:
        raise Refused(f"there is a token {name!r} already") from None
    return secret


def remove_token(store: Store, name: str) -> None:
    """Raises Refused."""
    with store.write() as connection:
        if not connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount:
            raise Refused(f"there is no token {name!r}")


def all_tokens(store: Store) -> list[Token]:
    with store.read() as connection:
        rows = connection.execute(select(tokens).order_by(tokens.c.name)).all()
    return [_token(row) for row in rows]


def whose_token(store: Store, secret: str, now: datetime) -> Token | None:
    """Which program shows this token; that it was used is noted, to the hour."""
    with store.read() as connection:
        row = connection.execute(select(tokens).where(tokens.c.digest == digest(secret))).one_or_none()
    if row is None or row.expires_at <= now:
        return None
    if row.used_at is None or now - row.used_at > timedelta(hours=1):
        with store.write() as connection:
            connection.execute(update(tokens).where(tokens.c.name == row.name).values(used_at=now))
    return _token(row)


def digest(secret: str) -> str:
    """Of a long random secret, which nobody guesses: a quick hash is enough."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()


def _user(row: Any, sessions: int = 0) -> User:
    return User(id=row.id, name=row.name, role=Role(row.role), created_at=row.created_at, sessions=sessions)


def _token(row: Any) -> Token:
    return Token(
        name=row.name,
        scopes=frozenset(map(Scope, row.scopes)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


def _fitting(name: str) -> str:
    if not name.strip() or name != storable(name).strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(f"a name has 1 to {LONGEST_NAME} plain characters, with no space around them")
    return name


def _id_of(name: str) -> Any:
    return select(users.c.id).where(users.c.name == name).scalar_subquery()


def _must_have_patience(store: Store, watched: Sequence[tuple[str, int]], now: datetime) -> None:
    """Raises TooMany until the oldest of too many failures has been forgotten."""
    recent = refused.c.at > now - PATIENCE
    with store.read() as connection:
        for who, tries in watched:
            last = select(refused.c.at).where(refused.c.who == who, recent).order_by(refused.c.at.desc())
            nth = connection.scalar(last.offset(tries - 1).limit(1))
            if nth is not None:
                raise TooMany(nth + PATIENCE - now)


def _fits(known: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        with _at_once:
            return PasswordHasher().verify(known, password.encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    """A password's hash that nothing fits."""
    return PasswordHasher().hash(token_urlsafe(32))
