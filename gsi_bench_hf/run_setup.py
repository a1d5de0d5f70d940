"""What a run starts with: the options made definite, and the content of `run.json`."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from gsi_bench_hf.assess import Pool, Tools
from gsi_bench_hf.edit_queue import Way
from gsi_bench_hf.pipelines import is_bare_pipeline, load_editor
from gsi_bench_hf.pipelines.provenance import versions_of
from gsi_bench_hf.ranks import Ranks
from gsi_bench_hf.records import Records, fingerprint
from gsi_bench_hf.store import FORMAT
from gsi_bench_hf.types import Detector, Judge, Protocol_, Sample

_PACKAGES = (
    "numpy",
    "pillow",
    "scipy",
    "opencv-python-headless",
    "scikit-image",
    "datasets",
    "mujoco",
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "peft",
    "huggingface_hub",
    "bitsandbytes",
    "torchao",
)


class RunStoppedError(Exception):
    """A run can't start or can't go on; the message says why and how to mend it. What is finished stays finished."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What runs on the same samples share; see `evaluate_editor`."""

    tools: Tools
    seed: int
    timeout_s: float
    retry_failed: bool
    progress: bool
    notes: tuple[str, ...]
    ranks: Ranks = dataclasses.field(default_factory=Ranks)
    origin: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def loaded_editor(editor: Any) -> Any:
    """An editor, or the one of that name; a bare diffusers pipeline is wrapped."""
    if isinstance(editor, str) or is_bare_pipeline(editor):
        return load_editor(editor)
    if not callable(editor):
        raise RunStoppedError(
            f"editor is {type(editor).__name__}, expected something to call, or a name for load_editor"
        )
    return editor


@contextmanager
def closing(editor: Any) -> Iterator[Any]:
    """The editor, which is closed at the end where it was only a name."""
    loaded = loaded_editor(editor)
    try:
        yield loaded
    finally:
        if loaded is not editor and callable(close := getattr(loaded, "close", None)):
            close()


def way_to_call(editor: Any, options: Options) -> Way:
    """How an editor says it can be called.

    Raises:
        RunStoppedError: for numbers that are none.
    """
    numbers = {}
    for what in ("batch_size", "concurrency"):
        number = getattr(editor, what, None) or 1
        if not isinstance(number, int) or number < 1:
            raise RunStoppedError(
                f"{what} of editor {name_of(editor)!r} is {number!r}, expected a whole number, 1 or more"
            )
        numbers[what] = number
    in_caller_thread = bool(getattr(editor, "needs_sample", False)) and numbers["concurrency"] == 1
    return Way(**numbers, in_caller_thread=in_caller_thread, timeout_s=options.timeout_s)


def resolve_options(
    records: Records,
    *,
    protocol: str = "auto",
    detector: str | Detector = "auto",
    judge: str | Judge = "auto",
    seed: int = 0,
    timeout_s: float = 600.0,
    lpips: str | None = "auto",
    retry_failed: bool = False,
    progress: bool = True,
    ranks: Ranks | None = None,
    origin: Mapping[str, Any] | None = None,
) -> Options:
    """`evaluate_editor`'s options, with what "auto" means for these records.

    Raises:
        RunStoppedError: for what no run can start with.
    """
    if not timeout_s > 0:
        raise RunStoppedError(f"timeout_s is {timeout_s!r}, expected a number of seconds above 0")
    if seed < 0:
        raise RunStoppedError(f"seed is {seed!r}, expected 0 or more")
    sample = Sample(records.first)
    chosen = _protocol(protocol, sample)
    backbone, notes = _lpips(lpips, chosen)
    tools = Tools(_detector(detector, sample), _judge(judge, sample), chosen, backbone)
    ranks = ranks or Ranks()
    progress = progress and ranks.rank == 0
    return Options(tools, seed, timeout_s, retry_failed, progress, notes, ranks, origin or {})


def _protocol(protocol: str, sample: Sample) -> Protocol_:
    from gsi_bench_hf.metrics.scoring import resolve_protocol

    try:
        return resolve_protocol(protocol, sample)
    except ValueError as error:
        raise RunStoppedError(str(error)) from error


