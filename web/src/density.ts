/** How densely points lie: a smoothed count on a grid, its contours, and where one density is more or less than another. Pure. */

import type { Box } from "./viewport";

export const SIDE = 96; // cells a side

/** A grid of `SIDE` × `SIDE` cells over a square of the map. */
export interface Field {
  box: Box;
  /** Smoothed shares of the points, row by row; they sum to at most 1, since what lies outside is not counted. */
  values: Float32Array;
  count: number;
}

/** The square around a box, in which every cell is a square too. */
export function squareOf({ x0, y0, x1, y1 }: Box): Box {
  const half = Math.max(x1 - x0, y1 - y0, 1e-6) / 2;
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  return { x0: cx - half, y0: cy - half, x1: cx + half, y1: cy + half };
}

/** The width of the smoothing in cells: wider for fewer points, by the rule of Scott for two dimensions. */
export const smoothing = (points: number): number => Math.min(4, Math.max(1.5, 9 * Math.max(points, 1) ** (-1 / 6)));

/** `place(i)` gives the point, or null for one that is not shown. */
export function fieldOf(box: Box, points: number, place: (i: number) => readonly [number, number] | null, sigma: number): Field {
  const values = new Float32Array(SIDE * SIDE);
  const scale = SIDE / (box.x1 - box.x0);
  let count = 0;
  for (let i = 0; i < points; i++) {
    const at = place(i);
    if (!at) continue;
    count++;
    const x = Math.floor((at[0] - box.x0) * scale);
    const y = Math.floor((at[1] - box.y0) * scale);
    if (x >= 0 && y >= 0 && x < SIDE && y < SIDE) values[y * SIDE + x]++;
  }
  if (count) for (let i = 0; i < values.length; i++) values[i] /= count;
  return { box, values: smoothed(values, kernelOf(sigma)), count };
}

function kernelOf(sigma: number): Float32Array {
  const reach = Math.ceil(3 * sigma);
  const kernel = Float32Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)));
  const sum = kernel.reduce((a, b) => a + b);
  return kernel.map((v) => v / sum);
}

function smoothed(values: Float32Array, kernel: Float32Array): Float32Array {
  const reach = (kernel.length - 1) / 2;
  const pass = (from: Float32Array, step: number, across: number): Float32Array => {
    const to = new Float32Array(from.length);
    for (let line = 0; line < SIDE; line++) {
      for (let i = 0; i < SIDE; i++) {
        const value = from[line * across + i * step];
        if (!value) continue;
        for (let k = Math.max(-reach, -i); k <= reach && i + k < SIDE; k++) to[line * across + (i + k) * step] += value * kernel[k + reach];
      }
    }
    return to;
  };
  return pass(pass(values, 1, SIDE), SIDE, 1);
}

/** The heights above which the given shares of all points lie, in the order of the shares. */
export function levelsOf({ values }: Field, shares: readonly number[]): number[] {
  const sorted = Float32Array.from(values).sort().reverse();
  const total = sorted.reduce((a, b) => a + b, 0);
  return shares.map((share) => {
    let sum = 0;
    for (const value of sorted) {
      sum += value;
      if (sum >= share * total) return value;
    }
    return 0;
  });
}

/** The line where the field crosses a height, as pairs of ends x0, y0, x1, y1 in map units: marching squares between cell middles. */
export function contour({ box, values }: Field, level: number): number[] {
  const out: number[] = [];
  if (!(level > 0)) return out;
  const cell = (box.x1 - box.x0) / SIDE;
  for (let y = 0; y + 1 < SIDE; y++) {
    for (let x = 0; x + 1 < SIDE; x++) {
      const at = y * SIDE + x;
      const corners = [values[at], values[at + 1], values[at + SIDE + 1], values[at + SIDE]];
      const above = corners.map((v) => v >= level);
      if (above.every((one) => one === above[0])) continue;
      const ends: [number, number][] = [];
      for (let edge = 0; edge < 4; edge++) {
        const [a, b] = [corners[edge], corners[(edge + 1) % 4]];
        if (above[edge] === above[(edge + 1) % 4]) continue;
        const share = (level - a) / (b - a);
        const [fx, fy] = CORNER[edge];
        const [tx, ty] = CORNER[(edge + 1) % 4];
        ends.push([box.x0 + (x + 0.5 + fx + (tx - fx) * share) * cell, box.y0 + (y + 0.5 + fy + (ty - fy) * share) * cell]);
      }
      for (let k = 0; k + 1 < ends.length; k += 2) out.push(...ends[k], ...ends[k + 1]);
    }
  }
  return out;
}

const CORNER = [[0, 0], [1, 0], [1, 1], [0, 1]] as const;

/** Differences of less than this many standard errors are chance and not shown. */
const ERRORS = 2.5;

/**
 * The binary logarithm of generated to real density in each cell: 1 where it is twice as dense, −1 where half; 0 where the difference may be
 * chance. Both fields have the same box and smoothing `sigma`; the result is clipped at `top`.
 */
export function balance(generated: Field, real: Field, sigma: number, top: number): Float32Array {
  const out = new Float32Array(SIDE * SIDE);
  if (!generated.count || !real.count) return out;
  // A smoothed share p of n points varies by p times the kernel's sum of squares, over n.
  const squares = 1 / (4 * Math.PI * sigma * sigma);
  const perPoint = squares * (1 / generated.count + 1 / real.count);
  const together = generated.count + real.count;
  // Where half a point would be expected there is nothing to compare.
  const least = squares / Math.max(generated.count, real.count);
  for (let i = 0; i < out.length; i++) {
    const [g, r] = [generated.values[i], real.values[i]];
    const p = (g * generated.count + r * real.count) / together;
    if (p < least || Math.abs(g - r) < ERRORS * Math.sqrt(p * perPoint)) continue;
    // Something is added to both, so that none is far less than few, and not infinitely less.
    const floor = p / 2 ** (top + 2);
    out[i] = Math.max(-top, Math.min(top, Math.log2((g + floor) / (r + floor))));
  }
  return out;
}
