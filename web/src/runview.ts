/** One run on the page: its verdict, map, images, classes, charts and details, all at the page's one time. */

import { classColours, type Rgb } from "./colour";
import { toneOf } from "./curves";
import { Details } from "./details";
import { div, fill, h, icon, ICONS, say, tool } from "./dom";
import { inPolygon, polygonBox } from "./gridindex";
import { ImageList, type Item, type Painter } from "./imagelist";
import { Legend } from "./legend";
import { attachInput } from "./mapinput";
import { MapView } from "./mapview";
import type { Change, Finding, Moment, RunModel, Snapshot } from "./model";
import { count, percent, servedness, shares, short } from "./numbers";
import { RunCharts } from "./runcharts";
import { fakeAt, type Label, nearestFake, type Pin, type Scene } from "./scene";
import type { Shared } from "./state";
import type { Store } from "./store";
import { context, makeCanvas, Sheets, Thumbs } from "./thumbs";
import { positionOf, seenAt, stopNear } from "./timeaxis";
import { visible } from "./viewport";

const GRID_IMAGES = 128;
const MOST_LISTED = 400;
const CELL = 72; // pixels of a picture in the film strip, twice what is shown on a plain screen
const REACH = 12; // pixels around the pointer in which a point counts as meant

/** A sample is the fake of the same latent. */
const pinOf = (item: Item): Pin => ({ kind: item.kind === "real" ? "real" : "fake", id: item.id });

/** Where the picture of a latent stands: among the grid's images where it is one of them. */
const sheetOf = ({ samples, images }: Snapshot, id: number): Snapshot["samples"] => (samples && id < samples.about.count ? samples : images);

export class RunView {
  readonly element: HTMLElement;
  readonly map: MapView;
  private readonly legend: Legend;
  private readonly charts: RunCharts;
  private readonly details: Details;
  private readonly grid: ImageList;
  private readonly contacts: ImageList;
  private readonly contactCard: HTMLElement;
  private readonly sheets: Sheets;
  private thumbs: Thumbs | null = null;
  private hidden = new Set<number>();
  private spotlight: number[] = [];
  private focus: number | null = null;
  private pin: Pin | null = null;
  private hover: Pin | null = null;
  private marked = new Set<number>();
  private drawn: "all" | "moving" | null = null;
  private shownSeen = -1;
  private framed = false;
  /** The lists that are open beside the grid, and the large pictures still to be painted: all wait for what is decoded. */
  private filmStrip: ImageList | null = null;
  private openLists: ImageList[] = [];
  private unpainted: (() => boolean)[] = [];
  /** Cells of the strip, kept: its sheets together may not fit into memory. */
  private stripCells = new Map<number, HTMLCanvasElement>();

  private readonly verdict = h("p", { class: "verdict", "aria-live": "polite" });
  private readonly unlike = h("span", { class: "unlike" });
  private readonly tip = h("div", { class: "tip", hidden: true });
  private readonly tipCanvas = h("canvas", { width: 96, height: 96 });
  private readonly tipText = h("div", {});
  private readonly pinned = h("section", { class: "card pinned", hidden: true, "aria-label": "The image you chose" });
  private readonly chosen = h("section", { class: "card chosen", hidden: true, "aria-label": "Selection" });
  private readonly gridTitle = h("h3", {}, "Generated images");
  private readonly noMap = h("p", { class: "empty no-map" }, "The real images are being laid out.");

