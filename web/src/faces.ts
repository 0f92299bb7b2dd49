/** The pictures that stand for a cluster that has no name: the four reals in the middle of its densest part. Pure. */

import type { Reals } from "./model";

export const FACES = 4;

/** For each class the ids of the reals nearest to its centre of which there is a picture, at most `FACES`. */
export function facesOf({ x, y, label, centre }: Reals, has: (id: number) => boolean): number[][] {
  const found: { id: number; d: number }[][] = Array.from({ length: centre.length / 2 }, () => []);
  for (let id = 0; id < x.length; id++) {
    const best = found[label[id]];
    if (!best || !has(id)) continue;
    const d = (x[id] - centre[2 * label[id]]) ** 2 + (y[id] - centre[2 * label[id] + 1]) ** 2;
    if (best.length === FACES && d >= best[FACES - 1].d) continue;
    best.push({ id, d });
    best.sort((a, b) => a.d - b.d);
    best.length = Math.min(best.length, FACES);
  }
  return found.map((best) => best.map(({ id }) => id));
}
