/** The key moments of a run as chips under the slider: each goes there and says in a sentence what was measured, before and after. */

import { div, fill, h, icon, ICONS, say, tool } from "./dom";
import type { KeyMoment, RunModel } from "./model";
import { count } from "./numbers";
import type { Pictures } from "./pictures";
import { placeIn } from "./pictures";
import { context } from "./thumbs";

const COLUMNS = 8;
const ROWS = 3;
const CELL = 26; // pixels of a picture
const REST_MS = 5000; // that a moment stays while the story is told

export interface StoryHandlers {
  goTo(seen: number): void;
  /** What is open has changed. */
  changed(): void;
}

export class Story {
  readonly element = h("div", { class: "story", hidden: true, role: "group", "aria-label": "Key moments" });
  private readonly list = h("ol", { class: "story-chips" });
  private readonly teller: HTMLButtonElement;
  private readonly panel = h("div", { class: "story-panel", hidden: true });
  private readonly sentence = h("p", { class: "story-sentence", "aria-live": "polite" });
  private readonly figures = div("story-figures");
  private moments: KeyMoment[] = [];
  private open: KeyMoment | null = null;
  private wanted: number | null = null; // what an address asked for before the moments had come
  private timer = 0;
  private drawings: { seen: number; canvas: HTMLCanvasElement }[] = [];

  constructor(private readonly model: RunModel, private readonly pictures: Pictures, private readonly on: StoryHandlers) {
    this.teller = h("button", { class: "story-tell", on: { click: () => (this.timer ? this.rest() : this.tell()) } }, "Tell the story");
    fill(this.panel, this.sentence, this.figures, tool("Close the moment", "Close", icon(ICONS.close), () => this.show(null)));
    fill(this.element, div("story-line", this.teller, this.list), this.panel);
  }

  /** The log has changed. */
  update(): void {
    const moments = this.model.log?.story ?? [];
    if (JSON.stringify(moments) !== JSON.stringify(this.moments)) {
      this.moments = moments;
      fill(this.list, ...moments.map((moment) => h("li", {}, h("button", {
        class: "chip", "aria-pressed": "false", title: `${moment.title}, at ${count(moment.images_seen)} images: ${moment.sentence}`,
        on: { click: () => { this.rest(); this.show(moment === this.open ? null : moment); } },
      }, moment.title))));
      this.open = moments.find((moment) => moment.images_seen === this.open?.images_seen) ?? null;
      this.reflect();
    }
    this.element.hidden = moments.length < 2;
    if (this.wanted !== null && moments.length) this.restore(this.wanted);
  }

  /** Images seen of the moment that is open, for the address. */
  get state(): number | undefined {
    return this.open?.images_seen;
  }

  restore(seen: number | undefined): void {
    this.wanted = this.moments.length ? null : (seen ?? null);
    this.rest();
    this.open = this.moments.find((moment) => moment.images_seen === seen) ?? null;
    this.reflect();
  }

  /** The page shows another moment: what is said of this one no longer fits. */
  moveTime(seen: number): void {
    if (this.open && Math.round(seen) !== this.open.images_seen) {
      this.rest();
      this.open = null;
      this.reflect();
    }
  }

  /** Sheets or snapshots have arrived. */
  redraw(): void {
    for (const { seen, canvas } of this.drawings) this.draw(canvas, seen);
  }

  private tell(): void {
    const next = (i: number): void => {
      const moment = this.moments[i];
      if (!moment) {
        this.rest();
        return;
      }
      this.show(moment);
      this.timer = window.setTimeout(() => next(i + 1), REST_MS);
      say(this.teller, "Stop");
    };
    const at = this.open ? this.moments.indexOf(this.open) : -1;
    next(at < this.moments.length - 1 ? at + 1 : 0);
  }

  private rest(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    say(this.teller, "Tell the story");
  }

  private show(moment: KeyMoment | null): void {
    if (!moment) this.rest();
    this.open = moment;
    if (moment) this.on.goTo(moment.images_seen);
    this.reflect();
    this.on.changed();
  }

  private reflect(): void {
    const { open } = this;
    [...this.list.children].forEach((item, i) => {
      const chip = item.firstElementChild;
      chip?.setAttribute("aria-pressed", String(this.moments[i] === open));
      if (open && this.moments[i] === open) this.list.scrollLeft = Math.max(0, (item as HTMLElement).offsetLeft - this.list.offsetLeft - 40);
    });
    this.panel.hidden = !open;
    this.drawings = [];
    if (!open) return;
    fill(this.sentence, h("b", {}, `${open.title}, at ${count(open.images_seen)} images. `), open.sentence);
    const stops = [...(open.before === null ? [] : [open.before]), open.images_seen];
    fill(this.figures, ...stops.map((seen, i) => {
      const name = i < stops.length - 1 ? "before" : "here";
      const canvas = h("canvas", { width: 2 * CELL * COLUMNS, height: 2 * CELL * ROWS, role: "img", "aria-label": `${name}: images of the first fixed latents at ${count(seen)} images seen` });
      this.drawings.push({ seen, canvas });
      const slot = this.model.slots.findIndex((one) => one.seen === seen);
      void this.model.load(slot).then(() => this.redraw());
      return h("figure", {}, canvas, h("figcaption", {}, `${name}, ${count(seen)} images`));
    }));
    this.redraw();
  }

  private draw(canvas: HTMLCanvasElement, seen: number): void {
    const data = this.model.slots.find((slot) => slot.seen === seen)?.data;
    if (!data) return;
    const ctx = context(canvas);
    ctx.imageSmoothingEnabled = false;
    ctx.clearRect(0, 0, canvas.width, canvas.height);
    const grid = this.model.classGrid;
    for (let i = 0; i < COLUMNS * ROWS; i++) {
      // Of a grid by class the first of each row, else all would be of the first classes.
      const id = grid?.columns ? (i % grid.rows.length) * grid.columns + Math.floor(i / grid.rows.length) : i;
      if (placeIn(data, id)) this.pictures.paintAt(ctx, data, id, (i % COLUMNS) * 2 * CELL, Math.floor(i / COLUMNS) * 2 * CELL, 2 * CELL - 2);
    }
  }
}
