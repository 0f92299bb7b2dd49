"""GLV1 containers: what goes in comes out, in Python and (web/test/container.test.ts) in the browser."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from fixtures import golden
from ganscope.page import container


def test_the_golden_file_decodes_to_its_known_arrays() -> None:
    meta, found = container.decode(golden.PATH.read_bytes())
    assert meta == golden.META
    assert set(found) == set(golden.sections())
    for name, wanted in golden.sections().items():
        if isinstance(wanted, bytes):
            assert found[name] == wanted
            continue
        # One-dimensional bytes stored as they are come back as bytes: an image and an array look the same there.
        got = np.frombuffer(found[name], np.uint8) if isinstance(found[name], bytes) else found[name]
        assert got.dtype == wanted.dtype and got.shape == wanted.shape, name
        np.testing.assert_array_equal(got, wanted, err_msg=name)


def test_what_is_encoded_now_has_the_golden_header_up_to_the_packing() -> None:
    def layout(blob: bytes) -> list[dict[str, object]]:
        (length,) = struct.unpack("<I", blob[4:8])
        entries = json.loads(blob[8 : 8 + length])["sections"]
        return [{key: entry[key] for key in ("name", "dtype", "shape", "enc")} for entry in entries]

    blob = container.encode(golden.META, golden.sections())
    assert blob == container.encode(golden.META, golden.sections()), "the same input gives the same bytes"
    # Not the bytes: another zlib may pack in another way.
    assert layout(blob) == layout(golden.PATH.read_bytes())


def test_every_section_is_aligned_and_offsets_point_at_it() -> None:
    blob = container.encode({"k": "v" * 13}, {f"s{n}": b"x" * n + b"end" for n in range(1, 20)})
    (length,) = struct.unpack("<I", blob[4:8])
    for entry in json.loads(blob[8 : 8 + length])["sections"]:
        assert entry["off"] % 8 == 0
        assert blob[entry["off"] : entry["off"] + entry["len"]].endswith(b"end")


@pytest.mark.parametrize("keep", [0, 3, 7, 20, -1])
def test_a_container_cut_short_is_refused_and_says_so(keep: int) -> None:
    blob = golden.PATH.read_bytes()
    with pytest.raises(ValueError, match=r"cut short|not a GLV1"):
        container.decode(blob[:keep])


def test_numbers_that_json_lacks_become_null() -> None:
    meta, _ = container.decode(
        container.encode({"a": float("nan"), "b": [float("inf"), 2.0], "c": {"d": -float("inf")}})
    )
    assert meta == {"a": None, "b": [None, 2.0], "c": {"d": None}}


def test_a_type_that_the_page_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"'wrong': int64"):
        container.encode({}, {"wrong": np.arange(3, dtype=np.int64)})


def test_places_survive_to_half_a_step_and_what_lies_outside_is_clipped() -> None:
    xy = np.random.default_rng(0).normal(0, 7, (500, 2)).astype(np.float32)
    frame = container.frame_around(xy, margin=0.5)
    side = float((xy.max(axis=0) - xy.min(axis=0)).max())
    assert frame.scale * 65535 == pytest.approx(2 * side, rel=1e-6)  # twice the data: half of its side on every side
    back = container.from_u16(container.to_u16(xy, frame), frame)
    assert np.abs(back - xy).max() <= frame.scale * 0.5001
    assert container.to_u16(np.array([[1e9, -1e9], [np.nan, np.inf]]), frame)[0].tolist() == [65535, 0]


def test_the_frame_of_one_point_or_none_can_be_drawn() -> None:
    assert container.frame_around(np.zeros((0, 2))).scale > 0
    frame = container.frame_around(np.full((1, 2), 5.0))
    assert container.from_u16(container.to_u16(np.full((1, 2), 5.0), frame), frame) == pytest.approx(
        np.full((1, 2), 5.0), abs=1e-6
    )


def test_shares_have_255_steps_and_a_place_for_unknown() -> None:
    assert container.share_to_u8(np.array([0, 0.5, 1, 2, -1, np.nan]), 1.0).tolist() == [0, 127, 254, 254, 0, 255]


@pytest.mark.parametrize(("most", "kind"), [(9, np.uint8), (254, np.uint8), (255, np.uint16), (70_000, np.uint32)])
def test_labels_take_the_smallest_type_that_leaves_room_for_none(most: int, kind: type) -> None:
    stored = container.labels_to_small(np.array([0, most, -1]))
    assert stored.dtype == kind
    assert stored.tolist() == [0, min(most, np.iinfo(kind).max), np.iinfo(kind).max]
    # "none" must not be a class
    assert (stored == np.iinfo(kind).max).sum() == 1
