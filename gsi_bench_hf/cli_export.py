"""`gsi-bench export`: training pairs as files that other trainers read."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gsi_bench_hf.cli_output import say

DONE = 0
FORMATS = ("bagel", "jsonl", "webdataset")


def add_export(parser: argparse.ArgumentParser, positive: Callable[[str], int]) -> None:
    """Add the command's arguments.

    Args:
        parser: the command's.
        positive: type of a number of 1 or more.
    """
    parser.add_argument(
        "format", choices=FORMATS, help="bagel: its unified_edit; jsonl: images and a list; webdataset: tar"
    )
    parser.add_argument("--subset", default="sim-train", metavar="CONFIG", help="default: %(default)s")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the folder; an export that was stopped is taken up"
    )
    parser.add_argument(
        "--data-dir", metavar="DIR", help="a folder of `gsi-bench build`; without it the pairs are rendered"
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="the first N pairs (default: all)")
    parser.add_argument("--name", help="of the dataset in files and configs (default: from the subset)")
    parser.add_argument(
        "--language", choices=("en", "zh", "both"), default="en", help="of instructions; default: %(default)s"
    )
    parser.add_argument(
        "--root", metavar="PATH", help="where DIR will lie on the machine that trains (bagel; default: DIR)"
    )
    parser.add_argument("--rows-per-file", type=positive, default=100, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--rows-per-group", type=positive, default=10, metavar="N", help="of Parquet; default: %(default)s"
    )
    parser.add_argument(
        "--num-proc", type=positive, default=1, metavar="P", help="processes that render; default: %(default)s"
    )


def command(dataset: Callable[[argparse.Namespace], Any]) -> Callable[[argparse.Namespace], int]:
    """`gsi-bench export`.

    Args:
        dataset: gives the rows that the arguments name.
    """

    def export(arguments: argparse.Namespace) -> int:
        from gsi_bench_hf.export import export_pairs

        rows = dataset(arguments)
        told = export_pairs(
            arguments.format,
            rows if arguments.limit is None else rows.select(range(min(arguments.limit, len(rows)))),
            Path(arguments.out),
            name=arguments.name,
            rows_per_file=arguments.rows_per_file,
            rows_per_group=arguments.rows_per_group,
            language=arguments.language,
            root=arguments.root,
        )
        say(told)
        return DONE

    return export
