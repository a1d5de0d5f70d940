"""A user's own checkout of DetAny3D, loaded and asked as the released evaluator asks it.

Two layouts are known: the released evaluator's folder `evaluation/`, with `utils/wrap_model.py`, and DetAny3D's repository, with
`wrap_model.py`. Both have `WrapModel(config)`, a network from a dictionary of tensors to one, and in `train_utils` the functions that
turn its answer into boxes. GroundingDINO, which names the objects, is an installed package of its own. Their code is run.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gsi_bench_hf.perception.detany3d.places import CheckoutError, Places

Float = NDArray[np.float64]

_PATCH_PX = 14
_DINO_MEAN, _DINO_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_NAMER_SIDE_PX, _NAMER_LONGEST_PX = 800, 1333


@dataclass(frozen=True)
class Seen:
    """One object as the network gives it; pixels of the detector's image, lengths as the intrinsics make them.

    Attributes:
        bbox_2d: (4,) x1, y1, x2, y2.
        bbox_3d: (7,).
        rotation: (3, 3).
        pose_6d: (6,) the rotation as the network gives it.
        label: the words that GroundingDINO found.
        score: the network's estimate of its own overlap with the truth, 0..1; 0 where it gives none.
    """

    bbox_2d: Float
    bbox_3d: Float
    rotation: Float
    pose_6d: Float
    label: str
    score: float


@dataclass(frozen=True)
class Framing:
    """How an image became the detector's: resized by `scale` (x, y), then cut by `offset_px` (left, top) to (width, height)."""

    scale: Float
    offset_px: Float
    size: tuple[int, int]

    @classmethod
    def of(cls, size: tuple[int, int], side_px: int) -> Framing:
        """The framing of an image of `size` (width, height): longest side `side_px`, then whole patches of 14 from the middle."""
        factor = side_px / max(size)
        resized = np.array([int(length * factor + 0.5) for length in size])
        cut = resized // _PATCH_PX * _PATCH_PX
        return cls(resized / np.array(size), np.asarray(resized // 2 - cut // 2, float), (int(cut[0]), int(cut[1])))

    def intrinsics(self, intrinsics: Float) -> Float:
        """(3, 3) intrinsics of the detector's image."""
        change = np.diag([*self.scale, 1.0])
        change[:2, 2] = -self.offset_px
        return np.asarray(change @ intrinsics)


class Network:
    """The loaded networks.

    Args:
        places: where they lie.
        device: "cuda", "cpu", …; None for a GPU where there is one.
        box_threshold, text_threshold: of GroundingDINO.

    Raises:
        CheckoutError: something is missing.
    """

    def __init__(self, places: Places, *, device: str | None, box_threshold: float, text_threshold: float) -> None:
        import torch

        config, prefix = places.configuration(), places.prefix
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self._thresholds = {"box_threshold": box_threshold, "text_threshold": text_threshold}
        self._config = _attributes(config)
        self.side_px = int(config["model"]["pad"])
        with _inside(places.checkout):
            self._tools = _own_module(f"{prefix}train_utils", places.checkout)
            wrapped = _own_module(f"{prefix}wrap_model", places.checkout).WrapModel(self._config)
            _load_weights(wrapped, config["resume"])
            self._model = wrapped.to(self._device)
            self._model.setup()
            self._model.eval()
        self._namer, self._inference, self._transforms = _grounding_dino(places, self._device)
        self._resize = self._tools.ResizeLongestSide(self.side_px)

    def see(self, image: Image.Image, label: str, intrinsics: Float) -> list[Seen]:
        """The objects of an image that a label names.

        Args:
            image: RGB.
            label: what to look for.
            intrinsics: (3, 3) for the detector's image; lengths come out by them.
        """
        import torch

        with torch.no_grad(), _alone():
            boxes, labels = self._named(image, label)
            if not labels:
                return []
            found = self._model(self._inputs(image, boxes))
            camera = torch.as_tensor(intrinsics, dtype=torch.float32, device=found["pred_K"].device)[None]
            boxes_2d, boxes_3d = self._tools.decode_bboxes_virtual_to_real(found, self._config, camera, found["pred_K"])
            corners = self._tools.box_cxcywh_to_xyxy(boxes_2d)
            rotations = self._tools.rotation_6d_to_matrix(found["pred_pose_6d"])
        scores = found.get("pred_box_ious")
        parts = zip(*map(_array, (corners, boxes_3d, rotations, found["pred_pose_6d"])), labels, strict=True)
        return [
            Seen(box, whole, turn, pose, name, 0.0 if scores is None else float(scores[i].max()))
            for i, (box, whole, turn, pose, name) in enumerate(parts)
        ]

    def _named(self, image: Image.Image, label: str) -> tuple[Any, list[str]]:
        """(N, 4) boxes in pixels of the image, whole numbers, and the words for each."""
        import torch

        steps = self._transforms
        prepare = steps.Compose(
            [
                steps.RandomResize([_NAMER_SIDE_PX], max_size=_NAMER_LONGEST_PX),
                steps.ToTensor(),
                steps.Normalize(list(_DINO_MEAN), list(_DINO_STD)),
            ]
        )
        prepared, _ = prepare(image, None)
        centred, _, words = self._inference.predict(
            model=self._namer, image=prepared, caption=label, device=self._device, **self._thresholds
        )
        centred = centred.cpu() * torch.tensor([*image.size, *image.size], dtype=torch.float32)
        half = centred[:, 2:] / 2
        return torch.cat([centred[:, :2] - half, centred[:, :2] + half], dim=1).to(torch.int), list(words)

    def _inputs(self, image: Image.Image, boxes: Any) -> dict[str, Any]:
        import torch
        from torch.nn.functional import pad

        model, framing = self._config["model"], Framing.of(image.size, self.side_px)
        pixels = torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float()[None]
        (width, height), (left, top) = framing.size, framing.offset_px.astype(int)
        pixels = self._resize.apply_image_torch(pixels)[..., top : top + height, left : left + width]
        coloured = _normalised(pixels, self._config["dataset"]["pixel_mean"], self._config["dataset"]["pixel_std"])
        patch = int(model["image_encoder"]["patch_size"])
        seen = (height, width) if model.get("vit_pad_mask") else (self.side_px, self.side_px)
        inputs = {
            "images": pad(coloured, (0, self.side_px - width, 0, self.side_px - height)),
            "vit_pad_size": torch.tensor([[length // patch for length in seen]]),
            "images_shape": torch.tensor([[height, width]], dtype=torch.float32),
            "image_for_dino": _normalised(pixels / 255, _DINO_MEAN, _DINO_STD),
            # The released code does not move the boxes by what was cut off; nor do we.
            "boxes_coords": self._resize.apply_boxes_torch(boxes, image.size[::-1]).to(torch.int),
        }
        return {name: value.to(self._device) for name, value in inputs.items()}


def _normalised(pixels: Any, mean: Sequence[float], std: Sequence[float]) -> Any:
    import torch

    return (pixels - torch.tensor(mean).view(-1, 1, 1)) / torch.tensor(std).view(-1, 1, 1)


def _array(tensor: Any) -> Float:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=np.float64)


def _load_weights(model: Any, path: str) -> None:
    """Those weights of a checkpoint that the model has, of the same shape; an error where that is none of them."""
    import torch

    saved = torch.load(path, map_location="cpu", weights_only=True)
    saved = saved.get("state_dict", saved)
    own = model.state_dict()
    fitting = {name: saved[name] for name, value in own.items() if name in saved and saved[name].shape == value.shape}
    if not fitting:
        raise CheckoutError(
            f"{path} holds no weight that the network of this checkout has ({len(saved)} others); give weights= its file"
        )
    model.load_state_dict(own | fitting)


def _grounding_dino(places: Places, device: str) -> tuple[Any, Any, Any]:
    config, weights = places.namer()
    try:
        inference = importlib.import_module("groundingdino.util.inference")
        transforms = importlib.import_module("groundingdino.datasets.transforms")
    except ImportError as error:
        raise CheckoutError(
            f"GroundingDINO can't be imported ({error}); install it into this environment from its own repository"
        ) from error
    model = inference.load_model(config, weights, device=device)
    model.eval()
    return model, inference, transforms


def _own_module(name: str, checkout: Path) -> Any:
    """A module of the checkout, and no other of that name."""
    module = importlib.import_module(name)
    file = Path(str(module.__file__)).resolve()
    if checkout.resolve() not in file.parents:
        raise CheckoutError(f"module {name!r} is that of {file}, expected {checkout}'s; another is in the way")
    return module


def _attributes(config: Mapping[str, Any]) -> Any:
    """The configuration as the checkout reads it, values by name or as attributes: a `Box` where python-box is there."""
    try:
        return importlib.import_module("box").Box(config)
    except ImportError:
        return _Attributes(config)


class _Attributes(dict[str, Any]):
    def __init__(self, values: Mapping[str, Any]) -> None:
        super().__init__({k: _Attributes(v) if isinstance(v, Mapping) else v for k, v in values.items()})

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(f"the configuration has no {name!r}") from error


@contextmanager
def _inside(checkout: Path) -> Iterator[None]:
    """In the checkout's folder, where its code looks for its modules and for files beside it."""
    before = Path.cwd()
    sys.path.insert(0, str(checkout.resolve()))
    os.chdir(checkout)
    try:
        with _alone():
            yield
    finally:
        os.chdir(before)
        sys.path.remove(str(checkout.resolve()))


@contextmanager
def _alone() -> Iterator[None]:
    """As a single process: the checkout's code asks `torch.distributed` for its rank, without having begun it."""
    from torch import distributed

    said: dict[str, Any] = {
        "is_available": lambda: False,
        "is_initialized": lambda: False,
        "get_world_size": lambda group=None: 1,
        "get_rank": lambda group=None: 0,
    }
    before = {name: getattr(distributed, name, None) for name in said}
    for name, answer in said.items():
        setattr(distributed, name, answer)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                delattr(distributed, name)
            else:
                setattr(distributed, name, value)
