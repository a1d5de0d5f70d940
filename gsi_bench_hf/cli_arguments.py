"""The arguments of the command `gsi-bench`."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from gsi_bench_hf.cli_detectors import add_detector
from gsi_bench_hf.cli_export import add_export
from gsi_bench_hf.cli_hub import add_pull, add_push
from gsi_bench_hf.cli_judges import add_agreement, add_judge
from gsi_bench_hf.cli_leaderboard import add_leaderboard
from gsi_bench_hf.cli_photographs import add_photographs
from gsi_bench_hf.cli_review import add_review
from gsi_bench_hf.cli_train import add_train

CANT_START = 2
WHAT = ("subsets", "editors", "detectors", "judges", "recipes")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(CANT_START, f"{self.prog}: {message} (see {self.prog} --help)\n")


Command = Callable[[argparse.Namespace], int]


def make_parser(run: Mapping[str, Command], *, saved: Mapping[str, Any] | None = None) -> argparse.ArgumentParser:
    """The parser of `gsi-bench`; what it parses carries `command`, one of `run` by the command's name.

    Args:
        run: the commands.
        saved: the arguments of the run that `run` repeats; others on the command line go before them.
    """
    parser = _Parser(
        prog="gsi-bench",
        description="Measure, in 3D, whether image-editing models understand space.",
        epilog="GSI_BENCH_TRACEBACK=1 in the environment shows where an error came from.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    _add_list(commands, run["list"])
    _add_build(commands, run["build"])
    _add_merge(commands, run["merge"])
    _add_view(commands, run["view"])
    add_export(_add(commands, "export", "Write training pairs as files of other trainers.", run["export"]), _positive)
    train = _add(
        commands,
        "train",
        "Fine-tune a model on the training pairs; killed and started again, it goes on.",
        run["train"],
    )
    add_train(train, _positive, _natural, _assignment)
    add_review(_add(commands, "review", "Accept, edit or reject candidate edits on a local page.", run["review"]))
    _add_run(commands, run["run"], saved or {})
    _add_score(commands, run["score"])
    _add_report(commands, run["report"])
    add_leaderboard(
        _add(commands, "leaderboard", "Rank finished runs on one page, each with its like.", run["leaderboard"])
    )
    _add_compare(commands, run["compare"])
    _add_aggregate(commands, run["aggregate"])
    add_agreement(_add(commands, "agreement", "Say how far judges of the same edited images agree.", run["agreement"]))
    add_push(_add(commands, "push", "Send a dataset, a model or results to the Hub.", run["push"]))
    add_pull(_add(commands, "pull", "Fetch what was pushed.", run["pull"]))
    return parser


def _add(commands: Any, name: str, what: str, command: Command) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=what, description=what)
    parser.set_defaults(command=command)
    return parser


def _add_list(commands: Any, command: Command) -> None:
    parser = _add(commands, "list", "List what has a name: subsets, editors, detectors, judges, recipes.", command)
    parser.add_argument("what", nargs="?", choices=WHAT, help="only these")


def _add_build(commands: Any, command: Command) -> None:
    parser = _add(commands, "build", "Make a dataset folder that load_dataset reads without this package.", command)
    parser.add_argument("config", metavar="CONFIG", help="such as sim-tabletop; see `gsi-bench list subsets`")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--num-samples", type=_positive, metavar="N", help="the first N samples (default: all)")
    parser.add_argument("--seed", type=_natural, default=0, metavar="S", help="another world (default: 0)")
    parser.add_argument(
        "--num-proc", type=_positive, default=_default_num_proc(), metavar="P", help="processes (default: %(default)s)"
    )
    parser.add_argument("--renderer", default="mujoco", help="default: %(default)s")
    parser.add_argument(
        "--shards",
        type=_shards,
        metavar="A:B/N",
        help="make only the files A to B - 1 of N, for `gsi-bench merge`: 0:10/100 is the first tenth",
    )
    add_photographs(parser, _assignment, _positive)


def _add_merge(commands: Any, command: Command) -> None:
    parser = _add(
        commands,
        "merge",
        "Check the parts of a build that several machines made, and make one folder of them.",
        command,
    )
    parser.add_argument("parts", nargs="+", metavar="PART", help="folders of `gsi-bench build --shards`")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to make; may be one of the parts")


def _add_view(commands: Any, command: Command) -> None:
    parser = _add(
        commands,
        "view",
        "Make one HTML file that shows samples: images, boxes, masks, depth, instructions.",
        command,
    )
    parser.add_argument(
        "source", metavar="CONFIG|FOLDER", help="such as sim-tabletop, or a folder of `gsi-bench build`"
    )
    parser.add_argument("--out", metavar="FILE.html", help="the file to write (default: gallery.html)")
    parser.add_argument(
        "--config", metavar="CONFIG", help="which of the folder's configs (default: its only one, or all)"
    )
    parser.add_argument(
        "--limit", type=_positive, default=48, metavar="N", help="at most so many samples (default: %(default)s)"
    )
    parser.add_argument("--seed", type=_natural, default=0, metavar="S", help="of a rendered config (default: 0)")
    parser.add_argument("--data-dir", metavar="DIR", help="the released files, for a released config")


def _add_run(commands: Any, command: Command, saved: Mapping[str, Any]) -> None:
    parser = _add(
        commands, "run", "Run an editor over a subset and score it; killed and started again, it goes on.", command
    )
    parser.add_argument(
        "--editor",
        required="editor" not in saved,
        metavar="NAME",
        help="a name of `gsi-bench list editors`, a Hub repository, http(s)://…, folder:DIR, python:module:function, …",
    )
    parser.add_argument("--dtype", metavar="TYPE", help="of a pipeline's weights, such as bfloat16")
    parser.add_argument("--batch-size", type=_positive, metavar="N", help="images that a pipeline edits at once")
    parser.add_argument("--concurrency", type=_positive, metavar="N", help="calls of an endpoint at once")
    parser.add_argument(
        "--editor-arg",
        action="append",
        default=[],
        type=_assignment,
        metavar="KEY=VALUE",
        help="another argument of the editor; repeatable",
    )
    parser.add_argument(
        "--timeout", type=float, default=600.0, metavar="SECONDS", help="limit of one edit (default: %(default)g)"
    )
    parser.add_argument(
        "--repeat-of", metavar="RUN", help="a run folder: do it again, with its arguments but for those given here"
    )
    _add_scoring(parser, saved)


def _add_score(commands: Any, command: Command) -> None:
    parser = _add(commands, "score", "Score images that were made elsewhere: DIR/<id>.png or .jpg.", command)
    parser.add_argument("--edited", required=True, metavar="DIR", help="where the images lie")
    parser.add_argument("--detections", metavar="FILE", help="detections made elsewhere, such as infer_cache.json")
    parser.add_argument("--judgements", metavar="FILE", help="judgements made elsewhere, such as a judge's JSON file")
    _add_scoring(parser, {})


def _add_scoring(parser: argparse.ArgumentParser, saved: Mapping[str, Any]) -> None:
    parser.add_argument(
        "--subset",
        required="subset" not in saved,
        metavar="CONFIG",
        help="such as sim-tabletop; see `gsi-bench list subsets`",
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the run folder; one of the same run is taken up again"
    )
    parser.add_argument("--limit", type=_positive, metavar="N", help="the first N samples (default: all)")
    parser.add_argument(
        "--protocol", choices=("auto", "strict", "paper"), default="auto", help="default: strict on sim-*, else paper"
    )
    parser.add_argument("--data-dir", metavar="DIR", help="a folder of `gsi-bench build`, or the released files")
    add_detector(parser, _assignment, _positive)
    add_judge(parser, _assignment, _positive)
    parser.add_argument(
        "--lpips", default="auto", metavar="auto|none|FILE", help="LPIPS backbone for locality (default: if it is here)"
    )
    parser.add_argument("--seed", type=_natural, default=0, metavar="S", help="seed of the edits (default: 0)")
    parser.add_argument(
        "--num-proc",
        type=_positive,
        default=_default_num_proc(),
        metavar="P",
        help="processes that score (default: %(default)s)",
    )
    parser.add_argument(
        "--no-ladder", action="store_true", help="leave out identity, paste, noisy-oracle and oracle for comparison"
    )
    parser.add_argument("--retry-failed", action="store_true", help="do the samples again that failed before")
    parser.add_argument(
        "--export-official",
        metavar="DIR",
        help="also write the run as files of the released evaluator, in DIR/<model>/",
    )
    parser.set_defaults(**saved)


def _add_report(commands: Any, command: Command) -> None:
    parser = _add(commands, "report", "Make one HTML file of one or more finished runs.", command)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run folders")
    parser.add_argument("--out", required=True, metavar="FILE.html", help="the file to write")


def _add_compare(commands: Any, command: Command) -> None:
    parser = _add(
        commands,
        "compare",
        "Compare two finished runs on the same data, sample by sample: is B better than A?",
        command,
    )
    parser.add_argument("run_a", metavar="RUN_A", help="a run folder")
    parser.add_argument("run_b", metavar="RUN_B", help="another one")
    parser.add_argument("--out", metavar="FILE.json", help="also write the comparison here")


def _add_aggregate(commands: Any, command: Command) -> None:
    parser = _add(
        commands,
        "aggregate",
        "Sum up the released evaluator's own files, as it does: EVAL_output_summary.json.",
        command,
    )
    parser.add_argument("--official-root", required=True, metavar="DIR", help="holds <model>/<subset>_eval/")
    parser.add_argument("--judgements", required=True, metavar="DIR", help="holds the judge's *<subset>_<model>.json")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the summary goes")


def _default_num_proc() -> int:
    """Two, or the one there is: each process that scores takes some hundred megabytes."""
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _positive(text: str) -> int:
    return _integer(text, 1)


def _natural(text: str) -> int:
    return _integer(text, 0)


def _shards(text: str) -> tuple[range, int]:
    """The shards that "0:10/100" names, and how many there are in all."""
    match = re.fullmatch(r"([0-9]+):([0-9]+)/([0-9]+)", text)
    if not match or not int(match[1]) < int(match[2]) <= int(match[3]):
        raise argparse.ArgumentTypeError(f"{text!r} is no A:B/N with 0 <= A < B <= N, such as 0:10/100")
    return range(int(match[1]), int(match[2])), int(match[3])


def _integer(text: str, lowest: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < lowest:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of {lowest} or more")
    return int(text)


def _assignment(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
