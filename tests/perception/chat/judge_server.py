"""A chat server on loopback that judges by the number in the question, and misbehaves as its plan says.

The plan has an entry for some numbers: "500*2" is two answers of 500 and then a good one, "500" is that for ever.
"""

from __future__ import annotations

import base64
import http.server
import io
import json
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

KEY = "sk-loopback-0123456789abcdef"
MARK = "||V^=^V||"
NUMBER = re.compile(r"#(\d+)")


@dataclass
class Call:
    """One request as it came."""

    number: int
    body: dict[str, Any]
    text: str
    images: list[bytes]
    authorization: str | None

    def image(self, index: int) -> Image.Image:
        return Image.open(io.BytesIO(self.images[index]))


@dataclass
class Server:
    """A running server: its address, the calls it got, and how it behaves."""

    url: str = ""
    plan: dict[int, str] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    structures: str = "ignores"
    """What becomes of `response_format`: "ignores", "obeys" or "refuses"."""
    required_key: str | None = None
    hold_after: int | None = None
    """After so many good answers all others wait for `release`."""
    answered: list[int] = field(default_factory=list)
    most_at_once: int = 0
    score: Callable[[Call], float] = lambda call: call.number % 11
    release: threading.Event = field(default_factory=threading.Event)
    _tries: Counter[int] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _under_way: int = 0

    def asked(self, number: int) -> int:
        """How often a number was asked about."""
        return sum(call.number == number for call in self.calls)

    def behaviour(self, number: int) -> str:
        name, _, times = self.plan.get(number, "well").partition("*")
        with self._lock:
            self._tries[number] += 1
            return name if not times or self._tries[number] <= int(times) else "well"


@contextmanager
def serve(port: int = 0) -> Iterator[Server]:
    """A server that runs for as long as the context."""
    state = Server()

    class Handler(_Handler):
        server_state = state

    class Quiet(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that hung up is what is tested

    server = Quiet(("127.0.0.1", port), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.release.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: Server

    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        state = self.server_state
        with state._lock:
            state._under_way += 1
            state.most_at_once = max(state.most_at_once, state._under_way)
        try:
            call = self._read()
            state.calls.append(call)
            self._answer(call)
        finally:
            with state._lock:
                state._under_way -= 1

    def _read(self) -> Call:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        content = body["messages"][0]["content"]
        text = "\n".join(part["text"] for part in content if part["type"] == "text")
        urls = [part["image_url"]["url"] for part in content if part["type"] == "image_url"]
        found = NUMBER.search(text)
        images = [base64.b64decode(url.partition(",")[2]) for url in urls]
        return Call(int(found[1]) if found else -1, body, text, images, self.headers["Authorization"])

    def _answer(self, call: Call) -> None:
        state = self.server_state
        if state.required_key is not None and call.authorization != f"Bearer {state.required_key}":
            return self.fail(401, f"Incorrect API key provided: {call.authorization}.")
        if "response_format" in call.body and state.structures == "refuses":
            return self.fail(400, "Unsupported field: response_format")
        if state.hold_after is not None and len(state.answered) >= state.hold_after:
            state.release.wait(60)
        behaviour = state.behaviour(call.number)
        return _BEHAVIOURS[behaviour](self, call)

    def well(self, call: Call) -> None:
        state = self.server_state
        answer = json.dumps({"reasoning": f"seen {call.number}", "score": state.score(call)})
        plain = "response_format" in call.body and state.structures == "obeys"
        self.say(answer if plain else f"I looked at both.\n{MARK}{answer}{MARK}")
        state.answered.append(call.number)

    def say(self, content: str | None, *, finish: str = "stop", **message: Any) -> None:
        choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        self.send(200, json.dumps({"choices": [choice], "usage": usage}).encode())

    def fail(self, status: int, message: str, *, code: str | None = None, **headers: str) -> None:
        self.send(status, json.dumps({"error": {"message": message, "code": code}}).encode(), **headers)

    def send(self, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def slow(self, call: Call) -> None:
        self.server_state.release.wait(30)
        self.drop(call)

    def drop(self, call: Call) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


_BEHAVIOURS: dict[str, Callable[[_Handler, Call], None]] = {
    "well": _Handler.well,
    "slow": _Handler.slow,
    "drop": _Handler.drop,
    "429": lambda h, c: h.fail(429, "Too many requests.", code="rate_limit_exceeded", Retry_After="0.05"),
    "500": lambda h, c: h.send(500, b"<h1>Internal Server Error</h1>", "text/html"),
    "503": lambda h, c: h.fail(503, "Model is loading."),
    "404": lambda h, c: h.fail(404, "The model `m` does not exist."),
    "cut-body": lambda h, c: h.send(200, b'{"choices": [{"message": {"content": "||V^=^V||{\\"sco'),
    "html": lambda h, c: h.send(200, b"<html>Please log in</html>", "text/html"),
    "no-choices": lambda h, c: h.send(200, b'{"choices": []}'),
    "empty": lambda h, c: h.say(""),
    "null": lambda h, c: h.say(None),
    "prose": lambda h, c: h.say("I would give it an 8."),
    "bad-json": lambda h, c: h.say(f'{MARK}{{"reasoning": "fine", "score": 8{MARK}'),
    "twelve": lambda h, c: h.say(f'{MARK}{{"reasoning": "great", "score": 12}}{MARK}'),
    "fenced": lambda h, c: h.say('Here:\n```json\n{"reasoning": "same", "score": 7}\n```'),
    "thinking": lambda h, c: h.say(f'<think>perhaps {MARK} 3?</think>{MARK}{{"reasoning": "same", "score": 7}}{MARK}'),
    "parts": lambda h, c: h.say([{"type": "text", "text": f'{MARK}{{"reasoning": "same", "score": 7}}{MARK}'}]),  # type: ignore[arg-type]
    "truncated": lambda h, c: h.say(f'Both show a mug. {MARK}{{"reasoning": "The mug', finish="length"),
    "filter": lambda h, c: h.say("", finish="content_filter"),
    "refusal": lambda h, c: h.say(None, refusal="I can't help with that."),
    "sorry": lambda h, c: h.say("I'm sorry, but I can't assist with that request."),
    "moderated": lambda h, c: h.fail(400, "Rejected by the safety system.", code="content_policy_violation"),
    "400": lambda h, c: h.fail(400, "This model's maximum context length is 512 tokens."),
}
