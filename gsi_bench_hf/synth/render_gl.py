"""Finds an OpenGL that can draw without a screen, and starts it. One context a process; Mesa's software rasteriser is enough."""

from __future__ import annotations

import ctypes
import importlib
import os
from typing import Any

from gsi_bench_hf.synth.render import RendererError

_PACKAGES = {
    "egl": "install the Debian packages libegl1 and libgl1-mesa-dri (apt-get install libegl1 libgl1-mesa-dri), "
    "or libosmesa6 and set MUJOCO_GL=osmesa",
    "osmesa": "install the Debian package libosmesa6 (apt-get install libosmesa6), "
    "or libegl1 and libgl1-mesa-dri and set MUJOCO_GL=egl",
}
_LIBRARIES = {"egl": "libEGL.so.1", "osmesa": "libOSMesa.so.8"}
_CONTEXTS: dict[int, Any] = {}
_DEPTH_BUFFERS: dict[tuple[int, int, int, int], int] = {}


def wanted_backend() -> str:
    """The value of MUJOCO_GL, "" where it is unset. To be called before `import mujoco`, which reads the variable too.

    Raises:
        RendererError: MUJOCO_GL is neither "egl" nor "osmesa".
    """
    wanted = os.environ.get("MUJOCO_GL", "").strip().lower()
    if wanted and wanted not in _PACKAGES:
        raise RendererError(
            f"MUJOCO_GL is {wanted!r}, expected 'egl' or 'osmesa' (or unset): images are rendered without a screen; "
            + _PACKAGES["egl"]
        )
    return wanted


def choose_backend() -> str:
    """The value of MUJOCO_GL if it is set, else "egl", or "osmesa" where EGL has no device; the variable is then set.

    Raises:
        RendererError: neither is there, or MUJOCO_GL is neither "egl" nor "osmesa".
    """
    wanted = wanted_backend()
    # Read by Mesa when EGL is first asked anything. Its threads, those that draw and those that write its cache of shaders, don't
    # survive a fork: a forked child (`num_proc=`, a data loader) that draws would wait for them for ever.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    for name in ("MESA_SHADER_CACHE_DISABLE", "MESA_GLSL_CACHE_DISABLE"):  # the second before Mesa 21
        os.environ.setdefault(name, "true")
    for name in [wanted] if wanted else ["egl", "osmesa"]:
        if egl_has_device() if name == "egl" else _loads(_LIBRARIES["osmesa"]):
            os.environ["MUJOCO_GL"] = name
            os.environ.setdefault("PYOPENGL_PLATFORM", name)  # read when PyOpenGL is imported
            return name
    tried = f"MUJOCO_GL={wanted} can't be used" if wanted else "neither EGL with a device nor OSMesa was found"
    raise RendererError(f"no OpenGL to render with: {tried}; " + _PACKAGES[wanted or "egl"])


def egl_has_device() -> bool:
    """Whether an EGL device can be started, asked of the library itself so that nothing is imported for a backend that fails."""
    try:
        egl = ctypes.CDLL(_LIBRARIES["egl"])
    except OSError:
        return False
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    addresses = [egl.eglGetProcAddress(name) for name in (b"eglQueryDevicesEXT", b"eglGetPlatformDisplayEXT")]
    if not all(addresses):
        return False
    query = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(addresses[0])
    get_display = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)(addresses[1])
    devices, count = (ctypes.c_void_p * 16)(), ctypes.c_int(0)
    if not query(16, devices, ctypes.byref(count)):
        return False
    platform_device = 0x313F  # EGL_PLATFORM_DEVICE_EXT
    displays = (get_display(platform_device, device, None) for device in devices[: count.value])
    return any(display and egl.eglInitialize(ctypes.c_void_p(display), None, None) for display in displays)


def gl_context() -> Any:
    """The OpenGL context of this process, made and made current on first use.

    Raises:
        RendererError: OpenGL can't be started; names the packages to install.
    """
    pid = os.getpid()
    if pid not in _CONTEXTS:
        _CONTEXTS[pid] = _start(choose_backend())
    _CONTEXTS[pid].make_current()
    return _CONTEXTS[pid]


def attach_depth(framebuffer: int, width: int, height: int, samples: int) -> None:
    """Give a framebuffer a depth buffer of (width, height) pixels and `samples` a pixel.

    MuJoCo's auxiliary framebuffers have none, so that what is drawn last would hide what is in front. Buffers of one size are shared
    by all framebuffers of the process, since nothing is kept in them from one picture to the next.
    """
    from OpenGL import GL  # here: its platform is chosen by `gl_context`

    key = (os.getpid(), width, height, samples)
    if key not in _DEPTH_BUFFERS:
        _DEPTH_BUFFERS[key] = int(GL.glGenRenderbuffers(1))
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, _DEPTH_BUFFERS[key])
        GL.glRenderbufferStorageMultisample(GL.GL_RENDERBUFFER, samples, GL.GL_DEPTH_COMPONENT24, width, height)
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
    GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, GL.GL_DEPTH_ATTACHMENT, GL.GL_RENDERBUFFER, _DEPTH_BUFFERS[key])
    if GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) != GL.GL_FRAMEBUFFER_COMPLETE:
        raise RendererError(
            f"OpenGL refused a depth buffer of {width}×{height} pixels with {samples} samples; render smaller images"
        )


def _start(backend: str) -> Any:
    try:
        # Not `mujoco.GLContext`: that is bound when mujoco is first imported, perhaps before MUJOCO_GL was chosen.
        context = importlib.import_module(f"mujoco.{backend}").GLContext(64, 64)
        context.make_current()
        if backend == "osmesa":
            # PyOpenGL trips over its own destructor when the process ends; the context goes with the process anyway.
            context.free = lambda: None
    except ModuleNotFoundError:
        raise
    except Exception as error:  # PyOpenGL fails in many ways when a library is missing
        raise RendererError(
            f"OpenGL can't be started with MUJOCO_GL={backend}: {type(error).__name__}: {error}; " + _PACKAGES[backend]
        ) from error
    return context


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
