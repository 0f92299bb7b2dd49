import { expect, test } from "vitest";
import { darts, fieldColour, massAt, pixels } from "../src/toydraw";
import type { ToyFrame, ToyScene } from "../src/toymodel";
import { chartsOf } from "../src/toyview";
import { panelsOf, wordsOf } from "../src/toywords";

const scene = (change: Partial<ToyScene> = {}): ToyScene => ({
  name: "ring", doc: "", dim: 2, limits: [-1, 1], num_modes: 8, sigma: 0.01, bandwidth: 0.0105, num_fake: 10_000, radius: 3, jsd_floor: 4e-4,
  ceiling: 0.9889, reverse_kl_floor: 3.5e-4, pairs: true, top: 9, reals: new Float32Array(0), density: new Uint8Array(4), ...change,
});

test("D's field is orange at 0, white at a half and blue at 1", () => {
  expect(fieldColour(0)).toEqual([0xf3, 0x9a, 0x4d]);
  expect(fieldColour(127.5)).toEqual([255, 255, 255]);
  expect(fieldColour(255)).toEqual([0x69, 0xa7, 0xdd]);
});

test("a field's rows run upwards, a picture's downwards", () => {
  const out = pixels(2, (i) => [[i, 0, 0], 1]); // cells 0, 1 are the lower row
  expect([0, 1, 2, 3].map((at) => out[4 * at])).toEqual([2, 3, 0, 1]);
});

test("a dart points along its push; a median push has half of the longest length, which none exceeds", () => {
  const [median, long] = darts([[0, 0], [1, 1]], [[0, 2], [1e9, 0]], 10);
  expect(median[2]).toBeCloseTo(0);
  expect(long[2] - 1).toBeLessThanOrEqual(0.9 + 1e-6);
  expect(long[3]).toBeCloseTo(1);
  expect(darts([[0, 0]], [[0, 2]], 10)[0][3]).toBeCloseTo(0.45);
  expect(darts([[0, 0]], [[0, 0]], 1)[0].every(Number.isFinite)).toBe(true);
});

test("the mass that D* is about is that of both densities", () => {
  const frame = { density: Uint8Array.of(255, 0, 128, 0) } as ToyFrame;
  const s = scene({ density: Uint8Array.of(255, 255, 0, 0) });
  expect([0, 1, 3].map((i) => massAt(s, frame, i))).toEqual([2, 1, 0]);
  expect(massAt(s, frame, 2)).toBeCloseTo(0.126, 2);
});

test("the charts' lines are those of theory and of a perfect sampler", () => {
  const charts = chartsOf(scene());
  expect(charts.map((chart) => chart.lines.map(([, value]) => value))).toEqual([[-Math.log(4)], [4e-4, Math.log(2)], [0.9889], [1], [8], [3.5e-4]]);
  expect(charts[0].columns.map(([, column]) => column)).toEqual(["value", "best_value"]);
});

test("a toy of one mode has no curves of modes", () => {
  expect(chartsOf(scene({ num_modes: 1 })).map((chart) => chart.columns[0][1])).toEqual(["value", "jsd", "high_quality", "spread"]);
});

test("a line has one panel, a plane four; pairs are spoken of where the loss compares them", () => {
  expect(panelsOf(scene()).map(({ name }) => name)).toEqual(["learned", "best", "p_data", "p_g"]);
  expect(panelsOf(scene({ dim: 1 })).map(({ name }) => name)).toEqual(["curves"]);
  const said = (pairs: boolean): string => wordsOf(scene({ pairs })).flatMap(({ text }) => text).join(" ");
  expect(said(true)).toContain("compares pairs");
  expect(said(false)).not.toContain("compares pairs");
});
