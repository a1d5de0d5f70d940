"""An image-editing server on loopback that misbehaves on request.

It moves the square of `tests/tiny.py` as the prompt says. A prompt may end with orders, "[[500*2 #17]]": answer 500 to the first two
calls of sample 17, then well; "[[500 #17]]" does so always.
"""

from __future__ import annotations

import base64
import email.parser
import email.policy
import http.server
import io
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import tiny
from PIL import Image

_ORDER = re.compile(r"\[\[([\w-]+)(?:\*(\d+))? #(\w+)\]\]")
KEY = "sk-loopback-0123456789abcdef"


def order(behaviour: str, number: object, *, times: int | None = None) -> str:
    """What to put behind a prompt."""
    return f" [[{behaviour}{'' if times is None else f'*{times}'} #{number}]]"


@dataclass
class Call:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    fields: dict[str, Any]
    at: float


@dataclass
class Loopback:
    """A running server: its address, the calls it got, and how it answers chats ("parts", "images", "markdown", "link", "bare")."""

    url: str
    calls: list[Call] = field(default_factory=list)
    chat_style: str = "parts"
    images_style: str = "b64_json"
    required_key: str | None = None
    most_at_once: int = 0
    release: threading.Event = field(default_factory=threading.Event)
    _tries: Counter[str] = field(default_factory=Counter)
    _files: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _under_way: int = 0

    def tries(self, number: object) -> int:
        """How often sample `number` was asked for."""
        return self._tries[str(number)]

    def behaviour(self, prompt: str) -> str:
        """What the prompt orders for this call."""
        for name, times, number in _ORDER.findall(prompt):
            with self._lock:
                self._tries[number] += 1
                tried = self._tries[number]
            if not times or tried <= int(times):
                return str(name)
        return "well"


