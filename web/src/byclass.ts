/** A conditional run class by class: which is worst, the same latents in every class, and what is taken for what, at the moment shown. */

import { badness, type ClassRow, classRows, confusions, most } from "./classwise";
import { ramp } from "./colour";
import { div, fill, h, say } from "./dom";
import { explain } from "./explain";
import type { ClasswiseLine } from "./lines";
import type { RunModel } from "./model";
import { count, percent, short } from "./numbers";
import { type Pictures, placeIn } from "./pictures";
import { context, makeCanvas } from "./thumbs";

const CELL = 34; // pixels of an image in a row
const COLUMNS = 12; // of a row, where the latents are in no grid
const MATRIX = 260; // pixels of the matrix's side, at most
const CONFUSIONS = 4;

export interface ClassHandlers {
  /** Show on the map what was asked for class `k` alone; null: everything. */
  only(k: number | null): void;
  /** Choose the image of a latent. */
  choose(latent: number): void;
}

export class ByClass {
  readonly element: HTMLElement;
  private readonly worst = div("class-worst");
  private readonly order: HTMLSelectElement;
  private readonly title = h("h3", {}, "Class by class");
  private readonly table = h("tbody", {});
  private readonly matrix = h("canvas", { class: "confusion", role: "img" });
  private readonly matrixText = h("p", { class: "hint" });
  private readonly matrixBox: HTMLElement;
  private readonly reset = h("button", { class: "link", hidden: true, on: { click: () => this.on.only(null) } }, "show all on the map");
  private readonly heading = h("span", {});
  private strips: { ids: number[]; canvas: HTMLCanvasElement }[] = [];
  private line: ClasswiseLine | null = null;
  private shown = "";
  private asked: number | null = null;

