"""Remove one of several objects of a kind; which one, a spatial relation says."""

from __future__ import annotations

import numpy as np

from gsi_bench_hf.synth.operations.base import OperationSpec, Proposal
from gsi_bench_hf.synth.scene import Scene, SceneObject


def suits(scene: Scene, item: SceneObject) -> bool:
    """One of two or more of its kind."""
    return sum(o.label == item.label for o in scene.objects) > 1


def proposals(scene: Scene, item: SceneObject, *, rng: np.random.Generator) -> list[Proposal]:
    """The one there is."""
    return [Proposal("remove", item.instance_id, None)]


REMOVE = OperationSpec("remove", (None,), suits, proposals)
