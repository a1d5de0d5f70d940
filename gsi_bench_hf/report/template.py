"""Page templates: everything that is put into one is escaped, and a name that is not there is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jinja2


class MissingReportExtraError(ImportError):
    """The page needs a package that is not installed."""


def page_template(
    folder: Path,
    what: str,
    name: str = "template.html.j2",
    *,
    escape: Callable[[Any], Any] | None = None,
    filters: Mapping[str, Callable[..., Any]] | None = None,
) -> jinja2.Template:
    """A template of a folder.

    Args:
        folder: with the template and what it includes.
        what: the page, for the error: "a report".
        name: file name of the template.
        escape: makes what is put in safe and marks it so, where the page is not HTML; HTML's escaping by default.
        filters: filters of the page's own.

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
        finalize=escape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters or {})
    return environment.get_template(name)
