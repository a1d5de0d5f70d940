"""The lights of a room as its shaders take them, and what each of them, and somebody straight above, looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth.render_list import encloses
from gsi_bench_hf.synth.render_room_shaders import MOST_LAMPS
from gsi_bench_hf.synth.scene import Light, Scene

if TYPE_CHECKING:
    from gsi_bench_hf.synth.render_room_gl import Program

Float = NDArray[np.float64]

_FAR_M = 9.0
_HALF_WIDTH = 1.9  # of what a lamp looks at, at 1 m: 62 degrees to each side
_SUN_M = 12.0  # how far off a light without a position is put
_ABOVE_M, _LEAST_HALF_M = 2.45, 1.5


@dataclass(frozen=True, eq=False)
class Lamp:
    """A disc that shines one way.

    Attributes:
        position_m, forward: (3,) world; its middle, and a unit vector where it shines.
        color: (3,) what a surface gets that faces it straight at 2 m.
        radius_m: of the disc.
        near_m, far_m, half_width: of its view: what is nearer casts no shadow; half width at 1 m.
    """

    position_m: Float
    forward: Float
    color: Float
    radius_m: float
    casts_shadow: bool
    near_m: float
    far_m: float
    half_width: float

    @property
    def axes(self) -> Float:
        """(3, 3) rows right, up, forward."""
        right = np.cross(self.forward, [0.0, 1.0, 0.0] if abs(self.forward[2]) > 0.95 else [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        return np.stack([right, np.cross(right, self.forward), self.forward])

    @property
    def key(self) -> tuple[Any, ...]:
        """What its shadows depend on, but for what casts them."""
        return (self.position_m.tobytes(), self.forward.tobytes(), self.near_m, self.far_m, self.half_width)


@dataclass(frozen=True)
class Above:
    """A square looked at from straight above: its middle (x, y), half width and the height looked from; metres, world."""

    middle_m: tuple[float, float]
    half_width_m: float
    height_m: float = _ABOVE_M


def lamps_of(scene: Scene) -> tuple[Lamp, ...]:
    """The lights of a scene. Raises ValueError where it has more than the shaders take."""
    if len(scene.lights) > MOST_LAMPS:
        raise ValueError(f"a room has {len(scene.lights)} lights, expected at most {MOST_LAMPS}; leave out the weakest")
    return tuple(_lamp(light, scene) for light in scene.lights)


def _lamp(light: Light, scene: Scene) -> Lamp:
    forward = np.asarray(light.direction / np.linalg.norm(light.direction))
    color = np.asarray(light.color, dtype=np.float64)
    if light.position_m is None:
        above = above_of(scene)
        middle = np.array([*above.middle_m, 1.0])
        width = 1.5 * above.half_width_m / _SUN_M
        color = color * (_SUN_M / 2.0) ** 2
        return Lamp(
            middle - _SUN_M * forward, forward, color, light.radius_m, light.casts_shadow, 6.0, 2 * _SUN_M, width
        )
    # What is about the lamp itself, its shade or the window's frame and curtains, must not shut it in.
    near_m = float(np.clip(1.2 * light.radius_m, 0.2, 0.5))
    return Lamp(light.position_m, forward, color, light.radius_m, light.casts_shadow, near_m, _FAR_M, _HALF_WIDTH)


def above_of(scene: Scene) -> Above:
    """Over all fixtures that stand in the room. Not over `objects`: an edit must not move what looks down."""
    spots = [
        (item.position_m[:2], 0.5 * item.scale * float(np.linalg.norm(item.size_m[:2])))
        for item in scene.fixtures
        if not encloses(item)
    ]
    if not spots:
        return Above((0.0, 0.0), 3.0)
    low = np.min([at - reach for at, reach in spots], axis=0)
    high = np.max([at + reach for at, reach in spots], axis=0)
    middle = (low + high) / 2.0
    return Above((float(middle[0]), float(middle[1])), max(float((high - low).max()) / 2.0 + 0.3, _LEAST_HALF_M))


def aim_lamp(drawn: Any, lamp: Lamp) -> None:
    """Point MuJoCo's cameras as the lamp looks."""
    axes = lamp.axes
    for camera in drawn.camera:
        camera.pos, camera.forward, camera.up = lamp.position_m, axes[2], axes[1]
        camera.frustum_near, camera.frustum_far, camera.orthographic = lamp.near_m, lamp.far_m, 0
        half = lamp.near_m * lamp.half_width
        camera.frustum_center, camera.frustum_width, camera.frustum_top, camera.frustum_bottom = 0.0, half, half, -half


def aim_above(drawn: Any, above: Above) -> None:
    """Point MuJoCo's cameras straight down, north up."""
    half = above.half_width_m
    for camera in drawn.camera:
        camera.pos = np.array([*above.middle_m, above.height_m])
        camera.forward, camera.up = np.array([0.0, 0.0, -1.0]), np.array([0.0, 1.0, 0.0])
        camera.frustum_near, camera.frustum_far, camera.orthographic = 1e-4, above.height_m, 1
        camera.frustum_center, camera.frustum_width, camera.frustum_top, camera.frustum_bottom = 0.0, half, half, -half


def tell(program: Program, lamps: tuple[Lamp, ...]) -> None:
    """Hand the lamps to a program."""
    if not lamps:
        return
    program.rows("lamp_at_m", np.array([lamp.position_m for lamp in lamps]))
    program.rows("lamp_toward", np.array([lamp.forward for lamp in lamps]))
    program.rows("lamp_color", np.array([lamp.color for lamp in lamps]))
    program.rows("lamp_radius_m", np.array([[lamp.radius_m] for lamp in lamps]))
    ranges = [(lamp.near_m, lamp.far_m, lamp.half_width if lamp.casts_shadow else 0.0) for lamp in lamps]
    program.rows("lamp_range", np.array(ranges))
    program.matrices("lamp_axes", np.array([lamp.axes for lamp in lamps]))
