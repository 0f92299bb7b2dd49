import { describe, expect, test } from "vitest";
import { CLASS_COLOURS, classColours, css, fromHex, mix, NONE, packed, ramp, type Rgb, oklch, placeColours } from "../src/colour";
import { rampColour, rampShare } from "../src/scene";
import type { Snapshot } from "../src/model";

const light = ([r, g, b]: Rgb): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;

describe("colour", () => {
  test("hex, css and pixels agree", () => {
    expect(fromHex("#0a141e")).toEqual([10, 20, 30]);
    expect(css([10, 20, 30], 0.5)).toBe("rgba(10,20,30,0.5)");
    const pixel = new Uint8Array(Uint32Array.of(packed([10, 20, 30])).buffer);
    expect([...pixel]).toEqual([10, 20, 30, 255]); // as an ImageData has them
    expect(packed([0, 0, 0])).not.toBe(0); // 0 means "not drawn"
  });

  test("a mixture lies between its two", () => {
    expect(mix([0, 100, 200], [100, 0, 200], 0.25)).toEqual([25, 75, 200]);
  });

  test("the ramp grows lighter all the way and is clamped", () => {
    const lights = Array.from({ length: 50 }, (_, i) => light(ramp(i / 49)));
    for (let i = 1; i < 50; i++) expect(lights[i]).toBeGreaterThan(lights[i - 1]);
    expect(ramp(-1)).toEqual(ramp(0));
    expect(ramp(2)).toEqual(ramp(1));
  });

  test("up to ten classes have a colour each; of more only those in the spotlight, the last entry is for none", () => {
    const ten = classColours(10, []);
    expect(new Set(ten.slice(0, 10).map(String)).size).toBe(10);
    expect(ten[10]).toBe(NONE);
    const many = classColours(1000, [3, 700]);
    expect(many.length).toBe(1001);
    expect([many[3], many[700], many[4], many[1000]]).toEqual([CLASS_COLOURS[0], CLASS_COLOURS[1], NONE, NONE]);
    expect(classColours(0, [])).toEqual([NONE]);
  });

  test("score and distance have shares of the ramp, what is unknown is grey", () => {
    const snapshot = { score: Float32Array.of(0.25, NaN), distance: Float32Array.of(1.5, 99) } as Snapshot;
    expect(rampShare("score", snapshot, 0)).toBe(0.25);
    expect(rampShare("distance", snapshot, 0)).toBe(0.5);
    expect(rampShare("distance", snapshot, 1)).toBe(1);
    expect(rampColour("score", rampShare("score", snapshot, 1))).toEqual([128, 128, 128]);
    expect(rampColour("distance", 0)).toEqual(ramp(1)); // near is light, far is dark
  });
});

test("places have colours: opposite ones opposite, the middle nearly grey, none for what lies nowhere", () => {
  const [east, west, middle, nowhere] = placeColours([1, 0.5, 0, 0.5, 0.5, 0.5, NaN, NaN]);
  const spread = (c: readonly number[]): number => Math.max(...c) - Math.min(...c);
  expect(spread(middle)).toBeLessThan(60);
  expect(Math.hypot(...east.map((v, i) => v - west[i]))).toBeGreaterThan(120);
  expect(nowhere).toEqual(NONE);
  for (const v of [...east, ...west]) expect(v >= 0 && v <= 255).toBe(true);
});

test("oklch: white, black, and pure red as CSS has it", () => {
  expect(oklch(1, 0, 0).map(Math.round)).toEqual([255, 255, 255]);
  expect(oklch(0, 0, 0).map(Math.round)).toEqual([0, 0, 0]);
  const [r, g, b] = oklch(0.62796, 0.25768, 29.2339 / 360);
  expect(r).toBeGreaterThan(253);
  expect(g).toBeLessThan(6);
  expect(b).toBeLessThan(6);
});
