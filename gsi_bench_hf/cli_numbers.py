"""Commands of `gsi-bench` that work on finished numbers: `aggregate` and `compare`, and the export to released files."""

from __future__ import annotations

import argparse
from pathlib import Path

from gsi_bench_hf.cli_output import complain, say

DONE, SOME_FAILED = 0, 1


def aggregate(arguments: argparse.Namespace) -> int:
    """`gsi-bench aggregate`: 1 where a subset of a model was left out for want of a file."""
    from gsi_bench_hf.official import aggregate_official

    summary = aggregate_official(arguments.official_root, arguments.judgements)
    say(str(summary))
    say(f"Summary: {summary.write(arguments.out)}")
    for line in summary.left_out:
        complain(line)
    return SOME_FAILED if summary.left_out else DONE


def compare(arguments: argparse.Namespace) -> int:
    """`gsi-bench compare`."""
    from gsi_bench_hf.comparison import compare_runs
    from gsi_bench_hf.durable import dump_json, write_atomic

    found = compare_runs(arguments.run_a, arguments.run_b)
    say(str(found))
    if arguments.out:
        write_atomic(Path(arguments.out), dump_json(found.to_json()))
        say(f"Comparison: {arguments.out}")
    return DONE


def export(run: str, out: str, protocol: str) -> None:
    """Write the run in the released layout, and say where."""
    from gsi_bench_hf.official import export_run

    folder = export_run(run, out)
    without = " (without scores: those of the strict protocol are none of the released evaluator's)"
    say(f"Released layout: {folder}{without if protocol == 'strict' else ''}")
