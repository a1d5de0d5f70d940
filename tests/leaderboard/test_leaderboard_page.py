"""The leaderboard's page, as text and as a real browser shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import board_runs
import numpy as np
import pytest
from browser import Browser
from PIL import Image

from gsi_bench_hf.leaderboard import write_leaderboard


@pytest.fixture(scope="module")
def page(made_runs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("board")
    return write_leaderboard(list(made_runs.values()), out)[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


def shown(browser: Browser, table: int = 0) -> list[str]:
    """The models of a table's visible part, from the top."""
    names = (
        "[...b.querySelectorAll('tbody tr')].filter(r => r.offsetParent).map(r => r.querySelector('th').dataset.value)"
    )
    return list(browser.ask(f"(b => {names})(document.querySelectorAll('.board')[{table}])"))


def test_the_file_asks_for_nothing_and_text_of_others_is_only_text(page):
    html = page.read_text()
    links: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda _tag, given: links.extend(str(v) for k, v in given if k in ("src", "href"))  # type: ignore[method-assign]
    parser.feed(html)
    assert {link for link in links if not link.startswith("#")} == {"https://huggingface.co/timbrooks/instruct-pix2pix"}
    assert "url(" not in html
    assert "@import" not in html
    assert html.count("<script") == 1
    assert "&lt;script&gt;document.title" in html
    assert "10.0.0.7" not in html
    assert str(Path.home()) not in html
    assert len(html) < 200_000


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width_px", [320, 390, 800, 1280])
def test_it_fits_on_every_screen(page, browser, tmp_path, width_px, dark):
    browser.open(page, width_px=width_px, dark=dark)
    assert browser.ask("document.documentElement.scrollWidth") <= width_px
    wide = (
        "[...document.querySelectorAll('body *')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.hidden'))"
    )
    assert browser.ask(f"{wide}.map(e => e.outerHTML.slice(0, 80))") == []
    assert [url for url in browser.requested if not url.startswith("file:")] == []
    # What can be pressed is as large as a finger on a phone.
    if width_px < 600:
        pressed = "[...document.querySelectorAll('thead button, nav a, .filter span')]"
        assert (
            browser.ask(f"{pressed}.filter(e => e.offsetParent && e.offsetHeight < 40).map(e => e.textContent)") == []
        )
    browser.screenshot(tmp_path / "shot.png")
    with Image.open(tmp_path / "shot.png") as shot:
        pixels = np.asarray(shot.convert("L"))
    assert (np.median(pixels) < 60) == dark
    assert pixels.std() > 8


def test_no_cell_of_a_row_covers_another(page, browser):
    covering = """
      [...document.querySelectorAll('tbody tr')].filter(r => r.offsetParent).flatMap(r => {
        const boxes = [...r.children].filter(c => c.offsetParent).map(c => c.getBoundingClientRect());
        return boxes.flatMap((a, i) => boxes.slice(i + 1).filter(b =>
          Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
          .map(() => r.textContent.slice(0, 60)));
      })"""
    for width_px in (320, 390, 800, 1280):
        browser.open(page, width_px=width_px)
        assert browser.ask(covering) == [], width_px


def test_text_is_readable_in_both_schemes(page, browser):
    """Contrast of text to the paper, by the formula of WCAG 2: at least 4.5."""
    for dark in (False, True):
        browser.open(page, width_px=1280, dark=dark)
        for selector in ("h1", ".lede", "tbody small", ".rung th", "thead button", "th.model a", "small.bad", "h2 b"):
            style = "getComputedStyle(document.querySelector('{}')).{}"
            ink = _luminance(browser.ask(style.format(selector, "color")))
            paper = _luminance(browser.ask(style.format("body", "backgroundColor")))
            contrast = (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05)
            assert contrast >= 4.5, (selector, dark, contrast)


