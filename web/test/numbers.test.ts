import { describe, expect, test } from "vitest";
import { isNoise, onOneSpot, brief, count, percent, servedness, shares, short, words } from "../src/numbers";

describe("numbers for people", () => {
  test("percent: whole above ten, never a round hundred for less than all", () => {
    expect([0, 0.004, 0.0951, 0.1, 0.372, 1].map(percent)).toEqual(["0 %", "0.4 %", "9.5 %", "10 %", "37 %", "100 %"]);
    expect(percent(0.9999)).toBe("99.9 %");
    expect([null, undefined, NaN].map(percent)).toEqual(["–", "–", "–"]);
  });

  test("three digits", () => {
    expect([0, 1.23456, 123.456, 12345.6, -0.5, 0.00012].map(short)).toEqual(["0", "1.23", "123", "12,346", "-0.5", "1.2e-4"]);
    expect([null, undefined, NaN, Infinity].map(short)).toEqual(["–", "–", "–", "–"]);
  });

  test("axes are brief, counts are whole", () => {
    expect([0, 999, 65536, 172608, 1.5e6].map(brief)).toEqual(["0", "999", "65.5k", "173k", "1.5M"]);
    expect(count(172608)).toBe("172,608");
    expect(words("num_real_images")).toBe("num real images");
  });
});

describe("classes", () => {
  test("served: by the share of the fakes against that of the reals", () => {
    const state = (ratio: number): string => servedness(0.1, 0.1 * ratio, 2000);
    expect([0, 0.09, 0.11, 0.49, 0.51, 1, 1.99, 2.01].map(state)).toEqual(["missing", "missing", "rare", "rare", "fine", "fine", "fine", "often"]);
    expect(servedness(0, 0.5, 2000)).toBe("fine"); // a class that the data lack cannot be rare
    expect(servedness(0.1, NaN, 2000)).toBe("fine");
    expect(servedness(NaN, 0, 2000)).toBe("fine");
  });

  test("of few pictures a share is called low or high only where chance would hardly do it", () => {
    expect(servedness(0.099, 3 / 64, 64)).toBe("fine"); // 3 of 64 where 6.3 are due
    expect(servedness(0.099, 0, 64)).toBe("fine"); // fewer than ten are due
    expect(servedness(0.099, 0, 200)).toBe("missing");
    expect(servedness(0.099, 9 / 200, 200)).toBe("rare"); // 2.6 standard errors
    expect(servedness(0.06, 5 / 200, 200)).toBe("fine"); // 2.1
  });

  test("shares count the labels that are classes, and sum to one", () => {
    expect([...shares([0, 0, 1, 3, 9], 4)]).toEqual([0.5, 0.25, 0, 0.25]);
    expect([...shares([], 2)]).toEqual([0, 0]);
  });
});

test("what hardly any point is like is noise, and noise has no classes", () => {
  expect(isNoise(Uint8Array.from({ length: 10 }, (_, i) => Number(i < 9)))).toBe(true);
  expect(isNoise(Uint8Array.from({ length: 10 }, (_, i) => Number(i < 8)))).toBe(false);
  expect(isNoise([])).toBe(false);
});

test("points that lie on one spot are told, spread ones are not", () => {
  expect(onOneSpot([0.5, 0.5, 0.5, 0.1], [0.5, 0.5, 0.5, 0.1])).toBe(0.75);
  const spread = Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100);
  expect(onOneSpot(spread, spread)).toBe(0);
  expect(onOneSpot([0.5], [0.5])).toBe(0);
});
