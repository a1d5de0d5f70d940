"""Numbers that stand beside the released evaluator's: its files summed up as it does, and a run of ours as files that it reads.

A folder of the released evaluator holds one folder a model, in it `<subset>_eval/` with one JSON file a metric. The judge's files lie
elsewhere, `*<subset>_<model>.json`, where the model's name has lost its underscores. `<subset>` is the released name, "fine" for
GSI-Real. (Names and forms are those of aim-uofa/GSI-Bench at 8f2641b, as is the summary's: subset, then model, then metrics.)
"""

from __future__ import annotations

import glob
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gsi_bench_hf.data.released_export import RESULTS, Outcome, export_official, official_model
from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.instructions import paper_operation
from gsi_bench_hf.metrics.aggregate import aggregate_paper
from gsi_bench_hf.metrics.appearance_consistency import parse_judgement
from gsi_bench_hf.metrics.protocol_paper import to_detector_frame
from gsi_bench_hf.perception.packed import unpack
from gsi_bench_hf.results import load_results
from gsi_bench_hf.types import Detection, Judgement

SUMMARY_FILE = "EVAL_output_summary.json"
_EVAL = "_eval"
_COLUMNS = ("IC", "SA", "AC", "EL ssim", "EL lpips", "average")


class OfficialFilesError(ValueError):
    """Files of the released evaluator are missing or can't be read; the message says which, and what was expected."""


