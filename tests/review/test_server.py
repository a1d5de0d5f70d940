"""The page's server: what it answers, to whom, and that nothing it has said is saved is ever lost."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from candidate_rows import Process, candidate, lines, note, reviewing, serving, write

from gsi_bench_hf import cli
from gsi_bench_hf.review import ReviewError
from gsi_bench_hf.review.server import Server
from gsi_bench_hf.review.session import Session

JSON = {"Content-Type": "application/json"}


class Client:
    """Asks a server; `base` is the secret part of the path."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url, self.base = url, parts.path
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, path: str, body: object = None, *, method: str = "", headers: dict[str, str] = JSON):
        """(status, headers, body) of a path below the secret one, or of a whole one."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        whole = path if path.startswith("/") else self.base + path
        self._connection.request(method or ("GET" if body is None else "POST"), whole, data, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.headers, answer.read()


@pytest.fixture
def session(folder) -> Iterator[Session]:
    with Session(folder, "ann") as session:
        yield session


@pytest.fixture
def client(session) -> Iterator[Client]:
    with serving(session) as url, Client(url) as client:
        yield client


def test_who_does_not_know_the_address_gets_nothing(client, folder):
    secret = client.base.strip("/")
    for path in (
        "/",
        "/state",
        "/x/state",
        f"/{secret[:-1]}/state",
        f"/{secret}",
        f"/{secret}x/",
    ):
        assert client.ask(path)[::2] == (404, b'{"error": "nothing here"}')
    for path in ("/decide", "//decide", f"/{secret[1:]}/decide", f"/x{secret}/decide"):
        assert client.ask(path, {"id": "real-00000", "decision": "accept"})[0] == 404
    assert len(secret) >= 22
    assert not (folder / "decisions.ann.jsonl").exists()


def test_only_the_pages_own_files_are_sent(client):
    for path in (
        "../candidates.parquet",
        "candidates.parquet",
        "decisions.ann.jsonl",
        "session.py",
        "%2e%2e/cli.py",
        "/etc/passwd",
    ):
        assert client.ask(path)[0] == 404
    for path in (
        "card?n=5",
        "card?n=-1",
        "card",
        "card?n=%C2%B2",
        "picture?n=0&view=depth",
        "picture?n=0",
        "picture?n=x&view=before",
    ):
        assert client.ask(path)[0] == 404


def test_every_answer_forbids_what_the_page_does_not_need(client):
    for path in ("", "review.js", "card.js", "style.css", "state", "card?n=0", "picture?n=0&view=before", "nothing"):
        _, headers, _ = client.ask(path)
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "no-referrer")


def test_the_source_image_is_sent_as_it_is_kept(client, folder):
    kept = pq.read_table(folder / "candidates.parquet").to_pylist()
    for n, row in enumerate(kept):
        status, headers, body = client.ask(f"picture?n={n}&view=before")
        assert (status, headers["Content-Type"], body) == (200, "image/png", row["source_image"]["bytes"])


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        (b"{", JSON, 400, "Expecting property name"),
        (b"\xff", JSON, 400, "can't decode byte"),
        (b"[" * 60_000, JSON, 400, ""),
        ({"id": "real-00009", "decision": "accept"}, JSON, 400, "id is 'real-00009', expected that of a candidate"),
        ({"id": ["real-00000"], "decision": "accept"}, JSON, 400, "id is ['real-00000'], expected that of a candidate"),
        ([], JSON, 400, "id is None"),
        ({"id": "real-00000", "decision": "perhaps"}, JSON, 400, "decision is 'perhaps', expected one of"),
        ({"id": "real-00000", "decision": "accept"}, {"Content-Type": "text/plain"}, 404, "nothing here"),
        ({"id": "real-00000", "decision": "accept"}, {}, 404, "nothing here"),
    ],
)
def test_what_is_no_decision_is_not_written_down(client, folder, body, headers, status, message):
    found, _, answer = client.ask("decide", body, headers=headers)
    assert found == status
    assert message in json.loads(answer)["error"]
    assert not (folder / "decisions.ann.jsonl").exists()
    assert client.ask("state")[0] == 200  # and the next request is understood


@pytest.mark.parametrize("length", ["64001", "-1", "many", "1e3"])
def test_what_is_too_long_is_not_even_read(client, length):
    status, headers, answer = client.ask("decide", method="POST", headers=JSON | {"Content-Length": length})
    assert (status, headers["Connection"]) == (400, "close")
    assert "expected at most 64000 bytes" in json.loads(answer)["error"]


def test_a_decision_is_on_the_disk_when_the_answer_comes(client, folder):
    status, _, answer = client.ask("decide", {"id": "real-00001", "decision": "edit", "instruction": "Shift it."})
    assert (status, json.loads(answer)["decision"]) == (200, "edit")
    assert lines(folder, "ann")[0]["instruction"] == "Shift it."
    state = json.loads(client.ask("state")[2])
    assert [item["decision"] for item in state["items"]] == [None, "edit", None, None, None]
    card = json.loads(client.ask("card?n=1")[2])
    assert card["mine"] == {"decision": "edit", "instruction": "Shift it.", "instruction_zh": None, "reason": ""}


def test_a_full_disk_is_said_and_nothing_counts_as_saved(client, folder):
    (folder / "decisions.ann.jsonl").symlink_to("/dev/full")
    status, _, answer = client.ask("decide", {"id": "real-00001", "decision": "accept"})
    assert status == 507
    assert "no space left to write" in json.loads(answer)["error"]
    assert all(item["decision"] is None for item in json.loads(client.ask("state")[2])["items"])


def test_a_candidate_that_can_not_be_shown_is_said(tmp_path):
    write(tmp_path, [candidate(0, source_image={"bytes": b"\x89PNG\r\n\x1a\nbroken", "path": None}), candidate(1)])
    with Session(tmp_path, "ann") as session, serving(session) as url, Client(url) as client:
        status, _, answer = client.ask("card?n=0")
        assert (status, json.loads(answer)["error"][:28]) == (500, "the candidate can't be shown")
        assert client.ask("card?n=1")[0] == 200


def test_threads_at_once_lose_nothing(client, folder):
    def decide(k: int) -> None:
        with Client(client.url) as other:
            for n in range(5):
                assert other.ask("decide", {"id": f"real-{n:05d}", "decision": "reject", "reason": f"{k}"})[0] == 200
                assert other.ask(f"card?n={n}")[0] == 200

    threads = [threading.Thread(target=decide, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((line["id"], line["reason"]) for line in lines(folder, "ann")) == sorted(
        (f"real-{n:05d}", f"{k}") for n in range(5) for k in range(4)
    )


def test_a_port_that_is_taken_is_said(session):
    with (
        Server(session, "127.0.0.1", 0) as server,
        pytest.raises(ReviewError, match=r"can't listen at 127.0.0.1, port \d+"),
    ):
        Server(session, "127.0.0.1", server.server_port)


def test_killed_at_any_moment_what_was_answered_is_there(folder):
    """A process decides as fast as it can until it is killed; then everything it had an answer for is found."""
    process = Process(folder, "--reviewer", "ann")
    answered: list[str] = []
    timer = threading.Timer(0.3, process.process.kill)
    client = Client(process.url)
    try:
        for k in range(100_000):
            reason = f"r{k}"
            status, _, _ = client.ask("decide", {"id": f"real-{k % 5:05d}", "decision": "reject", "reason": reason})
            assert status == 200
            answered.append(reason)
            if k == 0:
                timer.start()
    except (ConnectionError, http.client.HTTPException):
        pass
    finally:
        timer.cancel()
        process.kill()
        client.__exit__()
    assert answered
    found = [line["reason"] for line in lines(folder, "ann")]
    assert found[: len(answered)] == answered
    assert len(found) <= len(answered) + 1
    with reviewing(folder, "--reviewer", "ann") as again, Client(again.url) as client:
        items = json.loads(client.ask("state")[2])["items"]
    assert [item["decision"] for item in items] == ["reject" if n < len(found) else None for n in range(5)]


def test_ctrl_c_says_what_was_decided(folder):
    note(folder, "bob", {0: "accept", 1: "accept"})
    with reviewing(folder, "--reviewer", "ann") as process, Client(process.url) as client:
        for n, decision in enumerate(("accept", "reject")):
            client.ask("decide", {"id": f"real-{n:05d}", "decision": decision})
        printed = process.interrupt()
    assert "ann: 1 accepted, 0 edited, 1 rejected" in printed
    assert "together: 1 accepted, 0 rejected, 1 in conflict, 3 to be decided" in printed
    assert f"gsi-bench review {folder} --settle" in printed


def test_summary_prints_and_ends(folder, capsys):
    note(folder, "bob", {0: "accept"})
    assert cli.main(["review", str(folder), "--summary"]) == 0
    assert (
        capsys.readouterr().out
        == "bob: 1 accepted, 0 edited, 0 rejected\ntogether: 1 accepted, 0 rejected, 0 in conflict, 4 to be decided\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere"], "nowhere has no candidates.parquet; make it with"),
        (["DIR", "--settle"], "has no conflict to settle: together: 0 accepted"),
        (["DIR", "--reviewer", "a/b"], "reviewer is 'a/b', expected 1 to 40 letters"),
        (["DIR", "--host", "203.0.113.77"], "can't listen at 203.0.113.77, port 0: .*; give another --host or --port"),
        (["DIR", "--port", "70000"], "'70000' is no port, 0 to 65535"),
    ],
)
def test_what_can_not_start_says_so_in_one_line(folder, capsys, monkeypatch, options, message):

    monkeypatch.setattr(cli, "_quiet", lambda: None)
    arguments = ["review", *(str(folder) if option == "DIR" else option for option in options)]
    try:
        code = cli.main(arguments)
    except SystemExit as ended:
        code = ended.code
    error = capsys.readouterr().err
    assert code == 2
    assert error.count("\n") == 1
    assert re.search(message, error)


def test_outside_this_machine_a_warning_comes_with_the_address(folder: Path):
    with reviewing(folder, "--reviewer", "ann", "--host", "0.0.0.0") as process:
        host = urlsplit(process.url).hostname
        assert host not in (None, "0.0.0.0")
        process.process.kill()
        assert "whoever reads this address in your network can decide" in process.process.communicate(timeout=20)[1]
