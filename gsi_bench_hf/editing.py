"""Calling an editor: with a deadline, a seed of its own for every sample, and a close look at what comes back."""

from __future__ import annotations

import hashlib
import importlib.util
import queue
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, ClassVar, TypeVar

import numpy as np
from PIL import Image

from gsi_bench_hf.synth.render import RendererError
from gsi_bench_hf.types import Sample

T = TypeVar("T")
Editor = Callable[..., Any]
_BLACK = 2


class EditFailedError(Exception):
    """An editor gave nothing that can be scored; the message says what it did.

    Attributes:
        kind: what failures are counted by.
        again: whether a second try may well end otherwise.
    """

    kind: ClassVar[str] = "edit"
    again: ClassVar[bool] = True


class EditTimeoutError(EditFailedError):
    """An editor took longer than it may."""

    kind = "timeout"
    again = False


class EditRefusedError(EditFailedError):
    """A content filter said no."""

    kind = "refused"
    again = False


class EditUnavailableError(EditFailedError):
    """A server gave no answer, after all the tries that its client makes."""

    kind = "endpoint"
    again = False


class EditMemoryError(EditFailedError):
    """There was not enough memory; fewer images at once may fit."""

    kind = "memory"


@dataclass(frozen=True)
class Edited:
    """An edited image at the source's size, RGB, and what had to be done to it for that."""

    image: Image.Image
    notes: tuple[str, ...] = ()


