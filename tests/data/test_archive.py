"""Archives are read without trusting anything they say."""

from __future__ import annotations

import gzip
import os
import tarfile
import unicodedata
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganscope.data.archive import printable, read_archive, read_members, refusal, sniff
from ganscope.errors import DataError

Members = dict[str, bytes | str]


def everything(name: str) -> bool:
    return True


def make_tar(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: Any = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, BytesIO(content))
    return path


def tar_info(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def read(path: Path) -> Members:
    """Content, or the reason why it is refused, by name."""
    return {name: got.what if isinstance(got, DataError) else got for name, got in read_members(path, everything)}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_gives_its_files_whatever_its_compression(tmp_path: Path, mode: str) -> None:
    path = make_tar(tmp_path / "a", [(tar_info("d/1.png"), b"one"), (tar_info("2.png"), b"two" * 1000)], mode)
    assert sniff(path) == "tar"
    assert read(path) == {"d/1.png": b"one", "2.png": b"two" * 1000}


def test_a_zip_gives_its_files(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("d/1.png", b"one")
        archive.writestr("d/", b"")
    assert sniff(path) == "zip"
    assert read(path) == {"d/1.png": b"one"}


def test_a_file_without_a_name_is_refused_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.png", b"one")
        archive.writestr("x", b"two")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"x", b"\0"))  # which zipfile reads as the end of the name
    assert {name: got if isinstance(got, bytes) else got.what for name, got in read_archive(path, everything)} == {
        "1.png": b"one",
        "": "unsafe name: empty, or with a NUL byte",
    }


def test_only_wanted_names_are_given(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a", [(tar_info("a.png"), b"1"), (tar_info("b.txt"), b"2")])
    assert [name for name, _ in read_members(path, lambda name: name.endswith(".png"))] == ["a.png"]


UNSAFE = ["../up.png", "a/../../up.png", "/etc/abs.png", "C:/abs.png", "..\\up.png", "\\abs.png"]


@pytest.mark.parametrize("name", UNSAFE)
def test_unsafe_names_are_refused_in_tar_and_zip(tmp_path: Path, name: str) -> None:
    tar = make_tar(tmp_path / "a.tar", [(tar_info(name), b"evil"), (tar_info("good.png"), b"good")], "w")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"evil")
        archive.writestr("good.png", b"good")
    for path in (tar, tmp_path / "a.zip"):
        found = read(path)
        assert found.pop("good.png") == b"good"
        assert [str(reason).startswith("unsafe name") for reason in found.values()] == [True]
    assert sorted(os.listdir(tmp_path)) == ["a.tar", "a.zip"], "nothing is ever written"  # noqa: PTH208


def test_refusal_leaves_honest_names_alone() -> None:
    assert [refusal(name) for name in ("a.png", "a/b.png", "a..b/c.png", "…/ü.png")] == [""] * 4
    assert refusal("a\0b.png")


def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path) -> None:
    path = make_tar(
        tmp_path / "a.tgz",
        [
            (tar_info("sym.png", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (tar_info("hard.png", tarfile.LNKTYPE, "../../secret"), b""),
            (tar_info("pipe.png", tarfile.FIFOTYPE), b""),
            (tar_info("device.png", tarfile.CHRTYPE), b""),
            (tar_info("good.png"), b"good"),
        ],
    )
    found = read(path)
    assert found["good.png"] == b"good"
    assert "a link to /etc/passwd" in str(found["sym.png"]) and "a link to" in str(found["hard.png"])
    assert "not a regular file" in str(found["pipe.png"]) and "not a regular file" in str(found["device.png"])


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("sym.png")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "a link" in str(read(tmp_path / "a.zip")["sym.png"])


def test_a_file_too_large_is_refused_by_its_stated_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganscope.data.archive.MAX_MEMBER_BYTES", 1000)
    tar = make_tar(tmp_path / "a.tgz", [(tar_info("big.png"), bytes(1001)), (tar_info("fits.png"), bytes(1000))])
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.png", bytes(1001))
        archive.writestr("fits.png", bytes(1000))
    for path in (tar, tmp_path / "a.zip"):
        found = read(path)
        assert "too large" in str(found["big.png"]) and found["fits.png"] == bytes(1000)


def test_a_stream_far_beyond_its_file_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganscope.data.archive.RATIO_FREE_BYTES", 1 << 20)
    path = make_tar(tmp_path / "bomb.tgz", [(tar_info("unwanted.bin"), bytes(40 << 20)), (tar_info("a.png"), b"1")])
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match="archive bomb"):
        list(read_members(path, lambda name: name.endswith(".png")))


def test_a_zip_that_lies_about_a_size_gives_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(5000))
    data = path.read_bytes()
    path.write_bytes(data.replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert "damaged inside the archive" in str(read(path)["a.png"])


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"secret")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert read(path)["a.png"] == "encrypted"


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_a_truncated_archive_says_so(tmp_path: Path, keep: float) -> None:
    noise = np.random.default_rng(0).bytes(20_000)
    members = [(tar_info(f"{i}.png"), noise) for i in range(10)]
    tar, packed = make_tar(tmp_path / "a.tar", members, "w"), make_tar(tmp_path / "a.tgz", members)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", noise)
    data = packed.read_bytes()
    packed.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(DataError, match=r"cut short|cannot be read"):
        list(read_members(packed, everything))
    data = tar.read_bytes()
    tar.write_bytes(data[: 15_000 + int(180_000 * keep)])
    with pytest.raises(DataError, match="cut short"):
        list(read_members(tar, everything))


