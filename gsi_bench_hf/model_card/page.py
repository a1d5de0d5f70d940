"""The card templates, and how values become Markdown: whatever is put into one is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gsi_bench_hf._shipped import shipped
from gsi_bench_hf.report.template import page_template

GENERIC = "generic.md.jinja"
_SPECIAL = re.compile(r"[\\`*_\[\]|~]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "&#36;"})  # the Hub reads $ as mathematics
_BETWEEN_ITEMS = re.compile(r"^(- .*)\n\n(?=- )", re.MULTILINE)
_LINE_START = re.compile(r"^(?:[-+=#]|\d+(?=[.)](?:\s|$)))")


def card_folder() -> Path:
    """The folder of the templates: in the installed package, or `model_cards/` of a checkout.

    Raises:
        FileNotFoundError: when it is in neither place.
    """
    return shipped(f"the model card template {GENERIC!r}", "_model_cards", "model_cards", GENERIC).parent


def render(template: str, values: Mapping[str, Any]) -> str:
    """The Markdown of a card, from a template's file name in `card_folder()` and what it shows.

    Raises:
        MissingReportExtraError: jinja2 is not installed.
    """
    filters = {"code": _code, "block": _block, "row": _row, "rule": _rule}
    page = page_template(card_folder(), "a model card", template, escape=_escaped, filters=filters)
    text = re.sub(r"\n{3,}", "\n\n", page.render(**values))
    return _BETWEEN_ITEMS.sub(r"\1\n", text).strip() + "\n"


def escape(text: str) -> str:
    r"""Text that shows as itself in Markdown: on one line, in a paragraph, a table or a link.

    >>> escape("a|b <script> *x*\n# no [link](u)")
    'a\\|b &lt;script&gt; \\*x\\* # no \\[link\\](u)'
    """
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _LINE_START.sub(_backslashed, _SPECIAL.sub(_backslashed, line).translate(_ENTITIES))


def _backslashed(match: re.Match[str]) -> str:
    found = match[0]
    return found + "\\" if found.isdigit() else "\\" + found


def _escaped(value: Any) -> Any:
    from markupsafe import Markup

    return value if isinstance(value, Markup) else Markup(escape(str(value)))


def _code(value: Any) -> Any:
    """A value as inline code, in a paragraph or a table."""
    from markupsafe import Markup

    text = " ".join(str(value).split()).replace("|", "\\|")
    fence = _fence(text, 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return Markup(f"{fence}{space}{text}{space}{fence}")


def _block(value: Any, language: str = "") -> Any:
    """A value as a block of code."""
    from markupsafe import Markup

    fence = _fence(str(value), 3)
    return Markup(f"{fence}{language}\n{str(value).rstrip()}\n{fence}")


def _row(cells: Iterable[Any]) -> Any:
    """Cells of a table's row, with the bar after each."""
    from markupsafe import Markup

    return Markup(" ").join(Markup("{} |").format(_escaped(cell)) for cell in cells)


def _rule(cells: Iterable[Any]) -> Any:
    """The line under the heads of a table, for so many cells."""
    from markupsafe import Markup

    return Markup("---|" * len(list(cells)))


def _fence(text: str, least: int) -> str:
    """A run of backticks that is not in `text`."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    return "`" * max(least, longest + 1)
