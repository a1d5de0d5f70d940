"""The network: from a noisy edited image, the source and the instruction to the layers of the clean edited image.

A small UNet on pixels in blocks of four, with attention to the instruction at its two lower levels. The text encoder is a part of it.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from gsi_bench_hf.train.tiny.layers import Layers, centre, coordinates
from gsi_bench_hf.train.tiny.tokens import PADDING

ModelMixin: Any = import_module("diffusers").ModelMixin
"""By this name, here, diffusers knows how the network is loaded."""
_ConfigMixin: Any = import_module("diffusers").ConfigMixin
_registered: Any = import_module("diffusers.configuration_utils").register_to_config

PATCH = 4
MULTIPLE = 16
"""Sides of an image are multiples of it."""
_NUMBERS = 4
_MAPS = 5
_DROPPED = 0.1
"""Of what a layer says, in training."""


class TextEncoder(nn.Module):
    """Tokens to features: (B, L, width) of each and (B, width) of the text."""

    def __init__(self, vocabulary: int, length: int, width: int, depth: int, heads: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, width, padding_idx=PADDING)
        self.places = nn.Parameter(torch.randn(length, width) * 0.02)
        self.numbers = nn.Sequential(nn.Linear(_NUMBERS, width), nn.SiLU(), nn.Linear(width, width))
        layer = nn.TransformerEncoderLayer(width, heads, 2 * width, _DROPPED, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Features of tokens (B, L) with values (B, L)."""
        hidden = tokens == PADDING
        is_number = (values > 0).float()
        known = torch.stack([is_number, values / 10, values / 100, torch.log(values + 1e-2) * is_number], -1)
        features = self.words(tokens) + self.places[: tokens.shape[1]]
        features = features + self.numbers(known) * is_number[..., None]
        features = self.norm(self.layers(features, src_key_padding_mask=hidden))
        seen = (~hidden).float()[..., None]
        return features, (features * seen).sum(1) / seen.sum(1).clamp(min=1)


class Block(nn.Module):
    """Two convolutions with a shortcut, told the condition by a scale and a shift of each channel."""

    def __init__(self, inside: int, outside: int, condition: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, inside), nn.GroupNorm(8, outside)
        self.conv1, self.conv2 = nn.Conv2d(inside, outside, 3, padding=1), nn.Conv2d(outside, outside, 3, padding=1)
        self.told = nn.Linear(condition, 2 * outside)
        self.drop = nn.Dropout2d(_DROPPED)
        self.short = nn.Identity() if inside == outside else nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """(B, inside, H, W) to (B, outside, H, W)."""
        hidden = self.conv1(functional.silu(self.norm1(x)))
        scale, shift = self.told(condition)[:, :, None, None].chunk(2, 1)
        hidden = self.conv2(self.drop(functional.silu(self.norm2(hidden) * (1 + scale) + shift)))
        out: Tensor = self.short(x) + hidden
        return out


class Attention(nn.Module):
    """Each place looks at the text, and where `itself` at every other place."""

    def __init__(self, width: int, text: int, heads: int, *, itself: bool) -> None:
        super().__init__()
        self.heads, self.itself = heads, itself
        self.norm, self.query = nn.LayerNorm(width), nn.Linear(width, width)
        self.from_text, self.from_image = nn.Linear(text, 2 * width), nn.Linear(width, 2 * width) if itself else None
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, text: Tensor, hidden: Tensor) -> Tensor:
        """(B, width, H, W) with text (B, L, text), `hidden` (B, L) where there is no token."""
        batch, width, height, across = x.shape
        here = self.norm(x.flatten(2).transpose(1, 2))
        seen, mask = self.from_text(text), hidden
        if self.from_image is not None:
            seen = torch.cat([seen, self.from_image(here)], 1)
            mask = torch.cat([hidden, hidden.new_zeros(batch, here.shape[1])], 1)
        key, value = (self._split(part) for part in seen.chunk(2, -1))
        query = self._split(self.query(here)) * key.shape[-1] ** -0.5
        scores = (query @ key.transpose(-1, -2)).masked_fill(mask[:, None, None], -1e4)
        out = scores.softmax(-1) @ value
        out = self.out(out.transpose(1, 2).reshape(batch, height * across, width))
        changed: Tensor = x + out.transpose(1, 2).reshape(batch, width, height, across)
        return changed

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