  constructor(readonly model: RunModel, private readonly store: Store<Shared>, private readonly goTo: (seen: number) => void) {
    this.map = new MapView(model.name, () => this.redraw("moving"));
    this.sheets = new Sheets(() => { this.redrawPictures(); this.redraw("moving"); });
    this.legend = new Legend({
      toggle: (k) => this.toggleClass(k),
      focus: (k) => this.change(() => (this.focus = k)),
      spotlight: (k) => this.change(() => (this.spotlight = this.spotlight.includes(k) ? this.spotlight.filter((one) => one !== k) : [...this.spotlight, k].slice(-10))),
      only: (k) => this.change(() => (this.hidden = new Set(k === null || this.isAlone(k) ? [] : model.classes.map((_, other) => other).filter((other) => other !== k)))),
    });
    this.charts = new RunCharts(model, { pick: goTo, point: (seen) => store.set({ pointed: seen }) });
    this.details = new Details(model, goTo);
    const pick = (item: Item): void => this.choose(pinOf(item), true);
    this.grid = new ImageList("generated images from the fixed latents", 38, this.paint, pick, this.describe);
    this.grid.marked = (item) => this.pin?.kind === "fake" && this.pin.id === item.id;
    this.contacts = new ImageList("real images", 30, this.paint, pick, this.describe);
    this.tip.append(this.tipCanvas, this.tipText);
    this.contactCard = h("section", { class: "card contact", "aria-label": "The data" }, h("h3", {}, "The data: real images"), this.contacts.element);
    this.map.element.append(this.tip, this.noMap, div("map-foot", this.unlike));
    this.element = h("section", { class: "run", "aria-label": `Run ${model.name}` },
      h("header", { class: "run-head" }, h("h2", {}, model.name), this.verdict),
      div("stage",
        div("card map-card", this.toolbar(), this.map.element),
        div("side", this.pinned, this.chosen,
          h("section", { class: "card grid-card", "aria-label": "Generated images" }, div("card-head", this.gridTitle), this.grid.element),
          this.legend.element)),
      this.charts.element, this.details.element,
      this.contactCard);
    attachInput(this.map, {
      hover: (x, y) => this.point(x, y),
      pick: (x, y) => this.choose(this.hit(x, y), false),
      lassoed: (polygon) => this.select((x, y) => inPolygon(polygon, x, y), polygonBox(polygon)),
      lassoActive: () => store.value.lasso,
      changed: () => this.redraw("moving"),
    });
    this.map.over.addEventListener("keydown", (event) => this.key(event));
    store.on(["t", "axis"], () => this.moveTime());
    store.on(["colourBy", "showReal", "showFake", "showImages"], () => this.redraw("all"));
    store.on(["dark"], () => { this.redraw("all"); this.charts.update(); });
    store.on(["pointed"], (state) => this.charts.setPointed(state.pointed));
  }

  private toolbar(): HTMLElement {
    const button = (name: string, path: string, act: () => void, hint = ""): HTMLElement =>
      tool(name, hint || name, icon(path), act);
    return h("div", { class: "map-tools", role: "toolbar", "aria-label": "Map" },
      button("Zoom in", ICONS.plus, () => this.map.zoomBy(1.6)), button("Zoom out", ICONS.minus, () => this.map.zoomBy(1 / 1.6)),
      button("Show everything", ICONS.home, () => this.map.reset(), "Show everything (0)"),
      button("List what is in view", ICONS.view, () => this.listView(), "List what is in view (v)"),
      button("Save as a picture", ICONS.image, () => this.savePicture()));
  }

  // ---- data has arrived ----------------------------------------------------------------------------------------------
  changed(what: Change): void {
    if (what === "base") {
      const about = this.model.base?.map?.thumb;
      this.thumbs = about ? new Thumbs(about, (page) => this.model.atlasPage(page), () => { this.redrawPictures(); this.contacts.redraw(); this.redraw("all"); }) : null;
      this.legend.setClasses(this.model.classes, this.model.labelled);
      this.contacts.set(Array.from({ length: Math.min(120, about?.count ?? 0) }, (_, i) => ({ kind: "real", id: i * (about?.stride ?? 1) })));
      this.contactCard.hidden = !about;
      this.details.updateBase();
      this.noMap.hidden = this.model.reals !== null;
      say(this.noMap, this.model.base?.config["map"] === "none" ? "This run was started without a map." : "The real images are being laid out; the map appears here.");
      this.map.setHome(this.scene(), this.framed);
      this.framed = this.model.reals !== null;
    }
    if (what === "log") {
      const line = this.model.last;
      say(this.verdict, line?.verdict || (this.model.log?.history.x.length ? "Not measured." : "No step yet."));
      this.verdict.dataset["tone"] = toneOf(line);
      this.charts.update();
      this.details.updateLog(this.seen);
    }
    if (what === "snapshot") this.map.setHome(this.scene(), true);
    // A log line changes shares and curves, not the pictures: what the reader has open stays.
    if (what === "log") this.showShares();
    else this.shownSeen = -1;
    this.moveTime();
    this.redraw(what === "base" ? "all" : "moving");
  }

  get seen(): number {
    return seenAt(this.store.value.axis, this.store.value.t);
  }

  /** The run's own position at the page's time. */
  get position(): number {
    return positionOf(this.model.seen, this.seen);
  }

  private moveTime(): void {
    const p = this.position;
    void this.model.load(Math.round(p));
    void this.model.load(Math.ceil(p));
    this.charts.setTime(this.seen);
    this.details.setTime(this.seen);
    const near = this.model.near(p);
    if (near && near.seen !== this.shownSeen) {
      this.shownSeen = near.seen;
      const sheet = near.samples ?? near.images;
      this.grid.set(Array.from({ length: Math.min(GRID_IMAGES, sheet?.about.count ?? 0) }, (_, id) => ({ kind: "sample", id })));
      say(this.gridTitle, `Generated images at ${count(near.seen)} images seen`);
      let apart = 0;
      for (let i = 0; i < near.points; i++) apart += near.unlike[i];
      say(this.unlike, near.points ? `${percent(apart / near.points)} like no real image (hollow, on the rim)` : "");
      this.showShares();
      this.fillPinned();
    }
    this.redraw("moving");
  }

