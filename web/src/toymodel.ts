/** What a training on a toy sends: the scene that all its frames share, and the frames. */

import type { Container } from "./container";
import type { EvalLine } from "./lines";

export interface ToyMeta {
  name: string;
  doc: string;
  dim: 1 | 2;
  limits: [number, number];
  num_modes: number;
  sigma: number;
  bandwidth: number;
  num_fake: number;
  /** In σ, within which a sample counts as of a mode. */
  radius: number;
  jsd_floor: number;
  /** The share within the radius that a perfect sampler has. */
  ceiling: number;
  reverse_kl_floor: number;
  /** Whether the loss compares pairs of a real and a fake. */
  pairs: boolean;
  top: number;
}

export interface ToyScene extends ToyMeta {
  reals: Float32Array;
  density: Uint8Array;
}

export type ToyNumbers = NonNullable<EvalLine["toy"]>;

export interface ToyFrame {
  fakes: Float32Array;
  pushes: Float32Array;
  learned: Uint8Array;
  best: Uint8Array;
  density: Uint8Array;
  numbers: ToyNumbers;
}

export async function toyScene(box: Container<unknown>, meta: ToyMeta | null | undefined): Promise<ToyScene | null> {
  if (!meta) return null;
  const [reals, density] = await Promise.all([box.numbers("toy_reals"), box.numbers("toy_p_data")]);
  return { ...meta, reals: Float32Array.from(reals), density: Uint8Array.from(density) };
}

export async function toyFrame(box: Container<unknown>, numbers: ToyNumbers | null | undefined): Promise<ToyFrame | null> {
  if (!numbers) return null;
  const [fakes, pushes, learned, best, density] = await Promise.all(["fakes", "pushes", "learned", "best", "p_g"].map((name) => box.numbers(name)));
  return {
    fakes: Float32Array.from(fakes), pushes: Float32Array.from(pushes), learned: Uint8Array.from(learned),
    best: Uint8Array.from(best), density: Uint8Array.from(density), numbers,
  };
}
