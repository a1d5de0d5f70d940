"""A chat server on loopback that says of a candidate, by its instruction, whether it is plausible, and how else to put it."""

from __future__ import annotations

import base64
import http.server
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from PIL import Image

ASKED = re.compile(r'"((?:[^"\n]|\\")+)"')


@dataclass
class Judging:
    """The server's address, what it says by instruction, and what it was asked: instruction, rubric, images."""

    url: str = ""
    plausible: Callable[[str], dict | None] = lambda _: {"problem": "none", "plausible": True}
    """None refuses."""
    reworded: Callable[[str], dict] = lambda said: {"instruction": said, "instruction_zh": ""}
    asked: list[tuple[str, str, list[Image.Image]]] = field(default_factory=list)


@contextmanager
def judging() -> Iterator[Judging]:
    state = Judging()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            parts = [p for m in body["messages"] if isinstance(m["content"], list) for p in m["content"]]
            text = " ".join(p["text"] for p in parts if p["type"] == "text")
            images = [_image(p["image_url"]["url"]) for p in parts if p["type"] == "image_url"]
            said = ASKED.search(text)[1]
            rubric = "rewrite" if "filled into a template" in text else "plausibility"
            state.asked.append((said, rubric, images))
            answer = (state.plausible if rubric == "plausibility" else state.reworded)(said)
            message = (
                {"content": None, "refusal": "no"}
                if answer is None
                else {"content": json.dumps({"reasoning": "", **answer})}
            )
            reply = json.dumps(
                {"choices": [{"message": {"role": "assistant", **message}, "finish_reason": "stop"}]}
            ).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


def _image(url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")
