"""What the commands do with detectors: load one with its arguments, and let it look again."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any


def add_detector(
    parser: argparse.ArgumentParser, assignment: Callable[[str], tuple[str, Any]], positive: Callable[[str], int]
) -> None:
    """The arguments that choose a detector."""
    parser.add_argument("--detector", default="auto", metavar="NAME", help="see `gsi-bench list detectors`")
    pairs: dict[str, Any] = {"action": "append", "default": [], "type": assignment, "metavar": "KEY=VALUE"}
    parser.add_argument(
        "--detector-arg", **pairs, help="an argument of the detector, such as checkout=DIR of detany3d; repeatable"
    )
    parser.add_argument(
        "--detector-repeats",
        type=positive,
        metavar="N",
        help="let it also look at N crops of each image: how much of a score is its noise",
    )
    parser.add_argument("--second-detector", metavar="NAME", help="another one, to lay its scores beside")
    parser.add_argument("--second-detector-arg", **pairs, help="an argument of that one; repeatable")


def detector_of(arguments: argparse.Namespace, loaded: Any = None) -> Any:
    """The detector that the arguments name: its name where nothing else is said.

    Args:
        arguments: of the command.
        loaded: a detector to take instead of the one named.

    Raises:
        ValueError: there are arguments and no detector, or it does not take them, or can't look again.
    """
    repeats, second = arguments.detector_repeats, arguments.second_detector
    if arguments.second_detector_arg and second is None:
        raise ValueError("--second-detector-arg is an argument of a second detector, and none is named")
    if loaded is None and not (arguments.detector_arg or repeats or second):
        return arguments.detector
    first = loaded or _loaded("--detector", arguments.detector, arguments.detector_arg)
    if not repeats and second is None:
        return first
    from gsi_bench_hf.perception.repeated import RepeatedDetector

    other = None if second is None else _loaded("--second-detector", second, arguments.second_detector_arg)
    return RepeatedDetector(first, repeats=repeats or 0, second=other)


def _loaded(option: str, name: str, pairs: list[tuple[str, Any]]) -> Any:
    from gsi_bench_hf.perception import load_detector

    if name == "auto":
        raise ValueError(
            f"{option} is not given, and arguments for it, more looks or a second detector are; name the detector"
        )
    try:
        return load_detector(name, **dict(pairs))
    except TypeError as error:
        raise ValueError(f"{option} {name}: {error}") from error