@dataclass(frozen=True)
class Summary:
    """What the released evaluator's files come to.

    Attributes:
        values: subset to model to `instruction_compliance`, `spatial_accuracy`, `edit_locality` {`ssim`, `lpips`}, `ac`, `average`,
            0..100: the content of the released summary file.
        left_out: one line for every subset of a model that lacks a file. (The released evaluator leaves them out too.)
    """

    values: Mapping[str, Mapping[str, Mapping[str, Any]]]
    left_out: Sequence[str]

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write the summary file into `folder`, made where missing; returns its path."""
        path = Path(folder, SUMMARY_FILE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.values, indent=4), encoding="utf-8")
        return path

    def __str__(self) -> str:
        lines = [f"{'subset':<12}{'model':<18}" + "".join(f"{name:>10}" for name in _COLUMNS)]
        for subset, models in self.values.items():
            for model, value in models.items():
                locality = value["edit_locality"]
                shown = (
                    value["instruction_compliance"],
                    value["spatial_accuracy"],
                    value["ac"],
                    locality["ssim"],
                    locality["lpips"],
                    value["average"],
                )
                lines.append(f"{subset:<12}{model:<18}" + "".join(f"{number:>10.3f}" for number in shown))
        return "\n".join(lines)


def aggregate_official(root: str | os.PathLike[str], judgements: str | os.PathLike[str]) -> Summary:
    """Sum up the released evaluator's per-sample files.

    Args:
        root: holds `<model>/<subset>_eval/`; or is itself a model's folder.
        judgements: the folder of the judge's files; or the file, where there is one model with one subset.

    Raises:
        OfficialFilesError: there is nothing to sum up, or a file that can't be read, or two judge files for one.
    """
    root, judgements = Path(root), Path(judgements)
    folders = list(_eval_folders(root))
    if not folders:
        raise OfficialFilesError(
            f"{root}: no results of the released evaluator; expected folders like {root}/<model>/fine{_EVAL}"
        )
    if judgements.is_file() and len(folders) > 1:
        raise OfficialFilesError(
            f"{judgements} is one file, but {root} has {len(folders)} results; give the folder of the judge's files"
        )
    values: dict[str, dict[str, Any]] = {}
    left_out: list[str] = []
    for model, subset, folder in folders:
        judge_file = judgements if judgements.is_file() else _judge_file(judgements, subset, model)
        files = [folder / f"{metric}{_EVAL}_results.json" for metric in RESULTS]
        absent = next((str(file) for file in files if not file.is_file()), None)
        if judge_file is None:
            absent = absent or f"{judgements}/*{subset}_{model}.json"
        if absent is not None or judge_file is None:
            left_out.append(f"{model} on {subset} is left out: no {absent}")
        elif model in values.setdefault(subset, {}):
            raise OfficialFilesError(f"{root}: two folders are the model {model!r} on {subset}, expected one")
        else:
            values[subset][model] = _summarise(files, judge_file)
    summary = Summary({subset: models for subset, models in values.items() if models}, left_out)
    if not summary.values:
        raise OfficialFilesError("; ".join(left_out))
    return summary


def export_run(run: str | os.PathLike[str], out: str | os.PathLike[str]) -> Path:
    """Write a finished run in the released evaluator's layout, into `out/<model>/`; see `released_export`.

    So `out` is what the released aggregation, and `aggregate_official`, takes for a root. Scores of the `strict` protocol are no
    scores of the released evaluator and are left out; images, detections and judgements are written.

    Args:
        run: the run folder.
        out: the folder, made where missing; files that are there are replaced.

    Returns:
        The model's folder.

    Raises:
        RunFolderError: the run is not finished, or its samples were kept without their detections.
    """
    results = load_results(run)
    outcomes = [_outcome(results.folder, sample, results.protocol) for sample in results.samples]
    model = official_model(results.editor)
    folder = Path(out) / model
    export_official(outcomes, folder, subset=results.subset, model=model)
    return folder


def _eval_folders(root: Path) -> Iterator[tuple[str, str, Path]]:
    """(model, subset, folder) of every `<subset>_eval` below."""
    if not root.is_dir():
        raise OfficialFilesError(f"{root} is no folder, expected one that holds <model>/<subset>{_EVAL}")
    models = [root.resolve(), *sorted(path for path in root.iterdir() if path.is_dir())]
    for model in models:
        # Only a folder that is one of a model itself has such folders; the root may be either.
        for folder in sorted(model.glob(f"?*{_EVAL}")):
            if folder.is_dir():
                yield model.name.replace("_", ""), folder.name.removesuffix(_EVAL), folder


def _judge_file(folder: Path, subset: str, model: str) -> Path | None:
    ending = f"{subset}_{model}.json"
    if not folder.is_dir():
        raise OfficialFilesError(f"{folder} is neither a folder nor a file, expected the judge's files (*{ending})")
    found = sorted(folder.glob(f"*{glob.escape(ending)}"))
    # "sim-bathroom" ends like "bathroom" does.
    whole = [path for path in found if path.name.removesuffix(ending)[-1:] in ("", "_")]
    found = whole if len(whole) == 1 else found
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise OfficialFilesError(f"{folder}: {names} are for {model} on {subset}, expected one; move the others away")
    return found[0] if found else None


def _summarise(files: Sequence[Path], judge_file: Path) -> dict[str, Any]:
    ic, sa, el = (_values(file, names) for file, names in zip(files, RESULTS.values(), strict=True))
    try:
        found = aggregate_paper(ic, sa, el, _judged(judge_file))
    except ValueError as error:
        raise OfficialFilesError(f"{files[0].parent}: {error}") from error
    return {
        "instruction_compliance": found["ic"],
        "spatial_accuracy": found["sa"],
        "edit_locality": {"ssim": found["el_ssim"], "lpips": found["el_lpips"]},
        "ac": found["ac"],
        "average": found["average"],
    }


def _values(file: Path, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """A metric's file: sample's key to values, checked. Of several values only the last may be missing (`mse` is not summed up).

    SSIM may be NaN: the released evaluator writes that for boxes over the whole image, and its mean is NaN then.
    """
    content = _read(file)
    if not isinstance(content, dict):
        raise OfficialFilesError(f"{file}: holds a {type(content).__name__}, expected an object of samples")
    for key, value in content.items():
        for name in names[: max(1, len(names) - 1)]:
            number = value.get(name) if isinstance(value, dict) else None
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                known = False
            else:
                known = math.isfinite(number) or (name == "ssim" and math.isnan(number))
            if not known:
                raise OfficialFilesError(f"{file}: {name} of {key!r} is {number!r}, expected a number")
    return content


def _judged(file: Path) -> dict[str, float | None]:
    content = _read(file)
    try:
        return {str(item["meta"]["index"]): parse_judgement(item["prediction"]) for item in content}
    except (TypeError, KeyError, AttributeError) as error:
        raise OfficialFilesError(
            f"{file}: {type(error).__name__}: {error}; "
            'expected a list of {"meta": {"index": ...}, "prediction": "..."}, as the judge writes it'
        ) from error


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise OfficialFilesError(f"{file}: not JSON: {error}") from error


def _outcome(folder: Path, sample: Mapping[str, Any], protocol: str) -> Outcome:
    edited, judgement = sample.get("edited"), sample.get("judgement")
    record = {**sample, "operation": paper_operation(sample["instruction"])}
    image = None if edited is None else folder / edited
    if judgement is None:  # it failed before there was anything to score
        return Outcome(record, image)
    if "detections" not in sample:
        raise RunFolderError(
            f"{folder}: sample {sample['id']!r} was kept without its detections, by an earlier gsi-bench-hf, and can't be exported; "
            "run it again into a new --out"
        )
    camera = sample["camera"]
    size = int(camera["width"]), int(camera["height"])
    origin, found = ([_in_detector_frame(d, size) for d in part] for part in unpack(sample["detections"]))
    scores = _paper_scores(sample["details"]) if protocol == "paper" else None
    return Outcome(record, image, origin, found, Judgement(judgement["score"], judgement["reason"]), scores)


def _in_detector_frame(detection: Detection, size: tuple[int, int]) -> Detection:
    return Detection(
        detection.bbox_3d,
        to_detector_frame(detection.bbox_2d, size),
        detection.rotation_matrix,
        detection.label,
        detection.score,
    )


def _paper_scores(details: Mapping[str, Any]) -> dict[str, float | None]:
    """What was measured, 0..1, before the judge's word made it count less: the released files hold that."""
    compliance, accuracy = (details.get(f"measured_{name}") for name in ("instruction_compliance", "spatial_accuracy"))
    return {
        "compliance": None if compliance is None else compliance / 100.0,
        "edit_score": None if accuracy is None else accuracy / 100.0,
        **{name: details.get(name) for name in ("ssim", "lpips", "mse")},
    }
