"""The report, as text and as a real browser shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from browser import Browser
from PIL import Image

from gsi_bench_hf.durable import RunFolderError
from gsi_bench_hf.geometry import CORNER_SIGNS
from gsi_bench_hf.report import MissingReportExtraError, write_report
from gsi_bench_hf.report.boxes import box_paths
from gsi_bench_hf.runner import evaluate_editor

SCRIPT = "Move the <script>document.title = 'hacked'</script> & \"square\" 14 pixels."
LINKING = {"src", "href", "srcset", "action", "data", "poster", "background"}
OPERATIONS = ("move", "rotate", "scale")


class Editor(tiny.Mover):
    """The mover under another name; one of its images fails with a message that tries to be HTML."""

    def __init__(self, name: str, off_px: int, fails: str = "") -> None:
        super().__init__(off_px)
        self.name, self.fails = name, fails

    def __call__(self, *, sample: Any, **kwargs: Any) -> tiny.Output:
        if self.fails and sample.id.endswith(self.fails):
            raise RuntimeError("<img src=x onerror=alert(1)> out of memory")
        return super().__call__(sample=sample, **kwargs)


def rows() -> list[dict[str, Any]]:
    """Of three operations by name: what the template does with them needs no real turns."""
    made = [tiny.row(index, instruction=SCRIPT if index == 1 else None) for index in range(9)]
    for index, row in enumerate(made):
        row["operation"] = OPERATIONS[index % 3]
        if row["operation"] == "rotate":
            row["edit"]["new_rotation_matrix"] = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]
        if row["operation"] == "scale":
            row["edit"]["new_bbox_3d"] = [*row["edit"]["new_bbox_3d"][:3], 0.3, 0.3, 0.02, 0.0]
    return made


def run(out: Path, editor: Any, **options: Any) -> Path:
    tools = {"detector": tiny.SquareDetector(), "judge": tiny.ColourJudge(), "lpips": None}
    evaluate_editor(editor, options.pop("rows", None) or rows(), out=out, **{**tools, **options})
    return out


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run with a ladder beside it."""
    out = tmp_path_factory.mktemp("runs") / "run"
    run(out, Editor("my-editor", 5, fails="4"))
    for name, off in (("identity", 40), ("noisy-oracle", 3), ("oracle", 0)):
        run(out / "ladder" / name, Editor(name, off))
    write_report([out], out / "report.html")
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


def links(html: str) -> list[str]:
    """Whatever an HTML reader would fetch or follow."""
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda _tag, attributes: found.extend(str(v) for k, v in attributes if k in LINKING)  # type: ignore[method-assign]
    parser.feed(html)
    return found


def test_the_file_is_self_contained_and_escaped(folder):
    html = (folder / "report.html").read_text()
    assert [link for link in links(html) if not link.startswith(("data:image/webp;base64,", "#"))] == []
    assert "url(" not in html
    assert "@import" not in html
    assert "<script" not in html
    assert "&lt;script&gt;document.title" in html
    assert "&lt;img src=x onerror=alert(1)&gt; out of memory" in html
    assert "<img src=x" not in html
    assert len(html) < 2_000_000


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width_px", [320, 390, 1280])
def test_it_fits_and_loads_in_a_browser(folder, browser, tmp_path, width_px, dark):
    browser.open(folder / "report.html", width_px=width_px, dark=dark)
    assert browser.ask("document.documentElement.scrollWidth") <= width_px
    wide = (
        "[...document.querySelectorAll('body *')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.hidden'))"
    )
    assert browser.ask(f"{wide}.map(e => e.outerHTML.slice(0, 80))") == []
    images = "Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth)))"
    widths = browser.ask(images)
    assert len(widths) == 26  # nine samples of three, less the failed one's edited image
    assert min(widths) == 64
    assert browser.ask("document.title") == "my-editor on sim-tiny – gsi-bench"
    assert [url for url in browser.requested if not url.startswith(("file:", "data:"))] == []
    browser.screenshot(tmp_path / "shot.png")
    with Image.open(tmp_path / "shot.png") as shot:
        pixels = np.asarray(shot.convert("L"))
    assert pixels.shape[1] == width_px
    assert (np.median(pixels) < 60) == dark
    assert pixels.std() > 8  # something is drawn on the paper


def test_text_is_readable_in_both_schemes(folder, browser):
    """Contrast of text to the paper, by the formula of WCAG 2: at least 4.5."""
    for dark in (False, True):
        browser.open(folder / "report.html", width_px=1280, dark=dark)
        for selector in ("h1", ".caption", ".interval", ".tag", ".outcome", ".counts a", ".id", ".tile-average .value"):
            style = "getComputedStyle(document.querySelector('{}')).{}"
            ink = _luminance(browser.ask(style.format(selector, "color")))
            paper = _luminance(browser.ask(style.format("body", "backgroundColor")))
            contrast = (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05)
            assert contrast >= 4.5, (selector, dark, contrast)


