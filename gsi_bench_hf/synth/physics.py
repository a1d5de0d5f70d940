"""What holds things up: MuJoCo bodies of convex hulls among still pieces, or on a level plane.

A scene is right when nothing moves. `settle` lets it stand for a moment on a ground that is tipped a little to every side: what stays
is put back exactly upright where it was (labels stay exact), what tips, slides, falls or is pushed is named. `World.distance_m` asks
for collisions and clearances at poses that are tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gsi_bench_hf.synth import assets
from gsi_bench_hf.synth.assets.keeping import Keeper
from gsi_bench_hf.synth.assets.library import is_own_kind
from gsi_bench_hf.synth.render_gl import wanted_backend
from gsi_bench_hf.synth.scene import Float, SceneObject
from gsi_bench_hf.synth.solids import BuildAsset, hulls

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
"""How far the ground is tipped while a scene settles: less than a hand would forgive, more than rounding."""

_STEP_S = 0.004
_STEPS_A_SIDE = 30
_SLAB_M = 0.04
_DROP_M = 0.0005


@dataclass(frozen=True, eq=False)
class Ground:
    """What objects stand on and among.

    Attributes:
        pieces_m: still convex pieces, (N, 3) corners in the world, by the id of what they belong to; no id of an object.
        level_m: height of a plane under all objects, as its contacts are the surest; None where pieces carry them.
    """

    pieces_m: Mapping[str, Sequence[Float]]
    level_m: float | None = None


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


def _stands_alone(kind: str, variant: int) -> bool:
    """Whether an asset stands upright by itself on a level surface that is tipped a little."""
    item = assets.place(kind, variant, "it", np.zeros(3))
    return not World((item,), Ground({}, level_m=0.0)).settle().unstable


stands_alone: Keeper[bool] = Keeper(
    _stands_alone,
    dump=lambda stands: bytes([stands]),
    load=lambda content: content == b"\x01",
    size=lambda _: 1,
    limit=20_000,
    keeps_on_disk=is_own_kind,
)
"""`stands_alone(kind, variant)`: see `_stands_alone`."""


class World:
    """Objects as rigid bodies.

    Args:
        objects: upright ones that can move.
        ground: what they stand on and among.
        build_asset: the asset library.
    """

    def __init__(
        self, objects: Sequence[SceneObject], ground: Ground, *, build_asset: BuildAsset = assets.build_asset
    ) -> None:
        self._objects = {o.instance_id: o for o in objects}
        spec = mujoco.MjSpec()
        spec.option.timestep = _STEP_S
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        spec.option.iterations = 20
        # A flat base needs several contact points; MuJoCo 4 always finds them, 3.x when it is asked to.
        spec.option.enableflags |= int(getattr(mujoco.mjtEnableBit, "mjENBL_MULTICCD", 0))
        self._lift_m = {i: _DROP_M - _lowest_m(item, build_asset) for i, item in self._objects.items()}
        _add_ground(spec, ground)
        for item in objects:
            _add_object(spec, item, build_asset)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._bodies = {name: self._model.body(name).id for name in (*self._objects, *ground.pieces_m)}
        body_of_geom = self._model.geom_bodyid
        self._geoms = {i: np.flatnonzero(body_of_geom == body).tolist() for i, body in self._bodies.items()}
        mujoco.mj_kinematics(self._model, self._data)

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
        """Let the objects stand, the ground tipped by `TILT_DEG` to one side after another, then level."""
        mujoco.mj_resetData(self._model, self._data)
        for instance_id, item in self._objects.items():
            self._pose(item, self._lift_m[instance_id])
        sine = np.sin(np.deg2rad(TILT_DEG))
        for x, y in ((sine, 0.0), (0.0, sine), (-sine, 0.0), (0.0, -sine), (0.0, 0.0)):
            self._model.opt.gravity[:] = 9.81 * np.array([x, y, -np.sqrt(1.0 - sine**2)])
            mujoco.mj_step(self._model, self._data, _STEPS_A_SIDE)
        shift_m, tilt_deg = {}, {}
        for instance_id, item in self._objects.items():
            body = self._bodies[instance_id]
            upright = self._data.xmat[body].reshape(3, 3)[:, 2] @ item.rotation[:, 2]
            start_m = item.position_m + np.array([0.0, 0.0, self._lift_m[instance_id] - _DROP_M])
            shift_m[instance_id] = float(np.linalg.norm(self._data.xpos[body] - start_m))
            tilt_deg[instance_id] = float(np.rad2deg(np.arccos(np.clip(upright, -1.0, 1.0))))
        unstable = tuple(i for i in self._objects if shift_m[i] > REST_SHIFT_M or tilt_deg[i] > REST_TILT_DEG)
        return Settled(shift_m, tilt_deg, unstable)

    def _pose(self, item: SceneObject, lift_m: float) -> None:
        start = self._model.jnt_qposadr[self._model.body_jntadr[self._bodies[item.instance_id]]]
        self._data.qpos[start : start + 3] = item.position_m + np.array([0.0, 0.0, lift_m])
        mujoco.mju_mat2Quat(self._data.qpos[start + 3 : start + 7], item.rotation.ravel())


def _lowest_m(item: SceneObject, build_asset: BuildAsset) -> float:
    """How far the lowest solid point is above the base: trimmings that are not solid may reach lower."""
    return item.scale * min(float(h.vertices_m[:, 2].min()) for h in hulls(build_asset, item.kind, item.variant))


def _add_ground(spec: mujoco.MjSpec, ground: Ground) -> None:
    if ground.level_m is not None:
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_PLANE,
            size=[1.0, 1.0, 0.1],
            pos=[0.0, 0.0, ground.level_m],
            friction=[0.8, 0.005, 0.0001],
        )
    for owner, pieces in ground.pieces_m.items():
        body = spec.worldbody.add_body(name=owner)
        for number, piece in enumerate(pieces):
            mesh = spec.add_mesh(name=f"{owner}//{number}", uservert=piece.ravel())
            mesh.inertia = mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=f"{owner}//{number}", friction=[0.8, 0.005, 0.0001])


def _add_object(spec: mujoco.MjSpec, item: SceneObject, build_asset: BuildAsset) -> None:
    body = spec.worldbody.add_body(name=item.instance_id, pos=item.position_m, quat=_quaternion(item.rotation))
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
