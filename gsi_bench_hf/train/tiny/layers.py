"""What an edit is made of, and putting it together: a background that is repainted in places, and the target copied on top of it.

Everything is relative to the image, so layers that were found at a small size serve at the source's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class Layers:
    """An edit of B images, found at (H, W).

    Attributes:
        target: (B, 1, H, W) logits of where the source shows the target.
        repaint: (B, 1, H, W) logits of where the background is painted anew.
        paint: (B, 3, H, W) colours there, -1..1.
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


def carried(picture: Tensor, pivot: Tensor, motion: Tensor) -> Tensor:
    """Pictures (B, C, H, W) moved, and grown about `pivot` (B, 2), as `Layers.motion` (B, 3) says; 0 comes in from outside."""
    height, width = picture.shape[-2:]
    grid = coordinates(height, width, picture)[None]
    new = (pivot + motion[:, :2])[:, :, None, None]
    at = pivot[:, :, None, None] + (grid - new) * torch.exp(-motion[:, 2])[:, None, None, None]
    at = at * torch.tensor([1.0, width / height], device=picture.device)[None, :, None, None]
    return functional.grid_sample(picture.float(), at.permute(0, 2, 3, 1), align_corners=False)


def compose(source: Tensor, target: Tensor, repaint: Tensor, paint: Tensor, motion: Tensor, kept: Tensor) -> Tensor:
    """The edited images.

    Args:
        source: (B, 3, H, W) -1..1.
        target: (B, 1, H, W) how much of each pixel is the target, 0..1.
        repaint: (B, 1, H, W) 0..1.
        paint: (B, 3, H, W) -1..1.
        motion: (B, 3), see `Layers`.
        kept: (B,) 0..1.
    """
    background = source + repaint * (paint - source)
    copy = carried(torch.cat([source, target], 1), centre(target), motion)
    alpha = copy[:, 3:] * kept[:, None, None, None]
    return background + alpha * (copy[:, :3] - background)


def soft(layers: Layers, source: Tensor) -> Tensor:
    """The edited images at the size of the layers, as training sees them: every layer as transparent as it is uncertain."""
    masks = torch.sigmoid(layers.target), torch.sigmoid(layers.repaint)
    return compose(source, *masks, layers.paint, layers.motion, torch.sigmoid(layers.kept))


def crisp(layers: Layers, source: Tensor) -> Tensor:
    """The edited images at the source's own size (B, 3, H, W), with layers that are there or are not."""
    size = source.shape[-2:]

    def enlarged(picture: Tensor) -> Tensor:
        return functional.interpolate(picture.float(), size, mode="bicubic", align_corners=False)

    target = _snapped(torch.sigmoid(enlarged(layers.target)), source, max(1, size[1] // layers.target.shape[-1]))
    repaint = ((torch.sigmoid(enlarged(layers.repaint)) - 0.3) / 0.3).clamp(0.0, 1.0)
    kept = (layers.kept > 0).float()
    return compose(source, target, repaint, enlarged(layers.paint).clamp(-1.0, 1.0), layers.motion, kept).clamp(
        -1.0, 1.0
    )


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
