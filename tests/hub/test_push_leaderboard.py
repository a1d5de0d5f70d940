"""A leaderboard goes to the Hub, comes back, and no run that somebody added is lost on the way."""

from __future__ import annotations

import hub_server
import pytest
import yaml
from card_runs import Editor, run

from gsi_bench_hf import cli
from gsi_bench_hf.hub import HubError, pull, push_leaderboard, push_results
from gsi_bench_hf.leaderboard import read_entries, write_leaderboard

REPO, SPACE = "me/board", "me/board-page"
READ = """
import json, sys
from datasets import load_dataset
runs = load_dataset(sys.argv[1], "runs", split="train")
scores = load_dataset(sys.argv[1], "scores", split="train")
assert "gsi_bench_hf" not in sys.modules
print(sorted(runs["model"]), len(scores))
"""


@pytest.fixture
def board(finished, tmp_path):
    write_leaderboard([finished], tmp_path / "board")
    return tmp_path / "board"


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    return run(tmp_path_factory.mktemp("theirs") / "run", Editor("theirs", 2))


def committed(hub, kind, repo):
    return {path: blob.data for path, blob in hub.repos[kind, repo].at("main").files.items()}


def test_tables_and_page_go_where_they_belong(hub, board):
    data, page = push_leaderboard(board, REPO, space=SPACE, endpoint=hub.endpoint)
    files = committed(hub, "dataset", REPO)
    assert set(files) == {"README.md", "index.html", "leaderboard.parquet", "scores.parquet"}
    assert f'load_dataset("{REPO}", "runs"' in files["README.md"].decode()
    shown = committed(hub, "space", SPACE)
    assert shown["index.html"] == (board / "index.html").read_bytes()
    card = yaml.safe_load(shown["README.md"].split(b"---")[1])
    assert (card["sdk"], card["title"], card["datasets"]) == ("static", "GSI-Sim leaderboard", [REPO])
    assert (data.sent, page.sent) == (True, True)
    assert hub.repos["dataset", REPO].private
    again = push_leaderboard(board, REPO, space=SPACE, endpoint=hub.endpoint)
    assert [one.sent for one in again] == [False, False]


@pytest.mark.slow
def test_the_dataset_is_read_without_this_package(hub, board, elsewhere):
    push_leaderboard(board, REPO, endpoint=hub.endpoint)
    assert elsewhere(READ, REPO).split("\n")[0] == "['identity', 'me/model'] 18"


def test_pulled_it_can_be_added_to(hub, board, theirs, tmp_path):
    push_leaderboard(board, REPO, endpoint=hub.endpoint)
    old = pull("leaderboard", REPO, tmp_path / "old", endpoint=hub.endpoint)
    write_leaderboard([old, theirs], tmp_path / "new")
    push_leaderboard(tmp_path / "new", REPO, endpoint=hub.endpoint)
    again = pull("leaderboard", REPO, tmp_path / "again", endpoint=hub.endpoint)
    assert [entry.model for entry in read_entries([again])] == ["me/model", "identity", "theirs"]


def test_a_leaderboard_is_made_of_a_pulled_results_dataset(hub, finished, board, tmp_path):
    push_results([finished], to="me/runs", endpoint=hub.endpoint)
    runs = pull("results", "me/runs", tmp_path / "runs", endpoint=hub.endpoint)
    assert [entry.run for entry in read_entries([runs])] == [entry.run for entry in read_entries([board])]


def test_runs_that_somebody_added_are_not_lost(hub, board, theirs, tmp_path):
    write_leaderboard([theirs, board], tmp_path / "new")
    push_leaderboard(tmp_path / "new", REPO, endpoint=hub.endpoint)
    with pytest.raises(HubError, match=r"me/board has 1 run that would be lost, such as one of 'theirs'; pull it"):
        push_leaderboard(board, REPO, endpoint=hub.endpoint)
    push_leaderboard(board, REPO, replace=True, endpoint=hub.endpoint)
    kept = pull("leaderboard", REPO, tmp_path / "kept", endpoint=hub.endpoint)
    assert [entry.model for entry in read_entries([kept])] == ["me/model", "identity"]


