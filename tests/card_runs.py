"""Runs to make cards of, over coloured squares, and what a reader sees in a card."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import tiny
from markdown_it import MarkdownIt

from gsi_bench_hf.pipelines.families import FAMILIES

HOSTILE = "Move the | <script>x</script> `square` *14* $$1$$ 14 pixels."
COUNT = 9


class Editor(tiny.Mover):
    """The mover under another name; it fails on one sample, with a message that tries to be a table."""

    def __init__(self, name: str, off_px: int, **provenance: Any) -> None:
        super().__init__(off_px)
        self.name, self._provenance = name, provenance

    def provenance(self) -> dict[str, Any]:
        return {"name": self.name, **self._provenance}

    def __call__(self, *, sample: Any, **kwargs: Any) -> tiny.Output:
        if self.name == "mine" and sample.id.endswith("4"):
            raise RuntimeError("out of | memory *here*")
        return super().__call__(sample=sample, **kwargs)


def rows(subset: str = "sim-tiny") -> list[dict[str, Any]]:
    made = [tiny.row(index, instruction=HOSTILE if index == 0 else None) for index in range(COUNT)]
    return [{**row, "subset": subset} for row in made]


def run(out: Path, editor: Any, **options: Any) -> Path:
    tiny.run(editor, options.pop("rows", None) or rows(), out, progress=False, **options)
    return out


def pipeline(name: str, checkpoint: str, **facts: Any) -> Editor:
    """An editor that tells of itself what a wrapped pipeline does."""
    spec = FAMILIES[name]
    told = {
        "family": name,
        "pipeline_class": spec.pipeline_classes[0] if spec.pipeline_classes else "Other",
        "checkpoint": checkpoint,
        "revision": "0" * 40,
        "dtype": "bfloat16",
        "lora": [],
        "arguments": spec.arguments(checkpoint),
        "resolution": {"multiple": 16, "pixels": 262144},
        "assumptions": [],
    }
    return Editor(checkpoint, 5, **{**told, **facts})


def tables(text: str) -> list[list[list[str]]]:
    """The tables that a reader of the Markdown sees, as rows of cells."""
    html = MarkdownIt("commonmark").enable("table").render(text)
    return [
        [
            [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", line)]
            for line in re.findall(r"<tr>(.*?)</tr>", table, flags=re.DOTALL)
        ]
        for table in re.findall(r"<table>(.*?)</table>", html, flags=re.DOTALL)
    ]
