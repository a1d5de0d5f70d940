"""Runs that repeat a run: its arguments, read from its `run.json`, and whether the same came out."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gsi_bench_hf.store import read_run

_OF_THE_RUN_ITSELF = ("command", "out", "repeat_of", "retry_failed", "export_official")
_PAIRS = ("editor_arg", "judge_arg", "detector_arg", "second_detector_arg")
_SECRET = re.compile(r"(?:key|token|secret|password)$", re.IGNORECASE)


def repeated_run(argv: Sequence[str] | None) -> Path | None:
    """The run that `gsi-bench run --repeat-of RUN` names."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--repeat-of")
    found: str | None = parser.parse_known_args(argv)[0].repeat_of
    return None if found is None else Path(found)


def command_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `gsi-bench run` as `run.json` keeps them: without keys, which a repeat takes from the environment."""
    kept = {name: value for name, value in vars(arguments).items() if name not in _OF_THE_RUN_ITSELF}
    return kept | {
        name: [pair for pair in kept.get(name, ()) if not _SECRET.search(pair[0])] for name in _PAIRS if name in kept
    }


def saved_command(run: Path) -> dict[str, Any]:
    """What `command_of` kept in a run's `run.json`; of a run begun from Python, what its results hang on.

    Raises:
        RunFolderError: no such run.
    """
    kept = read_run(run)
    arguments = kept["arguments"]
    saved = {
        "subset": arguments["dataset"]["subset"],
        "protocol": arguments["protocol"],
        "seed": arguments["seed"],
        "lpips": {None: "none", "published": "auto"}.get(arguments["lpips"], arguments["lpips"]),
        "limit": kept["limit"],
        "timeout": kept["timeout_s"],
        **{name: arguments[name] for name in ("detector", "judge") if isinstance(arguments[name], str)},
        **kept.get("command", {}),
    }
    return {name: [tuple(pair) for pair in value] if name in _PAIRS else value for name, value in saved.items()}


def origin(arguments: argparse.Namespace) -> dict[str, Any]:
    """What a run of the command adds to its `run.json`."""
    repeated = {"repeat_of": {"folder": arguments.repeat_of}} if getattr(arguments, "repeat_of", None) else {}
    return {"command": command_of(arguments), **repeated}


def compare(before: Path, after: Path) -> str:
    """In one line, whether a run came out as the one that it repeats.

    Raises:
        RunFolderError: one of them is no finished run.
    """
    from gsi_bench_hf.results import METRICS, load_results

    old, new = load_results(before), load_results(after)
    edited = {s["id"]: before / s["edited"] for s in old.samples if s["edited"]}
    pairs = [(edited[s["id"]], after / s["edited"]) for s in new.samples if s["edited"] and s["id"] in edited]
    equal = sum(a.read_bytes() == b.read_bytes() for a, b in pairs)
    moved = [name for name in METRICS if not _same(old.metrics[name], new.metrics[name])]
    scores = f"other scores: {', '.join(moved)}" if moved else "the same scores"
    return f"repeat of {before}: {equal} of {max(len(edited), len(pairs))} edited images are the same, {scores}"


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))
