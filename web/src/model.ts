/** One run as the page knows it: what has arrived so far, and what is shown at a place on the time axis. */

import { Clock, type Unit } from "./clock";
import { type Container, type Numbers, open } from "./container";
import { GridIndex } from "./gridindex";
import type { EvalLine, HistoryLine, MeasuredLine, TestLine } from "./lines";
import type { Index, RunIndex, Source } from "./source";
import { type ToyFrame, type ToyMeta, type ToyNumbers, type ToyScene, toyFrame, toyScene } from "./toymodel";
import { type Box, boxOf } from "./viewport";

export interface Thumb {
  width: number;
  height: number;
  channels: number;
  columns: number;
  per_page: number;
  count: number;
  stride: number;
}

interface MapMeta {
  n: number;
  seed?: number | null;
  frame: { x0: number; y0: number; scale: number };
  thumb: Thumb | null;
  method: string | null;
  features: string | null;
  classes: string[] | null;
  labelled: boolean | null;
}

interface BaseMeta {
  name: string;
  config: Record<string, unknown>;
  environment: Record<string, unknown>;
  networks: string;
  /** Why there are neither metrics nor a map; empty where there are. */
  why?: string;
  map: MapMeta | null;
  toy?: ToyMeta | null;
}

export interface Reals {
  x: Float32Array;
  y: Float32Array;
  /** 0 … K−1, and K for "none". */
  label: Uint16Array;
  index: GridIndex;
  box: Box;
  /** Where the name of each class stands: the middle of its densest part; NaN for a class without images. */
  centre: Float32Array;
}

/** A line of evals.jsonl as log.glv has it: the class shares stand in sections of their own. */
export type Evaluation = Omit<EvalLine, "class_share">;
export type HistoryColumn = keyof HistoryLine;
export type TestColumn = keyof TestLine;

export interface Table<Column extends string> {
  x: Float64Array;
  columns: Partial<Record<Column, Float32Array>>;
}

/** A key moment, found by src/ganscope/diagnosis/moments.py. */
export interface KeyMoment {
  id: string;
  images_seen: number;
  title: string;
  sentence: string;
  /** The snapshot to look at beside it. */
  before: number | null;
}

export interface Log {
  story: KeyMoment[];
  /** A sentence where a finished training was still getting better, else empty. */
  still: string;
  finished: boolean;
  summary: Record<string, unknown>;
  evals: Evaluation[];
  history: Table<HistoryColumn>;
  test: Table<TestColumn>;
  shareReal: Float32Array | null;
  /** One row an evaluation; NaN where it was not measured. */
  shareFake: Float32Array[];
  /** Seconds of training; null where nobody timed it. */
  seconds: Clock | null;
  epochs: Clock | null;
}

export interface Sheet {
  count: number;
  /** The latent of its first image. */
  first: number;
  width: number;
  height: number;
  columns: number;
  channels: number;
}

/** A sheet of images, not decoded yet. */
export interface Pictured {
  about: Sheet;
  bytes: Uint8Array;
}

export interface Snapshot {
  seen: number;
  points: number;
  x: Float32Array;
  y: Float32Array;
  distance: Float32Array;
  unlike: Uint8Array;
  /** In 0 … 1, NaN where unknown. */
  score: Float32Array;
  /** 0 … K−1, and `NO_CLASS`. */
  label: Uint16Array;
  /** The class that each was asked for, of a conditional generator. */
  asked: Uint16Array | null;
  nearest: Uint32Array;
  /** Of the first points; `more` of all others, kept at the last and at the best snapshot. */
  images: Pictured | null;
  more: Pictured | null;
  samples: Pictured | null;
  /** A toy's frame. */
  toy: ToyFrame | null;
}

export interface ClassGrid {
  rows: number[];
  /** 0: the latents are in no such order. */
  columns: number;
}

interface SnapshotMeta {
  toy?: ToyNumbers | null;
  images_seen: number;
  points: number;
  images: Sheet | null;
  more?: Sheet | null;
  samples: Sheet | null;
}

