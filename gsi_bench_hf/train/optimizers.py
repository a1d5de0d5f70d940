"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any


def make_optimizer(name: str, parameters: Sequence[Any], *, learning_rate: float, weight_decay: float) -> Any:
    """A torch optimiser.

    Args:
        name: one of `OPTIMIZERS`.
        parameters: what it steps.
        learning_rate: the peak of the schedule.
        weight_decay: decoupled from the gradient.

    Raises:
        ImportError: its package is missing; says what to install.
    """
    return OPTIMIZERS[name](parameters, lr=learning_rate, weight_decay=weight_decay)


def _adamw(parameters: Sequence[Any], **arguments: Any) -> Any:
    import torch

    return torch.optim.AdamW(parameters, **arguments)


def _adamw8bit(parameters: Sequence[Any], **arguments: Any) -> Any:
    return _package("bitsandbytes.optim", "bitsandbytes", "adamw8bit").AdamW8bit(parameters, **arguments)


def _prodigy(parameters: Sequence[Any], **arguments: Any) -> Any:
    prodigy = _package("prodigyopt", "prodigyopt", "prodigy").Prodigy
    # As its authors advise for diffusion models.
    return prodigy(parameters, decouple=True, use_bias_correction=True, safeguard_warmup=True, **arguments)


def _adafactor(parameters: Sequence[Any], **arguments: Any) -> Any:
    adafactor = _package("transformers.optimization", "transformers", "adafactor").Adafactor
    return adafactor(parameters, scale_parameter=False, relative_step=False, warmup_init=False, **arguments)


def _package(module: str, package: str, optimizer: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"optimizer {optimizer!r} needs {package} ({error}); pip install {package}") from error


OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "adamw": _adamw,
    "adamw8bit": _adamw8bit,
    "prodigy": _prodigy,
    "adafactor": _adafactor,
}
