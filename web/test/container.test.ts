import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fromBase64, interleave, open } from "../src/container";

// The same file and the same known answer as tests/test_pages.py.
const golden = new Uint8Array(readFileSync(new URL("../../tests/fixtures/golden.glv", import.meta.url)));
const n = Array.from({ length: 300 }, (_, i) => i);

describe("the golden container", () => {
  const box = open<Record<string, unknown>>(golden);

  test("its meta", () => {
    expect(box.meta).toEqual({ kind: "golden", name: "Ωmega <b>", number: 1.5, nothing: null, list: [1, 2, 3] });
  });

  test.each([
    ["u8", Uint8Array.from(n, (i) => i % 251)],
    ["u16", Uint16Array.from(n, (i) => (i * 217) % 65536)],
    ["u32", Uint32Array.from(n, (i) => i * 14_316_557)],
    ["i32", Int32Array.from(n, (i) => i * 1000 - 150_000)],
    ["f32", Float32Array.from(n, (i) => i / 8 - 10)],
    ["f64", Float64Array.from(n, (i) => i / 16)],
    ["small", Uint16Array.of(1, 2, 3)],
    ["none", new Float32Array(0)],
  ])("%s has its type and its numbers", async (name, wanted) => {
    const found = await box.numbers(name);
    expect(found.constructor).toBe(wanted.constructor);
    expect([...found]).toEqual([...wanted]);
  });

  test("shapes, bytes, and what is missing", async () => {
    expect(box.shape("u16")).toEqual([150, 2]);
    expect([...(box.bytes("bytes") ?? [])]).toEqual([0, 1, 0x52, 0x49, 0x46, 0x46, 0xff]);
    expect(box.has("none")).toBe(true);
    expect(box.has("other")).toBe(false);
    expect(box.bytes("other")).toBeNull();
    expect((await box.numbers("other")).length).toBe(0);
  });

  test("numbers come out whatever the place of the container in its buffer", async () => {
    const shifted = new Uint8Array(golden.length + 3);
    shifted.set(golden, 3);
    expect([...(await open(shifted.subarray(3)).numbers("small"))]).toEqual([1, 2, 3]);
    expect((await open(shifted.subarray(3)).numbers("f64"))[299]).toBe(299 / 16);
  });

  test.each([0, 3, 7, 20, golden.length - 1])("cut short to %i bytes it is refused", (keep) => {
    expect(() => open(golden.subarray(0, keep))).toThrow(/cut short|not a GLV1/);
  });
});

test("planes become elements", () => {
  expect([...interleave(Uint8Array.of(1, 2, 3, 11, 12, 13), 2)]).toEqual([1, 11, 2, 12, 3, 13]);
});

test("base64 gives the bytes back, natively or not", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  expect([...fromBase64(Buffer.from(bytes).toString("base64"))]).toEqual([...bytes]);
});
