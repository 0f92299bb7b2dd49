/** `generator.glv`: a generator that runs here, and how far its pictures are from PyTorch's. */

import { type Container, open } from "../container";
import { Landing, type LandingMeta, type Levels } from "./landing";
import type { Kind, Latent } from "./latents";
import { floats, fromHalf, type Operator, operatorsOf, run, type Step } from "./operators";

export interface GeneratorMeta {
  /** Why there is none. */
  word?: string;
  images_seen: number;
  latent: Kind;
  z: number;
  /** How many classes it can be asked for; 0: it is told none. */
  classes?: number;
  shape: [number, number, number];
  operators: Step[];
  precision: "float16" | "int8";
  weights: number;
  off: { mean: number; most: number; images: number };
  landing: LandingMeta | null;
}

/** How far pictures are from what they should be, in grey levels. */
export interface Gap {
  mean: number;
  most: number;
}

export class Generator {
  private constructor(
    readonly meta: GeneratorMeta, private readonly operators: Operator[], readonly directions: Latent[], readonly fixed: Latent[],
    /** The classes that the fixed latents were asked for. */
    readonly asked: Uint16Array | null, private readonly check: Uint8Array, readonly landing: Landing | null,
  ) {}

  static async open(bytes: Uint8Array): Promise<Generator> {
    const box: Container<GeneratorMeta> = open<GeneratorMeta>(bytes);
    const { meta } = box;
    if (meta.word) throw new Error(meta.word);
    const rows = (values: Float32Array): Latent[] => Array.from({ length: values.length / meta.z }, (_, i) => values.slice(i * meta.z, (i + 1) * meta.z));
    const [operators, directions, fixed, asked, check, landing] = await Promise.all([
      operatorsOf(box, meta.operators), floats(box, "directions"), box.numbers("fixed"), box.numbers("asked"), box.numbers("check"), meta.landing ? Landing.open(box, meta.landing) : null,
    ]);
    return new Generator(meta, operators, rows(directions), rows(Float32Array.from(fixed, fromHalf)), meta.classes ? Uint16Array.from(asked) : null, Uint8Array.from(check), landing);
  }

  /** The picture of a latent, levels 0 … 255; of class `kind` where it is told one. */
  make(z: Latent, kind: number): Levels {
    const input = joined(z, kind, this.meta.classes ?? 0);
    const { c, h, w, data } = run(this.operators, { c: input.length, h: 1, w: 1, data: input });
    // Uint8ClampedArray rounds and clips as PyTorch does: to the even one of two that are equally near.
    return { c, h, w, data: new Uint8Array(Uint8ClampedArray.from(data, (v) => (v + 1) * 127.5).buffer) };
  }

  /** Against what PyTorch made of the first fixed latents. */
  compare(): Gap {
    const size = this.meta.shape.reduce((a, b) => a * b, 1);
    let sum = 0;
    let most = 0;
    for (let i = 0; i * size < this.check.length; i++) {
      const { data } = this.make(this.fixed[i], this.asked?.[i] ?? 0);
      for (let k = 0; k < size; k++) {
        const gap = Math.abs(data[k] - this.check[i * size + k]);
        sum += gap;
        most = Math.max(most, gap);
      }
    }
    return { mean: sum / this.check.length, most };
  }
}

/** A latent and its class as one-hot, as `joined` of src/ganscope/networks/conditional.py; without classes the latent alone. */
export function joined(z: Latent, kind: number, classes: number): Latent {
  if (!classes) return z;
  const out = new Float32Array(z.length + classes);
  out.set(z);
  out[z.length + kind] = 1;
  return out;
}

const DARK = 155; // what shows through transparency, as in `drawing/grid.py`
const LIGHT = 205;
const CHECKERS = 8;

/** Paint levels into a canvas of their size, transparent ones over checkers. */
export function painted({ c, h, w, data }: Levels): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = w;
  canvas.height = h;
  const ctx = canvas.getContext("2d");
  if (!ctx) throw new Error("this browser has no 2-D canvas");
  const image = ctx.createImageData(w, h);
  const plane = h * w;
  const cell = Math.max(1, Math.floor(Math.max(h, w) / CHECKERS));
  for (let i = 0; i < plane; i++) {
    const opacity = c === 4 ? data[3 * plane + i] / 255 : 1;
    const behind = (Math.floor(Math.floor(i / w) / cell) + Math.floor((i % w) / cell)) % 2 ? LIGHT : DARK;
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = data[(c === 1 ? 0 : k) * plane + i] * opacity + behind * (1 - opacity);
    image.data[4 * i + 3] = 255;
  }
  ctx.putImageData(image, 0, 0);
  return canvas;
}
