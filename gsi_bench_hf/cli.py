"""The command `gsi-bench`: parse, call one public function, print."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import logging
import os
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from gsi_bench_hf import (
    cli_data,
    cli_export,
    cli_hub,
    cli_judges,
    cli_leaderboard,
    cli_numbers,
    cli_review,
    cli_train,
    repeat,
)
from gsi_bench_hf.cli_arguments import CANT_START, WHAT, Command, make_parser
from gsi_bench_hf.cli_detectors import detector_of
from gsi_bench_hf.cli_output import complain as _complain
from gsi_bench_hf.cli_output import say as _say
from gsi_bench_hf.types import is_simulated

if TYPE_CHECKING:
    from gsi_bench_hf.results import Results

DONE, SOME_FAILED, INTERRUPTED = 0, 1, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments; those of the process by default.

    Returns:
        0 done; 1 done, but some samples failed; 2 can't start, or can't go on; 130 interrupted.
    """
    _quiet()
    try:
        repeated = repeat.repeated_run(argv)
        arguments = _parser(None if repeated is None else repeat.saved_command(repeated)).parse_args(argv)
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


def command() -> NoReturn:
    """The process of the command: `main`, and out.

    An edit that is still on its way (stopped by Ctrl-C, or given up as too late) runs in a thread that nothing can end, and an
    interpreter that is taken apart under a thread in torch's code aborts: then the process leaves as it stands.
    """
    code = main()
    if any(thread.name.startswith("gsi-bench") for thread in threading.enumerate()):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _for_the_user(error: BaseException) -> BaseException | None:
    """The error whose message is meant for the user; None for a bug, which shows its traceback."""
    if type(error).__name__ == "DatasetGenerationError" and error.__cause__ is not None:
        return _for_the_user(error.__cause__)
    ours = type(error).__module__.startswith("gsi_bench_hf.")
    return error if ours or isinstance(error, (ValueError, ImportError, NotImplementedError, OSError)) else None


def _parser(saved: Mapping[str, Any] | None = None) -> argparse.ArgumentParser:
    numbers = {"aggregate": cli_numbers.aggregate, "compare": cli_numbers.compare, "agreement": cli_judges.agreement}
    data: dict[str, Command] = {"build": cli_data.build, "merge": cli_data.merge, "view": cli_data.view}
    data["review"] = cli_review.review
    data["export"] = cli_export.command(_dataset)
    data["train"] = cli_train.command(_dataset)
    data |= {"push": cli_hub.push, "pull": cli_hub.pull, "leaderboard": cli_leaderboard.leaderboard}
    return make_parser({"list": _list, "run": _run, "score": _score, "report": _report, **data, **numbers}, saved=saved)


