/** Where the names on the map stand: each as near to its place as the others leave room. Pure. */

export interface LabelBox {
  /** The middle of what is named, and of the text where nothing is in its way. */
  x: number;
  y: number;
  /** Half its width; how far it reaches up and down. */
  half: number;
  up: number;
  down: number;
}

const RINGS = 3; // how many text heights away a name may stand

/** For each box the place of its middle, or null where there is no room for it in a window of `width` × `height`. */
export function placed(boxes: readonly LabelBox[], width: number, height: number): ([number, number] | null)[] {
  const taken: { x0: number; x1: number; y0: number; y1: number }[] = [];
  return boxes.map((box) => {
    if (box.x < 0 || box.y < 0 || box.x > width || box.y > height) return null;
    for (const [dx, dy] of offsets(box)) {
      const at = { x0: box.x + dx - box.half, x1: box.x + dx + box.half, y0: box.y + dy - box.up, y1: box.y + dy + box.down };
      if (at.x0 < 0 || at.x1 > width || at.y0 < 0 || at.y1 > height) continue;
      if (taken.some((b) => at.x0 < b.x1 && at.x1 > b.x0 && at.y0 < b.y1 && at.y1 > b.y0)) continue;
      taken.push(at);
      return [box.x + dx, box.y + dy];
    }
    return null;
  });
}

function* offsets({ half, up, down }: LabelBox): Generator<[number, number]> {
  yield [0, 0];
  const rise = (up + down) * 0.75;
  const side = half + 8;
  for (let ring = 1; ring <= RINGS; ring++) {
    for (const sign of [-1, 1]) yield [0, sign * ring * rise];
    for (const dx of [side, -side]) for (const dy of [0, -ring * rise, ring * rise]) yield [dx, dy];
  }
}
