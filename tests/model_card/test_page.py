"""Values in a card show as themselves, whatever is in them."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markdown_it import MarkdownIt

from gsi_bench_hf import _shipped
from gsi_bench_hf.model_card import page
from gsi_bench_hf.model_card.page import card_folder, escape
from gsi_bench_hf.report.template import page_template

HOSTILE = "# | `a` *b* _c_ [d](http://x) ![e](y) <script>alert(1)</script> & &lt; ~~f~~ $$g$$ \\h \n\n- i\n1. j"


def shown(markdown: str) -> str:
    """The text that a reader of the Markdown sees."""
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)
    return html.unescape(re.sub(r"<[^>]*>", "", rendered)).strip()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("\n\t·✓中"), max_size=60))
def test_escaped_text_shows_as_itself(text):
    assert shown(f"begin {escape(text)} end").split() == f"begin {text} end".split()
    assert shown(escape(text)) == " ".join(text.split())


def test_no_markup_of_a_value_survives():
    rendered = MarkdownIt("commonmark").enable("table").render(f"| a |\n|---|\n| {escape(HOSTILE)} |")
    assert set(re.findall(r"<(\w+)", rendered)) == {"table", "thead", "tbody", "tr", "th", "td"}
    assert rendered.count("<td>") == 1


def test_mathematics_is_not_begun():
    assert "$" not in escape("costs $$1$$")


def test_whatever_a_template_puts_in_is_escaped(tmp_path):
    (tmp_path / "t.md.jinja").write_text("{{ value }} {{ cells | row }} {{ value | code }}\n{{ value | block('x') }}\n")
    filters = {"code": page._code, "block": page._block, "row": page._row}
    template = page_template(tmp_path, "a test", "t.md.jinja", escape=page._escaped, filters=filters)
    rendered = template.render(value="<b>`*|", cells=["a|b", "<i>"])
    assert rendered == "&lt;b&gt;\\`\\*\\| a\\|b | &lt;i&gt; | ``<b>`*\\|``\n```x\n<b>`*|\n```"


@pytest.mark.parametrize("text", ["```\nout", "a ` b", "````", "`"])
def test_code_can_not_be_left(text):
    document = f"{page._block(text)}\n\nafter {page._code(text)} it"
    tokens = MarkdownIt("commonmark").parse(document)
    assert [t.type for t in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].content == f"{text}\n"
    assert [c.type for c in tokens[2].children] == ["text", "code_inline", "text"]


def test_a_missing_name_is_an_error(tmp_path):
    (tmp_path / "t.md.jinja").write_text("{{ nothing }}")
    with pytest.raises(UndefinedError, match="'nothing' is undefined"):
        page_template(tmp_path, "a test", "t.md.jinja", escape=page._escaped).render()


def test_a_damaged_installation_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(_shipped, "__file__", str(tmp_path / "gsi_bench_hf" / "_shipped.py"))
    with pytest.raises(
        FileNotFoundError, match=r"is neither at .*_model_cards.* nor at .*model_cards.*; the installation is dam"
    ):
        card_folder()
