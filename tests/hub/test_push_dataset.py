"""A built dataset goes to the Hub and comes back as it was, whatever happens on the way."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import hub_server
import pytest
import yaml
from PIL import Image

from gsi_bench_hf import cli
from gsi_bench_hf.hub import HubError, pull, push_dataset

REPO = "me/gsi-sim"
REPOSITORY = Path(__file__).resolve().parents[2]
READ = """
import hashlib, json, sys
from datasets import load_dataset
rows = load_dataset(sys.argv[1], "sim-tabletop", split="test")
assert "gsi_bench_hf" not in sys.modules
print(json.dumps([[row["id"], hashlib.sha256(row["source_image"].tobytes()).hexdigest()] for row in rows]))
"""


@pytest.fixture
def folder(built, tmp_path):
    """A copy of the built folder that a test may spoil."""
    return shutil.copytree(built, tmp_path / "gsi-sim")


def names(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def digest(rows):
    return [
        [row["id"], hashlib.sha256(Image.open(io.BytesIO(row["source_image"]["bytes"])).tobytes()).hexdigest()]
        for row in rows
    ]


@pytest.mark.slow
def test_a_dataset_comes_back_as_it_was(hub, elsewhere, built):
    from pyarrow.parquet import ParquetDataset

    pushed = push_dataset(built, REPO, endpoint=hub.endpoint)
    assert set(hub.repos["dataset", REPO].files) == names(built)
    assert pushed.url == f"{hub.endpoint}/datasets/{REPO}"
    rows = ParquetDataset(built / "data" / "sim-tabletop").read(columns=["id", "source_image"]).to_pylist()
    assert len(rows) == 4
    assert json.loads(elsewhere(READ, REPO)) == digest(rows)
    tasks = yaml.safe_load(hub.repos["dataset", REPO].files["eval.yaml"])["tasks"]
    assert tasks == [{"id": "sim-tabletop", "config": "sim-tabletop", "split": "test"}]


def test_a_new_repository_is_private_unless_it_is_to_be_public(hub, built):
    push_dataset(built, REPO, endpoint=hub.endpoint)
    push_dataset(built, "lab/open", private=False, endpoint=hub.endpoint)
    assert hub.repos["dataset", REPO].private
    assert not hub.repos["dataset", "lab/open"].private
    with pytest.raises(
        HubError, match="dataset lab/open is public, expected a private one; make it private in its settings"
    ):
        push_dataset(built, "lab/open", private=True, endpoint=hub.endpoint)


def test_a_dry_run_tells_the_truth_and_sends_nothing(hub, built):
    told = push_dataset(built, REPO, endpoint=hub.endpoint, dry_run=True)
    assert {request.partition(" ")[0] for request in hub.requests} == {"GET"}
    assert hub.repos == {}
    lines = str(told).splitlines()
    assert lines[0] == f"dataset {REPO} at {hub.endpoint}: new, private"
    assert [line.split()[0] for line in lines[1:-1]] == sorted(names(built))
    assert lines[-1].startswith("would send 6 files, ")
    assert lines[-1].endswith("; nothing was sent")
    done = push_dataset(built, REPO, endpoint=hub.endpoint)
    assert str(done).splitlines()[1:-1] == lines[1:-1]
    assert str(push_dataset(built, REPO, endpoint=hub.endpoint, dry_run=True)).endswith(
        "nothing to send: all 6 files are there already"
    )


def test_a_dry_run_needs_no_hub(built, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
    told = str(push_dataset(built, REPO, endpoint="http://127.0.0.1:9", dry_run=True))
    assert "private if it is new; the Hub was not asked (the connection broke off" in told
    assert "would send 6 files" in told


@pytest.mark.parametrize(
    ("request_", "answer", "expected"),
    [
        ("POST .*/create", 401, r"the Hub does not know the token \(401\), or needs one; log in with `hf auth login`"),
        ("POST .*/create", 500, r"the Hub failed \(500\); run the same command again"),
        ("POST .*/create", "lost", "the connection broke off .* run the same command again"),
        ("POST .*/commit/", 401, r"the Hub does not know the token \(401\)"),
        ("POST .*/commit/", 409, r"somebody else changed the repository meanwhile \(409.* run the same command again"),
        ("POST .*/commit/", 500, r"the Hub failed \(500\); .* \(0 of 6 files are there\)"),
        ("POST .*/commit/", "cut", "the connection broke off .* run the same command again"),
        ("POST .*/commit/", "lost", "the connection broke off .* run the same command again"),
        ("GET .*/tree/", 404, r"there is no such repository or file \(404\)"),
        ("POST .*/objects/batch", 403, r"the token may not do this \(403: .*--pull-request"),
        ("PUT /lfs/", 400, r"the Hub refused \(400"),
    ],
)
def test_every_failure_is_told_and_the_same_call_completes(hub, built, request_, answer, expected):
    if request_ == "GET .*/tree/":
        hub.create(REPO, "dataset")
    hub.fail(request_, answer)
    with pytest.raises(HubError, match=f"{REPO}: {expected}") as failed:
        push_dataset(built, REPO, endpoint=hub.endpoint)
    assert "\n" not in str(failed.value)
    assert failed.value.__cause__ is None
    push_dataset(built, REPO, endpoint=hub.endpoint)
    assert set(hub.repos["dataset", REPO].files) == names(built)
    assert len([c for c in hub.repos["dataset", REPO].history if c.added]) == 1


def test_what_passes_by_itself_is_borne(hub, built):
    hub.fail("PUT /lfs/", 500)
    push_dataset(built, REPO, endpoint=hub.endpoint)
    assert set(hub.repos["dataset", REPO].files) == names(built)


def test_a_push_of_several_commits_goes_on_after_the_last_one_that_arrived(hub, built, monkeypatch):
    monkeypatch.setattr("gsi_bench_hf.hub.sending._FILES_A_COMMIT", 2)
    hub.fail("POST .*/commit/", "cut", after=1)
    with pytest.raises(HubError, match=r"\(2 of 6 files are there\)"):
        push_dataset(built, REPO, endpoint=hub.endpoint)
    assert len(push_dataset(built, REPO, endpoint=hub.endpoint).changed) == 4
    repo = hub.repos["dataset", REPO]
    assert set(repo.files) == names(built)
    assert [len(commit.added) for commit in repo.history] == [2, 2, 2]
    assert {"README.md", "eval.yaml"} & set(repo.history[0].added) == set()


@pytest.mark.slow
def test_killed_before_the_commit_it_sends_nothing_twice(hub, built, tmp_path):
    code = "import sys; from gsi_bench_hf.hub import push_dataset; push_dataset(*sys.argv[1:])"
    hub.fail("POST .*/commit/", "hang")
    environment = hub.environment(tmp_path) | {"PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen([sys.executable, "-c", code, str(built), REPO], env=environment)
    assert hub.hanging.wait(120)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert hub.repos["dataset", REPO].files == {}
    sent = len(hub.objects)
    assert sent == 3
    push_dataset(built, REPO, endpoint=hub.endpoint)
    assert set(hub.repos["dataset", REPO].files) == names(built)
    assert len([request for request in hub.requests if request.startswith("PUT /lfs/")]) == sent


def test_files_of_an_earlier_build_are_removed_and_nothing_else(hub, built):
    stale = {"data/sim-tabletop/test-00000-of-00001.parquet": b"old", "data/sim-room/x.parquet": b"x", "notes.md": b"n"}
    hub.create(REPO, "dataset", files=stale)
    told = push_dataset(built, REPO, endpoint=hub.endpoint, dry_run=True)
    assert told.removed == ("data/sim-tabletop/test-00000-of-00001.parquet",)
    assert "data/sim-tabletop/test-00000-of-00001.parquet  removed there" in str(told)
    push_dataset(built, REPO, endpoint=hub.endpoint)
    assert set(hub.repos["dataset", REPO].files) == names(built) | {"data/sim-room/x.parquet", "notes.md"}


def test_only_what_belongs_to_the_dataset_is_sent(hub, built, folder):
    (folder / ".cache").mkdir()
    for name in (".cache/x", ".env", "notes.txt", "data/sim-tabletop/.test-9.parquet.tmp", "data/sim-tabletop/x.txt"):
        (folder / name).write_text("mine")
    (folder / "data" / "sim-room").mkdir()
    (folder / "data" / "sim-tabletop" / "link.parquet").unlink(missing_ok=True)
    pushed = push_dataset(folder, REPO, endpoint=hub.endpoint)
    assert set(hub.repos["dataset", REPO].files) == names(built)
    assert pushed.plan.notes == ("data/sim-room is left out: not all of its files are here",)


def test_a_secret_or_a_path_of_this_machine_is_not_sent(hub, folder):
    card = folder / "README.md"
    text = card.read_text()
    for words, expected in (
        (
            f"see {folder}/data",
            f"README.md holds '{folder}/data', a path of this machine; take it out: nothing was sent",
        ),
        (f"token {hub_server.GUEST}", "README.md holds a token; take it out"),
    ):
        card.write_text(text + words)
        with pytest.raises(HubError, match=expected) as refused:
            push_dataset(folder, REPO, endpoint=hub.endpoint)
        assert hub_server.GUEST not in str(refused.value)
    assert hub.requests == []


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (
            lambda f: shutil.rmtree(f / "data"),
            "is no built dataset: expected README.md and data/ in it, as `gsi-bench build",
        ),
        (
            lambda f: (f / "README.md").write_text("# Mine"),
            "holds a README.md of somebody else; run `gsi-bench build` again",
        ),
        (
            lambda f: next(f.glob("data/*/*.parquet")).unlink(),
            "holds no complete config; run `gsi-bench build` again, or",
        ),
    ],
)
def test_half_a_dataset_is_refused(hub, folder, spoil, expected):
    spoil(folder)
    with pytest.raises(HubError, match=expected):
        push_dataset(folder, REPO, endpoint=hub.endpoint)
    assert hub.requests == []


def test_the_owner_of_another_repository_is_asked(hub, built, monkeypatch):
    hub.create(REPO, "dataset")
    monkeypatch.setenv("HF_TOKEN", hub_server.GUEST)
    with pytest.raises(HubError, match=r"the token may not do this \(403: .*offer the change with --pull-request"):
        push_dataset(built, REPO, endpoint=hub.endpoint)
    pushed = push_dataset(built, REPO, endpoint=hub.endpoint, pull_request=True)
    assert pushed.pull_request == f"{hub.endpoint}/datasets/{REPO}/discussions/1"
    repo = hub.repos["dataset", REPO]
    assert (repo.files, set(repo.at("refs/pr/1").files)) == ({}, names(built))


def test_the_token_is_said_nowhere(hub, built, monkeypatch, capfd):
    for request_, answer in (
        ("POST .*/commit/", 500),
        ("PUT /lfs/", 500),
        ("POST .*/create", 401),
        ("GET .*whoami", 401),
    ):
        hub.fail(request_, answer)
        cli.main(["push", "dataset", str(built), REPO, "--endpoint", hub.endpoint])
    assert cli.main(["push", "dataset", str(built), REPO, "--endpoint", hub.endpoint]) == 0
    shown = capfd.readouterr()
    assert hub_server.TOKEN not in shown.out + shown.err
    assert not any(hub_server.TOKEN.encode() in body for body in hub.bodies)


def test_the_token_goes_over_no_open_line(built):
    for endpoint, expected in (
        ("http://hub.example.org", "would get the token unencrypted; expected https://"),
        ("https://me:secret@hub.example.org", "is no plain address; expected one such as"),
        ("hub.example.org", "is no plain address"),
    ):
        with pytest.raises(HubError, match=expected) as refused:
            push_dataset(built, REPO, endpoint=endpoint)
        assert "secret" not in str(refused.value)


def test_the_command_pushes_and_pulls(hub, built, tmp_path, capsys):
    push = ["push", "dataset", str(built), REPO, "--endpoint", hub.endpoint]
    assert cli.main([*push, "--dry-run", "--public"]) == 0
    assert f"{REPO} at {hub.endpoint}: new, public" in capsys.readouterr().out
    assert cli.main(push) == 0
    assert "sent 6 files, " in capsys.readouterr().out
    out = tmp_path / "pulled"
    assert cli.main(["pull", "dataset", REPO, "--out", str(out), "--endpoint", hub.endpoint]) == 0
    assert {name for name in names(out) if not name.startswith(".cache/")} == names(built)
    assert all((out / name).read_bytes() == (built / name).read_bytes() for name in names(built))


def test_the_command_refuses_in_one_line(hub, tmp_path, capsys):
    assert cli.main(["push", "dataset", str(tmp_path), REPO, "--endpoint", hub.endpoint]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(f"gsi-bench: {tmp_path} is no built dataset: expected README.md and data/ in it")
    assert shown.count("\n") == 1


@pytest.mark.parametrize("answer", [500, "cut"])
def test_a_pull_that_broke_off_goes_on(hub, built, tmp_path, answer):
    push_dataset(built, REPO, endpoint=hub.endpoint)
    hub.fail("GET .*/resolve/.*parquet", answer, times=20)
    with pytest.raises(HubError, match=f"pull dataset {REPO}: the (Hub failed|connection broke off)"):
        pull("dataset", REPO, tmp_path / "out", endpoint=hub.endpoint)
    hub.forgive()
    pull("dataset", REPO, tmp_path / "out", endpoint=hub.endpoint)
    assert all((tmp_path / "out" / name).read_bytes() == (built / name).read_bytes() for name in names(built))


def test_pull_says_what_is_not_there(hub, tmp_path):
    hub.create(REPO, "dataset", files={"notes.txt": b"n"})
    with pytest.raises(HubError, match=r"pull dataset me/no: there is no such repository or file \(404\)"):
        pull("dataset", "me/no", tmp_path / "a", endpoint=hub.endpoint)
    with pytest.raises(HubError, match=f"{REPO} holds no dataset that gsi-bench pushed"):
        pull("dataset", REPO, tmp_path / "b", endpoint=hub.endpoint)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "mine").touch()
    with pytest.raises(HubError, match="c is not empty and was not made by `gsi-bench pull`; give another --out"):
        pull("dataset", REPO, tmp_path / "c", endpoint=hub.endpoint)
