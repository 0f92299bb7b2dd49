/** The operators of src/ganscope/networks/operators.py: a network as a list, run one image at a time. */

import type { Container } from "../container";

/** Numbers (c, h, w), row by row. */
export interface Maps {
  c: number;
  h: number;
  w: number;
  data: Float32Array;
}

/** One step as the container's meta has it: its kind, its settings, and the names of its weights. */
export interface Step {
  kind: string;
  weight?: string;
  bias?: string;
  [setting: string]: string | number | undefined;
}

export interface Operator {
  kind: string;
  at: Record<string, number>;
  weight: Float32Array;
  bias: Float32Array;
}

const SPREAD_LEAST = 1e-4;

/** The number behind the sixteen bits of a half. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A section as floats: plain, halves (u16), or eight bits with a scale a channel (u8) along axis 0, of "up" axis 1. */
export async function floats(box: Container<unknown>, name: string, axis = 0): Promise<Float32Array> {
  const [stored, scale] = await Promise.all([box.numbers(name), box.numbers(`${name}.scale`)]);
  if (stored instanceof Uint16Array) return Float32Array.from(stored, fromHalf);
  if (!(stored instanceof Uint8Array)) return Float32Array.from(stored);
  const shape = box.shape(name);
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  return Float32Array.from(stored, (code, i) => (code - 128) * scale[Math.floor(i / inner) % shape[axis]]);
}

export async function operatorsOf(box: Container<unknown>, steps: Step[], prefix = ""): Promise<Operator[]> {
  return Promise.all(steps.map(async (step) => {
    const at: Record<string, number> = {};
    for (const [key, value] of Object.entries(step)) if (typeof value === "number") at[key] = value;
    const read = (name: string | undefined): Promise<Float32Array> => (name ? floats(box, prefix + name, step.kind === "up" ? 1 : 0) : Promise.resolve(new Float32Array(0)));
    const [weight, bias] = await Promise.all([read(step.weight), read(step.bias)]);
    return { kind: step.kind, at, weight, bias };
  }));
}

/** Run the operators on one input. */
export function run(operators: readonly Operator[], input: Maps): Maps {
  const kept: Maps[] = [];
  const gathered: number[] = [];
  return operators.reduce((x, operator) => step(operator, x, kept, gathered), input);
}

function step(operator: Operator, x: Maps, kept: Maps[], gathered: number[]): Maps {
  const { kind, at, weight, bias } = operator;
  switch (kind) {
    case "linear": return linear(x, weight, bias);
    case "shape": return { c: at["c"], h: at["h"], w: at["w"], data: x.data };
    case "outer": return outer(x, weight, at["c"], at["h"], at["w"]);
    case "conv": return convolution(x, weight, bias, at["out"], at["kernel"], at["stride"], at["pad"], at["groups"]);
    case "up": return up(x, weight, bias, at["out"]);
    case "blur": return blur(x);
    case "resize": return resize(x, at["h"], at["w"]);
    case "act": return each(x, (v) => (v < 0 ? v * at["slope"] : v));
    case "tanh": return each(x, Math.tanh);
    case "keep":
      kept.push(x);
      return x;
    case "add": {
      const other = kept.pop();
      if (!other) throw new Error("nothing was kept to add");
      return { ...x, data: x.data.map((v, i) => v + other.data[i]) };
    }
    case "scale": {
      const plane = x.h * x.w;
      return { ...x, data: x.data.map((v, i) => v * weight[Math.floor(i / plane)] + bias[Math.floor(i / plane)]) };
    }
    case "maxpool": return pool(x, at["size"], false, (_sum, _count, most) => most);
    case "avgpool": return pool(x, at["size"], at["ceil"] === 1, (sum, count) => sum / count);
    case "detail": return detail(x, at["gain"]);
    case "gather":
      gather(x, at["cells"], gathered);
      return x;
    case "gathered": return { c: gathered.length, h: 1, w: 1, data: Float32Array.from(gathered) };
  }
  throw new Error(`no operator ${kind}`);
}

const each = (x: Maps, f: (v: number) => number): Maps => ({ ...x, data: x.data.map(f) });

function linear(x: Maps, weight: Float32Array, bias: Float32Array): Maps {
  const out = new Float32Array(bias.length);
  const source = x.data;
  const n = source.length;
  for (let o = 0; o < out.length; o++) {
    let sum = bias[o];
    for (let i = 0, at = o * n; i < n; i++, at++) sum += weight[at] * source[i];
    out[o] = sum;
  }
  return { c: out.length, h: 1, w: 1, data: out };
}

