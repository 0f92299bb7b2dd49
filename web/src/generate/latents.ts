/** Latents: drawn from a seed, joined by walks, moved along directions. Pure. */

export type Latent = Float32Array;
export type Kind = "normal" | "uniform";

/** Numbers in [0, 1) from a seed, always the same (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `count` latents of `dim` numbers from a run's distribution; `spread` 1 is what the training used. */
export function draw(kind: Kind, dim: number, count: number, seed: number, spread = 1): Latent[] {
  const next = random(seed);
  // Two uniform numbers make one normal one (Box and Muller 1958).
  const one = kind === "uniform" ? (): number => 2 * next() - 1 : (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return Array.from({ length: count }, () => Float32Array.from({ length: dim }, () => spread * one()));
}

const norm = (z: Latent): number => Math.hypot(...z);

/** Between two latents: normal ones on the sphere, so that every stop has a likely norm (White 2016), uniform ones straight. */
export function between(kind: Kind, a: Latent, b: Latent, t: number): Latent {
  if (kind === "uniform") return a.map((v, i) => v + (b[i] - v) * t);
  const cosine = a.reduce((sum, v, i) => sum + v * b[i], 0) / Math.max(norm(a) * norm(b), 1e-12);
  const angle = Math.acos(Math.min(Math.max(cosine, -0.9999), 0.9999));
  const from = Math.sin((1 - t) * angle) / Math.sin(angle);
  const to = Math.sin(t * angle) / Math.sin(angle);
  return a.map((v, i) => v * from + b[i] * to);
}

/** A closed way through `stops`, `position` 0 … stops.length. */
export function walked(kind: Kind, stops: readonly Latent[], position: number): Latent {
  const n = stops.length;
  const at = ((position % n) + n) % n;
  const low = Math.floor(at);
  return between(kind, stops[low], stops[(low + 1) % n], at - low);
}

/** `z` moved to `value` along a unit direction, whatever its part along it was. */
export function moved(z: Latent, directions: readonly Latent[], values: readonly number[]): Latent {
  const out = Float32Array.from(z);
  directions.forEach((direction, k) => {
    const now = out.reduce((sum, v, i) => sum + v * direction[i], 0);
    for (let i = 0; i < out.length; i++) out[i] += (values[k] - now) * direction[i];
  });
  return out;
}

/** The parts of `z` along the directions. */
export const along = (z: Latent, directions: readonly Latent[]): number[] => directions.map((direction) => direction.reduce((sum, v, i) => sum + v * z[i], 0));
