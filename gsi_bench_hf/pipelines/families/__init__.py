"""Families of editing models: what each wants to be called with, from its own documentation.

- `FAMILIES`: the registry, name -> `Family`; other packages add through the entry-point group `gsi_bench_hf.families`. What is
  trained here from nothing, and has no published weights, is not in it: `TINY`.
- `family_of(class_name, config)`: the family of a pipeline class, or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gsi_bench_hf.pipelines.families.bria import BRIA_FIBO_EDIT
from gsi_bench_hf.pipelines.families.chronoedit import CHRONOEDIT
from gsi_bench_hf.pipelines.families.flux import FLUX2, FLUX2_KLEIN, FLUX2_KLEIN_BASE, FLUX_KONTEXT
from gsi_bench_hf.pipelines.families.instruct_pix2pix import INSTRUCT_PIX2PIX, INSTRUCT_PIX2PIX_XL
from gsi_bench_hf.pipelines.families.joyimage import JOYIMAGE_EDIT
from gsi_bench_hf.pipelines.families.longcat import LONGCAT_IMAGE_EDIT
from gsi_bench_hf.pipelines.families.omnigen import OMNIGEN
from gsi_bench_hf.pipelines.families.qwen import QWEN_IMAGE_EDIT, QWEN_IMAGE_EDIT_PLUS
from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.families.tiny import TINY
from gsi_bench_hf.pipelines.families.ultraedit import ULTRAEDIT
from gsi_bench_hf.registry import Registry

__all__ = ["FAMILIES", "TINY", "Family", "family_of"]

FAMILIES: Registry[Family] = Registry("model family", "gsi_bench_hf.families")

for _family in (
    INSTRUCT_PIX2PIX,
    INSTRUCT_PIX2PIX_XL,
    QWEN_IMAGE_EDIT,
    QWEN_IMAGE_EDIT_PLUS,
    FLUX_KONTEXT,
    FLUX2,
    FLUX2_KLEIN,  # before the base: it names a config that the base does not
    FLUX2_KLEIN_BASE,
    OMNIGEN,
    LONGCAT_IMAGE_EDIT,
    JOYIMAGE_EDIT,
    CHRONOEDIT,
    BRIA_FIBO_EDIT,
    ULTRAEDIT,
):
    FAMILIES.add(_family.name, _family)
del _family


def family_of(class_name: str, config: Mapping[str, Any] | None = None) -> Family | None:
    """The family of a pipeline class.

    Args:
        class_name: as `model_index.json` has it, "FluxKontextPipeline".
        config: the pipeline's config, which tells families of one class apart.

    Returns:
        The family, or None for a class that no family names.
    """
    config = config or {}
    for family in (*(FAMILIES[name] for name in FAMILIES), TINY):
        if class_name in family.pipeline_classes and all(config.get(k) == v for k, v in family.config.items()):
            return family
    return None
