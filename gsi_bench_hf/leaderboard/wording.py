"""How a table of the leaderboard is spoken of."""

from __future__ import annotations

from gsi_bench_hf.leaderboard.tables import Table


def heading(table: Table) -> str:
    """Subset, protocol and size: "sim-tabletop, strict, 600 edits"."""
    return f"{table.first.subset}, {table.first.protocol}, {_edits(table)}"


def sample_words(table: Table) -> str:
    """How many samples the runs are over, of how many, and of which data."""
    entry = table.first
    count = len(entry.samples.ids)
    many = _edits(table) if table.whole else f"{count} of {entry.whole} edits"
    scenes = len(set(entry.samples.scenes))
    data = f"{entry.generator} {entry.data_version}".strip()
    seed = f", seed {entry.data_seed}" if entry.data_seed else ""
    return f"{many} of {scenes} scene{'s' * (scenes != 1)}{f', {data}{seed}' if data else ''}"


def _edits(table: Table) -> str:
    count = len(table.first.samples.ids)
    return f"{count} edit{'s' * (count != 1)}"
