"""What is kept in memory and in files is what would be made, whatever happens to the files."""

import dataclasses
import os
import pickle

import numpy as np
import pytest

from gsi_bench_hf.synth.assets import keeping, library
from gsi_bench_hf.synth.assets.textures import PAINTERS, paint


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cache folder of its own; everything is worth a file."""
    monkeypatch.setenv(keeping.VARIABLE, str(tmp_path / "kept"))
    monkeypatch.setattr(keeping, "_WORTH_S", 0.0)
    yield tmp_path / "kept"
    for keeper in (paint, library._made):
        keeper.cache_clear()


def test_a_texture_comes_back_from_its_file_and_not_from_a_broken_one(folder):
    paint.cache_clear()
    first = paint("plastic:base=b9322c")
    (path,) = folder.iterdir()
    marked = np.full_like(first, 7)
    keeping.write_file(path, np.array(first.shape, "<i4").tobytes() + marked.tobytes())
    paint.cache_clear()
    assert (paint("plastic:base=b9322c") == 7).all(), "the file was not read"
    path.write_bytes(path.read_bytes()[:-1000])
    paint.cache_clear()
    again = paint("plastic:base=b9322c")
    assert again.tobytes() == first.tobytes()
    assert not again.flags.writeable


@pytest.mark.parametrize("kind", ["mug", "bookshelf", "toilet"])
def test_an_asset_comes_back_whole(folder, kind):
    library._made.cache_clear()
    made, supports = library._made(kind, 5)
    library._made.cache_clear()
    kept, kept_supports = library._made(kind, 5)
    assert kept is not made
    for a, b in ((made, kept), *zip(made.parts, kept.parts, strict=True), *zip(supports, kept_supports, strict=True)):
        for field in dataclasses.fields(a):
            one, other = getattr(a, field.name), getattr(b, field.name)
            if isinstance(one, np.ndarray):
                assert (one.dtype, one.shape, one.strides) == (other.dtype, other.shape, other.strides)
                assert one.tobytes() == other.tobytes()
            elif field.name != "parts":
                assert one == other


def test_a_file_that_names_another_class_is_refused(folder):
    library._made.cache_clear()
    library._made("mug", 5)
    (path,) = folder.iterdir()
    keeping.write_file(path, pickle.dumps(os.getcwd))
    library._made.cache_clear()
    with pytest.raises(pickle.UnpicklingError, match="expected arrays and asset classes only"):
        library._made("mug", 5)


def test_another_s_painter_is_never_kept_in_a_file(folder):
    ours = PAINTERS["plastic"]
    PAINTERS._specs["plastic"] = lambda: np.full((8, 8, 3), 0.5)
    try:
        paint.cache_clear()
        assert paint("plastic").shape == (8, 8, 3)
        assert not folder.exists() or not list(folder.iterdir())
    finally:
        PAINTERS._specs["plastic"] = ours


def test_off_writes_nothing(folder, monkeypatch):
    monkeypatch.setenv(keeping.VARIABLE, "off")
    paint.cache_clear()
    paint("plastic:base=b9322c")
    assert not folder.exists()


def test_memory_and_folder_stay_under_their_limits(tmp_path):
    calls = []

    def ten(number):
        calls.append(number)
        return bytes(10)

    keeper = keeping.Keeper(ten, dump=bytes, load=bytes, size=len, limit=30, keeps_on_disk=lambda number: False)
    for number in (0, 1, 2, 0, 3, 0, 1):
        keeper(number)
    assert calls == [0, 1, 2, 3, 1], "0 was used last and stays; 1 went when 3 came"
    for number in range(10):
        keeping.write_file(tmp_path / str(number), bytes(96))
        os.utime(tmp_path / str(number), (number, number))
    (tmp_path / ".9.123").write_bytes(b"half")
    os.utime(tmp_path / ".9.123", (0, 0))
    keeping.trim(tmp_path, limit=900)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["4", "5", "6", "7", "8", "9"]
