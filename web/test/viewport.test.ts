import { describe, expect, test } from "vitest";
import { around, boxOf, fitted, fromX, fromY, panned, sameView, toX, toY, visible, zoomedAt, type Viewport } from "../src/viewport";
import { random } from "./random";

const view: Viewport = { cx: 0.3, cy: 0.6, scale: 900, width: 800, height: 500 };

describe("viewport", () => {
  test("there and back is where one was", () => {
    expect(fromX(view, toX(view, 0.123))).toBeCloseTo(0.123, 12);
    expect(fromY(view, toY(view, 0.456))).toBeCloseTo(0.456, 12);
    expect(toX(view, view.cx)).toBe(400);
    expect(toY(view, view.cy)).toBe(250);
  });

  test("a fitted box is whole inside, touches the padding on one pair of sides and lies in the middle", () => {
    const box = { x0: 0.1, y0: 0.2, x1: 0.9, y1: 0.5 };
    const found = fitted(box, 800, 500, 16);
    expect(toX(found, box.x0)).toBeCloseTo(16, 9);
    expect(toX(found, box.x1)).toBeCloseTo(784, 9);
    expect(toY(found, box.y0) + toY(found, box.y1)).toBeCloseTo(500, 9);
    expect(toY(found, box.y0)).toBeGreaterThan(16);
  });

  test("a box without extent still gives a finite window", () => {
    const found = fitted({ x0: 0.5, y0: 0.5, x1: 0.5, y1: 0.5 }, 10, 10);
    expect(Number.isFinite(found.scale) && found.scale > 0).toBe(true);
  });

  test("zooming keeps what is under the pointer there, for any pointer and factor", () => {
    const next = random(1);
    for (let k = 0; k < 200; k++) {
      const [px, py, factor] = [next() * 800, next() * 500, Math.exp(4 * next() - 2)];
      const found = zoomedAt(view, factor, px, py, 1, 1e6);
      expect(fromX(found, px)).toBeCloseTo(fromX(view, px), 9);
      expect(fromY(found, py)).toBeCloseTo(fromY(view, py), 9);
      expect(found.scale).toBeCloseTo(view.scale * factor, 6);
    }
  });

  test("zoom stops at its limits, still without moving what is under the pointer", () => {
    const most = zoomedAt(view, 1000, 100, 100, 500, 2000);
    expect(most.scale).toBe(2000);
    expect(fromX(most, 100)).toBeCloseTo(fromX(view, 100), 9);
    expect(zoomedAt(view, 0.001, 100, 100, 500, 2000).scale).toBe(500);
  });

  test("panning by pixels moves the map by them, and not out of the unit square", () => {
    const found = panned(view, 90, -45);
    expect(toX(found, 0.3) - toX(view, 0.3)).toBeCloseTo(90, 9);
    expect(toY(found, 0.6) - toY(view, 0.6)).toBeCloseTo(-45, 9);
    expect(panned(view, 1e6, 1e6)).toMatchObject({ cx: 0, cy: 0 });
    expect(panned(view, -1e6, -1e6)).toMatchObject({ cx: 1, cy: 1 });
  });

  test("what is visible has the corners of the window", () => {
    const box = visible(view);
    expect(toX(view, box.x1)).toBeCloseTo(800, 9);
    expect(toY(view, box.y1)).toBeCloseTo(500, 9);
    expect(toX(view, box.x0)).toBeCloseTo(0, 9);
  });

  test("views are the same only when all five numbers are", () => {
    expect(sameView(view, { ...view })).toBe(true);
    for (const key of ["cx", "cy", "scale", "width", "height"] as const) expect(sameView(view, { ...view, [key]: view[key] + 1e-9 })).toBe(false);
  });

  test("the box around points, whole and without a share on every side", () => {
    const x = Float32Array.from({ length: 101 }, (_, i) => i / 100);
    const y = Float32Array.from({ length: 101 }, (_, i) => 1 - i / 100);
    expect(boxOf(x, y)).toEqual({ x0: 0, y0: 0, x1: 1, y1: 1 });
    const trimmed = boxOf(x, y, 0.1);
    expect(trimmed?.x0).toBeCloseTo(0.1);
    expect(trimmed?.y1).toBeCloseTo(0.9);
    expect(boxOf([], [])).toBeNull();
    expect(around({ x0: 0, y0: 0, x1: 1, y1: 1 }, { x0: -1, y0: 0.5, x1: 0.5, y1: 3 })).toEqual({ x0: -1, y0: 0, x1: 1, y1: 3 });
    expect(around({ x0: 0, y0: 0, x1: 1, y1: 1 }, null)).toEqual({ x0: 0, y0: 0, x1: 1, y1: 1 });
  });
});
