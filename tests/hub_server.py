"""A hub on this machine that holds repositories in memory, for the client of huggingface_hub."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlparse

import pytest
from huggingface_hub import constants

SHA = "0" * 39 + "1"


@dataclass
class Hub:
    """Repositories by name, each with the content of its files, and what was asked.

    `broken` are files that come with other content than the hub describes; `status` is what a
    request is answered with that would change something.
    """

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    status: int = 200


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def do_HEAD(self) -> None:
        self._file(body=False)

    def do_GET(self) -> None:
        parts = urlparse(self.path).path.strip("/").split("/")
        if parts[:2] != ["api", "models"]:
            self._file(body=True)
            return
        name = "/".join(parts[2:4])
        if name not in self.hub.files or parts[5:6] not in ([], [SHA]):
            self._answer(404, {"error": "none"}, **{"X-Error-Code": "RepoNotFound"})
            return
        if parts[4:5] == ["tree"]:
            self._answer(200, [
                {"type": "file", "path": path, "size": len(data), "oid": _blob(data)}
                for path, data in self.hub.files[name].items()
            ])  # fmt: skip
            return
        siblings = [
            {"rfilename": path, "size": len(data), "blobId": _blob(data)}
            | ({"lfs": {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data),
                        "pointerSize": 1}} if path.endswith(".safetensors") else {})
            for path, data in self.hub.files[name].items()
        ]  # fmt: skip
        private = self.hub.private.get(name, False)
        self._answer(
            200,
            {"id": name, "modelId": name, "sha": SHA, "private": private, "siblings": siblings},
        )

    def do_POST(self) -> None:
        self.hub.tokens.add(self.headers.get("Authorization"))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlparse(self.path).path
        if self.hub.status != 200:
            self._answer(self.hub.status, {"error": "no"})
        elif path == "/api/repos/create":
            values = json.loads(body)
            name = "/".join(filter(None, [values.get("organization"), values["name"]]))
            self.hub.files.setdefault(name, {})
            hidden = values.get("private", values.get("visibility") == "private")
            self.hub.private.setdefault(name, hidden)
            self._answer(200, {"url": f"http://{self.headers['Host']}/{name}", "name": name})
        elif "/preupload/" in path:
            files = [{"path": each["path"], "uploadMode": "regular", "shouldIgnore": False}
                     for each in json.loads(body)["files"]]  # fmt: skip
            self._answer(200, {"files": files})
        elif "/commit/" in path:
            name = "/".join(path.split("/")[3:5])
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    data = base64.b64decode(line["value"]["content"])
                    self.hub.files[name][line["value"]["path"]] = data
            url = f"http://{self.headers['Host']}/{name}/commit/{SHA}"
            self._answer(200, {"commitUrl": url, "commitOid": SHA, "success": True})
        else:
            self._answer(200, {})

    def _file(self, *, body: bool) -> None:
        owner, name, _, _, *inside = urlparse(self.path).path.strip("/").split("/")
        path = "/".join(inside)
        data = self.hub.files.get(f"{owner}/{name}", {}).get(path)
        if data is None:
            self._answer(404, {}, **{"X-Error-Code": "EntryNotFound"})
            return
        if body:
            self.hub.fetched.append(path)
            data = data[::-1] if path in self.hub.broken else data
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{_blob(data)}"')
        self.send_header("X-Repo-Commit", SHA)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def _answer(self, status: int, values: Any, **headers: str) -> None:
        data = json.dumps(values).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def hub_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that the client uses within the block, whatever the environment says."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE",
        address + "/{repo_id}/resolve/{revision}/{filename}", raising=False,
    )  # fmt: skip
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True, raising=False)
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
