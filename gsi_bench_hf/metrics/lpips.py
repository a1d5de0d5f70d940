"""LPIPS (Zhang et al. 2018), AlexNet, version 0.1, with spatial maps. Torch is imported on first use only.

The trunk is AlexNet's five convolutions under torchvision's names; its published weights are torchvision's. The v0.1 heads are a
6 kB file that torchmetrics' package carries.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

PUBLISHED = "published"
"""Names the published weights where a backbone is asked for."""
WEIGHTS_URL = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
_WEIGHTS_SHA256_PREFIX = "7be5be79"
_DOWNLOAD_TIMEOUT_S = 30.0
_HUB = "hf://"

_CONVOLUTIONS = (  # torchvision's index, stride, padding, whether a 3×3 max-pool of stride 2 comes first
    (0, 4, 2, False),
    (3, 1, 2, True),
    (6, 1, 1, True),
    (8, 1, 1, False),
    (10, 1, 1, False),
)
# Per-channel shift and scale of the published network, for images in -1..1.
_SHIFT = (-0.030, -0.088, -0.188)
_SCALE = (0.458, 0.448, 0.450)
_EPSILON = 1e-10
_MIN_SIDE_PX = 35  # below it the second max-pool has nothing left

Features = list["torch.Tensor"]


class LpipsUnavailableError(RuntimeError):
    """LPIPS can't be built; the message says what is missing and how to get it."""


@dataclass(frozen=True)
class LpipsChoice:
    """What an `lpips=` argument came to.

    Attributes:
        backbone: what another process builds the same network from: `PUBLISHED`, or what `load_lpips` takes; None for none.
        network: the network; None for SSIM alone.
        reason: why there is none; None where there is one.
    """

    backbone: str | None
    network: Lpips | None
    reason: str | None = None


def choose_lpips(lpips: str | None, protocol: str) -> LpipsChoice:
    """The one rule of which LPIPS a protocol is scored with.

    Args:
        lpips: "auto": for `paper` the published weights or a clear error, for `strict` what this machine has, or none;
            `PUBLISHED`: the published weights whatever the protocol; a backbone as `load_lpips` takes it; None for SSIM alone.
        protocol: "paper" or "strict".

    Raises:
        LpipsUnavailableError: where the weights asked for can't be had.
    """
    if lpips is None:
        return LpipsChoice(None, None, "LPIPS was left out by choice: locality is by SSIM alone")
    if lpips not in ("auto", PUBLISHED):
        return LpipsChoice(lpips, load_lpips(lpips))
    needed = lpips == PUBLISHED or protocol == "paper"
    try:
        # `strict` has a name for locality without LPIPS, so it fetches nothing unasked.
        return LpipsChoice(PUBLISHED, load_lpips(download=needed))
    except LpipsUnavailableError as error:
        if protocol == "paper":
            raise LpipsUnavailableError(f"protocol 'paper' needs LPIPS: {error}") from error
        if needed:
            raise
        why = str(error).partition(": ")[0]  # the rest is how to get it, with paths of this machine
        return LpipsChoice(None, None, f"locality is by SSIM alone, as LPIPS is not there: {why}")


