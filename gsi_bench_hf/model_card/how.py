"""Which arguments made a run's scores, and the command that makes them again."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from gsi_bench_hf.durable import leaves
from gsi_bench_hf.model_card.metadata import checkpoint_of, full_size
from gsi_bench_hf.results import Results
from gsi_bench_hf.types import is_simulated

_NAMED = ("python:", "inference:", "http://", "https://", "chat+http")
_LOADING = (
    *("revision", "variant", "dtype", "quantization", "compile", "attention", "custom_pipeline", "prompt_rewriter"),
    *("model", "provider", "size", "prompt_template"),
)
_PLAIN = {"size": "auto", "prompt_template": "{prompt}"}
_MORE = {"detector": ("detector_repeats", "second_detector"), "judge": ("rubric",)}
"""Options of the command that a score hangs on besides a tool's name and arguments."""
_ASKED = {"model": None, "revision": None, "temperature": 0.0, "max_tokens": 1024, "seed": 0, "repeats": 1}
"""What a judge tells of how it asks, with what needs not be said."""
_RUBRIC = "appearance"
_PROVIDER = re.compile(r"Hugging Face Inference \((.+)\)")
_DIGEST = "sha256:"
"""What the revision of a folder begins with: a digest of its files, and no commit of the Hub."""
_HOST = re.compile(r"http://[^/\s]+")
_PATH = re.compile(r"(?<![\w/.…])~?/(?!/)[^\s'\"<>|:;,()]*/([^\s/'\"<>|:;,()]+)")
_SAID_ELSEWHERE = ("gsi-bench-hf", "folder", "libraries")
_LONGEST = 200
_LINE = 60


def argument_rows(results: Results) -> list[tuple[str, str]]:
    """(name, value) of everything that decides the scores, and what it ran on, as `run.json` has it, nested names joined by dots.

    Of a path on the machine of the run only the last part is shown.
    """
    run = results.run
    arguments = {k: v for k, v in run["arguments"].items() if k not in _SAID_ELSEWHERE}
    arguments["environment"] = {k: v for k, v in run.get("environment", {}).items() if k not in _SAID_ELSEWHERE}
    return [(name, _shown(value)) for name, value in leaves(arguments) if value not in (None, "", [], {})]


def version_rows(results: Results) -> list[tuple[str, str]]:
    """(package, version) of what the run was made with."""
    ours = {"gsi-bench-hf": results.run["arguments"]["gsi-bench-hf"], "Python": results.run.get("python")}
    return [(name, str(version)) for name, version in {**ours, **results.run.get("packages", {})}.items() if version]


def command(results: Results, repo_id: str | None = None) -> str | None:
    """The shell command of a run like this one; None for an editor that has no name on the command line."""
    arguments, run = results.run["arguments"], results.run
    editor = editor_name(run, repo_id)
    if editor is None:
        return None
    words = ["gsi-bench", "run", "--subset", results.subset, "--editor", editor]
    for name, value in editor_arguments(run).items():
        words += ["--editor-arg", _pair(name, value)]
    words += ["--protocol", results.protocol, *_tool(run, "detector"), *_tool(run, "judge")]
    limit, whole = run.get("limit") or results.counts["samples"], full_size(results.subset)
    if limit != whole:
        words += ["--limit", str(limit)]
    words += ["--seed", str(arguments["seed"]), "--out", "RUN"]
    seed = arguments["dataset"]["seed"]
    if is_simulated(results.subset) and seed:
        count = ["--num-samples", str(results.counts["samples"])]
        build = ["gsi-bench", "build", results.subset, *count, "--seed", str(seed), "--out", "DATA"]
        return f"{_wrapped(build)}\n{_wrapped([*words, '--data-dir', 'DATA'])}"
    return _wrapped(words)


def _tool(run: Mapping[str, Any], which: str) -> list[str]:
    """The words that choose a run's detector or judge; none for one that has no name on the command line.

    Those of the command that began the run; of a run begun from Python, what its judge tells of itself.
    """
    given, used = run.get("command") or {}, run["arguments"][which]
    file = given.get({"detector": "detections", "judge": "judgements"}[which])
    name = "cached" if file else given.get(which, "auto")
    if name != "auto":
        words = [f"--{which}", name]
        pairs = [*given.get(f"{which}_arg", ()), *([("path", file)] if file else ())]
        words += [word for key, value in pairs for word in (f"--{which}-arg", _pair(key, value))]
        words += [
            word for key in _MORE[which] if (value := given.get(key)) for word in (_option(key), public(str(value)))
        ]
        second = given.get("second_detector_arg", ()) if which == "detector" else ()
        return words + [word for key, value in second for word in ("--second-detector-arg", _pair(key, value))]
    if isinstance(used, str):
        return [f"--{which}", used]
    return _told_judge(used) if which == "judge" else []


