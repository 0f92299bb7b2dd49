/** What a comparison of runs says: settings that differ, who is better beyond the error, whose latents are the same. Pure. */

import type { MeasuredLine } from "./lines";
import type { Evaluation } from "./model";

export const LETTERS = "ABCD";
export const RUN_COLOURS = ["#0072b2", "#d55e00", "#118d57", "#a33fae"];

type Settings = Readonly<Record<string, unknown>>;

/** Where a run is kept and the like: says nothing about the training. */
const BESIDE = new Set(["format"]);

const asText = (value: unknown): string =>
  value === undefined ? "–" : value === null ? "none" : typeof value === "object" ? JSON.stringify(value) : String(value);

/** The settings that are not the same in all runs, each with its values as text; and how many are the same. */
export function differing(runs: readonly Settings[]): { rows: { name: string; values: string[] }[]; same: number } {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run)))].filter((name) => !BESIDE.has(name));
  const rows = names.map((name) => ({ name, values: runs.map((run) => asText(run[name])) }));
  const differ = rows.filter(({ values }) => values.some((value) => value !== values[0]));
  return { rows: differ, same: rows.length - differ.length };
}

/** What of machine, versions and data differs, one level deep. */
export function surroundings(environment: Settings): Settings {
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (name === "command") continue;
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      for (const [inner, one] of Object.entries(value)) if (inner !== "skipped" && inner !== "classes") out[`${name} ${inner}`] = one;
    } else out[name] = value;
  }
  return out;
}

/** What the fixed latents are a function of. */
/** With what it is where an earlier version did not write it. */
const OF_LATENTS: [string, unknown][] = [["seed", null], ["latent", null], ["latent_dim", null], ["num_fakes", null], ["conditional", false], ["class_balance", "data"], ["trainer", null]];

/** A name for a run's fixed latents: two runs with the same one have the same latent under the same number; null where it is unknown. */
export function latentsOf(config: Settings, classes: readonly string[] = []): string | null {
  if (typeof config["seed"] !== "number") return null;
  const told = OF_LATENTS.map(([name, otherwise]) => config[name] ?? otherwise);
  return JSON.stringify([told, config["conditional"] ? classes : null]);
}

/** The groups of two runs or more that have the same name, as indices. */
export function agreeing(names: readonly (string | null)[]): number[][] {
  const groups = new Map<string, number[]>();
  names.forEach((name, i) => {
    if (name !== null) groups.set(name, [...(groups.get(name) ?? []), i]);
  });
  return [...groups.values()].filter((group) => group.length > 1);
}

export type Judged =
  | { kind: "better"; run: number }
  | { kind: "equal" | "within error" | "error unknown" | "other features" | "" };

/** Errors of two independent estimates add in squares; two of them apart are taken for a difference. */
const ERRORS_APART = 2;

/** Which run has the better value, beyond what the errors of the best two allow to say. */
export function judged(metrics: readonly (MeasuredLine | null | undefined)[]): Judged {
  const known = metrics.flatMap((metric, run) => (metric && metric.value !== null && metric.value !== undefined ? [{ run, metric, value: metric.value }] : []));
  if (known.length < 2) return { kind: "" };
  if (new Set(known.map(({ metric }) => metric.features ?? "")).size > 1) return { kind: "other features" };
  if (known.every(({ value }) => value === known[0].value)) return { kind: "equal" };
  const sign = known[0].metric.better === "higher" ? -1 : 1;
  const [first, second] = [...known].sort((a, b) => sign * (a.value - b.value));
  if (first.metric.stderr == null || second.metric.stderr == null) return { kind: "error unknown" };
  const apart = Math.abs(first.value - second.value) > ERRORS_APART * Math.hypot(first.metric.stderr, second.metric.stderr);
  return apart ? { kind: "better", run: first.run } : { kind: "within error" };
}

export type When = "shown" | "best" | "end";

/** The measurements of a run at a moment: the last before it, its best or its end. */
export function lineAt(evals: readonly Evaluation[], when: When, seen: number): Evaluation | null {
  const last = evals.at(-1) ?? null;
  if (when === "end") return last;
  if (when === "best") return evals.find((line) => line.images_seen === last?.best) ?? null;
  return evals.findLast((line) => line.images_seen <= seen) ?? null;
}

const UNKNOWN: MeasuredLine = { value: null, stderr: null, floor: null, num_real: null, num_fake: null, floor_num: null, features: "", version: "", better: "" };

/** A toy's scores stand for its metrics. */
export function metricsOf(line: Evaluation | null): Record<string, MeasuredLine> {
  if (!line?.toy) return line?.metrics ?? {};
  return Object.fromEntries(Object.entries(line.toy).map(([name, value]) => [name, { ...UNKNOWN, value }]));
}

/** The names of all metrics of all runs, that which chooses the best first. */
export function namesOf(runs: readonly (readonly Evaluation[])[], first: string): string[] {
  const names = new Set<string>();
  for (const evals of runs) for (const line of evals) for (const name of Object.keys(metricsOf(line))) names.add(name);
  return [...names].sort((a, b) => Number(b === first) - Number(a === first));
}

/** The floor, where all runs have the same. */
export function commonFloor(metrics: readonly (MeasuredLine | null | undefined)[]): number | null {
  const floors = metrics.flatMap((metric) => (metric?.floor == null ? [] : [metric.floor]));
  return floors.length && floors.every((floor) => floor === floors[0]) ? floors[0] : null;
}
