import { expect, test } from "vitest";
import { facesOf } from "../src/faces";
import { GridIndex } from "../src/gridindex";

test("a cluster's faces are the pictured reals nearest to its middle", () => {
  const x = Float32Array.from([0.5, 0.51, 0.53, 0.56, 0.6, 0.9, 0.1]);
  const y = x.map(() => 0.5);
  const label = Uint16Array.from([0, 0, 0, 0, 0, 0, 1]);
  const reals = { x, y, label, index: new GridIndex(x, y), box: { x0: 0, y0: 0, x1: 1, y1: 1 }, centre: Float32Array.from([0.5, 0.5, 0.1, 0.5, NaN, NaN]) };
  expect(facesOf(reals, () => true)).toEqual([[0, 1, 2, 3], [6], []]);
  expect(facesOf(reals, (id) => id !== 1)).toEqual([[0, 2, 3, 4], [6], []]);
});
