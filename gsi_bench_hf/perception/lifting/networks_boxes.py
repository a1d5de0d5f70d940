"""Open-vocabulary detectors as `FindsBoxes`: Grounding DINO and MM-Grounding-DINO, OWLv2."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from PIL import Image

from gsi_bench_hf.perception.association import overlap
from gsi_bench_hf.perception.lifting.loading import image_processor, load, require_transformers
from gsi_bench_hf.perception.lifting.parts import Float, Found2D

DEFAULT = "IDEA-Research/grounding-dino-base"
_LABELS_A_CALL = 24
"""Kinds of object in one question: Grounding DINO reads 256 tokens, and confuses kinds when there are many."""


class TransformersBoxes:
    """Boxes from a zero-shot detector of transformers.

    Args:
        model: repo id or folder.
        threshold: least score of a box; None for the family's own (0.3 Grounding DINO, 0.2 OWLv2).
        overlap: of two boxes of one label that overlap more (intersection over union), the better one stays.
        most: boxes an image at most.
        revision, device, dtype: see `loading.load`.
    """

    def __init__(
        self,
        model: str = DEFAULT,
        *,
        threshold: float | None = None,
        overlap: float = 0.6,
        most: int = 50,
        revision: str | None = None,
        device: str | None = None,
        dtype: str = "auto",
    ) -> None:
        self._loaded = load("AutoModelForZeroShotObjectDetection", model, revision=revision, device=device, dtype=dtype)
        family = self._loaded.family
        if family not in ("grounding-dino", "mm-grounding-dino", "owlv2"):
            raise ValueError(f"{model!r} is a {family!r} model, expected grounding-dino, mm-grounding-dino or owlv2")
        self._is_owl = family == "owlv2"
        self._threshold = (0.2 if self._is_owl else 0.3) if threshold is None else threshold
        self._overlap, self._most = overlap, most
        self._processor = image_processor(self._loaded)
        self._tokenizer = require_transformers().AutoTokenizer.from_pretrained(
            self._loaded.source, revision=self._loaded.revision or "main"
        )

    @property
    def id(self) -> str:
        """Model, revision and thresholds."""
        number = str(self._loaded.dtype).removeprefix("torch.")
        return f"{self._loaded.id} {number} threshold={self._threshold} overlap={self._overlap} most={self._most}"

    def find(self, images: Sequence[Image.Image], labels: Sequence[Sequence[str]]) -> list[list[Found2D]]:
        """See `FindsBoxes`."""
        found: list[list[Found2D]] = [[] for _ in images]
        # One call for images of one size: what is padded to another's size is seen otherwise than alone.
        for part, size in product(_parts(labels), dict.fromkeys(im.size for im in images)):
            asked = [i for i, some in enumerate(part) if some and images[i].size == size]
            if not asked:
                continue
            scores, boxes = self._look([images[i] for i in asked], [part[i] for i in asked])
            for place, i in enumerate(asked):
                found[i] += self._kept(part[i], scores[place], boxes[place], size)
        return [sorted(some, key=lambda f: -f.score)[: self._most] for some in found]

    def _look(self, images: list[Image.Image], labels: list[list[str]]) -> tuple[list[Float], list[Float]]:
        """For each image (queries, labels) scores 0..1 and (queries, 4) boxes as parts of the image."""
        import torch

        pictures = self._processor([im.convert("RGB") for im in images], return_tensors="pt")
        ask = _ask_owl if self._is_owl else _ask_dino
        words, spans = ask(self._tokenizer, labels)
        inputs = {k: v.to(self._loaded.device) for k, v in {**words, **_masks(pictures)}.items()}
        with torch.inference_mode():
            out = self._loaded.model(pixel_values=self._loaded.pixels(pictures["pixel_values"]), **inputs)
        chances = torch.sigmoid(out.logits.float()).cpu().numpy().astype(np.float64)
        boxes = out.pred_boxes.float().cpu().numpy().astype(np.float64)
        low, high = boxes[..., :2] - boxes[..., 2:] / 2.0, boxes[..., :2] + boxes[..., 2:] / 2.0
        corners = np.concatenate([low, high], axis=-1)
        scores = [np.stack([c[:, span].max(axis=1) for span in s], axis=1) for c, s in zip(chances, spans, strict=True)]
        return scores, list(corners)

    def _kept(self, labels: list[str], scores: Float, boxes: Float, size: tuple[int, int]) -> list[Found2D]:
        width, height = size
        # OWLv2 sees the image padded to a square, at its top left.
        scale = [max(size)] * 4 if self._is_owl else [width, height, width, height]
        best = scores.argmax(axis=1)
        order = [int(q) for q in np.argsort(-scores.max(axis=1)) if scores[q, best[q]] > self._threshold]
        kept: list[Found2D] = []
        for query in order:
            box = np.clip(boxes[query] * scale, 0.0, [width, height, width, height])
            label = labels[int(best[query])]
            if (box[2:] - box[:2]).min() < 1.0 or self._is_known(kept, label, box):
                continue
            kept.append(Found2D(label, box, float(scores[query, best[query]])))
        return kept

    def _is_known(self, kept: list[Found2D], label: str, box: Float) -> bool:
        # One thing under two names is two answers only where the boxes differ clearly.
        return any(overlap(f.box_px, box) > (self._overlap if f.label == label else 0.85) for f in kept)


def _parts(labels: Sequence[Sequence[str]]) -> Iterator[list[list[str]]]:
    """The labels of all images, so many a call."""
    for start in range(0, max((len(some) for some in labels), default=0), _LABELS_A_CALL):
        yield [list(some[start : start + _LABELS_A_CALL]) for some in labels]


def _masks(pictures: Any) -> dict[str, Any]:
    return {"pixel_mask": pictures["pixel_mask"]} if "pixel_mask" in pictures else {}


def _ask_dino(tokenizer: Any, labels: list[list[str]]) -> tuple[dict[str, Any], list[list[list[int]]]]:
    """The question "mug. red book." with each label's tokens."""
    texts, ends = [], []
    for some in labels:
        clean = [" ".join(label.lower().replace(".", " ").split()) for label in some]
        texts.append(". ".join(clean) + ".")
        ends.append(np.cumsum([len(c) + 2 for c in clean]))
    words = tokenizer(texts, padding=True, return_tensors="pt", return_offsets_mapping=True)
    offsets = words.pop("offset_mapping").numpy()
    spans = []
    for place, (some, stops) in enumerate(zip(labels, ends, strict=True)):
        starts, finish = offsets[place, :, 0], offsets[place, :, 1]
        of = []
        for number in range(len(some)):
            low, high = (0 if number == 0 else stops[number - 1]), stops[number] - 2
            of.append([int(t) for t in np.flatnonzero((starts >= low) & (finish <= high) & (finish > starts))])
        spans.append(of)
    return dict(words), spans


def _ask_owl(tokenizer: Any, labels: list[list[str]]) -> tuple[dict[str, Any], list[list[list[int]]]]:
    """One question a label; images with fewer labels are asked a blank one, which is not listened to."""
    most = max(len(some) for some in labels)
    texts = [f"a photo of a {label}" for some in labels for label in some + [" "] * (most - len(some))]
    words = tokenizer(texts, padding="max_length", truncation=True, max_length=16, return_tensors="pt")
    return dict(words), [[[i] for i in range(len(some))] for some in labels]