function outer(x: Maps, weight: Float32Array, c: number, h: number, w: number): Maps {
  return { c, h, w, data: weight.map((v, i) => v * x.data[Math.floor(i / (h * w))]) };
}

/** Where an output pixel looks: taps, and pixels of the source, in pairs. */
type Taps = (y: number, x: number, see: (tap: number, pixel: number) => void) => void;

function convolution(x: Maps, weight: Float32Array, bias: Float32Array, out: number, kernel: number, stride: number, pad: number, groups: number): Maps {
  const h = Math.floor((x.h + 2 * pad - kernel) / stride) + 1;
  const w = Math.floor((x.w + 2 * pad - kernel) / stride) + 1;
  const taps: Taps = (y, at, see) => {
    for (let ky = 0; ky < kernel; ky++) {
      const sy = y * stride + ky - pad;
      if (sy < 0 || sy >= x.h) continue;
      for (let kx = 0; kx < kernel; kx++) {
        const sx = at * stride + kx - pad;
        if (sx >= 0 && sx < x.w) see(ky * kernel + kx, sy * x.w + sx);
      }
    }
  };
  const inner = x.c / groups;
  const laid = relaid(weight, (o, i, tap) => (o * inner + i) * kernel * kernel + tap, out, inner, kernel * kernel, groups);
  return summed(x, laid, bias, out, h, w, groups, taps);
}

/** 4×4, stride 2, padding 1: pixel s adds to 2s − 1 … 2s + 2, so that pixel t sees two pixels along each axis. */
function up(x: Maps, weight: Float32Array, bias: Float32Array, out: number): Maps {
  const taps: Taps = (y, at, see) => {
    for (let ky = (y + 1) % 2; ky < 4; ky += 2) {
      const sy = (y + 1 - ky) / 2;
      if (sy < 0 || sy >= x.h) continue;
      for (let kx = (at + 1) % 2; kx < 4; kx += 2) {
        const sx = (at + 1 - kx) / 2;
        if (sx >= 0 && sx < x.w) see(ky * 4 + kx, sy * x.w + sx);
      }
    }
  };
  const laid = relaid(weight, (o, i, tap) => (i * out + o) * 16 + tap, out, x.c, 16, 1);
  return summed(x, laid, bias, out, 2 * x.h, 2 * x.w, 1, taps);
}

/** Weights in the order in which they are used: group, tap, source channel, output channel. Made once for each array. */
const orders = new WeakMap<Float32Array, Float32Array>();
function relaid(weight: Float32Array, at: (o: number, i: number, tap: number) => number, out: number, inner: number, taps: number, groups: number): Float32Array {
  const found = orders.get(weight);
  if (found) return found;
  const made = new Float32Array(weight.length);
  const outer = out / groups;
  for (let g = 0, to = 0; g < groups; g++) {
    for (let tap = 0; tap < taps; tap++) for (let i = 0; i < inner; i++) for (let o = 0; o < outer; o++) made[to++] = weight[at(g * outer + o, i, tap)];
  }
  orders.set(weight, made);
  return made;
}

/**
 * Every output pixel from what its taps see. The innermost loop runs over the output channels, which are many where the maps are
 * small; sources that a rectifier has set to 0, about half of them, cost nothing.
 */
function summed(x: Maps, laid: Float32Array, bias: Float32Array, out: number, h: number, w: number, groups: number, taps: Taps): Maps {
  const data = new Float32Array(out * h * w);
  const source = x.data;
  const inner = x.c / groups;
  const outer = out / groups;
  const plane = x.h * x.w;
  const size = laid.length / groups;
  const sums = new Float32Array(outer);
  for (let g = 0; g < groups; g++) {
    for (let y = 0; y < h; y++) {
      for (let at = 0; at < w; at++) {
        for (let o = 0; o < outer; o++) sums[o] = bias[g * outer + o];
        taps(y, at, (tap, pixel) => {
          let k = g * size + tap * inner * outer;
          for (let i = 0, from = g * inner * plane + pixel; i < inner; i++, from += plane, k += outer) {
            const v = source[from];
            if (v !== 0) for (let o = 0; o < outer; o++) sums[o] += v * laid[k + o];
          }
        });
        for (let o = 0, to = (g * outer * h + y) * w + at; o < outer; o++, to += h * w) data[to] = sums[o];
      }
    }
  }
  return { c: out, h, w, data };
}

