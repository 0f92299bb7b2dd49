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

/** A colour of the space OKLCH (lightness, chroma, hue in turns), cut to what a screen shows. */
export function oklch(lightness: number, chroma: number, turns: number): Rgb {
  const a = chroma * Math.cos(2 * Math.PI * turns);
  const b = chroma * Math.sin(2 * Math.PI * turns);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s, -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s, -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s];
  const [r, g, blue] = linear.map((v) => 255 * Math.min(1, Math.max(0, v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055)));
  return [r, g, blue];
}

/** A colour for each place (x, y, x, y, …): the hue says in which direction from the middle it lies, the strength how far. */
export function placeColours(centre: ArrayLike<number>): Rgb[] {
  const n = centre.length / 2;
  const known = Array.from({ length: n }, (_, k) => k).filter((k) => Number.isFinite(centre[2 * k]));
  const middle = [0, 1].map((axis) => known.reduce((sum, k) => sum + centre[2 * k + axis], 0) / Math.max(1, known.length));
  const far = Math.max(1e-9, ...known.map((k) => Math.hypot(centre[2 * k] - middle[0], centre[2 * k + 1] - middle[1])));
  return Array.from({ length: n }, (_, k): Rgb => {
    if (!known.includes(k)) return NONE;
    const [dx, dy] = [centre[2 * k] - middle[0], centre[2 * k + 1] - middle[1]];
    return oklch(0.66, 0.04 + (0.12 * Math.hypot(dx, dy)) / far, Math.atan2(-dy, dx) / (2 * Math.PI));
  });
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
