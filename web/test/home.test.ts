import { describe, expect, test } from "vitest";
import { addressOf, chosen, done, left, measured, pace, sparkline, type Summary } from "../src/home/rows";

const run = (name: string, more: Partial<Summary> = {}): Summary => ({
  name, finished: false, writing: true, written: 95, thumb: "", images_seen: 1000, epoch: 2, epochs: 8, rate: 50, data: "mnist", preset: "r3dcgan", points: false,
  verdict: "", tone: "", frechet: null, floor: null, best: null, spark: [], varied: "", ...more,
});

describe("the list of runs", () => {
  test("a quarter done at 50 images a second: 3,000 images are 60 seconds", () => {
    expect(done(run("a"))).toBe(0.25);
    expect(left(run("a"))).toBe(60);
    expect(pace(run("a"), 100)).toBe("25 % · 50 images/s · 60 s left");
    expect(measured(run("a", { frechet: 6, floor: 1.5 }))).toBe("Fréchet 6, 4 × the floor");
    expect(left(run("a", { rate: null }))).toBeNull();
    expect(left(run("a", { finished: true }))).toBeNull();
    expect(done(run("a", { epochs: null }))).toBeNull();
  });
  test("every word must be there, in any of the columns", () => {
    const runs = [run("00002-b"), run("00001-a", { data: "lfw", finished: true }), run("00000-a")];
    expect(chosen(runs, "MNIST 00000", "newest", 100).map((one) => one.name)).toEqual(["00000-a"]);
    expect(chosen(runs, "finished", "newest", 100).map((one) => one.name)).toEqual(["00001-a"]);
  });
  test("orders: by name as numbers, best first with the unmeasured last, those in training first", () => {
    const runs = [run("9", { frechet: null, writing: false }), run("10", { frechet: 3, finished: true }), run("2", { frechet: 1 })];
    expect(chosen(runs, "", "name", 100).map((one) => one.name)).toEqual(["2", "9", "10"]);
    expect(chosen(runs, "", "frechet", 100).map((one) => one.name)).toEqual(["2", "10", "9"]);
    expect(chosen(runs, "", "state", 100).map((one) => one.name)).toEqual(["2", "9", "10"]);
    expect(chosen(runs, "", "newest", 100).map((one) => one.name)).toEqual(["9", "10", "2"]);
  });
  test("a sparkline goes from corner to corner, evenly in the logarithm", () => {
    expect(sparkline([[0, 100], [1, 10], [2, 1]], 10, 4)).toBe("0.0,0.0 5.0,2.0 10.0,4.0");
    expect(sparkline([[0, 1]], 10, 4)).toBe("");
  });
  test("an address holds any name", () => {
    expect(addressOf(["a b", "c,d/é"])).toBe("run/a%20b,c%2Cd%2F%C3%A9/");
  });
});
