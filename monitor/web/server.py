"""Puts pages, API and guards together, and serves them until told to stop."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from socket import AF_INET6, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY, create_server, getaddrinfo, socket
from urllib.parse import quote, urlsplit

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from monitor.app import App
from monitor.web.api import api
from monitor.web.doors import BACK, Doors, NotForThem, NotSignedIn, OneTimeLink
from monitor.web.guard import SAFE, Guard, Smaller
from monitor.web.look import page
from monitor.web.oidc import Provider
from monitor.web.pages import Pages

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
LARGEST = 1_000_000
"""Bytes of a request's body."""
SLOWEST_END = 3
"""Seconds that answers under way have to end."""


class Server:
    """The server, listening from the moment it is made."""

    def __init__(self, app: App) -> None:
        """Port 0 takes a free one. Raises OSError when the address can't be listened at."""
        web = app.config.web
        family = getaddrinfo(web.host, web.port, type=SOCK_STREAM)[0][0]
        try:
            self._socket: socket = create_server((web.host, web.port), family=family)
        except OSError as error:
            raise OSError(error.errno, error.strerror, f"web: listen: {web.listen}") from None
        # asyncio does so only for sockets that were made by the protocol's name; else an answer's end waits for 40 ms.
        self._socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        port = self._socket.getsockname()[1]
        host = f"[{web.host}]" if family == AF_INET6 else web.host
        self.local_url = f"http://{host}:{port}"
        self.url = web.public_url or self.local_url
        self.link = OneTimeLink(app) if web.local else None
        self._server = uvicorn.Server(
            uvicorn.Config(
                application(app, self.link, self.url, lambda: self._server.should_exit),
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=SLOWEST_END,
            )
        )

    def run(self) -> None:
        """Until SIGTERM or SIGINT, or `stop`."""
        with self._socket:
            self._server.run([self._socket])

    def stop(self) -> None:
        self._server.should_exit = True


def application(app: App, link: OneTimeLink | None, url: str, ending: Callable[[], bool]) -> ASGIApp:
    """Pages, and the API below them at /api/v1."""
    oidc = app.config.web.oidc
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    doors = Doors(app, link, Provider(oidc, url + BACK, app.clock) if oidc else None)
    site.include_router(doors.router)
    site.include_router(Pages(app, doors, ending).router)
    site.mount("/api/v1", api(app))
    site.mount("/static", StaticFiles(directory=STATIC))
    site.add_exception_handler(NotSignedIn, _ask_to_sign_in)
    site.add_exception_handler(NotForThem, lambda *_: _problem(403, "Your role does not allow this."))
    site.add_exception_handler(RequestValidationError, lambda *_: _problem(422, "This address or form makes no sense."))
    site.add_exception_handler(HTTPException, _http_problem)
    inner = TrustedHostMiddleware(Smaller(site, LARGEST), _hosts(app), www_redirect=False)
    return Guard(inner, app.config.web.public_url)


def _hosts(app: App) -> Sequence[str]:
    """Names under which the site may be asked for: no other site can pretend to be this one by its own name."""
    web = app.config.web
    local = ["127.0.0.1", "localhost", "[::1]", web.host] if web.local else []
    return [*local, *([urlsplit(web.public_url).hostname or ""] if web.public_url else [])]


def _ask_to_sign_in(request: Request, _: Exception) -> Response:
    if request.url.path == "/live":
        return Response(status_code=401)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    safe = request.method in SAFE and back != "/"
    return RedirectResponse(f"/sign-in?next={quote(back)}" if safe else "/sign-in", 303)


def _http_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, "There is no such page." if error.status_code == 404 else str(error.detail))


def _problem(status: int, what: str) -> Response:
    return page("problem.html", status, user=None, now=None, what=what)
