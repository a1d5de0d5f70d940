"""What holds a scene up: MuJoCo bodies of convex hulls on the table's top.

A scene is right when nothing moves. `settle` lets it stand for a moment on a table that is tipped a little to every side: what stays
is put back exactly upright where it was (labels stay exact), what tips, slides, falls or is pushed is named. `World.overlapping` asks
for collisions and clearances at poses that are tried.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.assets.base import Asset, Part, Support
from gsi_bench_hf.synth.render_gl import wanted_backend
from gsi_bench_hf.synth.scene import Float, Scene, SceneObject
from gsi_bench_hf.types import Camera

wanted_backend()
try:
    import mujoco
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'the simulator needs the module mujoco: pip install "gsi-bench-hf[sim]"', name="mujoco"
    ) from error

REST_SHIFT_M = 0.002
REST_TILT_DEG = 1.0
TILT_DEG = 4.0
"""How far the table is tipped while a scene settles: less than a hand would forgive, more than rounding."""

_STEP_S = 0.004
_STEPS_A_SIDE = 30
_MAX_HULL_VERTICES = 64
_SLAB_M = 0.04
_SHEET_M = 0.003
_DROP_M = 0.0005

BuildAsset = Callable[[str, int], Asset]
FindSupport = Callable[[str, int], Support]


@dataclass(frozen=True, eq=False)
class Hull:
    """A solid part as the physics has it.

    Attributes:
        vertices_m: (N, 3) corners of its convex hull, object frame.
        volume_m3: of the stuff it is made of, for the weight: that of a closed mesh, that of a sheet for an open one.
    """

    vertices_m: Float
    volume_m3: float


@dataclass(frozen=True)
class Settled:
    """How a scene stood.

    Attributes:
        shift_m: how far each object's base went, by id.
        tilt_deg: how far each object leans from upright, by id.
        unstable: ids of what moved by more than `REST_SHIFT_M` or leaned by more than `REST_TILT_DEG`.
    """

    shift_m: dict[str, float]
    tilt_deg: dict[str, float]
    unstable: tuple[str, ...]


@lru_cache(maxsize=1024)
def hulls(build_asset: BuildAsset, kind: str, variant: int) -> tuple[Hull, ...]:
    """The hulls of an asset's solid parts, at scale 1, with at most about 100 corners each. Parts without volume have none."""
    found = []
    for part in build_asset(kind, variant).parts:
        if not part.solid:
            continue
        try:
            hull = ConvexHull(part.vertices_m)
        except QhullError:  # flat: nothing to bump into
            continue
        if hull.volume > 1e-9:
            found.append(Hull(_simplified(part.vertices_m[hull.vertices]), _stuff_m3(part, float(hull.volume))))
    if not found:
        raise ValueError(f"asset {kind!r} variant {variant} has no solid part with a volume; the physics needs one")
    return tuple(found)


def _stuff_m3(part: Part, hull_m3: float) -> float:
    """Lamp shades and mugs are hollow: an open surface weighs as a sheet of `_SHEET_M`, a closed one by what it encloses."""
    corners = (part.vertices_m - part.vertices_m.mean(axis=0))[part.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area_m2 = float(np.linalg.norm(across, axis=1).sum()) / 2.0
    is_open = np.linalg.norm(across.sum(axis=0)) / 2.0 > 0.005 * area_m2
    enclosed_m3 = abs(float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])))) / 6.0
    return float(np.clip(_SHEET_M * area_m2 if is_open else enclosed_m3, 0.02 * hull_m3, hull_m3))


def _simplified(vertices_m: Float) -> Float:
    """Corners that stand out in some direction, those of the lowest and highest rims among them."""
    if len(vertices_m) <= _MAX_HULL_VERTICES:
        return vertices_m
    turn = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    flat = np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=1)
    keep: set[int] = set()
    for z in (vertices_m[:, 2].min(), vertices_m[:, 2].max()):
        rim = np.flatnonzero(np.abs(vertices_m[:, 2] - z) < 2e-4)
        keep.update(rim[np.argmax(vertices_m[rim] @ flat.T, axis=0)].tolist())
    for slope in (-0.8, 0.0, 0.8):
        keep.update(np.argmax(vertices_m @ (flat + np.array([0.0, 0.0, slope])).T, axis=0).tolist())
    return vertices_m[sorted(keep)]


