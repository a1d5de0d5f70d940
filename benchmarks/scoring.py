"""What scoring costs: edits per second, bootstrap, and locality in one pass against the released way, measured in one run.

    python benchmarks/scoring.py [--oracle tests/data/oracle] [--repeats 2]

Times are CPU seconds of this process on one thread. "The released way" is a **stand-in**, written plainly for this comparison: the
released evaluator goes over the images three times (compliance, accuracy, locality) and in each pass opens them again, builds LPIPS
again (torchvision's AlexNet is made with its classifier, and only then cut), and computes SSIM with scikit-image. Its LPIPS is the
plain one of the `lpips` package, channels first.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from skimage.metrics import structural_similarity

from gsi_bench_hf.metrics.edit_locality import Locality, paper_locality, paper_mask
from gsi_bench_hf.metrics.lpips import Lpips, load_lpips
from gsi_bench_hf.metrics.protocol_paper import score_edit
from gsi_bench_hf.metrics.scoring import SampleScore, summarise
from gsi_bench_hf.metrics.uncertainty import intervals

CONVOLUTIONS = (
    (0, 3, 64, 11, 4, 2),
    (3, 64, 192, 5, 1, 2),
    (6, 192, 384, 3, 1, 1),
    (8, 384, 256, 3, 1, 1),
    (10, 256, 256, 3, 1, 1),
)
MEAN, STD = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])


def main() -> None:
    """Run the three measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, default=Path(__file__).parents[1] / "tests" / "data" / "oracle")
    parser.add_argument("--repeats", type=int, default=2, help="how often locality is measured; the fastest counts")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    scoring(arguments.oracle)
    bootstrap()
    locality(arguments.oracle, arguments.repeats)


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of `work()`, and what it gave."""
    start_s = time.process_time()
    result = work()
    return time.process_time() - start_s, result


def scoring(oracle: Path) -> None:
    """1,000 edits under `paper`, detections given."""
    cases = json.loads(gzip.decompress((oracle / "scoring.json.gz").read_bytes()))
    cases = (cases * (1000 // len(cases) + 1))[:1000]

    def work() -> list[dict[str, float]]:
        return [
            score_edit(c["operation"], c["edit"], c["origin_detections"], c["edited_detections"], c["locality_check"])
            for c in cases
        ]

    taken_s, _ = seconds(work)
    print(f"scoring      1,000 edits: {taken_s:.3f} s ({1000 / taken_s:,.0f} edits per second)")


def bootstrap() -> None:
    """10,000 resamples of 600 samples of 200 scenes, four metrics; and a whole summary with its operations."""
    rng = np.random.default_rng(0)
    values, scenes = rng.uniform(0, 100, (600, 4)), np.repeat(np.arange(200), 3)
    taken_s, _ = seconds(lambda: intervals(values, scenes.tolist(), rng=rng))
    print(f"bootstrap    10,000 resamples of 600 samples (200 scenes) × 4 metrics: {taken_s:.3f} s")
    taken_s, _ = seconds(lambda: intervals(values, range(600), rng=rng))
    print(f"bootstrap    the same with 600 scenes: {taken_s:.3f} s")
    scores = [SampleScore(*row, None, {"locality": "ssim"}) for row in values.tolist()]
    names = ("move", "rotate", "scale")
    meta = [{"id": str(i), "operation": names[i % 3], "scene_id": int(scenes[i])} for i in range(600)]
    taken_s, _ = seconds(lambda: summarise(scores, meta, protocol="strict", rng=rng))
    print(f"bootstrap    a run's summary, four metrics and their average, over all and by operation: {taken_s:.3f} s")


def locality(oracle: Path, repeats: int) -> None:
    """Locality of the image pairs, in one pass and the released way."""
    cases = json.loads((oracle / "locality.json").read_text())
    network = load_lpips(random_trunk())
    single_s, plain_s = [], []
    for _ in range(repeats):
        taken_s, ours = seconds(lambda: [single_pass(oracle, case, network) for case in cases])
        single_s.append(taken_s / len(cases))
        taken_s, theirs = seconds(lambda: [released_way(oracle, case) for case in cases])
        plain_s.append(taken_s / len(cases))
    worst = max(
        max(abs(a.ssim - b.ssim), abs((a.lpips or 0) - (b.lpips or 0)), abs(a.mse - b.mse) / max(b.mse, 1.0))
        for a, b in zip(ours, theirs, strict=True)
    )
    print(f"locality     {len(cases)} pairs, one pass: {min(single_s):.3f} s a sample")
    print(f"locality     the released way (stand-in): {min(plain_s):.3f} s a sample")
    print(f"locality     ratio {min(plain_s) / min(single_s):.1f}, largest difference of the numbers {worst:.1e}")


def single_pass(folder: Path, case: dict[str, Any], network: Lpips) -> Locality:
    """Ours."""
    source, edited = Image.open(folder / case["source"]), Image.open(folder / case["edited"])
    return paper_locality(source, edited, case["origin_detections"], case["edited_detections"], case["edit"], network)


def released_way(folder: Path, case: dict[str, Any]) -> Locality:
    """The stand-in: three passes that share nothing."""
    for _ in range(3):
        source = Image.open(folder / case["source"]).convert("RGB")
        edited = Image.open(folder / case["edited"]).convert("RGB")
        edited = edited if edited.size == source.size else edited.resize(source.size)
        a, b = plain_image(source), plain_image(edited)
        mask = paper_mask(a.shape[:2], case["origin_detections"], case["edited_detections"], case["edit"])
        similarity = structural_similarity(a, b, channel_axis=2, data_range=b.max() - b.min(), full=True)[1][
            mask
        ].mean()
        network = load_lpips(random_trunk(as_torchvision_does=True))
        scaled = [image / 255.0 * 2.0 - 1.0 if image.max() > 1 else image * 2.0 - 1.0 for image in (a, b)]
        distance = plain_lpips(network, scaled[0], scaled[1])[mask].mean()
        result = Locality(float(similarity), float(distance), float(((a - b) ** 2)[mask].mean()))
    return result


def plain_lpips(network: Lpips, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The spatial map as the `lpips` package computes it, with the weights of `network`."""
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    x, y = (
        (torch.from_numpy(image).permute(2, 0, 1)[None] - shift[:, None, None]) / scale[:, None, None]
        for image in (a, b)
    )
    total = torch.zeros(1, 1, *a.shape[:2])
    with torch.inference_mode():
        for index, (number, _, _, _, stride, padding) in enumerate(CONVOLUTIONS):
            weight, bias = network._weights[index]
            if number in (3, 6):
                x, y = (torch.nn.functional.max_pool2d(image, 3, 2) for image in (x, y))
            x, y = (
                torch.relu(torch.nn.functional.conv2d(image.contiguous(), weight.contiguous(), bias, stride, padding))
                for image in (x, y)
            )
            one, other = (image / (image.square().sum(dim=1, keepdim=True).sqrt() + 1e-10) for image in (x, y))
            distance = torch.nn.functional.conv2d((one - other) ** 2, network._heads[index].reshape(1, -1, 1, 1))
            total = total + torch.nn.functional.interpolate(distance, a.shape[:2], mode="bilinear", align_corners=False)
    return total[0, 0].numpy()


