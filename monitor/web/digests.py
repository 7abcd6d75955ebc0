"""The weekly digests that are kept, to be read in the browser by those who are signed in."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

READING = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""A digest brings its style and its charts with it, and no script."""


def kept(state: Path) -> list[str]:
    """The names of the digests, the latest week first; each is there as a page and as a PDF."""
    names = [path.stem for path in (state / "digests").glob("*.html")]
    return sorted(names, key=lambda name: (name[-8:], name), reverse=True)


def digest(state: Path, name: str) -> Response:
    """One of them, by its name and ending. Raises HTTPException when it is not there."""
    stem, _, kind = name.rpartition(".")
    if kind not in ("html", "pdf") or stem not in kept(state):
        raise HTTPException(404)
    looks = {"Content-Security-Policy": READING} if kind == "html" else {}
    return FileResponse(state / "digests" / name, headers=looks)