def _detector(detector: str | Detector, sample: Sample) -> str | Detector:
    if detector != "auto":
        return detector
    from gsi_bench_hf.perception import default_detector

    name: str = default_detector(sample)
    return name


def _judge(judge: str | Judge, sample: Sample) -> str | Judge:
    if judge != "auto":
        return judge
    from gsi_bench_hf.perception import default_judge

    name: str = default_judge(sample)
    return name


def _lpips(lpips: str | None, protocol: Protocol_) -> tuple[str | None, tuple[str, ...]]:
    """The backbone's name, which other processes build it from too, and the notes of the run."""
    from gsi_bench_hf.metrics.lpips import LpipsUnavailableError, choose_lpips

    try:
        choice = choose_lpips(lpips, protocol)
    except LpipsUnavailableError as error:
        raise RunStoppedError(str(error)) from error
    return choice.backbone, () if choice.reason is None else (choice.reason,)


def keep_replies(judge: str | Judge, out: Path, ranks: Ranks) -> None:
    """Let a judge that is paid by the question keep its replies in the run folder, and ask nothing that is answered there."""
    if callable(keep_in := getattr(judge, "keep_in", None)):
        keep_in(out, ranks.rank)


def make_pool(tools: Tools, num_proc: int) -> Pool:
    """The processes that score."""
    if num_proc < 1:
        raise RunStoppedError(f"num_proc is {num_proc!r}, expected 1 or more")
    return Pool(tools, num_proc)


def header(editor: Any, records: Records, options: Options, way: Way) -> dict[str, Any]:
    """The content of `run.json`; `arguments` are what a folder can't be taken up again without."""
    described = _described(editor)
    environment = described.pop("environment", {})
    sample, tools = Sample(records.first), options.tools
    provenance = sample.row.get("provenance") or {}
    return {
        "format": FORMAT,
        "arguments": {
            "gsi-bench-hf": versions_of(["gsi-bench-hf"]).get("gsi-bench-hf"),
            "editor": described,
            "dataset": {
                "subset": sample.subset,
                "generator": provenance.get("generator"),
                "version": provenance.get("version"),
                "seed": provenance.get("seed"),
                "fingerprint": _first_fingerprint(sample),
            },
            "protocol": tools.protocol,
            "detector": tools.detector if isinstance(tools.detector, str) else _described(tools.detector),
            "judge": tools.judge if isinstance(tools.judge, str) else _described(tools.judge),
            "lpips": tools.lpips,
            "seed": options.seed,
        },
        "limit": records.limit,
        "timeout_s": options.timeout_s,
        "batch_size": way.batch_size,
        "concurrency": way.concurrency,
        "processes": options.ranks.count,
        "environment": environment,
        "notes": list(options.notes),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "continued": 0,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": versions_of(_PACKAGES),
        **options.origin,
    }


def _first_fingerprint(sample: Sample) -> str | None:
    """That of the first record; every record's own stands in its line and is compared too."""
    try:
        return fingerprint(sample)
    except Exception:  # noqa: BLE001 - a broken image: its sample will fail and say why
        return None


def name_of(thing: Any) -> str:
    """What an editor, a detector or a judge is called in reports."""
    name = getattr(thing, "name", None) or getattr(thing, "__name__", None)
    return str(name or type(thing).__name__)


def _described(thing: Any) -> dict[str, Any]:
    """What names an editor, detector or judge. Arguments are read off our own; another may carry a dict `arguments`.

    An editor with `provenance()` says it all itself.
    """
    described: dict[str, Any] = {"name": name_of(thing)}
    if callable(provenance := getattr(thing, "provenance", None)):
        return described | dict(provenance())
    checkpoint = getattr(getattr(thing, "config", None), "_name_or_path", None)
    for key, value in (("checkpoint", checkpoint), ("revision", getattr(thing, "revision", None))):
        if value:
            described[key] = str(value)
    arguments = getattr(thing, "arguments", None)
    if arguments is None and type(thing).__module__.startswith("gsi_bench_hf."):
        arguments = {k: v for k, v in vars(thing).items() if not k.startswith("_")}
    if isinstance(arguments, Mapping) and arguments:
        described["arguments"] = {str(k): _simple(v) for k, v in arguments.items()}
    return described


def _simple(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _simple(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
