"""Colours that household things come in, by the word that a person would say."""

from __future__ import annotations

import numpy as np

GLAZES: dict[str, tuple[str, ...]] = {
    "white": ("ece8df", "e6e3dc"),
    "blue": ("3d6491", "2f5180", "5b84ad"),
    "green": ("5d7d58", "476b52", "7f9a6b"),
    "red": ("a5362d", "b3483a"),
    "yellow": ("d8ac43", "dcb95e"),
    "orange": ("cb6f35", "d2824a"),
    "pink": ("d69c98", "c98a8c"),
    "gray": ("8b8d8e", "77797b"),
    "black": ("2c2c2f", "333337"),
    "brown": ("7a5138", "6b4630"),
    "turquoise": ("3f8f8f", "57a3a0"),
    "purple": ("6d527f", "7f6391"),
}
"""Colour word to the tones it may have."""

PLASTICS: dict[str, tuple[str, ...]] = {
    "white": ("e9e8e4",),
    "black": ("2a2b2e", "313338"),
    "gray": ("8a8d91", "6f7378"),
    "blue": ("2f6db3", "3b7fc4"),
    "red": ("b9322c", "c43d35"),
    "green": ("3f8a4f", "4f9a5b"),
    "yellow": ("e2b93b", "e6c14f"),
    "orange": ("d8742c", "dd8440"),
    "pink": ("dc93a4", "d47f95"),
    "turquoise": ("3fa39f", "56b0ab"),
}

CLOTHS: dict[str, tuple[str, ...]] = {
    "blue": ("31527f", "274368"),
    "red": ("9e3430", "8c2b2c"),
    "gray": ("77797c", "5f6266"),
    "green": ("50694a", "445c46"),
    "brown": ("7b583c", "66472f"),
    "black": ("2b2b2f", "333338"),
    "beige": ("b9a583", "c7b695"),
    "yellow": ("d1a83f",),
    "white": ("e4e0d6",),
    "orange": ("c56c35",),
}


def pick(rng: np.random.Generator, table: dict[str, tuple[str, ...]], *words: str) -> tuple[str, str]:
    """A colour word of the table (one of `words`, if any are given) and one of its tones."""
    names = words or tuple(table)
    word = names[int(rng.integers(len(names)))]
    return word, table[word][int(rng.integers(len(table[word])))]


def other(rng: np.random.Generator, table: dict[str, tuple[str, ...]], word: str, *words: str) -> tuple[str, str]:
    """As `pick`, but another word than `word`."""
    return pick(rng, table, *(name for name in (words or tuple(table)) if name != word))


def seed(rng: np.random.Generator, seeds: int = 6) -> int:
    """A texture's seed; few of them, so that painted textures are shared."""
    return int(rng.integers(seeds))


def rgba(color: str, alpha: float = 1.0) -> tuple[float, float, float, float]:
    """0..1 of a hex colour."""
    r, g, b = (int(color[i : i + 2], 16) / 255.0 for i in (0, 2, 4))
    return (r, g, b, alpha)
