"""What an edit is made of, and putting it together: a background that is repainted in places, and the target copied on top of it.

Everything is relative to the image, so layers that were found at a small size serve at the source's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

_LEAST = 0.05
"""A target that is less likely than this is none."""


@dataclass(frozen=True, eq=False)
class Layers:
    """An edit of B images, found at (H, W).

    Attributes:
        target: (B, 1, H, W) logits of where the source shows the target.
        repaint: (B, 1, H, W) logits of where the background is painted anew.
        paint: (B, 3, H, W) colours there, beyond those that flow in from around (`filled`).
        motion: (B, 3) of the target: to the right and down, in half image widths, and the logarithm of its growth.
        kept: (B,) logits of whether the target is copied to its new place.
    """

    target: Tensor
    repaint: Tensor
    paint: Tensor
    motion: Tensor
    kept: Tensor


def coordinates(height: int, width: int, like: Tensor) -> Tensor:
    """(2, height, width) x and y of pixel centres in half image widths, 0 in the middle of the image."""
    x = (torch.arange(width, device=like.device, dtype=torch.float32) + 0.5) * 2 / width - 1
    y = ((torch.arange(height, device=like.device, dtype=torch.float32) + 0.5) * 2 - height) / width
    return torch.stack(torch.meshgrid(y, x, indexing="ij"))[[1, 0]]


def centre(mask: Tensor) -> Tensor:
    """(B, 2) centre of mass of masks (B, 1, H, W) 0..1, in half image widths; the middle of the image for an empty one."""
    grid = coordinates(mask.shape[-2], mask.shape[-1], mask)
    weight = mask.float()
    return (weight * grid).sum((2, 3)) / (weight.sum((2, 3)) + 1e-3)


def carried(picture: Tensor, pivot: Tensor, motion: Tensor, outside: str = "zeros") -> Tensor:
    """Pictures (B, C, H, W) moved, and grown about `pivot` (B, 2), as `Layers.motion` (B, 3) says.

    What comes in from outside is 0, or with "border" what is at the border.
    """
    height, width = picture.shape[-2:]
    grid = coordinates(height, width, picture)[None]
    new = (pivot + motion[:, :2])[:, :, None, None]
    at = pivot[:, :, None, None] + (grid - new) * torch.exp(-motion[:, 2])[:, None, None, None]
    at = at * torch.tensor([1.0, width / height], device=picture.device)[None, :, None, None]
    return functional.grid_sample(picture.float(), at.permute(0, 2, 3, 1), padding_mode=outside, align_corners=False)


def filled(picture: Tensor, known: Tensor) -> Tensor:
    """Pictures (B, C, H, W) whose colours flow into where they aren't `known` (B, 1, H, W) 0..1 (Gortler et al., 1996)."""
    levels = [torch.cat([picture * known, known], 1)]
    while min(levels[-1].shape[-2:]) > 2:
        levels.append(functional.avg_pool2d(levels[-1], 2, ceil_mode=True, count_include_pad=False))
    colours = levels[-1][:, :-1] / (levels[-1][:, -1:] + 1e-4)
    for level in reversed(levels[:-1]):
        around = functional.interpolate(colours, level.shape[-2:], mode="bilinear", align_corners=False)
        colours = level[:, :-1] + (1 - level[:, -1:]) * around
    return colours


def compose(source: Tensor, target: Tensor, repaint: Tensor, paint: Tensor, motion: Tensor, kept: Tensor) -> Tensor:
    """The edited images.

    Args:
        source: (B, 3, H, W) -1..1.
        target: (B, 1, H, W) how much of each pixel is the target, 0..1.
        repaint: (B, 1, H, W) 0..1.
        paint: (B, 3, H, W), see `Layers`.
        motion: (B, 3), see `Layers`.
        kept: (B,) 0..1.
    """
    anew = torch.maximum(repaint, target)
    background = source + anew * (painted(source, anew, paint) - source)
    copy = carried(torch.cat([source, target], 1), centre(target), motion)
    alpha = copy[:, 3:] * kept[:, None, None, None]
    return background + alpha * (copy[:, :3] - background)


def painted(source: Tensor, anew: Tensor, paint: Tensor) -> Tensor:
    """(B, 3, H, W) what the background is painted with, as far as it is painted `anew` (B, 1, H, W) 0..1."""
    reach = max(1, source.shape[-1] // 100)
    gone = functional.max_pool2d(anew.detach(), 2 * reach + 1, 1, reach)
    return filled(source, ((0.5 - gone) * 4).clamp(0.0, 1.0)) + paint


def soft(layers: Layers, source: Tensor) -> Tensor:
    """The edited images at the size of the layers, as training sees them: every layer as transparent as it is uncertain."""
    masks = torch.sigmoid(layers.target), torch.sigmoid(layers.repaint)
    return compose(source, *masks, layers.paint, layers.motion, torch.sigmoid(layers.kept))


def crisp(layers: Layers, source: Tensor) -> Tensor:
    """The edited images at the source's own size (B, 3, H, W), with layers that are there or are not, and one target."""
    size = source.shape[-2:]

    def enlarged(picture: Tensor) -> Tensor:
        return functional.interpolate(picture.float(), size, mode="bicubic", align_corners=False)

    target, near = decided(layers)
    repaint = ((enlarged(torch.sigmoid(layers.repaint) * near) - 0.3) / 0.3).clamp(0.0, 1.0)
    target = _snapped(enlarged(target), source, max(1, size[1] // near.shape[-1]))
    kept = (layers.kept > 0).float()
    return compose(source, target, repaint, enlarged(layers.paint), layers.motion, kept).clamp(-1.0, 1.0)


def decided(layers: Layers) -> tuple[Tensor, Tensor]:
    """The likeliest target alone, surely, and what is about it before and after: (B, 1, H, W) 0..1 each.

    Where the network wavers between two things, half of each would be copied otherwise.
    """
    likely = torch.sigmoid(layers.target.float())
    best = functional.avg_pool2d(likely, 5, 1, 2)
    peak = best.amax((2, 3), keepdim=True)
    there = (likely > 0.4 * peak).float()
    region = (best >= peak).float()
    for _ in range(likely.shape[-1] // 4):
        region = functional.max_pool2d(region, 5, 1, 2) * there
    target = (likely * region / peak.clamp(min=1e-3)).clamp(max=1.0) * (peak > _LEAST)
    reach = likely.shape[-1] // 10
    both = torch.maximum(region, carried(region, centre(target), layers.motion))
    return target, functional.max_pool2d(both, 2 * reach + 1, 1, reach)


def _snapped(mask: Tensor, guide: Tensor, radius: int) -> Tensor:
    """A mask (B, 1, H, W) 0..1 with the edges of the guide (B, 3, H, W), made sharp: a guided filter (He et al., 2010)."""

    def mean(x: Tensor) -> Tensor:
        return functional.avg_pool2d(x, 2 * radius + 1, 1, radius, count_include_pad=False)

    if radius < 2:
        return ((mask - 0.25) * 2).clamp(0.0, 1.0)
    centred = guide.float()
    mean_guide, mean_mask = mean(centred), mean(mask)
    variance = mean(centred * centred) - mean_guide**2
    slope = (mean(centred * mask) - mean_guide * mean_mask) / (variance.sum(1, keepdim=True) + 1e-3)
    offset = mean_mask - (slope * mean_guide).sum(1, keepdim=True)
    snapped = (mean(slope) * centred).sum(1, keepdim=True) + mean(offset)
    return ((snapped - 0.25) * 2).clamp(0.0, 1.0)
