import { describe, expect, test } from "vitest";
import { badness, classRows, confusions, most } from "../src/classwise";
import { joined } from "../src/generate/generator";
import type { ClasswiseLine } from "../src/lines";

const line: ClasswiseLine = {
  num_fake: [10, 10, 0], num_compared: [10, 10, 0], frechet: [4, 30, null], frechet_floor: [2, 10, null], frechet_stderr: [],
  precision: [], precision_floor: [], recall: [], recall_floor: [], coverage: [], coverage_floor: [],
  diversity: [0.2, 0.9, null], diversity_floor: [1, 1, null], confusion: [[9, 1, 0], [2, 4, 4], [0, 0, 0]],
  accuracy: 0.65, stderr: null, floor: 0.97, chance: 0.3,
};

describe("class by class", () => {
  const rows = classRows(line);

  test("each number stands beside its floor, and a class that was not asked for has none", () => {
    expect(rows.map((row) => row.times)).toEqual([2, 3, NaN]);
    expect(rows.map((row) => row.obeyed)).toEqual([0.9, 0.4, NaN]);
    expect(rows.map((row) => row.instead)).toEqual([1, 2, -1]);
    expect(rows[1].variety).toBeCloseTo(0.9);
  });

  test("the worst, the least obeyed and the least varied are found among those that are known", () => {
    expect(most(rows, badness)?.k).toBe(1);
    expect(most(rows, (row) => -row.obeyed)?.k).toBe(1);
    expect(most(rows, (row) => -row.variety)?.k).toBe(0);
    expect(most([], badness)).toBeNull();
    expect(most(classRows({ ...line, diversity: [] }), (row) => row.variety)).toBeNull();
  });

  test("without distances what is least obeyed is worst", () => {
    expect(most(classRows({ ...line, frechet: [], frechet_floor: [] }), badness)?.k).toBe(1);
  });

  test("what is taken for what, the commonest first, the diagonal never", () => {
    expect(confusions(line, 2)).toEqual([{ asked: 1, seen: 2, count: 4 }, { asked: 1, seen: 0, count: 2 }]);
  });
});

test("a class joins its latent as one-hot", () => {
  expect([...joined(Float32Array.of(3, 4), 1, 3)]).toEqual([3, 4, 0, 1, 0]);
  expect([...joined(Float32Array.of(3, 4), 1, 0)]).toEqual([3, 4]);
});