interface Slot {
  seen: number;
  key: string;
  data: Snapshot | null;
  loading: Promise<void> | null;
}

/** What the map shows: two snapshots and how far between them. */
export interface Moment {
  a: Snapshot;
  b: Snapshot;
  mix: number;
}

export class RunModel {
  base: BaseMeta | null = null;
  reals: Reals | null = null;
  toy: ToyScene | null = null;
  log: Log | null = null;
  slots: Slot[] = [];
  atlasPages = 0;
  finished = false;
  /** A sentence where the file has not all of a very long run, else empty. */
  leftOut = "";
  generator: RunIndex["generator"] = null;
  private keys = { base: "", log: "" };
  private prefetching = false;

  constructor(private readonly source: Source, readonly id: number, readonly name: string, private readonly changed: (what: Change) => void) {}

  /** Somebody else trains: a run of our own knows its networks. */
  get watched(): boolean {
    return this.base?.config["trainer"] !== undefined;
  }

  get classes(): string[] {
    return this.base?.map?.classes ?? [];
  }

  get labelled(): boolean {
    return this.base?.map?.labelled !== false;
  }

  /** Names of the data's own classes; none where they are clusters found by us. */
  get classNames(): string[] {
    return this.labelled ? this.classes : [];
  }

  /** The grid by class of a conditional run: latent `row · columns + column` was asked for class `rows[row]`. */
  get classGrid(): ClassGrid | null {
    const { class_counts: counts, class_columns: columns } = this.base?.config ?? {};
    if (!Array.isArray(counts) || !counts.length) return null;
    const rows = counts.flatMap((n, k) => (Number(n) > 0 ? [k] : [])).slice(0, MOST_ROWS);
    return { rows, columns: Number(columns) || 0 };
  }

  /** Whether images were asked for by class: by a run of our own, or by one that was watched and told so. */
  get asksForClasses(): boolean {
    return this.classGrid !== null || this.slots.some((slot) => slot.data?.asked);
  }

  get seen(): number[] {
    return this.slots.map((slot) => slot.seen);
  }

  get last(): Evaluation | null {
    return this.log?.evals.at(-1) ?? null;
  }

  get best(): number | null {
    return this.last?.best ?? null;
  }

  /** Its clock in a unit; null where the run does not tell. */
  clock(unit: Unit): Clock | null {
    return unit === "images" ? Clock.images : (this.log?.[unit] ?? null);
  }

  /** Images seen at a value of the page's time, whole where it is a whole number up to rounding. */
  imagesAt(unit: Unit, value: number): number {
    const images = (this.clock(unit) ?? Clock.images).imagesAt(value);
    const whole = Math.round(images);
    return Math.abs(images - whole) < 1e-3 ? whole : images;
  }

  valueAt(unit: Unit, images: number): number {
    return (this.clock(unit) ?? Clock.images).at(images);
  }

  /** Whether the best of what was trained is no better than the untrained generator: then it is nothing to praise. */
  get bestIsWorse(): boolean {
    const name = String(this.base?.config["best_by"] ?? "frechet");
    const at = (seen: number | null): MeasuredLine | undefined => this.log?.evals.find((line) => line.images_seen === seen)?.metrics[name];
    const [before, best] = [at(0), at(this.best)];
    if (before?.value == null || best?.value == null) return false;
    const margin = 2 * Math.SQRT2 * (best.stderr ?? 0); // twice the error of their difference
    return best.better === "higher" ? best.value < before.value + margin : best.value > before.value - margin;
  }

  /** Iterations and epochs at a place, between the evaluations around it. */
  progressAt(seen: number): { iteration: number | null; epoch: number | null } {
    const config = this.base?.config ?? {};
    const perIteration = Number(config["batch_size"] ?? 0) * Number(config["d_steps"] ?? 1);
    const found = this.log?.evals.findLast((line) => line.images_seen > 0 && line.epoch);
    return {
      iteration: perIteration ? Math.round(seen / perIteration) : null,
      epoch: found?.epoch ? (seen * found.epoch) / found.images_seen : seen === 0 ? 0 : null,
    };
  }

