/** Many small images on one canvas that can be clicked and walked through with the arrow keys. */

import { div, h, say } from "./dom";
import { context } from "./thumbs";

export interface Item {
  kind: "fake" | "real" | "sample";
  id: number;
}

export type Painter = (ctx: CanvasRenderingContext2D, item: Item, x: number, y: number, size: number) => boolean;

export class ImageList {
  readonly element: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  private readonly status = h("span", { class: "hidden", "aria-live": "polite" });
  private readonly ctx: CanvasRenderingContext2D;
  private items: Item[] = [];
  private columns = 1;
  private cell = 32;
  private width = 0;
  private focus = -1;
  private queued = false;
  /** Items with a ring around them. */
  marked: (item: Item) => boolean = () => false;

  constructor(
    private readonly name: string, private readonly least: number, private readonly paint: Painter, private readonly pick: (item: Item) => void,
    private readonly describe: (item: Item) => string, private fixedColumns: number | null = null,
  ) {
    this.canvas = h("canvas", { class: "images", tabindex: "0", role: "application", "aria-roledescription": "image list", "aria-label": name });
    this.ctx = context(this.canvas);
    this.element = div("image-list", this.canvas, this.status);
    this.canvas.addEventListener("click", (event) => {
      const item = this.items[this.at(event.offsetX, event.offsetY)];
      if (item) this.pick(item);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const item = this.items[this.at(event.offsetX, event.offsetY)];
      this.canvas.title = item ? this.describe(item) : "";
    });
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("blur", () => {
      this.focus = -1;
      this.redraw();
    });
    new ResizeObserver(() => {
      this.width = this.element.clientWidth;
      this.layout();
    }).observe(this.element);
  }

  /** `columns`: of a grid whose rows mean something; left out, as before. */
  set(items: Item[], columns: number | null = this.fixedColumns): void {
    const same = items.length === this.items.length && columns === this.fixedColumns;
    this.items = items;
    this.fixedColumns = columns;
    if (same) {
      this.redraw();
      return;
    }
    this.canvas.setAttribute("aria-label", `${items.length} ${this.name}. Arrows choose one, Enter shows it on the map.`);
    this.layout();
  }

  private at(x: number, y: number): number {
    const column = Math.floor(x / this.cell);
    return column < this.columns ? Math.floor(y / this.cell) * this.columns + column : -1;
  }

  private layout(): void {
    const width = this.width;
    if (!width) return;
    this.columns = this.fixedColumns ?? Math.max(1, Math.floor(width / this.least));
    this.cell = width / this.columns;
    const rows = Math.ceil(this.items.length / this.columns);
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.canvas.style.height = `${Math.ceil(rows * this.cell)}px`;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.max(1, Math.round(Math.ceil(rows * this.cell) * ratio));
    this.draw();
  }

  private key(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns };
    const step = steps[event.key];
    if (step !== undefined && this.items.length) {
      this.focus = this.focus < 0 ? 0 : Math.min(Math.max(this.focus + step, 0), this.items.length - 1);
      say(this.status, this.describe(this.items[this.focus]));
      this.redraw();
    } else if (event.key === "Enter" && this.focus >= 0) {
      this.pick(this.items[this.focus]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  redraw(): void {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => this.draw());
  }

  draw(): void {
    this.queued = false;
    const ctx = this.ctx;
    const ratio = this.canvas.width / Math.max(1, this.width);
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    ctx.imageSmoothingEnabled = false;
    const gap = this.cell > 40 ? 2 : 1;
    this.items.forEach((item, i) => {
      const x = (i % this.columns) * this.cell;
      const y = Math.floor(i / this.columns) * this.cell;
      if (!this.paint(ctx, item, x + gap / 2, y + gap / 2, this.cell - gap)) {
        ctx.fillStyle = "rgba(128,128,128,.16)";
        ctx.fillRect(x + gap / 2, y + gap / 2, this.cell - gap, this.cell - gap);
      }
      if (i === this.focus || this.marked(item)) {
        ctx.strokeStyle = "#dc1478";
        ctx.lineWidth = 2.5;
        ctx.strokeRect(x + 1.5, y + 1.5, this.cell - 3, this.cell - 3);
      }
    });
  }
}
