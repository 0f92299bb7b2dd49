/** The window onto the map: pure arithmetic between map units (0 … 1, y down) and pixels. */

export interface Viewport {
  /** What stands in the middle of the window. */
  cx: number;
  cy: number;
  /** Pixels a map unit. */
  scale: number;
  width: number;
  height: number;
}

export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export const toX = (view: Viewport, x: number): number => (x - view.cx) * view.scale + view.width / 2;
export const toY = (view: Viewport, y: number): number => (y - view.cy) * view.scale + view.height / 2;
export const fromX = (view: Viewport, px: number): number => (px - view.width / 2) / view.scale + view.cx;
export const fromY = (view: Viewport, py: number): number => (py - view.height / 2) / view.scale + view.cy;

/** The viewport that shows `box` whole, with `pad` pixels around it. */
export function fitted(box: Box, width: number, height: number, pad = 16): Viewport {
  const w = Math.max(box.x1 - box.x0, 1e-6);
  const h = Math.max(box.y1 - box.y0, 1e-6);
  const scale = Math.max(Math.min((width - 2 * pad) / w, (height - 2 * pad) / h), 1);
  return { cx: (box.x0 + box.x1) / 2, cy: (box.y0 + box.y1) / 2, scale, width, height };
}

/** Zoomed by `factor`, with the map under pixel (px, py) staying there. */
export function zoomedAt(view: Viewport, factor: number, px: number, py: number, least: number, most: number): Viewport {
  const scale = Math.min(Math.max(view.scale * factor, least), most);
  const x = fromX(view, px);
  const y = fromY(view, py);
  return { ...view, scale, cx: x - (px - view.width / 2) / scale, cy: y - (py - view.height / 2) / scale };
}

/** Moved by pixels, the middle never leaving the unit square. */
export function panned(view: Viewport, dx: number, dy: number): Viewport {
  const clamp = (v: number): number => Math.min(Math.max(v, 0), 1);
  return { ...view, cx: clamp(view.cx - dx / view.scale), cy: clamp(view.cy - dy / view.scale) };
}

export const visible = (view: Viewport): Box => ({
  x0: fromX(view, 0), y0: fromY(view, 0), x1: fromX(view, view.width), y1: fromY(view, view.height),
});

export function sameView(a: Viewport, b: Viewport): boolean {
  return a.cx === b.cx && a.cy === b.cy && a.scale === b.scale && a.width === b.width && a.height === b.height;
}

/** The smallest box around points, leaving out the share `trim` of the farthest on every side. */
export function boxOf(x: ArrayLike<number>, y: ArrayLike<number>, trim = 0): Box | null {
  const n = x.length;
  if (!n) return null;
  if (!trim) {
    const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
    for (let i = 0; i < n; i++) {
      if (x[i] < box.x0) box.x0 = x[i];
      if (x[i] > box.x1) box.x1 = x[i];
      if (y[i] < box.y0) box.y0 = y[i];
      if (y[i] > box.y1) box.y1 = y[i];
    }
    return box;
  }
  const xs = Float32Array.from(x).sort();
  const ys = Float32Array.from(y).sort();
  const low = Math.floor(n * trim);
  const high = n - 1 - low;
  return { x0: xs[low], y0: ys[low], x1: xs[high], y1: ys[high] };
}

export function around(a: Box, b: Box | null): Box {
  if (!b) return a;
  return { x0: Math.min(a.x0, b.x0), y0: Math.min(a.y0, b.y0), x1: Math.max(a.x1, b.x1), y1: Math.max(a.y1, b.y1) };
}
