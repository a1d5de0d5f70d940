"""What a picture is made of: which things can be seen in it, which of them enclose the scene, and MuJoCo's list of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth.scene import Float, SceneObject

if TYPE_CHECKING:
    from gsi_bench_hf.synth.render_compile import Compiled

_SPARE_PX = 2.0  # for what rasterising rounds
_UNIT_BOX = np.array(list(product((-0.5, 0.5), (-0.5, 0.5), (0.0, 1.0))))


def encloses(item: SceneObject) -> bool:
    """Whether it is floor, wall or ceiling: a lamp may stand beyond it, so it casts no shadow."""
    return item.kind.rpartition("-")[2] in ("floor", "wall", "ceiling")


def in_view(items: Sequence[SceneObject], pose: Float, intrinsics: Float, width: int, height: int) -> NDArray[np.bool_]:
    """Whether a box may show in a picture: not all of it is beyond one of its edges.

    Args:
        items: N things.
        pose: (4, 4) world from camera.
        intrinsics: (3, 3) of the picture.
        width: pixels.
        height: pixels.

    Returns:
        (N,) one a thing.
    """
    if not items:
        return np.zeros(0, dtype=bool)
    sizes_m = np.stack([item.size_m * item.scale for item in items])
    world = np.einsum("nij,nkj->nki", np.stack([item.rotation for item in items]), _UNIT_BOX * sizes_m[:, None])
    world += np.stack([item.position_m for item in items])[:, None]
    x, y, z = np.moveaxis((world - pose[:3, 3]) @ pose[:3, :3], -1, 0)
    (fx, cx), (fy, cy) = intrinsics[0, [0, 2]], intrinsics[1, [1, 2]]
    beyond = [
        fx * x < -(cx + _SPARE_PX) * z,
        fx * x > (width + _SPARE_PX - cx) * z,
        fy * y < -(cy + _SPARE_PX) * z,
        fy * y > (height + _SPARE_PX - cy) * z,
        z < 0.0,
    ]
    return np.asarray(~np.any([plane.all(axis=1) for plane in beyond], axis=0))


def fill(compiled: Compiled, drawn: Iterable[tuple[SceneObject, int, bool]], eye_m: Float) -> None:
    """Write MuJoCo's list of things to draw.

    Args:
        compiled: the assets.
        drawn: things, the number of each in pictures of ids (MuJoCo leaves out a negative one there), and whether to draw its parts
            of glass.
        eye_m: (3,) world; what is transparent is drawn from far to near.
    """
    scene, slot = compiled.scene, 0
    for item, number, with_glass in drawn:
        name = (item.kind, item.variant)
        distance_m = float(np.linalg.norm(item.position_m - eye_m))
        turn = item.scale * item.rotation  # GL normalises normals, so a scale may ride in the rotation
        for part, template in enumerate(compiled.templates[name]):
            if template.clear and not with_glass:
                continue
            geom = scene.geoms[slot]
            if compiled.slots[slot] != (name, part):
                for attribute, value in template.values:
                    setattr(geom, attribute, value)
                compiled.slots[slot] = (name, part)
            geom.mat = turn @ template.mesh_rotation
            geom.pos = item.position_m + turn @ template.mesh_position_m
            geom.segid = number
            geom.camdist = distance_m
            slot += 1
    scene.ngeom = slot
