/** The image that the reader chose: large, beside its nearest real image, with its own film strip. */

import { div, fill, h, icon, ICONS, tool } from "./dom";
import { explain } from "./explain";
import { ImageList } from "./imagelist";
import { count } from "./numbers";
import { type Pictures, placeIn } from "./pictures";
import type { Pin } from "./scene";
import { context, makeCanvas } from "./thumbs";

const CELL = 72; // pixels of a picture in the film strip, twice what is shown on a plain screen
const SIDE = 112; // of the large pictures

export interface PinnedHandlers {
  goTo(seen: number): void;
  choose(mark: Pin): void;
  letGo(): void;
  /** What had the focus in the card is gone. */
  unfocused(): void;
}

export class PinnedCard {
  readonly element = h("section", { class: "card pinned", hidden: true, "aria-label": "The image you chose" });
  private strip: ImageList | null = null;
  /** Large pictures still to be painted: they wait for what is decoded. */
  private unpainted: (() => boolean)[] = [];
  /** Cells of the strip, kept: its sheets together may not fit into memory. */
  private cells = new Map<number, HTMLCanvasElement>();
  private mark: Pin | null = null;
  private content = "";

  constructor(private readonly pictures: Pictures, private readonly on: PinnedHandlers) {}

  /** Show `mark` at the moment shown, or nothing. */
  show(mark: Pin | null): void {
    if (mark?.kind !== this.mark?.kind || mark?.id !== this.mark?.id) this.cells = new Map();
    this.mark = mark;
    this.strip = null;
    this.unpainted = [];
    this.content = this.state();
    const focused = this.element.contains(document.activeElement);
    this.element.hidden = !mark;
    if (!mark) {
      if (focused) this.on.unfocused();
      return;
    }
    const head = div("card-head", h("h3", {}, mark.kind === "fake" ? `Generated image ${mark.id}` : `Real image ${count(mark.id)}`),
      tool("Let go", "Let go (Esc)", icon(ICONS.close), () => this.on.letGo()));
    const words = div("pin-words", ...this.pictures.lines(mark).slice(1).map((line) =>
      h("p", {}, line, line.startsWith("D's") && explain("score"), line.startsWith("distance") && explain("distance"))));
    const parts = mark.kind === "fake" ? this.fake(mark) : { pictures: [this.figure(mark, "real")], below: [] };
    fill(this.element, head, div("pair", ...parts.pictures, words), ...parts.below);
    if (focused) this.on.unfocused();
  }

  /** Sheets have arrived. */
  redraw(): void {
    this.strip?.redraw();
    this.unpainted = this.unpainted.filter((paint) => !paint());
  }

  /** Snapshots have arrived, of which one may have pictures of this latent. */
  refresh(): void {
    if (this.mark && this.state() !== this.content) this.show(this.mark);
  }

  private state(): string {
    const { mark, pictures } = this;
    return mark ? JSON.stringify([mark, pictures.now()?.seen, mark.kind === "fake" ? pictures.stopsWith(mark.id) : 0]) : "";
  }

  private fake(mark: Pin): { pictures: HTMLElement[]; below: HTMLElement[] } {
    const { pictures } = this;
    const near = pictures.now();
    if (!near) return { pictures: [], below: [] };
    const made = [pictures.kept(mark) ? this.figure(mark, "generated") : this.nothing(mark, near.seen)];
    if (mark.id < near.points) {
      const real = near.nearest[mark.id];
      const pin: Pin = { kind: "real", id: real - (real % (pictures.thumbs?.about.stride ?? 1)) };
      const figure = this.figure(pin, `nearest real, ${count(real)}`);
      made.push(h("button", { class: "figure-button", title: "Choose this real image", on: { click: () => this.on.choose(pin) } }, figure));
    }
    return { pictures: made, below: this.film(mark, near.seen) };
  }

  /** In place of a picture that is not kept at this moment: where there is one. */
  private nothing(mark: Pin, seen: number): HTMLElement {
    const other = this.pictures.nearestWith(mark.id, seen);
    return h("div", { class: "no-picture" }, h("p", {}, "No picture of this point is kept at this moment."),
      other === null ? null : h("button", { on: { click: () => this.on.goTo(other) } }, `See it at ${count(other)} images`));
  }

  private film(mark: Pin, seen: number): HTMLElement[] {
    const { pictures } = this;
    const { slots } = pictures.model;
    const stops = pictures.stopsWith(mark.id);
    if (!stops.length) return [];
    const strip = new ImageList("images of this latent through training", 36, (ctx, item, x, y, size) => {
      const cell = this.cells.get(item.id) ?? this.cell(item.id, mark.id);
      if (cell) ctx.drawImage(cell, x, y, size, size);
      return cell !== null;
    }, (item) => this.on.goTo(slots[item.id].seen), (item) => `at ${count(slots[item.id].seen)} images seen`);
    strip.marked = (item) => slots[item.id].seen === seen;
    this.strip = strip;
    strip.set(stops.map((id) => ({ kind: "sample", id })));
    const some = stops.length < slots.length ? `kept at ${stops.length} of ${slots.length} snapshots` : "at every snapshot";
    return [h("p", { class: "hint" }, `The same latent, ${some}; click to go there.`, explain("latent")), strip.element];
  }

  /** The picture of latent `id` at a snapshot, null until its sheet is decoded. */
  private cell(snapshot: number, id: number): HTMLCanvasElement | null {
    const data = this.pictures.model.slots[snapshot]?.data;
    const place = data ? placeIn(data, id) : null;
    if (!data || !place || !this.pictures.sheets.get(place.sheet)) return null;
    const canvas = makeCanvas(CELL, CELL);
    const ctx = context(canvas);
    ctx.imageSmoothingEnabled = false;
    this.pictures.paintAt(ctx, data, id, 0, 0, CELL);
    this.cells.set(snapshot, canvas);
    return canvas;
  }

  private figure(item: Pin, caption: string): HTMLElement {
    const canvas = h("canvas", { width: SIDE, height: SIDE });
    const ctx = context(canvas);
    ctx.imageSmoothingEnabled = false;
    const paint = (): boolean => this.pictures.paint(ctx, item, 0, 0, SIDE);
    if (!paint()) this.unpainted.push(paint);
    return h("figure", {}, canvas, h("figcaption", {}, caption));
  }
}
