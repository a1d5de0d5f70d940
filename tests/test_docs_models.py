"""docs/models.md says what the registry, the paper's table and the tests say."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path

import pytest

from gsi_bench_hf.cli import _parser
from gsi_bench_hf.pipelines.families import FAMILIES, published

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "models.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE)
COMMANDS = [
    command
    for _, block in BLOCKS
    for line in block.replace("\\\n", " ").splitlines()
    for command in re.findall(r"\bgsi-bench .*", line)
]


def table(name: str) -> list[list[str]]:
    lines = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", TEXT, flags=re.DOTALL)[1].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def family_row(name: str) -> list[str]:
    family = FAMILIES[name]
    guidance = "".join(f", {key} {value:g}" for key, value in family.guidance.items())
    classes = ", ".join(f"`{c}`" for c in family.pipeline_classes)
    gated = " (gated)" if any(note.startswith("gated") for note in family.notes) else ""
    repo = f"`{family.default_repo}`{gated}"
    return [f"`{name}`", classes, repo, f"{family.steps}{guidance}", family.licence]


def tiny_families() -> set[str]:
    """The keys of `TINY`, which `test_diffusers_families.py` runs, read without importing torch."""
    source = (Path(__file__).parent / "pipelines" / "tiny_pipelines.py").read_text()
    values = {
        node.targets[0].id: node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and len(node.targets) == 1
    }
    return {key.value for key in values["TINY"].keys}


def test_every_family_has_its_row():
    assert [row[:-1] for row in table("families")] == [family_row(name) for name in FAMILIES]


def test_what_was_run_here_is_what_the_tests_run():
    claimed = {row[0].strip("`"): row[-1] for row in table("families")}
    tiny = tiny_families()
    assert {name for name, run in claimed.items() if run == "tiny, CPU"} == tiny & set(claimed)
    assert all(run.startswith("no") for name, run in claimed.items() if name not in tiny)
    systems = {row[4]: row[-1] for row in table("systems")}
    for how, run in systems.items():
        if how.startswith("family"):
            assert run == claimed[how.split("`")[1]]


def test_the_papers_systems_and_their_averages():
    printed = json.loads(Path(published.__file__).with_name("published_results.json").read_text())
    names = [model["name"] for model in printed["models"]]
    assert len(names) == 10
    subsets = printed["subsets"]
    expected = [[n, *(f"{subsets[s][n]['Avg']:.2f}" for s in ("real", "tabletop", "room"))] for n in names]
    assert [row[:4] for row in table("systems")] == expected


def test_every_system_has_a_command_or_a_section_with_one():
    anchors = {
        re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in re.findall(r"^### (.*)$", TEXT, re.MULTILINE)
    }
    for row in table("systems"):
        link = re.fullmatch(r"\[below\]\(#(.+)\)", row[5])
        editor = re.fullmatch(r"`--editor ([^`]+)`", row[5])
        assert (link and link[1] in anchors) or (editor and editor[1] in {FAMILIES[f].default_repo for f in FAMILIES})


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_parses(command):
    arguments = _parser().parse_args([word.replace("EDITOR", "paste") for word in shlex.split(command)[1:]])
    editor = getattr(arguments, "editor", "paste")
    assert editor == "paste" or editor.startswith(("http://", "https://", "chat+http"))


@pytest.mark.parametrize("code", [block for language, block in BLOCKS if language == "python"])
def test_python_compiles(code):
    compile(code, "models.md", "exec")


def test_every_linked_file_is_there():
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", TEXT)
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
