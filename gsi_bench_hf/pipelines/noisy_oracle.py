"""`noisy-oracle`: the true scene with the target (for view: the camera) a little off, rendered again.

It shows that the scores fall with the error.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.geometry import rotation_z
from gsi_bench_hf.pipelines.base import EditOutput
from gsi_bench_hf.synth.scene import EditedScene, SceneObject, from_json
from gsi_bench_hf.types import Camera, Sample

CAMERA_TURN = 0.2
"""A camera is turned by this part of what an object is: all that it sees goes with it."""


@dataclasses.dataclass(frozen=True)
class Jitter:
    """How far off: `shift_m` along the support in any direction, `turn_deg` either way about the vertical, `scale` either way (0.05
    is 5 %). The amounts are fixed, only directions and signs are drawn, so that a larger jitter is a larger error in every sample.
    """

    shift_m: float
    turn_deg: float
    scale: float

    def apply(self, item: SceneObject, *, rng: np.random.Generator) -> SceneObject:
        """`item`, on the same support, off by this jitter."""
        heading = rng.uniform(0.0, 2.0 * np.pi)
        turn_sign, scale_sign = rng.choice([-1.0, 1.0], size=2)
        shift_m = self.shift_m * np.array([np.cos(heading), np.sin(heading), 0.0])
        return dataclasses.replace(
            item,
            position_m=item.position_m + shift_m,
            rotation=rotation_z(np.deg2rad(turn_sign * self.turn_deg)) @ item.rotation,
            scale=item.scale * (1.0 + self.scale) ** scale_sign,
        )

    def apply_to_camera(self, camera: Camera, *, rng: np.random.Generator) -> Camera:
        """`camera` off by this jitter: carried level in any direction, turned about the vertical by `CAMERA_TURN` of `turn_deg`."""
        heading = rng.uniform(0.0, 2.0 * np.pi)
        turn_deg = CAMERA_TURN * self.turn_deg * rng.choice([-1.0, 1.0])
        pose = camera.world_from_camera.copy()
        pose[:3, 3] += self.shift_m * np.array([np.cos(heading), np.sin(heading), 0.0])
        pose[:3, :3] = rotation_z(np.deg2rad(turn_deg)) @ pose[:3, :3]
        return dataclasses.replace(camera, world_from_camera=pose)


class NoisyOracleEditor:
    """Renders the record's target scene with the target jittered, or, where the edit moved the camera, with that jittered.

    Args:
        jitter_m: how far it is moved along its support, metres.
        jitter_deg: how far it is turned about the vertical.
        jitter_scale: how much larger or smaller it is; 0.05 is 5 %.
        jitter: multiplies the three; 0 renders the ground truth.
        renderer: the renderer's name.
    """

    name = "noisy-oracle"
    needs_sample = True

    def __init__(
        self,
        *,
        jitter_m: float = 0.02,
        jitter_deg: float = 10.0,
        jitter_scale: float = 0.05,
        jitter: float = 1.0,
        renderer: str = "mujoco",
    ) -> None:
        amounts = {"jitter_m": jitter_m, "jitter_deg": jitter_deg, "jitter_scale": jitter_scale, "jitter": jitter}
        for name, value in amounts.items():
            if not value >= 0.0:
                raise ValueError(f"editor 'noisy-oracle': {name} is {value!r}, expected a number >= 0")
        self.jitter = Jitter(jitter * jitter_m, jitter * jitter_deg, jitter * jitter_scale)
        self.renderer = renderer

    def __call__(
        self, *, image: Image.Image, prompt: str, sample: Sample, generator: Any = None, seed: int = 0
    ) -> EditOutput:
        """Render `sample`'s scene after a jittered edit; the draw depends on its id and `seed` alone, not on the order of calls."""
        from gsi_bench_hf.synth.render import shared_renderer

        scene = _edited_scene(sample).target
        rng = np.random.default_rng([seed, zlib.crc32(sample.id.encode())])
        if sample.operation == "view":
            scene = scene.with_camera(self.jitter.apply_to_camera(scene.camera, rng=rng))
        # A target that is not there (remove) can't be off.
        elif any(item.instance_id == sample.target_id for item in scene.objects):
            scene = scene.with_object(self.jitter.apply(scene.object(sample.target_id), rng=rng))
        rgb = shared_renderer(self.renderer).render(scene, want=("rgb",)).rgb
        assert rgb is not None
        return EditOutput((Image.fromarray(rgb),))


def _edited_scene(sample: Sample) -> EditedScene:
    if sample.scene is None:
        raise ValueError(
            f"record {sample.id}: scene is null, and 'noisy-oracle' has nothing to render; expected a config made by the simulator, "
            "such as 'sim-tabletop'; use 'paste' or 'identity' here"
        )
    return from_json(sample.scene)
