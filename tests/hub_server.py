"""A Hub on loopback for the real `huggingface_hub` client: repositories, large files, commits, pull requests; it fails on request.

    with hub_server.serve() as hub:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)  # plain HTTP: there is no Xet storage here
        api = HfApi(endpoint=hub.endpoint, token=hub_server.TOKEN)  # the user `me`, who writes in the org `lab`
        hub.fail(r"POST .*/commit/", 500)  # once; "cut" breaks off, "lost" does it and doesn't say so, "hang" waits
        hub.repos["dataset", "me/data"].files["README.md"]  # what was pushed
        subprocess.run(..., env=hub.environment(tmp_path))  # everything in that process talks to this Hub

`hub.requests` are the requests it got, as "POST /api/repos/create".
"""

from __future__ import annotations

import base64
import http.server
import json
import os
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from hub_repos import Blob, RefusedError, Repo, User, commits_of, discussion, entry, front_matter, info, is_large

TOKEN = "hf_" + "A1b2C3d4E5f6G7h8I9j0" + "KlMnOpQrSt"
"""Of the user `me`."""
GUEST = "hf_" + "Z9y8X7w6V5u4T3s2R1q0" + "PoNmLkJiHg"
"""Of the user `guest`, who owns nothing here."""
USERS = {TOKEN: User("me", {"lab": "write", "readers": "read"}), GUEST: User("guest")}
_KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}
Answer = int | Literal["cut", "lost", "hang"]


@dataclass
class _Failure:
    pattern: re.Pattern[str]
    answer: Answer
    times: int
    after: int


