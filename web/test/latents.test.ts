import { describe, expect, test } from "vitest";
import { along, between, draw, moved, walked } from "../src/generate/latents";
import { moments, nearest, reduced, tones } from "../src/generate/landing";

const norm = (z: Float32Array): number => Math.hypot(...z);

describe("latents", () => {
  test("a seed is a set of latents, another seed another", () => {
    expect(draw("normal", 5, 3, 7)).toEqual(draw("normal", 5, 3, 7));
    expect(draw("normal", 5, 3, 7)).not.toEqual(draw("normal", 5, 3, 8));
  });
  test("normal ones have mean 0 and variance 1, uniform ones lie in [-1, 1]", () => {
    const all = draw("normal", 100, 200, 1).flatMap((z) => [...z]);
    const mean = all.reduce((a, b) => a + b, 0) / all.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(all.reduce((a, b) => a + b * b, 0) / all.length - 1)).toBeLessThan(0.04);
    const flat = draw("uniform", 100, 50, 1).flatMap((z) => [...z]);
    expect(Math.max(...flat)).toBeLessThanOrEqual(1);
    expect(Math.min(...flat)).toBeGreaterThanOrEqual(-1);
    expect(flat.reduce((a, b) => a + b * b, 0) / flat.length).toBeCloseTo(1 / 3, 1);
  });
  test("half-way between two of one norm has that norm; uniform ones go straight", () => {
    const [a, b] = [Float32Array.of(3, 0), Float32Array.of(0, 3)];
    expect(norm(between("normal", a, b, 0.5))).toBeCloseTo(3, 5);
    expect([...between("uniform", a, b, 0.5)]).toEqual([1.5, 1.5]);
    expect([...between("normal", a, b, 0)].map(Math.round)).toEqual([3, 0]);
  });
  test("a walk passes its stops and closes", () => {
    const stops = draw("normal", 4, 3, 5);
    for (const k of [0, 1, 2, 3]) expect(norm(walked("normal", stops, k).map((v, i) => v - stops[k % 3][i]))).toBeLessThan(1e-4);
  });
  test("moving along directions sets these parts and no other", () => {
    const directions = [Float32Array.of(1, 0, 0), Float32Array.of(0, 0.6, 0.8)];
    const z = moved(Float32Array.of(5, 1, 2), directions, [-1, 0.5]);
    expect(along(z, directions).map((value) => Number(value.toFixed(5)))).toEqual([-1, 0.5]);
    expect(0.8 * z[1] - 0.6 * z[2]).toBeCloseTo(0.8 * 1 - 0.6 * 2, 5);
  });
});

describe("landing, by hand", () => {
  test("the eight nearest, nearest first, of equals the first", () => {
    const points = Float32Array.from({ length: 12 }, (_, i) => Math.abs(i - 5));
    const found = nearest({ points, dim: 1 }, [0]);
    expect(found.found).toEqual([5, 4, 6, 3, 7, 2, 8, 1]);
    expect(found.distances).toEqual([0, 1, 1, 2, 2, 3, 3, 4]);
  });
  test("blocks are rounded means; what is left over at the rim is cut", () => {
    const image = { c: 1, h: 3, w: 5, data: Uint8Array.of(0, 1, 2, 3, 9, 1, 0, 3, 3, 9, 9, 9, 9, 9, 9) };
    expect([...reduced(image, 2).data]).toEqual([1, 3]);
  });
  test("moments of a half black, half white picture", () => {
    const image = { c: 1, h: 2, w: 2, data: Uint8Array.of(0, 255, 0, 255) };
    const [mean, spread, across, down, rmsAcross, rmsDown, relative] = moments(image);
    expect([mean, spread, across, down, rmsAcross, rmsDown]).toEqual([0.5, 0.5, 1, 0, 1, 0]);
    expect(relative).toBeCloseTo(1 / (Math.SQRT2 * 0.5 + 0.02), 6);
  });
  test("tones of the same picture: white, a step across each row, none down", () => {
    const found = tones({ c: 1, h: 2, w: 2, data: Uint8Array.of(0, 255, 0, 255) });
    expect(found.map((v) => Math.round(v * v * 100) / 100)).toEqual([0.5, 0, 0, 0, 0.5, 1, 0, 0, 0, 0, 0, 0, 1]);
  });
});
