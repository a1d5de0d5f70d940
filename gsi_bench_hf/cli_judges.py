"""What the commands do with judges: load one with its arguments, say what it will take, and compare what several said."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gsi_bench_hf.cli_output import say

_NEED_ARGUMENTS = ("chat", "local")


def add_judge(
    parser: argparse.ArgumentParser, assignment: Callable[[str], tuple[str, Any]], positive: Callable[[str], int]
) -> None:
    """The arguments that choose a judge."""
    parser.add_argument("--judge", default="auto", metavar="NAME", help="see `gsi-bench list judges`")
    parser.add_argument(
        "--judge-arg",
        action="append",
        default=[],
        type=assignment,
        metavar="KEY=VALUE",
        help="an argument of the judge, such as url=http://localhost:8000/v1 of chat; repeatable",
    )
    parser.add_argument("--rubric", metavar="FILE", help="what the judge is asked, instead of the rubric 'appearance'")
    parser.add_argument(
        "--max-calls",
        type=positive,
        metavar="N",
        help="stop before the judge makes more calls, in all starts of the run",
    )


def add_agreement(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gsi-bench agreement`."""
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run folders, each with another judge")
    parser.add_argument("--out", metavar="FILE.json", help="also write the numbers here")


def judge_of(arguments: argparse.Namespace) -> Any:
    """The judge that the arguments name: loaded where it has arguments of its own, and its name otherwise.

    Raises:
        ValueError: there are arguments and no judge, or it doesn't take them.
    """
    name, options = arguments.judge, dict(arguments.judge_arg)
    given = {"rubric": arguments.rubric, "max_calls": arguments.max_calls}
    options |= {key: value for key, value in given.items() if value is not None}
    if not options and name not in _NEED_ARGUMENTS:
        return name
    if name == "auto":
        raise ValueError(
            f"{next(iter(options))!r} is an argument of a judge, and none is named: add --judge chat, or another"
        )
    from gsi_bench_hf.perception import load_judge

    try:
        return load_judge(name, **options)
    except TypeError as error:
        raise ValueError(f"--judge {name}: {error}") from error


def announce(
    judge: Any,
    out: str,
    first: Mapping[str, Any],
    count: int,
    beside: Any,
    tell: Callable[[str], None],
    *,
    rank: int = 0,
) -> None:
    """Say what a judge that is paid by the question will take, before it is asked anything.

    Args:
        judge: or its name, of which there is nothing to say.
        out: the run folder.
        first: a record.
        count: how many samples the run has.
        beside: the editor, where the ladder is run beside it.
        tell: prints.
        rank: which of several processes this is.

    Raises:
        JudgeStoppedError: it may not make as many calls as it will need.
    """
    if not callable(getattr(judge, "estimate", None)):
        return
    from gsi_bench_hf.run_setup import name_of
    from gsi_bench_hf.runner import LADDER
    from gsi_bench_hf.store import read_samples
    from gsi_bench_hf.types import Sample

    folder = Path(out)
    rungs = [] if beside is None else [folder / "ladder" / name for name in LADDER if name != name_of(beside)]
    left = sum(max(0, count - len(read_samples(path)[0])) for path in (folder, *rungs))
    if not left:
        return
    judge.keep_in(folder, rank)
    tell(str(judge.estimate(left, Sample(first).source_image.size)))
    judge.check_budget(left)


def agreement(arguments: argparse.Namespace) -> int:
    """`gsi-bench agreement`."""
    from gsi_bench_hf.durable import dump_json, write_atomic
    from gsi_bench_hf.judge_agreement import compare_judges

    found = compare_judges(arguments.runs)
    say(str(found))
    if arguments.out:
        write_atomic(Path(arguments.out), dump_json(found.to_json()))
        say(f"Agreement: {arguments.out}")
    return 0
