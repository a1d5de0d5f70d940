"""What the judges do alike that are asked in words: put the question, keep the reply, count what came, stop where it is no use."""

from __future__ import annotations

import json
import os
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import cache
from typing import Any

from PIL import Image

from gsi_bench_hf.perception.chat.helpers import Helpers
from gsi_bench_hf.perception.chat.pictures import Format
from gsi_bench_hf.perception.chat.questions import Estimate, Manner, Prices, Question, estimate
from gsi_bench_hf.perception.chat.reading import ANSWERED, ENDPOINT, KINDS, REFUSED, TIMEOUT, Reply, read_body
from gsi_bench_hf.perception.chat.replies import Replies
from gsi_bench_hf.perception.chat.rubric import Rubric, RubricError, load_rubric
from gsi_bench_hf.registry import did_you_mean
from gsi_bench_hf.types import Judgement, JudgeStoppedError, Sample, Scan

_IN_VAIN = 3
_FIELDS = ("instruction", "operation", "target", "guidance")
_IMAGES = ("source", "edited", "target")
_rubric = cache(load_rubric)


class AskingJudge(ABC):
    """A judge that is asked in words. Safe to use from many threads.

    Args:
        name: for reports.
        rubric: of `judge`: a name or a file, see `load_rubric`.
        manner: how it is asked.
        form: how images are sent.
        prices: for the estimate.
        max_calls: how many calls there may be in all, failed ones and those of earlier starts included.
        concurrency: how many at once.

    Raises:
        RubricError: the rubric is none, or none that a judge of edits can use.
    """

    def __init__(
        self,
        name: str,
        *,
        rubric: str | os.PathLike[str],
        manner: Manner,
        form: Format,
        prices: Prices,
        max_calls: int | None,
        concurrency: int,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency!r}, expected 1 or more calls at once")
        self.name, self.concurrency = name, concurrency
        self._rubric, self._low, self._high = _for_judging(load_rubric(rubric))
        self._manner, self._form, self._prices = manner, form, prices
        self._replies = Replies(max_calls)
        self._helpers = Helpers(concurrency)
        self._lock = threading.Lock()
        self._kinds: Counter[str] = Counter()
        self._in_vain = self._kept = 0

    @abstractmethod
    def _who(self) -> dict[str, Any]:
        """Who is asked: what may change an answer, for `run.json` and the keys of replies."""

    @abstractmethod
    def _call(self, question: Question, key: str) -> Mapping[str, Any]:
        """Ask, keep what came, and give the line that was kept.

        Raises:
            NoReplyError: there was none.
            JudgeStoppedError: and there won't be any.
        """

    def judge(self, sample: Sample, edited: Image.Image, scan: Scan | None = None) -> Judgement:
        """Ask whether the target kept its looks.

        Args:
            sample: the record.
            edited: the edited image.
            scan: not looked at.

        Returns:
            The mean of what could be read; a None with the reason and its kind where nothing could.

        Raises:
            JudgeStoppedError: no more questions can be put.
        """
        images = {"source": sample.source_image, "edited": edited, "target": sample.target_image}
        wanted = [images[name] for name in self._rubric.images]
        if None in wanted:
            return Judgement(None, f"the rubric {self._rubric.name!r} shows the target image, and the record has none")
        pictures = [self._form.encode(image) for image in wanted if image is not None]
        guidance = self._rubric.guidance.get(sample.operation, "")
        values = (sample.instruction, sample.operation, sample.target_label, guidance)
        fields = {k: v for k, v in zip(_FIELDS, values, strict=True) if k in self._rubric.fields}
        question = Question(self._rubric, fields, pictures, about=sample.id)
        return self._mean([self._reply(replace(question, repeat=n)) for n in range(self._manner.repeats)])

    def ahead(self, sample: Sample, edited: Image.Image) -> Future[Judgement]:
        """`judge` in a thread of its own, so that others can be asked meanwhile."""
        return self._helpers.submit(lambda: self.judge(sample, edited))

    def ask(
        self,
        rubric: str | Rubric,
        images: Sequence[Image.Image],
        fields: Mapping[str, str],
        *,
        repeat: int = 0,
        about: str = "",
    ) -> Reply:
        """Ask anything that there is a rubric for.

        Args:
            rubric: its name, its file, or itself.
            images: in the rubric's order.
            fields: all that the rubric names.
            repeat: which time this is; another number is another question.
            about: the id of what it is about, for the record of replies.

        Raises:
            RubricError: no such rubric, or other images or fields than it wants.
            JudgeStoppedError: no more questions can be put.
        """
        used = rubric if isinstance(rubric, Rubric) else _rubric(rubric)
        if len(images) != len(used.images):
            raise RubricError(
                f"rubric {used.name!r} wants {', '.join(used.images)}, and {len(images)} images were given"
            )
        return self._reply(Question(used, dict(fields), [self._form.encode(i) for i in images], repeat, about))

    def keep_in(self, folder: str | os.PathLike[str], part: int = 0) -> None:
        """Keep every reply in `folder/replies.jsonl`, and ask nothing again that was answered there. See `Replies.keep_in`."""
        self._replies.keep_in(folder, part)

    def estimate(self, samples: int, size: tuple[int, int]) -> Estimate:
        """What judging so many samples with images of `size` (width, height) will take, if none was judged before."""
        parts = (self._whom(), self._rubric, self._manner, self._form, self._prices)
        return estimate(*parts, samples=samples, size=size)

    def check_budget(self, samples: int) -> None:
        """Raises JudgeStoppedError, before anything is spent, where `max_calls` can't be enough for so many samples."""
        needed, limit = samples * self._manner.repeats, self._replies.max_calls
        if limit is not None and needed > limit and self._replies.answered == 0:
            raise JudgeStoppedError(
                f"the judge needs {needed} calls for {samples} samples ({self._manner.repeats} each), and max_calls is {limit}; "
                "nothing was asked: give it a larger --max-calls, or fewer samples (--limit, --no-ladder)"
            )

    def summary(self) -> str:
        """In one line, what came of the questions since the judge was loaded."""
        missing = ", ".join(f"{kind} {self._kinds[kind]}" for kind in KINDS if kind != ANSWERED and self._kinds[kind])
        usage = self._replies.usage()
        tokens = f"; {usage['in']:,} tokens in and {usage['out']:,} out in all" if any(usage.values()) else ""
        kept = f" ({self._kept} of them from before)" if self._kept else ""
        count = sum(self._kinds.values())
        return (
            f"Judge {self._whom()}: {count} question{'s' * (count != 1)}{kept}, {self._kinds[ANSWERED]} answered"
            f"{f'; {missing}' if missing else ''}{tokens}"
        )

    def provenance(self) -> dict[str, Any]:
        """What names this judge in `run.json`, and decides its word; never a key."""
        rubric = {"name": self._rubric.name, "version": self._rubric.version, "sha256": self._rubric.sha256}
        return {"name": self.name, **self._asked(), "repeats": self._manner.repeats, "rubric": rubric}

    def close(self) -> None:
        """Let the threads end."""
        self._helpers.close()

    def _whom(self) -> str:
        return f"{self.name} ({self._who().get('model') or 'whatever model it serves'})"

    def _asked(self) -> dict[str, Any]:
        manner = {name: getattr(self._manner, name) for name in ("temperature", "max_tokens", "seed")}
        return {**self._who(), **manner, "images": str(self._form)}

    def _reply(self, question: Question) -> Reply:
        question.text(structured=False)  # wrong fields are said before anything is asked
        key = question.key({k: v for k, v in self._asked().items() if k != "endpoint"})
        line, kept = self._replies.find(key), True
        if line is None:
            kept = False
            try:
                line = self._call(question, key)
            except NoReplyError as error:
                return self._count(Reply(None, error.kind, str(error)))
        if line["outcome"] == "refused":
            return self._count(Reply(None, REFUSED, str(line.get("said", "")), kept=kept))
        return self._count(replace(read_body(json.loads(line["body"]), question.rubric), kept=kept))

    def _count(self, reply: Reply) -> Reply:
        with self._lock:
            self._kinds[reply.kind] += 1
            self._kept += reply.kept
            if reply.kind not in (ENDPOINT, TIMEOUT):
                self._in_vain = 0
                return reply
            self._in_vain += 1
            if self._in_vain < _IN_VAIN * self.concurrency:
                return reply
        raise JudgeStoppedError(
            f"the judge could not be had {self._in_vain} times in a row, at last because {reply.reason}; mend that, then run the "
            "same command again with --retry-failed"
        )

    def _mean(self, replies: Sequence[Reply]) -> Judgement:
        scores = [None if r.answer is None else self._scaled(float(r.answer["score"])) for r in replies]
        known = [score for score in scores if score is not None]
        if not known:
            first = replies[0]
            times = f" ({len(replies)} times asked)" if len(replies) > 1 else ""
            return Judgement(None, f"{first.kind}: {first.reason}{times}", first.kind, _several(scores))
        said = next(str(r.answer.get("reasoning", "")) for r in replies if r.answer is not None)
        if len(replies) > 1:
            values = ", ".join("–" if score is None else f"{score:g}" for score in scores)
            said = f"{values}: {said}"
        return Judgement(sum(known) / len(known), said, "", _several(scores))

    def _scaled(self, score: float) -> float:
        return 10.0 * (score - self._low) / (self._high - self._low)


class NoReplyError(Exception):
    """Nobody answered; `kind` says in which way."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


def _several(scores: Sequence[float | None]) -> tuple[float | None, ...]:
    return tuple(scores) if len(scores) > 1 else ()


def _for_judging(rubric: Rubric) -> tuple[Rubric, float, float]:
    """A rubric that a judge of edits can use, and the ends of its score."""
    score = rubric.answer.get("score", {})
    low, high = score.get("minimum"), score.get("maximum")
    if score.get("type") not in ("number", "integer") or low is None or high is None or not low < high:
        raise RubricError(
            f"rubric {rubric.name!r} has no score from a minimum to a maximum, which a judge needs; expected one such as 'appearance'"
        )
    for what, given, known in (("field", rubric.fields, _FIELDS), ("image", list(rubric.images), _IMAGES)):
        for name in given:
            if name not in known:
                raise RubricError(
                    f"rubric {rubric.name!r} wants the {what} {name!r}, which a judge does not have.{did_you_mean(name, known)} "
                    f"Expected {', '.join(known)}"
                )
    return rubric, float(low), float(high)