def edited(image: Image.Image, prompt: str) -> Image.Image:
    return tiny.oracle(image=image, prompt=prompt, generator=None).images[0]


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def serve() -> Iterator[Loopback]:
    """A server that runs for as long as the context."""
    loopback = Loopback("")

    class Handler(_Handler):
        server_state = loopback

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that hung up in the middle is what is tested

    server = Server(("127.0.0.1", 0), Handler)
    loopback.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        loopback.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: Loopback

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self._note({})
        found = self.server_state._files.get(self.path)
        self._send(200 if found else 404, found or b"no such file", "image/png")

    def do_POST(self) -> None:
        state = self.server_state
        with state._lock:
            state._under_way += 1
            state.most_at_once = max(state.most_at_once, state._under_way)
        try:
            fields = self._read()
            self._note(fields)
            self._answer(fields)
        finally:
            with state._lock:
                state._under_way -= 1

    def _note(self, fields: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server_state.calls.append(Call(self.path, headers, fields, time.monotonic()))

    def _read(self) -> dict[str, Any]:
        """The fields of a form or of JSON, with "image" (bytes) and "prompt" among them."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get_content_type() == "application/json":
            fields: dict[str, Any] = json.loads(body)
            if "inputs" in fields:
                return {**fields, "image": base64.b64decode(fields["inputs"]), "prompt": fields["parameters"]["prompt"]}
            text, picture = fields["messages"][0]["content"]
            data = picture["image_url"]["url"].partition(",")[2]
            return {**fields, "image": base64.b64decode(data), "prompt": text["text"]}
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        fields = {}
        for part in form.iter_parts():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            fields[str(name)] = content if part.get_filename() else content.decode()
        return {**fields, "image": fields.get("image") or fields.get("image[]")}

    def _answer(self, fields: dict[str, Any]) -> None:
        state = self.server_state
        if state.required_key is not None and self.headers["Authorization"] != f"Bearer {state.required_key}":
            said = f"Incorrect API key provided: {str(self.headers['Authorization']).removeprefix('Bearer ')}."
            return self._error(401, said, code="invalid_api_key")
        prompt = fields["prompt"]
        misbehave = _MISBEHAVIOURS.get(state.behaviour(prompt))
        if misbehave is not None:
            return misbehave(self, fields)
        return self._well(edited(Image.open(io.BytesIO(fields["image"])), prompt))

    def _well(self, image: Image.Image) -> None:
        self._send(*self._success(png(image)))

    def _success(self, data: bytes) -> tuple[int, bytes, str]:
        state = self.server_state
        text = base64.b64encode(data).decode()
        name = f"/files/{len(state._files)}.png"
        state._files[name] = data
        if "/models/" in self.path:
            return 200, data, "image/png"
        if self.path.endswith("/images/edits"):
            item = {"b64_json": text} if state.images_style == "b64_json" else {"url": f"{state.url}{name}"}
            return 200, json.dumps({"created": 1, "data": [item]}).encode(), "application/json"
        url = f"data:image/png;base64,{text}"
        part = {"type": "image_url", "image_url": {"url": url}}
        message: dict[str, Any] = {
            "parts": {"content": [{"type": "text", "text": "Here."}, part]},
            "images": {"content": "Here.", "images": [part]},
            "markdown": {"content": f"Here: ![edit]({url})"},
            "link": {"content": f"Here: ![edit]({state.url}{name})"},
            "bare": {"content": [{"image": text}]},
        }[state.chat_style]
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
        return 200, json.dumps({"choices": [choice]}).encode(), "application/json"

    def _send(self, status: int, body: bytes, content_type: str, *, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _error(
        self, status: int, message: str, *, code: str | None = None, kind: str = "error", **headers: str
    ) -> None:
        body = {"error": {"message": message, "type": kind, "code": code}}
        self._send(status, json.dumps(body).encode(), "application/json", **headers)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _cut(self, fields: dict[str, Any]) -> None:
        status, body, content_type = self._success(png(tiny.picture(0, 0)))
        self._send(status, body[: len(body) // 2], content_type, length=len(body))
        self._hang_up()

    def _cut_quietly(self, fields: dict[str, Any]) -> None:
        """Half the JSON, declared as all of it: a proxy that lost its server."""
        status, body, content_type = self._success(png(tiny.picture(0, 0)))
        self._send(status, body[: len(body) // 2], content_type)

    def _slow(self, fields: dict[str, Any]) -> None:
        self.server_state.release.wait(20)
        self._hang_up()

    def _trickle(self, fields: dict[str, Any]) -> None:
        self._send(200, b"{", "application/json", length=1000)
        while not self.server_state.release.wait(0.05):
            self.wfile.write(b" ")

    def _filtered(self, fields: dict[str, Any]) -> None:
        """A refusal in the manner of the call's API."""
        if self.path.endswith("/chat/completions"):
            choice = {"message": {"role": "assistant", "content": ""}, "finish_reason": "content_filter"}
            return self._send(200, json.dumps({"choices": [choice]}).encode(), "application/json")
        said = "Your request was rejected by the safety system."
        return self._error(400, said, code="moderation_blocked", kind="image_generation_user_error")

    def _empty(self, fields: dict[str, Any]) -> None:
        body = {
            "data": [],
            "choices": [{"message": {"content": "I can only describe images."}, "finish_reason": "stop"}],
        }
        self._send(200, json.dumps(body).encode(), "application/json")

    def _echo_key(self, fields: dict[str, Any]) -> None:
        self._error(400, f"bad request with {self.headers['Authorization']} in it")


_MISBEHAVIOURS: dict[str, Callable[[_Handler, dict[str, Any]], None]] = {
    "429": lambda h, f: h._error(429, "Too many requests.", code="rate_limit_exceeded", Retry_After="0.3"),
    "429-long": lambda h, f: h._error(429, "Come back tomorrow.", Retry_After="86400"),
    "429-broke": lambda h, f: h._error(429, "You exceeded your current quota.", code="insufficient_quota"),
    "500": lambda h, f: h._send(500, b"<h1>Internal Server Error</h1>", "text/html"),
    "503": lambda h, f: h._error(503, "Model is loading."),
    "400": lambda h, f: h._error(400, "Unknown parameter: 'moderation'.", code="unknown_parameter"),
    "200-502": lambda h, f: h._send(
        200, b'{"error": {"code": 502, "message": "Upstream failed."}}', "application/json"
    ),
    "slow": _Handler._slow,
    "trickle": _Handler._trickle,
    "cut": _Handler._cut,
    "cut-quietly": _Handler._cut_quietly,
    "drop": lambda h, f: h._hang_up(),
    "html": lambda h, f: h._send(200, b"<html>Please log in</html>", "text/html"),
    "refuse": _Handler._filtered,
    "empty": _Handler._empty,
    "echo-key": _Handler._echo_key,
    "moved": lambda h, f: h._send(308, b"", "text/plain", Location="https://elsewhere.example/v1/images/edits"),
    "black": lambda h, f: h._well(Image.new("RGB", (64, 64))),
    "torn": lambda h, f: h._send(*h._success(png(tiny.picture(4, 6))[:-40])),
}
