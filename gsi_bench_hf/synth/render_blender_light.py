"""A scene's lights in Blender, and the picture that its film gives."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils import Vector
from numpy.typing import NDArray

from gsi_bench_hf.synth.scene import Float, Light, Scene

_ROOM_REACH_M = 2.0  # where a room's light has the brightness that its colour says
_GRAY = {True: 1.15, False: 1.0}


def light_up(document: Any, scene: Scene) -> float:
    """Put the scene's lights into the document.

    Returns:
        What its pixels are to be multiplied by: depends on the lights alone, so that no edit changes it.
    """
    closed = scene.is_room
    lights_out(document)
    for light in scene.lights:
        made = bpy.data.objects.new("lamp", _lamp(light, scene, closed))
        if light.position_m is not None:
            made.location = light.position_m.tolist()
        toward = light.direction if closed or light.position_m is None else _middle(scene) - light.position_m
        made.rotation_mode = "QUATERNION"
        made.rotation_quaternion = Vector(np.asarray(toward).tolist()).to_track_quat("-Z", "Y")
        made.visible_camera = False
        made.visible_glossy = (
            not closed
        )  # a mirror would show the disc; in rooms windows and lamp shades shine themselves
        document.collection.objects.link(made)
    background = document.world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value = (*scene.ambient, 1.0)
    background.inputs["Strength"].default_value = 1.0
    level = sum(float(np.mean(light.color)) for light in scene.lights) + float(np.mean(scene.ambient))
    return _GRAY[closed] / max(level, 1e-3)


def lights_out(document: Any) -> None:
    """Remove the lights again."""
    for item in [o for o in document.collection.objects if o.type == "LIGHT"]:
        data = item.data
        bpy.data.objects.remove(item)
        bpy.data.lights.remove(data)


def _lamp(light: Light, scene: Scene, closed: bool) -> Any:
    if light.position_m is None:
        made = bpy.data.lights.new("lamp", "SUN")
        made.energy, made.angle = np.pi, 0.05
    else:
        reach_m = _ROOM_REACH_M if closed else float(np.linalg.norm(light.position_m - _middle(scene)))
        made = bpy.data.lights.new("lamp", "AREA")
        made.shape, made.size = "DISK", 2.0 * max(light.radius_m, 0.01)
        # A disc of power P gives a surface that faces it P / (pi r^2) W/m2, and white reflects 1 / pi of that each way.
        made.energy = np.pi * np.pi * reach_m**2
    made.color, made.use_shadow = light.color, light.casts_shadow
    return made


def _middle(scene: Scene) -> Float:
    """What a table's lamps are aimed at; as the other renderer has it."""
    for item in scene.fixtures:
        if item.kind not in ("floor", "wall"):
            return np.asarray(item.position_m + item.rotation @ np.array([0.0, 0.0, item.scale * item.size_m[2]]))
    return np.zeros(3)


def developed(linear: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(H, W, 3) of linear light: a filmic curve (Narkowicz's fit of ACES, 2015), then gamma."""
    x = np.maximum(linear, 0.0)
    curve = np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0.0, 1.0)
    return np.asarray(np.rint(255.0 * curve ** (1.0 / 2.2)), dtype=np.uint8)
