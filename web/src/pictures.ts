/** The picture and the words of any point at the moment shown, and where a picture that is not kept here can be found. */

import type { Item, Painter } from "./imagelist";
import { NO_CLASS, type Pictured, type RunModel, type Snapshot } from "./model";
import { count, short } from "./numbers";
import type { Pin } from "./scene";
import { Sheets, type Thumbs } from "./thumbs";

/** A sample is the fake of the same latent. */
export const pinOf = (item: Item): Pin => ({ kind: item.kind === "real" ? "real" : "fake", id: item.id });

/** Where the picture of a latent stands: the grid's images first, then the map's; null where none is kept. */
export function placeIn({ samples, images, more }: Snapshot, id: number): { sheet: Pictured; at: number } | null {
  for (const sheet of [samples, images, more]) {
    const at = sheet ? id - sheet.about.first : -1;
    if (sheet && at >= 0 && at < sheet.about.count) return { sheet, at };
  }
  return null;
}

/** `most` of the numbers 0 … count−1, evenly spaced: a sample that no order of the data can bend. */
export function evenly(count: number, most: number): number[] {
  const n = Math.min(count, most);
  return Array.from({ length: n }, (_, i) => Math.floor(((i + 0.5) * count) / n));
}

export class Pictures {
  readonly sheets: Sheets;
  thumbs: Thumbs | null = null;

  /** `now` gives the snapshot whose pictures are shown; `arrived` hears of decoded sheets. */
  constructor(readonly model: RunModel, readonly now: () => Snapshot | null, arrived: () => void) {
    this.sheets = new Sheets(arrived);
  }

  readonly paint: Painter = (ctx, item, x, y, size) => {
    if (item.kind === "real") return this.thumbs?.draw(ctx, item.id, x, y, size) ?? false;
    const snapshot = this.now();
    return snapshot !== null && this.paintAt(ctx, snapshot, item.id, x, y, size);
  };

  paintAt(ctx: CanvasRenderingContext2D, snapshot: Snapshot, id: number, x: number, y: number, size: number): boolean {
    const place = placeIn(snapshot, id);
    return place !== null && this.sheets.draw(ctx, place.sheet, place.at, x, y, size);
  }

  /** Whether a picture of this point is kept at the moment shown, decoded or not. */
  kept(mark: Pin): boolean {
    if (mark.kind === "real") return this.thumbs?.has(mark.id) ?? false;
    const snapshot = this.now();
    return snapshot !== null && placeIn(snapshot, mark.id) !== null;
  }

  /** The snapshots with a picture of a latent, as indices; those that have not arrived are not known yet. */
  stopsWith(id: number): number[] {
    return this.model.slots.flatMap((slot, i) => (slot.data && placeIn(slot.data, id) ? [i] : []));
  }

  /** Of those the one nearest in time to `seen`, in images seen. */
  nearestWith(id: number, seen: number): number | null {
    const found = this.stopsWith(id).map((i) => this.model.slots[i].seen);
    return found.length ? found.reduce((a, b) => (Math.abs(b - seen) < Math.abs(a - seen) ? b : a)) : null;
  }

  className(label: number | undefined): string {
    return label === undefined || label === NO_CLASS ? "" : (this.model.classes[label] ?? "");
  }

  lines(mark: Pin): string[] {
    if (mark.kind === "real") {
      const name = this.className(this.model.reals?.label[mark.id]);
      return [`real image ${count(mark.id)}`, name ? `${this.model.labelled ? "class" : "kind"}: ${name}` : ""].filter(Boolean);
    }
    const near = this.now();
    if (!near || mark.id >= near.points) return [`generated image ${mark.id}`];
    const name = this.className(near.label[mark.id]);
    return [
      `generated image ${mark.id}`,
      near.asked ? `asked for: ${this.className(near.asked[mark.id])}` : "",
      name ? `looks like: ${name}` : "",
      Number.isNaN(near.score[mark.id]) ? "" : `D's score: ${near.score[mark.id].toFixed(2)}`,
      `distance to the reals: ${short(near.distance[mark.id])}${near.unlike[mark.id] ? ", like no real image" : ""}`,
    ].filter(Boolean);
  }

  readonly describe = (item: Item): string => this.lines(pinOf(item)).join(", ");
}
