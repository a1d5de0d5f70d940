"""The candidates of a folder, and what is shown of one."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny
from candidate_rows import candidate, write
from PIL import Image

from gsi_bench_hf.review.candidates import Candidates, encoded_image
from gsi_bench_hf.review.decisions import ReviewError
from gsi_bench_hf.review.look import look
from gsi_bench_hf.review.sketch import sketch
from gsi_bench_hf.types import Sample


def test_every_row_is_found_in_its_row_group(folder):
    candidates = Candidates(folder)
    wanted = [f"real-{index:05d}" for index in range(5)]
    assert [brief.id for brief in candidates.briefs] == wanted
    assert [candidates.row(n)["id"] for n in (4, 0, 3, 2, 1)] == [wanted[n] for n in (4, 0, 3, 2, 1)]
    assert candidates.briefs[0].operation == "move"
    with pytest.raises(IndexError, match="5"):
        candidates.row(5)


def test_the_digest_is_of_words_and_numbers(tmp_path):
    before = candidate(0)
    changed = [
        {"instruction": "Move it."},
        {"instruction_zh": None},
        {"edit": before["edit"] | {"new_bbox_3d": tiny.box(20.5, 6)}},
        {"camera": before["camera"] | {"intrinsics": tiny.IDENTITY}},
    ]
    rows = [before, *(candidate(0, id="real-00000", **change) for change in changed)]
    found = {Candidates(write(tmp_path / str(k), [row])).briefs[0].digest for k, row in enumerate(rows)}
    assert len(found) == len(rows)
    assert Candidates(write(tmp_path / "again", [candidate(0)])).briefs[0].digest in found


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (None, "has no candidates.parquet; make it with `gsi-bench build real"),
        ([], "has no candidates, expected one or more; candidates.json says why"),
        ([candidate(0), candidate(0)], "has the id 'real-00000' more than once"),
    ],
)
def test_a_folder_without_candidates_is_refused(tmp_path, rows, message):
    if rows is not None:
        write(tmp_path, rows)
    with pytest.raises(ReviewError, match=message):
        Candidates(tmp_path)


@pytest.mark.parametrize("content", ["text", "table"])
def test_a_file_of_something_else_is_refused(tmp_path, content):
    path = tmp_path / "candidates.parquet"
    if content == "text":
        path.write_text("id,instruction")
    else:
        pq.write_table(pa.table({"id": ["a"]}), path)
    with pytest.raises(ReviewError, match=r"holds no records of gsi-bench .*; make it again"):
        Candidates(tmp_path)


def encoded(form: str) -> bytes:
    buffer = io.BytesIO()
    tiny.picture(4, 6).save(buffer, form)
    return buffer.getvalue()


@pytest.mark.parametrize(("form", "kind"), [("JPEG", "image/jpeg"), ("PNG", "image/png")])
def test_a_picture_is_shown_as_it_is_kept(form, kind):
    data = encoded(form)
    assert encoded_image({"bytes": data, "path": None}) == (data, kind)


def test_a_picture_in_another_form_is_shown_without_loss():
    data, kind = encoded_image({"bytes": encoded("BMP"), "path": None})
    assert kind == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(tiny.picture(4, 6)))


def test_without_a_target_image_there_is_a_sketch_and_it_says_so(folder):
    shown = look(Candidates(folder).row(1))
    assert [view["name"] for view in shown.card["views"]] == ["before", "after"]
    assert shown.card["views"][1]["caption"].startswith("sketch: ")
    assert shown.pictures.keys() == {"before", "after"}
    assert ["template", "move square 1"] in [list(fact) for fact in shown.card["facts"]]
    assert ["verified plausibility", "8"] in [list(fact) for fact in shown.card["facts"]]


def test_a_target_image_is_shown_as_what_it_is():
    shown = look(candidate(0, target_image=tiny.picture(18, 6)))
    assert [(view["name"], view["caption"]) for view in shown.card["views"]] == [
        ("before", "before"),
        ("after", "after"),
    ]


def test_the_sketch_has_the_object_where_the_new_box_is():
    row = candidate(1)
    found = np.asarray(sketch(Sample(row))).astype(float)
    wanted = np.asarray(tiny.row(1)["target_image"]).astype(float)
    # The edges are antialiased, the hole is filled from around it.
    assert np.abs(found - wanted).mean() < 1.5
    there = np.abs(found - wanted).max(axis=-1) < 40
    assert there.mean() > 0.97


def test_the_sketch_of_a_removal_has_no_object():
    row = candidate(1, operation="remove")
    row["edit"]["new_bbox_3d"] = None
    found = np.asarray(sketch(Sample(row))).astype(int)
    assert (found[..., 0] - found[..., 2]).max() < 20
    assert "without the object" in look(row).card["views"][1]["caption"]


def test_the_sketch_of_a_view_edit_is_seen_from_there():
    turn = np.deg2rad(10.0)
    c, s = np.cos(turn), np.sin(turn)
    rotation = [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]]  # its z axis leans to the right: it looks that way
    row = candidate(2, operation="view")
    row["edit"] |= {"new_bbox_3d": None, "camera_motion": {"translation_m": [0.0, 0.0, 0.0], "rotation": rotation}}
    found, before = (np.asarray(image).astype(int) for image in (sketch(Sample(row)), row["source_image"]))
    columns = [np.nonzero(image[..., 0] - image[..., 2] > 80)[1].mean() for image in (found, before)]
    # The square's centre, at 20 px, is at atan((20 - 32) / 64) = -10.6 degrees; seen from there it is at 32 + 64 tan(-20.6) = 7.9 px.
    assert columns[1] == pytest.approx(19.5, abs=0.01)
    assert columns[0] == pytest.approx(7.4, abs=1.0)


@pytest.mark.parametrize("missing", ["mask", "new_bbox_3d", "original_bbox_3d"])
def test_where_something_is_missing_there_is_no_sketch(missing):
    row = candidate(0)
    if missing == "mask":
        row["target"] = row["target"] | {"mask": None}
    else:
        row["edit"] = row["edit"] | {missing: None}
    assert sketch(Sample(row)) is None
    assert [view["name"] for view in look(row).card["views"]] == ["before"]
