"""What a run costs beside its editor: images per second of InstructPix2Pix in batches, with and without the runner, in one process.

    python benchmarks/runner_overhead.py      a small model on the CPU; on a GPU one of Stable Diffusion 1.5's size, bf16, batch 8
    python benchmarks/runner_overhead.py --batches 12 --steps 100 --rounds 3
    python benchmarks/runner_overhead.py --waits 2.5   no model: a batch of 512 px takes so many seconds and no CPU, as on a busy GPU

Weights are random: only time is looked at. "Without" is the bare pipeline over images that lie in memory. "With" is `evaluate_editor`
from its first call to its last line on the disk: decoding the records, our wrapper around the pipeline, PNG, previews, lines. The
detector declines every sample, since scores are made in processes of their own. The two take turns, so that a slow moment of the
machine meets both; what a run costs once, at its start and for its report, is told apart. CPU seconds are this process's: on a
CPU that others use too they say more than the clock.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from PIL import Image

from gsi_bench_hf import evaluate_editor, load_editor
from gsi_bench_hf.editing import sample_seed
from gsi_bench_hf.store import SAMPLES_FILE
from gsi_bench_hf.types import Judgement, Sample, Scan, UnscorableError


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    gpu = torch.cuda.is_available()
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--batches", type=int, default=12 if gpu else 4, help="in each round")
    parser.add_argument(
        "--steps", type=int, default=100 if gpu else 30, help="denoising steps; diffusers' default is 100"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--num-proc", type=int, default=2, help="processes that score")
    parser.add_argument("--waits", type=float, metavar="SECONDS", help="of a batch, in place of a model")
    arguments = parser.parse_args()
    if not gpu:
        torch.set_num_threads(1)
    size, count = 512 if gpu or arguments.waits else 64, arguments.batches * arguments.batch_size
    pipeline = Waits(arguments.waits) if arguments.waits else instruct_pix2pix(full=gpu)
    rows = records(count, size)
    bare(pipeline, rows[: arguments.batch_size], arguments.batch_size, 2)
    alone, beside, once = [], [], []
    for _ in range(arguments.rounds):
        alone.append(bare(pipeline, rows, arguments.batch_size, arguments.steps))
        spent, besides = run(pipeline, rows, arguments)
        beside.append(spent)
        once.append(besides)
    device = torch.cuda.get_device_name() if gpu else "CPU, 1 thread"
    work = f"{arguments.waits:g} s a batch" if arguments.waits else f"{arguments.steps} steps, {pipeline.dtype}"
    print(f"{device}: {count} images of {size} px, batch {arguments.batch_size}, {work}")
    measures = (("images/s", 0),) if arguments.waits else (("images/s", 0), ("CPU s/image", 1))
    for what, index in measures:
        rates = [[count / s[index] if index == 0 else s[index] / count for s in each] for each in (alone, beside)]
        ratios = [b / a for a, b in zip(*rates, strict=True)]
        for name, values in zip(("without the runner", "with it", "with / without"), (*rates, ratios), strict=True):
            print(f"  {what:<12} {name:<19} {statistics.median(values):8.3f}   {spread(values)}")
    print(f"  once a run: {statistics.median(once):.2f} s (header, processes, results, report)")


def spread(values: Sequence[float]) -> str:
    """The rounds' values, "(1.00, 1.02)"."""
    return f"({', '.join(f'{value:.3f}' for value in values)})"


def bare(pipeline: Any, rows: Sequence[dict[str, Any]], batch_size: int, steps: int) -> tuple[float, float]:
    """Seconds of the pipeline alone, and its CPU seconds."""
    samples = [Sample(row) for row in rows]
    images = [sample.source_image for sample in samples]  # decoded before the clock starts
    seconds, cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(rows), batch_size):
        part = slice(start, start + batch_size)
        pipeline(
            image=images[part],
            prompt=[sample.instruction for sample in samples[part]],
            generator=[torch.Generator("cpu").manual_seed(sample_seed(0, sample.id)) for sample in samples[part]],
            num_inference_steps=steps,
        )
    return time.perf_counter() - seconds, time.process_time() - cpu


