"""What goes to the Hub and comes from it.

- `model_card`, `write_model_card`, `eval_results_yaml`: a run as a model card and in the Hub's formats of results. Nothing is sent.
- `push_dataset`, `push_model`, `push_results`: send a folder of `build`, a trained model, the results of runs.
- `push_metrics`, `push_leaderboard`: the `evaluate` modules as Spaces; a leaderboard and its page.
- `pull`: fetch a dataset, a model, runs or a leaderboard.

Each push is a `Plan`, the exact list of what goes where, and its sending; with `dry_run=True` it stays at the plan. Sending goes on
where it was left: files that are there already are not sent again. Tokens are huggingface_hub's business alone, and appear nowhere.
"""

from __future__ import annotations

from gsi_bench_hf.hub.cards import CardError, eval_results_yaml, model_card, write_model_card
from gsi_bench_hf.hub.dataset import push_dataset
from gsi_bench_hf.hub.errors import HubError
from gsi_bench_hf.hub.leaderboard import push_leaderboard
from gsi_bench_hf.hub.metrics import push_metrics
from gsi_bench_hf.hub.model import push_model
from gsi_bench_hf.hub.plan import File, Plan
from gsi_bench_hf.hub.pulling import pull
from gsi_bench_hf.hub.results import push_results
from gsi_bench_hf.hub.sending import Pushed, send

__all__ = [
    "CardError",
    "File",
    "HubError",
    "Plan",
    "Pushed",
    "eval_results_yaml",
    "model_card",
    "pull",
    "push_dataset",
    "push_leaderboard",
    "push_metrics",
    "push_model",
    "push_results",
    "send",
    "write_model_card",
]
