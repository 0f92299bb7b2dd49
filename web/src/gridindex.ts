/** Points of the unit square sorted into cells, for the nearest point and for what lies in a box or a lasso. */

import type { Box } from "./viewport";

export class GridIndex {
  private readonly start: Uint32Array;
  private readonly ids: Uint32Array;

  constructor(readonly x: Float32Array, readonly y: Float32Array, private readonly side = 256) {
    const n = x.length;
    const cell = new Uint32Array(n);
    this.start = new Uint32Array(side * side + 1);
    for (let i = 0; i < n; i++) {
      cell[i] = this.row(y[i]) * side + this.row(x[i]);
      this.start[cell[i] + 1]++;
    }
    for (let c = 0; c < side * side; c++) this.start[c + 1] += this.start[c];
    const next = this.start.slice(0, -1);
    this.ids = new Uint32Array(n);
    for (let i = 0; i < n; i++) this.ids[next[cell[i]]++] = i;
  }

  private row(v: number): number {
    return Math.min(this.side - 1, Math.max(0, Math.floor(v * this.side)));
  }

  /** Calls `visit` with every point of the cells that touch `box` (a few may lie just outside it). */
  inBox(box: Box, visit: (id: number) => void): void {
    const left = this.row(box.x0);
    const right = this.row(box.x1);
    for (let r = this.row(box.y0), last = this.row(box.y1); r <= last; r++) {
      const stop = this.start[r * this.side + right + 1];
      for (let k = this.start[r * this.side + left]; k < stop; k++) visit(this.ids[k]);
    }
  }

  /** The nearest point within `radius` for which `keep` holds, or −1. */
  nearest(x: number, y: number, radius: number, keep: (id: number) => boolean): number {
    let best = -1;
    let least = radius * radius;
    this.inBox({ x0: x - radius, y0: y - radius, x1: x + radius, y1: y + radius }, (id) => {
      const d = (this.x[id] - x) ** 2 + (this.y[id] - y) ** 2;
      if (d <= least && keep(id)) {
        least = d;
        best = id;
      }
    });
    return best;
  }
}

/** A closed polygon as x0, y0, x1, y1, … */
export type Polygon = readonly number[];

export function polygonBox(polygon: Polygon): Box {
  const box = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (let i = 0; i < polygon.length; i += 2) {
    box.x0 = Math.min(box.x0, polygon[i]);
    box.x1 = Math.max(box.x1, polygon[i]);
    box.y0 = Math.min(box.y0, polygon[i + 1]);
    box.y1 = Math.max(box.y1, polygon[i + 1]);
  }
  return box;
}

/** Even-odd rule. */
export function inPolygon(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 2; i < polygon.length; j = i, i += 2) {
    const yi = polygon[i + 1];
    const yj = polygon[j + 1];
    if (yi > y !== yj > y && x < ((polygon[j] - polygon[i]) * (y - yi)) / (yj - yi) + polygon[i]) inside = !inside;
  }
  return inside;
}
