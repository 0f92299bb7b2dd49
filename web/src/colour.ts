/** Colours: the classes (Petroff 2021, ten colours that differ under every kind of colour blindness), the ramp, the lines. */

export type Rgb = readonly [number, number, number];

export const CLASS_COLOURS = [
  "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
].map(fromHex);

export const G_BLUE = "#0072b2";
export const D_ORANGE = "#d55e00";

// Viridis, nine stops.
const RAMP = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"].map(fromHex);

export function fromHex(hex: string): Rgb {
  const n = parseInt(hex.slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

export const css = ([r, g, b]: Rgb, alpha = 1): string => `rgba(${Math.round(r)},${Math.round(g)},${Math.round(b)},${alpha})`;

export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

/** As one little-endian pixel of an ImageData. */
export const packed = ([r, g, b]: Rgb): number =>
  ((255 << 24) | (Math.round(b) << 16) | (Math.round(g) << 8) | Math.round(r)) >>> 0;

/** The ramp at `share` in 0 … 1. */
export function ramp(share: number): Rgb {
  const at = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1);
  const low = Math.min(RAMP.length - 2, Math.floor(at));
  return mix(RAMP[low], RAMP[low + 1], at - low);
}

export const NONE: Rgb = [150, 150, 150];

/**
 * The colour of each class and, as the last entry, of "no class". Up to ten classes have their own; beyond that all are grey and
 * only the `spotlight` ones are coloured, since nobody can tell eleven colours apart.
 */
export function classColours(count: number, spotlight: readonly number[]): Rgb[] {
  if (count <= CLASS_COLOURS.length) return [...CLASS_COLOURS.slice(0, count), NONE];
  const colours: Rgb[] = Array.from({ length: count + 1 }, () => NONE);
  spotlight.forEach((label, i) => {
    colours[label] = CLASS_COLOURS[i % CLASS_COLOURS.length];
  });
  return colours;
}
