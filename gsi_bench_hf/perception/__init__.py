"""What looks at an image: detectors, which find objects in 3D, and judges, which say how well the target kept its looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gsi_bench_hf.registry import Registry
from gsi_bench_hf.types import Detector, Judge, Sample

__all__ = ["DETECTORS", "JUDGES", "default_detector", "default_judge", "load_detector", "load_judge"]

DETECTORS: Registry[Callable[..., Detector]] = Registry("detector", "gsi_bench_hf.detectors")
JUDGES: Registry[Callable[..., Judge]] = Registry("judge", "gsi_bench_hf.judges")


def _scene_fit(**kwargs: Any) -> Detector:
    """Explains the edited image by rendering its scene; for records that carry one."""
    from gsi_bench_hf.perception.scene_fit import SceneFit

    return SceneFit(**kwargs)


def _cached_detector(**kwargs: Any) -> Detector:
    """Detections from a file, the released evaluator's among them."""
    from gsi_bench_hf.perception.cached import CachedDetector

    return CachedDetector(**kwargs)


def _detany3d(**kwargs: Any) -> Detector:
    """DetAny3D, as the paper used it, from a checkout and weights of your own; for photographs."""
    from gsi_bench_hf.perception.detany3d import DetAny3D

    return DetAny3D(**kwargs)


def _lifting(**kwargs: Any) -> Detector:
    """Finds boxes by name, cuts out masks, measures depth with models of the Hub, and lifts to 3D; for photographs."""
    from gsi_bench_hf.perception.lifting import LiftingDetector

    return LiftingDetector(**kwargs)


def _render_compare(**kwargs: Any) -> Judge:
    """Compares the target with its render where it was found; for records that carry a scene."""
    from gsi_bench_hf.perception.render_compare import RenderCompare

    return RenderCompare(**kwargs)


def _cached_judge(**kwargs: Any) -> Judge:
    """Judgements from a file, the released evaluator's among them."""
    from gsi_bench_hf.perception.cached import CachedJudge

    return CachedJudge(**kwargs)


def _chat(**kwargs: Any) -> Judge:
    """Asks a model behind an endpoint of chat completions: url= or provider=, model=, rubric=, repeats=, …"""
    from gsi_bench_hf.perception.chat.endpoint import ChatJudge

    return ChatJudge(**kwargs)


def _local(**kwargs: Any) -> Judge:
    """Asks an image-text-to-text model of transformers in this process: model=, revision=, rubric=, …"""
    from gsi_bench_hf.perception.chat.local import LocalJudge

    return LocalJudge(**kwargs)


DETECTORS.add("scene-fit", _scene_fit)
DETECTORS.add("cached", _cached_detector)
DETECTORS.add("lifting", _lifting)
DETECTORS.add("detany3d", _detany3d)
JUDGES.add("render-compare", _render_compare)
JUDGES.add("cached", _cached_judge)
JUDGES.add("chat", _chat)
JUDGES.add("local", _local)


def load_detector(name: str, **kwargs: Any) -> Detector:
    """A detector by name.

    Args:
        name: one of `DETECTORS`.
        kwargs: for its constructor: "cached" needs `path=`, "detany3d" `checkout=`, "lifting" takes `boxes=`, `masks=`, `depth=`,
            and "scene-fit" `renderer=`.

    Raises:
        UnknownNameError: no such detector; the message suggests one.
    """
    return DETECTORS[name](**kwargs)


def load_judge(name: str, **kwargs: Any) -> Judge:
    """A judge by name.

    Args:
        name: one of `JUDGES`.
        kwargs: for its constructor: "cached" needs `path=`, "chat" `url=` or `provider=`, "local" `model=`, and
            "render-compare" takes `renderer=`.

    Raises:
        UnknownNameError: no such judge; the message suggests one.
    """
    return JUDGES[name](**kwargs)


def default_detector(sample: Sample) -> str:
    """The name of the detector for a record: "scene-fit" where its scene is known.

    Raises:
        ValueError: the scene isn't known, and no detector can be chosen without being told.
    """
    return _default(sample, "detector", "scene-fit")


def default_judge(sample: Sample) -> str:
    """The name of the judge for a record: "render-compare" where its scene is known.

    Raises:
        ValueError: the scene isn't known, and no judge can be chosen without being told.
    """
    return _default(sample, "judge", "render-compare")


def _default(sample: Sample, what: str, name: str) -> str:
    if sample.scene is None:
        option = {"detector": "detections", "judge": "judgements"}[what]
        or_ask = {
            "detector": ", or let a model look: detector 'lifting' (models of the Hub) or 'detany3d' (docs/photographs.md)",
            "judge": ", or ask a model: judge 'chat' or 'local' (docs/judges.md)",
        }[what]
        raise ValueError(
            f"record {sample.id} of {sample.subset!r} has no scene, so {name!r} can't look at it; "
            f"give {what}='cached' with a file of {option} (load_{what}('cached', path=...), --{option} FILE){or_ask}"
        )
    return name
