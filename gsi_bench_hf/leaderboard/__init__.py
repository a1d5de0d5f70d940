"""A leaderboard of finished runs: a dataset of them, and one page that ranks each kind with its like.

- `read_entries(paths)`: the runs of run folders, of pulled results datasets and of earlier leaderboards.
- `write_leaderboard(paths, out)`: `index.html`, the dataset's two Parquet files and its card.
"""

from gsi_bench_hf.leaderboard.entries import Entry, LeaderboardError, Score
from gsi_bench_hf.leaderboard.sources import read_entries
from gsi_bench_hf.leaderboard.write import write_leaderboard

__all__ = ["Entry", "LeaderboardError", "Score", "read_entries", "write_leaderboard"]
