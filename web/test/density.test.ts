import { expect, test } from "vitest";
import { balance, contour, fieldOf, levelsOf, SIDE, smoothing, squareOf } from "../src/density";
import { random } from "./random";

const BOX = { x0: 0, y0: 0, x1: 1, y1: 1 };
const CENTRES = [[0.25, 0.25], [0.75, 0.25], [0.5, 0.75]] as const;

/** Points around three places in given shares. */
function clouds(count: number, shares: readonly number[], seed: number): [number, number][] {
  const next = random(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(next() || 1e-9)) * Math.cos(2 * Math.PI * next());
  return Array.from({ length: count }, () => {
    let draw = next();
    const k = shares.findIndex((share) => {
      draw -= share;
      return draw < 0;
    });
    const [cx, cy] = CENTRES[k < 0 ? shares.length - 1 : k];
    return [cx + 0.05 * normal(), cy + 0.05 * normal()];
  });
}

const field = (points: [number, number][], sigma: number) => fieldOf(BOX, points.length, (i) => points[i], sigma);
const at = (values: Float32Array, [x, y]: readonly [number, number]): number => values[Math.floor(y * SIDE) * SIDE + Math.floor(x * SIDE)];

test("planted too much, as much and too little are found where they are, in their size", () => {
  const sigma = smoothing(2000);
  const real = field(clouds(70_000, [0.25, 0.25, 0.5], 1), sigma);
  const found = balance(field(clouds(2000, [0.5, 0.25, 0.25], 2), sigma), real, sigma, 3);
  expect(at(found, CENTRES[0])).toBeCloseTo(1, 0);
  expect(Math.abs(at(found, CENTRES[1]))).toBeLessThan(0.35);
  expect(at(found, CENTRES[2])).toBeCloseTo(-1, 0);
  expect(at(found, [0.02, 0.9])).toBe(0);
});

test("a class that never comes out is as far too little as the scale goes, images where nothing real is as far too much", () => {
  const sigma = smoothing(2000);
  const real = field(clouds(5000, [0.5, 0.5, 0], 3), sigma);
  const found = balance(field(clouds(2000, [0.5, 0, 0.5], 4), sigma), real, sigma, 3);
  expect(at(found, CENTRES[1])).toBeLessThan(-2.5);
  expect(at(found, CENTRES[2])).toBeGreaterThan(2.5);
});

test.each([[2000, 70_000], [2000, 1500], [300, 1500]])("where %i and %i points are alike, next to nothing is shown", (n, m) => {
  const sigma = smoothing(n);
  const found = balance(field(clouds(n, [0.3, 0.3, 0.4], 5), sigma), field(clouds(m, [0.3, 0.3, 0.4], 6), sigma), sigma, 3);
  expect(found.filter((v) => v !== 0).length / found.length).toBeLessThan(0.02);
});

test("without points there is nothing to say", () => {
  const none = fieldOf(BOX, 0, () => null, 2);
  expect(balance(none, none, 2, 3).every((v) => v === 0)).toBe(true);
  expect(contour(none, levelsOf(none, [0.5])[0])).toEqual([]);
});

test("a field sums to one, is highest where the points are, and leaves out what is hidden", () => {
  const points = clouds(4000, [0.2, 0.2, 0.6], 7);
  const all = field(points, 2);
  expect(all.values.reduce((a, b) => a + b)).toBeCloseTo(1, 3);
  const top = all.values.indexOf(Math.max(...all.values));
  expect(Math.hypot((top % SIDE) / SIDE - 0.5, Math.floor(top / SIDE) / SIDE - 0.75)).toBeLessThan(0.06);
  const half = fieldOf(BOX, points.length, (i) => (points[i][1] > 0.5 ? points[i] : null), 2);
  expect(at(half.values, CENTRES[0])).toBe(0);
  expect(half.count).toBeLessThan(all.count);
});

test("a contour around half the points holds half of them", () => {
  const points = clouds(20_000, [1, 0, 0], 8);
  const one = field(points, 1.5);
  const line = contour(one, levelsOf(one, [0.5])[0]);
  // Of a round cloud it is a circle; half of a normal cloud lies within 1.18 of its widths (a little more, smoothed).
  const radii = Array.from({ length: line.length / 2 }, (_, i) => Math.hypot(line[2 * i] - 0.25, line[2 * i + 1] - 0.25));
  const mean = radii.reduce((a, b) => a + b) / radii.length;
  expect(mean / 0.05).toBeGreaterThan(1.1);
  expect(mean / 0.05).toBeLessThan(1.4);
  expect(Math.max(...radii) / Math.min(...radii)).toBeLessThan(1.35);
});

test("the square of a box has its middle and its longer side", () => {
  const square = squareOf({ x0: 0, y0: 0.4, x1: 1, y1: 0.6 });
  expect([square.x0, square.y0, square.x1, square.y1].map((v) => Number(v.toFixed(6)))).toEqual([0, 0, 1, 1]);
});
