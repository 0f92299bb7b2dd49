"""The card of an exported data set: the counts of the export, and what its labels are worth."""

from __future__ import annotations

from typing import Any

from ganscope.export.image_card import MEANT, classes_section, counts_section, labels_sentence, worth_section

STATE: dict[str, Any] = {"drawn": 1500, "kept": [600, 400], "dropped": {}, "surplus": 0}


def test_the_counts_add_up_and_every_filter_is_named() -> None:
    request = {"seed": 7}
    plain = counts_section(request, STATE, ["a|b", "c"], {})
    assert "1,500 images drawn, 1,000 kept, seed 7" in plain and "no filter" in plain and "was full" not in plain
    filtered = STATE | {"dropped": {"copies": 300, "mistaken": 100}, "surplus": 100}
    told = counts_section(request, filtered, ["a", "c"], {"copies": 0.125})
    assert f"`--drop-copies`: 300 ({MEANT['copies']}; threshold 0.125" in told
    assert f"`--drop-mistaken`: 100 ({MEANT['mistaken']})" in told
    assert "their class was full: 100" in told and "a 600, c 400" in told and "no filter" not in told


def test_where_labels_come_from_is_said() -> None:
    assert "asked for" in labels_sentence(True, ["a", "b"], {"bare": False})
    assert "a classifier trained on the real images" in labels_sentence(False, ["a", "b"], {"bare": False})
    assert labels_sentence(False, ["a"], {"bare": True}).startswith("None: ")
    assert labels_sentence(False, [], {"bare": False}).startswith("None: ")


def test_what_was_not_measured_is_not_told() -> None:
    assert classes_section({}, ["a"]) == "" and "Not measured" in worth_section({})
    told: dict[str, Any] = {part: [1.0, 2.0] for part in ("frechet", "frechet_floor", "diversity", "diversity_floor")}
    told |= {"num_compared": [10, 20], "accuracy": 0.5, "floor": 0.975}
    assert classes_section({"per_class": told}, ["a"]) == "", "classes of another data set"
    table = classes_section({"per_class": told}, ["a", "b"])
    assert "50.0 % look like" in table and "97.5 % are recognised" in table and table.count("\n| ") == 3
    assert "on 90.0 %" in worth_section({"metrics": {"tstr": {"value": 0.5, "floor": 0.9}}}).replace("\n", " ")