  /** Take over a newer index; resolves when what is needed first has arrived. */
  async update(index: RunIndex): Promise<void> {
    this.finished = index.finished;
    this.leftOut = index.left_out ?? "";
    this.atlasPages = index.atlas;
    this.generator = index.generator ?? null;
    const old = new Map(this.slots.map((slot) => [slot.seen, slot]));
    const slots = index.snapshots.map(([seen, key]) => {
      const found = old.get(seen);
      // A changed snapshot keeps being shown as it was until the newer one has arrived.
      return found && found.key === key ? found : { seen, key, data: found?.data ?? null, loading: null };
    });
    const grown = slots.length !== this.slots.length || slots.some((slot, i) => slot !== this.slots[i]);
    this.slots = slots;
    const jobs: Promise<void>[] = [];
    if (index.base !== this.keys.base) jobs.push(this.loadBase(index.base));
    if (index.log !== this.keys.log) jobs.push(this.loadLog(index.log));
    if (!this.base && slots.length) jobs.push(this.load(slots.length - 1)); // the page opens at the last one
    await Promise.all(jobs);
    if (grown) this.changed("snapshots");
  }

  private path(name: string): string {
    return `${this.id}/${name}`;
  }

  private async loadBase(key: string): Promise<void> {
    const box = open<BaseMeta>(await this.source.get(this.path("base.glv"), key));
    const reals = box.meta.map ? await realsOf(box, box.meta.map.classes?.length ?? 0) : null;
    this.toy = await toyScene(box, box.meta.toy);
    this.base = box.meta;
    this.reals = reals;
    this.keys.base = key;
    this.changed("base");
  }

  private async loadLog(key: string): Promise<void> {
    this.log = await logOf(open<LogMeta>(await this.source.get(this.path("log.glv"), key)));
    this.keys.log = key;
    this.changed("log");
  }

  atlasPage(page: number): Promise<Uint8Array> {
    return this.source.get(this.path(`atlas/${page}.webp`), this.keys.base);
  }

  generatorBytes(): Promise<Uint8Array> {
    return this.source.get(this.path("generator.glv"), this.generator?.key ?? "");
  }

  /** Make sure of snapshot `i`; tells "snapshot" when it has arrived. */
  load(i: number): Promise<void> {
    const slot = this.slots[i];
    if (!slot || slot.loading) return slot?.loading ?? Promise.resolve();
    slot.loading = (async () => {
      try {
        const bytes = await this.source.get(this.path(`snap/${slot.seen}.glv`), slot.key);
        slot.data = await snapshotOf(open<SnapshotMeta>(bytes));
        this.changed("snapshot");
      } catch (error) {
        // Written halfway, or the server is gone: the next index brings another chance.
        console.warn(`snapshot ${slot.seen} is not readable yet`, error);
        slot.key = "";
        slot.loading = null;
      }
    })();
    return slot.loading;
  }

