"""The same data set comes out of an array, a tensor, a Dataset, a shuffling loader and a list of pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, TensorDataset

from ganscope.errors import DataError
from ganscope.recorder.reals import read_reals

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 1, 8, 8), np.uint8)
LABELS = np.arange(60) % 3


class Pictures(Dataset[Any]):
    """As torchvision's data sets are: pictures with labels, and names for these."""

    classes = ("cat", "dog", "owl")

    def __len__(self) -> int:
        return 60

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.from_numpy(PIXELS[index]).float() / 127.5 - 1, int(LABELS[index])


class Endless:
    """Batches without an end, as dictionaries."""

    def __iter__(self) -> Any:
        for start in range(0, 60, 20):
            yield {"image": np.moveaxis(PIXELS[start : start + 20], 1, 3), "label": LABELS[start : start + 20]}


FORMS = {
    "array": (PIXELS, LABELS),
    "tensor in [0, 1]": (torch.from_numpy(PIXELS) / 255.0, torch.from_numpy(LABELS)),
    "channels last": (np.moveaxis(PIXELS, 1, 3), LABELS),
    "one-hot labels": (PIXELS, np.eye(3)[LABELS]),
    "rows": (PIXELS.reshape(60, 64) / 255.0, LABELS),
    "TensorDataset": (TensorDataset(torch.from_numpy(PIXELS), torch.from_numpy(LABELS)), None),
    "Dataset": (Pictures(), None),
    "loader": (DataLoader(Pictures(), batch_size=16, shuffle=True), None),
    "batches": (Endless(), None),
    "pictures": ([Image.fromarray(image[0]) for image in PIXELS], LABELS),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_data(form: str) -> None:
    reals, labels = FORMS[form]
    found = read_reals(reals, labels, progress=lambda text: None)
    expected = read_reals(PIXELS, LABELS, progress=lambda text: None)
    for part in ("train", "test"):
        mine, theirs = getattr(found.dataset, part), getattr(expected.dataset, part)
        assert np.array_equal(mine.images, theirs.images) and np.array_equal(mine.labels, theirs.labels)
    names = ("cat", "dog", "owl") if form in ("Dataset", "loader") else ("0", "1", "2")
    assert found.dataset.train.class_names == names
    assert found.batch_size == (16 if form == "loader" else None)


def test_reading_draws_none_of_the_programs_random_numbers() -> None:
    torch.manual_seed(3)
    state = torch.get_rng_state()
    read_reals(DataLoader(Pictures(), batch_size=16, shuffle=True), progress=lambda text: None)
    assert torch.equal(torch.get_rng_state(), state)


def test_what_cannot_be_read() -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_reals(3, progress=lambda text: None)
    with pytest.raises(DataError, match="no real images"):
        read_reals(iter(()), progress=lambda text: None)
    with pytest.raises(DataError, match="which entry"):
        read_reals([{"picture": PIXELS[0]}], progress=lambda text: None)


def test_larger_and_oblong_pictures_are_measured_as_squares() -> None:
    wide = np.random.default_rng(1).integers(0, 256, (12, 3, 140, 300), np.uint8)
    found = read_reals(wide, progress=lambda text: None)
    assert found.dataset.train.images.shape[1:] == (3, 128, 128) and "measured at 128×128×3" in found.said
