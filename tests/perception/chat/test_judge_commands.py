"""Judges on the command line: `run`, `score` and `agreement`, as somebody would use them."""

from __future__ import annotations

import json
import shutil

import pytest
import tiny

from gsi_bench_hf import cli
from gsi_bench_hf.judge_agreement import NothingInCommonError, compare_judges
from gsi_bench_hf.types import Judgement


@pytest.fixture(autouse=True)
def tiny_data(monkeypatch):
    """The command's dataset and detector are the tiny ones; the judge and all the rest are real."""
    import gsi_bench_hf.runner as runner

    real = runner.evaluate_editor
    monkeypatch.setattr(cli, "_quiet", lambda: None)
    monkeypatch.setattr(cli, "_quiet_datasets", lambda _library: None)
    monkeypatch.setattr(cli, "_dataset", lambda arguments: rows(arguments.limit or 6))
    monkeypatch.setattr(
        runner,
        "evaluate_editor",
        lambda *given, **options: real(*given, **{**options, "detector": tiny.SquareDetector(), "lpips": None}),
    )


def rows(count):
    return [tiny.row(n, instruction=f"Move the square 14 pixels to the right. #{n}") for n in range(count)]


def chat(server, *more, command="run", editor="oracle"):
    what = ["--editor", editor] if command == "run" else []
    judge = [
        "--judge",
        "chat",
        "--judge-arg",
        f"url={server.url}",
        "--judge-arg",
        "model=m",
        "--judge-arg",
        "first_wait_s=0.01",
    ]
    return cli.main([command, *what, "--subset", "sim-tabletop", "--num-proc", "1", *judge, *map(str, more)])


