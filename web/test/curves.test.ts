import { describe, expect, test } from "vitest";
import { findingsOf, gaps, joined, metricNames, rowAt, smoothed, toneOf, valueAt } from "../src/curves";
import type { FindingLine, MeasuredLine } from "../src/lines";
import type { Evaluation } from "../src/model";
import { floats } from "./random";

const finding = (id: string, first: number, severity = "warning", sentence = ""): FindingLine =>
  ({ id, severity, first, last: first, evidence: {}, thresholds: {}, sentence, advice: [] });
const line = (seen: number, findings: FindingLine[], metrics: Evaluation["metrics"] = {}): Evaluation => ({ images_seen: seen, iteration: 0, epoch: 0, findings, metrics, per_class: null, quality: null, verdict: "", best: null, toy: null });
const metric: MeasuredLine = { value: 1, stderr: null, floor: null, num_real: null, num_fake: null, floor_num: null, features: "", version: "", better: "" };

describe("curves", () => {
  test("smoothing is the centred mean, as computed the slow way", () => {
    const values = floats(200, 3);
    values[20] = NaN;
    const found = smoothed(values, 4);
    values.forEach((value, i) => {
      const near = [...values.slice(Math.max(0, i - 4), i + 5)].filter(Number.isFinite);
      if (Number.isFinite(value)) expect(found[i]).toBeCloseTo(near.reduce((a, b) => a + b, 0) / near.length, 9);
      else expect(found[i]).toBeNaN();
    });
  });

  test("a window wider than the curve gives its mean", () => {
    expect([...smoothed([1, 2, 3], 10)]).toEqual([2, 2, 2]);
    expect([...smoothed([], 3)]).toEqual([]);
  });

  test("the row of a place is that of the last x at or before it", () => {
    const x = [0, 10, 20, 30];
    expect([-1, 0, 9, 10, 29, 30, 99].map((seen) => rowAt(x, seen))).toEqual([0, 0, 0, 1, 2, 3, 3]);
    expect(rowAt([], 3)).toBe(-1);
  });

  test("a value is looked up across gaps, never from later", () => {
    expect(valueAt([0, 10, 20], [1, null, NaN], 25)).toBe(1);
    expect(valueAt([5, 10], [1, 2], 4)).toBeNull();
    expect(valueAt([5, 10], [1, 2], 10)).toBe(2);
    expect(valueAt([], [], 10)).toBeNull();
  });

  test("tables with different x share one, with null where one has no row", () => {
    expect(joined([{ x: [1, 3], columns: [[10, 30]] }, { x: [2, 3], columns: [[20, NaN], [5, 6]] }]))
      .toEqual([[1, 2, 3], [10, null, 30], [null, 20, null], [null, 5, 6]]);
    expect(gaps([1, NaN, undefined, null, Infinity])).toEqual([1, null, null, null, null]);
  });

  test("a finding that goes on is one, as it was last stated", () => {
    const found = findingsOf([line(1, [finding("b", 5, "info", "old"), finding("a", 1)]), line(2, [finding("b", 5, "failure", "new"), finding("b", 9)])]);
    expect(found.map((one) => [one.id, one.first, one.sentence])).toEqual([["a", 1, ""], ["b", 5, "new"], ["b", 9, ""]]);
  });

  test("the tone is that of the gravest finding", () => {
    expect(toneOf(null)).toBe("info");
    expect(toneOf(line(1, []))).toBe("info");
    expect(toneOf(line(1, [finding("balanced", 0, "info")]))).toBe("good");
    expect(toneOf(line(1, [finding("balanced", 0, "info"), finding("x", 0)]))).toBe("warning");
    expect(toneOf(line(1, [finding("y", 0, "failure"), finding("x", 0)]))).toBe("failure");
  });

  test("the metric that chooses the best comes first, where it was measured", () => {
    const evals = [line(0, [], { recall: metric }), line(1, [], { recall: metric, frechet: metric })];
    expect(metricNames(evals, "frechet")).toEqual(["frechet", "recall"]);
    expect(metricNames(evals, "unknown")).toEqual(["recall", "frechet"]);
  });
});
