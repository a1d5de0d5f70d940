"""ChronoEdit."""

from __future__ import annotations

from gsi_bench_hf.pipelines.families.spec import Family
from gsi_bench_hf.pipelines.resolution import Resolution

CHRONOEDIT = Family(
    name="chronoedit",
    what="ChronoEdit, a video model whose last frame is the edit",
    pipeline_classes=("ChronoEditPipeline",),
    default_repo="nvidia/ChronoEdit-14B-Diffusers",
    steps=50,
    guidance={"guidance_scale": 5.0},
    resolution=Resolution(multiple=16, pixels=720 * 1280, rounding="down"),
    extra_arguments={"num_frames": 5, "enable_temporal_reasoning": False, "num_temporal_reasoning_steps": 0},
    float32_parts=("vae", "image_encoder"),
    output="frames",
    licence="NVIDIA Open Model License",
    citation="""@misc{wu2025chronoedit,
  title = {{ChronoEdit}: Towards Temporal Reasoning for Image Editing and World Simulation},
  author = {Wu, Jay Zhangjie and Ren, Xuanchi and Shen, Tianchang and others},
  year = {2025},
  eprint = {2510.04290},
  archivePrefix = {arXiv}
}""",
    card_template="chronoedit.md.jinja",
    notes=(
        "temporal reasoning is off unless asked for: enable_temporal_reasoning, num_temporal_reasoning_steps, num_frames",
    ),
)
