"""The training loop: `train`. What is trained is a recipe's affair.

A step is a function of the weights, the optimiser's state and the step's number alone: batches have numbers, and everything drawn
in a loss is drawn from its batch's number. So a training that is killed and started again goes on from its last checkpoint as if
nothing had been (bit for bit on a CPU).
"""

from __future__ import annotations

import hashlib
import itertools
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from diffusers.optimization import get_scheduler
from diffusers.training_utils import EMAModel

from gsi_bench_hf.pipelines.resolution import Resolution
from gsi_bench_hf.train.accelerating import accelerated
from gsi_bench_hf.train.checkpoints import checkpoints, load_checkpoint, save_checkpoint
from gsi_bench_hf.train.encodings import Encodings, Read
from gsi_bench_hf.train.folder import TrainFolder
from gsi_bench_hf.train.optimizers import make_optimizer
from gsi_bench_hf.train.pairs import Batch, MappedPairs, PairSource, pair_source
from gsi_bench_hf.train.progress import TrainProgress
from gsi_bench_hf.train.recipe import Recipe
from gsi_bench_hf.train.settings import Settings, TrainingStoppedError
from gsi_bench_hf.train.validation import Validation

__all__ = ["Trained", "train"]


@dataclass(frozen=True)
class Trained:
    """What a training left behind.

    Attributes:
        folder: of the training.
        model: what `load_editor` reads: a pipeline, or a LoRA for `lora=`.
        step: how many steps are done.
        validation: the metrics of the last validation by name, 0..100; empty where there was none.
    """

    folder: Path
    model: Path
    step: int
    validation: Mapping[str, float]


def train(
    recipe: Recipe,
    rows: Any,
    *,
    out: Path,
    settings: Settings,
    resolution: Resolution,
    validation: Validation | None = None,
    about: Mapping[str, Any] | None = None,
) -> Trained:
    """Train a recipe on rows, or go on with it.

    Args:
        recipe: what is trained; made anew, and the same way, each time the training is taken up.
        rows: a `datasets.Dataset`, an `IterableDataset`, or a sequence of rows.
        out: the folder: `model/`, `checkpoints/`, `log.jsonl`, `validation/`, `training.json`. One that holds a part of the same
            training is taken up where its last checkpoint is.
        settings: how.
        resolution: the sizes that images are brought to.
        validation: the rows to score on, and how; None for none.
        about: what tells this model from others, JSON: its repository, revision, method, ….

    Raises:
        TrainingStoppedError: it can't start, or the loss is not a number any more.
        RunFolderError: the folder is in use, holds another training, or can't be written.
    """
    source = pair_source(
        rows, batch_size=settings.batch_size, resolution=resolution, seed=settings.seed, block=settings.shuffle_buffer
    )
    first = next((p for p in recipe.module.parameters() if p.requires_grad), None)
    if first is None:
        raise TrainingStoppedError("no parameter of the recipe's module has requires_grad; expected one or more")
    with accelerated(settings, out, first.device) as accelerator:
        training = _Training(recipe, source, out, settings, validation, dict(about or {}), accelerator)
        with training.folder:
            return training.run()


