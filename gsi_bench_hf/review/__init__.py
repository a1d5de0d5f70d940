"""Human review of candidate edits: a local page to accept, reword or reject them, and what several reviewers say together.

- `merged`: the decisions of all reviewers of a folder, their agreement and what they don't agree on.
- `serve`: the page of one reviewer, until it is stopped.
"""

from gsi_bench_hf.review.decisions import Decision, ReviewError
from gsi_bench_hf.review.merging import Agreement, Conflict, Merged, Wording, merged
from gsi_bench_hf.review.server import serve

__all__ = ["Agreement", "Conflict", "Decision", "Merged", "ReviewError", "Wording", "merged", "serve"]
