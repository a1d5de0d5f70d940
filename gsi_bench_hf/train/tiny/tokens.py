"""Instructions as token numbers: words by their hash, numbers by their hash and their value. There is no vocabulary to keep."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PADDING = 0
_PIECE = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|%")
_MIRRORED = (
    ("left", "right"),
    ("leftmost", "rightmost"),
    ("leftward", "rightward"),
    ("leftwards", "rightwards"),
    ("clockwise", "counterclockwise"),
)


def pieces(text: str) -> list[str]:
    """Words, numbers and percent signs of a text, in lower case.

    >>> pieces("Move the mug 12.5cm to the LEFT, by 20%.")
    ['move', 'the', 'mug', '12.5', 'cm', 'to', 'the', 'left', 'by', '20', '%']
    """
    return _PIECE.findall(text.lower())


def token_id(piece: str, vocabulary: int) -> int:
    """Which of the `vocabulary` numbers a piece has; 0 is none's."""
    return 1 + zlib.crc32(piece.encode()) % (vocabulary - 1)


def tokenize(texts: Sequence[str], *, vocabulary: int, length: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Texts as tokens.

    Args:
        texts: N instructions.
        vocabulary: how many token numbers there are.
        length: how many tokens a text has; longer ones are cut off, shorter ones filled with `PADDING`.

    Returns:
        (N, length) token numbers, and (N, length) values: of a number the number itself, of everything else 0.
    """
    ids = np.full((len(texts), length), PADDING, dtype=np.int64)
    values = np.zeros((len(texts), length), dtype=np.float32)
    for row, text in enumerate(texts):
        for column, piece in enumerate(pieces(text)[:length]):
            ids[row, column] = token_id(piece, vocabulary)
            values[row, column] = float(piece) if piece[0].isdigit() else 0.0
    return ids, values


def mirror_table(vocabulary: int) -> NDArray[np.int64]:
    """(vocabulary,) the token number that each becomes in a mirror: left is right there, and clockwise the other way."""
    table = np.arange(vocabulary)
    for a, b in _MIRRORED:
        table[token_id(a, vocabulary)], table[token_id(b, vocabulary)] = (
            token_id(b, vocabulary),
            token_id(a, vocabulary),
        )
    return table
