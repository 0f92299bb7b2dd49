"""A metric carries its protocol."""

from __future__ import annotations

from ganscope.metrics.table import METRICS, Metric


def test_a_metric_carries_its_protocol_and_its_line_has_no_infinities() -> None:
    metric = Metric("class_kl", float("inf"), None, 0.002, 10_000, 2000, 2000, "classifier", "abc")
    line = metric.to_dict()
    assert line["better"] == "lower" == METRICS["class_kl"].better
    assert line["value"] is None
    assert line["floor"] == 0.002
    assert (line["num_real"], line["num_fake"], line["floor_num"]) == (10_000, 2000, 2000)
