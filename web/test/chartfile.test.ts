import { expect, test } from "vitest";
import type { ChartData } from "../src/chart";
import { csvOf, evened, reach, svgOf, zoomed } from "../src/chartfile";

const data: ChartData = {
  x: [0, 10, 20], stops: [0, 20], range: [0, 20],
  curves: [{ name: 'a, "b"', colour: "--ink", values: [1, null, 100] }, { name: "", quiet: true, colour: "#888", values: [5, 5, 5] }, { name: "<c>", colour: "#0072b2", dash: [7, 4], values: [null, null, -2] }],
};

test("the numbers of a chart as CSV: named curves, gaps empty, names quoted, rows without a number left out", () => {
  expect(csvOf(data)).toBe('images seen,"a, ""b""",<c>\r\n0,1,\r\n20,100,-2\r\n');
  expect(csvOf({ ...data, unit: "seconds", x: [0.5], curves: [{ name: "v", colour: "", values: [1e-7] }] })).toBe("time of training,v\r\n0.5,1e-7\r\n");
});

test("the picture of a chart is whole XML, its names text, its curves within the plot", () => {
  const svg = svgOf("Fréchet & co", data, { range: [0, 20], log: false }, (name) => (name === "--ink" ? "#000" : name));
  expect(svg).toContain("Fréchet &#38; co");
  expect(svg).toContain("&#60;c&#62;");
  expect(svg).not.toContain("<c>");
  expect(svg).not.toContain("NaN");
  const points = [...svg.matchAll(/points="([^"]*)"/g)].map((m) => m[1].split(" ").map((p) => p.split(",").map(Number)));
  expect(points.map((p) => p.length)).toEqual([2, 3, 1]);
  expect(points[0][0][0]).toBe(64);
  expect(points[0][1][0]).toBe(704);
  expect(points[0][0][1]).toBeGreaterThan(points[0][1][1]);
});

test("on a logarithmic axis equal ratios are equal steps and what is not above 0 is left out", () => {
  const svg = svgOf("t", { ...data, curves: [{ name: "v", colour: "#000", values: [1, 10, 100] }, data.curves[2]] }, { range: [0, 20], log: true }, (c) => c);
  const [line, below] = [...svg.matchAll(/points="([^"]*)"/g)].map((m) => m[1]);
  const y = line.split(" ").map((p) => Number(p.split(",")[1]));
  expect(y[0] - y[1]).toBeCloseTo(y[1] - y[2], 0);
  expect(below).toBe("");
});

test("the reach is that of what is shown", () => {
  expect(reach(data, { range: [0, 5], log: true })).toEqual([1, 5]);
  expect(reach({ ...data, curves: [] }, { range: [0, 5], log: false })).toEqual([0, 1]);
});

test("smoothing is the mean around, leaves gaps and a constant alone, and 0 changes nothing", () => {
  const x = Array.from({ length: 101 }, (_, i) => i);
  const noisy = x.map((i) => (i % 2 ? 3 : 1));
  const smooth = evened(x, noisy, 0.2);
  for (let i = 20; i < 80; i++) expect(Math.abs((smooth[i] ?? 0) - 2)).toBeLessThan(0.1);
  expect(evened(x, x.map(() => 7), 0.5)).toEqual(x.map(() => 7));
  expect(evened(x, noisy, 0)).toEqual(noisy);
  expect(evened([0, 1, 2], [1, null, 3], 2)).toEqual([2, null, 2]);
});

test("zooming keeps the place under the hand, and never leaves the whole", () => {
  expect(zoomed([0, 100], [0, 100], 50, 0.5)).toEqual([25, 75]);
  expect(zoomed([0, 100], [0, 100], 0, 0.5)).toEqual([0, 50]);
  expect(zoomed([25, 75], [0, 100], 25, 4)).toEqual([0, 100]);
  const [from, to] = zoomed([0, 100], [0, 100], 99, 1e-9);
  expect(to - from).toBeCloseTo(0.1, 9);
  expect(to).toBeLessThanOrEqual(100);
});