def test_a_run_says_what_the_judge_will_take_and_took(server, tmp_path, capsys):
    server.plan = {1: "sorry", 2: "429*1"}
    own = tmp_path / "own.md"
    own.write_text("Is it the same? {instruction}")
    out = tmp_path / "run"
    options = ("--rubric", own, "--max-calls", 20, "--judge-arg", "repeats=2", "--out", out)
    assert chat(server, *options) == 0
    printed = capsys.readouterr().out
    assert f"Judge chat (m at {server.url}/chat/completions): 12 calls with 24 images, about" in printed
    assert "12 questions, 10 answered; refused 2; 1,200 tokens in and 120 out in all" in printed
    assert "no judgement: refused 1" in printed
    assert server.calls[0].text.startswith("Picture 1: the picture before the edit.")
    assert "Is it the same?" in server.calls[0].text
    told = json.loads((out / "run.json").read_text())
    assert told["arguments"]["judge"]["rubric"]["name"] == "own"
    assert told["arguments"]["judge"]["repeats"] == 2
    assert ["repeats", 2] in told["command"]["judge_arg"]

    count = len(server.calls)
    assert chat(server, *options) == 0
    assert len(server.calls) == count
    assert "calls with" not in capsys.readouterr().out  # nothing is left, so nothing is announced

    assert cli.main(["run", "--repeat-of", str(out), "--out", str(tmp_path / "again")]) == 0
    assert "the same scores" in capsys.readouterr().out
    assert len(server.calls) > count


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max-calls", "5"], "the judge needs 6 calls for 6 samples (1 each), and max_calls is 5; nothing was asked"),
        (["--judge-arg", "colour_space=lab", "--judge-arg", "temprature=1"], "takes no temprature"),
        (["--rubric", "nowhere.md"], "rubric 'nowhere.md' can't be read"),
    ],
)
def test_what_can_not_start_asks_nothing(server, tmp_path, capsys, arguments, message):
    assert chat(server, "--out", tmp_path / "run", *arguments) == 2
    assert message in capsys.readouterr().err
    assert not server.calls
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--judge", "chat"], "the judge 'chat' needs either url="),
        (["--judge", "local"], "the judge 'local' needs model="),
        (["--max-calls", "5"], "'max_calls' is an argument of a judge, and none is named: add --judge chat"),
        (["--judge", "render-compare", "--rubric", "appearance"], "--judge render-compare: "),
    ],
)
def test_a_judge_without_what_it_needs(tmp_path, capsys, arguments, message):
    assert cli.main(["run", "--subset", "sim-tabletop", "--editor", "oracle", "--out", str(tmp_path), *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_the_ladder_is_in_the_estimate(server, tmp_path, capsys, monkeypatch):
    """Three more editors beside the oracle, six samples each; the rows' scene is only looked at, the ladder itself is not run."""
    from gsi_bench_hf import cli_judges
    from gsi_bench_hf.perception import load_judge
    from gsi_bench_hf.pipelines import load_editor

    judge, said = load_judge("chat", url=server.url, model="m", max_calls=23), []
    cli_judges.announce(judge, str(tmp_path / "run"), rows(1)[0], 6, None, said.append)
    with pytest.raises(Exception, match="needs 24 calls for 24 samples"):
        cli_judges.announce(judge, str(tmp_path / "run"), rows(1)[0], 6, load_editor("oracle"), said.append)
    assert [line.partition(": ")[2].partition(",")[0] for line in said] == [
        "6 calls with 12 images",
        "24 calls with 48 images",
    ]
    judge.close()


def test_judges_of_the_same_images_are_compared(server, tmp_path, capsys):
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    server.plan = {5: "sorry"}
    assert chat(server, "--limit", 12, "--judge-arg", "repeats=2", "--out", first, editor="oracle") == 0
    edited = first / "edited" / "sim-tiny"
    server.score, server.plan = lambda call: min(10, call.number % 11 + 1), {}
    assert chat(server, "--limit", 12, "--edited", edited, "--out", second, command="score") == 0
    shutil.copytree(edited, tmp_path / "other")
    tiny.picture(0, 0).save(tmp_path / "other" / "sim-tiny-00000.png")
    judgements = tmp_path / "judgements.json"
    judgements.write_text(json.dumps({f"sim-tiny-{n:05d}": {"score": n % 3} for n in range(12)}))
    more = ["--judgements", str(judgements), "--out", str(third), "--limit", "12", "--num-proc", "1"]
    assert cli.main(["score", "--subset", "sim-tabletop", "--edited", str(tmp_path / "other"), *more]) == 0
    capsys.readouterr()

    table = tmp_path / "agreement.json"
    assert cli.main(["agreement", str(first), str(second), str(third), "--out", str(table)]) == 0
    printed = capsys.readouterr().out
    assert "12 edited images of 6 scenes in two runs or more (1 that only one run has left out)" in printed
    assert f"A: chat m ({first}): 11 scored, refused 1, mean" in printed
    assert "alpha with itself 1.00 [1.00, 1.00], 2 times" in printed
    assert f"B: chat m ({second}): 12 scored, mean" in printed
    assert f"C: CachedJudge ({third}): 11 scored" in printed
    found = json.loads(table.read_text())
    pairs = {(p["a"], p["b"]): p for p in found["pairs"]}
    assert [pairs[key]["alpha"]["n"] for key in (("A", "B"), ("A", "C"), ("B", "C"))] == [11, 10, 11]
    # One point apart but for number 10, which has 10 from both; number 5 was refused: 10 of 11 differ by 1.
    assert pairs["A", "B"]["difference"] == pytest.approx(10 / 11)
    assert pairs["A", "B"]["spearman"]["value"] > 0.98
    assert pairs["A", "B"]["spearman"]["value"] > pairs["A", "C"]["spearman"]["value"]
    assert found["alpha"]["low"] < found["alpha"]["value"] < found["alpha"]["high"]


def test_one_run_alone_is_compared_with_itself(server, tmp_path):
    server.score = lambda call: (call.number + call.body["seed"]) % 11
    assert chat(server, "--judge-arg", "repeats=3", "--judge-arg", "temperature=1.0", "--out", tmp_path) == 0
    found = compare_judges([tmp_path])
    assert found.pairs == []
    assert found.raters[0].repeats == 3
    assert 0.0 < found.raters[0].with_itself.value < 1.0


def test_runs_without_an_image_in_common(tmp_path):
    class One(tiny.ColourJudge):
        def judge(self, sample, edited, scan):
            return Judgement(1.0)

    for name, step in (("a", 14), ("b", 7)):
        row = [tiny.row(0, step_px=step)]
        tiny.run(tiny.oracle, row, tmp_path / name, judge=One())
    with pytest.raises(
        NothingInCommonError, match=r"have no edited image in common.*gsi-bench score --edited RUN/edited/SUBSET"
    ):
        compare_judges([tmp_path / "a", tmp_path / "b"])
