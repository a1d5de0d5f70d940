"""`gsi-bench leaderboard`, and what `gsi-bench push` sends beside data and models: leaderboards and metrics."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from gsi_bench_hf.cli_output import say

DONE = 0
Add = Callable[[str, str, Any], argparse.ArgumentParser]
"""Adds a thing to push: its name, what it is, and the function that pushes it."""


def add_leaderboard(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gsi-bench leaderboard`."""
    parser.add_argument(
        "runs",
        nargs="+",
        metavar="RUN",
        help="run folders, pulled results datasets, and earlier leaderboards to add to",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder: page, tables and card")
    parser.add_argument("--title", metavar="TEXT", help="of the page (default: GSI-Bench or GSI-Sim leaderboard)")


def leaderboard(arguments: argparse.Namespace) -> int:
    """`gsi-bench leaderboard`."""
    from gsi_bench_hf.leaderboard import read_entries, write_leaderboard
    from gsi_bench_hf.leaderboard.tables import make_tables
    from gsi_bench_hf.leaderboard.wording import heading

    page, *_ = write_leaderboard(arguments.runs, arguments.out, title=arguments.title)
    for table in make_tables(read_entries([arguments.out])):
        count = len(table.entries)
        say(f"{heading(table)}: {count} run{'s' * (count != 1)}, locality by {table.first.locality.upper()}")
    say(f"Leaderboard: {page}")
    return DONE


def add_push_leaderboard(add: Add) -> None:
    """The arguments of `gsi-bench push leaderboard`."""
    parser = add("leaderboard", "A leaderboard: its tables as a dataset, its page as a static Space.", _leaderboard)
    parser.add_argument("folder", metavar="FOLDER", help="what `gsi-bench leaderboard` wrote")
    parser.add_argument("repo", metavar="OWNER/NAME", help="the dataset repository; made if it is missing")
    parser.add_argument("--space", metavar="OWNER/NAME", help="also send the page to this Space")
    parser.add_argument("--replace", action="store_true", help="drop runs that are there and not in FOLDER")


def add_push_metrics(add: Add) -> None:
    """The arguments of `gsi-bench push metrics`."""
    from gsi_bench_hf.registration_evaluate import MODULES

    parser = add("metrics", "The `evaluate` modules, each a Space with a form that scores an image pair.", _metrics)
    parser.add_argument("owner", metavar="OWNER", help="user or organisation; the Spaces become OWNER/gsi_bench, …")
    parser.add_argument("--only", nargs="+", choices=MODULES, metavar="NAME", help=f"of {', '.join(MODULES)}")
    parser.add_argument("--package", metavar="REQUIREMENT", help="what a Space installs (default: gsi-bench-hf[sim])")


def _leaderboard(arguments: argparse.Namespace) -> Iterable[Any]:
    from gsi_bench_hf.cli_hub import where
    from gsi_bench_hf.hub import push_leaderboard

    options = {"space": arguments.space, "replace": arguments.replace}
    return push_leaderboard(arguments.folder, arguments.repo, **options, **where(arguments))


def _metrics(arguments: argparse.Namespace) -> Iterable[Any]:
    from gsi_bench_hf.cli_hub import where
    from gsi_bench_hf.hub import push_metrics

    options = {"names": arguments.only, "package": arguments.package}
    given = {name: value for name, value in options.items() if value is not None}
    return push_metrics(arguments.owner, **given, **where(arguments))
