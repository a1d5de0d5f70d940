"""OpenGL for rooms: the shaders' programs and the pictures that they draw into. One set a process, like its context."""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from OpenGL import GL  # MuJoCo's own dependency; its platform is chosen before this module is imported

from gsi_bench_hf.synth import render_room_shaders as shaders
from gsi_bench_hf.synth.render import RendererError

SAMPLES = 4
_STEP_PX = 64  # targets grow in steps, so that a search over windows of many sizes makes few


@dataclass(eq=False)
class Target:
    """Something to draw into: a framebuffer and its textures, at least as large as asked for."""

    framebuffer: int
    width: int
    height: int
    colors: tuple[int, ...] = ()
    depth: int = 0

    def bind(self) -> None:
        """Draw into this from now on."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.framebuffer)


@dataclass(eq=False)
class Program:
    """A shader program and where its uniforms are."""

    number: int
    places: dict[str, int] = field(default_factory=dict)

    def use(self) -> None:
        """Draw with this from now on."""
        GL.glUseProgram(self.number)

    def place(self, name: str) -> int:
        """The location of a uniform; -1 where the program does not use it."""
        if name not in self.places:
            self.places[name] = int(GL.glGetUniformLocation(self.number, name))
        return self.places[name]

    def floats(self, **values: Any) -> None:
        """Set uniforms of one to four floats each."""
        setters = (GL.glUniform1fv, GL.glUniform2fv, GL.glUniform3fv, GL.glUniform4fv)
        for name, value in values.items():
            array = np.ascontiguousarray(value, dtype=np.float32).ravel()
            setters[array.size - 1](self.place(name), 1, array)

    def rows(self, name: str, value: NDArray[Any]) -> None:
        """Set an array of uniforms, (N, 1 to 4) floats."""
        setters = (GL.glUniform1fv, GL.glUniform2fv, GL.glUniform3fv, GL.glUniform4fv)
        array = np.ascontiguousarray(value, dtype=np.float32)
        setters[array.shape[1] - 1](self.place(name), len(array), array)

    def integers(self, **values: Any) -> None:
        """Set uniforms of one or two integers each; texture units among them."""
        for name, value in values.items():
            array = np.ascontiguousarray(value, dtype=np.int32).ravel()
            (GL.glUniform1iv, GL.glUniform2iv)[array.size - 1](self.place(name), 1, array)

    def matrices(self, name: str, value: NDArray[Any]) -> None:
        """Set (N, 3, 3) matrices, or one."""
        array = np.ascontiguousarray(value, dtype=np.float32).reshape(-1, 3, 3)
        GL.glUniformMatrix3fv(self.place(name), len(array), GL.GL_TRUE, array)


class Studio:
    """All programs and targets of this process. Its OpenGL context must be current whenever one is used."""

    def __init__(self) -> None:
        self.scene = _program("scene", shaders.SCENE_VERTEX, shaders.SCENE_FRAGMENT.replace("CUT", ""))
        self.scene_cut = _program("scene_cut", shaders.SCENE_VERTEX, shaders.SCENE_FRAGMENT.replace("CUT", shaders.CUT))
        self.cut = _program("cut", shaders.SCENE_VERTEX, shaders.CUT_FRAGMENT)
        self.light = _program("light", shaders.SCREEN_VERTEX, shaders.LIGHT_FRAGMENT)
        self.blur = _program("blur", shaders.SCREEN_VERTEX, shaders.BLUR_FRAGMENT)
        self._targets: dict[str, Target] = {}

    def target(self, name: str, width: int, height: int, *, formats: tuple[int, ...], samples: int = 0) -> Target:
        """The target of that name, with a depth texture; grown where it is too small, its content then lost.

        Args:
            name: what it is for.
            width: pixels.
            height: pixels.
            formats: of its colours, such as `GL.GL_RGBA8`.
            samples: a pixel; 0 for a target whose colours and depth are read as textures.
        """
        found = self._targets.get(name)
        if found is not None and found.width >= width and found.height >= height:
            return found
        if found is not None:
            width, height = max(width, found.width), max(height, found.height)
            _free(found, samples)
        rounded = [-(-side // _STEP_PX) * _STEP_PX for side in (width, height)]
        self._targets[name] = _make(rounded[0], rounded[1], formats, samples)
        return self._targets[name]

    def exact(self, name: str, width: int, height: int, *, formats: tuple[int, ...] = ()) -> Target:
        """A target of exactly that size, for textures whose size the shader asks for."""
        key = f"{name} {width}x{height}"
        if key not in self._targets:
            self._targets[key] = _make(width, height, formats, 0)
        return self._targets[key]

    def sweep(self, program: Program, width: int, height: int) -> None:
        """Run a program for every pixel of a rectangle of the bound target."""
        program.use()
        GL.glViewport(0, 0, width, height)
        GL.glDisable(GL.GL_SCISSOR_TEST)
        for state in (GL.GL_DEPTH_TEST, GL.GL_BLEND, GL.GL_CULL_FACE):
            GL.glDisable(state)
        GL.glBegin(GL.GL_TRIANGLES)
        for x, y in ((-1.0, -1.0), (3.0, -1.0), (-1.0, 3.0)):
            GL.glVertex4f(x, y, 0.0, 1.0)
        GL.glEnd()


_STUDIOS: dict[int, Studio] = {}


def studio() -> Studio:
    """The studio of this process, made on first use. Raises RendererError where OpenGL can't do it."""
    if os.getpid() not in _STUDIOS:
        _STUDIOS[os.getpid()] = Studio()
    return _STUDIOS[os.getpid()]


