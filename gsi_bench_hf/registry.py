"""Names and what they stand for: `name -> frozen spec`, with suggestions for a name that is not there."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

T = TypeVar("T")


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A sentence that suggests the nearest of the known names, with a blank before it; empty where none is near.

    >>> did_you_mean("rde", ["red", "blue"]), did_you_mean("x", ["red"])
    (" Did you mean 'red'?", '')
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {near[0]!r}?" if near else ""


class UnknownNameError(KeyError):
    """A name that no registry holds; the message suggests the nearest one."""

    def __str__(self) -> str:
        return str(self.args[0])


class Registry(Generic[T]):
    """A table of named specs that other packages can add to through an entry-point group.

    Args:
        what: what the names are names of, singular, for messages: "editor".
        group: entry-point group whose members are added on first use; None for a closed table.
        beside: what may be given instead of a name, for messages.

    >>> colours = Registry[int]("colour")
    >>> colours.add("red", 1)
    >>> colours["red"]
    1
    >>> colours["rde"]
    Traceback (most recent call last):
    ...
    gsi_bench_hf.registry.UnknownNameError: unknown colour 'rde'. Did you mean 'red'? Known: red
    """

    def __init__(self, what: str, group: str | None = None, *, beside: str = "") -> None:
        self._what = what
        self._beside = f"; or {beside}" if beside else ""
        self._group = group
        self._specs: dict[str, T] = {}

    def add(self, name: str, spec: T) -> None:
        """Give `spec` a name. Raises ValueError for a name that is taken."""
        if name in self._specs:
            raise ValueError(f"{self._what} {name!r} is registered already; names are given once")
        self._specs[name] = spec

    def __getitem__(self, name: str) -> T:
        self._load_entry_points()
        if name not in self._specs:
            hint = did_you_mean(name, self._specs, cutoff=0.5)
            raise UnknownNameError(
                f"unknown {self._what} {name!r}.{hint} Known: {', '.join(self._specs)}{self._beside}"
            )
        return self._specs[name]

    def __contains__(self, name: object) -> bool:
        self._load_entry_points()
        return name in self._specs

    def __iter__(self) -> Iterator[str]:
        self._load_entry_points()
        return iter(self._specs)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _load_entry_points(self) -> None:
        if self._group is None:
            return
        group, self._group = self._group, None
        for entry in entry_points(group=group):
            self.add(entry.name, entry.load())
