"""Make an object 0.5, 0.75, 1.5 or 2 times as large, its base where it stands."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.operations.base import OperationSpec, Proposal, posed
from gsi_bench_hf.synth.scene import Scene, SceneObject

FACTORS = (0.5, 0.75, 1.5, 2.0)


def scaled(item: SceneObject, factor: float) -> SceneObject:
    """The object `factor` times as large; the centre of its base stays. Raises ValueError unless `factor` > 0."""
    if not factor > 0.0:
        raise ValueError(f"factor is {factor}, expected more than 0")
    return posed(item, scale=item.scale * factor)


def suits(scene: Scene, item: SceneObject) -> bool:
    """Anything can be scaled."""
    return True


def proposals(scene: Scene, item: SceneObject, *, rng: np.random.Generator) -> list[Proposal]:
    """Every factor."""
    order = [FACTORS[i] for i in rng.permutation(len(FACTORS))]
    return [Proposal("scale", item.instance_id, scaled(item, factor), factor=factor) for factor in order]


SCALE = OperationSpec("scale", FACTORS, suits, proposals)
