"""The command `gsi-bench review`."""

from __future__ import annotations

import argparse
import getpass
import re

from gsi_bench_hf.cli_output import complain, say

DONE = 0


def review(arguments: argparse.Namespace) -> int:
    """`gsi-bench review`: the page until Ctrl-C, then what all reviewers say together."""
    from gsi_bench_hf.review import merged, serve
    from gsi_bench_hf.review.server import only_here

    if arguments.summary:
        say(str(merged(arguments.dir)))
        return DONE
    reviewer = arguments.reviewer or re.sub(r"[^\w-]+", "-", getpass.getuser()).strip("-")

    def tell(url: str) -> None:
        if not only_here(arguments.host):
            complain("warning: whoever reads this address in your network can decide; it is not encrypted")
        say(f"Reviewing as {reviewer}: {url}\nCtrl-C ends it; everything that the page shows as saved is kept.")

    found = serve(
        arguments.dir,
        reviewer=reviewer,
        on_start=tell,
        host=arguments.host,
        port=arguments.port,
        settle=arguments.settle,
    )
    say(f"\n{found}")
    if found.conflicts:
        say(f"What you don't agree on: gsi-bench review {arguments.dir} --settle")
    return DONE


def add_review(parser: argparse.ArgumentParser) -> None:
    """The arguments of `gsi-bench review`."""
    parser.add_argument("dir", metavar="DIR", help="holds candidates.parquet; the decisions go there too")
    parser.add_argument("--reviewer", metavar="NAME", help="who decides (default: your name on this machine)")
    parser.add_argument(
        "--settle",
        action="store_true",
        help="show only what reviewers don't agree on, with what they said, and settle it",
    )
    parser.add_argument("--summary", action="store_true", help="print what all reviewers say together, and no page")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="0.0.0.0 for a phone in your network (default: %(default)s)",
    )
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="default: any that is free")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port, 0 to 65535")
    return int(text)