class Lpips:
    """The network, built once. Images are (H, W, 3) float, -1..1, at least 35 pixels a side.

    Args:
        trunk: state dict with AlexNet's `features.N.weight` and `features.N.bias`.
        heads: five (C,) weights, one a convolution.
    """

    def __init__(self, trunk: Mapping[str, Any], heads: Sequence[Any]) -> None:
        # Images come with their channels last; pooling and norms are several times faster in that layout.
        self._weights = [
            (_channels_last(trunk[f"features.{i}.weight"]), trunk[f"features.{i}.bias"].float())
            for i, *_ in _CONVOLUTIONS
        ]
        self._heads = [head.float().reshape(-1) for head in heads]
        self._last: tuple[NDArray[Any], Features] | None = None

    def features(self, images: Sequence[NDArray[Any]]) -> list[Features]:
        """Unit-length activations of each image after each of the five convolutions, the images in one batch.

        Args:
            images: (H, W, 3) each, float, -1..1, all of one size.
        """
        import torch

        batch = torch.from_numpy(np.stack([_checked(image) for image in images]))
        count, height, width, _ = batch.shape
        layers: Features = []
        with torch.inference_mode():
            # Whole rows at a time: channel by channel, the innermost loop would be three numbers long.
            rows = batch.reshape(count, height, width * 3).sub_(_row(_SHIFT, width)).div_(_row(_SCALE, width))
            x = rows.reshape(count, height, width, 3).permute(0, 3, 1, 2)
            for (_, stride, padding, pool), (weight, bias) in zip(_CONVOLUTIONS, self._weights, strict=True):
                if pool:
                    x = torch.nn.functional.max_pool2d(x, 3, 2)
                x = torch.relu_(torch.nn.functional.conv2d(x, weight, bias, stride, padding))
                layers.append(x / (torch.linalg.vector_norm(x, dim=1, keepdim=True) + _EPSILON))
        return [[layer[i] for layer in layers] for i in range(len(images))]

    def map_of_features(self, a: Features, b: Features, size: tuple[int, int]) -> NDArray[np.float32]:
        """(H, W) distance at every pixel of two images with these features; `size` is their (H, W)."""
        import torch

        total = torch.zeros(size)
        with torch.inference_mode():
            for one, other, head in zip(a, b, self._heads, strict=True):
                distance = torch.einsum("chw,c->hw", (one - other).square_(), head)
                total += torch.nn.functional.interpolate(
                    distance[None, None], size, mode="bilinear", align_corners=False
                )[0, 0]
        return np.asarray(total.numpy())

    def map(self, source: NDArray[Any], edited: NDArray[Any]) -> NDArray[np.float32]:
        """(H, W) distance at every pixel. The features of the last `source` are kept for the next edit of the same image."""
        if self._last is None or not np.array_equal(self._last[0], source):
            self._last = (np.array(source), self.features([source])[0])
        # One image at a time: torch adds up a batch of two in another order, and a result must not hang on what came before it.
        return self.map_of_features(self._last[1], self.features([edited])[0], edited.shape[:2])

    def __call__(self, source: NDArray[Any], edited: NDArray[Any]) -> float:
        """Mean of `map`: 0 for equal images."""
        return float(self.map(source, edited).mean(dtype=np.float64))


def load_lpips(
    backbone: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    heads: str | os.PathLike[str] | None = None,
    download: bool = True,
) -> Lpips:
    """Build LPIPS.

    Args:
        backbone: AlexNet's weights: a safetensors file, a state dict file (read with `weights_only=True`), a state dict,
            "hf://owner/name/path/in/repo.safetensors" for a file on the Hub (`HF_ENDPOINT` names another one), or None for the
            published weights of torchvision, from torch's hub cache or its URL.
        heads: file of the v0.1 heads; None for the one in torchmetrics' package.
        download: whether None may ask the URL. Without, only what is on this machine is used.

    Raises:
        LpipsUnavailableError: when torch, the heads or the backbone can't be had.
    """
    if importlib.util.find_spec("torch") is None:
        raise LpipsUnavailableError('LPIPS needs torch; pip install "gsi-bench-hf[lpips]"')
    trunk = dict(backbone) if isinstance(backbone, Mapping) else _read(_backbone_path(backbone, download))
    missing = [f"features.{i}.{part}" for i, *_ in _CONVOLUTIONS for part in ("weight", "bias")]
    missing = [name for name in missing if name not in trunk]
    if missing:
        raise LpipsUnavailableError(
            f"the LPIPS backbone {'' if isinstance(backbone, Mapping) else backbone} has no {missing[0]!r}; "
            "expected a state dict of AlexNet with torchvision's names (features.0.weight …)"
        )
    weights = _read(_heads_path(heads))
    return Lpips(trunk, [weights[f"lin{i}.model.1.weight"] for i in range(len(_CONVOLUTIONS))])


def to_lpips_range(image: NDArray[Any]) -> NDArray[np.float32]:
    """Values of 0..255 to -1..1, float32."""
    return np.asarray(image, dtype=np.float32) / np.float32(127.5) - np.float32(1.0)


def _checked(image: NDArray[Any]) -> NDArray[np.float32]:
    if image.ndim != 3 or image.shape[2] != 3 or min(image.shape[:2]) < _MIN_SIDE_PX:
        raise ValueError(
            f"lpips: image has shape {image.shape}, expected (H, W, 3) with sides of at least {_MIN_SIDE_PX} pixels"
        )
    return np.ascontiguousarray(image, dtype=np.float32)


