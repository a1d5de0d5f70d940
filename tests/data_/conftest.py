"""Python processes of their own: where a test needs another working directory, another cache, or a process to kill."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


class Python:
    """Starts Python with a Hugging Face cache and endpoint of the test's own."""

    def __init__(self, tmp_path, endpoint):
        self.cwd = tmp_path / "somewhere"
        self.cwd.mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "PYTHONPATH"))}
        self.env = kept | {
            "HF_HOME": str(tmp_path / "hf"),
            "HF_ENDPOINT": endpoint,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])),
        }

    def run(self, code, *, check=True, timeout=300):
        """What a script prints; its cwd is a folder away from the repository."""
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.cwd,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout if check else done

    def start(self, code):
        """A running process, leader of its group, whose standard output can be read line by line."""
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=self.cwd,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )


@pytest.fixture
def hub():
    """A loopback server in place of the Hub: knows nothing, and notes what it is asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            asked.append(self.path)
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_POST = answer  # noqa: N815 - names of the base class

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.asked = asked
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def python(tmp_path, hub):
    """Starts Python in a folder of its own, with `hub` for the Hub."""
    return Python(tmp_path, hub.url)
