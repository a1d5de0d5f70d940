"""`gsi-bench train`: fine-tune a model on the training pairs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from gsi_bench_hf.cli_output import say
from gsi_bench_hf.train.recipe import Method
from gsi_bench_hf.train.settings import SCHEDULES, TRACKERS, Cache, Precision, TrainingStoppedError

if TYPE_CHECKING:
    from gsi_bench_hf.train.loop import Trained

DONE = 0
_ENVIRONMENTS = ("tabletop", "room", "bathroom")
_SCENE_ROWS = 8
"""A scene has no more rows than this."""
_SETTINGS = (
    "steps", "batch_size", "accumulation", "learning_rate", "optimizer", "weight_decay", "schedule", "warmup_steps",
    "max_grad_norm", "ema_decay", "mixed_precision", "shuffle_buffer", "seed", "checkpoint_every", "keep_checkpoints", "cache",
    "workers", "validate_every",
)  # fmt: skip
_MAKING = ("rank", "alpha", "targets", "gradient_checkpointing")


def add_train(
    parser: argparse.ArgumentParser,
    positive: Callable[[str], int],
    natural: Callable[[str], int],
    assignment: Callable[[str], tuple[str, Any]],
) -> None:
    """Add the command's arguments.

    Args:
        parser: the command's.
        positive: type of a number of 1 or more.
        natural: type of a number of 0 or more.
        assignment: type of KEY=VALUE.
    """
    parser.add_argument("--model", required=True, metavar="REPO", help="a Hub repository, a folder, or tiny")
    parser.add_argument("--revision", metavar="REV", help="of the repository")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder; one of the same training is taken up")
    parser.add_argument("--method", choices=get_args(Method), help="default: the recipe's first, lora where it has one")
    _add_data(parser, positive, natural)
    _add_model(parser, positive, assignment)
    _add_steps(parser, positive, natural)
    _add_upkeep(parser, positive, natural)


def command(dataset: Callable[[argparse.Namespace], Any]) -> Callable[[argparse.Namespace], int]:
    """`gsi-bench train`.

    Args:
        dataset: gives the rows that the arguments name.
    """

    def train(arguments: argparse.Namespace) -> int:
        from gsi_bench_hf.ranks import Ranks

        ranks = Ranks.of_environment()
        if ranks.count > 1:
            _join(arguments.device)
        if ranks.rank == 0:
            say(f"Loading {arguments.subset}")
        with ranks.first_before_others():
            held, rows = _rows(arguments, dataset)
        trained = _train(arguments, held, rows)
        if ranks.rank == 0:
            _tell(arguments, trained)
        return DONE

    return train


def _add_data(parser: argparse.ArgumentParser, positive: Callable[[str], int], natural: Callable[[str], int]) -> None:
    add = parser.add_argument_group("data").add_argument
    add("--subset", default="sim-train", metavar="CONFIG", help="what to train on (default: %(default)s)")
    add("--data-dir", metavar="DIR", help="a folder of `gsi-bench build`; without it the pairs are rendered")
    add("--environment", choices=_ENVIRONMENTS, help="train on its pairs alone (default: all)")
    add("--limit", type=positive, metavar="N", help="train on the first N pairs (default: all)")
    add("--streaming", action="store_true", help="read or render pairs as they come, and keep none")
    add("--shuffle-buffer", type=positive, metavar="N", help="pairs that a stream is shuffled within (default: 512)")
    add("--num-proc", type=positive, default=1, metavar="P", help="processes that render and score (default: 1)")
    add("--validation-subset", metavar="CONFIG", help="default: the first scenes of --subset, which are not trained on")
    add("--validation-samples", type=natural, default=24, metavar="N", help="0 for none (default: %(default)s)")
    add("--validate-every", type=natural, metavar="STEPS", help="default: once, at the end")


def _add_model(
    parser: argparse.ArgumentParser, positive: Callable[[str], int], assignment: Callable[[str], tuple[str, Any]]
) -> None:
    add = parser.add_argument_group("model").add_argument
    add("--rank", type=positive, metavar="R", help="of the LoRA (default: the recipe's)")
    add("--alpha", type=float, metavar="A", help="of the LoRA (default: its rank)")
    add("--targets", nargs="+", metavar="LAYER", help="layers that the LoRA is put on (default: the recipe's)")
    add("--pixels", type=positive, metavar="N", help="about so many to train at (default: what the model works at)")
    add("--dtype", default="auto", help="of what is frozen: float32, bfloat16, float16 (default: %(default)s)")
    add("--device", metavar="DEVICE", help="cpu, cuda:1, … (default: the GPU of the process, else the CPU)")
    add("--gradient-checkpointing", action="store_true", help="compute activations twice, to save memory")
    add(
        "--recipe-arg",
        action="append",
        default=[],
        type=assignment,
        metavar="KEY=VALUE",
        help="another argument of the recipe; repeatable",
    )


def _add_steps(parser: argparse.ArgumentParser, positive: Callable[[str], int], natural: Callable[[str], int]) -> None:
    from gsi_bench_hf.train.optimizers import OPTIMIZERS

    add = parser.add_argument_group("steps (defaults: the recipe's, and those of docs/training.md)").add_argument
    add("--steps", type=positive, metavar="N")
    add("--batch-size", type=positive, metavar="N", help="pairs at once, a process")
    add("--accumulation", type=positive, metavar="N", help="batches a step")
    add("--learning-rate", type=float, metavar="RATE")
    add("--optimizer", choices=tuple(OPTIMIZERS))
    add("--weight-decay", type=float, metavar="DECAY")
    add("--schedule", choices=SCHEDULES)
    add("--warmup-steps", type=natural, metavar="N")
    add("--max-grad-norm", type=float, metavar="NORM", help="0 for no limit")
    add("--ema-decay", type=float, metavar="DECAY", help="average the weights, and validate and save the average")
    add("--mixed-precision", choices=get_args(Precision))
    add("--seed", type=natural, metavar="S")


def _add_upkeep(parser: argparse.ArgumentParser, positive: Callable[[str], int], natural: Callable[[str], int]) -> None:
    add = parser.add_argument_group("upkeep (may change when a training is taken up)").add_argument
    add("--checkpoint-every", type=positive, metavar="STEPS", help="default: 500")
    add("--keep-checkpoints", type=positive, metavar="N", help="default: 2")
    add("--cache-latents", dest="cache", choices=get_args(Cache), help="keep what frozen networks make of the pairs")
    add("--workers", type=natural, metavar="N", help="threads that read images ahead (default: 2)")
    add("--tracker", action="append", default=[], choices=TRACKERS, help="repeatable")


def _rows(arguments: argparse.Namespace, dataset: Callable[[argparse.Namespace], Any]) -> tuple[Any, Any]:
    """The rows to validate on and those to train on."""
    from gsi_bench_hf.train.held_out import hold_out

    count, limit = arguments.validation_samples, arguments.limit
    other = arguments.validation_subset if count else None
    here = 0 if other else count
    needed = None if limit is None else limit + (here + _SCENE_ROWS if here else 0)
    if arguments.environment is None:
        given = dataset(_with(arguments, limit=needed))
    else:
        given = _of(dataset(_with(arguments, limit=None)), arguments.environment, arguments.subset)
    held, rows = hold_out(given, here, limit)
    if other:
        # A folder that was given for the one is not one of the other.
        asked = _with(arguments, subset=other, limit=count, streaming=False, data_dir=None)
        found = dataset(asked)
        held = found.select(range(min(count, len(found))))
    return held, rows


def _of(rows: Any, environment: str, subset: str) -> Any:
    """The rows of an environment."""
    found = rows.filter(lambda name: name == environment, input_columns=["environment"])
    if hasattr(found, "__len__") and not len(found):
        raise TrainingStoppedError(
            f"{subset} has no pair of --environment {environment}; leave it out, or take another"
        )
    return found


def _train(arguments: argparse.Namespace, held: Any, rows: Any) -> Trained:
    from gsi_bench_hf.train.start import fine_tune
    from gsi_bench_hf.train.validation import Validation

    settings = {name: getattr(arguments, name) for name in _SETTINGS if getattr(arguments, name) is not None}
    making = {name: getattr(arguments, name) for name in _MAKING}
    return fine_tune(
        arguments.model,
        rows,
        out=Path(arguments.out),
        method=arguments.method,
        settings=settings | {"trackers": tuple(arguments.tracker)},
        validation=Validation(held, num_proc=arguments.num_proc) if len(held) else None,
        pixels=arguments.pixels,
        dtype=arguments.dtype,
        device=arguments.device,
        revision=arguments.revision,
        arguments=dict(arguments.recipe_arg),
        **making,
    )


def _tell(arguments: argparse.Namespace, trained: Trained) -> None:
    from gsi_bench_hf.results import METRICS, SHORT, load_results, table_line
    from gsi_bench_hf.runner import LADDER

    said = f"{arguments.model} after {trained.step} steps: {trained.model}"
    if trained.validation:
        folder = trained.folder / "validation"
        say(table_line("validation", [SHORT[name] for name in METRICS]))
        for rung in [*LADDER, *sorted(path.name for path in folder.glob("step-*"))]:
            path = folder / "ladder" / rung if rung in LADDER else folder / rung
            say(load_results(path).line(rung))
    say(said)
    lora = (trained.model / "pytorch_lora_weights.safetensors").exists()
    how = f"load_editor({arguments.model!r}, lora={os.fspath(trained.model)!r})"
    say(f"To use it: gsi_bench_hf.{how if lora else f'load_editor({os.fspath(trained.model)!r})'}")


def _join(device: str | None) -> None:
    """Have the processes meet as they are to train, before they share the rows out."""
    import torch
    from accelerate import PartialState

    PartialState(cpu=device == "cpu" or not torch.cuda.is_available())


def _with(arguments: argparse.Namespace, **changes: Any) -> argparse.Namespace:
    return argparse.Namespace(**{**vars(arguments), **changes})