def _list(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf import perception, pipelines
    from gsi_bench_hf.data.subsets import SUBSETS
    from gsi_bench_hf.train.families import RECIPES

    tables: dict[str, Any] = {
        "subsets": SUBSETS,
        "editors": pipelines.EDITORS,
        "detectors": perception.DETECTORS,
        "judges": perception.JUDGES,
        "recipes": RECIPES,
    }
    chosen = [arguments.what] if arguments.what else list(WHAT)
    for what in chosen:
        if len(chosen) > 1:
            _say(what)
        for name in tables[what]:
            _say(f"{'  ' * (len(chosen) > 1)}{name:<20}{_one_line(tables[what][name])}".rstrip())
    return DONE


def _one_line(spec: Any) -> str:
    later = "" if getattr(spec, "built", True) else " [not in this version]"
    what = getattr(spec, "what", None)
    if what is None:
        first = (spec.__doc__ or "").strip().partition("\n")[0].rstrip(".")
        what = first[:1].lower() + first[1:]
    return f"{what}{later}"


def _run(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf.pipelines import load_editor

    own = {name: getattr(arguments, name) for name in ("dtype", "batch_size", "concurrency")}
    given = {name: value for name, value in own.items() if value is not None} | dict(arguments.editor_arg)
    try:
        editor = load_editor(arguments.editor, **given)
    except TypeError as error:
        raise ValueError(f"--editor-arg: {error}") from error
    options = {"timeout_s": arguments.timeout, "origin": repeat.origin(arguments)}
    return _evaluate(arguments, editor, detector_of(arguments), cli_judges.judge_of(arguments), **options)


def _score(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf import perception
    from gsi_bench_hf.pipelines import load_editor

    cached = _cached(perception.load_detector, arguments.detections) if arguments.detections else None
    detector, judge = detector_of(arguments, cached), cli_judges.judge_of(arguments)
    if arguments.judgements:
        judge = _cached(perception.load_judge, arguments.judgements)
    return _evaluate(arguments, load_editor(f"folder:{arguments.edited}"), detector, judge)


def _cached(load: Any, path: str) -> Any:
    """The "cached" detector or judge of a file, which `run.json` names with its content's digest."""
    tool = load("cached", path=path)
    tool.arguments = {"path": path, "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest()}
    return tool


def _evaluate(arguments: argparse.Namespace, editor: Any, detector: Any, judge: Any, **options: Any) -> int:
    from gsi_bench_hf.ranks import Ranks
    from gsi_bench_hf.runner import evaluate_editor
    from gsi_bench_hf.store import read_samples

    ranks = Ranks.of_environment()
    say = _say if ranks.rank == 0 else _say_nothing
    rendered = " (rendered on first use, then cached)" if is_simulated(arguments.subset) else ""
    say(f"Loading {arguments.subset}{rendered}")
    with ranks.first_before_others():
        dataset = _dataset(arguments)
    ladder = not arguments.no_ladder and bool(dataset[0].get("scene"))
    count = min(len(dataset), arguments.limit or len(dataset))
    say(f"Editing and scoring {count} samples{', and again for each editor of the ladder' if ladder else ''}")
    left = count - len(read_samples(Path(arguments.out))[0])
    if left > 0 and callable(estimate := getattr(editor, "estimate", None)) and (line := estimate(left)):
        say(line)
    cli_judges.announce(judge, arguments.out, dataset[0], count, editor if ladder else None, say, rank=ranks.rank)
    with contextlib.ExitStack() as stack:
        for tool in (editor, judge):
            if hasattr(tool, "close"):
                stack.enter_context(contextlib.closing(tool))
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
            ladder=ladder,
            num_proc=arguments.num_proc,
            retry_failed=arguments.retry_failed,
            ranks=ranks,
            **options,
        )
    if callable(summary := getattr(judge, "summary", None)):
        say(summary())
    return _tell(arguments, results, ladder) if ranks.rank == 0 else DONE


def _tell(arguments: argparse.Namespace, results: Results, ladder: bool) -> int:
    """Print what came out."""
    from gsi_bench_hf.results import load_ladder
    from gsi_bench_hf.store import REPORT_FILE

    _say(str(results))
    rungs = load_ladder(arguments.out) if ladder else {}
    if rungs:
        _say("the ladder, on the same samples")
    for name, rung in rungs.items():
        _say(rung.line(name))
    if getattr(arguments, "repeat_of", None):
        _say(repeat.compare(Path(arguments.repeat_of), Path(arguments.out)))
    if arguments.export_official:
        cli_numbers.export(arguments.out, arguments.export_official, results.protocol)
    report = Path(arguments.out, REPORT_FILE)
    _say(f"Report: {report}" if report.exists() else f"Results: {arguments.out}")
    return SOME_FAILED if results.counts["failed"] else DONE


def _say_nothing(_text: str) -> None:
    pass


def _dataset(arguments: argparse.Namespace) -> Any:
    """The subset's only split, no more of it rendered than the limit asks for."""
    import datasets

    from gsi_bench_hf import registration
    from gsi_bench_hf.data.subsets import SUBSETS, require_built

    registration.install()
    _quiet_datasets(datasets)
    subset = SUBSETS[arguments.subset]
    folder = None if arguments.data_dir is None else Path(arguments.data_dir)
    simulated = subset.origin == "simulated"
    options: dict[str, Any] = {"streaming": True} if getattr(arguments, "streaming", False) else {}
    # Released files may well have a README.md beside them, and are no dataset folder for that.
    made = folder is not None and (simulated or any(folder.glob(f"data/{subset.name}/*.parquet")))
    if made and folder is not None and (folder / "README.md").is_file():
        return datasets.load_dataset(str(folder), subset.name, split=subset.split, **options)
    require_built(subset, data_dir=arguments.data_dir)
    if folder is not None:
        options["data_dir"] = str(folder)
    if arguments.limit is not None:
        options["num_samples"] = min(arguments.limit, subset.num_rows)
    # Released files are one shard.
    if (
        simulated
        and not options.get("streaming")
        and arguments.num_proc > 1
        and options.get("num_samples", subset.num_rows) >= 3 * arguments.num_proc
    ):
        options["num_proc"] = arguments.num_proc
    return datasets.load_dataset("gsi-bench", subset.name, split=subset.split, **options)


def _report(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf.report import write_report

    _say(f"Report: {write_report(arguments.runs, arguments.out)}")
    return DONE


def _quiet() -> None:
    """Only our own warnings reach the user, one line each."""
    from gsi_bench_hf.durable import RunWarning

    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    logging.getLogger().setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", RunWarning)
    warnings.showwarning = lambda message, *_args, **_kwargs: _complain(f"warning: {message}")


def _quiet_datasets(datasets: Any) -> None:
    datasets.utils.logging.set_verbosity_error()
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()


if __name__ == "__main__":
    command()
