import { describe, expect, test } from "vitest";
import { makeAxis, played, positionOf, seenAt, stopNear } from "../src/timeaxis";

const axis = [0, 100, 400, 1000];

describe("the time axis", () => {
  test("holds the stops of all runs once, in order", () => {
    expect(makeAxis([[0, 100, 300], [0, 50, 300, 1000]])).toEqual([0, 50, 100, 300, 1000]);
    expect(makeAxis([[], []])).toEqual([]);
  });

  test("between two stops time goes in proportion", () => {
    expect(seenAt(axis, 1.5)).toBe(250);
    expect(seenAt(axis, -3)).toBe(0);
    expect(seenAt(axis, 99)).toBe(1000);
    expect(seenAt([], 2)).toBe(0);
    expect(seenAt([7], 0.4)).toBe(7);
  });

  test("position and time are each other's inverse", () => {
    for (let t = 0; t <= 3; t += 0.0625) expect(positionOf(axis, seenAt(axis, t))).toBeCloseTo(t, 12);
    expect(positionOf(axis, -5)).toBe(0);
    expect(positionOf(axis, 5000)).toBe(3);
    expect(positionOf([], 5)).toBe(0);
  });

  test("the nearest stop is the nearest in images seen", () => {
    expect([0, 49, 51, 249, 251, 699, 701, 9999].map((seen) => stopNear(axis, seen))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    expect(stopNear([], 5)).toBe(0);
  });

  test("playing moves on with the clock and stops at the end", () => {
    expect(played(0, 0.5, 4, 10)).toBe(2);
    expect(played(8.5, 10, 4, 10)).toBe(9);
    expect(played(0, 1, 4, 0)).toBe(0);
  });
});
