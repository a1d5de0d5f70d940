"""Puts the report together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gsi_bench_hf.durable import write_atomic
from gsi_bench_hf.report.template import page_template
from gsi_bench_hf.report.view import load_groups


def write_report(
    folders: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str], *, max_samples: int = 48
) -> Path:
    """Write the report of one or more finished runs as one HTML file that asks for nothing else.

    Args:
        folders: run folders. Runs of one protocol and subset stand side by side; others get sections of their own. The ladder of a
            run is found in its folder.
        out: the HTML file.
        max_samples: how many samples the gallery shows at most, spread over the run; fewer where the file would pass about 15 MB.

    Returns:
        `out` as a path.

    Raises:
        MissingReportExtraError: jinja2 is not installed.
        store.RunFolderError: a folder holds no finished run.
    """
    template = page_template(Path(__file__).parent, "a report")
    if not folders:
        raise ValueError("write_report: no run folders were given, expected one or more")
    groups = load_groups([Path(folder) for folder in folders], max_samples=max_samples)
    html = template.render(groups=groups)
    write_atomic(Path(out), html.encode())
    return Path(out)
