"""What a renderer does, whichever it is. `load_renderer("mujoco")` gives one."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gsi_bench_hf.registry import Registry
from gsi_bench_hf.synth.scene import Scene

if TYPE_CHECKING:
    from gsi_bench_hf.synth.assets.base import Asset

Quality = Literal["full", "lit", "draft"]


class RendererError(RuntimeError):
    """A renderer can't start or can't draw what was asked; the message says what is missing and how to get it."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A rendered view.

    Attributes:
        rgb: (H, W, 3) uint8, or None where it was not asked for.
        depth_m: (H, W) float32 along camera z, metres; or None.
        segmentation: (H, W) int32, 0 for fixtures and background, i + 1 for `scene.objects[i]`; or None.
    """

    rgb: NDArray[np.uint8] | None
    depth_m: NDArray[np.float32] | None
    segmentation: NDArray[np.int32] | None


class Renderer(Protocol):
    """A renderer keeps what it prepared for a scene's assets, fixtures and lights, so that the same scene with other poses, scales,
    hidden objects or another camera is cheap.
    """

    def render(
        self,
        scene: Scene,
        *,
        want: Collection[str] = ("rgb", "depth", "segmentation"),
        size: tuple[int, int] | None = None,
        only: Collection[str] | None = None,
        quality: Quality = "full",
    ) -> Frame:
        """Render `scene` through its camera.

        Args:
            scene: what to render.
            want: any of "rgb", "depth", "segmentation".
            size: (width, height) in pixels, another than the camera's; the intrinsics are scaled with it.
            only: ids of the objects to show (fixtures stay); None for all. `segmentation` keeps the numbers of `scene.objects`.
            quality: "full" is what the data set holds. For searching: "lit" has its light, but one sample a pixel and coarser
                shadows; "draft" leaves out costly light.
        """
        ...

    def close(self) -> None:
        """Free the graphics context."""
        ...


def check_want(want: Collection[str]) -> None:
    """Raise ValueError if something is wanted that no renderer draws."""
    unknown = set(want) - {"rgb", "depth", "segmentation"}
    if unknown:
        raise ValueError(f"render: want has {sorted(unknown)}, expected any of 'rgb', 'depth', 'segmentation'")


def library_asset(kind: str, variant: int) -> Asset:
    """The asset library's own, for renderers that are given none. Imported when it is asked for."""
    from gsi_bench_hf.synth.assets import build_asset

    return build_asset(kind, variant)


def library_texture(texture: str) -> NDArray[np.uint8]:
    """The asset library's own painter: (H, W, 3), see `library_asset`."""
    from gsi_bench_hf.synth.assets.textures import paint

    return paint(texture)


def _mujoco(**kwargs: Any) -> Renderer:
    try:
        from gsi_bench_hf.synth.render_mujoco import MujocoRenderer
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("mujoco", "OpenGL"):
            raise
        raise RendererError(
            f'the "mujoco" renderer needs the module {error.name}: pip install "gsi-bench-hf[sim]"'
        ) from error
    return MujocoRenderer(**kwargs)


def _blender(**kwargs: Any) -> Renderer:
    try:
        from gsi_bench_hf.synth.render_blender import BlenderRenderer
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("bpy", "mathutils"):
            raise
        raise RendererError(
            f'the "blender" renderer needs the module {error.name}, which is made for one version of Python (3.11): '
            'pip install "gsi-bench-hf[blender]"'
        ) from error
    except ImportError as error:  # of a library of the system
        raise RendererError(
            f"Blender can't be loaded: {error}; install the Debian packages libxxf86vm1 libxfixes3 libxi6 libxkbcommon0 "
            "libsm6 libxrender1 libgl1 libegl1 (apt-get install …)"
        ) from error
    return BlenderRenderer(**kwargs)


RENDERERS: Registry[Callable[..., Renderer]] = Registry("renderer", "gsi_bench_hf.renderers")
RENDERERS.add("mujoco", _mujoco)
RENDERERS.add("blender", _blender)

_SHARED: dict[tuple[int, str], Renderer] = {}


def load_renderer(name: str = "mujoco", **kwargs: Any) -> Renderer:
    """A new renderer of that name.

    Args:
        name: one of `RENDERERS`.
        kwargs: for the renderer's constructor; both take `build_asset` and `textures` (see `MujocoRenderer`,
            `BlenderRenderer`), "blender" also `samples`.

    Raises:
        UnknownNameError: no such renderer.
        RendererError: a module or OpenGL is missing.
    """
    return RENDERERS[name](**kwargs)


def shared_renderer(name: str = "mujoco") -> Renderer:
    """The one renderer of that name in this process. After a fork the child gets its own: a graphics context can't be shared."""
    key = (os.getpid(), name)
    if key not in _SHARED:
        _SHARED[key] = load_renderer(name)
    return _SHARED[key]
