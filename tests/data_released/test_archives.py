import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from gsi_bench_hf.data.archives import ArchiveError, extract_zip


def make_zip(path: Path, members: dict[str, bytes], *, attributes: dict[str, int] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (attributes or {}).get(name, stat.S_IFREG | 0o777) << 16
            archive.writestr(info, data)
    return path


def files_below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def assert_refused(tmp_path: Path, archive: Path, match: str, **limits) -> None:
    before = files_below(tmp_path)
    with pytest.raises(ArchiveError, match=match) as caught:
        extract_zip(archive, tmp_path / "new" / "out", **limits)
    assert str(archive) in str(caught.value)
    (tmp_path / "new").rmdir()  # fails when something was left behind
    assert files_below(tmp_path) == before


def test_files_arrive_with_their_bytes_and_no_execute_bit(tmp_path):
    members = {"a/b/one.json": b"{}", "two.bin": os.urandom(3_000_000), "ünï.txt": b""}
    out = extract_zip(make_zip(tmp_path / "x.zip", members), tmp_path / "deep" / "out")
    assert {name: (out / name).read_bytes() for name in members} == members
    assert not (out / "two.bin").stat().st_mode & 0o111
    assert files_below(out) == ["a", "a/b", "a/b/one.json", "two.bin", "ünï.txt"]
    assert [p.name for p in out.parent.iterdir()] == ["out"]


def test_a_finished_folder_is_kept_and_an_interrupted_one_is_not_taken_for_finished(tmp_path):
    archive = make_zip(tmp_path / "x.zip", {"a": b"1", "b": os.urandom(5000)})
    whole = archive.read_bytes()
    archive.write_bytes(whole[:2000] + bytes(100) + whole[2100:])  # "a" is written when "b" fails
    with pytest.raises(ArchiveError, match="'b' can't be read"):
        extract_zip(archive, tmp_path / "out")
    assert files_below(tmp_path) == ["x.zip"]
    archive.write_bytes(whole)
    out = extract_zip(archive, tmp_path / "out")
    assert files_below(out) == ["a", "b"]
    archive.unlink()
    assert extract_zip(archive, tmp_path / "out") == out  # not opened again


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("../evil", "leads out of the folder"),
        ("a/../../evil", "leads out of the folder"),
        ("/etc/evil", "absolute"),
        ("C:/evil", "absolute or one of another system"),
        ("a\\..\\evil", "another system"),
        ("a\nb", "control character"),
        (".", "name is empty"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(tmp_path, name, match):
    assert_refused(tmp_path, make_zip(tmp_path / "x.zip", {"good": b"1", name: b"2"}), match)


def test_a_name_cut_by_a_nul_byte_is_refused(tmp_path):
    archive = make_zip(tmp_path / "x.zip", {"good_evil": b"1"})
    archive.write_bytes(archive.read_bytes().replace(b"good_evil", b"good\0evil"))
    assert_refused(tmp_path, archive, "control character")


@pytest.mark.parametrize(
    ("kind", "match"), [(stat.S_IFLNK, "it is a link"), (stat.S_IFIFO, "a device"), (stat.S_IFCHR, "a device")]
)
def test_links_and_devices_are_refused(tmp_path, kind, match):
    archive = make_zip(tmp_path / "x.zip", {"good": b"1", "l": b"/etc/passwd"}, attributes={"l": kind | 0o777})
    assert_refused(tmp_path, archive, match)


def test_names_that_clash_are_refused(tmp_path):
    archive = make_zip(tmp_path / "x.zip", {"a": b"1", "Z": b"2"})
    archive.write_bytes(archive.read_bytes().replace(b"Z", b"a"))
    assert_refused(tmp_path, archive, "'a': stands in the archive twice")
    assert_refused(tmp_path, make_zip(tmp_path / "y.zip", {"a": b"1", "a/b": b"2"}), "both a file and a folder")


def test_sizes_beyond_the_limits_are_refused(tmp_path):
    archive = make_zip(tmp_path / "x.zip", {f"{i}": os.urandom(1000) for i in range(5)})
    assert_refused(tmp_path, archive, r"5 members, expected at most 4 \(max_files=\)", max_files=4)
    assert_refused(tmp_path, archive, r"5,000 bytes, expected at most 4,999 \(max_bytes=\)", max_bytes=4999)
    assert extract_zip(archive, tmp_path / "out", max_files=5, max_bytes=5000).is_dir()


def test_a_bomb_is_refused_by_its_ratio(tmp_path):
    assert_refused(tmp_path, make_zip(tmp_path / "x.zip", {"zeros": bytes(20 << 20)}), "zeros: .* ratio of at most 200")
    # Members that point at the same compressed bytes: each is harmless by itself, the whole is not.
    data = os.urandom(100_000)
    archive = make_zip(tmp_path / "y.zip", {f"{i:04d}": data if i == 0 else b"" for i in range(900)})
    share_first_member(archive)
    assert_refused(tmp_path, archive, "the whole: .* ratio")


def share_first_member(archive: Path) -> None:
    """Rewrite the central directory so that every member has the sizes and the place of the first."""
    content = bytearray(archive.read_bytes())
    places = [i for i in range(len(content)) if content[i : i + 4] == b"PK\1\2"]
    first = places[0]
    for place in places[1:]:
        content[place + 16 : place + 28] = content[first + 16 : first + 28]
        content[place + 42 : place + 46] = struct.pack("<I", 0)
    archive.write_bytes(content)


def test_an_encrypted_archive_is_refused(tmp_path):
    archive = make_zip(tmp_path / "x.zip", {"secret": b"1"})
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(content)
    assert_refused(tmp_path, archive, "'secret': it is encrypted")


def test_a_damaged_archive_is_refused(tmp_path):
    whole = make_zip(tmp_path / "x.zip", {"a": os.urandom(50_000), "b": b"2"}).read_bytes()
    (tmp_path / "x.zip").unlink()
    archive = tmp_path / "y.zip"
    archive.write_bytes(whole[: len(whole) // 2])
    assert_refused(tmp_path, archive, "not a zip, or cut short")
    archive.write_bytes(whole[:20_000] + bytes(100) + whole[20_100:])
    assert_refused(tmp_path, archive, "'a' can't be read .*get the file again")
