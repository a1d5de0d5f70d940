"""Puts the report together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from gsi_bench_hf.durable import write_atomic
from gsi_bench_hf.report.view import load_groups


class MissingReportExtraError(ImportError):
    """The report needs a package that is not installed."""


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
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingReportExtraError('a report needs jinja2; pip install "gsi-bench-hf[report]"') from error
    if not folders:
        raise ValueError("write_report: no run folders were given, expected one or more")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    groups = load_groups([Path(folder) for folder in folders], max_samples=max_samples)
    html = environment.get_template("template.html.j2").render(groups=groups)
    write_atomic(Path(out), html.encode())
    return Path(out)
