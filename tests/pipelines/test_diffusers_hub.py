"""A repository of the Hub: a server on loopback that answers as the Hub does for one repository of two commits."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import tiny_pipelines

REPO = "someone/tiny-pix2pix"
COMMITS = {"main": "a" * 40, "old": "b" * 40}
CODE = """
import json, sys
import gsi_bench_hf
editor = gsi_bench_hf.load_editor(sys.argv[1], **json.loads(sys.argv[2]))
told = editor.provenance()
found = [editor.name, told["checkpoint"], told["revision"], told["arguments"]["guidance_scale"]]
print(json.dumps([*found, told["environment"]["folder"]]))
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    tiny_pipelines.instruct_pix2pix().save_pretrained(folder)
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = self.path.split("?")[0].strip("/").split("/")
            if parts[:5] == ["api", "models", *REPO.split("/"), "tree"]:
                tree = [{"type": "file", "path": n, "size": len(b), "oid": "0" * 40} for n, b in files.items()]
                self._answer(json.dumps(tree).encode())
            elif parts[:4] == ["api", "models", *REPO.split("/")]:
                self._answer(json.dumps(self._info(parts[5] if len(parts) > 5 else "main")).encode())
            elif parts[:3] == [*REPO.split("/"), "resolve"] and "/".join(parts[4:]) in files:
                commit = COMMITS.get(parts[3], parts[3])
                self._answer(files["/".join(parts[4:])], commit)
            else:
                self._answer(b"", status=404)

        do_HEAD = do_GET  # noqa: N815 - the standard library's name

        def _info(self, revision):
            commit = COMMITS.get(revision, revision)
            siblings = [{"rfilename": name} for name in files]
            return {"id": REPO, "modelId": REPO, "sha": commit, "siblings": siblings, "private": False, "tags": []}

        def _answer(self, body, commit=None, status=200):
            self.send_response(status)
            if status == 404:
                self.send_header("X-Error-Code", "RepoNotFound")
            if commit is not None:
                self.send_header("X-Repo-Commit", commit)
                self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def load(hub, home, repo, **arguments):
    environment = os.environ | {
        "HF_ENDPOINT": hub,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_OFFLINE": "0",
    }
    command = [sys.executable, "-c", CODE, repo, json.dumps(arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.slow
def test_a_repository_is_loaded_at_a_commit_and_the_commit_is_told(hub, tmp_path):
    done = load(hub, tmp_path, REPO, revision="old", guidance_scale=3.5)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [REPO, REPO, COMMITS["old"], 3.5, None]
    missing = load(hub, tmp_path, "someone/else")
    assert "OSError: editor 'someone/else': no model_index.json could be had from the Hub" in missing.stderr