def run(
    pipeline: Any, rows: Sequence[dict[str, Any]], arguments: argparse.Namespace
) -> tuple[tuple[float, float], float]:
    """Seconds of a run from its first edit to its last line, CPU seconds of it all from there, and the seconds before and after."""
    given: dict[str, Any] = {}
    if not arguments.waits:
        width, height = Sample(
            rows[0]
        ).source_image.size  # by itself the wrapper has the model work at its training's size
        given = {"num_inference_steps": arguments.steps, "width": width, "height": height}
        given["batch_size"] = arguments.batch_size
    editor = _Timed(load_editor(pipeline, **given), arguments.batch_size)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begun = time.time()
        results = evaluate_editor(
            editor,
            rows,
            out=folder,
            detector=Declines(),
            judge=Declines(),
            lpips=None,
            num_proc=arguments.num_proc,
            progress=False,
        )
        ended, cpu = time.time(), time.process_time() - editor.cpu
        last_line = Path(folder, SAMPLES_FILE).stat().st_mtime
        edited = len(list(Path(folder, "edited").rglob("*.png")))
    if edited != len(rows):
        raise RuntimeError(f"{edited} of {len(rows)} samples were edited: {results}")
    return (last_line - editor.begun, cpu), ended - begun - (last_line - editor.begun)


class _Timed:
    """Notes when it is called first."""

    def __init__(self, editor: Any, batch_size: int) -> None:
        self._editor, self.batch_size, self.name = editor, batch_size, editor.name
        self.begun = self.cpu = 0.0

    def __call__(self, **call: Any) -> Any:
        self.begun, self.cpu = self.begun or time.time(), self.cpu or time.process_time()
        return self._editor(**call)


class Waits:
    """In place of a pipeline: waits, and turns the images upside down."""

    name = "waits"

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, *, image: Any, **_: Any) -> Any:
        """Wait."""
        time.sleep(self._seconds)
        return SimpleNamespace(images=[each.transpose(Image.Transpose.FLIP_TOP_BOTTOM) for each in image])


class Declines:
    """A detector and a judge that look at nothing."""

    name = "declines"

    def detect(self, sample: Sample, edited: Image.Image) -> Scan:
        """Decline."""
        raise UnscorableError("only time is measured")

    def judge(self, sample: Sample, edited: Image.Image, scan: Scan) -> Judgement:
        """Is never asked."""
        return Judgement(None)


def records(count: int, size: int) -> list[dict[str, Any]]:
    """Rows with PNG bytes, as a split of `datasets` holds them: smooth pictures with some grain."""
    rng = np.random.default_rng(0)
    rows = []
    for index in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((size, size), Image.BICUBIC)
        grain = rng.normal(0, 4, (size, size, 3))
        image = {"bytes": _png(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)), "path": None}
        box = [0.0, 0.0, 1.0, 0.1, 0.1, 0.1, 0.0]
        rows.append(
            {
                "id": f"sim-time-{index:05d}",
                "subset": "sim-time",
                "scene_id": f"s{index}",
                "operation": "move",
                "instruction": "Move the mug 15 cm to the left.",
                "source_image": image,
                "target_image": image,
                "target": {"label": "mug", "instance_id": "mug-1"},
                "edit": {"original_bbox_3d": box, "new_bbox_3d": box, "rotation_matrix": np.eye(3).tolist()},
                "camera": {"intrinsics": np.eye(3).tolist(), "world_from_camera": np.eye(4).tolist()}
                | {"width": size, "height": size},
            }
        )
    return rows


def _png(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def instruct_pix2pix(*, full: bool) -> Any:
    """A random InstructPix2Pix: of Stable Diffusion 1.5's sizes at bf16 on the GPU, or a small one at fp32 on the CPU."""
    from diffusers import (
        AutoencoderKL,
        EulerAncestralDiscreteScheduler,
        StableDiffusionInstructPix2PixPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    width, layers, text = (320, 2, 768) if full else (32, 1, 64)
    unet = UNet2DConditionModel(
        in_channels=8,
        block_out_channels=(width, 2 * width, 4 * width, 4 * width),
        layers_per_block=layers,
        cross_attention_dim=text,
    )
    vae = AutoencoderKL(
        block_out_channels=(128, 256, 512, 512) if full else (32, 32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=layers,
    )
    tokenizer = _tokenizer()
    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=text,
        intermediate_size=4 * text,
        num_hidden_layers=12 if full else 2,
        num_attention_heads=text // 64,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    pipeline = StableDiffusionInstructPix2PixPipeline(
        vae=vae,
        text_encoder=CLIPTextModel(config).eval(),
        tokenizer=tokenizer,
        unet=unet,
        scheduler=EulerAncestralDiscreteScheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to("cuda", torch.bfloat16) if full else pipeline


def _tokenizer() -> Any:
    """CLIP's, of single letters."""
    from transformers import CLIPTokenizer

    letters = [chr(number) for number in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=77)


if __name__ == "__main__":
    main()
