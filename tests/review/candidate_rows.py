"""Folders of candidates small enough to make in no time: coloured squares, with nobody having made the edited image."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import tiny

from gsi_bench_hf.data.features import features
from gsi_bench_hf.review import Decision
from gsi_bench_hf.review.server import Server
from gsi_bench_hf.review.session import Session

_NOTHING = ("instruction_zh", "reference", "depth", "segmentation", "target_segmentation", "difficulty")
_OBJECT = {"label": "square", "instance_id": "square-1", "rotation_matrix": tiny.IDENTITY, "visible_fraction": 1.0}


def candidate(index: int, **changes: Any) -> dict[str, Any]:
    """Row `index`: "move the square", as the pipeline for photographs leaves it."""
    made = {**dict.fromkeys(_NOTHING), **tiny.row(index), "id": f"real-{index:05d}", "subset": "real"}
    made |= {"environment": "real", "target_image": None, "target_objects": None}
    box = made["edit"]["original_bbox_3d"]
    made["objects"] = [{**_OBJECT, "bbox_3d": box, "bbox_2d": [4.0, 6.0, 16.0, 18.0]}]
    made["instruction_zh"] = f"把方块向右移动{index}厘米。"
    made["edit"] |= {"angle_deg": None, "factor": None, "camera_motion": None}
    made["target"] |= {"description": None}
    made["provenance"] |= {"extra": json.dumps({"template": f"move square {index}", "verified": {"plausibility": 8}})}
    return {**made, **changes}


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """The folder with these candidates, two in a row group."""
    schema = features()
    table = pa.Table.from_pylist([schema.encode_example(row) for row in rows], schema=schema.arrow_schema)
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "candidates.parquet", row_group_size=2)
    return folder


def lines(folder: Path, reviewer: str) -> list[dict[str, Any]]:
    """What a reviewer's file holds."""
    return [json.loads(line) for line in (folder / f"decisions.{reviewer}.jsonl").read_text().splitlines()]


def note(folder: Path, reviewer: str, decisions: Mapping[int, str | tuple[str, str]], **more: Any) -> None:
    """Decisions as another tool would write them: by the candidate's number "accept", ("edit", words) or ("reject", why)."""
    with (folder / f"decisions.{reviewer}.jsonl").open("a") as file:
        for index, given in decisions.items():
            choice, text = (given, "") if isinstance(given, str) else given
            row = candidate(index)
            line = {
                "id": row["id"],
                "decision": choice,
                "instruction": text if choice == "edit" else row["instruction"],
            }
            line |= {
                "instruction_zh": row["instruction_zh"],
                "reason": text if choice == "reject" else "",
                "at": "2026-01-01",
            }
            file.write(json.dumps({**line, **more}) + "\n")


def accept(index: int) -> Decision:
    """The decision to accept row `index`."""
    row = candidate(index)
    return Decision(row["id"], "accept", row["instruction"], row["instruction_zh"], at="2026-01-01")


class Process:
    """`gsi-bench review` in a process of its own, with its page's address."""

    def __init__(self, folder: Path, *options: str) -> None:
        call = [sys.executable, "-m", "gsi_bench_hf.cli", "review", str(folder), *options]
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        self.process = subprocess.Popen(
            call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeds
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        found = re.search(r"http://\S+/", first)
        assert found, first + self.process.communicate(timeout=20)[1]
        self.url = found[0]

    def kill(self) -> None:
        """As the system does it when memory is short, or a power cut."""
        self.process.kill()
        self.process.communicate(timeout=20)

    def interrupt(self) -> str:
        """Ctrl-C; what it prints then."""
        self.process.send_signal(signal.SIGINT)
        printed, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return printed


@contextmanager
def serving(session: Session) -> Iterator[str]:
    """The address of a server in this process."""
    with Server(session, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def reviewing(folder: Path, *options: str) -> Iterator[Process]:
    """A process that is gone in the end."""
    process = Process(folder, *options)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.kill()
