"""Bria Fibo Edit."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

_SIZES = (
    (832, 1248),
    (880, 1184),
    (912, 1136),
    (1024, 1024),
    (1136, 912),
    (1184, 880),
    (1216, 848),
    (1248, 832),
    (1264, 816),
    (1296, 800),
    (1360, 768),
)

BRIA_FIBO_EDIT = Family(
    name="bria-fibo-edit",
    what="Bria Fibo Edit",
    pipeline_classes=("BriaFiboEditPipeline",),
    default_repo="briaai/Fibo-Edit-1.5-base",
    steps=30,
    guidance={"guidance_scale": 5.0},
    checkpoints={"briaai/Fibo-Edit-1.5-turbo": {"num_inference_steps": 4, "guidance_scale": 1.0}},
    resolution=Resolution(multiple=16, sizes=_SIZES),
    # It takes JSON that a vision-language model writes; the plain instruction is the one field that it asks for.
    prompt_key="edit_instruction",
    licence="CC-BY-NC-4.0",
    citation="""@misc{bria2026fiboedit,
  title = {{FIBO-Edit}},
  author = {{Bria AI}},
  year = {2026},
  howpublished = {https://huggingface.co/briaai/Fibo-Edit-1.5-base}
}""",
    card_template="bria_fibo_edit.md.jinja",
    notes=(
        "gated on the Hub: accept its licence there and log in",
        "its authors have a vision-language model write the whole JSON prompt; to do as they do, give prompt_rewriter=",
    ),
)
