/** The list of runs as numbers and words: what the page of all runs shows. Pure. */

import { count, percent, short } from "../numbers";
import { ago, lifeOf, type Life } from "../pulse";
import type { RunIndex } from "../source";

export interface Summary {
  name: string;
  finished: boolean;
  writing: boolean | null;
  written: number | null;
  thumb: string;
  images_seen: number | null;
  epoch: number | null;
  epochs: number | null;
  /** Images a second, null where nothing moves. */
  rate: number | null;
  data: string | null;
  preset: string | null;
  points: boolean;
  verdict: string;
  tone: string;
  frechet: number | null;
  floor: number | null;
  best: number | null;
  spark: [number, number][];
  /** Of a sweep's run the settings that its trials differ in. */
  varied: string;
}

export interface SweepSummary {
  name: string;
  /** Before the names of its runs. */
  prefix: string;
  trials: number;
  runs: number;
  /** Whether its page is written, which it is after its first trial. */
  page: boolean;
}

export type Order = "newest" | "name" | "frechet" | "state";

/** How much of the planned training is done, 0 … 1; null where the plan is not known. */
export function done(run: Summary): number | null {
  if (run.finished) return 1;
  return run.epoch !== null && run.epochs ? Math.min(1, run.epoch / run.epochs) : null;
}

/** Seconds that the training still takes at its present rate. */
export function left(run: Summary): number | null {
  const share = done(run);
  if (run.finished || !share || !run.rate || !run.images_seen) return null;
  return (run.images_seen * (1 / share - 1)) / run.rate;
}

export const life = (run: Summary, now: number): { life: Life; text: string } => lifeOf(run as unknown as RunIndex, now);

const RANK: Record<Life, number> = { live: 0, stopped: 1, finished: 2 };

/** The runs that hold every word of `wanted` in their name, data, preset or verdict, in an order. The list comes newest first. */
export function chosen(runs: readonly Summary[], wanted: string, order: Order, now: number): Summary[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const found = runs.filter((run) => {
    const text = [run.name, run.data, run.preset, run.varied, run.verdict, life(run, now).life].join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  });
  if (order === "name") return found.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  if (order === "frechet") return found.sort((a, b) => (a.frechet ?? Infinity) - (b.frechet ?? Infinity));
  if (order === "state") return found.sort((a, b) => RANK[life(a, now).life] - RANK[life(b, now).life]);
  return found;
}

/** The line of a sparkline in a box, on a logarithmic scale where the values allow it: points as SVG has them. */
export function sparkline(values: readonly [number, number][], width: number, height: number): string {
  if (values.length < 2) return "";
  const positive = values.every(([, v]) => v > 0);
  const y = values.map(([, v]) => (positive ? Math.log(v) : v));
  const x = values.map(([at]) => at);
  const scale = (all: number[], v: number): number => (v - Math.min(...all)) / Math.max(Math.max(...all) - Math.min(...all), 1e-12);
  return values.map((_, i) => `${(scale(x, x[i]) * width).toFixed(1)},${((1 - scale(y, y[i])) * height).toFixed(1)}`).join(" ");
}

/** Under the name: what it learns, by which recipe, and how far it is. */
export const about = (run: Summary): string =>
  [run.data, run.preset, run.varied, run.images_seen === null ? "no step yet" : `${count(run.images_seen)} images seen`, run.points ? "a toy: ganscope report writes its page" : ""].filter(Boolean).join(" · ");

export function measured({ frechet, floor }: Summary): string {
  if (frechet === null) return "";
  return floor ? `Fréchet ${short(frechet)}, ${short(frechet / floor)} × the floor` : `Fréchet ${short(frechet)}`;
}

/** Share done, rate and time left of a training that lives. */
export function pace(run: Summary, now: number): string {
  if (life(run, now).life !== "live") return "";
  const share = done(run);
  const rest = left(run);
  return [share === null ? "" : percent(share), run.rate ? `${count(run.rate)} images/s` : "", rest === null ? "" : `${ago(rest)} left`].filter(Boolean).join(" · ");
}

const counted = (n: number, one: string): string => `${count(n)} ${one}${n === 1 ? "" : "s"}`;

export const aboutSweep = ({ trials, runs, page }: SweepSummary): string =>
  `${counted(trials, "trial")}, ${counted(runs, "run")}${page ? "" : "; its page is written after its first trial"}`;

/** The address of the page of runs, relative to the list's own. */
export const addressOf = (names: readonly string[]): string => `run/${names.map(encodeURIComponent).join(",")}/`;
