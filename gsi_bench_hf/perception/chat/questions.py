"""A question as it is sent: a rubric filled in, with its images; and how often and in what manner it is put."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gsi_bench_hf.perception.chat.pictures import Format, Picture
from gsi_bench_hf.perception.chat.rubric import Rubric

_CHARACTERS_A_TOKEN = 4


@dataclass(frozen=True)
class Manner:
    """How a judge is asked.

    Attributes:
        repeats: how often; the score is the mean of the answers.
        temperature: of the model's choice of words; 0 for the likeliest. None leaves it to the server.
        max_tokens: how long an answer may become.
        seed: of the first time; each further one has the next.
    """

    repeats: int = 1
    temperature: float | None = 0.0
    max_tokens: int = 1024
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("repeats", "max_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected 1 or more")
        if self.temperature is not None and not 0.0 <= self.temperature <= 2.0:
            raise ValueError(f"temperature is {self.temperature!r}, expected 0 to 2, or None for the server's own")


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked.

    Attributes:
        rubric: what is asked.
        fields: what is put into it.
        pictures: in the rubric's order.
        repeat: which time this is, from 0.
        about: the id of what it is about, for the record of replies.
    """

    rubric: Rubric
    fields: Mapping[str, str]
    pictures: Sequence[Picture]
    repeat: int = 0
    about: str = ""

    def key(self, asked: Mapping[str, Any]) -> str:
        """What tells it from all other questions.

        Args:
            asked: who is asked, and how.
        """
        facts = {
            "rubric": self.rubric.sha256,
            "fields": dict(self.fields),
            "pictures": [picture.sha256 for picture in self.pictures],
            "repeat": self.repeat,
            "asked": dict(asked),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()

    def text(self, *, structured: bool) -> str:
        """The rubric's text, filled in. See `Rubric.fill`."""
        return self.rubric.fill(self.fields, structured=structured)


@dataclass(frozen=True)
class Estimate:
    """What asking will take: calls, images in them, tokens in and out (about), and the price where prices are known."""

    whom: str
    calls: int
    images: int
    tokens_in: int
    tokens_out: int
    price: float | None = None

    def __str__(self) -> str:
        price = "" if self.price is None else f", {self.price:,.2f} at most at the prices given"
        return (
            f"Judge {self.whom}: {self.calls:,} call{'s' * (self.calls != 1)} with {self.images:,} images, about "
            f"{self.tokens_in:,} tokens in and at most {self.tokens_out:,} out{price}"
        )


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost; None where that is not known."""

    price_in: float | None = None
    price_out: float | None = None


def estimate(
    whom: str,
    rubric: Rubric,
    manner: Manner,
    form: Format,
    prices: Prices,
    *,
    samples: int,
    size: tuple[int, int],
) -> Estimate:
    """What asking about so many samples will take.

    Args:
        whom: the judge, in words.
        rubric: what is asked.
        manner: how.
        form: how images are sent.
        prices: of a million tokens.
        samples: how many there are.
        size: (width, height) of their images, in pixels.
    """
    calls, pictures = samples * manner.repeats, len(rubric.images)
    words = len(rubric.text) + max((len(text) for text in rubric.guidance.values()), default=0) + 400
    tokens_in = calls * (form.tokens([size] * pictures) + words // _CHARACTERS_A_TOKEN)
    tokens_out = calls * manner.max_tokens
    price = None
    if prices.price_in is not None or prices.price_out is not None:
        price = (tokens_in * (prices.price_in or 0.0) + tokens_out * (prices.price_out or 0.0)) / 1e6
    return Estimate(whom, calls, calls * pictures, tokens_in, tokens_out, price)
