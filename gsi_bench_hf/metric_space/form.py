"""The form of a metric's Space."""

from __future__ import annotations

import math
import random
from typing import Any

from PIL import Image

from gsi_bench_hf.data.subsets import SUBSETS
from gsi_bench_hf.metric_space.scoring import CONFIGS, Verdict, score, show
from gsi_bench_hf.model_card.page import escape
from gsi_bench_hf.registration_evaluate import MODULES
from gsi_bench_hf.registry import did_you_mean
from gsi_bench_hf.report.cards import TITLES

Outcome = tuple[Image.Image, str, Image.Image, str]


class MissingGradioError(ImportError):
    """The form needs a package that is not installed."""


def launch(name: str, **options: Any) -> Any:
    """Serve the form of an `evaluate` module; `options` are those of gradio's `launch`.

    Raises:
        MissingGradioError: gradio is not installed.
        ValueError: no such module.
    """
    return make_form(name).launch(**options)


def make_form(name: str) -> Any:
    """The form, a `gradio.Blocks`, not served yet.

    Args:
        name: of the module, such as "gsi_spatial_accuracy".

    Raises:
        MissingGradioError: gradio is not installed.
        ValueError: no such module.
    """
    if name not in MODULES:
        hint = did_you_mean(name, MODULES)
        raise ValueError(f"the metric is {name!r}.{hint} Known: {', '.join(MODULES)}")
    try:
        import gradio
    except ModuleNotFoundError as error:
        raise MissingGradioError("the form of a metric needs gradio; pip install gradio") from error
    title = "GSI-Bench" if name == "gsi_bench" else f"GSI-Bench: {TITLES[name.removeprefix('gsi_')].lower()}"
    with gradio.Blocks(title=title) as form:
        gradio.Markdown(f"# {title}\n{_how(name)}")
        with gradio.Row():
            config = gradio.Dropdown(list(CONFIGS), value=CONFIGS[0], label="Config")
            number = gradio.Number(0, precision=0, minimum=0, label="Number of the edit")
            seed = gradio.Number(0, precision=0, minimum=0, label="Seed of the world (0 is the benchmark)")
        with gradio.Row():
            shown = gradio.Button("Show this edit", variant="primary")
            another = gradio.Button("Another one")
        instruction = gradio.Textbox(label="Instruction", interactive=False)
        with gradio.Row():
            source = gradio.Image(type="pil", format="png", label="Before: give this to your model", interactive=False)
            edited = gradio.Image(type="pil", format="png", label="After: what your model made of it")
            target = gradio.Image(type="pil", format="png", label="A perfect edit", interactive=False)
        scored = gradio.Button("Score the pair", variant="primary")
        verdict = gradio.Markdown()
        edit = [config, number, seed]
        shown.click(_told(_shown), edit, [source, instruction, target, verdict], api_name="show")
        another.click(_told(_another), config, [number, source, instruction, target, verdict], api_name=False)
        scored.click(_told(_scoring(name)), [*edit, edited], [source, instruction, target, verdict], api_name="score")
    return form


def verdict_text(verdict: Verdict) -> str:
    """A verdict as Markdown: each metric's number, what could not be scored and why, and what the numbers are."""
    rows = [
        f"| {TITLES[name]} | **{'–' if math.isnan(value) else f'{value:.1f}'}** |"
        for name, value in verdict.values.items()
    ]
    reason = f"\n\nNot scored: {escape(verdict.reason)}." if verdict.reason else ""
    what = f"Of 100, protocol {verdict.protocol}, locality by {verdict.locality.upper()}; a score of GSI-Sim."
    return "\n".join(["| metric | this edit |", "|---|---|", *rows]) + f"{reason}\n\n{what}"


def _shown(config: str, number: int, seed: int) -> Outcome:
    edit = show(config, number, seed)
    return edit.source, edit.instruction, edit.target, ""


def _another(config: str) -> tuple[Any, ...]:
    number = random.SystemRandom().randrange(SUBSETS[config].num_rows)
    return (number, *_shown(config, number, 0))


def _scoring(name: str) -> Any:
    def pair(config: str, number: int, seed: int, edited: Image.Image | None) -> Outcome:
        edit = show(config, number, seed)
        return edit.source, edit.instruction, edit.target, verdict_text(score(name, edit, edited))

    return pair


def _told(function: Any) -> Any:
    """The function with its errors shown in the form, in their own words."""
    import functools

    import gradio

    @functools.wraps(function)
    def told(*values: Any) -> Any:
        try:
            return function(*values)
        except ValueError as error:
            raise gradio.Error(str(error), print_exception=False) from error

    return told


def _how(name: str) -> str:
    what = "all four metrics" if name == "gsi_bench" else "this metric"
    return (
        f"Takes one edit of the simulator's, whose truth is known in 3D, and says what {what} make{'s' * (name != 'gsi_bench')} of "
        "an image of yours: pick an edit, have your model carry it out, put its image in the middle, and score the pair.\n\n"
        f'In Python: `evaluate.load("{name}").compute(predictions=images, references=rows)`.'
    )