/** Two means of 2 × 2, the first over what is there at the rim. */
function blur(x: Maps): Maps {
  const data = new Float32Array(x.data.length);
  const wide = x.w + 1;
  const between = new Float32Array((x.h + 1) * wide);
  for (let c = 0; c < x.c; c++) {
    const from = c * x.h * x.w;
    for (let y = 0; y <= x.h; y++) {
      for (let at = 0; at <= x.w; at++) {
        let sum = 0;
        let count = 0;
        for (let sy = Math.max(0, y - 1); sy <= Math.min(x.h - 1, y); sy++) {
          for (let sx = Math.max(0, at - 1); sx <= Math.min(x.w - 1, at); sx++) {
            sum += x.data[from + sy * x.w + sx];
            count++;
          }
        }
        between[y * wide + at] = sum / count;
      }
    }
    for (let y = 0; y < x.h; y++) {
      for (let at = 0; at < x.w; at++) {
        const k = y * wide + at;
        data[from + y * x.w + at] = (between[k] + between[k + 1] + between[k + wide] + between[k + wide + 1]) / 4;
      }
    }
  }
  return { ...x, data };
}

function resize(x: Maps, height: number, width: number): Maps {
  if (x.h === height && x.w === width) return x;
  const data = new Float32Array(x.c * height * width);
  const places = (made: number, given: number) => Array.from({ length: made }, (_, i) => {
    const at = Math.max(0, ((i + 0.5) * given) / made - 0.5);
    const low = Math.min(Math.floor(at), given - 1);
    return { low, high: Math.min(low + 1, given - 1), share: at - low };
  });
  const rows = places(height, x.h);
  const columns = places(width, x.w);
  for (let c = 0, to = 0; c < x.c; c++) {
    for (const row of rows) {
      const a = (c * x.h + row.low) * x.w;
      const b = (c * x.h + row.high) * x.w;
      for (const { low, high, share } of columns) {
        const above = x.data[a + low] * (1 - share) + x.data[a + high] * share;
        const below = x.data[b + low] * (1 - share) + x.data[b + high] * share;
        data[to++] = above * (1 - row.share) + below * row.share;
      }
    }
  }
  return { c: x.c, h: height, w: width, data };
}

function pool(x: Maps, size: number, ceil: boolean, value: (sum: number, count: number, most: number) => number): Maps {
  const h = ceil ? Math.ceil(x.h / size) : Math.floor(x.h / size);
  const w = ceil ? Math.ceil(x.w / size) : Math.floor(x.w / size);
  const data = new Float32Array(x.c * h * w);
  for (let c = 0, to = 0; c < x.c; c++) {
    for (let y = 0; y < h; y++) {
      for (let at = 0; at < w; at++) {
        let sum = 0;
        let count = 0;
        let most = -Infinity;
        for (let sy = y * size; sy < Math.min(x.h, (y + 1) * size); sy++) {
          for (let sx = at * size; sx < Math.min(x.w, (at + 1) * size); sx++) {
            const v = x.data[(c * x.h + sy) * x.w + sx];
            sum += v;
            count++;
            if (v > most) most = v;
          }
        }
        data[to++] = value(sum, count, most);
      }
    }
  }
  return { c: x.c, h, w, data };
}

function detail(x: Maps, gain: number): Maps {
  const n = x.data.length;
  const data = new Float32Array(2 * n);
  data.set(x.data);
  const inside = (v: number, top: number): number => Math.min(Math.max(v, 0), top - 1);
  for (let c = 0, to = 0; c < x.c; c++) {
    for (let y = 0; y < x.h; y++) {
      for (let at = 0; at < x.w; at++, to++) {
        let sum = 0;
        for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) sum += x.data[(c * x.h + inside(y + dy, x.h)) * x.w + inside(at + dx, x.w)];
        data[n + to] = gain * (x.data[to] - sum / 9);
      }
    }
  }
  return { c: 2 * x.c, h: x.h, w: x.w, data };
}

/** The mean of every channel over each part of the picture, all channels; then the spreads. */
function gather(x: Maps, cells: number, out: number[]): void {
  const spreads: number[] = [];
  const cut = (i: number, side: number): [number, number] => [Math.floor((i * side) / cells), Math.ceil(((i + 1) * side) / cells)];
  for (let c = 0; c < x.c; c++) {
    for (let row = 0; row < cells; row++) {
      for (let column = 0; column < cells; column++) {
        const [y0, y1] = cut(row, x.h);
        const [x0, x1] = cut(column, x.w);
        let sum = 0;
        let squares = 0;
        for (let y = y0; y < y1; y++) {
          for (let at = x0; at < x1; at++) {
            const v = x.data[(c * x.h + y) * x.w + at];
            sum += v;
            squares += v * v;
          }
        }
        const n = (y1 - y0) * (x1 - x0);
        const mean = sum / n;
        out.push(mean);
        spreads.push(Math.sqrt(Math.max(0, squares / n - mean * mean) + SPREAD_LEAST));
      }
    }
  }
  out.push(...spreads);
}
