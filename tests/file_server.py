"""A file server on loopback that answers like the Hub's resolve URLs."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """`endpoint`, what it serves (`files`: path in the repo -> file) and the requests it got, as "GET /path"."""

    def __init__(self, repo: str, files: dict[str, Path], kind: str) -> None:
        self.files = {f"{kind}/{repo}/resolve/main/{name}": path for name, path in files.items()}
        self.requests: list[str] = []
        self.endpoint = ""
        self.damage = False


@contextmanager
def serve(repo: str, files: dict[str, Path], kind: str = "/datasets") -> Iterator[Hub]:
    """A running server of one repository; `kind` is "" for a model's."""
    hub = Hub(repo, files, kind)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def log_message(self, *args: object) -> None:
            pass

        def _answer(self, *, with_body: bool) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            # The Hub's commit URL gives the same files as its branch's.
            path = hub.files.get(self.path.replace(f"/resolve/{COMMIT}/", "/resolve/main/"))
            data = path.read_bytes() if path else b""
            self.send_response(200 if path else 404)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", str(len(data)))
            if path:
                self.send_header("ETag", f'"{hashlib.sha256(data).hexdigest()}"')
            else:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.end_headers()
            if with_body:
                self.wfile.write(data[:-1] + bytes([data[-1] ^ 1]) if hub.damage else data)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