def test_a_damaged_gzip_checksum_is_noticed(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tgz", [(tar_info("a.png"), b"abc")])
    data = bytearray(path.read_bytes())
    data[-8] ^= 0xFF  # the CRC
    path.write_bytes(data)
    with pytest.raises(DataError, match="cut short or damaged"):
        list(read_members(path, everything))


def test_a_name_that_occurs_twice_counts_once(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tgz", [(tar_info("a.png"), b"first"), (tar_info("a.png"), b"second")])
    found = read(path)
    assert found["a.png"] == b"first" and "twice" in str(found["a.png#2"])


def test_a_name_that_is_not_utf8_survives_and_can_be_printed(tmp_path: Path) -> None:
    name = b"na\xffme.png".decode("utf-8", "surrogateescape")
    path = make_tar(tmp_path / "a.tgz", [(tar_info(name), b"1")])
    assert read(path) == {name: b"1"}
    assert printable(name) == "na\\xffme.png"
    printable(name).encode("utf-8")


def test_printable_escapes_what_would_move_the_cursor() -> None:
    assert printable("a\x1b[2Jb\n.png") == "a\\x1b[2Jb\\n.png"
    assert printable("ü 猫.png") == "ü 猫.png"


def test_sniff_knows_each_kind_by_content(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(3))
    np.savez(tmp_path / "b.npz", np.zeros(3))
    idx = bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 6])
    (tmp_path / "c").write_bytes(idx)
    (tmp_path / "d").write_bytes(gzip.compress(idx))
    (tmp_path / "e").write_text("text")
    (tmp_path / "f").write_bytes(b"")
    kinds = [sniff(tmp_path / name) for name in ("a.npy", "b.npz", "c", "d", "e", "f")]
    assert kinds == ["npy", "npz", "idx", "idx", "", ""]


@settings(max_examples=80, deadline=None)
@given(
    st.binary(min_size=1, max_size=60), st.integers(0, 10_000), st.sampled_from(["zip", "tar", "tgz"]), st.booleans()
)
def test_a_damaged_archive_gives_what_is_whole_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int, kind: str, cut: bool
) -> None:
    """Bytes anywhere overwritten, or the rest missing: files, reasons, or one `DataError`; never anything else."""
    folder = tmp_path_factory.mktemp("any")
    path = folder / f"a.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(5):
                archive.writestr(f"d/{i}.png", bytes([i]) * 300)
    else:
        make_tar(path, [(tar_info(f"d/{i}.png"), bytes([i]) * 300) for i in range(5)], "w:gz" if kind == "tgz" else "w")
    whole = bytearray(path.read_bytes())
    at = place % len(whole)
    whole[at : at + len(noise)] = noise
    path.write_bytes(bytes(whole[:at] if cut else whole))
    try:
        found = list(read_archive(path, everything))
    except DataError:
        return
    assert all(isinstance(content, bytes | DataError) for _, content in found) and len(found) <= 6


@given(st.text())
def test_what_is_printable_moves_no_cursor_and_turns_no_writing(name: str) -> None:
    shown = printable(name)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in shown)
    assert printable(shown) == shown
    assert shown == name or not name.isprintable()
