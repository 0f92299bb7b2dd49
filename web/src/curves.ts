/** Arithmetic of curves: smoothing, looking values up, merging findings. Pure. */

import type { FindingLine } from "./lines";
import type { Evaluation } from "./model";

type Values = ArrayLike<number | null>;

/** The centred mean over `window` values on either side; gaps stay gaps. */
export function smoothed(values: ArrayLike<number>, window: number): Float64Array {
  const n = values.length;
  const out = new Float64Array(n);
  let sum = 0;
  let filled = 0;
  const add = (i: number, sign: number): void => {
    if (i < 0 || i >= n || !Number.isFinite(values[i])) return;
    sum += sign * values[i];
    filled += sign;
  };
  for (let i = 0; i < Math.min(window, n); i++) add(i, 1);
  for (let i = 0; i < n; i++) {
    add(i + window, 1);
    add(i - window - 1, -1);
    out[i] = filled > 0 && Number.isFinite(values[i]) ? sum / filled : NaN;
  }
  return out;
}

/** The row of the last x ≤ `seen` (the first row where there is none), −1 for an empty table. */
export function rowAt(x: ArrayLike<number>, seen: number): number {
  let low = 0;
  let high = x.length - 1;
  if (high < 0) return -1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (x[middle] <= seen) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The last value at or before `seen` that is a number. */
export function valueAt(x: ArrayLike<number>, y: Values, seen: number): number | null {
  for (let i = rowAt(x, seen); i >= 0; i--) {
    const value = y[i];
    if (x[i] <= seen && value !== null && Number.isFinite(value)) return value;
  }
  return null;
}

/** uPlot wants null for a gap. */
export const gaps = (values: ArrayLike<number | null | undefined>): (number | null)[] =>
  Array.from(values, (v) => (v === null || v === undefined || !Number.isFinite(v) ? null : v));

/** Tables with different x in one: [x, columns of the first…, columns of the second…], null where a table has no row. */
export function joined(tables: readonly { x: ArrayLike<number>; columns: readonly Values[] }[]): [number[], ...(number | null)[][]] {
  const x = [...new Set(tables.flatMap((table) => Array.from(table.x)))].sort((a, b) => a - b);
  const place = new Map(x.map((value, i) => [value, i]));
  const out: (number | null)[][] = [];
  for (const table of tables) {
    for (const column of table.columns) {
      const row: (number | null)[] = new Array(x.length).fill(null);
      for (let i = 0; i < table.x.length; i++) {
        const value = column[i];
        if (value !== null && Number.isFinite(value)) row[place.get(table.x[i]) as number] = value;
      }
      out.push(row);
    }
  }
  return [x, ...out];
}

/** A finding of a run as it was last stated; `open` while the newest line still states it. */
export type Stated = FindingLine & { open: boolean };

/** Every finding of a run once, in the order of its beginning. */
export function findingsOf(evals: readonly Evaluation[]): Stated[] {
  const found = new Map<string, Stated>();
  evals.forEach((line, i) => {
    for (const finding of line.findings ?? []) found.set(`${finding.id}@${finding.first}`, { ...finding, open: i === evals.length - 1 });
  });
  return [...found.values()].sort((a, b) => a.first - b.first);
}

const WEIGHT: Record<string, number> = { failure: 2, warning: 1, info: 0 };
export type Tone = "failure" | "warning" | "info" | "good";

/** How the newest line judges the run: its gravest finding; "good" for a balanced one, "info" while there is nothing to say. */
export function toneOf(line: Evaluation | null): Tone {
  const findings = line?.findings ?? [];
  const worst = Math.max(-1, ...findings.map((finding) => WEIGHT[finding.severity] ?? 0));
  if (worst === 2) return "failure";
  if (worst === 1) return "warning";
  return findings.some((finding) => finding.id === "balanced") ? "good" : "info";
}

/** The names of all metrics of a run, the one that chooses the best snapshot first where it is known. */
export function metricNames(evals: readonly Evaluation[], first: string): string[] {
  const names = new Set<string>(evals.some((line) => line.metrics?.[first]) ? [first] : []);
  for (const line of evals) for (const name of Object.keys(line.metrics ?? {})) names.add(name);
  return [...names];
}
