import { describe, expect, test } from "vitest";
import { cellSide, thin } from "../src/thin";
import { floats } from "./random";

const x = floats(5000, 7);
const y = floats(5000, 8);
const all = Array.from({ length: 5000 }, (_, i) => i);

describe("thinning", () => {
  test("cells are at least as wide as asked and below twice that", () => {
    for (const scale of [400, 511, 512, 513, 9000]) {
      const pixels = cellSide(scale, 30) * scale;
      expect(pixels).toBeGreaterThanOrEqual(30);
      expect(pixels).toBeLessThan(60);
    }
  });

  test("each cell that has points keeps exactly one: its first", () => {
    const { ids, cell } = thin(all, x, y, 900, 30);
    const side = cell / 900;
    const first = new Map<string, number>();
    for (const i of all) {
      const key = `${Math.floor(x[i] / side)},${Math.floor(y[i] / side)}`;
      if (!first.has(key)) first.set(key, i);
    }
    expect([...ids].sort((a, b) => a - b)).toEqual([...first.values()].sort((a, b) => a - b));
  });

  test("who is kept does not depend on which others are in view, nor on their order", () => {
    const whole = new Set(thin(all, x, y, 900, 30).ids);
    const side = cellSide(900, 30);
    const half = all.filter((i) => x[i] < 8 * side).reverse();
    for (const id of thin(half, x, y, 900, 30).ids) expect(whole.has(id)).toBe(true);
  });
});
