"""The edits, one file each; `OPERATIONS` holds them by name."""

from gsi_bench_hf.registry import Registry
from gsi_bench_hf.synth.operations.base import OperationSpec, Proposal
from gsi_bench_hf.synth.operations.move import MOVE
from gsi_bench_hf.synth.operations.place import PLACE
from gsi_bench_hf.synth.operations.receptacle import RECEPTACLE
from gsi_bench_hf.synth.operations.remove import REMOVE
from gsi_bench_hf.synth.operations.rotate import ROTATE
from gsi_bench_hf.synth.operations.scale import SCALE
from gsi_bench_hf.synth.operations.view import VIEW

OPERATIONS: Registry[OperationSpec] = Registry("operation", "gsi_bench_hf.operations")
for _spec in (MOVE, ROTATE, SCALE, REMOVE, VIEW, PLACE, RECEPTACLE):
    OPERATIONS.add(_spec.name, _spec)

__all__ = ["OPERATIONS", "OperationSpec", "Proposal"]
