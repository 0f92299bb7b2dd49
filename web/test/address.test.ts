import { expect, test } from "vitest";
import { type PageState, read, written } from "../src/address";

const full: PageState = {
  seen: 43392, by: "score", theme: "dark", off: ["real", "pictures"], keys: false,
  runs: [{ view: [0.25, 0.5, 3.2], hidden: [3, 11], pin: { kind: "fake", id: 12 } }, { spotlight: [7], pin: { kind: "real", id: 0 } }],
};

test("what is written is read again", () => {
  expect(read(`#${written(full)}`, 2)).toEqual(full);
  expect(written({ runs: [{}] })).toBe("");
  expect(read("", 1)).toEqual({ runs: [{}] });
});

test("time in another unit, and runs that do not go together", () => {
  const state: PageState = { seen: 12.5, unit: "seconds", linked: false, runs: [{}, {}] };
  expect(written(state)).toBe("t=12.5&unit=seconds&linked=off");
  expect(read(written(state), 2)).toEqual(state);
  expect(read("unit=years&linked=on&t=1.", 1)).toEqual({ runs: [{}] });
});

test("it reads as words", () => {
  expect(written(full)).toBe("t=43392&by=score&theme=dark&off=real.pictures&keys=off&v=0.25_0.5_3.2&hide=3.11&pin=fake.12&show1=7&pin1=real.0");
});

test.each(["t=-1", "t=1e9", "t=<b>", "theme=pink", "v=1_2", "v=a_b_c", "v=1_2_-3", "v=1_2_Infinity", "hide=a", "hide=1.", "pin=fake", "pin=both.3", "x=%", "&&=&"])(
  "%s is nothing", (text) => expect(read(text, 1)).toEqual({ runs: [{}] }),
);
