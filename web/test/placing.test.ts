import { expect, test } from "vitest";
import { type LabelBox, placed } from "../src/labels";

const box = (x: number, y: number): LabelBox => ({ x, y, half: 20, up: 10, down: 10 });

test("alone a name stands where its class is", () => expect(placed([box(100, 100)], 400, 400)).toEqual([[100, 100]]));

test("names that would lie on one another step aside, and none overlaps another", () => {
  const boxes = [box(100, 100), box(105, 102), box(98, 96), box(110, 108)];
  const found = placed(boxes, 400, 400);
  expect(found[0]).toEqual([100, 100]);
  expect(found.every((at) => at !== null)).toBe(true);
  const at = found as [number, number][];
  for (let i = 0; i < at.length; i++) {
    for (let j = 0; j < i; j++) expect(Math.abs(at[i][0] - at[j][0]) >= 40 || Math.abs(at[i][1] - at[j][1]) >= 20).toBe(true);
  }
});

test("where there is no room the answer is null, so that it can be said", () => {
  const crowd = Array.from({ length: 60 }, () => box(60, 60));
  expect(placed(crowd, 120, 120).filter((at) => at === null).length).toBeGreaterThan(20);
  expect(placed([box(-5, 50), box(50, 500)], 100, 100)).toEqual([null, null]);
});