  private showShares(): void {
    const near = this.model.near(this.position);
    if (near) this.legend.setShares(this.realShares(), near.points ? shares(near.label, this.model.classes.length) : null, this.model.labelled);
  }

  private realShares(): ArrayLike<number> | null {
    return this.model.log?.shareReal ?? (this.model.reals ? shares(this.model.reals.label, this.model.classes.length) : null);
  }

  // ---- drawing -------------------------------------------------------------------------------------------------------
  private redrawPictures(): void {
    for (const list of [this.grid, this.filmStrip, ...this.openLists]) list?.redraw();
    this.unpainted = this.unpainted.filter((paint) => !paint());
  }

  private redraw(what: "all" | "moving"): void {
    const queued = this.drawn !== null;
    this.drawn = what === "all" || this.drawn === "all" ? "all" : "moving";
    if (queued) return;
    requestAnimationFrame(() => {
      const how = this.drawn ?? "moving";
      this.drawn = null;
      const scene = this.scene();
      this.legend.setState(scene.colours, this.hidden, this.spotlight);
      this.map.draw(scene, how);
      this.map.element.dataset["frame"] = String(Number(this.map.element.dataset["frame"] ?? 0) + 1);
    });
  }

  private change(act: () => void): void {
    act();
    this.redraw("all");
  }

  private get moment(): Moment | null {
    return this.model.at(this.position);
  }

  private scene(): Scene {
    const state = this.store.value;
    const near = this.model.near(this.position);
    return {
      reals: this.model.reals, moment: this.model.reals ? this.moment : null, near, trail: this.model.slots.flatMap((slot) => (slot.data?.points ? [slot.data] : [])),
      thumbs: this.thumbs, sheets: this.sheets, colours: this.colours(), hidden: this.hidden, focus: this.focus, labels: this.labels(near),
      colourBy: state.colourBy, showReal: state.showReal, showFake: state.showFake, showImages: state.showImages,
      pin: this.pin, hover: this.hover, marked: this.marked, dark: state.dark,
    };
  }

  private colours(): Rgb[] {
    const brought = this.focus === null || this.spotlight.includes(this.focus) ? this.spotlight : [...this.spotlight, this.focus];
    return classColours(this.model.classes.length, brought);
  }

  private labels(near: Snapshot | null): Label[] {
    const names = this.model.classes;
    if (names.length < 2) return [];
    const real = this.realShares();
    const fake = near?.points ? shares(near.label, names.length) : null;
    const wanted = names.length <= 40 ? names.map((_, k) => k) : [...this.spotlight, ...(this.focus === null ? [] : [this.focus])];
    return wanted.map((k) => {
      const state = real && fake ? servedness(real[k], fake[k]) : "fine";
      const note = state === "missing" ? "missing" : state === "rare" ? "too rare" : state === "often" ? "too often" : "";
      return { text: this.model.labelled ? names[k] : names[k].replace("cluster ", ""), state, note, k };
    });
  }

  private readonly paint: Painter = (ctx, item, x, y, size) => {
    if (item.kind === "real") return this.thumbs?.draw(ctx, item.id, x, y, size) ?? false;
    const near = this.model.near(this.position);
    return near ? this.sheets.draw(ctx, sheetOf(near, item.id), item.id, x, y, size) : false;
  };

  // ---- pointing and choosing -----------------------------------------------------------------------------------------
  private hit(px: number, py: number): Pin | null {
    const [x, y] = this.map.toMap(px, py);
    const radius = REACH / this.map.view.scale;
    const { showFake, showReal } = this.store.value;
    const moment = this.moment;
    if (moment && showFake && this.model.reals) {
      const state = moment.mix < 0.5 ? moment.a : moment.b;
      const i = nearestFake(moment, x, y, radius, (k) => !this.hidden.has(state.label[k]));
      if (i >= 0) return { kind: "fake", id: i };
    }
    const reals = this.model.reals;
    const id = reals && showReal ? reals.index.nearest(x, y, radius, (k) => !this.hidden.has(reals.label[k])) : -1;
    return id >= 0 ? { kind: "real", id } : null;
  }

