import { expect, test } from "vitest";
import { labelsOf, NO_CLASS } from "../src/model";

test("labels are what was stored, whatever classes are known by then; the type's largest value is none", () => {
  expect([...labelsOf(Uint8Array.of(0, 3, 254, 255))]).toEqual([0, 3, 254, NO_CLASS]);
  expect([...labelsOf(Uint16Array.of(0, 255, 700, 65535))]).toEqual([0, 255, 700, NO_CLASS]);
  expect([...labelsOf(Uint32Array.of(9, 65535, 4_294_967_295))]).toEqual([9, NO_CLASS, NO_CLASS]);
});