def _luminance(color: str) -> float:
    channels = np.array([int(c) for c in re.findall(r"\d+", color)[:3]]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_filters_and_the_box_switch_work_without_scripts_in_the_page(folder, browser):
    browser.open(folder / "report.html", width_px=1280)
    shown = "[...document.querySelectorAll('.card')].filter(c => c.offsetParent).map(c => c.dataset.op)"
    assert len(browser.ask(shown)) == 9
    browser.ask("document.querySelector('.filter input[value=rotate]').click()")
    assert browser.ask(shown) == ["rotate"] * 3
    browser.ask("document.querySelector('.filter input[value=all]').click()")
    assert len(browser.ask(shown)) == 9
    boxes = "[...document.querySelectorAll('.frame svg')].filter(s => getComputedStyle(s).display != 'none').length"
    assert browser.ask(boxes) > 20
    browser.ask("document.querySelector('input.boxes').click()")
    assert browser.ask(boxes) == 0


def test_every_link_leads_somewhere(folder, browser):
    browser.open(folder / "report.html", width_px=1280)
    links = "[...document.querySelectorAll('a')].map(a => [a.hash, !!document.getElementById(decodeURIComponent(a.hash.slice(1)))])"
    answers = browser.ask(links)
    assert len(answers) == 7  # three best, three worst, the failed ones
    assert all(found for _, found in answers), answers


def test_the_ladder_stands_beside_the_run_sorted_by_average(folder, browser):
    browser.open(folder / "report.html", width_px=1280)
    names = browser.ask(
        "[...document.querySelector('.bars-average').querySelectorAll('tbody th')].map(t => t.textContent)"
    )
    assert sorted(names) == ["identity", "my-editor", "noisy-oracle", "oracle"]
    values = [
        float(v)
        for v in browser.ask("[...document.querySelectorAll('.bars-average .number')].map(t => t.firstChild.data)")
    ]
    assert values == sorted(values)
    assert browser.ask("document.querySelectorAll('.bars-average .own').length") == 1


def test_runs_of_one_protocol_stand_side_by_side_and_of_two_apart(folder, browser, tmp_path):
    other = run(tmp_path / "other", Editor("another", 2))
    paper = run(tmp_path / "paper", Editor("another", 2), protocol="paper")
    report = write_report([folder, other, paper], tmp_path / "all.html")
    browser.open(report, width_px=390)
    assert browser.ask("document.documentElement.scrollWidth") == 390
    groups = browser.ask(
        "[...document.querySelectorAll('.group')].map(g => [g.id, g.querySelectorAll('.scores').length])"
    )
    assert groups == [["sim-tiny-strict", 2], ["sim-tiny-paper", 1]]
    first = browser.ask(
        "[...document.querySelector('.bars-average').querySelectorAll('tbody th')].map(t => t.textContent)"
    )
    assert sorted(first) == ["another", "identity", "my-editor", "noisy-oracle", "oracle"]
    assert browser.ask("document.querySelector('.card').querySelectorAll('figure').length") == 4
    assert "SSIM, LPIPS being left out" in report.read_text()


def test_two_runs_of_one_editor_are_told_apart_by_their_folders(tmp_path):
    first, second = run(tmp_path / "first", Editor("e", 2)), run(tmp_path / "second", Editor("e", 2), seed=1)
    html = write_report([first, second], tmp_path / "r.html").read_text()
    assert "e (first)" in html
    assert "e (second)" in html


def test_a_long_run_shows_a_spread_of_its_samples(tmp_path):
    long = run(tmp_path / "long", Editor("e", 5), rows=tiny.rows(30))
    html = write_report([long], tmp_path / "r.html", max_samples=10).read_text()
    shown = len(re.findall('<article class="card"', html))
    assert 10 <= shown <= 16
    assert f"{shown} of 30 samples, spread over the run" in html
    for link in re.findall(r'href="#(sample-[^"]+)"', html):
        assert f'id="{link}"' in html


def test_missing_images_are_said(tmp_path):
    out = run(tmp_path / "run", Editor("e", 2), rows=tiny.rows(2))
    (out / "edited" / "sim-tiny" / "sim-tiny-00001.png").write_bytes(b"broken")
    assert write_report([out], tmp_path / "r.html").read_text().count("no edited image") == 1


def test_a_run_without_a_score_still_has_a_report(tmp_path):
    out = run(tmp_path / "run", Editor("e", 2, fails="0"), rows=tiny.rows(1))
    html = write_report([out], tmp_path / "r.html").read_text()
    assert "0 of 1 samples scored" in html
    assert "Failed samples" in html


def test_what_is_no_run_is_said(tmp_path):
    with pytest.raises(RunFolderError, match="is no run folder"):
        write_report([tmp_path], tmp_path / "r.html")
    with pytest.raises(ValueError, match="no run folders were given"):
        write_report([], tmp_path / "r.html")


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(MissingReportExtraError, match=r'pip install "gsi-bench-hf\[report\]"'):
        write_report([tmp_path], tmp_path / "r.html")
    with pytest.warns(UserWarning, match="no report was written: a report needs jinja2"):
        run(tmp_path / "run", Editor("e", 2), rows=tiny.rows(1))
    assert (tmp_path / "run" / "results.json").exists()


def test_a_box_is_twelve_edges_and_its_front_is_its_near_face():
    """A cube of 2 m, 4 m away, unturned: its front is the near face at z = 3, which projects to ±1/3 of the focal length."""
    paths = box_paths(
        {"center_m": [0, 0, 4], "extents_m": [2, 2, 2], "rotation": np.eye(3)}, [[90, 0, 100], [0, 90, 100], [0, 0, 1]]
    )
    assert paths is not None
    assert paths["edges"].count("M") == 12
    corners = {tuple(float(n) for n in point.split()) for point in re.findall(r"[-\d.]+ [-\d.]+", paths["front"])}
    assert corners == {(70.0, 70.0), (130.0, 70.0), (130.0, 130.0), (70.0, 130.0)}
    assert len(CORNER_SIGNS) == 8


@pytest.mark.parametrize("center_m", [[0.0, 0.0, 0.5], [0.0, 0.0, -3.0]])
def test_a_box_behind_the_camera_is_not_drawn(center_m):
    assert box_paths({"center_m": center_m, "extents_m": [2, 2, 2], "rotation": np.eye(3)}, np.eye(3)) is None
    assert box_paths(None, np.eye(3)) is None
