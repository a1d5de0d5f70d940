"""`gsi-bench push` and `gsi-bench pull`."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from gsi_bench_hf.cli_leaderboard import add_push_leaderboard, add_push_metrics
from gsi_bench_hf.cli_output import say

if TYPE_CHECKING:
    from collections.abc import Iterable

DONE = 0
_PULLED = ("dataset", "model", "results", "leaderboard")


def add_push(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gsi-bench push`; what it parses carries `push`, the function that does it."""
    whats = parser.add_subparsers(required=True, metavar="WHAT", parser_class=type(parser))
    dataset = _add(whats, "dataset", "A folder of `gsi-bench build`: Parquet, card with configs, eval.yaml.", _dataset)
    dataset.add_argument("folder", metavar="FOLDER", help="what was built")
    dataset.add_argument("repo", metavar="OWNER/NAME", help="the dataset repository; made if it is missing")

    model = _add(whats, "model", "A pipeline or a LoRA, with its card.", _model)
    model.add_argument("folder", metavar="FOLDER", help="what save_pretrained or `gsi-bench train` wrote")
    model.add_argument("repo", metavar="OWNER/NAME", help="the model repository; made if it is missing")
    model.add_argument("--run", metavar="RUN", help="a finished run of this model, which fills the card")
    _add_rows(model)

    results = _add(whats, "results", "Scores, to the model's repository and to a dataset of runs.", _results)
    results.add_argument("runs", nargs="+", metavar="RUN", help="run folders")
    results.add_argument("--model", metavar="OWNER/NAME", help="the model's repository: .eval_results and model-index")
    results.add_argument("--to", metavar="OWNER/NAME", help="a dataset of runs; made if it is missing")
    _add_rows(results)

    add_push_metrics(partial(_add, whats))
    add_push_leaderboard(partial(_add, whats))


def add_pull(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gsi-bench pull`."""
    parser.add_argument("what", choices=_PULLED, metavar="WHAT", help=", ".join(_PULLED))
    parser.add_argument("repo", metavar="OWNER/NAME", help="the repository")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to fetch it into")
    parser.add_argument("--revision", metavar="REV", help="branch, tag or commit (default: the newest)")
    _add_endpoint(parser)


def push(arguments: argparse.Namespace) -> int:
    """Push, and print what went where."""
    _quiet_hub()
    for pushed in arguments.push(arguments):
        say(str(pushed))
    return DONE


def pull(arguments: argparse.Namespace) -> int:
    """Pull, and print where it lies."""
    from gsi_bench_hf.hub import pull as fetch

    _quiet_hub()
    options = {"revision": arguments.revision, "endpoint": arguments.endpoint}
    say(f"{arguments.what} {arguments.repo}: {fetch(arguments.what, arguments.repo, arguments.out, **options)}")
    return DONE


def where(arguments: argparse.Namespace) -> dict[str, Any]:
    """What every push takes: `private`, `pull_request`, `endpoint`, `dry_run`."""
    return {name: getattr(arguments, name) for name in ("private", "pull_request", "endpoint", "dry_run")}


def _dataset(arguments: argparse.Namespace) -> Iterable[Any]:
    from gsi_bench_hf.hub import push_dataset

    return [push_dataset(arguments.folder, arguments.repo, **where(arguments))]


def _model(arguments: argparse.Namespace) -> Iterable[Any]:
    from gsi_bench_hf.hub import push_model

    options = {"run": arguments.run, "dataset_id": arguments.dataset}
    return [push_model(arguments.folder, arguments.repo, **options, **where(arguments))]


def _results(arguments: argparse.Namespace) -> Iterable[Any]:
    from gsi_bench_hf.hub import push_results

    options = {"model": arguments.model, "to": arguments.to, "dataset_id": arguments.dataset}
    return push_results(arguments.runs, **options, **where(arguments))


def _add(whats: Any, name: str, what: str, function: Any) -> argparse.ArgumentParser:
    """A thing to push, with what every push takes."""
    parser: argparse.ArgumentParser = whats.add_parser(name, help=what, description=what)
    parser.set_defaults(push=function, private=None)
    seen = parser.add_mutually_exclusive_group()
    seen.add_argument(
        "--private", action="store_true", default=None, help="refuse a repository that is public (a new one is private)"
    )
    seen.add_argument("--public", dest="private", action="store_false", help="make a new repository public")
    parser.add_argument(
        "--pull-request",
        action=argparse.BooleanOptionalAction,
        default=None if name == "results" else False,
        help="offer the change to the repository's owner (default: results, where that is somebody else)",
    )
    parser.add_argument("--dry-run", action="store_true", help="print what would go where, and send nothing")
    _add_endpoint(parser)
    return parser


def _add_endpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--endpoint", metavar="URL", help="another Hub (default: HF_ENDPOINT, or https://huggingface.co)"
    )


def _add_rows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", metavar="OWNER/NAME", help="where the rows of sim-* lie, for .eval_results")


def _quiet_hub() -> None:
    """The Hub's client says nothing by itself, for its warnings quote addresses that hold signatures; bars where someone looks."""
    from huggingface_hub.utils import disable_progress_bars, logging  # type: ignore[attr-defined]  # not in __all__

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    if not sys.stderr.isatty():
        disable_progress_bars()