  private point(x: number | null, y: number): void {
    this.hover = x === null ? null : this.hit(x, y);
    this.tip.hidden = !this.hover;
    if (this.hover && x !== null) {
      const { width, height } = this.map.view;
      this.tip.style.left = `${Math.min(x + 16, width - 190)}px`;
      this.tip.style.top = `${Math.max(4, Math.min(y + 16, height - 130))}px`;
      fill(this.tipText, ...this.lines(this.hover).map((line) => h("div", {}, line)));
      const ctx = context(this.tipCanvas);
      ctx.clearRect(0, 0, 96, 96);
      ctx.imageSmoothingEnabled = false;
      this.tipCanvas.hidden = !this.paint(ctx, this.hover, 0, 0, 96);
    }
    this.redraw("moving");
  }

  private lines(mark: Pin): string[] {
    if (mark.kind === "real") {
      const label = this.model.reals?.label[mark.id];
      return [`real image ${count(mark.id)}`, label !== undefined && this.model.classes[label] ? `${this.model.labelled ? "class" : "kind"}: ${this.model.classes[label]}` : ""].filter(Boolean);
    }
    const near = this.model.near(this.position);
    if (!near || mark.id >= near.points) return [`generated image ${mark.id}`];
    return [
      `generated image ${mark.id}`,
      this.model.classes[near.label[mark.id]] ? `looks like: ${this.model.classes[near.label[mark.id]]}` : "",
      Number.isNaN(near.score[mark.id]) ? "" : `D's score: ${near.score[mark.id].toFixed(2)}`,
      `distance to the reals: ${short(near.distance[mark.id])}${near.unlike[mark.id] ? ", like no real image" : ""}`,
    ].filter(Boolean);
  }

  private readonly describe = (item: Item): string => this.lines(pinOf(item)).join(", ");

  choose(mark: Pin | null, travel: boolean): void {
    if (mark?.kind !== this.pin?.kind || mark?.id !== this.pin?.id) this.stripCells = new Map();
    this.pin = mark;
    this.tip.hidden = true;
    if (mark && travel) {
      const place = this.placeOf(mark);
      if (place) this.map.goTo(place[0], place[1], 2);
    }
    this.fillPinned();
    this.grid.redraw();
    this.redraw("moving");
  }

  private placeOf(mark: Pin): [number, number] | null {
    const reals = this.model.reals;
    if (mark.kind === "real") return reals ? [reals.x[mark.id], reals.y[mark.id]] : null;
    const moment = this.moment;
    return moment && mark.id < moment.a.points ? fakeAt(moment, mark.id) : null;
  }

  /** The image chosen: large, beside its nearest real image, with its own film strip. */
  private fillPinned(): void {
    const mark = this.pin;
    this.pinned.hidden = !mark;
    this.filmStrip = null;
    this.unpainted = [];
    if (!mark) return;
    const near = this.model.near(this.position);
    const head = div("card-head", h("h3", {}, mark.kind === "fake" ? `Generated image ${mark.id}` : `Real image ${count(mark.id)}`),
      tool("Let go", "Let go (Esc)", icon(ICONS.close), () => this.choose(null, false)));
    const pictures = [this.figure({ kind: mark.kind, id: mark.id }, mark.kind === "fake" ? "generated" : "real")];
    const rows: HTMLElement[] = [];
    if (mark.kind === "fake" && near && mark.id < near.points) {
      const real = near.nearest[mark.id];
      const stride = this.thumbs?.about.stride ?? 1;
      pictures.push(this.figure({ kind: "real", id: real - (real % stride) }, `nearest real, ${count(real)}`));
      const strip = new ImageList("images of this latent through training", 36, (ctx, item, x, y, size) => {
        const cell = this.stripCells.get(item.id) ?? this.stripCell(item.id, mark.id);
        if (cell) ctx.drawImage(cell, x, y, size, size);
        return cell !== null;
      }, (item) => this.goTo(this.model.seen[item.id]), (item) => `at ${count(this.model.seen[item.id])} images seen`);
      strip.marked = (item) => this.model.seen[item.id] === near.seen;
      this.filmStrip = strip;
      rows.push(h("p", { class: "hint" }, "The same latent at every snapshot; click to go there."), strip.element);
      strip.set(this.model.slots.map((_, id) => ({ kind: "sample", id })));
    }
    fill(this.pinned, head, div("pair", ...pictures, h("div", {}, ...this.lines(mark).slice(1).map((line) => h("p", {}, line)))), ...rows);
  }

