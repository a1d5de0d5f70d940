"""Assets as a MuJoCo model that is only looked at: meshes, textures and materials on the graphics side, compiled once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.synth.assets.base import Asset, Material, Part
from gsi_bench_hf.synth.render_room_shaders import packed_gloss

Float = NDArray[np.float64]
AssetName = tuple[str, int]
AssetBuilder = Callable[[str, int], Asset]
TexturePainter = Callable[[str], NDArray[np.uint8]]

_CLEAR = 0.95  # opacity of what one can't see through, at least
_WHITE = np.full((4, 4, 3), 255, np.uint8)

OFFSCREEN_PX = 1024  # as large as a shadow map
GEOM_FIELDS = (
    *("type", "dataid", "objtype", "objid", "category", "matid", "texid", "texuniform", "texcoord", "segid", "size"),
    *("texrepeat", "rgba", "emission", "specular", "shininess", "reflectance", "transparent", "modelrbound"),
    *("castshadow", "label"),
)


@dataclass(frozen=True, eq=False)
class GeomTemplate:
    """A part as the renderer draws it.

    Attributes:
        values: the attributes of `MjvGeom` that no pose changes.
        mesh_position_m, mesh_rotation: (3,), (3, 3) object from mesh; MuJoCo turns every mesh to its principal axes.
        clear: whether one sees through it.
        mirror_m: (N, 3) the corners, object frame, of what is a mirror of it; none for most.
    """

    values: tuple[tuple[str, Any], ...]
    mesh_position_m: Float
    mesh_rotation: Float
    clear: bool = False
    mirror_m: Float | None = None


@dataclass(eq=False)
class Compiled:
    """What the graphics card holds for a set of assets.

    Attributes:
        scene: MuJoCo's list of geoms and lights, rewritten for every picture.
        context: the uploaded meshes and textures.
        templates: the parts of each asset.
        slots: which (asset, part) each place of `scene.geoms` was last filled with.
    """

    model: Any
    scene: Any
    context: Any
    templates: dict[AssetName, tuple[GeomTemplate, ...]]
    slots: list[tuple[AssetName, int] | None]


def compile_assets(
    names: Sequence[AssetName],
    max_geoms: int,
    build_asset: AssetBuilder,
    paint: TexturePainter,
    *,
    for_shaders: bool = False,
) -> Compiled:
    """The assets on the graphics card. An OpenGL context must be current.

    Args:
        names: (kind, variant) of each asset, without repeats.
        max_geoms: how many parts a picture may hold, repeated assets counted each time.
        build_asset: kind, variant -> Asset.
        paint: texture name -> (H, W, 3) uint8; its last row is at v = 0.
        for_shaders: whether materials are laid out for `render_room_shaders`: all of them have a texture, gloss is packed.
    """
    spec = mujoco.MjSpec()
    spec.compiler.usethread = False
    spec.visual.quality.shadowsize = 0  # soft shadows are made from depth images
    spec.visual.quality.offsamples = 0
    spec.visual.global_.offwidth = spec.visual.global_.offheight = OFFSCREEN_PX
    spec.stat.extent = 1.0
    owners: list[AssetName] = []
    parts: list[Part] = []
    for name in names:
        for part in build_asset(*name).parts:
            _add_part(spec, f"part-{len(owners)}", part, paint, for_shaders)
            owners.append(name)
            parts.append(part)
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    scene = mujoco.MjvScene(model, maxgeom=max(max_geoms, len(owners)) + 8)
    mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, mujoco.MjvCamera(), mujoco.mjtCatBit.mjCAT_ALL, scene)
    templates: dict[AssetName, list[GeomTemplate]] = {name: [] for name in names}
    for i in range(scene.ngeom):
        geom = scene.geoms[i]
        template = _template(model, geom)
        templates[owners[geom.objid]].append(_shaded(template, parts[geom.objid]) if for_shaders else template)
    context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50)
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
    frozen = {name: tuple(made) for name, made in templates.items()}
    return Compiled(model, scene, context, frozen, [None] * scene.maxgeom)


def _template(model: Any, geom: Any) -> GeomTemplate:
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[geom.objid])
    values = tuple(
        (name, np.copy(v) if isinstance(v := getattr(geom, name), np.ndarray) else v) for name in GEOM_FIELDS
    )
    return GeomTemplate(values, model.geom_pos[geom.objid].copy(), rotation.reshape(3, 3))


def _shaded(template: GeomTemplate, part: Part) -> GeomTemplate:
    """What the shaders of rooms read of a material, in the places of MuJoCo's that reach them as they are."""
    material = part.material
    is_mirror = (material.texture or "").partition(":")[0] == "mirror"
    glow = max(material.emission, 1.0 if (material.texture or "").startswith("view:") else 0.0)
    packed = {
        "specular": packed_gloss(material.specular, 1.0 if material.metallic else 0.0, is_mirror),
        "emission": glow,
    }
    return dataclasses.replace(
        template,
        values=tuple((name, packed.get(name, value)) for name, value in template.values),
        clear=material.rgba[3] < _CLEAR,
        mirror_m=part.vertices_m[part.normals[:, 1] < -0.99] if is_mirror else None,
    )


def _add_part(spec: Any, name: str, part: Part, paint: TexturePainter, for_shaders: bool) -> None:
    mesh = spec.add_mesh(name=name)
    vertices = np.asarray(part.vertices_m, dtype=np.float64)
    padding = max(0, 4 - len(vertices))  # MuJoCo refuses a mesh of fewer than four vertices
    mesh.uservert = _flat(vertices, padding)
    mesh.usernormal = _flat(part.normals, padding)
    if part.uv is not None:
        mesh.usertexcoord = _flat(part.uv, padding)
    mesh.userface = np.asarray(part.faces, dtype=np.int32).ravel()
    mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL  # cheap, and fine with open surfaces
    geom = spec.worldbody.add_geom(name=name)
    geom.type = mujoco.mjtGeom.mjGEOM_MESH
    geom.meshname = name
    geom.contype = geom.conaffinity = 0  # no collisions, hence no convex hull
    geom.material = _material(spec, part.material, paint, for_shaders)


def _flat(rows: Any, padding: int) -> NDArray[np.float32]:
    rows = np.asarray(rows, dtype=np.float32)
    return np.concatenate([rows, np.repeat(rows[-1:], padding, axis=0)]).ravel()


def _material(spec: Any, material: Material, paint: TexturePainter, for_shaders: bool) -> str:
    name = repr(material)
    if spec.material(name) is not None:
        return name
    made = spec.add_material(name=name)
    made.rgba = material.rgba
    made.specular, made.shininess, made.reflectance = material.specular, material.shininess, 0.0
    if material.texture is not None:
        made.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = _texture(spec, material.texture, paint)
    elif for_shaders:
        made.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = _texture(spec, "white", lambda _: _WHITE)
    return name


def _texture(spec: Any, name: str, paint: TexturePainter) -> str:
    if spec.texture(name) is None:
        pixels = np.ascontiguousarray(paint(name)[::-1, :, :3], dtype=np.uint8)
        made = spec.add_texture(name=name)
        made.type = mujoco.mjtTexture.mjTEXTURE_2D
        made.height, made.width, made.nchannel = pixels.shape
        made.data = pixels.tobytes()
    return name
