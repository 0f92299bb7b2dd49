/** Numbers and words for people. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const count = (n: number): string => whole.format(n);

/** Three significant digits, without a wall of zeros. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000) return whole.format(value);
  if (size < 0.001) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

/** Whole images, abbreviated for axes: 65,536 → 66k. */
export function brief(n: number): string {
  if (Math.abs(n) >= 1e6) return `${Number((n / 1e6).toPrecision(3))}M`;
  if (Math.abs(n) >= 1e3) return `${Number((n / 1e3).toPrecision(3))}k`;
  return String(Number(n.toPrecision(3)));
}

/** A share as a percentage: whole above 10 %, one decimal below. */
export function percent(share: number | null | undefined): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return "–";
  const value = share * 100;
  const text = value >= 10 || value === 0 ? value.toFixed(0) : value.toFixed(1);
  return `${text === "100" && share < 1 ? "99.9" : text} %`;
}

/** A file's key as words: num_real → num real. */
export const words = (key: string): string => key.replaceAll("_", " ");

/** A class is judged where at least ten are due, as in the findings, and where its share is off by more than chance makes it. */
const LEAST_DUE = 10;
const SURE = 2.5; // standard errors

/** How a class comes out, from its share among reals and among `count` fakes. */
export function servedness(real: number, fake: number, count: number): "missing" | "rare" | "often" | "fine" {
  if (!(real > 0) || !Number.isFinite(fake)) return "fine";
  if (real * count < LEAST_DUE) return "fine";
  if (Math.abs(fake - real) < SURE * Math.sqrt((real * (1 - real)) / Math.max(count, 1))) return "fine";
  const ratio = fake / real;
  if (ratio < 0.1) return "missing";
  if (ratio < 0.5) return "rare";
  return ratio > 2 ? "often" : "fine";
}

const NOISE = 0.9; // of the points like no real image, from which their classes say nothing

/** Whether hardly any generated image is like a real one: what class noise is taken for is no share of anything. */
export function isNoise(unlike: ArrayLike<number>): boolean {
  let apart = 0;
  for (let i = 0; i < unlike.length; i++) apart += unlike[i];
  return unlike.length > 0 && apart >= NOISE * unlike.length;
}

const SPOT = 200; // cells a side of the map
const SPOT_SHARE = 0.3;

/** The share of points in the fullest of many small cells of the map, 0 where it is nothing to speak of. */
export function onOneSpot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const cells = new Map<number, number>();
  let top = 0;
  for (let i = 0; i < x.length; i++) {
    const cell = Math.floor(x[i] * SPOT) * SPOT + Math.floor(y[i] * SPOT);
    const n = (cells.get(cell) ?? 0) + 1;
    cells.set(cell, n);
    top = Math.max(top, n);
  }
  return x.length > 1 && top >= SPOT_SHARE * x.length ? top / x.length : 0;
}

/** The share of class k among the classes of points; null without labels. */
export function shares(label: ArrayLike<number>, classes: number): Float32Array {
  const out = new Float32Array(classes);
  let n = 0;
  for (let i = 0; i < label.length; i++) {
    if (label[i] < classes) {
      out[label[i]]++;
      n++;
    }
  }
  for (let k = 0; k < classes; k++) out[k] /= Math.max(1, n);
  return out;
}