def test_a_run_that_is_added_between_look_and_commit_is_not_lost(hub, board, theirs, tmp_path, monkeypatch):
    from hub_repos import Blob

    from gsi_bench_hf.hub import leaderboard, sending

    push_leaderboard(board, REPO, endpoint=hub.endpoint)
    write_leaderboard([board, theirs], tmp_path / "new")
    repo = hub.repos["dataset", REPO]

    def late(plan, **options):
        repo.commit("main", {"note.txt": Blob(b"n", large=False)}, [], title="t", description="", author="me")
        return sending.send(plan, **options)

    monkeypatch.setattr(leaderboard, "send", late)
    with pytest.raises(HubError, match="somebody else changed the repository meanwhile"):
        push_leaderboard(tmp_path / "new", REPO, endpoint=hub.endpoint)
    monkeypatch.undo()
    monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    assert push_leaderboard(tmp_path / "new", REPO, endpoint=hub.endpoint)[0].sent


@pytest.mark.parametrize(
    ("pattern", "answer", "message"),
    [
        ("POST /api/repos/create", 401, "the Hub does not know the token"),
        ("POST /api/datasets/.*/commit/", 409, "somebody else changed the repository meanwhile"),
        ("POST /api/datasets/.*/commit/", 500, r"the Hub failed \(500\)"),
        ("POST /api/spaces/.*/commit/", "cut", "run the same command again"),
    ],
)
def test_a_failure_is_told_and_a_second_try_completes(hub, board, pattern, answer, message):
    hub.fail(pattern, answer)
    with pytest.raises(HubError, match=message) as caught:
        push_leaderboard(board, REPO, space=SPACE, endpoint=hub.endpoint)
    assert hub_server.TOKEN not in str(caught.value)
    hub.forgive()
    push_leaderboard(board, REPO, space=SPACE, endpoint=hub.endpoint)
    assert set(committed(hub, "space", SPACE)) == {"README.md", "index.html"}
    assert len(committed(hub, "dataset", REPO)) == 4


def test_what_is_no_leaderboard_is_not_sent(hub, board, tmp_path):
    with pytest.raises(
        HubError, match=r"is no leaderboard: README.md is missing; make one with `gsi-bench leaderboard"
    ):
        push_leaderboard(tmp_path, REPO, endpoint=hub.endpoint)
    (board / "README.md").write_text("# Mine")
    with pytest.raises(HubError, match=r"README.md is somebody else's"):
        push_leaderboard(board, REPO, endpoint=hub.endpoint)
    assert hub.requests == []


def test_a_title_of_somebody_elses_making_stays_a_title(hub, finished, tmp_path):
    title = 'Mine: "best" #1\nsdk: docker'
    write_leaderboard([finished], tmp_path / "board", title=title)
    push_leaderboard(tmp_path / "board", REPO, space=SPACE, endpoint=hub.endpoint)
    card = yaml.safe_load(committed(hub, "space", SPACE)["README.md"].split(b"\n---")[0].removeprefix(b"---"))
    assert (card["title"], card["sdk"]) == (title, "static")


def test_the_commands(hub, finished, tmp_path, capsys):
    out = str(tmp_path / "board")
    assert cli.main(["leaderboard", str(finished), "--out", out]) == 0
    assert "sim-tiny, strict, 9 edits: 2 runs, locality by SSIM" in capsys.readouterr().out
    command = ["push", "leaderboard", out, REPO, "--space", SPACE, "--endpoint", hub.endpoint]
    assert cli.main([*command, "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert f"dataset {REPO} at {hub.endpoint}: new, private" in shown
    assert f"space {SPACE} at {hub.endpoint}: new, private" in shown
    assert hub.repos == {}
    assert cli.main(command) == 0
    assert cli.main(["leaderboard", str(tmp_path / "nothing"), "--out", out]) == 2
    assert "holds no finished run" in capsys.readouterr().err
