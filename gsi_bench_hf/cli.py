"""The command `gsi-bench`: parse, call one public function, print."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

DONE, SOME_FAILED, CANT_START, INTERRUPTED = 0, 1, 2, 130
_WHAT = ("subsets", "editors", "detectors", "judges")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(CANT_START, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments; those of the process by default.

    Returns:
        0 done; 1 done, but some samples failed; 2 can't start, or can't go on; 130 interrupted.
    """
    arguments = _parser().parse_args(argv)
    _quiet()
    try:
        return int(arguments.command(arguments))
    except KeyboardInterrupt:
        _complain("stopped; run the same command again to go on where it was left")
        return INTERRUPTED
    except Exception as error:
        cause = _for_the_user(error)
        if cause is None or os.environ.get("GSI_BENCH_TRACEBACK"):
            raise
        _complain(" ".join(str(cause).split()))
        return CANT_START


def _for_the_user(error: BaseException) -> BaseException | None:
    """The error whose message is meant for the user; None for a bug, which shows its traceback."""
    if type(error).__name__ == "DatasetGenerationError" and error.__cause__ is not None:
        return _for_the_user(error.__cause__)
    ours = type(error).__module__.startswith("gsi_bench_hf.")
    return error if ours or isinstance(error, (ValueError, ImportError, NotImplementedError, OSError)) else None


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="gsi-bench",
        description="Measure, in 3D, whether image-editing models understand space.",
        epilog="GSI_BENCH_TRACEBACK=1 in the environment shows where an error came from.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)
    _add_list(commands)
    _add_build(commands)
    _add_run(commands)
    _add_score(commands)
    _add_report(commands)
    return parser


def _add(commands: Any, name: str, what: str, command: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=what, description=what)
    parser.set_defaults(command=command)
    return parser


def _add_list(commands: Any) -> None:
    parser = _add(commands, "list", "List what has a name: subsets, editors, detectors, judges.", _list)
    parser.add_argument("what", nargs="?", choices=_WHAT, help="only these")


def _add_build(commands: Any) -> None:
    parser = _add(commands, "build", "Make a dataset folder that load_dataset reads without this package.", _build)
    parser.add_argument("config", metavar="CONFIG", help="such as sim-tabletop; see `gsi-bench list subsets`")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to make")
    parser.add_argument("--num-samples", type=_positive, metavar="N", help="the first N samples (default: all)")
    parser.add_argument("--seed", type=_natural, default=0, metavar="S", help="another world (default: 0)")
    parser.add_argument(
        "--num-proc", type=_positive, default=_default_num_proc(), metavar="P", help="processes (default: %(default)s)"
    )
    parser.add_argument("--renderer", default="mujoco", help="default: %(default)s")


def _add_run(commands: Any) -> None:
    parser = _add(
        commands, "run", "Run an editor over a subset and score it; killed and started again, it goes on.", _run
    )
    parser.add_argument("--editor", required=True, metavar="NAME", help="such as paste; see `gsi-bench list editors`")
    parser.add_argument(
        "--editor-arg",
        action="append",
        default=[],
        type=_assignment,
        metavar="KEY=VALUE",
        help="an argument of the editor; repeatable",
    )
    parser.add_argument(
        "--timeout", type=float, default=600.0, metavar="SECONDS", help="limit of one edit (default: %(default)g)"
    )
    _add_scoring(parser)


def _add_score(commands: Any) -> None:
    parser = _add(commands, "score", "Score images that were made elsewhere: DIR/<id>.png.", _score)
    parser.add_argument("--edited", required=True, metavar="DIR", help="where the images lie")
    parser.add_argument("--detections", metavar="FILE", help="detections made elsewhere (detector 'cached')")
    parser.add_argument("--judgements", metavar="FILE", help="judgements made elsewhere (judge 'cached')")
    _add_scoring(parser)


def _add_scoring(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--subset", required=True, metavar="CONFIG", help="such as sim-tabletop; see `gsi-bench list subsets`"
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the run folder; one of the same run is taken up again"
    )
    parser.add_argument("--limit", type=_positive, metavar="N", help="the first N samples (default: all)")
    parser.add_argument(
        "--protocol", choices=("auto", "strict", "paper"), default="auto", help="default: strict on sim-*, else paper"
    )
    parser.add_argument("--data-dir", metavar="DIR", help="a folder of `gsi-bench build`, or the released files")
    parser.add_argument("--detector", default="auto", metavar="NAME", help="see `gsi-bench list detectors`")
    parser.add_argument("--judge", default="auto", metavar="NAME", help="see `gsi-bench list judges`")
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


def _add_report(commands: Any) -> None:
    parser = _add(commands, "report", "Make one HTML file of one or more finished runs.", _report)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run folders")
    parser.add_argument("--out", required=True, metavar="FILE.html", help="the file to write")


