import { expect, test } from "vitest";
import { dotSize, splat, stamp } from "../src/splat";
import type { Viewport } from "../src/viewport";

const view: Viewport = { cx: 0.5, cy: 0.5, scale: 20, width: 20, height: 20 };
const draw = (xs: number[], ys: number[], size: number, colours = Uint32Array.of(7, 9, 0), label = xs.map(() => 0)): Uint32Array => {
  const out = new Uint32Array(400);
  splat(out, view, Float32Array.from(xs), Float32Array.from(ys), label, colours, size);
  return out;
};
const filled = (out: Uint32Array): number => out.filter((pixel) => pixel !== 0).length;

test("a dot of one pixel stands where its point is", () => {
  const out = draw([0.25], [0.75], 1);
  expect(out[15 * 20 + 5]).toBe(7);
  expect(filled(out)).toBe(1);
});

test("larger dots have their number of pixels, without corners from three on", () => {
  expect([1, 2, 3, 4, 5].map((size) => filled(draw([0.5], [0.5], size)))).toEqual([1, 4, 5, 12, 21]);
});

test("outside nothing is drawn, and nothing wraps around to the other side", () => {
  expect(filled(draw([-0.2, 1.2, 0.5, 0.5, 1.0], [0.5, 0.5, -0.2, 1.2, 0.5], 3))).toBe(0);
});

test("colour 0 is hidden, later points lie on top", () => {
  expect(filled(draw([0.5], [0.5], 3, undefined, [2]))).toBe(0);
  expect(draw([0.5, 0.5], [0.5, 0.5], 1, undefined, [0, 1])[10 * 20 + 10]).toBe(9);
});

test("dots are small for many points, grow with the zoom, and never exceed their bound", () => {
  expect(dotSize(1_000_000, 1, 500_000, 1)).toBe(2);
  expect(dotSize(100, 1, 500_000, 1)).toBe(4);
  expect(dotSize(100, 60, 500_000, 2)).toBe(12);
});

test("a stamp is laid over what is there by its opacity, and cut at the border", () => {
  const rgba = (r: number, g: number, b: number, a: number): number => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
  const out = new Uint32Array(16).fill(rgba(0, 100, 200, 255));
  out[0] = 0;
  const half = { side: 2, pixels: Uint32Array.of(rgba(200, 0, 0, 51), 0, rgba(200, 0, 0, 255), rgba(9, 9, 9, 255)) };
  stamp(out, 4, half, 2, 2); // covers columns and rows 1 and 2
  expect(out[5]).toBe(rgba(40, 80, 160, 255)); // a fifth of the one, four fifths of the other
  expect([out[6], out[9], out[10]]).toEqual([rgba(0, 100, 200, 255), rgba(200, 0, 0, 255), rgba(9, 9, 9, 255)]);
  stamp(out, 4, half, 1, 1);
  expect(out[0]).toBe(half.pixels[0]); // on nothing it keeps its own opacity
  const before = [...out];
  for (const [x, y] of [[-1, 2], [9, 2], [2, -1], [2, 9]]) stamp(out, 4, half, x, y);
  expect([...out]).toEqual(before);
  stamp(out, 4, half, 4, 4); // only its first pixel is inside
  expect(out[15]).toBe(rgba(40, 80, 160, 255));
});