class _Loss(torch.nn.Module):
    """A recipe's loss as the forward pass of a module, for what wraps modules to see its gradients and set its precision."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        self.module = recipe.module
        self._recipe = recipe

    def forward(self, encoded: dict[str, torch.Tensor], generator: torch.Generator) -> torch.Tensor:
        return self._recipe.loss(encoded, generator)


class _Training:
    def __init__(
        self,
        recipe: Recipe,
        source: PairSource,
        out: Path,
        settings: Settings,
        validation: Validation | None,
        about: dict[str, Any],
        accelerator: Accelerator,
    ) -> None:
        self.accelerator = accelerator
        self.recipe, self.source, self.settings, self.validation = recipe, source, settings, validation
        self.parameters = [p for p in recipe.module.parameters() if p.requires_grad]
        self.folder = TrainFolder(out, about, source.identity(), settings, self.accelerator)
        raw = make_optimizer(
            settings.optimizer,
            self.parameters,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.schedule = get_scheduler(
            settings.schedule, raw, num_warmup_steps=settings.warmup_steps, num_training_steps=settings.steps
        )
        self.loss, self.optimizer = self.accelerator.prepare(_Loss(recipe), raw)
        self.ema = None if settings.ema_decay is None else EMAModel(self.parameters, decay=settings.ema_decay)
        digest = hashlib.sha256(repr(sorted(about.items())).encode()).hexdigest()[:16]
        self.encodings = Encodings(recipe, settings.cache, out / "encodings" / digest, self.accelerator.device)
        self.step = 0
        self._last: Batch | None = None
        self._stream_state: Mapping[str, Any] | None = None

    def run(self) -> Trained:
        """From the last checkpoint, or from the beginning, to the end."""
        self.folder.start()
        if self.settings.trackers:
            config = {name: str(value) for name, value in self.settings.identity().items()}
            self.accelerator.init_trackers("gsi-bench", config=config)
        self._resume()
        if self.step < self.settings.steps:
            self._fill_cache()
        self.recipe.module.train()
        batches = self.encodings.ahead(self._batches(), self.settings.workers)
        with TrainProgress(self.settings, self.step, shown=self.accelerator.is_main_process) as progress:
            self._validate_if_due()
            while self.step < self.settings.steps:
                line = self._one_step(batches)
                self.folder.log(line)
                self.accelerator.log({k: v for k, v in line.items() if k != "step"}, step=self.step)
                progress.step(line)
                if self.step % self.settings.checkpoint_every == 0 or self.step == self.settings.steps:
                    self._save_checkpoint()
                self._validate_if_due()
        with self._averaged():
            self.folder.save_model(self.recipe, self.step)
        return Trained(self.folder.path, self.folder.model, self.step, self.folder.last_validation())

    def _batches(self) -> Iterator[Batch]:
        """The batches of this process from the present step on."""
        share, of = self.accelerator.process_index, self.accelerator.num_processes
        start = self.step * self.settings.accumulation * of
        return (b for b in self.source.batches(start, self._stream_state) if b.number % of == share)

    def _one_step(self, batches: Iterator[Read]) -> dict[str, Any]:
        began = time.monotonic()
        mean = torch.zeros((), device=self.accelerator.device)
        norm: Any = None
        for read in itertools.islice(batches, self.settings.accumulation):
            encoded = self.encodings.encoded(read)
            seed = _seed(self.settings.seed, read.batch.number)
            torch.manual_seed(seed)  # of dropout
            with self.accelerator.accumulate(self.loss):
                loss = self.loss(encoded, torch.Generator().manual_seed(seed))
                self.accelerator.backward(loss)
                if self.accelerator.sync_gradients:
                    norm = self._clip()
                self.optimizer.step()
                self.optimizer.zero_grad()
            mean += loss.detach().float() / self.settings.accumulation
            self._last = read.batch
        rate = float(self.schedule.get_last_lr()[0])
        self.schedule.step()
        if self.ema is not None:
            self.ema.step(self.parameters)
        self.step += 1
        return self._line(mean, norm, rate, time.monotonic() - began)

    def _clip(self) -> Any:
        # Without a limit only the length is wanted.
        return self.accelerator.clip_grad_norm_(self.parameters, self.settings.max_grad_norm or math.inf)

    def _line(self, mean: torch.Tensor, norm: Any, rate: float, seconds: float) -> dict[str, Any]:
        loss = float(self.accelerator.reduce(mean, "mean"))
        if not math.isfinite(loss):
            raise TrainingStoppedError(
                f"the loss of step {self.step} is {loss}; the checkpoints before it are kept: try a lower --learning-rate, or "
                "--mixed-precision bf16 or no"
            )
        pairs = self.settings.batch_size * self.settings.accumulation * self.accelerator.num_processes
        return {
            "step": self.step,
            "loss": loss,
            "learning_rate": rate,
            "grad_norm": float(norm),
            "images_per_s": pairs / seconds,
        }

    def _save_checkpoint(self) -> None:
        if self.accelerator.is_main_process:
            tensors: dict[str, Any] = {"weights": self._weights(), "optimizer": self.optimizer.state_dict()}
            if self.ema is not None:
                tensors["ema"] = self.ema.state_dict()
            scaler = self.accelerator.scaler
            assert self._last is not None
            state = {
                "schedule": self.schedule.state_dict(),
                "scaler": None if scaler is None else scaler.state_dict(),
                "stream": self._last.state,
            }
            save_checkpoint(self.folder.checkpoints, self.step, tensors, state, self.settings.keep_checkpoints)
        self.accelerator.wait_for_everyone()

    def _resume(self) -> None:
        found = checkpoints(self.folder.checkpoints)
        if found:
            trees, state = load_checkpoint(found[-1])
            own = self._weights()
            with torch.no_grad():
                for name, tensor in trees["weights"].items():
                    own[name].copy_(tensor)
            self.optimizer.load_state_dict(trees["optimizer"])
            if self.ema is not None:
                self.ema.load_state_dict(trees["ema"])
                self.ema.to(self.accelerator.device)
            self.schedule.load_state_dict(state["schedule"])
            if self.accelerator.scaler is not None:
                self.accelerator.scaler.load_state_dict(state["scaler"])
            self.step, self._stream_state = state["step"], state["stream"]
        self.folder.cut_log(self.step)

    def _weights(self) -> dict[str, torch.Tensor]:
        """What is trained, and the buffers where that is all."""
        named = dict(self.recipe.module.named_parameters())
        weights: dict[str, torch.Tensor] = {name: p for name, p in named.items() if p.requires_grad}
        if len(weights) == len(named):
            kept = self.recipe.module.state_dict().keys()
            weights |= {name: buffer for name, buffer in self.recipe.module.named_buffers() if name in kept}
        return weights

    def _fill_cache(self) -> None:
        """Have every pair encoded before the first step, in the order of the rows, which is the fastest to read."""
        if self.settings.cache == "none" or not isinstance(self.source, MappedPairs):
            return
        share, of = self.accelerator.process_index, self.accelerator.num_processes
        if self.settings.cache == "memory":
            share, of = 0, 1  # each process needs all of them
        mine = range(share, len(self.source), of)
        with TrainProgress.encoding(len(mine), self.settings, shown=self.accelerator.is_main_process) as bar:
            singles = (self.source.batch(i, [i]) for i in mine)
            for read in self.encodings.ahead(singles, self.settings.workers):
                self.encodings.encoded(read)
                bar.update()
        self.accelerator.wait_for_everyone()

    def _validate_if_due(self) -> None:
        every = self.settings.validate_every
        last = self.step == self.settings.steps
        if self.validation is None or not (last or (every and self.step % every == 0)):
            return
        if self.folder.validated(self.step):
            return
        self.recipe.module.eval()
        with self._averaged(), torch.random.fork_rng():
            results = self.validation.score(
                self.recipe.editor(), self.folder.path / "validation", self.step, self.accelerator
            )
        self.recipe.module.train()
        self.folder.log_validation(self.step, results)
        self.accelerator.log({f"validation/{k}": v for k, v in results["metrics"].items()}, step=self.step)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The averaged weights, where there are some, in the place of the present ones."""
        if self.ema is None:
            yield
            return
        self.ema.store(self.parameters)
        self.ema.copy_to(self.parameters)
        try:
            yield
        finally:
            self.ema.restore(self.parameters)


def _seed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}:{number}".encode()).digest()[:7], "big")