def _luminance(color: str) -> float:
    channels = np.array([int(c) for c in re.findall(r"\d+", color)[:3]]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_it_sorts_by_any_column_both_ways(page, browser):
    browser.open(page, width_px=1280)
    before = shown(browser)
    assert len(before) == 6

    def press(name: str) -> list[Any]:
        browser.ask(
            "[...document.querySelectorAll('.board')[0].querySelectorAll('thead button')]"
            f".filter(b => b.offsetParent && b.textContent === '{name}')[0].click()"
        )
        values = (
            "[...document.querySelectorAll('.board')[0].querySelectorAll('.part')].filter(t => t.offsetParent)[0]"
            ".querySelectorAll('tbody td.{}')"
        )
        return list(browser.ask(f"[...{values.format(name.lower())}].map(c => Number(c.dataset.value))"))

    down = press("SA")
    assert down == sorted(down, reverse=True)
    assert press("SA") == sorted(down)
    assert browser.ask("document.querySelector('.board [aria-sort]').getAttribute('aria-sort')") == "ascending"
    press("Model")
    assert shown(browser) == sorted(before, key=str.lower)
    # Of each table one column says that it is what the rows are sorted by.
    marked = "[...document.querySelectorAll('.part')].map(t => t.querySelectorAll('[aria-sort]').length)"
    assert set(browser.ask(marked)) == {1}
    press("Average")
    assert shown(browser)[0] == before[0]


def test_without_scripts_the_rows_are_sorted_and_operations_can_be_chosen(page, browser):
    browser.open(page, width_px=390, scripts=False)
    averages = "[...document.querySelectorAll('.board')[0].querySelectorAll('.part-0 td.average')].map(c => Number(c.dataset.value))"
    values = browser.ask(averages)
    assert values == sorted(values, reverse=True)
    parts = "[...document.querySelectorAll('.board')[0].querySelectorAll('.part')].map(p => p.offsetParent !== null)"
    assert browser.ask(parts) == [True, False, False, False]
    browser.ask("document.querySelectorAll('.board')[0].querySelectorAll('.filter input')[2].click()")
    assert browser.ask(parts) == [False, False, True, False]
    browser.open(page, width_px=390)


def test_every_table_names_its_protocol_its_tools_and_its_data(page, browser):
    browser.open(page, width_px=1280)
    heads = browser.ask(
        "[...document.querySelectorAll('.board')].map(b => [b.querySelector('h2').innerText, b.querySelector('.lede').innerText])"
    )
    assert [head for head, _ in heads] == [
        "sim-tiny, strict protocol 12 edits",
        "sim-tiny, strict protocol 4 edits",
        "sim-tiny, paper protocol 12 edits",
    ]
    for _, lede in heads:
        for word in (
            "detector square",
            "judge colour",
            "locality by SSIM",
            "tiny 1, seed 0",
            "GSI-Sim, not comparable",
        ):
            assert word in lede
    assert browser.ask("document.title") == "GSI-Sim leaderboard"
    links = browser.ask(
        "[...document.querySelectorAll('nav a')].map(a => [a.innerText, !!document.querySelector(a.hash)])"
    )
    assert links == [
        ["sim-tiny strict, 12 edits", True],
        ["sim-tiny strict, 4 edits", True],
        ["sim-tiny paper, 12 edits", True],
    ]


def test_a_row_shows_interval_rank_and_what_failed(page, browser):
    browser.open(page, width_px=1280)
    rows = browser.ask(
        "[...document.querySelectorAll('.part-0')[0].querySelectorAll('tbody tr')].map(r => r.innerText)"
    )
    (mine,) = [row for row in rows if re.search(r"\bmine\b", row)]
    assert re.search(r"^1\s+1–\d", mine)
    assert "11 of 12 scored" in mine
    assert re.search(r"\d\d\.\d\s+\d+\.\d–\d+\.\d", mine)
    (oracle,) = [row for row in rows if re.search(r"^–\s+oracle", row)]
    assert "no weights" in oracle
    assert sum("timbrooks/instruct-pix2pix" in row for row in rows) == 1
    assert board_runs.COUNT == 12
