/** What a lasso or the view has taken: the same points at every moment, with the pictures of the moment shown. */

import { div, fill, h, icon, ICONS, tool } from "./dom";
import { ImageList, type Item } from "./imagelist";
import { count } from "./numbers";
import { evenly, type Pictures } from "./pictures";

const MOST_LISTED = 400;

export class Selection {
  readonly element = h("section", { class: "card chosen", hidden: true, "aria-label": "Selection" });
  private readonly title = h("h3", { "aria-live": "polite" });
  private readonly when = h("p", { class: "hint when" });
  private readonly fakeHint = h("p", { class: "hint" });
  private readonly realHint = h("p", { class: "hint" });
  private readonly fakeList: ImageList;
  private readonly realList: ImageList;
  private reals: number[] = [];
  private taken = 0; // images seen at the moment of the lasso
  /** The generated points, as ids of their latents. */
  fakes: ReadonlySet<number> = new Set();

  constructor(private readonly pictures: Pictures, pick: (item: Item) => void, end: () => void) {
    this.fakeList = new ImageList("generated images", 34, pictures.paint, pick, pictures.describe);
    this.realList = new ImageList("real images", 34, pictures.paint, pick, pictures.describe);
    fill(this.element,
      div("card-head", this.title, tool("End the selection", "End the selection (Esc)", icon(ICONS.close), end)),
      this.when, this.fakeHint, this.fakeList.element, this.realHint, this.realList.element);
  }

  take(reals: number[], fakes: number[], seen: number): void {
    this.reals = reals.filter((id) => this.pictures.thumbs?.has(id) ?? false).sort((a, b) => a - b);
    this.fakes = new Set(fakes);
    this.taken = seen;
    this.element.hidden = false;
    fill(this.title, `Selected: ${count(reals.length)} real, ${count(fakes.length)} generated`);
    const sample = evenly(this.reals.length, MOST_LISTED).map((i) => this.reals[i]);
    fill(this.realHint, `Real${sample.length < this.reals.length ? ` (${count(sample.length)} of ${count(this.reals.length)}, evenly spaced)` : ""}`);
    this.realList.set(sample.map((id) => ({ kind: "real", id })));
    this.moveTime();
  }

  /** The moment shown has changed: the same points, their pictures and words of now. */
  moveTime(): void {
    const near = this.pictures.now();
    if (this.element.hidden || !near) return;
    fill(this.when, near.seen === this.taken ? "" : `Chosen at ${count(this.taken)} images, shown as they are at ${count(near.seen)}.`);
    this.when.hidden = near.seen === this.taken;
    const shown = [...this.fakes].filter((id) => this.pictures.kept({ kind: "fake", id }));
    const listed = evenly(shown.length, MOST_LISTED).map((i) => shown[i]);
    const some = listed.length < this.fakes.size ? ` (pictures of ${count(listed.length)}${shown.length < this.fakes.size ? "; of the others none is kept at this moment" : ""})` : "";
    fill(this.fakeHint, `Generated${some}`);
    this.fakeList.set(listed.map((id) => ({ kind: "fake", id })));
  }

  redraw(): void {
    this.fakeList.redraw();
    this.realList.redraw();
  }

  end(): void {
    this.element.hidden = true;
    this.fakes = new Set();
  }
}
