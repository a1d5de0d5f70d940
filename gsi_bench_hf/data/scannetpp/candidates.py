"""From a copy of ScanNet++ to a folder of candidate edits: `candidates.parquet` with the records, `candidates.json` with what became
of the rest. Killed and called again, finished scenes are kept.
"""

from __future__ import annotations

import json
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tqdm import tqdm

from gsi_bench_hf.data.scannetpp.checks import PhotoStage
from gsi_bench_hf.data.scannetpp.frames import Picked, made_smaller, promising
from gsi_bench_hf.data.scannetpp.layout import ScanNetppError, SceneFolder, open_picture, scenes_in
from gsi_bench_hf.data.scannetpp.propose import propose
from gsi_bench_hf.data.scannetpp.records import VERSION, records
from gsi_bench_hf.data.scannetpp.settings import Settings
from gsi_bench_hf.data.scannetpp.tables import read_rows, write_rows
from gsi_bench_hf.data.scannetpp.verify import Asks, Opinion, opinions
from gsi_bench_hf.data.scannetpp.views import MeshSource, Source
from gsi_bench_hf.durable import dump_json, lock, write_atomic

CANDIDATES_FILE, ACCOUNT_FILE, SCENES = "candidates.parquet", "candidates.json", "scenes"

Sources = Callable[[SceneFolder], Source]


def mesh_source(scene: SceneFolder) -> Source:
    """3D structure from the scene's annotated mesh."""
    from gsi_bench_hf.data.scannetpp.mesh import read_room

    return MeshSource(read_room(scene))


def make_candidates(
    root: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    scenes: Sequence[str] = (),
    source: Sources = mesh_source,
    source_name: str = "mesh",
    judge: Asks | None = None,
    rewrite: bool = True,
) -> dict[str, Any]:
    """Make the candidate edits of ScanNet++'s scenes.

    Args:
        root: the data set's folder.
        out: where the candidates go; made if it is missing.
        settings: how; as `Settings` has it by default.
        scenes: ids of those wanted; all by default.
        source: gives a scene's 3D structure.
        source_name: what to call that in the account.
        judge: looks at every candidate; nobody does by default.
        rewrite: whether the judge also rewords the instructions.

    Returns:
        The account, as `candidates.json` has it: settings, frames and rejections by reason, counts by operation, verdicts.

    Raises:
        ScanNetppError: the data set lacks something, or the folder holds candidates made otherwise.
        RunFolderError: another process works on the folder.
    """
    settings = settings or Settings()
    found, folder = scenes_in(Path(root), scenes), Path(out)
    (folder / SCENES).mkdir(parents=True, exist_ok=True)
    held = lock(folder / ".candidates.lock")
    try:
        key = {"version": VERSION, "source": source_name, **asdict(settings)}
        accounts = {}
        for scene in tqdm(found, desc="Scenes", unit=" scenes"):
            accounts[scene.id] = _made_scene(scene, folder, key, settings, source)
        return _join(folder, accounts, key, judge, rewrite)
    finally:
        held.close()


def _made_scene(
    scene: SceneFolder, folder: Path, key: Mapping[str, Any], settings: Settings, source: Sources
) -> dict[str, Any]:
    """The account of a scene, whose rows are on the disk."""
    account_file = folder / SCENES / f"{scene.id}.json"
    wanted = json.loads(dump_json(key))
    if account_file.is_file():
        account: dict[str, Any] = json.loads(account_file.read_text(encoding="utf-8"))
        if account["made"] != wanted:
            other = ", ".join(
                f"{k} was {account['made'].get(k)!r}" for k in wanted if account["made"].get(k) != wanted[k]
            )
            raise ScanNetppError(f"{folder} has candidates made otherwise ({other}); give another folder, or remove it")
        return account
    frames: Counter[str] = Counter()
    rejections: Counter[str] = Counter()
    rows = scene_rows(scene, source(scene), settings, frames, rejections)
    count = write_rows(folder / SCENES / f"{scene.id}.parquet", rows)
    account = {"made": wanted, "frames": frames, "rejections": rejections, "candidates": count}
    write_atomic(account_file, dump_json(account))
    return account


