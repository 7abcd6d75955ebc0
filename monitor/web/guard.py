"""What every answer tells the browser to forbid, and which requests other sites may not have it send."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Refuses what a page of another site makes a browser send, and forbids pages all they don't need.

    Browsers say where a request comes from in Sec-Fetch-Site, or at least in Origin; one that says neither and brings
    a cookie is refused too.
    """

    def __init__(self, app: ASGIApp, public_url: str) -> None:
        self._app = app
        self._public = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers["Cache-Control"] = "no-cache" if scope["path"].startswith("/static/") else "no-store"
                if self._public.startswith("https:"):
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        if scope["method"] not in SAFE and not self._from_here(Headers(scope=scope)):
            await PlainTextResponse("This request came from another site.", 403)(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)

    def _from_here(self, headers: Headers) -> bool:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            return site in ("same-origin", "none")
        if origin is not None:
            return urlsplit(origin).netloc in {headers.get("host"), urlsplit(self._public).netloc} - {""}
        return "cookie" not in headers


class Smaller:
    """Refuses requests whose body is larger than anything that is asked for here, before it has been kept."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        """`largest` in bytes."""
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > self._largest:
            await PlainTextResponse("This is too large.", 413)(scope, receive, send)
            return
        got = 0

        async def counted() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get("body", b""))
            if got > self._largest:  # sent in pieces, without its length
                return {"type": "http.disconnect"}
            return message

        await self._app(scope, counted, send)