class Hub:
    """The Hub's state: `repos` by (kind, id), large `objects` by SHA-256, `requests`, request `bodies`, where it listens."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self.users = dict(users)
        self.repos: dict[tuple[str, str], Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.bodies: list[bytes] = []
        self.endpoint = ""
        self._failures: list[_Failure] = []
        self.lock = threading.RLock()
        self.hanging, self._closing = threading.Event(), threading.Event()

    def fail(self, pattern: str, answer: Answer, *, times: int = 1, after: int = 0) -> None:
        """After `after` of them, answer `times` requests whose "METHOD /path" matches by a status or oddly."""
        self._failures.append(_Failure(re.compile(pattern), answer, times, after))

    def forgive(self) -> None:
        """Fail no more."""
        self._failures.clear()

    def failure(self, request: str) -> Answer | None:
        for failure in self._failures:
            if failure.times > 0 and failure.pattern.search(request):
                failure.after -= 1
                if failure.after < 0:
                    failure.times -= 1
                    return failure.answer
        return None

    def hang(self) -> None:
        """Keep a request waiting until the server ends; `hanging` tells that one waits."""
        self.hanging.set()
        self._closing.wait()

    def close(self) -> None:
        self._closing.set()

    def create(
        self, repo_id: str, kind: str = "model", *, private: bool = False, files: Mapping[str, bytes] | None = None
    ) -> Repo:
        """Put a repository there, as somebody else would have before."""
        repo = self.repos[kind, repo_id] = Repo(kind, repo_id, private=private, settings={})
        if files:
            blobs = {path: Blob(data, is_large(path, len(data))) for path, data in files.items()}
            repo.commit("main", blobs, [], title="Files", description="", author=repo_id.partition("/")[0])
        return repo

    def environment(self, home: Path, token: str | None = TOKEN) -> dict[str, str]:
        """The environment of a process for which this is the only Hub there is; `home` holds its caches."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGINGFACE_"))}
        own = {"HF_ENDPOINT": self.endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0"}
        return plain | own | ({"HF_TOKEN": token} if token else {})


@contextmanager
def serve(users: Mapping[str, User] = USERS) -> Iterator[Hub]:
    """A running Hub."""
    hub = Hub(users)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.close()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    hub: Hub

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        request, self.query = f"{self.command} {url.path}", parse_qs(url.query)
        with self.hub.lock:
            self.hub.requests.append(request)
            self.failure = self.hub.failure(request)
        if self.failure == "cut" and self.command in ("POST", "PUT"):
            self.rfile.read(int(self.headers.get("Content-Length", 0)) // 2)
            return self._hang_up()
        self.body = self._read()
        if self.failure == "hang":
            self.hub.hang()
            return self._hang_up()
        self.hub.bodies.append(self.body)
        if isinstance(self.failure, int):
            return self._json({"error": f"failure {self.failure}, as asked for"}, self.failure)
        try:
            with self.hub.lock:
                self._route([unquote(part) for part in url.path.strip("/").split("/")])
        except RefusedError as refused:
            self._json({"error": refused.message}, refused.status, refused.code)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the standard library's names

    def log_message(self, *_args: object) -> None:
        pass

    def _route(self, parts: list[str]) -> None:
        match parts:
            case ["api", "whoami-v2"]:
                self._json(self._whoami())
            case ["api", "validate-yaml"]:
                front_matter(json.loads(self.body)["content"].encode())
                self._json({"errors": [], "warnings": []})
            case ["api", "repos", "create"]:
                self._create()
            case ["api", kinds, owner, name, *rest] if kinds in _KINDS:
                self._api(self._repo(_KINDS[kinds], f"{owner}/{name}"), rest)
            case ["lfs", digest] if self.command == "PUT":
                self._keep(digest)
            case ["lfs", "verify"]:
                self._json({}, 200 if json.loads(self.body)["oid"] in self.hub.objects else 404)
            case [*kinds, owner, name, "info", "lfs", "objects", "batch"] if name.endswith(".git"):
                self._batch(self._repo(_KINDS[kinds[0]] if kinds else "model", f"{owner}/{name.removesuffix('.git')}"))
            case [kinds, owner, name, "resolve", revision, *path] if kinds in _KINDS:
                self._resolve(self._repo(_KINDS[kinds], f"{owner}/{name}"), revision, "/".join(path))
            case [owner, name, "resolve", revision, *path]:
                self._resolve(self._repo("model", f"{owner}/{name}"), revision, "/".join(path))
            case _:
                raise RefusedError(404, f"nothing at {self.path}")

    def _api(self, repo: Repo, rest: list[str]) -> None:
        match rest:
            case [] | ["revision", _]:
                self._json(info(repo, repo.at(rest[1] if rest else "main")))
            case ["tree", revision, *path]:
                self._json(
                    repo.tree(revision, "/".join(path), recursive=self.query.get("recursive") in (["true"], ["True"]))
                )
            case ["paths-info", revision]:
                files = repo.at(revision).files
                self._json(
                    [entry(path, files[path]) for path in parse_qs(self.body.decode())["paths"] if path in files]
                )
            case ["refs"]:
                named = [
                    {"name": name, "ref": f"refs/heads/{name}", "targetCommit": oid} for name, oid in repo.refs.items()
                ]
                self._json(
                    {
                        "branches": [ref for ref in named if not ref["name"].startswith("refs/")],
                        "converts": [],
                        "tags": [],
                    }
                )
            case ["commits", _]:
                self._json(list(commits_of(repo)))
            case ["preupload", revision]:
                self._preupload(repo, revision)
            case ["commit", revision]:
                self._commit(repo, revision)
            case ["discussions"] if self.command == "GET":
                found = [discussion(repo, r) for r in repo.pull_requests if self._asked_for(r.status, r.author)]
                self._json({"discussions": found, "count": len(found), "start": 0})
            case ["discussions", num]:
                self._json(discussion(repo, repo.pull_requests[int(num) - 1]))
            case _:
                raise RefusedError(404, f"nothing at {self.path}")

    def _asked_for(self, status: str, author: str) -> bool:
        return (
            self.query.get("status", [status])[0] in (status, "all") and self.query.get("author", [author])[0] == author
        )

    def _user(self) -> User | None:
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if token and token not in self.hub.users:
            raise RefusedError(401, "Invalid credentials in Authorization header")
        return self.hub.users.get(token)

    def _whoami(self) -> dict[str, object]:
        user = self._user()
        if user is None:
            raise RefusedError(401, "Invalid username or password.")
        orgs = [{"type": "org", "name": name, "roleInOrg": role} for name, role in user.orgs.items()]
        return {"type": "user", "name": user.name, "orgs": orgs, "auth": {"accessToken": {"role": "write"}}}

    def _writer(self, namespace: str) -> User:
        user = self._user()
        if user is None:
            raise RefusedError(401, "Invalid username or password.")
        if not user.may_write(namespace):
            raise RefusedError(403, f"You don't have the rights to write under the namespace {namespace}")
        return user

    def _repo(self, kind: str, repo_id: str) -> Repo:
        repo, user = self.hub.repos.get((kind, repo_id)), self._user()
        if repo is None or (repo.private and not (user and user.may_write(repo_id.partition("/")[0]))):
            raise RefusedError(404 if user else 401, "Repository not found", "RepoNotFound")
        return repo

    def _create(self) -> None:
        asked = json.loads(self.body)
        owner = asked.get("organization") or self._writer_name()
        self._writer(owner)
        kind, repo_id = asked.get("type") or "model", f"{owner}/{asked['name']}"
        prefix = "" if kind == "model" else f"{kind}s/"
        told = {"url": f"{self.hub.endpoint}/{prefix}{repo_id}", "name": repo_id, "id": "0" * 24}
        if (kind, repo_id) in self.hub.repos:
            return self._json({"error": "You already created this repo", **told}, 409)
        settings = {key: asked[key] for key in ("sdk",) if key in asked}
        private = asked.get("visibility") == "private" or asked.get("private") is True
        self.hub.repos[kind, repo_id] = Repo(kind, repo_id, private=private, settings=settings)
        return self._json(told)

    def _writer_name(self) -> str:
        user = self._user()
        if user is None:
            raise RefusedError(401, "Invalid username or password.")
        return user.name

    def _may_change(self, repo: Repo, revision: str) -> User:
        """Who may write to a branch: on `main` the repository's writers, in a pull request anybody, or its author."""
        if self.query.get("create_pr") == ["1"] or revision.startswith("refs/pr/"):
            user = self._user()
            own = not revision.startswith("refs/pr/") or repo.pull_requests[int(revision[8:]) - 1].author == user.name
            if user is not None and own:
                return user
        return self._writer(repo.id.partition("/")[0])

    def _preupload(self, repo: Repo, revision: str) -> None:
        self._may_change(repo, revision)
        there = repo.at(revision).files
        answers = []
        for file in json.loads(self.body)["files"]:
            path, mode = file["path"], "lfs" if is_large(file["path"], file["size"]) else "regular"
            oid = there[path].etag if path in there else None
            answers.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self._json({"files": answers})

    def _batch(self, repo: Repo) -> None:
        asked = json.loads(self.body)
        if self._user() is None:
            self._may_change(repo, "main")
        actions = {"verify": {"href": f"{self.hub.endpoint}/lfs/verify"}}
        objects = [
            wanted
            if wanted["oid"] in self.hub.objects
            else {**wanted, "actions": {"upload": {"href": f"{self.hub.endpoint}/lfs/{wanted['oid']}"}, **actions}}
            for wanted in asked["objects"]
        ]
        self._json({"transfer": "basic", "objects": objects})

    def _keep(self, digest: str) -> None:
        if Blob(self.body, large=True).sha256 != digest:
            raise RefusedError(400, f"the content is not that of {digest}")
        self.hub.objects[digest] = self.body
        self._json({})

    def _commit(self, repo: Repo, revision: str) -> None:
        user, lines = self._may_change(repo, revision), [json.loads(line) for line in self.body.splitlines()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        if header.get("parentCommit", repo.at(revision).oid) != repo.at(revision).oid:
            raise RefusedError(412, "A commit has happened since. Please refresh and try again.")
        added: dict[str, Blob] = {}
        for line in lines:
            if line["key"] == "file":
                added[line["value"]["path"]] = Blob(base64.b64decode(line["value"]["content"]), large=False)
            elif line["key"] == "lfsFile":
                if line["value"]["oid"] not in self.hub.objects:
                    raise RefusedError(400, f"the large file of {line['value']['path']} was never uploaded")
                added[line["value"]["path"]] = Blob(self.hub.objects[line["value"]["oid"]], large=True)
        deleted = [line["value"]["path"] for line in lines if line["key"] in ("deletedFile", "deletedFolder")]
        words = {"title": header["summary"], "description": header.get("description", ""), "author": user.name}
        told: dict[str, object] = {"success": True}
        if self.query.get("create_pr") == ["1"]:
            request = repo.open_pull_request(words["title"], words["description"], user.name)
            revision = f"refs/pr/{request.num}"
            told["pullRequestUrl"] = f"{self._url(repo)}/discussions/{request.num}"
        commit = repo.commit(revision, added, deleted, **words)
        self._json({**told, "commitOid": commit.oid, "commitUrl": f"{self._url(repo)}/commit/{commit.oid}"})

    def _url(self, repo: Repo) -> str:
        return f"{self.hub.endpoint}/{'' if repo.kind == 'model' else f'{repo.kind}s/'}{repo.id}"

    def _resolve(self, repo: Repo, revision: str, path: str) -> None:
        commit, blob = repo.file(revision, path)
        headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{blob.etag}"', "Accept-Ranges": "bytes"}
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
            first, last = int(asked[1]), min(int(asked[2] or len(blob.data)), len(blob.data) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(blob.data)}"
            return self._send(206, blob.data[first : last + 1], headers)
        return self._send(200, blob.data, headers)

    def _json(self, value: object, status: int = 200, code: str = "") -> None:
        headers = {"Content-Type": "application/json"} | ({"X-Error-Code": code} if code else {})
        if status >= 400 and isinstance(value, dict):
            headers["X-Error-Message"] = " ".join(str(value.get("error", "")).split())
        self._send(status, json.dumps(value).encode(), headers)

    def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
        if self.failure == "lost":
            return self._hang_up()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if self.failure == "cut" else data)
        return None

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
