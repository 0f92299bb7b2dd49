/** Where a new image lands among some of the reals: what `Landing.place` of src/ganscope/maps/landing.py computes. */

import type { Container } from "../container";
import { floats, type Operator, operatorsOf, run, type Step } from "./operators";

const NEIGHBOURS = 8;
const FAR = 1000;
const RIM = 1.06;
const RIM_DEPTH = 0.22;
const RIM_SPREAD = 0.2;
const FAINT = 0.02;
const TOGETHER = 0.04;

export interface LandingMeta {
  format: number;
  block: number;
  features: Step[];
  /** How near the places are to the whole map's: the median gap in map widths, and the share that agree on "unlike". */
  gap: { images: number; median: number; agree: number } | null;
}

/** `x`, `y` as the map has them (y upwards); `nearest` is the index of a real image of the data set. */
export interface Landed {
  x: number;
  y: number;
  distance: number;
  unlike: boolean;
  nearest: number;
}

interface Space {
  points: Float32Array;
  spacing: Float32Array;
  dim: number;
}

/** Whole levels 0 … 255 of an image, (c, h, w). */
export interface Levels {
  c: number;
  h: number;
  w: number;
  data: Uint8Array;
}

export class Landing {
  private constructor(
    private readonly block: number, private readonly net: Operator[], private readonly spaces: Record<"features" | "pixels" | "tones", Space>,
    private readonly xy: Float32Array, private readonly mean: Float32Array, private readonly basis: Float32Array, private readonly momentMean: Float32Array,
    private readonly whiten: Float32Array, private readonly units: Float64Array, private readonly centre: Float64Array, private readonly direction: Float64Array,
    private readonly ids: Uint32Array,
  ) {}

  static async open(box: Container<unknown>, meta: LandingMeta): Promise<Landing> {
    const plain = async (name: string): Promise<Float32Array> => floats(box, `landing.${name}`);
    const wide = async (name: string): Promise<Float64Array> => Float64Array.from(await box.numbers(`landing.${name}`));
    const space = async (name: string): Promise<Space> => {
      const [codes, levels, spacing] = await Promise.all([box.numbers(`landing.${name}`), plain(`${name}_levels`), plain(`${name}_spacing`)]);
      const dim = levels.length / 2;
      const points = Float32Array.from(codes, (code, i) => Math.fround(levels[i % dim] + Math.fround(code * levels[dim + (i % dim)])));
      return { points, spacing, dim };
    };
    const [features, pixels, tones] = await Promise.all([space("features"), space("pixels"), space("tones")]);
    const [xy, mean, basis, momentMean, whiten] = await Promise.all(["xy", "mean", "basis", "moment_mean", "moment_whiten"].map(plain));
    const [units, centre, direction] = await Promise.all(["units", "centre", "direction"].map(wide));
    const ids = Uint32Array.from(await box.numbers("landing.ids"));
    const net = await operatorsOf(box, meta.features, "landing.");
    return new Landing(meta.block, net, { features, pixels, tones }, xy, mean, basis, momentMean, whiten, units, centre, direction, ids);
  }

  /** How many real images it knows. */
  get size(): number {
    return this.ids.length;
  }

  /** The features of an image `(c, h, w)`. */
  features(image: Levels): Float32Array {
    return run(this.net, { c: image.c, h: image.h, w: image.w, data: Float32Array.from(image.data) }).data;
  }

  place(image: Levels): Landed {
    const vector = this.features(image);
    const finite = vector.every(Number.isFinite);
    const near = nearest(this.spaces.features, finite ? vector : new Float32Array(vector.length));
    const small = reduced(image, this.block);
    const row = Float32Array.from(small.data, (v, i) => v / 127.5 - 1 - this.mean[i]);
    const { components, rest } = this.project(row);
    const inPixels = nearest(this.spaces.pixels, components);
    const inTones = nearest(this.spaces.tones, tones(small));
    const parts = [ratio(this.spaces.features, near), ratio(this.spaces.pixels, inPixels), rest, this.oddity(small), average(inTones.distances)];
    const distance = finite ? Math.min(FAR, Math.max(...parts.map((part, i) => part / this.units[i]))) : FAR;
    let [x, y] = this.amid(near);
    if (distance > 1) [x, y] = this.onTheRim(x, y, distance, components);
    return { x, y, distance, unlike: distance > 1, nearest: this.ids[inPixels.found[0]] };
  }

