import { expect, test } from "vitest";
import type { Snapshot } from "../src/model";
import { listed, read, type Wish, written } from "../src/samples";

const snapshot = {
  points: 5, distance: Float32Array.of(0.2, 3, 1.5, 0.1, 3), score: Float32Array.of(0.9, NaN, 0.4, 0.5, 0.1),
  unlike: Uint8Array.of(0, 1, 1, 0, 1), label: Uint16Array.of(0, 1, 0, 1, 65535),
} as unknown as Snapshot;
const all = (): boolean => true;
const wish = (more: Partial<Wish> = {}): Wish => ({ order: "far", place: "all", kind: -1, ...more });
const none = new Set<number>();

test("by distance and by score, either way; equals keep their order, what has no score comes last", () => {
  expect(listed(snapshot, wish(), none, all)).toEqual([1, 4, 2, 0, 3]);
  expect(listed(snapshot, wish({ order: "near" }), none, all)).toEqual([3, 0, 2, 1, 4]);
  expect(listed(snapshot, wish({ order: "low" }), none, all)).toEqual([4, 2, 3, 0, 1]);
  expect(listed(snapshot, wish({ order: "high" }), none, all)).toEqual([0, 3, 2, 4, 1]);
  expect(listed(snapshot, wish({ order: "latent" }), none, all)).toEqual([0, 1, 2, 3, 4]);
});

test("only where they are wished for, of the class wished for, and of those that are kept", () => {
  expect(listed(snapshot, wish({ place: "rim" }), none, all)).toEqual([1, 4, 2]);
  expect(listed(snapshot, wish({ place: "amid" }), none, all)).toEqual([0, 3]);
  expect(listed(snapshot, wish({ place: "chosen" }), new Set([2, 3]), all)).toEqual([2, 3]);
  expect(listed(snapshot, wish({ kind: 1 }), none, all)).toEqual([1, 3]);
  expect(listed(snapshot, wish(), none, (id) => id < 3)).toEqual([1, 2, 0]);
});

test("the address says it, and nothing else is taken for it", () => {
  expect(read(written(wish({ place: "rim", kind: 3 }), 2))).toEqual({ wish: wish({ place: "rim", kind: 3 }), page: 2 });
  expect(read(written(wish(), 0))).toEqual({ wish: wish(), page: 0 });
  for (const bad of ["", "far", "far.rim.any", "up.rim.any.0", "far.here.any.0", "far.rim.-2.0", "far.rim.any.x", "toString.rim.any.0"]) expect(read(bad)).toBeNull();
});
