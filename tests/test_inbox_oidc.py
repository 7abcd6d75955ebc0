"""Stories of people who sign in at a provider such as Slack, and of those who only pretend to."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import RSAKey

from connectors.base import Secret
from monitor import accounts
from monitor.accounts import Role
from monitor.config.model import Oidc as Options
from tests.databases import fresh
from tests.desk import Desk
from tests.inbox import Inbox
from tests.servers.oidc import CLIENT, SECRET, Oidc


class Way:
    """An inbox and a provider, and somebody's browser between them."""

    def __init__(self, served: Inbox, provider: Oidc) -> None:
        self.served = served
        self.provider = provider
        self.browser = served.visitor()

    def through(self) -> httpx.Response:
        """What the inbox says when the person comes back."""
        return self.browser.get(self.consent())

    def consent(self) -> str:
        """The address at which the person comes back."""
        away = self.browser.get("/sign-in/with")
        assert away.status_code == 303, away.text
        assert away.headers["location"].startswith(self.provider.issuer)
        return httpx.get(away.headers["location"]).headers["location"]

    @property
    def people(self) -> dict[str, Role]:
        store, now = self.served.desk.app.store, self.served.desk.clock()
        return {user.name: user.role for user in accounts.all_users(store, now)}


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    desk = Desk(fresh(tmp_path), tmp_path)
    with Oidc(desk.clock) as provider:
        options = Options(
            issuer=provider.issuer,
            client_id=CLIENT,
            client_secret=Secret(SECRET),
            domains=("lainepost.example",),
            role="agent",
        )
        with Inbox(desk, oidc=options) as served:
            yield Way(served, provider)


def test_a_colleague_signs_in_with_slack_and_is_known_again(way: Way) -> None:
    assert "Sign in with Slack" in way.browser.get("/sign-in").text
    for _ in range(2):
        assert way.through().headers["location"] == "/"
        assert "kati@lainepost.example" in way.browser.get("/").text
        way.browser.post("/sign-out")
    assert way.people == {"kati@lainepost.example": Role.AGENT}


def test_what_an_admin_made_of_somebody_stays(way: Way) -> None:
    way.through()
    accounts.change_user(way.served.desk.app.store, "kati@lainepost.example", role=Role.VIEWER)
    way.through()
    assert way.people == {"kati@lainepost.example": Role.VIEWER}


@pytest.mark.parametrize(
    "person",
    [
        {"email": "kati@evil.example"},
        {"email": "kati@lainepost.example.evil.example"},
        {"email_verified": False},
        {"email_verified": None},
        {"email": ""},
    ],
)
def test_somebody_of_another_house_is_not_let_in(way: Way, person: dict[str, Any]) -> None:
    way.provider.person |= person
    answer = way.through()
    assert answer.status_code == 403
    assert "not one of those that are let in" in answer.text
    assert way.people == {}


SPOILT: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "for another program": lambda claims: claims | {"aud": "another"},
    "by another provider": lambda claims: claims | {"iss": "https://evil.example"},
    "of another sign-in": lambda claims: claims | {"nonce": "old"},
    "too old": lambda claims: claims | {"exp": claims["iat"] - 600},
    "without an end": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "of nobody": lambda claims: {name: value for name, value in claims.items() if name != "sub"},
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_word_that_is_not_meant_for_us_now_is_not_believed(way: Way, how: str) -> None:
    way.provider.spoil = SPOILT[how]
    answer = way.through()
    assert answer.status_code == 403
    assert "did not confirm" in answer.text
    assert SECRET not in answer.text
    assert way.people == {}


def test_a_word_that_somebody_else_signed_is_not_believed(way: Way) -> None:
    way.provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
    assert way.through().status_code == 403


def test_nobody_comes_in_by_the_way_back_of_another(way: Way) -> None:
    back = way.consent()
    stranger = way.served.visitor()
    assert stranger.get(back).status_code == 403
    stranger.get("/sign-in/with")
    assert stranger.get(back).status_code == 403
    assert way.browser.get(back).status_code == 303
    assert way.browser.get(back).status_code == 403


def test_a_provider_that_is_down_is_said_in_words(way: Way) -> None:
    way.provider.__exit__()
    answer = way.browser.get("/sign-in/with")
    assert answer.status_code == 502
    assert "Slack can&#39;t be reached" in answer.text