  constructor(private readonly model: RunModel, private readonly pictures: Pictures, private readonly on: ClassHandlers) {
    this.order = h("select", { "aria-label": "Order of the classes", on: { change: () => this.fillTable() } }, h("option", { value: "worst" }, "worst first"), h("option", { value: "order" }, "in their order"));
    this.matrixBox = h("figure", { class: "confusion-box" }, h("figcaption", {}, "Asked for (rows) and recognised (columns)", explain("confusion")), this.matrix, this.matrixText);
    const columns: [string, HTMLElement | null][] = [["class", null], ["", this.heading], ["Fréchet", explain("class_frechet")], ["of real", null], ["looks like it", explain("obeyed")], ["variety", null]];
    this.element = h("section", { class: "card by-class", hidden: true, "aria-label": "Class by class" },
      div("card-head", this.title, div("class-controls", this.reset, this.order)), this.worst,
      div("class-both",
        h("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Classes" }, h("table", { class: "class-table" }, h("thead", {}, h("tr", {}, ...columns.map(([name, more]) => h("th", { scope: "col" }, name, more)))), this.table)),
        this.matrixBox));
    this.matrix.addEventListener("pointermove", (event) => (this.matrix.title = this.matrixAt(event)));
  }

  private name(k: number): string {
    return this.model.classNames[k] ?? `class ${k}`;
  }

  /** The moment shown, or the log, has changed. */
  update(seen: number): void {
    const told = this.model.log?.evals.filter((one) => one.per_class) ?? [];
    const line = told.findLast((one) => one.images_seen <= seen) ?? told[0];
    this.element.hidden = !line;
    if (!line?.per_class) return;
    say(this.title, `Class by class, at ${count(line.images_seen)} images seen`);
    const content = JSON.stringify([line.images_seen, this.pictures.now()?.seen, this.model.classNames.length]);
    if (content === this.shown) return;
    this.shown = content;
    this.line = line.per_class;
    this.fillWorst();
    this.fillTable();
    this.fillMatrix();
  }

  /** Which class alone is on the map. */
  setOnly(k: number | null): void {
    this.asked = k;
    this.reset.hidden = k === null;
    for (const row of this.table.children) row.classList.toggle("chosen-row", k !== null && (row as HTMLElement).dataset["k"] === String(k));
  }

  private fillWorst(): void {
    const rows = this.line ? classRows(this.line) : [];
    const told: [ClassRow | null, (row: ClassRow) => string][] = [
      [most(rows, badness), (row) => Number.isFinite(row.frechet)
        ? `Worst: ${this.name(row.k)}, ${Number.isFinite(row.times) ? `${row.times.toFixed(1)} times as far from its real images as fresh ones are (Fréchet ${short(row.frechet)}, real ones ${short(row.floor)})` : `at a Fréchet distance of ${short(row.frechet)}`}.`
        : `Worst: ${this.name(row.k)}.`],
      [most(rows, (row) => -row.obeyed), (row) => `Least obeyed: ${this.name(row.k)}, of which ${percent(row.obeyed)} look like it${row.instead >= 0 ? `; most of the others look like ${this.name(row.instead)}` : ""}.`],
      [most(rows, (row) => -row.variety), (row) => `Least varied: ${this.name(row.k)}, with ${percent(row.variety)} of the variety of its real images.`],
    ];
    fill(this.worst, ...told.map(([row, text]) => row && h("p", {}, `${text(row)} `, h("button", { class: "link", "aria-label": `Show me ${this.name(row.k)}`, on: { click: () => this.on.only(row.k) } }, "Show me"))));
  }

  /** The latents of a class that are shown: a row of the grid, or, of a training that was watched, the first that were asked for it. */
  private latentsOf(k: number): number[] {
    const grid = this.model.classGrid;
    if (grid?.columns) {
      const at = grid.rows.indexOf(k);
      return at < 0 ? [] : Array.from({ length: grid.columns }, (_, i) => at * grid.columns + i);
    }
    const near = this.pictures.now();
    const out: number[] = [];
    for (let i = 0; near?.asked && i < near.asked.length && out.length < COLUMNS; i++) if (near.asked[i] === k && placeIn(near, i)) out.push(i);
    return out;
  }

  private fillTable(): void {
    const { line } = this;
    if (!line) return;
    say(this.heading, this.model.classGrid?.columns ? "the same latents in every class" : "fixed latents that were asked for it");
    const rows = classRows(line);
    if (this.order.value === "worst") rows.sort((a, b) => badness(b) - badness(a));
    this.strips = [];
    fill(this.table, ...rows.map((row) => {
      const ids = this.latentsOf(row.k);
      const canvas = h("canvas", { class: "class-strip", width: CELL * 2 * ids.length, height: CELL * 2, role: "img", "aria-label": `${ids.length} images asked for ${this.name(row.k)}` });
      canvas.style.width = `${CELL * ids.length}px`;
      canvas.addEventListener("click", (event) => this.on.choose(ids[Math.floor((event.offsetX / canvas.clientWidth) * ids.length)] ?? ids[0]));
      if (ids.length) this.strips.push({ ids, canvas });
      return h("tr", { "data-k": row.k },
        h("th", { scope: "row" }, h("button", { class: "class-name", title: `Show on the map what was asked for ${this.name(row.k)}`, on: { click: () => this.on.only(this.asked === row.k ? null : row.k) } }, h("bdi", { class: "name" }, this.name(row.k)))),
        h("td", { class: "class-pictures" }, ids.length ? canvas : h("span", { class: "hint" }, "none kept")),
        h("td", {}, short(row.frechet)), h("td", {}, Number.isFinite(row.times) ? `${row.times.toFixed(1)} times` : ""),
        h("td", {}, Number.isFinite(row.obeyed) ? `${percent(row.obeyed)} of ${count(row.asked)}` : ""), h("td", {}, percent(row.variety)));
    }));
    this.setOnly(this.asked);
    this.redraw();
  }

  /** Sheets have arrived. */
  redraw(): void {
    const near = this.pictures.now();
    if (!near || this.element.hidden) return;
    for (const { ids, canvas } of this.strips) {
      const ctx = context(canvas);
      ctx.imageSmoothingEnabled = false;
      ctx.clearRect(0, 0, canvas.width, canvas.height);
      ids.forEach((id, i) => {
        if (placeIn(near, id)) this.pictures.paintAt(ctx, near, id, i * 2 * CELL, 0, 2 * CELL - 2);
      });
    }
  }

  private fillMatrix(): void {
    const confusion = this.line?.confusion ?? [];
    this.matrixBox.hidden = !confusion.length;
    if (!confusion.length || !this.line) return;
    const k = confusion.length;
    const side = Math.max(1, Math.floor(MATRIX / k));
    const small = makeCanvas(k, k);
    const ctx = context(small);
    confusion.forEach((row, asked) => {
      const all = row.reduce((a, b) => a + b, 0);
      row.forEach((n, seen) => {
        const [r, g, b] = ramp(all ? n / all : 0);
        ctx.fillStyle = `rgb(${r},${g},${b})`;
        ctx.fillRect(seen, asked, 1, 1);
      });
    });
    this.matrix.width = this.matrix.height = k * side;
    const out = context(this.matrix);
    out.imageSmoothingEnabled = false;
    out.drawImage(small, 0, 0, k * side, k * side);
    const wrong = confusions(this.line, CONFUSIONS);
    const { accuracy, floor } = this.line;
    const told = `${percent(accuracy)} look like what was asked for; of real images the same classifier gets ${percent(floor)} right.`;
    const list = wrong.length ? ` Most often mistaken: ${wrong.map(({ asked, seen, count: n }) => `${this.name(asked)} for ${this.name(seen)} (${n})`).join(", ")}.` : " Nothing is mistaken.";
    say(this.matrixText, told + list);
    this.matrix.setAttribute("aria-label", `Matrix of ${k} by ${k} classes. ${told}${list}`);
  }

  private matrixAt(event: PointerEvent): string {
    const confusion = this.line?.confusion ?? [];
    const asked = Math.floor((event.offsetY / this.matrix.clientHeight) * confusion.length);
    const seen = Math.floor((event.offsetX / this.matrix.clientWidth) * confusion.length);
    const n = confusion[asked]?.[seen];
    return n === undefined ? "" : `asked for ${this.name(asked)}, looks like ${this.name(seen)}: ${n}`;
  }
}
