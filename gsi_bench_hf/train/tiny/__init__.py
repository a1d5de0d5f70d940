"""The tiny editor: a small image editor that learns to follow spatial instructions on a CPU.

- `tokens`: instructions as numbers.
- `network`: the network, which says which layers the edited image is made of.
- `layers`: putting the layers together, at any size.
- `teaching`: what a training pair says about the layers, and the loss.
- `pipeline`: the diffusers pipeline.
- `recipe`: how the training loop trains it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gsi_bench_hf.train.tiny.pipeline import TinyEditPipeline


def untrained(*, seed: int = 0) -> TinyEditPipeline:
    """The editor that `gsi-bench train --model tiny --seed SEED` starts from.

    Args:
        seed: of its random weights.
    """
    from gsi_bench_hf.train.families import RECIPES
    from gsi_bench_hf.train.recipe import Making
    from gsi_bench_hf.train.tiny.recipe import TinyRecipe

    defaults = RECIPES["tiny"].defaults
    making = Making("tiny", method="full", seed=seed, resolution=defaults.resolution, arguments=defaults.arguments)
    pipeline: TinyEditPipeline = TinyRecipe(making).pipeline
    return pipeline
