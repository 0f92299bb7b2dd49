/** Dots into pixels: the part of the map that is drawn without any drawing command, 70,000 points in 2 to 6 ms. */

import type { Viewport } from "./viewport";

/**
 * Draw square dots of `size` pixels at points (x, y), colour `colours[label]` (packed as the pixels are); colour 0 is not drawn.
 * `out` has `width × height` pixels of the `view`.
 */
export function splat(
  out: Uint32Array, view: Viewport, x: Float32Array, y: Float32Array, label: ArrayLike<number>, colours: Uint32Array, size: number,
): void {
  const { width, height, scale } = view;
  const ox = width / 2 - view.cx * scale - (size - 1) / 2;
  const oy = height / 2 - view.cy * scale - (size - 1) / 2;
  for (let i = 0, n = x.length; i < n; i++) {
    const colour = colours[label[i]];
    if (!colour) continue;
    const px = Math.round(x[i] * scale + ox);
    const py = Math.round(y[i] * scale + oy);
    if (px < 0 || py < 0 || px + size > width || py + size > height) continue;
    let at = py * width + px;
    // Corners of larger dots are left out, which makes them look round.
    if (size < 3) {
      out[at] = colour;
      if (size === 2) out[at + 1] = out[at + width] = out[at + width + 1] = colour;
      continue;
    }
    out.fill(colour, at + 1, at + size - 1);
    for (let row = 1; row < size - 1; row++) {
      at += width;
      for (let k = 0; k < size; k++) out[at + k] = colour;
    }
    at += width;
    out.fill(colour, at + 1, at + size - 1);
  }
}

/** The dot size in pixels: large for few points and when zoomed in, never so large that the map is one blot. */
export function dotSize(count: number, zoom: number, area: number, ratio: number): number {
  const room = Math.sqrt((0.1 * area) / Math.max(1, count));
  return Math.round(ratio * Math.min(6, Math.max(1.6, Math.min(room, 4)) * Math.max(1, zoom ** 0.4)));
}

/** Lay a square of packed pixels, its middle at pixel (x, y), over the pixels of `out`, a picture `width` wide. */
export function stamp(out: Uint32Array, width: number, { side, pixels }: { side: number; pixels: Uint32Array }, x: number, y: number): void {
  const left = Math.round(x - side / 2);
  const top = Math.round(y - side / 2);
  const height = out.length / width;
  for (let row = Math.max(0, -top); row < side && top + row < height; row++) {
    for (let column = Math.max(0, -left); column < side && left + column < width; column++) {
      const over = pixels[row * side + column];
      const alpha = over >>> 24;
      if (!alpha) continue;
      const at = (top + row) * width + left + column;
      const under = out[at];
      if (alpha === 255 || !under) {
        out[at] = over;
        continue;
      }
      // "Over" for colours that are not multiplied by their opacity.
      const rest = ((under >>> 24) * (255 - alpha)) / 255;
      const sum = alpha + rest;
      let mixed = Math.round(sum) << 24;
      for (let shift = 0; shift < 24; shift += 8) {
        mixed |= Math.round((((over >>> shift) & 255) * alpha + ((under >>> shift) & 255) * rest) / sum) << shift;
      }
      out[at] = mixed;
    }
  }
}
