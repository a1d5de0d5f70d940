"""Names, suggestions, duplicates, entry points."""

import pytest

from gsi_bench_hf.registry import Registry, UnknownNameError


def test_an_unknown_name_suggests_the_nearest():
    colours = Registry[int]("colour")
    colours.add("crimson", 1)
    colours.add("teal", 2)
    with pytest.raises(
        UnknownNameError, match=r"unknown colour 'crimsen'\. Did you mean 'crimson'\? Known: crimson, teal"
    ):
        colours["crimsen"]


def test_a_name_like_no_other_gets_no_suggestion():
    colours = Registry[int]("colour")
    colours.add("teal", 2)
    with pytest.raises(UnknownNameError, match=r"^unknown colour 'xyzzy'\. Known: teal$"):
        colours["xyzzy"]


def test_a_name_is_given_once():
    colours = Registry[int]("colour")
    colours.add("teal", 1)
    with pytest.raises(ValueError, match="colour 'teal' is registered already"):
        colours.add("teal", 2)


def test_other_packages_add_through_entry_points(tmp_path, monkeypatch):
    info = tmp_path / "guest-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: guest\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[test_gsi.colours]\nindigo = guest_colours:INDIGO\n")
    (tmp_path / "guest_colours.py").write_text("INDIGO = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    colours = Registry[int]("colour", "test_gsi.colours")
    assert list(colours) == ["indigo"]
    assert colours["indigo"] == 7
    assert len(colours) == 1
