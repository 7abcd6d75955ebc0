"""A served inbox in a test: the real server on a free port, and people and programs who come to it."""

from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from monitor import accounts
from monitor.accounts import Role, Scope
from monitor.config.model import Web
from monitor.web.server import Server
from tests.databases import fresh
from tests.desk import Desk, minutes
from tests.test_joins import elsewhere

PASSWORD = "kolm väikest põrsakest"


def desk_at(folder: Path) -> Desk:
    """A care desk on a new SQLite database: Mari has waited for ten minutes, Tom for seventy."""
    desk = Desk(fresh(folder), folder)
    desk.post("my parcel is late, where is it", "mari", ago=10, lang="en", followers=12)
    desk.post("=HYPERLINK broken phone", "tom", ago=70)
    desk.tick()
    return desk


def joined_at(desk: Desk) -> tuple[int, int]:
    """Mari's case, with what she wrote on Reddit joined to it, and the case that was there for that before."""
    elsewhere(desk, "still late, and the locker is broken", "mari_maasikas", "reddit", ago=5)
    desk.tick(1)
    number = {story.case.author: story.case.id for story in desk.stories}
    desk.app.join(number["mari"], number["mari_maasikas"], "rein")
    return number["mari"], number["mari_maasikas"]


class Inbox:
    """The inbox of a desk. Its server runs until the story ends."""

    def __init__(self, desk: Desk, **web: Any) -> None:
        self.desk = desk
        desk.config = replace(desk.config, web=Web(**{"listen": "127.0.0.1:0", **web}))
        desk.restart()
        self.server = Server(desk.app)
        self.url = self.server.local_url
        self._thread = Thread(target=self.server.run, daemon=True)
        self._clients: list[httpx.Client] = []

    def __enter__(self) -> "Inbox":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.close()
        self.server.stop()
        self._thread.join(20)
        self.desk.app.close()

    def account(self, name: str, role: Role = Role.AGENT, password: str = PASSWORD) -> str:
        accounts.add_user(self.desk.app.store, name, role, self.desk.clock(), password=password)
        return name

    def key(self, name: str, role: Role = Role.AGENT) -> str:
        """The cookie of somebody who has signed in; without a password, whose check takes a while by design."""
        store = self.desk.app.store
        number = accounts.account(store, self.account(name, role, password=""))
        assert number
        return accounts.open_session(store, number, self.desk.clock(), self.desk.config.web.session)

    def visitor(self, **headers: str) -> httpx.Client:
        """A browser, as far as headers go, that has not signed in."""
        client = httpx.Client(base_url=self.url, headers={"Origin": self.url} | headers, timeout=20)
        self._clients.append(client)
        return client

    def person(self, name: str, role: Role = Role.AGENT) -> httpx.Client:
        """Somebody who has signed in."""
        client = self.visitor()
        client.cookies.set("session", self.key(name, role), domain="127.0.0.1")
        return client

    def program(self, *scopes: Scope, name: str = "robot") -> httpx.Client:
        """A program with a token of these scopes."""
        token = accounts.add_token(self.desk.app.store, name, scopes, self.desk.clock(), minutes(60))
        client = self.visitor(Authorization=f"Bearer {token}")
        client.base_url = f"{self.url}/api/v1"
        return client
