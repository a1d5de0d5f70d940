"""A folder that looks like a checkout of DetAny3D to the code that loads one: the same modules, names, tensors. Its network is told
where a red square is, and says that it is one metre away and stands straight; its weights say by how much it errs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

CONFIG = """
resume: ./checkpoints/detany3d.pth
dino_path: ./checkpoints/dino.pth
model:
  checkpoint: ./checkpoints/sam.pth
  pad: 896
  vit_pad_mask: true
  image_encoder: {patch_size: 16}
dataset: {pixel_mean: [123.675, 116.28, 103.53], pixel_std: [58.395, 57.12, 57.375]}
"""

WRAP_MODEL = """
import pathlib

import torch
import torch.distributed as dist

CALLS = []
assert not dist.is_initialized() and dist.get_rank() == 0


class WrapModel(torch.nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg, self.ready = cfg, False
        self.nearness = torch.nn.Parameter(torch.zeros(1))
        self.turn = torch.nn.Parameter(torch.zeros(1))
        self.other = torch.nn.Parameter(torch.zeros(3))
        assert pathlib.Path(cfg.model.checkpoint).read_text() == "sam"
        assert pathlib.Path(cfg.dino_path).read_text() == "dino"

    def setup(self):
        self.ready = True

    def forward(self, given):
        assert self.ready and not self.training and not torch.is_grad_enabled()
        CALLS.append(given)
        pad, boxes = self.cfg.model.pad, given["boxes_coords"].float()
        size = boxes[:, 2:] - boxes[:, :2]
        center = (boxes[:, :2] + boxes[:, 2:]) / 2
        count, camera = len(boxes), torch.tensor([[[FOCAL, 0.0, 448.0], [0.0, FOCAL, 448.0], [0.0, 0.0, 1.0]]])
        # Depth as if seen by its own camera, and one centimetre thick.
        depth = torch.full((count, 1), 1.0).log() + self.nearness
        lengths = torch.cat([size / FOCAL, torch.full((count, 1), 0.01)], dim=1).log() + self.nearness
        turn = torch.stack([self.turn.cos(), 0 * self.turn, self.turn.sin()], dim=1)
        return {
            "pred_K": camera,
            "pred_bbox_2d": torch.cat([center, size], dim=1) / pad,
            "pred_center_2d": center / pad,
            "pred_bbox_3d_depth": depth,
            "pred_bbox_3d_dims": lengths,
            "pred_pose_6d": torch.cat([turn, torch.tensor([[0.0, 1.0, 0.0]])], dim=1).repeat(count, 1),
            "pred_box_ious": torch.tensor([[0.2, 0.8, 0.5]]).repeat(count, 1),
        }


FOCAL = 896.0
"""

TRAIN_UTILS = """
import torch
import torch.nn.functional


class ResizeLongestSide:
    def __init__(self, side):
        self.side = side

    def sizes(self, height, width):
        factor = self.side / max(height, width)
        return int(height * factor + 0.5), int(width * factor + 0.5)

    def apply_image_torch(self, image):
        size = self.sizes(*image.shape[-2:])
        return torch.nn.functional.interpolate(image, size, mode="bilinear", align_corners=False, antialias=True)

    def apply_boxes_torch(self, boxes, size):
        height, width = self.sizes(*size)
        return boxes.float() * torch.tensor([width / size[1], height / size[0]] * 2)


def box_cxcywh_to_xyxy(boxes):
    return torch.cat([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], dim=-1)


def rotation_6d_to_matrix(six):
    first = torch.nn.functional.normalize(six[..., :3], dim=-1)
    second = six[..., 3:] - (first * six[..., 3:]).sum(-1, keepdim=True) * first
    second = torch.nn.functional.normalize(second, dim=-1)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-2)


def decode_bboxes_virtual_to_real(found, cfg, camera, own):
    depth = found["pred_bbox_3d_depth"].exp() * torch.sqrt(camera[:, 0, 0] * camera[:, 1, 1]) / own[:, 0, 0]
    center = found["pred_center_2d"] * cfg.model.pad
    seen = torch.cat([center, torch.ones_like(depth)], dim=1) * depth
    position = seen @ torch.inverse(camera[0]).T
    yaw = torch.zeros_like(depth)
    return found["pred_bbox_2d"] * cfg.model.pad, torch.cat([position, found["pred_bbox_3d_dims"].exp(), yaw], dim=1)
