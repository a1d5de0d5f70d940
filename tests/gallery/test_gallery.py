"""The gallery page, as text and as a real browser shows it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from browser import Browser
from PIL import Image

from gsi_bench_hf import cli
from gsi_bench_hf.data.features import features
from gsi_bench_hf.data.repo import build
from gsi_bench_hf.gallery import write_gallery
from gsi_bench_hf.gallery.pictures import depth_picture, outline
from gsi_bench_hf.geometry import box_corners, project_points
from gsi_bench_hf.registry import UnknownNameError
from gsi_bench_hf.types import Sample

NUM_ROWS = 6
SCRIPT = "Move <script>document.title = 'hacked'</script> & </style> \"it\" 3 cm."


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return build("sim-tabletop", tmp_path_factory.mktemp("built"), num_samples=NUM_ROWS, num_shards=2)


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory) -> Path:
    return write_gallery(folder, tmp_path_factory.mktemp("page") / "gallery.html")


@pytest.fixture(scope="module")
def rows(folder) -> list[dict[str, Any]]:
    return list(datasets.Dataset.from_parquet(sorted(map(str, folder.rglob("*.parquet"))), keep_in_memory=True))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    browser = Browser()
    yield browser
    browser.close()


def shown(browser: Browser) -> list[str]:
    return browser.ask("[...document.querySelectorAll('.card')].filter(c => c.offsetParent).map(c => c.id)")


@pytest.mark.parametrize("scripts", [True, False])
def test_filters_and_layers_work_with_scripts_and_without(browser, page, rows, scripts):
    browser.open(page, width_px=1280, scripts=scripts)
    asked = [url for url in browser.requested if not url.startswith("data:")]
    assert asked == [page.as_uri()]  # one file, and nothing from anywhere else
    assert shown(browser) == [row["id"] for row in rows]
    number = features()["operation"].str2int("rotate")
    for click, wanted in (
        ("f0-1", [row["id"] for row in rows if row["operation"] == number]),
        ("f0-all", [row["id"] for row in rows]),
    ):
        browser.ask(f"document.getElementById('{click}').checked = true")
        assert shown(browser) == wanted
    for layer, drawn in (
        ("show-mask", ".frame path.mask"),
        ("show-objects", ".objects text"),
        ("show-depth", ".depth img"),
    ):
        visible = f"document.querySelector('{drawn}').getBoundingClientRect().width > 0"
        assert browser.ask(visible) is False
        browser.ask(f"document.getElementById('{layer}').checked = true")
        assert browser.ask(visible) is True


def test_where_no_sample_is_left_the_page_says_so(browser, page):
    browser.open(page, width_px=1280)
    browser.ask("document.querySelectorAll('.card').forEach(c => c.className = 'card f0-0')")
    browser.ask("document.getElementById('f0-1').click()")
    assert shown(browser) == []
    assert browser.ask("document.getElementById('none').checkVisibility()") is True
    browser.ask("document.getElementById('f0-all').click()")
    assert browser.ask("document.getElementById('none').checkVisibility()") is False


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("width_px", [390, 1280])
def test_it_fits_and_can_be_read(browser, page, width_px, dark):
    browser.open(page, width_px=width_px, dark=dark)
    for layer in ("show-depth", "show-objects", "blink"):
        assert browser.ask("document.documentElement.scrollWidth <= innerWidth")
        browser.ask(f"document.getElementById('{layer}').click()")
    paper, ink = (
        np.mean([int(v) for v in re.findall(r"\d+", browser.ask(f"getComputedStyle(document.body).{name}"))[:3]])
        for name in ("backgroundColor", "color")
    )
    assert (paper < 60 and ink > 190) if dark else (paper > 230 and ink < 60)
    smallest = "Math.min(...[...document.querySelectorAll('.filter span')].map(s => s.getBoundingClientRect().height))"
    assert browser.ask(smallest) >= (40 if width_px == 390 else 30)  # a finger's breadth on a phone


def test_blinking_puts_after_in_the_place_of_before(browser, page):
    browser.open(page, width_px=1280)
    browser.ask("document.getElementById('blink').click()")
    place = "JSON.stringify(document.querySelector('.view.%s .frame').getBoundingClientRect())"
    assert browser.ask(place % "before") == browser.ask(place % "after")


def test_the_boxes_stand_where_the_labels_say(browser, page, rows):
    browser.open(page, width_px=1280)
    for row in rows:
        sample = Sample(row)
        for view, kind, box in (
            ("before", "before", sample.edit.original_box),
            ("after", "after", sample.edit.new_box),
        ):
            pixels = project_points(box_corners(box.center_m, box.extents_m, box.rotation), sample.camera.intrinsics)
            path = f"[...document.querySelectorAll('[id=\"{sample.id}\"] .view.{view} .boxes path.{kind}')].at(-1).getBBox()"
            found = browser.ask(f"(b => [b.x, b.y, b.x + b.width, b.y + b.height])({path})")
            np.testing.assert_allclose(found, [*pixels.min(axis=0), *pixels.max(axis=0)], atol=0.1)


def test_text_of_the_data_is_text(browser, rows, tmp_path):
    names = ("instruction", "difficulty", "environment", "id")
    evil = [{**row, **({name: f"{SCRIPT}{name}" for name in names} if k else {})} for k, row in enumerate(rows)]
    path = write_gallery(evil, tmp_path / "evil.html")
    browser.open(path, width_px=1280)
    assert browser.ask("document.title") == "Samples – gsi-bench gallery"
    assert (
        browser.ask("document.querySelectorAll('.card')[1].querySelector('h2').textContent") == f"{SCRIPT}instruction"
    )
    assert path.read_text().count("<script>") == 1


def test_rows_without_labels_are_shown_without_them(rows, tmp_path):
    bare = {**rows[0], "target_image": None, "depth": None, "segmentation": None, "target_segmentation": None}
    bare |= {"objects": None, "target_objects": None, "difficulty": None, "instruction_zh": None, "target": None}
    html = write_gallery([bare], tmp_path / "bare.html").read_text()
    assert "1 edit, with" in html
    assert html.count("<figure") == 1
    assert html.count('<path class="before"') == 2  # the legend's and the edit's own box


def test_a_sample_of_a_folder_has_all_its_operations(folder, tmp_path):
    html = write_gallery(folder, tmp_path / "some.html", num_samples=3).read_text()
    assert "3 of 6 edits" in html
    assert sorted(re.findall(r"<b>(\w+)</b>", html)) == ["move", "rotate", "scale"]
    assert len(set(re.findall(r"<dt>scene</dt><dd>(.*?)</dd>", html))) == 1


def test_a_part_of_a_build_can_be_looked_at(folder, tmp_path):
    part = shutil.copytree(folder, tmp_path / "part")
    (part / "README.md").unlink()
    (part / "data" / "sim-tabletop" / "test-00001-of-00002.parquet").unlink()
    assert write_gallery(part, tmp_path / "part.html").read_text().count("<article") == 3


def test_a_config_is_rendered(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    out = tmp_path / "g.html"
    assert cli.main(["view", "sim-tabletop", "--limit", "2", "--out", str(out)]) == 0
    assert "2 of 600 edits" in out.read_text()


@pytest.mark.parametrize(
    ("source", "arguments", "error", "message"),
    [
        ("sim-tabeltop", {}, UnknownNameError, "unknown config 'sim-tabeltop'. Did you mean 'sim-tabletop'"),
        ("./nowhere", {}, ValueError, "./nowhere is no folder; give a config such as sim-tabletop"),
        (".", {}, ValueError, "has no Parquet files; expected a folder of `gsi-bench build`"),
        ("built", {"config": "sim-room"}, ValueError, "has no config 'sim-room', but sim-tabletop; expected"),
        ("sim-tabletop", {"num_samples": 0}, ValueError, "num_samples is 0, expected a number >= 1"),
    ],
)
def test_what_can_not_be_shown_is_said(folder, tmp_path, monkeypatch, source, arguments, error, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        write_gallery(folder if source == "built" else source, "out.html", **arguments)
    assert not Path("out.html").exists()


def test_an_outline_encloses_just_its_pixels():
    mask = np.zeros((40, 60), bool)
    mask[10:30, 20:50] = True
    mask[15:20, 30:40] = False
    path = outline(mask)
    rings = [np.array([point.split() for point in ring.split("L")], float) for ring in re.findall(r"M([^Z]+)Z", path)]
    bounds = sorted([*ring.min(axis=0), *ring.max(axis=0)] for ring in rings)
    np.testing.assert_allclose(bounds, [[20, 10, 50, 30], [30, 15, 40, 20]], atol=0.3)
    assert outline(np.zeros((4, 4), bool)) is None


def test_depth_is_bright_near_and_gray_where_unknown():
    depth_m = np.linspace(1.0, 3.0, 100).reshape(10, 10)
    depth_m[0, 0] = 0.0
    picture, near_m, far_m = depth_picture(depth_m)
    light = np.asarray(picture.convert("L"), dtype=float)
    assert (near_m, far_m) == pytest.approx((1.03, 2.99), abs=0.02)
    assert isinstance(picture, Image.Image)
    assert light[0, 0] == 128
    assert np.all(np.diff(light.ravel()[1:]) <= 0.5)
