"""Calling an editor: with a seed of its own for every sample, and a close look at what comes back."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from gsi_bench_hf.synth.render import RendererError
from gsi_bench_hf.types import Sample

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


@dataclass(frozen=True, eq=False)
class Task:
    """One sample to be edited.

    Attributes:
        index: its place in the dataset.
        sample: the record.
        seed: see `sample_seed`.
        failed: why the first try failed; None on the first.
        wanted: False for one that is done, and only completes a batch.
    """

    index: int
    sample: Sample
    seed: int
    failed: str | None = None
    wanted: bool = True


def call_editor(editor: Editor, tasks: Sequence[Task]) -> list[Edited | EditFailedError]:
    """Have `editor` edit the source images of `tasks` in one call.

    Args:
        editor: called as `editor(image=PIL, prompt=str, generator=...)`, for several tasks with a list of each, where an
            `EditFailedError` may stand in an image's place; one with `needs_sample` gets `sample=` and `seed=`, one with
            `needs_seed` gets `seed=`, and neither a generator.
        tasks: one, or several with images of one size.

    Returns:
        For each task the edited image, or why what came back for it is none.

    Raises:
        EditFailedError: when the call fails as a whole; `EditMemoryError` when it ran out of memory.
        RendererError: when it can't render for want of OpenGL.
    """
    lists: dict[str, Any] = {
        "image": [task.sample.source_image.copy() for task in tasks],
        "prompt": [task.sample.instruction for task in tasks],
    }
    if getattr(editor, "needs_sample", False):
        lists["sample"] = [task.sample for task in tasks]
    if "sample" in lists or getattr(editor, "needs_seed", False):
        lists["seed"] = [task.seed for task in tasks]
    generators = None if "seed" in lists else _torch_generators(task.seed for task in tasks)
    lists["generator"] = [None] * len(tasks) if generators is None else generators
    arguments = {name: values[0] for name, values in lists.items()} if len(tasks) == 1 else lists
    failure: EditFailedError
    try:
        output = editor(**arguments)
    except RendererError:
        raise  # without OpenGL no sample can be edited
    except EditFailedError as error:
        failure = error.with_traceback(None)
        failure.__cause__ = failure.__context__ = None
    except Exception as error:  # noqa: BLE001 - whatever a model raises is that sample's failure, not the run's
        kind = EditMemoryError if _out_of_memory(error) else EditFailedError
        failure = kind(f"the editor raised {describe(error)}")
    else:
        return _check_outputs(output, tasks)
    # Without where it came from: a traceback would hold on to the model's tensors.
    raise failure


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or "out of memory" in str(error).lower()


def _check_outputs(output: Any, tasks: Sequence[Task]) -> list[Edited | EditFailedError]:
    images = _images(output)
    if len(tasks) == 1:
        images = images[:1]
    elif len(images) != len(tasks):
        raise EditFailedError(f"the editor returned {len(images)} images for {len(tasks)} samples")
    checked: list[Edited | EditFailedError] = []
    for image, task in zip(images, tasks, strict=True):
        try:
            if isinstance(image, EditFailedError):
                raise image
            checked.append(_conform(as_pil(image), task.sample.source_image.size))
        except EditFailedError as failure:
            checked.append(failure)
    return checked


def check_output(output: Any, size: tuple[int, int]) -> Edited:
    """The first image of an editor's output, brought to `size` (width, height) and RGB.

    Raises:
        EditFailedError: for None, another type, no images, an array with NaN or infinities, a broken or an all-black image.
    """
    return _conform(as_pil(_images(output)[0]), size)


def _images(output: Any) -> list[Any]:
    if output is None:
        raise EditFailedError("the editor returned None, expected an object with .images")
    images = output.get("images") if isinstance(output, Mapping) else getattr(output, "images", None)
    if images is None:
        raise EditFailedError(f"the editor returned {type(output).__name__}, expected an object with .images")
    if not isinstance(images, (list, tuple, np.ndarray)):
        raise EditFailedError(f"the editor's .images is {type(images).__name__}, expected a list of images")
    if len(images) == 0:
        raise EditFailedError("the editor returned no images (.images is empty)")
    return list(images)


def as_pil(value: Any) -> Image.Image:
    """A PIL image, decoded, or the one of an array: (H, W) or (H, W, 1, 3 or 4), uint8, or float in 0..1.

    Raises:
        EditFailedError: for anything else, a broken image, NaN or infinities.
    """
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


def _torch_generators(seeds: Iterable[int]) -> list[Any] | None:
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