  /** Load all other snapshots in the background, the nearest to `i` first. */
  async prefetch(i: number): Promise<void> {
    if (this.prefetching) return;
    this.prefetching = true;
    for (;;) {
      // Anew each time, since snapshots may have come; one that could not be read has no key until the next index.
      const missing = this.slots.map((_, k) => k).filter((k) => !this.slots[k].loading && this.slots[k].key);
      if (!missing.length) break;
      await this.load(missing.reduce((a, b) => (Math.abs(b - i) < Math.abs(a - i) ? b : a)));
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    this.prefetching = false;
  }

  get allLoaded(): boolean {
    return this.slots.every((slot) => slot.data);
  }

  /**
   * What the map shows at the run's own position `p` (0 … S−1): the placed snapshots nearest to it. Images come before their places
   * on the map, so a new snapshot shows the last placed one until it is placed itself.
   */
  at(p: number): Moment | null {
    const a = Math.floor(p);
    const first = this.placed(a) ?? this.nearestLoaded(a);
    if (!first) return null;
    const second = this.slots[a + 1]?.data;
    // One of another number of points cannot be moved to: it is jumped to.
    const moves = first === this.slots[a]?.data && second?.points === first.points;
    return moves && second ? { a: first, b: second, mix: p - a } : { a: first, b: first, mix: 0 };
  }

  /** The snapshot at slot `i` if it is placed; if it has arrived without places, the last placed one before it. */
  private placed(i: number): Snapshot | null {
    const own = this.slots[i]?.data;
    if (!own || own.points) return own ?? null;
    return this.slots.slice(0, i).findLast((slot) => slot.data?.points)?.data ?? own;
  }

  /** The loaded snapshot nearest to `p`: what grid, hover and numbers show, because images cannot be half way. */
  near(p: number): Snapshot | null {
    return this.slots[Math.round(p)]?.data ?? this.nearestLoaded(Math.round(p));
  }

  private nearestLoaded(i: number): Snapshot | null {
    for (let d = 0; d < this.slots.length; d++) {
      const found = this.slots[i - d]?.data ?? this.slots[i + d]?.data;
      if (found) return found;
    }
    return null;
  }
}

export type Change = "base" | "log" | "snapshots" | "snapshot";

/** "No class" among the labels of generated images. */
export const NO_CLASS = 65535;

const MOST_ROWS = 32; // of a grid by class: see MOST_ROWS of src/ganscope/config/plan.py

/**
 * Labels as they are stored, with `NO_CLASS` for the largest value of their type, which stands for "none". The number of classes is
 * not asked for: a snapshot may arrive before the classes do.
 */
export function labelsOf(stored: Numbers): Uint16Array {
  const none = 2 ** (8 * stored.BYTES_PER_ELEMENT) - 1;
  const out = new Uint16Array(stored.length);
  for (let i = 0; i < stored.length; i++) out[i] = stored[i] === none ? NO_CLASS : Math.min(stored[i], NO_CLASS);
  return out;
}

function places(units: Numbers): [Float32Array, Float32Array] {
  const n = units.length / 2;
  const x = new Float32Array(n);
  const y = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    x[i] = units[2 * i] / 65535;
    y[i] = 1 - units[2 * i + 1] / 65535; // y grows upwards in the data and downwards on the screen
  }
  return [x, y];
}

async function realsOf(box: Container<BaseMeta>, classes: number): Promise<Reals> {
  const [units, stored] = await Promise.all([box.numbers("xy"), box.numbers("label")]);
  const [x, y] = places(units);
  const label = labelsOf(stored).map((k) => Math.min(k, classes)); // K, the colour of "no class", for none
  const index = new GridIndex(x, y);
  return { x, y, label, index, box: boxOf(x, y) ?? { x0: 0.25, y0: 0.25, x1: 0.75, y1: 0.75 }, centre: centres(x, y, label, classes) };
}

/** The middle of the densest of 48 × 48 cells of each class, as x0, y0, x1, y1, … */
export function centres(x: Float32Array, y: Float32Array, label: Uint16Array, classes: number): Float32Array {
  const side = 48;
  const out = new Float32Array(2 * classes).fill(NaN);
  const order: number[][] = Array.from({ length: classes }, () => []);
  for (let i = 0; i < x.length; i++) order[label[i]]?.push(i);
  order.forEach((ids, k) => {
    const count = new Map<number, number>();
    const cell = (i: number): number => Math.floor(y[i] * side) * side + Math.floor(x[i] * side);
    for (const i of ids) count.set(cell(i), (count.get(cell(i)) ?? 0) + 1);
    let top = -1;
    let most = 0;
    for (const [c, n] of count) if (n > most) [top, most] = [c, n];
    if (top < 0) return;
    const [cx, cy] = [top % side, Math.floor(top / side)];
    let sx = 0;
    let sy = 0;
    let n = 0;
    for (const i of ids) {
      if (Math.abs(Math.floor(x[i] * side) - cx) <= 2 && Math.abs(Math.floor(y[i] * side) - cy) <= 2) {
        sx += x[i];
        sy += y[i];
        n++;
      }
    }
    out[2 * k] = sx / n;
    out[2 * k + 1] = sy / n;
  });
  return out;
}

