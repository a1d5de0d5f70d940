"""Page templates: everything that is put into one is escaped, and a name that is not there is an error."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


class MissingReportExtraError(ImportError):
    """The page needs a package that is not installed."""


def page_template(folder: Path, what: str) -> jinja2.Template:
    """The page `template.html.j2` of a folder.

    Args:
        folder: with the template and what it includes.
        what: the page, for the error: "a report".

    Raises:
        MissingReportExtraError: jinja2 is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingReportExtraError(f'{what} needs jinja2; pip install "gsi-bench-hf[report]"') from error
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("template.html.j2")
