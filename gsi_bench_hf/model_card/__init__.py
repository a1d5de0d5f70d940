"""A run as a model card: Markdown from the templates in `model_cards/`, metadata for the Hub, and both formats of results.

`gsi_bench_hf.hub` has the functions to call; here is what they are made of:

- `view`: what a template shows, from a run's results.
- `page`: the templates, and how values become Markdown.
- `metadata`: the card's YAML, `model-index`, and the entries of `.eval_results/`.
- `checks`: the Hub's rules for the YAML, so far as they can be checked offline.
- `examples`: three edits of the run, as images.
- `how`: which arguments made the scores, and the command that makes them again.
"""