def look_at_texture(unit: int, texture: int) -> None:
    """Bind a texture to a unit, and leave unit 0, which MuJoCo uses, the active one."""
    GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
    GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
    GL.glActiveTexture(GL.GL_TEXTURE0)


def read_color(width: int, height: int) -> NDArray[np.uint8]:
    """(H, W, 3) of the bound framebuffer, first row at the top."""
    pixels = np.empty((height, width, 4), np.uint8)
    _read(width, height, GL.GL_RGBA, GL.GL_UNSIGNED_BYTE, pixels)
    return np.ascontiguousarray(pixels[::-1, :, :3])


def read_depth(width: int, height: int) -> NDArray[np.float32]:
    """(H, W) 1..0 from the near plane to the far one, first row at the top."""
    depths = np.empty((height, width), np.float32)
    _read(width, height, GL.GL_DEPTH_COMPONENT, GL.GL_FLOAT, depths)
    return np.ascontiguousarray(depths[::-1])


def resolve(source: Target, into: Target, width: int, height: int) -> None:
    """Copy the mean of each pixel's samples; `into` is bound afterwards."""
    GL.glBindFramebuffer(GL.GL_READ_FRAMEBUFFER, source.framebuffer)
    GL.glBindFramebuffer(GL.GL_DRAW_FRAMEBUFFER, into.framebuffer)
    GL.glDisable(GL.GL_SCISSOR_TEST)
    GL.glBlitFramebuffer(0, 0, width, height, 0, 0, width, height, GL.GL_COLOR_BUFFER_BIT, GL.GL_NEAREST)
    into.bind()


def leave() -> None:
    """Hand OpenGL back to MuJoCo's own shading."""
    GL.glUseProgram(0)
    GL.glActiveTexture(GL.GL_TEXTURE0)


def _read(width: int, height: int, layout: int, kind: int, into: NDArray[Any]) -> None:
    GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
    GL.glReadPixels(0, 0, width, height, layout, kind, into.ctypes.data_as(ctypes.c_void_p))


def _program(name: str, vertex: str, fragment: str) -> Program:
    number = GL.glCreateProgram()
    for kind, source in ((GL.GL_VERTEX_SHADER, vertex), (GL.GL_FRAGMENT_SHADER, fragment)):
        shader = GL.glCreateShader(kind)
        GL.glShaderSource(shader, source)
        GL.glCompileShader(shader)
        if not GL.glGetShaderiv(shader, GL.GL_COMPILE_STATUS):
            raise RendererError(_refused(name, GL.glGetShaderInfoLog(shader)))
        GL.glAttachShader(number, shader)
    GL.glLinkProgram(number)
    if not GL.glGetProgramiv(number, GL.GL_LINK_STATUS):
        raise RendererError(_refused(name, GL.glGetProgramInfoLog(number)))
    return Program(int(number))


def _refused(name: str, log: Any) -> str:
    text = log.decode(errors="replace") if isinstance(log, bytes) else str(log)
    return (
        f"OpenGL {GL.glGetString(GL.GL_VERSION)!r} refused the shader {name!r} that rooms are lit with, which needs 3.0 in its "
        f"compatibility profile (Mesa's software renderer has it: unset any driver override): {text.strip()[:600]}"
    )


def _make(width: int, height: int, formats: tuple[int, ...], samples: int) -> Target:
    framebuffer = int(GL.glGenFramebuffers(1))
    GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, framebuffer)
    colors = []
    for i, layout in enumerate(formats):
        colors.append(_attach(GL.GL_COLOR_ATTACHMENT0 + i, layout, width, height, samples))
    depth = _attach(GL.GL_DEPTH_ATTACHMENT, GL.GL_DEPTH_COMPONENT32F, width, height, samples)
    if formats:
        GL.glDrawBuffers(len(formats), [GL.GL_COLOR_ATTACHMENT0 + i for i in range(len(formats))])
        GL.glReadBuffer(GL.GL_COLOR_ATTACHMENT0)
    else:
        GL.glDrawBuffer(GL.GL_NONE)
        GL.glReadBuffer(GL.GL_NONE)
    if GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) != GL.GL_FRAMEBUFFER_COMPLETE:
        raise RendererError(f"OpenGL refused a picture of {width}×{height} pixels with {samples} samples")
    return Target(framebuffer, width, height, tuple(colors), depth)


def _attach(point: int, layout: int, width: int, height: int, samples: int) -> int:
    if samples:
        buffer = int(GL.glGenRenderbuffers(1))
        GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, buffer)
        GL.glRenderbufferStorageMultisample(GL.GL_RENDERBUFFER, samples, layout, width, height)
        GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, point, GL.GL_RENDERBUFFER, buffer)
        return buffer
    texture = int(GL.glGenTextures(1))
    GL.glBindTexture(GL.GL_TEXTURE_2D, texture)
    is_depth = point == GL.GL_DEPTH_ATTACHMENT
    plain = (GL.GL_DEPTH_COMPONENT, GL.GL_FLOAT) if is_depth else (GL.GL_RGBA, GL.GL_UNSIGNED_BYTE)
    GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, layout, width, height, 0, *plain, None)
    for name in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
        GL.glTexParameteri(GL.GL_TEXTURE_2D, name, GL.GL_NEAREST)
    GL.glFramebufferTexture2D(GL.GL_FRAMEBUFFER, point, GL.GL_TEXTURE_2D, texture, 0)
    return texture


def _free(target: Target, samples: int) -> None:
    GL.glDeleteFramebuffers(1, [target.framebuffer])
    numbers = [*target.colors, target.depth]
    (GL.glDeleteRenderbuffers if samples else GL.glDeleteTextures)(len(numbers), numbers)