def _row(values: tuple[float, float, float], width: int) -> torch.Tensor:
    """(3 · width,) the channels' values, once for every pixel of a row."""
    import torch

    return torch.tensor(values).repeat(width)


def _channels_last(weight: torch.Tensor) -> torch.Tensor:
    import torch

    return weight.float().contiguous(memory_format=torch.channels_last)


def _read(path: Path) -> dict[str, Any]:
    """The state dict of a file. Nothing in it is run: safetensors holds arrays alone, and the rest is read with `weights_only`."""
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        return dict(torch.load(path, map_location="cpu", weights_only=True))
    except (SafetensorError, pickle.UnpicklingError, EOFError, RuntimeError, TypeError, ValueError) as error:
        why = " ".join(str(error).split())[:160]
        raise LpipsUnavailableError(
            f"{path} can't be read ({type(error).__name__}: {why}); expected safetensors, or a state dict saved by torch.save"
        ) from error


def _heads_path(heads: str | os.PathLike[str] | None) -> Path:
    if heads is not None:
        return _existing(Path(heads), "heads")
    spec = importlib.util.find_spec("torchmetrics")
    if spec is None or not spec.submodule_search_locations:
        raise LpipsUnavailableError(
            'LPIPS takes its v0.1 heads from torchmetrics; pip install "gsi-bench-hf[lpips]" or pass heads=FILE'
        )
    return _existing(Path(spec.submodule_search_locations[0], "functional/image/lpips_models/alex.pth"), "heads")


def _backbone_path(backbone: str | os.PathLike[str] | None, download: bool) -> Path:
    if backbone is None:
        return _published_backbone(download)
    name = os.fspath(backbone)
    return _hub_file(name) if name.startswith(_HUB) else _existing(Path(name), "backbone")


def _hub_file(name: str) -> Path:
    import huggingface_hub.constants
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    parts = name.removeprefix(_HUB).split("/", 2)
    if len(parts) < 3 or not all(parts):
        raise LpipsUnavailableError(
            f"the LPIPS backbone is {name!r}, expected hf://owner/name/path/in/repo.safetensors"
        )
    endpoint = os.environ.get("HF_ENDPOINT") or huggingface_hub.constants.ENDPOINT
    try:
        return Path(huggingface_hub.hf_hub_download("/".join(parts[:2]), parts[2], endpoint=endpoint))
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        why = " ".join(str(error).split())
        raise LpipsUnavailableError(
            f"the LPIPS backbone {name} can't be had from {endpoint} ({type(error).__name__}: {why}); pass the path of a file"
        ) from error


def _existing(path: Path, what: str) -> Path:
    if not path.is_file():
        raise LpipsUnavailableError(f"the LPIPS {what} file {path} is not there; pass the path of an existing file")
    return path


def _published_backbone(download: bool) -> Path:
    """The published AlexNet in torch's hub cache, fetched there when it is missing. Its checksum is part of its name."""
    import torch

    path = Path(torch.hub.get_dir(), "checkpoints", WEIGHTS_URL.rpartition("/")[2])
    mend = (
        f"put it at {path} (from {WEIGHTS_URL}), or pass backbone=FILE; "
        "without LPIPS, pass lpips=None: locality is then SSIM only, and the result says so"
    )
    if not path.is_file():
        if not download:
            raise LpipsUnavailableError(f"AlexNet's weights for LPIPS are not on this machine: {mend}")
        try:
            with urllib.request.urlopen(WEIGHTS_URL, timeout=_DOWNLOAD_TIMEOUT_S) as response:
                content = response.read()
        except (urllib.error.URLError, OSError) as error:
            raise LpipsUnavailableError(f"AlexNet's weights for LPIPS can't be downloaded ({error}): {mend}") from error
        _check_digest(content, WEIGHTS_URL, mend)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(content)
        partial.replace(path)
    else:
        _check_digest(path.read_bytes(), str(path), mend)
    return path


def _check_digest(content: bytes, where: str, mend: str) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if not digest.startswith(_WEIGHTS_SHA256_PREFIX):
        raise LpipsUnavailableError(
            f"{where} has SHA-256 {digest[:16]}…, expected {_WEIGHTS_SHA256_PREFIX}…: the file is damaged; remove it and {mend}"
        )
