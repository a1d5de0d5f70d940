"""Files of the repository's top level, which the wheel carries inside the package."""

from __future__ import annotations

from pathlib import Path


def shipped(what: str, packed: str, folder: str, file: str) -> Path:
    """A file of the installed package, or of a checkout.

    Args:
        what: it is called in the message.
        packed: the folder of the package that the wheel has it in.
        folder: the folder of the repository that it is from.
        file: its path in either.

    Raises:
        FileNotFoundError: when it is in neither.
    """
    package = Path(__file__).parent
    places = [base / file for base in (package / packed, package.parent / folder)]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"{what} is neither at {places[0]} nor at {places[1]}; the installation is damaged, install gsi-bench-hf again"
    )