class TinyEditNetwork(ModelMixin, _ConfigMixin):  # type: ignore[misc]
    """See the module.

    Args:
        channels: of its three levels, blocks of 4, 8 and 16 pixels.
        text_width: of the text's features.
        text_depth: layers of the text encoder.
        heads: of each attention.
        vocabulary: token numbers, see `tokens`.
        length: tokens of an instruction.
        pixels: about so many of an image it is trained at.
    """

    @_registered  # type: ignore[untyped-decorator]
    def __init__(
        self,
        channels: tuple[int, int, int] = (64, 128, 256),
        text_width: int = 128,
        text_depth: int = 2,
        heads: int = 4,
        vocabulary: int = 4096,
        length: int = 32,
        pixels: int = 128 * 128,
    ) -> None:
        super().__init__()
        high, middle, low = channels
        condition = text_width
        self.text = TextEncoder(vocabulary, length, text_width, text_depth, heads)
        self.level = nn.Sequential(nn.Linear(32, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.stem = nn.Conv2d(6 * PATCH**2 + 2, high, 3, padding=1)
        self.high_in = Block(high, high, condition)
        self.to_middle = nn.Conv2d(high, middle, 2, stride=2)
        self.middle_in = nn.ModuleList([Block(middle, middle, condition) for _ in range(2)])
        self.middle_sees = Attention(middle, text_width, heads, itself=False)
        self.to_low = nn.Conv2d(middle, low, 2, stride=2)
        self.low = nn.ModuleList([Block(low, low, condition) for _ in range(2)])
        self.low_sees = nn.ModuleList([Attention(low, text_width, heads, itself=True) for _ in range(2)])
        self.from_low = nn.Conv2d(low, middle, 1)
        self.middle_out = Block(2 * middle, middle, condition)
        self.middle_looks = Attention(middle, text_width, heads, itself=False)
        self.from_middle = nn.Conv2d(middle, high, 1)
        self.high_out = Block(2 * high, high, condition)
        self.maps = nn.Conv2d(high, _MAPS * PATCH**2, 3, padding=1)
        hidden = 2 * text_width
        self.moves = nn.Sequential(
            nn.Linear(middle + high + low + text_width + 3, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()
        )
        self.motion, self.kept = nn.Linear(hidden, 3 * _NUMBERS), nn.Linear(hidden, 1)
        self._start()

    def _start(self) -> None:
        """It starts as an editor that changes nothing."""
        lasts: tuple[Any, ...] = (self.maps, self.motion, self.kept)
        for last in lasts:
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        with torch.no_grad():
            lasts[0].bias[: 2 * PATCH**2] = -4.0

    def forward(self, noisy: Tensor, sigma: Tensor, source: Tensor, tokens: Tensor, values: Tensor) -> Layers:
        """What the clean edited image is made of.

        Args:
            noisy: (B, 3, H, W) (1 − sigma) · edited image + sigma · noise.
            sigma: (B,) how much of it is noise, 0..1.
            source: (B, 3, H, W) -1..1.
            tokens: (B, L) see `tokens`.
            values: (B, L) of the tokens that are numbers.
        """
        words, text = self.text(tokens, values)
        condition = text + self.level(_waves(sigma))
        hidden = tokens == PADDING
        height, width = source.shape[2] // PATCH, source.shape[3] // PATCH
        blocks = functional.pixel_unshuffle(torch.cat([source, noisy], 1), PATCH)
        grid = coordinates(height, width, source).expand(len(source), -1, -1, -1)
        high = self.high_in(self.stem(torch.cat([blocks, grid], 1)), condition)
        middle = self.to_middle(high)
        for block in self.middle_in:
            middle = block(middle, condition)
        middle = self.middle_sees(middle, words, hidden)
        low = self.to_low(middle)
        for block, sees in zip(self.low, self.low_sees, strict=True):
            low = sees(block(low, condition), words, hidden)
        up = functional.interpolate(self.from_low(low), size=middle.shape[-2:])
        out = self.middle_looks(self.middle_out(torch.cat([middle, up], 1), condition), words, hidden)
        up = functional.interpolate(self.from_middle(out), size=high.shape[-2:])
        top = self.high_out(torch.cat([high, up], 1), condition)
        maps = functional.pixel_shuffle(self.maps(functional.silu(top)), PATCH).float()
        motion, kept = self._moves(maps[:, :1], (top, out, low), text, values)
        return Layers(maps[:, :1], maps[:, 1:2], torch.tanh(maps[:, 2:]), motion, kept)

    def _moves(
        self, target: Tensor, features: tuple[Tensor, ...], text: Tensor, values: Tensor
    ) -> tuple[Tensor, Tensor]:
        """How the target moves, and whether it stays: from what is seen where it is, and the text."""
        mask = torch.sigmoid(target)
        seen = []
        for level in features:
            weight = functional.interpolate(mask, size=level.shape[-2:], mode="area").to(level.dtype)
            seen.append((level * weight).sum((2, 3)) / (weight.sum((2, 3)) + 1e-2))
        size = torch.log(mask.mean((1, 2, 3)) + 1e-4)[:, None]
        known = self.moves(torch.cat([*seen, text, centre(mask).to(text.dtype), size.to(text.dtype)], 1))
        # Distances and factors: how far, for each unit of the number that the instruction gives.
        number = values.max(1).values
        scales = torch.stack([torch.ones_like(number), number / 10, number / 100, torch.log(number + 1.0)], 1)
        motion = (self.motion(known).float().unflatten(1, (3, _NUMBERS)) * scales[:, None]).sum(2)
        return motion * 0.1, self.kept(known).float()[:, 0]


def _waves(sigma: Tensor) -> Tensor:
    """(B, 32) a noise level as sines and cosines."""
    rates = torch.exp(torch.arange(16, device=sigma.device) * (math.log(100.0) / 15))
    angles: Any = sigma[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)