def scene_rows(
    scene: SceneFolder, source: Source, settings: Settings, frames: Counter[str], rejections: Counter[str]
) -> Iterator[dict[str, Any]]:
    """The rows of a scene's candidates, frame by frame, the most promising frames first.

    Args:
        scene: the scene.
        source: its 3D structure.
        settings: how.
        frames: counts what became of its frames; added to.
        rejections: counts why edits were refused; added to.
    """
    with TemporaryDirectory(prefix="gsi-bench-frames-") as spill:
        chosen = promising(scene, source.things(), settings, frames, Path(spill))
        yield from _picked_rows(scene, source, settings, chosen, frames, rejections)


def _picked_rows(
    scene: SceneFolder,
    source: Source,
    settings: Settings,
    chosen: Sequence[Picked],
    frames: Counter[str],
    rejections: Counter[str],
) -> Iterator[dict[str, Any]]:
    kept = 0
    for picked in chosen:
        if kept == settings.frames_per_scene:
            frames["not needed"] += 1
            continue
        shot, image = picked.shot, made_smaller(open_picture(picked.file), settings.max_side)
        view = source.look(image, picked.camera)
        stage = PhotoStage(view, rejections)
        if len(stage.targets()) < settings.min_objects:
            frames["too few objects"] += 1
            continue
        rng = np.random.default_rng([zlib.crc32(scene.id.encode()), settings.seed, shot.number])
        edits = propose(stage, settings.operations, settings.edits_per_frame, rng=rng)
        frames["kept" if edits else "no edit possible"] += 1
        kept += bool(edits)
        yield from records(shot, view, edits, seed=settings.seed)


def _join(
    folder: Path, accounts: Mapping[str, Mapping[str, Any]], key: Mapping[str, Any], judge: Asks | None, rewrite: bool
) -> dict[str, Any]:
    by_operation: Counter[str] = Counter()
    judged: dict[str, Opinion] = {}

    def rows() -> Iterator[dict[str, Any]]:
        made = (row for scene_id in accounts for row in read_rows(folder / SCENES / f"{scene_id}.parquet"))
        for row in made if judge is None else _passed(made, judge, rewrite, judged):
            by_operation[row["operation"]] += 1
            yield row

    count = write_rows(folder / CANDIDATES_FILE, rows())
    total = {name: sum((Counter(a[name]) for a in accounts.values()), Counter()) for name in ("frames", "rejections")}
    account = {
        "made": dict(key),
        "candidates": count,
        "operations": dict(sorted(by_operation.items())),
        **{name: dict(counts.most_common()) for name, counts in total.items()},
        "scenes": {scene_id: {k: v for k, v in a.items() if k != "made"} for scene_id, a in accounts.items()},
        "judge": None if judge is None else _judge_account(judge, judged),
    }
    write_atomic(folder / ACCOUNT_FILE, dump_json(account))
    return account


def _passed(
    rows: Iterator[dict[str, Any]], judge: Asks, rewrite: bool, judged: dict[str, Opinion]
) -> Iterator[dict[str, Any]]:
    """The candidates that the judge found no problem with; what it made of all is noted in `judged`, without the rows."""
    for name, opinion in opinions(rows, judge, rewrite=rewrite):
        judged[name] = replace(opinion, row=None)
        if opinion.row is not None:
            yield opinion.row


def _judge_account(judge: Asks, judged: Mapping[str, Opinion]) -> dict[str, Any]:
    asked = getattr(judge, "provenance", None)
    return {
        "who": asked() if callable(asked) else type(judge).__name__,
        "verdicts": dict(Counter(o.verdict for o in judged.values()).most_common()),
        "rewriting": dict(Counter(o.rewriting for o in judged.values() if o.rewriting is not None).most_common()),
        "by_id": {name: opinion.verdict for name, opinion in judged.items()},
    }
