"""Checkpoints: everything that the next step hangs on, in safetensors and JSON; whole or not there at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from gsi_bench_hf.durable import clear_errors, sync_folder, write_atomic

_STATE = "state.json"
_TENSOR = "__tensor__"
Named = Mapping[str, torch.Tensor]


def save_checkpoint(folder: Path, step: int, tensors: Mapping[str, Any], state: Mapping[str, Any], keep: int) -> Path:
    """Write a checkpoint.

    Args:
        folder: of the checkpoints.
        step: how many steps are done.
        tensors: file name without ending -> a tree of mappings and lists with tensors in it, such as a state dict.
        state: more, JSON.
        keep: so many of the latest stay, this one among them.

    Raises:
        RunFolderError: when it can't be written; those before it are still there.
    """
    beside, path = folder / f".step-{step:08d}.tmp", folder / f"step-{step:08d}"
    with clear_errors(path):
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        trees = {}
        for name, tree in tensors.items():
            found: dict[str, torch.Tensor] = {}
            trees[name] = _taken_out(tree, name, found)
            _write(beside / f"{name}.safetensors", found)
        write_atomic(beside / _STATE, json.dumps({**state, "step": step, "trees": trees}).encode())
        if path.exists():
            shutil.rmtree(path)
        beside.rename(path)
        sync_folder(folder)
        for old in checkpoints(folder)[:-keep]:
            shutil.rmtree(old)
    return path


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints of a folder, the latest last."""
    return sorted(path for path in folder.glob("step-*") if path.name[5:].isdigit())


def load_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `save_checkpoint` was given: the trees with their tensors on the CPU, and the state with its "step"."""
    state = json.loads((path / _STATE).read_bytes())
    trees = {name: _put_in(tree, load_file(path / f"{name}.safetensors")) for name, tree in state.pop("trees").items()}
    return trees, state


def _write(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file({name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}, path)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _taken_out(tree: Any, path: str, found: dict[str, torch.Tensor]) -> Any:
    """The tree in JSON, its tensors put into `found` under the names that stand for them."""
    if isinstance(tree, torch.Tensor):
        found[path] = tree
        return {_TENSOR: path}
    if isinstance(tree, Mapping):
        # As pairs, since the keys of optimisers' states are numbers.
        return {"items": [[key, _taken_out(value, f"{path}.{key}", found)] for key, value in tree.items()]}
    if isinstance(tree, (list, tuple)):
        return [_taken_out(value, f"{path}.{i}", found) for i, value in enumerate(tree)]
    return tree


def _put_in(tree: Any, found: Named) -> Any:
    if isinstance(tree, list):
        return [_put_in(value, found) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if _TENSOR in tree:
        return found[tree[_TENSOR]]
    return {key: _put_in(value, found) for key, value in tree["items"]}
