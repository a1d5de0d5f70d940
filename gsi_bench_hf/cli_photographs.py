"""`gsi-bench build real`: candidate edits from ScanNet++, and the subset that people made of them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gsi_bench_hf.cli_output import say

_NUMBERS = ("every", "min_objects", "frames_per_scene", "edits_per_frame")


def add_photographs(
    parser: argparse.ArgumentParser, assignment: Callable[[str], tuple[str, Any]], positive: Callable[[str], int]
) -> None:
    """The arguments of `gsi-bench build real`."""
    group = parser.add_argument_group(
        "real",
        "Edits of photographs. With --scannetpp, candidates for `gsi-bench review`; with --reviewed, the subset.",
    )
    group.add_argument("--scannetpp", metavar="ROOT", help="your copy of ScanNet++: the folder that has data/ in it")
    group.add_argument("--reviewed", metavar="DIR", help="candidates that were reviewed; makes the dataset folder")
    group.add_argument("--reviewers", type=positive, default=1, metavar="N", help="who must have decided (default: 1)")
    group.add_argument("--scenes", nargs="+", default=[], metavar="ID", help="only these scenes (default: all)")
    group.add_argument("--every", type=positive, metavar="N", help="look at every Nth frame (default: 20)")
    group.add_argument(
        "--min-sharpness", type=float, metavar="SHARE", help="least share of high-frequency energy (default: 0.015)"
    )
    group.add_argument("--min-objects", type=positive, metavar="N", help="objects fit to be edited (default: 5)")
    group.add_argument("--frames-per-scene", type=positive, metavar="N", help="at most (default: 6)")
    group.add_argument("--edits-per-frame", type=positive, metavar="N", help="at most (default: 3)")
    group.add_argument(
        "--operations", nargs="+", metavar="NAME", help="of move, rotate, remove, scale (default: the first three)"
    )
    group.add_argument(
        "--max-side", type=int, metavar="PX", help="make larger photographs smaller; 0: don't (default: 896)"
    )
    group.add_argument(
        "--objects",
        default="mesh",
        metavar="mesh|DETECTOR",
        help="where 3D structure is from: the annotated scan, or a detector such as lifting (default: mesh)",
    )
    pairs: dict[str, Any] = {"action": "append", "default": [], "type": assignment, "metavar": "KEY=VALUE"}
    group.add_argument("--detector-arg", **pairs, help="an argument of that detector; repeatable")
    group.add_argument("--labels", metavar="FILE", help="nouns that the detector looks for, one a line")
    group.add_argument(
        "--judge", metavar="NAME", help="verifies and rewords candidates: chat or local (default: nobody)"
    )
    group.add_argument("--judge-arg", **pairs, help="an argument of that judge; repeatable")
    group.add_argument("--max-calls", type=positive, metavar="N", help="stop before the judge makes more calls")
    group.add_argument("--no-rewrite", action="store_true", help="keep the templates' words")


def build_real(arguments: argparse.Namespace) -> int:
    """`gsi-bench build real`."""
    if arguments.scannetpp and arguments.reviewed:
        raise ValueError("--scannetpp makes candidates and --reviewed makes a subset of them, expected one of the two")
    if arguments.reviewed:
        return _finish(arguments)
    if not arguments.scannetpp:
        from gsi_bench_hf.data.subsets import UnavailableConfigError

        raise UnavailableConfigError(
            "config 'real' is read from the released files: load_dataset('gsi-bench', 'real') has its rows; to make edits of "
            "photographs of your own, give your copy of ScanNet++: gsi-bench build real --scannetpp ROOT --out DIR"
        )
    return _candidates(arguments)


def wants_photographs(arguments: argparse.Namespace) -> bool:
    """Whether `gsi-bench build` is about photographs. Raises ValueError for their arguments beside another config."""
    asked = arguments.scannetpp or arguments.reviewed
    if asked and arguments.config != "real":
        raise ValueError(f"config is {arguments.config!r}, and --scannetpp and --reviewed make 'real'")
    return bool(arguments.config == "real")


def _candidates(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf.data.scannetpp import Settings, make_candidates
    from gsi_bench_hf.data.scannetpp.candidates import mesh_source

    names = (*_NUMBERS, "min_sharpness", "max_side")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    if arguments.operations:
        given["operations"] = tuple(arguments.operations)
    judge = _judge(arguments)
    account = make_candidates(
        arguments.scannetpp,
        arguments.out,
        settings=Settings(seed=arguments.seed, **given),
        scenes=arguments.scenes,
        source=mesh_source if arguments.objects == "mesh" else _detector_source(arguments),
        source_name=arguments.objects,
        judge=judge,
        rewrite=not arguments.no_rewrite,
    )
    if callable(summary := getattr(judge, "summary", None)):
        say(summary())
    if callable(close := getattr(judge, "close", None)):
        close()
    say(f"Candidates: {account['candidates']} ({_counted(account['operations'])}) in {arguments.out}")
    say(f"Frames: {_counted(account['frames'])}")
    if account["rejections"]:
        say(f"Edits refused: {_counted(account['rejections'])}")
    if account["judge"]:
        say(f"Verified: {_counted(account['judge']['verdicts'])}; words: {_counted(account['judge']['rewriting'])}")
    if account["candidates"]:
        say(f"Review them: gsi-bench review {arguments.out}")
        say(f"Then: gsi-bench build real --reviewed {arguments.out} --out DATASET")
    return 0


def _finish(arguments: argparse.Namespace) -> int:
    from gsi_bench_hf.data.scannetpp import finish

    done = finish(arguments.reviewed, arguments.out, needed=arguments.reviewers)
    left = f"; {done.left} left out, in conflict or undecided" if done.left else ""
    say(f"Dataset: {done.folder} ({done.kept} edits; {done.rejected} rejected{left})")
    path = arguments.out if arguments.out.startswith((".", "/")) else f"./{arguments.out}"
    say(f'load_dataset("{path}", "real") reads it; {Path(arguments.out, "released")} is the released layout.')
    return 0


def _judge(arguments: argparse.Namespace) -> Any:
    if arguments.judge is None:
        if arguments.judge_arg:
            raise ValueError("--judge-arg is an argument of a judge, and none is named: add --judge chat, or another")
        return None
    from gsi_bench_hf.perception import load_judge

    options = dict(arguments.judge_arg)
    if arguments.max_calls is not None:
        options["max_calls"] = arguments.max_calls
    try:
        judge = load_judge(arguments.judge, **options)
    except TypeError as error:
        raise ValueError(f"--judge {arguments.judge}: {error}") from error
    if not callable(getattr(judge, "ask", None)):
        raise ValueError(f"--judge is {arguments.judge!r}, which can't be asked in words; expected chat or local")
    Path(arguments.out).mkdir(parents=True, exist_ok=True)
    if callable(keep := getattr(judge, "keep_in", None)):
        keep(arguments.out)
    return judge


def _detector_source(arguments: argparse.Namespace) -> Any:
    from gsi_bench_hf.data.scannetpp.views import DetectorSource
    from gsi_bench_hf.data.scannetpp.vocabulary import CHINESE
    from gsi_bench_hf.perception import load_detector

    try:
        detector: Any = load_detector(arguments.objects, **dict(arguments.detector_arg))
    except TypeError as error:
        raise ValueError(f"--objects {arguments.objects}: {error}") from error
    if not callable(getattr(detector, "look", None)):
        raise ValueError(
            f"--objects is {arguments.objects!r}, which lifts no boxes from pictures; expected mesh or lifting"
        )
    labels = list(CHINESE)
    if arguments.labels:
        lines = Path(arguments.labels).read_text(encoding="utf-8").splitlines()
        labels = [" ".join(line.lower().split()) for line in lines if line.strip()]
    source = DetectorSource(detector, labels)
    return lambda _scene: source


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"
