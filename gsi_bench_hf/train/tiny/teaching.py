"""What a training pair says about the layers of its edit, and the loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gsi_bench_hf.train.tiny.layers import Layers, carried, centre, painted, soft
from gsi_bench_hf.train.tiny.network import TinyEditNetwork
from gsi_bench_hf.train.tiny.tokens import mirror_table

_SEEN = 0.0008
"""Of the image: a target that fills less of it isn't there."""
_LIKE = 0.22
"""Mean difference of colours (of 2) up to which the target after the edit is a copy of the target before it."""
_CHANGED = 0.10
_ALL_NOISE = 0.6
"""Share of the examples that start from noise alone: there the edit is decided, later it is only touched up."""


_ASIDE = 0.12
"""In half image widths, how far pictures are shifted at most."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """A batch as the network is taught it.

    Attributes:
        source, edited: (B, 3, H, W) -1..1.
        tokens, values: (B, L).
        before, after: (B, 1, H, W) where the target is in the source and in the edited image, 0..1.
        told: (B,) 1 where `before` and `after` are known.
    """

    source: Tensor
    edited: Tensor
    tokens: Tensor
    values: Tensor
    before: Tensor
    after: Tensor
    told: Tensor


@dataclass(frozen=True, eq=False)
class Truth:
    """The layers that a pair was made of, as far as they can be known.

    Attributes:
        motion: (B, 3), see `Layers`.
        copied: (B,) 1 where the target after the edit is the one before it, moved and grown.
        gone: (B,) 1 where there is no target after the edit.
        repaint: (B, 1, H, W) 1 where the background is another.
    """

    motion: Tensor
    copied: Tensor
    gone: Tensor
    repaint: Tensor


def truth_of(lesson: Lesson) -> Truth:
    """The layers of a pair, from where its target is before and after."""
    seen = [mask.mean((1, 2, 3)) for mask in (lesson.before, lesson.after)]
    gone = (seen[1] < _SEEN).float()
    start, end = centre(lesson.before), centre(lesson.after)
    growth = 0.5 * torch.log((seen[1] + 1e-4) / (seen[0] + 1e-4))
    motion = torch.cat([end - start, growth[:, None]], 1) * (1 - gone)[:, None]
    copy = carried(torch.cat([lesson.source, lesson.before], 1), start, motion)
    alpha = copy[:, 3:] * (1 - gone)[:, None, None, None]
    off = (copy[:, :3] - lesson.edited).abs().mean(1, keepdim=True)
    unlike = (off * lesson.after).sum((1, 2, 3)) / (lesson.after.sum((1, 2, 3)) + 1e-3)
    copied = (1 - gone) * (unlike < _LIKE).float()
    shown = (alpha * copied[:, None, None, None] > 0.4).float()
    changed = ((lesson.edited - lesson.source).abs().amax(1, keepdim=True) > _CHANGED).float()
    left = (lesson.before > 0.2).float()
    return Truth(motion, copied, gone, torch.maximum(changed * (1 - shown), left * (changed + shown).clamp(max=1)))


def loss_of(network: TinyEditNetwork, lesson: Lesson, generator: torch.Generator) -> dict[str, Tensor]:
    """The parts of the loss of a batch, each a scalar; their sum is what is made small."""
    count, device = len(lesson.source), lesson.source.device
    sigma = torch.rand(count, generator=generator).clamp(min=0.05)
    sigma = torch.where(torch.rand(count, generator=generator) < _ALL_NOISE, torch.ones(()), sigma).to(device)
    noise = torch.randn(lesson.source.shape, generator=generator).to(device)
    level = sigma[:, None, None, None]
    noisy = (1 - level) * lesson.edited + level * noise
    layers = network(noisy, sigma, lesson.source, lesson.tokens, lesson.values)
    clean = soft(layers, lesson.source)
    # The velocity of the flow is (noisy − clean) / sigma: its squared error is that of `clean` over sigma².
    weight = 1 / sigma.clamp(min=0.3) ** 2
    flow = ((clean - lesson.edited).pow(2).mean((1, 2, 3)) * weight).mean()
    return {"flow": 10 * flow, **_taught(layers, lesson)}


def _taught(layers: Layers, lesson: Lesson) -> dict[str, Tensor]:
    """How far the layers are from those that the pair was made of, where these are known."""
    truth, told = truth_of(lesson), lesson.told
    share = told.mean().clamp(min=1e-6)

    def mean(values: Tensor, weight: Tensor) -> Tensor:
        return (values * weight).mean() / share * (told.sum() > 0)

    where = functional.binary_cross_entropy_with_logits(layers.target, lesson.before, reduction="none")
    mask = torch.sigmoid(layers.target)
    shared = (mask * lesson.before).sum((1, 2, 3))
    dice = 1 - (2 * shared + 1) / (mask.sum((1, 2, 3)) + lesson.before.sum((1, 2, 3)) + 1)
    anew = functional.binary_cross_entropy_with_logits(layers.repaint, truth.repaint, reduction="none")
    paint = ((painted(lesson.source, truth.repaint, layers.paint) - lesson.edited).abs() * truth.repaint).mean(
        (1, 2, 3)
    )
    off = functional.smooth_l1_loss(layers.motion, truth.motion, beta=0.02, reduction="none").sum(1)
    kept = functional.binary_cross_entropy_with_logits(layers.kept, truth.copied, reduction="none")
    return {
        "target": mean(10 * where.mean((1, 2, 3)) + dice, told),
        "repaint": mean(3 * anew.mean((1, 2, 3)) + 10 * paint, told),
        "motion": mean(5 * off, told * truth.copied),
        "kept": mean(0.3 * kept, told),
    }


def varied(lesson: Lesson, vocabulary: int, generator: torch.Generator) -> Lesson:
    """The same lesson seen otherwise: half of it in a mirror, with the words for it, all of it in other light and a little aside."""
    device = lesson.source.device
    count = len(lesson.source)
    mirror = torch.rand(count, generator=generator).to(device) < 0.5

    aside = torch.cat([_ASIDE * (2 * torch.rand(count, 2, generator=generator) - 1), torch.zeros(count, 1)], 1).to(
        device
    )

    def seen(picture: Tensor) -> Tensor:
        mirrored = torch.where(mirror[:, None, None, None], picture.flip(-1), picture)
        return carried(mirrored, torch.zeros_like(aside[:, :2]), aside, outside="border")

    gain = 1 + 0.15 * (2 * torch.rand(count, 1, 1, 1, generator=generator).to(device) - 1)
    lift = 0.1 * (2 * torch.rand(count, 1, 1, 1, generator=generator).to(device) - 1)
    source, edited = ((seen(p) * gain + lift).clamp(-1, 1) for p in (lesson.source, lesson.edited))
    words = torch.from_numpy(mirror_table(vocabulary)).to(device)[lesson.tokens]
    tokens = torch.where(mirror[:, None], words, lesson.tokens)
    return Lesson(source, edited, tokens, lesson.values, seen(lesson.before), seen(lesson.after), lesson.told)
