"""What a metric's Space runs: a form that shows an edit, takes an image of it and scores the pair.

- `launch(name)`: the form of one of the five `evaluate` modules, served; a Space's `app.py` calls it.
- `show(…)`, `score(…)`: what its buttons do, without a form.
"""

from gsi_bench_hf.metric_space.form import MissingGradioError, launch, make_form
from gsi_bench_hf.metric_space.scoring import Asked, Verdict, score, show

__all__ = ["Asked", "MissingGradioError", "Verdict", "launch", "make_form", "score", "show"]
