"""A hub of models on 127.0.0.1: names, commits, files, redirects to another host for weights, and refusals."""

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FILE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
ABOUT = re.compile(r"/api/models/([^/]+/[^/]+?)(?:/revision/([^/]+))?")


@dataclass
class Repository:
    """A model; `gated` and `broken` show its name to all, but not its files."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    gated: bool = False
    private: bool = False
    hangs: bool = False
    status: int = 200

    @property
    def commit(self) -> str:
        return hashlib.sha1(repr(sorted(self.files)).encode()).hexdigest()


@dataclass
class Hub:
    url: str
    warehouse: str
    """The other host, where weights are kept; it must never see who asks."""
    models: dict[str, Repository] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """Requests for what no loading of a model needs."""
    leaked: list[str] = field(default_factory=list)
    """Tokens that the warehouse was shown."""
    closing: threading.Event = field(default_factory=threading.Event)

    def publish(self, name: str, folder: Path, **extra: bytes) -> None:
        files = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.models[name] = Repository(files | {key.replace("__", "."): value for key, value in extra.items()})


class _Door(BaseHTTPRequestHandler):
    server: "_Host"
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_HEAD(self) -> None:
        self._serve(body=False)

    def do_GET(self) -> None:
        self._serve(body=True)

    def _serve(self, body: bool) -> None:
        hub, path = self.server.hub, self.path.partition("?")[0]
        if self.headers["host"] == hub.warehouse.removeprefix("http://"):
            if token := self.headers.get("authorization"):
                hub.leaked.append(token)
            name, file = re.fullmatch(r"/([^/]+/[^/]+)/(.+)", path).groups()  # type: ignore[union-attr]
            hub.fetched.append(file)
            self._send(200, hub.models[name].files[file], body=body)
        elif about := ABOUT.fullmatch(path):
            if model := self._model(about[1], about[2]):
                siblings = [{"rfilename": file} for file in model.files]
                self._send(
                    200, json.dumps({"id": about[1], "sha": model.commit, "siblings": siblings}).encode(), body=body
                )
        elif wanted := FILE.fullmatch(path):
            if model := self._model(wanted[1], wanted[2]):
                self._file(model, wanted[1], wanted[3], body)
        else:
            hub.strangers.append(path)
            self._send(404, b"", body=body)

    def _model(self, name: str, revision: str | None) -> Repository | None:
        """The model, or None and a refusal sent."""
        hub = self.server.hub
        model = hub.models.get(name)
        if model is None or (model.private and not self.headers.get("authorization")):
            self._send(401, b"", {"x-error-code": "RepoNotFound"})
        elif model.private:
            self._send(401, b"", {"x-error-message": "Invalid credentials in Authorization header"})
        elif model.hangs:
            hub.closing.wait()
        elif model.status != 200:
            self._send(model.status, b"")
        elif revision not in (None, "main", model.commit):
            self._send(404, b"", {"x-error-code": "RevisionNotFound"})
        else:
            return model
        return None

    def _file(self, model: Repository, name: str, file: str, body: bool) -> None:
        hub = self.server.hub
        if model.gated:
            self._send(403, b"", {"x-error-code": "GatedRepo"}, body=body)
        elif file not in model.files:
            self._send(404, b"", {"x-error-code": "EntryNotFound", "x-repo-commit": model.commit}, body=body)
        else:
            content = model.files[file]
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            told = {"x-repo-commit": model.commit, "etag": etag}
            hub.fetched += [file] if body else []
            if file.endswith((".safetensors", ".bin")):
                told |= {"location": f"{hub.warehouse}/{name}/{file}", "x-linked-etag": etag}
                self._send(302, b"", told | {"x-linked-size": str(len(content))}, body=body)
            else:
                self._send(200, content, told, body=body)

    def _send(self, status: int, content: bytes, told: Mapping[str, str] | None = None, *, body: bool = True) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(content)), **(told or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


class _Host(ThreadingHTTPServer):
    daemon_threads = True
    hub: Hub

    def handle_error(self, *_: object) -> None:
        """A client that gave up waiting is no news."""


@contextmanager
def model_hub() -> Iterator[Hub]:
    host = _Host(("127.0.0.1", 0), _Door)
    host.hub = Hub(f"http://127.0.0.1:{host.server_port}", f"http://localhost:{host.server_port}")
    thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield host.hub
    finally:
        host.hub.closing.set()
        host.shutdown()
        host.server_close()
        thread.join()
