/** What stands beside the pointer: the picture of the point below it, and its words. */

import { div, fill, h } from "./dom";
import type { Pictures } from "./pictures";
import type { Pin } from "./scene";
import { context } from "./thumbs";

const SIDE = 96;

export class Tip {
  readonly element = h("div", { class: "tip", hidden: true });
  private readonly canvas = h("canvas", { width: SIDE, height: SIDE });
  private readonly text = div("tip-text");

  constructor(private readonly pictures: Pictures) {
    this.element.append(this.canvas, this.text);
  }

  hide(): void {
    this.element.hidden = true;
  }

  /** At pixel (x, y) of a map of this size. */
  show(mark: Pin, x: number, y: number, { width, height }: { width: number; height: number }): void {
    this.element.hidden = false;
    this.element.style.left = `${Math.max(4, Math.min(x + 16, width - 310))}px`;
    this.element.style.top = `${Math.max(4, Math.min(y + 16, height - 130))}px`;
    const kept = this.pictures.kept(mark);
    const lines = [...this.pictures.lines(mark), ...(kept || mark.kind === "real" ? [] : ["no picture of it is kept here"])];
    fill(this.text, ...lines.map((line) => h("div", {}, line)));
    const ctx = context(this.canvas);
    ctx.clearRect(0, 0, SIDE, SIDE);
    ctx.imageSmoothingEnabled = false;
    this.canvas.hidden = !this.pictures.paint(ctx, mark, 0, 0, SIDE);
  }
}
