"""Labels in tables beside the images."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganscope.data.label_files import find_labels, find_parts, read_labels, with_parts
from ganscope.data.layout import understand
from ganscope.data.load import load_dataset
from ganscope.errors import DataError

NAMES = [f"train/{i:03d}.jpg" for i in range(40)]


def table(key: str = "id", form: str = "{:03d}", label: str = "breed") -> bytes:
    rows = [f"{form.format(i)},{0.1 * i:.3f},{'pug' if i % 2 else 'boxer'}" for i in range(40)]
    return "\n".join([f"{key},score,{label}", *rows]).encode()


@pytest.mark.parametrize(
    "form", ["{:03d}", "{:03d}.jpg", "train/{:03d}.jpg", "./train/{:03d}.jpg", "train\\{:03d}.jpg"]
)
def test_a_table_names_images_in_any_usual_way(form: str) -> None:
    labels = read_labels(table(form=form), "train.csv", NAMES, None)
    assert Counter(labels.of.values()) == {"pug": 20, "boxer": 20} and labels.of["train/003.jpg"] == "pug"


def test_the_label_column_is_found_named_or_asked_for() -> None:
    found = read_labels(table(label="whatever"), "train.csv", NAMES, None)
    assert set(found.of.values()) == {"pug", "boxer"}, "the only column of few values"
    assert len(set(read_labels(table(), "train.csv", NAMES, "score").of.values())) == 40
    with pytest.raises(DataError, match="no column 'bred'") as caught:
        read_labels(table(), "train.csv", NAMES, "bred")
    assert "did you mean 'breed'" in caught.value.todo


def test_stylegan_and_hugging_face_files() -> None:
    pairs = {"labels": [[name.removeprefix("train/"), i % 3] for i, name in enumerate(NAMES)]}
    lines = "\n".join(json.dumps({"file_name": n.removeprefix("train/"), "label": i % 3}) for i, n in enumerate(NAMES))
    for document, text in (("train/dataset.json", json.dumps(pairs)), ("train/metadata.jsonl", lines)):
        labels, _ = find_labels({document: text.encode()}, NAMES, None)
        assert labels is not None and [labels.of[name] for name in NAMES[:4]] == ["0", "1", "2", "0"]
    nothing, _ = find_labels({"dataset.json": b'{"labels": null}'}, NAMES, None)
    assert nothing is None


def test_rows_need_not_have_the_same_cells() -> None:
    lines = ["id,kind,", *(f"{i:03d},k{i % 2}," for i in range(40))]
    for place in (1, 20):
        ragged = [*lines[:place], lines[place] + "7,8", *lines[place + 1 :]]  # cells that no column is for
        assert read_labels("\n".join(ragged).encode(), "a.csv", NAMES, "kind").of[NAMES[1]] == "k1"
        short = [*lines[:place], lines[place].split(",")[0], *lines[place + 1 :]]
        assert len(read_labels("\n".join(short).encode(), "a.csv", NAMES, "kind").of) == 39
    pair = [f"{i:03d}" + ("" if i == 0 else f",k{i % 2}") for i in range(40)]
    with pytest.raises(DataError, match="which column"):  # the header has no name for it
        read_labels("\n".join(["id", *pair]).encode(), "a.csv", NAMES, None)
    objects = [{"file_name": f"{i:03d}.jpg"} | ({"label": f"k{i % 2}"} if i else {}) for i in range(40)]
    rows = "\n".join(map(json.dumps, objects)).encode()
    assert len(read_labels(rows, "metadata.jsonl", NAMES, None).of) == 39, "the first object has no label"


def test_names_measurements_and_other_tables_are_no_labels() -> None:
    numbers = "\n".join(["id,target", *(f"{i:03d},{i * 1.37:.3f}" for i in range(40))]).encode()
    labels, why = find_labels({"train.csv": numbers}, NAMES, None)
    assert labels is None and why is not None and "40 different values" in str(why)
    assert find_labels({"prices.csv": b"item,price\na,1\nb,2\n"}, NAMES, None) == (None, None)
    for broken in (b"", b"[" * 100_000, b"\xff\xfe\0", b'{"labels": 7}'):
        assert find_labels({"dataset.json": broken}, NAMES, None)[0] is None


def picture(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)).save(path)


def test_labels_reach_the_data_set(tmp_path: Path) -> None:
    for i in range(40):
        picture(tmp_path / f"kaggle/train/{i:03d}.png", i)
    for i in range(10):
        picture(tmp_path / f"kaggle/test/{100 + i}.png", 100 + i)
    (tmp_path / "kaggle/train.csv").write_bytes(table())
    data = load_dataset(str(tmp_path / "kaggle"))
    assert data.train.class_names == ("boxer", "pug") and len(data.train.images) + len(data.test.images) == 40
    assert any("train.csv" in text and "--labels none" in text for text in data.decisions)
    assert load_dataset(str(tmp_path / "kaggle"), labels="none").train.labels is None
    (tmp_path / "kaggle/train.csv").rename(tmp_path / "elsewhere.csv")
    bare = load_dataset(str(tmp_path / "kaggle"))
    assert bare.train.labels is None and len(bare.test.images) == 10
    named = load_dataset(str(tmp_path / "kaggle"), labels=str(tmp_path / "elsewhere.csv"), label_column="breed")
    assert named.train.content_hash == data.train.content_hash
    with pytest.raises(DataError, match="no such file"):
        load_dataset(str(tmp_path / "kaggle"), labels="nowhere.csv")


def test_numbered_folders_take_their_labels_from_dataset_json(tmp_path: Path) -> None:
    for i in range(60):
        picture(tmp_path / f"set/{i // 20:05d}/img{i:08d}.png", i)
    pairs = [[f"{i // 20:05d}/img{i:08d}.png", i % 3] for i in range(60)]
    assert load_dataset(str(tmp_path / "set")).train.labels is None
    (tmp_path / "set/dataset.json").write_text(json.dumps({"labels": pairs}))
    data = load_dataset(str(tmp_path / "set"))
    assert data.train.class_names == ("0", "1", "2") and data.train.names and data.train.labels is not None
    for name, label in zip(data.train.names, data.train.labels, strict=True):
        assert int(name[-7:-4]) % 3 == label


def test_a_column_of_parts_is_the_split_and_no_class() -> None:
    for head, words in (("image_id,split", ("test", "val", "train")), ("image_id,partition", ("2", "1", "0"))):
        rows = [f"{i:03d}.jpg,{words[(i >= 10) + (i >= 15)]}" for i in range(40)]
        text = {"list_eval_partition.csv": "\n".join([head, *rows]).encode()}
        assert find_labels(text, NAMES, None)[0] is None, "parts are no classes"
        given, where = find_parts(text, NAMES)
        assert Counter(given.values()) == {"test": 10, "valid": 5, "train": 25} and "list_eval_partition" in where
        layout = with_parts(understand(NAMES), given, where)
        assert Counter(layout.parts) == {"train": 25, "test": 10} and len(layout.left_out) == 5
        assert "--splits none" in str(layout.decisions[-1])
    folds = "\n".join(["image_id,fold", *(f"{i:03d},{i % 5}" for i in range(40))]).encode()
    assert find_parts({"train.csv": folds}, NAMES) == ({}, ""), "the folds of a cross-validation are no parts"


def test_lists_of_files_give_classes_and_parts() -> None:
    lists = {
        f"{part}.txt": "\n".join(f"{NAMES[i]} {i % 3}" for i in rows).encode()
        for part, rows in (("train", range(30)), ("test", range(30, 40)))
    }
    labels, _ = find_labels(lists, NAMES, None)
    assert labels is not None and labels.of[NAMES[31]] == "1" and len(labels.of) == 40
    assert Counter(find_parts(lists, NAMES)[0].values()) == {"train": 30, "test": 10}
    paths = {name: content.replace(b" ", b"\n").split(b"\n")[0] for name, content in lists.items()}
    assert find_labels(paths | {"labels.txt": b"made by hand\nin 2023\n"}, NAMES, None)[0] is None, "no classes there"


def test_columns_of_zeros_and_ones_are_classes_where_one_is_1() -> None:
    kinds = ["healthy", "rust", "scab"]
    rows = [f"{i:03d}," + ",".join(str(int(i % 3 == k)) for k in range(3)) for i in range(40)]
    labels = read_labels("\n".join(["image_id," + ",".join(kinds), *rows]).encode(), "train.csv", NAMES, None)
    assert [labels.of[name] for name in NAMES[:3]] == kinds
    several = "\n".join(["image_id,male,young", *(f"{i:03d},{i % 2},1" for i in range(40))]).encode()
    with pytest.raises(DataError, match="which column"):
        read_labels(several, "list_attr.csv", NAMES, None)
    hot = {
        "labels": [[name.removeprefix("train/"), [0.0, 1.0] if i % 2 else [1.0, 0.0]] for i, name in enumerate(NAMES)]
    }
    found = read_labels(json.dumps(hot).encode(), "train/dataset.json", NAMES, None)
    assert [found.of[name] for name in NAMES[:3]] == ["0", "1", "0"]


def test_a_table_of_a_windows_program_is_read() -> None:
    text = "Datei;Klasse\r\n" + "\r\n".join(f"{i:03d}.jpg;Äpfel{i % 2}" for i in range(40))
    labels = read_labels(text.encode("utf-16"), "labels.csv", NAMES, None)
    assert labels.of[NAMES[1]] == "Äpfel1"


def test_parts_from_a_table_are_held_out(tmp_path: Path) -> None:
    for i in range(24):
        Image.fromarray(np.random.default_rng(i).integers(0, 255, (8, 8, 3), np.uint8)).save(tmp_path / f"{i}.png")
    rows = [f"{i}.png,k{i % 2},{'test' if i < 8 else 'train'}" for i in range(24)]
    (tmp_path / "labels.csv").write_text("\n".join(["filename,label,split", *rows]))
    found = load_dataset(str(tmp_path), cache=tmp_path.parent / "cache")
    assert (len(found.train.images), len(found.test.images)) == (16, 8) and found.train.class_names == ("k0", "k1")
    assert found.test.names is not None and set(found.test.names) == {f"{i}.png" for i in range(8)}
    together = load_dataset(str(tmp_path), cache=tmp_path.parent / "cache", splits="none")
    assert len(together.train.images) > 16