  private project(row: Float32Array): { components: Float32Array; rest: number } {
    const count = this.spaces.pixels.dim;
    const n = row.length;
    const components = new Float32Array(count);
    const left = Float64Array.from(row);
    for (let k = 0; k < count; k++) {
      let sum = 0;
      for (let i = 0, at = k * n; i < n; i++, at++) sum += row[i] * this.basis[at];
      components[k] = sum;
    }
    for (let k = 0; k < count; k++) for (let i = 0, at = k * n; i < n; i++, at++) left[i] -= components[k] * this.basis[at];
    return { components, rest: Math.sqrt(left.reduce((sum, v) => sum + v * v, 0)) };
  }

  private oddity(image: Levels): number {
    const gaps = moments(image).map((v, i) => v - this.momentMean[i]);
    const side = gaps.length;
    let sum = 0;
    for (let j = 0; j < side; j++) {
      let value = 0;
      for (let i = 0; i < side; i++) value += gaps[i] * this.whiten[i * side + j];
      sum += value * value;
    }
    return Math.sqrt(sum);
  }

  /** The weighted mean of those neighbours' places that lie together. */
  private amid({ distances, found }: Near): [number, number] {
    const { xy } = this;
    const least = 1e-3 * average(distances) + 1e-12;
    const weights = distances.map((d) => 1 / (d + least));
    const reach = TOGETHER * this.extent();
    const together = found.map((a) => found.map((b) => Math.hypot(xy[2 * a] - xy[2 * b], xy[2 * a + 1] - xy[2 * b + 1]) <= reach));
    const sums = together.map((row) => row.reduce((sum, close, i) => sum + (close ? weights[i] : 0), 0));
    const best = sums.indexOf(Math.max(...sums));
    let x = 0;
    let y = 0;
    let all = 0;
    found.forEach((id, i) => {
      if (!together[best][i]) return;
      x += xy[2 * id] * weights[i];
      y += xy[2 * id + 1] * weights[i];
      all += weights[i];
    });
    return [x / all, y / all];
  }

  private extentOf = -1;
  private extent(): number {
    if (this.extentOf < 0) {
      const low = [Infinity, Infinity];
      const high = [-Infinity, -Infinity];
      this.xy.forEach((v, i) => {
        low[i % 2] = Math.min(low[i % 2], v);
        high[i % 2] = Math.max(high[i % 2], v);
      });
      this.extentOf = Math.max(high[0] - low[0], high[1] - low[1]);
    }
    return this.extentOf;
  }

  private onTheRim(x: number, y: number, distance: number, apart: Float32Array): [number, number] {
    const [cx, cy, farthest] = this.centre;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < apart.length; i++) {
      sum += apart[i] * this.direction[i];
      squares += apart[i] * apart[i];
    }
    const angle = Math.atan2(y - cy, x - cx) + Math.tanh(sum / (Math.sqrt(squares) + 1e-12)) * RIM_SPREAD;
    const radius = farthest * (RIM + RIM_DEPTH * (1 - 1 / Math.max(distance, 1)));
    return [cx + radius * Math.cos(angle), cy + radius * Math.sin(angle)];
  }
}

interface Near {
  distances: number[];
  found: number[];
}

const average = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The nearest points, nearest first; of two at the same distance the first point. */
export function nearest({ points, dim }: { points: Float32Array; dim: number }, query: ArrayLike<number>): Near {
  const count = points.length / dim;
  const wanted = Math.min(NEIGHBOURS, count);
  const squares: number[] = [];
  const found: number[] = [];
  for (let p = 0, at = 0; p < count; p++) {
    let d = 0;
    for (let i = 0; i < dim; i++, at++) {
      const gap = query[i] - points[at];
      d += gap * gap;
    }
    if (squares.length === wanted && d >= squares[wanted - 1]) continue;
    let place = squares.length;
    while (place > 0 && squares[place - 1] > d) place--;
    squares.splice(place, 0, d);
    found.splice(place, 0, p);
    squares.length = found.length = Math.min(squares.length, wanted);
  }
  return { distances: squares.map(Math.sqrt), found };
}