  /** The picture of latent `id` at a snapshot, null until its sheet is decoded. */
  private stripCell(snapshot: number, id: number): HTMLCanvasElement | null {
    const slot = this.model.slots[snapshot]?.data;
    const sheet = slot && sheetOf(slot, id);
    if (!sheet || id >= sheet.about.count || !this.sheets.get(sheet)) return null;
    const canvas = makeCanvas(CELL, CELL);
    const ctx = context(canvas);
    ctx.imageSmoothingEnabled = false;
    this.sheets.draw(ctx, sheet, id, 0, 0, CELL);
    this.stripCells.set(snapshot, canvas);
    return canvas;
  }

  private figure(item: Pin, caption: string): HTMLElement {
    const canvas = h("canvas", { width: 112, height: 112 });
    const ctx = context(canvas);
    ctx.imageSmoothingEnabled = false;
    const paint = (): boolean => this.paint(ctx, item, 0, 0, 112);
    if (!paint()) this.unpainted.push(paint);
    return h("figure", {}, canvas, h("figcaption", {}, caption));
  }

  // ---- selections ----------------------------------------------------------------------------------------------------
  private listView(): void {
    const box = visible(this.map.view);
    this.select((x, y) => x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1, box);
  }

  private select(inside: (x: number, y: number) => boolean, box: { x0: number; y0: number; x1: number; y1: number }): void {
    const reals: number[] = [];
    const model = this.model.reals;
    model?.index.inBox(box, (id) => {
      if (!this.hidden.has(model.label[id]) && inside(model.x[id], model.y[id])) reals.push(id);
    });
    const fakes: number[] = [];
    const moment = this.moment;
    for (let i = 0; moment && i < moment.a.points; i++) if (!this.hidden.has(moment.a.label[i]) && inside(...fakeAt(moment, i))) fakes.push(i);
    this.marked = new Set(fakes);
    const pick = (item: Item): void => this.choose(pinOf(item), false);
    const list = (name: string, kind: "fake" | "real", ids: number[]): HTMLElement => {
      const made = new ImageList(name, 34, this.paint, pick, this.describe);
      made.set(ids.slice(0, MOST_LISTED).map((id) => ({ kind, id })));
      this.openLists.push(made);
      return made.element;
    };
    this.openLists = [];
    const shown = reals.filter((id) => this.thumbs?.has(id) ?? false).sort((a, b) => a - b);
    const pictured = fakes.filter((id) => id < (this.model.near(this.position)?.images?.about.count ?? 0));
    this.chosen.hidden = false;
    fill(this.chosen,
      div("card-head", h("h3", { "aria-live": "polite" }, `Selected: ${count(reals.length)} real, ${count(fakes.length)} generated`),
        tool("End the selection", "End the selection (Esc)", icon(ICONS.close), () => this.clear())),
      h("p", { class: "hint" }, `Generated${pictured.length < fakes.length ? ` (pictures of ${count(pictured.length)})` : ""}`), list("generated images", "fake", pictured),
      h("p", { class: "hint" }, `Real${shown.length > MOST_LISTED ? ` (the first ${MOST_LISTED})` : ""}`), list("real images", "real", shown));
    this.redraw("moving");
  }

  clear(): void {
    this.chosen.hidden = true;
    this.marked = new Set();
    this.openLists = [];
    this.map.lasso = [];
    this.choose(null, false);
  }

  // ---- the rest ------------------------------------------------------------------------------------------------------
  toggleClass(k: number): void {
    if (k >= this.model.classes.length) return;
    this.change(() => (this.hidden.has(k) ? this.hidden.delete(k) : this.hidden.add(k)));
  }

  private isAlone(k: number): boolean {
    return this.hidden.size === this.model.classes.length - 1 && !this.hidden.has(k);
  }

  show(finding: Finding): void {
    this.details.show(finding);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const points = this.moment?.a.points ?? 0;
    const at = this.pin?.kind === "fake" ? this.pin.id : -1;
    if (event.key === "n" && points) this.choose({ kind: "fake", id: (at + 1) % points }, true);
    else if (event.key === "p" && points) this.choose({ kind: "fake", id: (at - 1 + points) % points }, true);
    else if (event.key === "v") this.listView();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private savePicture(): void {
    const canvases = [...this.map.element.querySelectorAll("canvas")].slice(0, 2);
    const canvas = h("canvas", { width: canvases[0].width, height: canvases[0].height });
    for (const one of canvases) context(canvas).drawImage(one, 0, 0);
    canvas.toBlob((blob) => {
      if (!blob) return;
      const link = h("a", { href: URL.createObjectURL(blob), download: `${this.model.name}-${Math.round(this.seen)}.png` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  /** The stop of the axis nearest to a place, for whoever jumps there. */
  stopAt(seen: number): number {
    return stopNear(this.store.value.axis, seen);
  }
}