def sample_seed(seed: int, sample_id: str) -> int:
    """The seed of one sample of a run: the same whatever else is in the run, 0..2**63 - 1.

    >>> sample_seed(0, "a") == sample_seed(0, "a"), sample_seed(0, "a") == sample_seed(1, "a")
    (True, False)
    """
    digest = hashlib.sha256(f"{seed}:{sample_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def call_editor(editor: Editor, sample: Sample, *, seed: int) -> Edited:
    """Have `editor` edit the source image of `sample`.

    Args:
        editor: called as `editor(image=PIL, prompt=str, generator=...)`; one with `needs_sample` also gets `sample=` and `seed=`.
        sample: the record.
        seed: seed of this sample.

    Raises:
        EditFailedError: when it raises, or gives something that is no usable image.
        RendererError: when it can't render for want of OpenGL.
    """
    extra: dict[str, Any] = {"sample": sample, "seed": seed} if getattr(editor, "needs_sample", False) else {}
    extra["generator"] = None if extra else _torch_generator(seed)
    try:
        output = editor(image=sample.source_image.copy(), prompt=sample.instruction, **extra)
    except (EditFailedError, RendererError):
        raise  # without OpenGL no sample can be edited
    except Exception as error:  # whatever a model raises is that sample's failure, not the run's
        raise EditFailedError(f"the editor raised {describe(error)}") from error
    return check_output(output, sample.source_image.size)


def check_output(output: Any, size: tuple[int, int]) -> Edited:
    """The first image of an editor's output, brought to `size` (width, height) and RGB.

    Raises:
        EditFailedError: for None, another type, no images, an array with NaN or infinities, a broken or an all-black image.
    """
    if output is None:
        raise EditFailedError("the editor returned None, expected an object with .images")
    images = output.get("images") if isinstance(output, Mapping) else getattr(output, "images", None)
    if images is None:
        raise EditFailedError(f"the editor returned {type(output).__name__}, expected an object with .images")
    if not isinstance(images, (list, tuple, np.ndarray)):
        raise EditFailedError(f"the editor's .images is {type(images).__name__}, expected a list of images")
    if len(images) == 0:
        raise EditFailedError("the editor returned no images (.images is empty)")
    return _conform(_as_pil(images[0]), size)


def _as_pil(value: Any) -> Image.Image:
    if isinstance(value, Image.Image):
        try:
            value.load()
        except Exception as error:  # PIL raises many types for broken files
            raise EditFailedError(f"the edited image can't be decoded: {describe(error)}") from error
        return value
    if not isinstance(value, np.ndarray):
        raise EditFailedError(
            f"the editor's first image is {type(value).__name__}, expected a PIL image or a NumPy array"
        )
    if (
        value.dtype.kind not in "fu"
        or value.ndim not in (2, 3)
        or (value.ndim == 3 and value.shape[2] not in (1, 3, 4))
    ):
        raise EditFailedError(
            f"the edited array is {value.dtype} of shape {value.shape}, expected (H, W, 3) uint8, or float in 0..1"
        )
    if value.dtype.kind == "f":
        if not np.isfinite(value).all():
            raise EditFailedError("the edited array holds NaN or infinities")
        value = np.rint(np.clip(value, 0.0, 1.0) * 255.0)
    array = value.astype(np.uint8)
    return Image.fromarray(array[..., 0] if array.ndim == 3 and array.shape[2] == 1 else array)


def _conform(image: Image.Image, size: tuple[int, int]) -> Edited:
    notes = []
    if 0 in image.size:
        raise EditFailedError(f"the edited image is empty ({image.width}x{image.height})")
    if image.mode == "F" and not np.isfinite(np.asarray(image)).all():
        raise EditFailedError("the edited image holds NaN or infinities")
    if image.mode != "RGB":
        notes.append(f"converted from {image.mode} to RGB")
        image = image.convert("RGB")
    if int(np.asarray(image).max()) <= _BLACK:
        raise EditFailedError("the edited image is all black (a safety checker's answer?)")
    if image.size != size:
        notes.append(f"resized from {image.width}x{image.height} to {size[0]}x{size[1]}")
        image = image.resize(size)
    return Edited(image, tuple(notes))


def describe(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


class Deadline:
    """Runs calls one at a time and stops waiting when one takes too long.

    A call runs in a thread of its own, since native code can't be interrupted; a thread that is late is left behind and the next call
    gets a new one. With `in_caller_thread` it runs where it is asked for, because a graphics context belongs to the thread that made
    it; there a timer interrupts Python code that is late (in the main thread only: elsewhere Python has no timers).

    Args:
        timeout_s: how long a call may take.
        in_caller_thread: see above.
    """

    def __init__(self, timeout_s: float, *, in_caller_thread: bool = False) -> None:
        self._timeout_s = timeout_s
        self._in_caller_thread = in_caller_thread
        self._calls: queue.SimpleQueue[Any] | None = None
        self.late_in_a_row = 0

    def run(self, call: Callable[[], T]) -> T:
        """The result of `call()`, or what it raised.

        Raises:
            EditTimeoutError: when it took too long.
        """
        try:
            result = self._run_here(call) if self._in_caller_thread else self._run_in_thread(call)
        except EditTimeoutError:
            self.late_in_a_row += 1
            raise
        except Exception:
            self.late_in_a_row = 0
            raise
        self.late_in_a_row = 0
        return result

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        if self._calls is not None:
            self._calls.put(None)
            self._calls = None

    def _late(self) -> EditTimeoutError:
        return EditTimeoutError(f"the editor was not done after {self._timeout_s:g} s")

    def _run_in_thread(self, call: Callable[[], T]) -> T:
        if self._calls is None:
            self._calls = queue.SimpleQueue()
            threading.Thread(target=_serve, args=(self._calls,), name="gsi-bench-editor", daemon=True).start()
        answer: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()
        self._calls.put((call, answer))
        try:
            result, error = answer.get(timeout=self._timeout_s)
        except queue.Empty:
            self.close()
            raise self._late() from None
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def _run_here(self, call: Callable[[], T]) -> T:
        if threading.current_thread() is not threading.main_thread():
            return call()

        def interrupt(_number: int, _frame: FrameType | None) -> None:
            raise self._late()

        before = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, self._timeout_s)
        try:
            return call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)


def _serve(calls: queue.SimpleQueue[Any]) -> None:
    while (item := calls.get()) is not None:
        call, answer = item
        try:
            answer.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - handed to the caller, who raises it
            answer.put((None, error))


def _torch_generator(seed: int) -> Any:
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    return torch.Generator("cpu").manual_seed(seed)
