import { expect, test } from "vitest";
import { against, rowsOf } from "../src/evidence";

test("each number stands beside the limit that it was held against, and no limit is lost", () => {
  expect(rowsOf({ d_fake: 0.01, frechet: 3.6, coverage: 0.02 }, { d_fake_low: 0.05, bad_coverage: 0.05, patience: 3 })).toEqual([
    { name: "d fake", found: 0.01, limit: 0.05 }, { name: "frechet", found: 3.6, limit: null },
    { name: "coverage", found: 0.02, limit: 0.05 }, { name: "patience", found: null, limit: 3 },
  ]);
  expect(rowsOf({ diversity: 0.1 }, { diversity_none: 0.04, diversity_low: 0.4 }).map((row) => row.limit)).toEqual([0.04, 0.4]);
});

test.each([
  [1.58, 0.33, "lower", "4.8 times"],
  [0.34, 0.33, "lower", "as good"],
  [33, 0.33, "lower", "100 times"],
  [0.62, 0.93, "higher", "67 %"],
  [0.5, -0.017, "lower", ""],
  [0.5, null, "lower", ""],
  [null, 1, "lower", ""],
] as const)("%d against %d (%s is better): %s", (value, floor, better, words) => expect(against(value, floor, better)).toBe(words));
