"""The way in and out for people: sign-in by password or one-time link, sessions, sign-out."""

from collections.abc import Callable
from datetime import timedelta
from getpass import getuser
from hmac import compare_digest
from math import ceil
from secrets import token_urlsafe
from threading import Lock
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from monitor import accounts
from monitor.accounts import Refused, Role, TooMany, User
from monitor.app import App
from monitor.web.look import page
from monitor.web.oidc import Person, Provider, Unwelcome

LINK_LASTS = timedelta(minutes=10)
VISIT_LASTS = timedelta(minutes=10)
"""How long somebody may be at the provider."""
BACK = "/sign-in/back"
"""Where the provider sends people back to."""

Name = Annotated[str, Form(max_length=accounts.LONGEST_NAME)]
Secret = Annotated[str, Form(max_length=accounts.LONGEST_PASSWORD)]


class NotSignedIn(Exception):
    """The page is shown to those who are signed in only."""


class NotForThem(Exception):
    """The person is signed in, and their role doesn't reach so far."""


class OneTimeLink:
    """Lets whoever started the server in without a password, once."""

    def __init__(self, app: App) -> None:
        self._secret = token_urlsafe(32)
        self._until = app.clock() + LINK_LASTS
        self._app = app
        self._lock = Lock()

    @property
    def path(self) -> str:
        return f"/sign-in/once/{self._secret}"

    def use(self, secret: str) -> int | None:
        """The account of the login that runs the server, made an admin when it is new; None: spent, or wrong."""
        with self._lock:
            now = self._app.clock()
            if now > self._until or not compare_digest(secret.encode(), self._secret.encode()):
                return None
            self._until = now - LINK_LASTS
        name, store = _login(), self._app.store
        if accounts.account(store, name) is None:
            accounts.add_user(store, name, Role.ADMIN, now)
        return accounts.account(store, name)


class Doors:
    """Who is at the page: by cookie, which only this site's own pages can send."""

    def __init__(self, app: App, link: OneTimeLink | None, provider: Provider | None) -> None:
        self._app = app
        self._link = link
        self._provider = provider
        self._secure = app.config.web.public_url.startswith("https:")
        self._cookie, self._visit = (f"__Host-{name}" if self._secure else name for name in ("session", "visit"))
        self.router = APIRouter(include_in_schema=False)
        self.router.add_api_route("/sign-in", self.ask, methods=["GET"])
        self.router.add_api_route("/sign-in", self.enter, methods=["POST"])
        self.router.add_api_route("/sign-in/once/{secret}", self.ask_once, methods=["GET"])
        self.router.add_api_route("/sign-in/once/{secret}", self.enter_once, methods=["POST"])
        if provider:
            self.router.add_api_route("/sign-in/with", self.send_off, methods=["GET"])
            self.router.add_api_route(BACK, self.come_back, methods=["GET"])
        self.router.add_api_route("/sign-out", self.leave, methods=["POST"])

    def someone(self, request: Request) -> User:
        """Who is signed in. Raises NotSignedIn."""
        secret = request.cookies.get(self._cookie)
        user = accounts.whose_session(self._app.store, secret, self._app.clock()) if secret else None
        if user is None:
            raise NotSignedIn
        return user

    def agent(self, request: Request) -> User:
        return self._only(request, lambda user: user.role.may_act)

    def admin(self, request: Request) -> User:
        return self._only(request, lambda user: user.role is Role.ADMIN)

    def ask(self, next: str = "/") -> Response:
        return self._door(next=next)

    def enter(
        self, request: Request, name: Name = "", password: Secret = "", next: Annotated[str, Form()] = "/"
    ) -> Response:
        address = request.client.host if request.client else ""
        try:
            user = accounts.sign_in(self._app.store, name, password, address, self._app.clock())
        except TooMany as error:
            wait = ceil(error.wait / timedelta(minutes=1))
            wrong = f"Too many wrong tries. Try again in {wait} min."
            answer = self._door(429, next=next, wrong=wrong, name=name)
            answer.headers["Retry-After"] = str(ceil(error.wait.total_seconds()))
            return answer
        if user is None:
            wrong = "This name and password don't fit together."
            return self._door(401, next=next, wrong=wrong, name=name)
        return self.welcome(user, next)

    def ask_once(self, secret: str) -> Response:
        """A button, so that nothing which only looks at links spends it."""
        return self._door(once=f"/sign-in/once/{quote(secret)}")

    def enter_once(self, secret: str) -> Response:
        user = self._link.use(secret) if self._link else None
        if user is None:
            wrong = "This link has been used or is too old. Start `serve` again for another."
            return self._door(401, wrong=wrong)
        return self.welcome(user, "/")

    def send_off(self) -> Response:
        """To the provider, which sends people back to `come_back`."""
        assert self._provider
        try:
            address, visit = self._provider.begin()
        except Unwelcome as error:
            return self._door(502, wrong=str(error))
        answer = RedirectResponse(address, 303)
        self._keep(answer, self._visit, str(visit), VISIT_LASTS)
        return answer

    def come_back(self, request: Request, code: str = "", state: str = "") -> Response:
        assert self._provider
        try:
            person = self._provider.finish(code, state, request.cookies.get(self._visit, ""))
            answer = self.welcome(self._account(person), "/")
        except (Unwelcome, Refused) as error:
            answer = self._door(403, wrong=str(error))
        answer.delete_cookie(self._visit, secure=self._secure, httponly=True, samesite="lax")
        return answer

    def _account(self, person: Person) -> int:
        """Made when they come for the first time. Raises Refused."""
        assert self._provider
        store, role = self._app.store, Role(self._provider.options.role)
        if accounts.account_of(store, person.subject) is None:
            accounts.add_user(store, person.email, role, self._app.clock(), subject=person.subject)
        found = accounts.account_of(store, person.subject)
        assert found is not None
        return found

    def _door(self, status: int = 200, *, next: str = "/", wrong: str = "", name: str = "", once: str = "") -> Response:
        label = self._provider.options.label if self._provider else ""
        return page("sign_in.html", status, next=inside(next), wrong=wrong, name=name, once=once, provider=label)

    def _keep(self, answer: Response, cookie: str, value: str, length: timedelta) -> None:
        seconds = int(length.total_seconds())
        answer.set_cookie(cookie, value, max_age=seconds, secure=self._secure, httponly=True, samesite="lax")

    def welcome(self, user_id: int, next: str) -> Response:
        length = self._app.config.web.session
        secret = accounts.open_session(self._app.store, user_id, self._app.clock(), length)
        answer = RedirectResponse(inside(next), 303)
        self._keep(answer, self._cookie, secret, length)
        return answer

    def leave(self, request: Request) -> Response:
        accounts.close_session(self._app.store, request.cookies.get(self._cookie, ""))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(self._cookie, secure=self._secure, httponly=True, samesite="lax")
        return answer

    def _only(self, request: Request, may: Callable[[User], bool]) -> User:
        user = self.someone(request)
        if not may(user):
            raise NotForThem
        return user


def inside(path: str) -> str:
    """The path when it is one of this site; its first page when it leads elsewhere."""
    parts = urlsplit(path)
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain and not parts.netloc and not parts.scheme else "/"


def _login() -> str:
    try:
        return getuser()
    except (KeyError, OSError):  # a user id without a name, as in a container
        return "admin"