const ratio = ({ spacing }: Space, { distances, found }: Near): number => average(distances) / average(found.map((id) => spacing[id]));

/** Means of whole blocks, rounded. */
export function reduced(image: Levels, block: number): Levels {
  if (block === 1) return image;
  const h = Math.floor(image.h / block);
  const w = Math.floor(image.w / block);
  const data = new Uint8Array(image.c * h * w);
  for (let c = 0, to = 0; c < image.c; c++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        let sum = 0;
        for (let dy = 0; dy < block; dy++) for (let dx = 0; dx < block; dx++) sum += image.data[(c * image.h + y * block + dy) * image.w + x * block + dx];
        data[to++] = Math.floor((2 * sum + block * block) / (2 * block * block));
      }
    }
  }
  return { c: image.c, h, w, data };
}

interface Picture {
  c: number;
  h: number;
  w: number;
  data: ArrayLike<number>;
}

/** The steps between neighbours across and down. */
function steps({ c, h, w, data }: Picture): [number[], number[]] {
  const across: number[] = [];
  const down: number[] = [];
  for (let k = 0; k < c * h; k++) {
    for (let x = 0; x < w; x++) {
      const at = k * w + x;
      if (x + 1 < w) across.push(Math.abs(data[at + 1] - data[at]));
      if ((k % h) + 1 < h) down.push(Math.abs(data[at + w] - data[at]));
    }
  }
  return [across, down];
}

const unit = (image: Levels): Picture => ({ ...image, data: Float32Array.from(image.data, (v) => v / 255) });

/** Mean and spread of the pixels; mean and root mean square of the steps; the latter over those of unrelated pixels. */
export function moments(image: Levels): number[] {
  const picture = unit(image);
  const values = Array.from(picture.data);
  const [across, down] = steps(picture);
  const mean = average(values);
  const spread = Math.sqrt(average(values.map((v) => (v - mean) ** 2)));
  const rms = [across, down].map((list) => Math.sqrt(average(list.map((v) => v * v))));
  const unrelated = Math.SQRT2 * spread + FAINT;
  return [mean, spread, average(across), average(down), ...rms, ...rms.map((v) => v / unrelated)];
}

/** Square roots of the histograms of tones and steps, at about 14 pixels. */
export function tones(image: Levels): number[] {
  let picture = unit(image);
  while (Math.max(picture.h, picture.w) > 16 && Math.min(picture.h, picture.w) > 1) picture = halved(picture);
  const [across, down] = steps(picture);
  // Across comes second in the array's axes (rows first): the order of Python's histograms.
  const parts = [histogram(picture.data, [0.125, 0.375, 0.625, 0.875]), histogram(down, [0.06, 0.2, 0.45]), histogram(across, [0.06, 0.2, 0.45])];
  return parts.flat().map(Math.sqrt);
}

function halved({ c, h, w, data }: Picture): Picture {
  const [rows, columns] = [h >> 1, w >> 1];
  const out = new Float32Array(c * rows * columns);
  for (let k = 0, to = 0; k < c; k++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const at = (k * h + 2 * y) * w + 2 * x;
        const left = Math.fround(data[at] + data[at + w]) / 2;
        const right = Math.fround(data[at + 1] + data[at + w + 1]) / 2;
        out[to++] = Math.fround(left + right) / 2;
      }
    }
  }
  return { c, h: rows, w: columns, data: out };
}

function histogram(values: ArrayLike<number>, edges: number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (let i = 0; i < values.length; i++) counts[edges.filter((edge) => values[i] >= edge).length]++;
  return counts.map((n) => n / Math.max(1, values.length));
}
