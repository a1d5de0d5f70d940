"""The tiny editor, which `gsi-bench train --model tiny` makes."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

TINY = Family(
    name="tiny",
    what="the tiny editor, trained here from nothing: for tests, tutorials and CPUs",
    pipeline_classes=("TinyEditPipeline",),
    default_repo="",
    steps=4,
    guidance={},
    # It works at its own size and leaves the source at its size: what it does not change stays as it is.
    resolution=Resolution(multiple=1),
    dtype="float32",
    licence="Apache-2.0",
    citation="",
    takes_size=False,
    batches=True,
    implementation="gsi_bench_hf.train.tiny.pipeline:TinyEditPipeline",
    notes=("a few million weights that know GSI-Sim and nothing else: it is to show the way, not to edit photographs",),
)
