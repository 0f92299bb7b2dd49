/** All generated images of the moment shown, sorted and filtered, page by page, each beside its nearest real image. */

import { div, fill, h, say } from "./dom";
import { ImageList, type Item } from "./imagelist";
import type { RunModel } from "./model";
import { count } from "./numbers";
import type { Pictures } from "./pictures";
import { listed, ORDERS, type Order, PLACES, type Place, read, type Wish, written } from "./samples";

const PER_PAGE = 50;
const COLUMNS = 10;

export interface BrowserHandlers {
  pick(item: Item): void;
  /** The generated images that the lasso or the view has taken. */
  chosen(): ReadonlySet<number>;
  /** What is listed has changed. */
  changed(): void;
}

export class SampleBrowser {
  readonly element: HTMLElement;
  private readonly order = h("select", { "aria-label": "Order of the samples", on: { change: () => this.choose() } }, ...Object.entries(ORDERS).map(([value, text]) => h("option", { value }, text)));
  private readonly place = h("select", { "aria-label": "Where the samples lie", on: { change: () => this.choose() } }, ...Object.entries(PLACES).map(([value, text]) => h("option", { value }, text)));
  private readonly kind = h("select", { "aria-label": "What the samples look like", on: { change: () => this.choose() } });
  private readonly words = h("p", { class: "hint", "aria-live": "polite" });
  private readonly back = h("button", { on: { click: () => this.turn(-1) } }, "Previous");
  private readonly next = h("button", { on: { click: () => this.turn(1) } }, "Next");
  private readonly fakes: ImageList;
  private readonly reals: ImageList;
  private readonly body = h("details", { class: "samples" });
  private ids: number[] = [];
  private page = 0;
  private shownPage = 0;
  private content = "";

  constructor(private readonly model: RunModel, private readonly pictures: Pictures, private readonly on: BrowserHandlers) {
    const { paint, describe } = pictures;
    const pick = (item: Item): void => on.pick(item);
    this.fakes = new ImageList("generated images, sorted", 30, paint, pick, describe, COLUMNS);
    this.reals = new ImageList("nearest real images, in the same places", 30, paint, pick, describe, COLUMNS);
    const worst = h("button", { class: "more", on: { click: () => this.set({ order: "far", place: "all", kind: -1 }, 0) } }, "The 50 worst");
    fill(this.body, h("summary", {}, "Browse all generated images"),
      div("samples-controls", worst, this.order, this.place, this.kind), this.words,
      div("samples-both", h("figure", {}, h("figcaption", {}, "generated"), this.fakes.element), h("figure", {}, h("figcaption", {}, "the nearest real image of each"), this.reals.element)),
      div("samples-controls", this.back, this.next));
    this.body.addEventListener("toggle", () => { this.update(); on.changed(); });
    this.element = h("section", { class: "card", "aria-label": "Samples" }, this.body);
  }

  private get wish(): Wish {
    return { order: this.order.value as Order, place: this.place.value as Place, kind: Number(this.kind.value || -1) };
  }

  /** For the address; nothing while it is closed. */
  get state(): string | undefined {
    return this.body.open ? written(this.wish, this.page) : undefined;
  }

  restore(text: string | undefined): void {
    const found = text === undefined ? null : read(text);
    this.body.open = found !== null;
    if (found) this.set(found.wish, found.page);
  }

  /** The classes have come. */
  setClasses(names: readonly string[]): void {
    const kept = this.kind.value;
    fill(this.kind, h("option", { value: -1 }, "of any class"), ...names.map((name, k) => h("option", { value: k }, name)));
    if (kept) this.kind.value = kept;
    this.kind.hidden = names.length < 2;
  }

  private set(wish: Wish, page: number): void {
    this.order.value = wish.order;
    this.place.value = wish.place;
    this.kind.value = String(wish.kind);
    this.page = page;
    this.update();
    this.on.changed();
  }

  private choose(): void {
    this.page = 0;
    this.update();
    this.on.changed();
  }

  private turn(by: number): void {
    this.page = this.shownPage + by;
    this.update();
    this.on.changed();
  }

  /** The moment, the selection or the wish has changed. */
  update(): void {
    const near = this.pictures.now();
    this.element.hidden = !this.model.slots.some((slot) => slot.data?.points);
    if (!this.body.open || !near) return;
    const content = JSON.stringify([near.seen, near.points, this.wish, this.page, this.wish.place === "chosen" ? [...this.on.chosen()] : 0]);
    if (content === this.content) return;
    this.content = content;
    const kept = (id: number): boolean => this.pictures.kept({ kind: "fake", id });
    this.ids = listed(near, this.wish, this.on.chosen(), kept);
    const pages = Math.max(1, Math.ceil(this.ids.length / PER_PAGE));
    // The page wished for stays: another moment may have more pictures than what has arrived first.
    const at = Math.min(Math.max(this.page, 0), pages - 1);
    this.shownPage = at;
    const shown = this.ids.slice(at * PER_PAGE, (at + 1) * PER_PAGE);
    const stride = this.pictures.thumbs?.about.stride ?? 1;
    this.fakes.set(shown.map((id) => ({ kind: "fake", id })));
    this.reals.set(shown.map((id) => ({ kind: "real", id: near.nearest[id] - (near.nearest[id] % stride) })));
    this.back.disabled = at === 0;
    this.next.disabled = at === pages - 1;
    const all = Array.from({ length: near.points }, (_, id) => id).filter(kept).length;
    const some = all < near.points ? ` Pictures of ${count(all)} of the ${count(near.points)} points are kept at this moment, of all of them at the last and the best snapshot.` : "";
    const first = at * PER_PAGE;
    say(this.words, this.ids.length ? `${count(first + 1)} to ${count(first + shown.length)} of ${count(this.ids.length)}, page ${at + 1} of ${pages}, at ${count(near.seen)} images seen.${some}` : `None at ${count(near.seen)} images seen.${this.wish.place === "chosen" && !this.on.chosen().size ? " Select some on the map first, with the lasso." : ""}${some}`);
  }

  /** Sheets have arrived. */
  redraw(): void {
    if (!this.body.open) return;
    this.fakes.redraw();
    this.reals.redraw();
  }
}
