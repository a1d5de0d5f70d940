"""Where the commands' words go."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """Print a result, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """Print what went wrong, as one line beside the results."""
    sys.stderr.write(f"gsi-bench: {text}\n")