"""

INFERENCE = """
import pathlib

import torch

ASKED = []


def load_model(config, weights, device):
    assert pathlib.Path(config).read_text() == "config"
    assert pathlib.Path(weights).read_text() == "weights"
    return torch.nn.Identity()


def predict(model, image, caption, box_threshold, text_threshold, device):
    ASKED.append((caption, box_threshold, text_threshold, tuple(image.shape)))
    red = (image[0] - image[2] > 1.0).float()
    boxes = []
    for part in _parts(red):
        v, u = torch.nonzero(part, as_tuple=True)
        size = torch.tensor([image.shape[2], image.shape[1]] * 2)
        # Whole pixels of the smaller image are what is left of it: none is to be lost.
        x1, y1, x2, y2 = u.min() + 0.9, v.min() + 0.9, u.max() + 1, v.max() + 1
        boxes.append(torch.tensor([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]) / size)
    phrases = [caption for _ in boxes]
    return torch.stack(boxes) if boxes else torch.zeros(0, 4), torch.full((len(boxes),), 0.9), phrases


def _parts(red):
    import cv2

    count, labels = cv2.connectedComponents(red.numpy().astype("uint8"))
    return [torch.from_numpy(labels == index) for index in range(1, count)]
"""

TRANSFORMS = """
import numpy
import torch


class Compose:
    def __init__(self, steps):
        self.steps = steps

    def __call__(self, image, target):
        for step in self.steps:
            image, target = step(image, target)
        return image, target


class RandomResize:
    def __init__(self, sizes, max_size):
        self.size, self.longest = sizes[0], max_size

    def __call__(self, image, target):
        factor = min(self.size / min(image.size), self.longest / max(image.size))
        return image.resize([round(side * factor) for side in image.size], 0), target


class ToTensor:
    def __call__(self, image, target):
        return torch.from_numpy(numpy.asarray(image).copy()).permute(2, 0, 1) / 255, target


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = torch.tensor(mean).view(3, 1, 1), torch.tensor(std).view(3, 1, 1)

    def __call__(self, image, target):
        return (image - self.mean) / self.std, target
"""

OWN = ("utils", "wrap_model", "train_utils", "groundingdino")


def make_checkout(
    root: Path, *, layout: str = "evaluation", nearness: float = 0.0, turn: float = 0.0, namer: bool = True
) -> Path:
    """Write a checkout, its four weights and an installed GroundingDINO; returns its folder.

    Args:
        root: gets `checkout/` and `site/`, the latter to be put on the path.
        layout: "evaluation", the released evaluator's, or "repository", DetAny3D's.
        nearness: log of how much too far and too large the network sees everything.
        turn: radians that it sees everything turned by.
        namer: whether GroundingDINO is installed.
    """
    checkout, modules = root / "checkout", "utils/" if layout == "evaluation" else ""
    files = {f"{modules}wrap_model.py": WRAP_MODEL, f"{modules}train_utils.py": TRAIN_UTILS}
    files[f"{modules}detect_anything/configs/demo.yaml"] = CONFIG
    files |= {"checkpoints/sam.pth": "sam", "checkpoints/dino.pth": "dino"}
    files["GroundingDINO/groundingdino/config/GroundingDINO_SwinB_cfg.py"] = "config"
    files["GroundingDINO/weights/groundingdino_swinb_cogcoor.pth"] = "weights"
    for name, text in files.items():
        _write(checkout / name, text)
    weights = {"nearness": torch.tensor([nearness]), "turn": torch.tensor([turn]), "other": torch.zeros(4)}
    torch.save({"state_dict": weights}, checkout / "checkpoints/detany3d.pth")
    if namer:
        for name, text in {"util/inference.py": INFERENCE, "datasets/transforms.py": TRANSFORMS}.items():
            _write(root / "site/groundingdino" / name, text)
    return checkout


def forget() -> None:
    """Let the next checkout's modules be found: two have modules of one name."""
    for name in [name for name in sys.modules if name.split(".")[0] in OWN]:
        del sys.modules[name]


def calls() -> list[dict[str, Any]]:
    """What the loaded network was given, call by call."""
    module = sys.modules.get("utils.wrap_model") or sys.modules["wrap_model"]
    return module.CALLS


def asked() -> list[tuple[Any, ...]]:
    """What GroundingDINO was asked: caption, thresholds, shape of the image."""
    return sys.modules["groundingdino.util.inference"].ASKED


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