def plain_image(image: Image.Image) -> np.ndarray:
    """The released preprocessing step by step: enlarge, crop, normalise, pad, cut, undo, swap."""
    width, height = image.size
    pixels = torch.from_numpy(np.array(image, dtype=np.float32)).permute(2, 0, 1)[None]
    size = [int(side * 896 / max(width, height) + 0.5) for side in (height, width)]
    pixels = torch.nn.functional.interpolate(pixels, size, mode="bilinear", antialias=True, align_corners=False)[0]
    top, left = size[0] % 14 // 2, size[1] % 14 // 2
    pixels = pixels[:, top : top + size[0] // 14 * 14, left : left + size[1] // 14 * 14]
    pixels = (pixels - MEAN[:, None, None]) / STD[:, None, None]
    pixels = torch.nn.functional.pad(pixels, (0, 896 - pixels.shape[2], 0, 896 - pixels.shape[1]))
    pixels = pixels[:, :height, :width] * STD[:, None, None] + MEAN[:, None, None]
    return np.ascontiguousarray(pixels.permute(1, 2, 0).numpy()[:, :, ::-1])


def random_trunk(*, as_torchvision_does: bool = False) -> dict[str, torch.Tensor]:
    """The random AlexNet of the golden values: half precision, drawn from seed 1."""
    if as_torchvision_does:
        for inputs, outputs in ((9216, 4096), (4096, 4096), (4096, 1000)):
            torch.nn.Linear(inputs, outputs)
    if not _TRUNK:
        draw = torch.Generator().manual_seed(1)
        for number, inputs, outputs, size, _, _ in CONVOLUTIONS:
            weight = torch.randn(outputs, inputs, size, size, generator=draw) * (2.0 / (inputs * size * size)) ** 0.5
            _TRUNK[f"features.{number}.weight"] = weight.half()
            _TRUNK[f"features.{number}.bias"] = (torch.randn(outputs, generator=draw) * 0.05).half()
    return _TRUNK


_TRUNK: dict[str, torch.Tensor] = {}

if __name__ == "__main__":
    main()
