import { describe, expect, test } from "vitest";
import { GridIndex, inPolygon, polygonBox } from "../src/gridindex";
import { floats, random } from "./random";

const n = 3000;
const x = floats(n, 1);
const y = floats(n, 2);
const index = new GridIndex(x, y, 32);
const all = Array.from({ length: n }, (_, i) => i);

describe("the grid index", () => {
  test("finds the nearest point that is kept, as looking at every point does", () => {
    const next = random(5);
    for (let k = 0; k < 300; k++) {
      const [px, py, radius] = [next() * 1.2 - 0.1, next() * 1.2 - 0.1, next() * 0.08];
      const keep = (i: number): boolean => i % 3 !== 0;
      let best = -1;
      let least = radius * radius;
      for (const i of all) {
        const d = (x[i] - px) ** 2 + (y[i] - py) ** 2;
        if (keep(i) && d < least) [best, least] = [i, d];
      }
      expect(index.nearest(px, py, radius, keep)).toBe(best);
    }
  });

  test("a box visits every point in it once, and none farther away than a cell", () => {
    const box = { x0: 0.21, y0: 0.4, x1: 0.43, y1: 0.77 };
    const seen: number[] = [];
    index.inBox(box, (id) => seen.push(id));
    expect(new Set(seen).size).toBe(seen.length);
    const inside = all.filter((i) => x[i] >= box.x0 && x[i] <= box.x1 && y[i] >= box.y0 && y[i] <= box.y1);
    expect(inside.length).toBeGreaterThan(100);
    for (const i of inside) expect(seen).toContain(i);
    for (const i of seen) expect(x[i] >= box.x0 - 1 / 32 && x[i] <= box.x1 + 1 / 32 && y[i] >= box.y0 - 1 / 32 && y[i] <= box.y1 + 1 / 32).toBe(true);
  });

  test("points on the border and beyond it are found too", () => {
    const edge = new GridIndex(Float32Array.of(0, 1, 1.5), Float32Array.of(0, 1, -0.5), 8);
    expect(edge.nearest(1, 1, 0.01, () => true)).toBe(1);
    expect(edge.nearest(1.5, -0.5, 0.01, () => true)).toBe(2);
    expect(new GridIndex(new Float32Array(0), new Float32Array(0)).nearest(0.5, 0.5, 1, () => true)).toBe(-1);
  });
});

describe("the lasso", () => {
  test("a square holds what lies between its sides", () => {
    const square = [0.2, 0.2, 0.6, 0.2, 0.6, 0.6, 0.2, 0.6];
    for (const i of all) expect(inPolygon(square, x[i], y[i])).toBe(x[i] > 0.2 && x[i] < 0.6 && y[i] > 0.2 && y[i] < 0.6);
    expect(polygonBox(square)).toEqual({ x0: 0.2, y0: 0.2, x1: 0.6, y1: 0.6 });
  });

  test("a convex polygon holds what is on one side of all its edges", () => {
    const corners = Array.from({ length: 7 }, (_, k) => [0.5 + 0.4 * Math.cos(k * 0.9), 0.5 + 0.3 * Math.sin(k * 0.9)]);
    const polygon = corners.flat();
    for (const i of all) {
      const turns = corners.map(([ax, ay], k) => {
        const [bx, by] = corners[(k + 1) % 7];
        return (bx - ax) * (y[i] - ay) - (by - ay) * (x[i] - ax);
      });
      expect(inPolygon(polygon, x[i], y[i])).toBe(turns.every((turn) => turn > 0));
    }
  });

  test("a hollow in the outline is outside", () => {
    const u = [0, 0, 1, 0, 1, 1, 0.7, 1, 0.7, 0.3, 0.3, 0.3, 0.3, 1, 0, 1];
    expect(inPolygon(u, 0.5, 0.8)).toBe(false);
    expect(inPolygon(u, 0.15, 0.8)).toBe(true);
    expect(inPolygon(u, 0.5, 0.15)).toBe(true);
  });
});
