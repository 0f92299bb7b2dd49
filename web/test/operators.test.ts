import { describe, expect, test } from "vitest";
import { fromHalf, type Maps, type Operator, run } from "../src/generate/operators";

const maps = (c: number, h: number, w: number, data: number[]): Maps => ({ c, h, w, data: Float32Array.from(data) });
const op = (kind: string, at: Record<string, number> = {}, weight: number[] = [], bias: number[] = []): Operator =>
  ({ kind, at, weight: Float32Array.from(weight), bias: Float32Array.from(bias) });
const numbers = (x: Maps): number[] => [...x.data].map((v) => Math.round(v * 1e5) / 1e5);

test("halves", () => {
  expect([0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x8000].map(fromHalf)).toEqual([1, -2, 0.333251953125, 2 ** -24, 65504, -0]);
  expect(fromHalf(0x7c00)).toBe(Infinity);
  expect(fromHalf(0x7e00)).toBeNaN();
});

describe("operators by hand", () => {
  test("linear", () => {
    expect(numbers(run([op("linear", {}, [1, 2, 3, 4, 5, 6], [10, 20])], maps(3, 1, 1, [1, 0, -1])))).toEqual([8, 18]);
  });
  test("a convolution with padding sees zeros beyond the rim", () => {
    const found = run([op("conv", { out: 1, kernel: 3, stride: 1, pad: 1, groups: 1 }, Array(9).fill(1), [0.5])], maps(1, 2, 3, [1, 2, 3, 4, 5, 6]));
    expect(numbers(found)).toEqual([12.5, 21.5, 16.5, 12.5, 21.5, 16.5]);
  });
  test("a convolution with stride 2 on an odd side", () => {
    const found = run([op("conv", { out: 1, kernel: 3, stride: 2, pad: 1, groups: 1 }, [0, 0, 0, 0, 1, 0, 0, 0, 0], [0])], maps(1, 3, 3, [1, 2, 3, 4, 5, 6, 7, 8, 9]));
    expect([found.h, found.w, ...numbers(found)]).toEqual([2, 2, 1, 3, 7, 9]);
  });
  test("groups see their own channels", () => {
    const found = run([op("conv", { out: 2, kernel: 1, stride: 1, pad: 0, groups: 2 }, [2, 3], [0, 0])], maps(2, 1, 1, [5, 7]));
    expect(numbers(found)).toEqual([10, 21]);
  });
  test("a transposed convolution puts tap (1, 1) of a pixel at twice its place", () => {
    const weight = Array.from({ length: 16 }, (_, i) => i);
    const found = run([op("up", { out: 1 }, weight, [0])], maps(1, 1, 1, [1]));
    expect(numbers(found)).toEqual([5, 6, 9, 10]);
    const two = run([op("up", { out: 1 }, weight, [0])], maps(1, 1, 2, [1, 10]));
    expect(numbers(two)).toEqual([5, 6 + 40, 7 + 50, 60, 9, 10 + 80, 11 + 90, 100]);
  });
  test("the blur keeps a constant and has no answer to a checkerboard", () => {
    expect(numbers(run([op("blur")], maps(1, 3, 3, Array(9).fill(4))))).toEqual(Array(9).fill(4));
    const board = run([op("blur")], maps(1, 6, 6, Array.from({ length: 36 }, (_, i) => ((i + Math.floor(i / 6)) % 2 ? 1 : -1))));
    expect(Math.abs(board.data[2 * 6 + 2])).toBeLessThan(1e-6);
  });
  test("bilinear at pixel centres", () => {
    expect(numbers(run([op("resize", { h: 4, w: 4 })], maps(1, 2, 2, [0, 4, 8, 12])))).toEqual([0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12]);
    expect(numbers(run([op("resize", { h: 2, w: 4 })], maps(1, 2, 2, [0, 4, 8, 12])))).toEqual([0, 1, 3, 4, 8, 9, 11, 12]);
  });
  test("leaky, kept and added", () => {
    expect(numbers(run([op("keep"), op("act", { slope: 0.1 }), op("add")], maps(1, 1, 2, [-10, 3])))).toEqual([-11, 6]);
  });
  test("pools: a last block that is cut short", () => {
    expect(numbers(run([op("avgpool", { size: 2, ceil: 1 })], maps(1, 1, 3, [1, 3, 8])))).toEqual([2, 8]);
    expect(numbers(run([op("maxpool", { size: 2 })], maps(1, 2, 3, [1, 3, 8, 0, 9, 7])))).toEqual([9]);
  });
  test("statistics over the parts of an odd side overlap by one", () => {
    const found = run([op("gather", { cells: 2 }), op("gathered")], maps(1, 1, 3, [1, 3, 8]));
    expect(numbers(found).slice(0, 4)).toEqual([2, 5.5, 2, 5.5]);
    expect(found.data[4]).toBeCloseTo(Math.sqrt(1 + 1e-4), 5);
  });
  test("detail of a flat picture is nothing", () => {
    expect(numbers(run([op("detail", { gain: 5 })], maps(1, 2, 2, [3, 3, 3, 3])))).toEqual([3, 3, 3, 3, 0, 0, 0, 0]);
  });
  test("an operator nobody knows", () => {
    expect(() => run([op("attention")], maps(1, 1, 1, [1]))).toThrow("no operator attention");
  });
});