async function snapshotOf(box: Container<SnapshotMeta>): Promise<Snapshot> {
  const names = ["xy", "distance", "unlike", "score", "label", "nearest", "asked"];
  const [units, distance, unlike, score, label, nearest, asked] = await Promise.all(names.map((name) => box.numbers(name)));
  const [x, y] = places(units);
  const picture = (about: Sheet | null | undefined, name: string): Pictured | null => {
    const bytes = box.bytes(name);
    return about && bytes ? { about: { ...about, first: about.first ?? 0 }, bytes } : null;
  };
  return {
    seen: box.meta.images_seen,
    points: x.length,
    x, y,
    distance: Float32Array.from(distance, (v) => v / 100),
    unlike: Uint8Array.from(unlike),
    score: Float32Array.from(score, (v) => (v === 255 ? NaN : v / 254)),
    label: labelsOf(label),
    asked: asked.length ? labelsOf(asked) : null,
    nearest: Uint32Array.from(nearest),
    images: picture(box.meta.images, "images"),
    more: picture(box.meta.more, "more"),
    samples: picture(box.meta.samples, "samples"),
    toy: await toyFrame(box, box.meta.toy),
  };
}

interface LogMeta {
  story?: KeyMoment[];
  still?: string;
  finished: boolean;
  summary: Record<string, unknown>;
  history: HistoryColumn[];
  test: TestColumn[];
}

async function logOf(box: Container<LogMeta>): Promise<Log> {
  const table = async <Column extends string>(name: "history" | "test", names: Column[]): Promise<Table<Column>> => {
    const [x, all] = await Promise.all([box.numbers(`${name}_x`), box.numbers(name)]);
    const rows = x.length;
    const columns: Partial<Record<Column, Float32Array>> = {};
    names.forEach((column, i) => {
      columns[column] = Float32Array.from(all.subarray(i * rows, (i + 1) * rows));
    });
    return { x: Float64Array.from(x), columns };
  };
  const [history, test, text, real, fake, at, seconds] = await Promise.all([
    table("history", box.meta.history), table("test", box.meta.test), box.numbers("evals"), box.numbers("share_real"), box.numbers("share_fake"), box.numbers("clock_x"), box.numbers("clock"),
  ]);
  const evals = JSON.parse(new TextDecoder().decode(text as Uint8Array) || "[]") as Evaluation[];
  const k = real.length;
  return {
    story: box.meta.story ?? [], still: box.meta.still ?? "", finished: box.meta.finished, summary: box.meta.summary, evals, history, test,
    seconds: Clock.from(at, seconds), epochs: epochsOf(history, evals),
    shareReal: k ? Float32Array.from(real) : null,
    shareFake: k ? evals.map((_, i) => Float32Array.from(fake.subarray(i * k, (i + 1) * k))) : [],
  };
}

/** An epoch is always the same number of images: the last line that tells it tells all. */
function epochsOf(history: Table<HistoryColumn>, evals: readonly Evaluation[]): Clock | null {
  const line = evals.findLast((one) => one.images_seen > 0 && one.epoch);
  const images = line?.images_seen ?? history.x.at(-1) ?? 0;
  const epoch = line?.epoch ?? history.columns["epoch"]?.at(-1) ?? 0;
  return images > 0 && epoch > 0 ? Clock.from([0, images], [0, epoch]) : null;
}

/** All runs of an index, kept up to date. */
export function makeModels(source: Source, index: Index, changed: (run: number, what: Change) => void): RunModel[] {
  return index.runs.map((run, id) => new RunModel(source, id, run.name, (what) => changed(id, what)));
}