@lru_cache(maxsize=1024)
def stands_alone(kind: str, variant: int) -> bool:
    """Whether an asset stands upright by itself on a level surface that is tipped a little."""
    item = assets.place(kind, variant, "it", np.zeros(3))
    ground = SceneObject("table", "table", 0, "table", "", 0, np.ones(3), np.zeros(3), np.eye(3))
    scene = Scene("tabletop", (ground,), (item,), (), (0.0, 0.0, 0.0), Camera(np.eye(3), np.eye(4), 1, 1))
    return not World(scene, find_support=lambda *_: Support(0.0, "rectangle", np.full(2, 10.0))).settle().unstable


class World:
    """A scene's objects as rigid bodies.

    Args:
        scene: with a "table" among its fixtures, whose top carries the objects.
        free: ids of the objects that can move; None for all. The others stand fixed.
        build_asset, find_support: the asset library.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        free: Collection[str] | None = None,
        build_asset: BuildAsset = assets.build_asset,
        find_support: FindSupport = assets.support,
    ) -> None:
        self.scene = scene
        self._free = tuple(o.instance_id for o in scene.objects if free is None or o.instance_id in free)
        spec = mujoco.MjSpec()
        spec.option.timestep = _STEP_S
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        spec.option.iterations = 20
        # A flat base needs several contact points; MuJoCo 4 always finds them, 3.x when it is asked to.
        spec.option.enableflags |= int(getattr(mujoco.mjtEnableBit, "mjENBL_MULTICCD", 0))
        low_m = {o.instance_id: _lowest_m(o, build_asset) for o in scene.objects}
        self._lift_m = {i: _DROP_M - z for i, z in low_m.items()}
        _add_table(spec, scene, find_support, build_asset)
        for item in scene.objects:
            _add_object(spec, item, item.instance_id in self._free, build_asset)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._bodies = {o.instance_id: self._model.body(o.instance_id).id for o in scene.objects}
        body_of_geom = self._model.geom_bodyid
        self._geoms = {i: np.flatnonzero(body_of_geom == body).tolist() for i, body in self._bodies.items()}
        mujoco.mj_kinematics(self._model, self._data)

    def overlapping(self, item: SceneObject, *, clearance_m: float = 0.0) -> tuple[str, ...]:
        """Ids of the other objects that are nearer than `clearance_m` to `item`, at the pose that `item` has.

        `item` is a free object of the scene at any pose but the scene's own scale.
        """
        self._pose(item)
        mujoco.mj_kinematics(self._model, self._data)
        return tuple(
            o.instance_id
            for o in self.scene.objects
            if o.instance_id != item.instance_id
            and self.distance_m(item.instance_id, o.instance_id, clearance_m + 1e-4) < clearance_m
        )

    def distance_m(self, a: str, b: str, limit_m: float = 0.1) -> float:
        """Distance of two objects as they stand, negative where they overlap; no more than `limit_m`."""
        nearest = limit_m
        for one in self._geoms[a]:
            for other in self._geoms[b]:
                centres = self._data.geom_xpos[one] - self._data.geom_xpos[other]
                reach = self._model.geom_rbound[one] + self._model.geom_rbound[other]
                if np.linalg.norm(centres) < reach + nearest:
                    nearest = min(nearest, mujoco.mj_geomDistance(self._model, self._data, one, other, nearest, None))
        return float(nearest)

    def settle(self) -> Settled:
        """Let the free objects stand, the table tipped by `TILT_DEG` to one side after another, then level."""
        mujoco.mj_resetData(self._model, self._data)
        for instance_id in self._free:
            self._pose(self.scene.object(instance_id), self._lift_m[instance_id])
        sine = np.sin(np.deg2rad(TILT_DEG))
        for x, y in ((sine, 0.0), (0.0, sine), (-sine, 0.0), (0.0, -sine), (0.0, 0.0)):
            self._model.opt.gravity[:] = 9.81 * np.array([x, y, -np.sqrt(1.0 - sine**2)])
            mujoco.mj_step(self._model, self._data, _STEPS_A_SIDE)
        shift_m, tilt_deg = {}, {}
        for instance_id in self._free:
            item, body = self.scene.object(instance_id), self._bodies[instance_id]
            upright = self._data.xmat[body].reshape(3, 3)[:, 2] @ item.rotation[:, 2]
            start_m = item.position_m + np.array([0.0, 0.0, self._lift_m[instance_id] - _DROP_M])
            shift_m[instance_id] = float(np.linalg.norm(self._data.xpos[body] - start_m))
            tilt_deg[instance_id] = float(np.rad2deg(np.arccos(np.clip(upright, -1.0, 1.0))))
        unstable = tuple(i for i in self._free if shift_m[i] > REST_SHIFT_M or tilt_deg[i] > REST_TILT_DEG)
        return Settled(shift_m, tilt_deg, unstable)

    def _pose(self, item: SceneObject, lift_m: float = 0.0) -> None:
        start = self._model.jnt_qposadr[self._model.body_jntadr[self._bodies[item.instance_id]]]
        self._data.qpos[start : start + 3] = item.position_m + np.array([0.0, 0.0, lift_m])
        mujoco.mju_mat2Quat(self._data.qpos[start + 3 : start + 7], item.rotation.ravel())


def _lowest_m(item: SceneObject, build_asset: BuildAsset) -> float:
    """How far the lowest solid point is above the base: trimmings that are not solid may reach lower."""
    return item.scale * min(float(h.vertices_m[:, 2].min()) for h in hulls(build_asset, item.kind, item.variant))


def _add_table(spec: mujoco.MjSpec, scene: Scene, find_support: FindSupport, build_asset: BuildAsset) -> None:
    """The table's top: a plane where everything stands wholly on it, as its contacts are the surest, else a slab with an edge."""
    table = next((f for f in scene.fixtures if f.kind == "table"), None)
    if table is None:
        raise ValueError(
            f"the scene has no table, only {[f.kind for f in scene.fixtures]}; physics needs one to stand on"
        )
    support = find_support(table.kind, table.variant)
    half_m = support.half_extents_m * table.scale
    disc = support.shape == "disc"
    middle_m = table.position_m + np.array([0.0, 0.0, support.height_m * table.scale])
    inside = True
    for item in scene.objects:
        for hull in hulls(build_asset, item.kind, item.variant):
            points_m = hull.vertices_m * item.scale @ item.rotation.T + item.position_m - middle_m
            local = np.abs(points_m[:, :2] @ table.rotation[:2, :2])
            inside &= bool((np.linalg.norm(local, axis=1) < half_m[0]).all() if disc else (local < half_m).all())
    kind, size = mujoco.mjtGeom.mjGEOM_PLANE, [1.0, 1.0, 0.1]
    if not inside:
        kind = mujoco.mjtGeom.mjGEOM_CYLINDER if disc else mujoco.mjtGeom.mjGEOM_BOX
        size = [half_m[0], _SLAB_M / 2.0, 0.0] if disc else [half_m[0], half_m[1], _SLAB_M / 2.0]
        middle_m = middle_m - np.array([0.0, 0.0, _SLAB_M / 2.0])
    spec.worldbody.add_geom(
        type=kind, size=size, pos=middle_m, quat=_quaternion(table.rotation), friction=[0.8, 0.005, 0.0001]
    )


def _add_object(spec: mujoco.MjSpec, item: SceneObject, free: bool, build_asset: BuildAsset) -> None:
    body = spec.worldbody.add_body(name=item.instance_id, pos=item.position_m, quat=_quaternion(item.rotation))
    if free:
        body.add_freejoint()
    parts = hulls(build_asset, item.kind, item.variant)
    whole_m3 = sum(p.volume_m3 for p in parts)
    mass_kg = build_asset(item.kind, item.variant).mass_kg * item.scale**3
    for number, part in enumerate(parts):
        name = f"{item.instance_id}/{number}"
        mesh = spec.add_mesh(name=name, uservert=(part.vertices_m * item.scale).ravel())
        mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX
        body.add_geom(
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=name,
            mass=mass_kg * part.volume_m3 / whole_m3,
            friction=[0.8, 0.005, 0.0001],
        )


def _quaternion(rotation: Float) -> Float:
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(rotation).ravel())
    return quaternion