def _told_judge(used: Mapping[str, Any]) -> list[str]:
    """The words for a judge that says by whom, how and by which rubric it asks."""
    rubric = used.get("rubric")
    if not isinstance(rubric, Mapping):
        return []
    asked = {key: used[key] for key, plain in _ASKED.items() if key in used and used[key] != plain}
    if where := used.get("endpoint"):
        provider = _PROVIDER.fullmatch(where)
        asked = {**({"provider": provider[1]} if provider else {"url": where}), **asked}
    words = [
        word
        for key, value in {**asked, **(used.get("arguments") or {})}.items()
        for word in ("--judge-arg", _pair(key, value))
    ]
    return ["--judge", str(used["name"]), *words, *(["--rubric", rubric["name"]] if rubric["name"] != _RUBRIC else [])]


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _pair(name: str, value: Any) -> str:
    """An argument as NAME=VALUE, quoted where it would be read as something else than text; nobody's paths and hosts."""
    if not isinstance(value, str):
        return f"{name}={json.dumps(value)}"
    text = public(value)
    try:
        json.loads(text)
    except ValueError:
        return f"{name}={text}"
    return f"{name}={json.dumps(text)}"


def editor_name(run: Mapping[str, Any], repo_id: str | None = None) -> str | None:
    """What `load_editor` calls a run's editor; None for one that has no name anywhere else.

    Args:
        run: the content of `run.json`.
        repo_id: where the card goes, and with it a pipeline that was loaded from a folder.
    """
    from gsi_bench_hf.pipelines import EDITORS

    editor = run["arguments"]["editor"]
    name = str(editor["name"])
    if name.startswith("folder:"):
        return "folder:DIR"
    if len(editor.get("lora") or ()) > 1 or editor.get("replaced"):
        return None
    if any(isinstance(value, Mapping) for value in editor_arguments(run).values()):
        return None
    if name in EDITORS or name.startswith(_NAMED):
        return public(name)
    if editor.get("revision", "").startswith(_DIGEST):
        return repo_id or f"path/to/{editor['checkpoint']}"
    return checkpoint_of(editor)


def editor_arguments(run: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of `load_editor` for a run's editor.

    Those of the command that began the run; of a run begun from Python, how the editor was loaded and what it was called with.
    """
    if (given := run.get("command")) and "editor_arg" in given:
        found = {**({"dtype": given["dtype"]} if given.get("dtype") else {}), **dict(given["editor_arg"])}
    else:
        found = _told(run["arguments"]["editor"])
    return {name: public(value) if isinstance(value, str) else value for name, value in found.items()}


def _told(editor: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that an editor tells of itself."""
    loading = {name: editor[name] for name in _LOADING if editor.get(name) not in (None, False, _PLAIN.get(name))}
    if str(loading.get("revision")).startswith(_DIGEST):
        del loading["revision"]
    for lora in editor.get("lora") or ():
        loading["lora"] = lora["source"]
        loading |= {f"lora_{key}": lora[key] for key in ("weight_name", "scale") if lora.get(key) is not None}
    return {**loading, **_pixels(editor), **(editor.get("arguments") or {})}


def _pixels(editor: Mapping[str, Any]) -> dict[str, int]:
    """The `pixels` that a pipeline was loaded with, where they are not its family's."""
    from gsi_bench_hf.pipelines.families import FAMILIES

    family, pixels = editor.get("family"), (editor.get("resolution") or {}).get("pixels")
    own = FAMILIES[family].resolution.pixels if isinstance(family, str) and family in FAMILIES else None
    return {} if pixels in (None, own) else {"pixels": pixels}


def public(text: str) -> str:
    """A text without what is nobody's business: of a path only its last part, of a plain http address no host.

    >>> public("looked for /home/me/edits/1.png at http://10.0.0.7:8000/v1, as https://hf.co/a/b says")
    'looked for …/1.png at http://HOST/v1, as https://hf.co/a/b says'
    """
    return _PATH.sub(r"…/\1", _HOST.sub("http://HOST", text))


def _wrapped(words: Sequence[str]) -> str:
    """A shell command on lines that fit a page, broken before options."""
    lines = [""]
    for word in words:
        quoted = shlex.quote(word)
        if word.startswith("--") and len(lines[-1]) > _LINE:
            lines.append(quoted)
        else:
            lines[-1] = f"{lines[-1]} {quoted}".strip()
    return " \\\n  ".join(lines)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(part) for part in value)
    text = public(str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
