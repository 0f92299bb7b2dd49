/** Which of many points get a thumbnail: one a cell of a power-of-two grid in map units, so that panning changes nothing. */

export interface Thinned {
  ids: number[];
  /** Side of a cell in pixels: at least `least`, below twice that. */
  cell: number;
}

/** The side of a cell in map units for cells of at least `least` pixels. */
export function cellSide(scale: number, least: number): number {
  return 2 ** Math.ceil(Math.log2(least / scale));
}

/** The first of `ids` (in their order) in each cell. */
export function thin(ids: Iterable<number>, x: Float32Array, y: Float32Array, scale: number, least: number): Thinned {
  const side = cellSide(scale, least);
  const best = new Map<number, number>();
  for (const id of ids) {
    const cell = Math.floor(y[id] / side) * 2 ** 22 + Math.floor(x[id] / side);
    const found = best.get(cell);
    if (found === undefined || id < found) best.set(cell, id);
  }
  return { ids: [...best.values()], cell: side * scale };
}