def _list(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf import perception, pipelines
    from gsi_bench_hf.data.subsets import SUBSETS

    tables: dict[str, Any] = {
        "subsets": SUBSETS,
        "editors": pipelines.EDITORS,
        "detectors": perception.DETECTORS,
        "judges": perception.JUDGES,
    }
    chosen = [arguments.what] if arguments.what else list(_WHAT)
    for what in chosen:
        if len(chosen) > 1:
            _say(what)
        for name in tables[what]:
            _say(f"{'  ' * (len(chosen) > 1)}{name:<16}{_one_line(tables[what][name])}".rstrip())
    return DONE


def _one_line(spec: Any) -> str:
    later = "" if getattr(spec, "built", True) else " [not built yet in this version]"
    return str(getattr(spec, "what", "")) + later


def _build(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf.data.repo import build

    build(
        arguments.config,
        arguments.out,
        num_samples=arguments.num_samples,
        seed=arguments.seed,
        num_proc=arguments.num_proc,
        renderer=arguments.renderer,
    )
    path = arguments.out if arguments.out.startswith((".", "/")) else f"./{arguments.out}"
    _say(f'Dataset: {arguments.out}\nload_dataset("{path}", "{arguments.config}") reads it.')
    return DONE


def _run(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf.pipelines import load_editor

    try:
        editor = load_editor(arguments.editor, **dict(arguments.editor_arg))
    except TypeError as error:
        raise ValueError(f"--editor-arg: {error}") from error
    return _evaluate(arguments, editor, arguments.detector, arguments.judge, timeout_s=arguments.timeout)


def _score(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf import perception
    from gsi_bench_hf.pipelines import load_editor

    detector, judge = arguments.detector, arguments.judge
    if arguments.detections:
        detector = perception.load_detector("cached", path=arguments.detections)
    if arguments.judgements:
        judge = perception.load_judge("cached", path=arguments.judgements)
    return _evaluate(arguments, load_editor(f"folder:{arguments.edited}"), detector, judge)


def _evaluate(arguments: argparse.Namespace, editor: Any, detector: Any, judge: Any, **options: Any) -> int:
    from gsi_bench_hf.results import load_ladder
    from gsi_bench_hf.runner import evaluate_editor
    from gsi_bench_hf.store import REPORT_FILE

    dataset = _dataset(arguments)
    results = evaluate_editor(
        editor,
        dataset,
        out=arguments.out,
        protocol=arguments.protocol,
        detector=detector,
        judge=judge,
        limit=arguments.limit,
        seed=arguments.seed,
        lpips=None if arguments.lpips == "none" else arguments.lpips,
        ladder=not arguments.no_ladder and bool(dataset[0].get("scene")),
        num_proc=arguments.num_proc,
        retry_failed=arguments.retry_failed,
        **options,
    )
    _say(str(results))
    ladder = load_ladder(arguments.out)
    if ladder:
        _say("ladder, on the same samples")
        for name, rung in ladder.items():
            _say(rung.line(name))
    report = Path(arguments.out, REPORT_FILE)
    _say(f"Report: {report}" if report.exists() else f"Results: {arguments.out}")
    return SOME_FAILED if results.counts["failed"] else DONE


def _dataset(arguments: argparse.Namespace) -> Any:
    """The subset's only split, no more of it rendered than the limit asks for."""
    import datasets

    from gsi_bench_hf import registration
    from gsi_bench_hf.data.subsets import SUBSETS, require_built

    registration.install()
    _quiet_datasets(datasets)
    subset = SUBSETS[arguments.subset]
    folder = None if arguments.data_dir is None else Path(arguments.data_dir)
    if folder is not None and (folder / "README.md").is_file():
        return datasets.load_dataset(str(folder), subset.name, split=subset.split)
    require_built(subset, data_dir=arguments.data_dir)
    options: dict[str, Any] = {}
    if folder is not None:
        options["data_dir"] = str(folder)
    elif subset.origin == "simulated" and arguments.limit is not None:
        options["num_samples"] = min(arguments.limit, subset.num_rows)
    if arguments.num_proc > 1 and options.get("num_samples", subset.num_rows) >= 3 * arguments.num_proc:
        options["num_proc"] = arguments.num_proc
    return datasets.load_dataset("gsi-bench", subset.name, split=subset.split, **options)


def _report(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf.report import write_report

    _say(f"Report: {write_report(arguments.runs, arguments.out)}")
    return DONE


def _quiet() -> None:
    """Only our own warnings reach the user, one line each."""
    from gsi_bench_hf.store import RunFolderWarning

    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    logging.getLogger().setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", RunFolderWarning)
    warnings.showwarning = lambda message, *_args, **_kwargs: _complain(f"warning: {message}")


def _quiet_datasets(datasets: Any) -> None:
    datasets.utils.logging.set_verbosity_error()
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()


def _default_num_proc() -> int:
    """Two, or the one there is: each process that scores takes some hundred megabytes."""
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _positive(text: str) -> int:
    return _integer(text, 1)


def _natural(text: str) -> int:
    return _integer(text, 0)


def _integer(text: str, lowest: int) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < lowest:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of {lowest} or more")
    return int(text)


def _assignment(text: str) -> tuple[str, Any]:
    import json

    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"gsi-bench: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
