"""The page's server: the standard library's, one address that nobody can guess, everything sent from this package and this folder."""

from __future__ import annotations

import hmac
import json
import os
import secrets
import socket
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.review.decisions import ReviewError
from gsi_bench_hf.review.merging import Merged, merged
from gsi_bench_hf.review.session import Session

_HERE = Path(__file__).parent
# The gallery's style draws boxes, masks and layers here as there.
_FILES = {
    "": ((_HERE / "page.html",), "text/html; charset=utf-8"),
    "style.css": ((_HERE.parent / "gallery" / "style.css", _HERE / "style.css"), "text/css; charset=utf-8"),
    "review.js": ((_HERE / "review.js",), "text/javascript; charset=utf-8"),
    "card.js": ((_HERE / "card.js",), "text/javascript; charset=utf-8"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_MAX_BYTES = 64_000
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_EVERYWHERE = ("0.0.0.0", "::")


class Server(ThreadingHTTPServer):
    """A session's server, bound and listening.

    Args:
        session: what it serves.
        host: address to listen at.
        port: port to listen at; 0 for any that is free.

    Raises:
        ReviewError: it can't listen there.
    """

    daemon_threads = True

    def __init__(self, session: Session, host: str, port: int) -> None:
        self.session, self.token = session, secrets.token_urlsafe(18)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), Handler)
        except (OSError, OverflowError) as error:
            raise ReviewError(f"can't listen at {host}, port {port}: {error}; give another --host or --port") from error

    @property
    def url(self) -> str:
        """Where the page is."""
        host = str(self.server_address[0])
        host = _own_address() if host in _EVERYWHERE else host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/{self.token}/"

    def server_bind(self) -> None:
        """Bind, without asking anybody for the machine's full name as the library does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show what went wrong; a browser that hangs up in the middle is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers one browser."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "gsi-bench", ""
    timeout = 60

    def do_GET(self) -> None:
        """Send a file of the page, the list of candidates, a card or a picture."""
        path, query = self._asked()
        if path in _FILES:
            files, kind = _FILES[path]
            self._send(HTTPStatus.OK, b"\n".join(file.read_bytes() for file in files), kind)
        elif path == "state":
            self._send_json(HTTPStatus.OK, self.server.session.state())
        elif path in ("card", "picture"):
            self._send_candidate(path, query)
        else:
            self._nothing()

    def do_POST(self) -> None:
        """Write a decision down."""
        path, _ = self._asked()
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _MAX_BYTES:
            self.close_connection = True  # what it sends is not read
            self._send_json(HTTPStatus.BAD_REQUEST, {"error": f"expected at most {_MAX_BYTES} bytes, and their number"})
            return
        body = self.rfile.read(int(length))
        # A form of another site can't send this type without being asked first, which nobody answers here.
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if path != "decide" or kind != "application/json":
            self._nothing()
            return
        try:
            self._send_json(HTTPStatus.OK, self.server.session.decide(json.loads(body)))
        except RunFolderError as error:
            self._send_json(HTTPStatus.INSUFFICIENT_STORAGE, {"error": str(error)})
        except (ValueError, RecursionError) as error:  # no JSON, or no decision
            self._send_json(HTTPStatus.BAD_REQUEST, {"error": str(error)})

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the terminal is for the reviewer."""

    def _asked(self) -> tuple[str, dict[str, str]]:
        """The path below the secret one and the query; a path that nothing has, for who does not know the secret."""
        parts = urlsplit(self.path)
        token, slash, path = parts.path.removeprefix("/").partition("/")
        known = hmac.compare_digest(token.encode(), self.server.token.encode()) and slash
        return (path if known else "?"), {name: values[-1] for name, values in parse_qs(parts.query).items()}

    def _send_candidate(self, path: str, query: dict[str, str]) -> None:
        session, number = self.server.session, query.get("n", "")
        try:
            if not number.isascii() or not number.isdigit():
                raise IndexError(number)
            if path == "card":
                self._send_json(HTTPStatus.OK, session.card(int(number)))
            else:
                self._send(HTTPStatus.OK, *session.picture(int(number), query.get("view", "")))
        except (IndexError, KeyError):
            self._nothing()
        except (ValueError, OSError, SyntaxError) as error:  # a picture that can't be decoded, numbers that are none
            self._send_json(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": f"the candidate can't be shown: {error}"})

    def _nothing(self) -> None:
        self._send_json(HTTPStatus.NOT_FOUND, {"error": "nothing here"})

    def _send_json(self, status: HTTPStatus, value: Any) -> None:
        self._send(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "private, max-age=3600" if kind.startswith("image/") else "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def serve(
    folder: str | os.PathLike[str],
    *,
    reviewer: str,
    on_start: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = 0,
    settle: bool = False,
) -> Merged:
    """Serve the review page of a folder until Ctrl-C.

    Every decision is on the disk before the page goes on; however the process ends, none that the page showed as saved is lost.

    Args:
        folder: with `candidates.parquet`; the decisions go to `decisions.<reviewer>.jsonl` in it.
        reviewer: who decides.
        on_start: told the page's address when it can be opened.
        host: address to listen at; only this machine by default.
        port: port to listen at; 0 for any that is free.
        settle: show only what others don't agree on, and settle it.

    Returns:
        The decisions of all reviewers.

    Raises:
        ReviewError: nothing to review, or it can't listen there.
        RunFolderError: the same reviewer is at it in another process.
    """
    with Session(Path(folder), reviewer, settle=settle) as session, Server(session, host, port) as server:
        try:
            on_start(server.url)
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            pass
    return merged(folder)


def only_here(host: str) -> bool:
    """Whether nobody but this machine can reach an address."""
    return host in _LOOPBACK


def _own_address() -> str:
    """The address of this machine in its network; sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of a range that is nobody's
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
